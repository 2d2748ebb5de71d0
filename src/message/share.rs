//! Sharing: other recipients in front of the same sealed data.

use std::io::{BufRead, Write};

use super::armored::write_as;
use super::cms::{self, CmsShared};
use super::fault::OpenError;
use super::front_limit::FrontLimit;
use super::openpgp::OpenPgpShared;
use super::seal::Armor;
use super::session::{MessageId, MessageKey};
use super::sink::{MessageSink, Plain};
use super::text;
use crate::keys::{KeyHandle, Recipient, RecipientError};

/// A message whose recipients can be changed. Its sealed data are copied byte for
/// byte, and never decrypted here.
pub(crate) enum SharedMessage<'a> {
    OpenPgp(OpenPgpShared<'a>),
    Cms(CmsShared<'a>),
}

/// The meaning of what precedes the sealed data, one by one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum FrontKind {
    /// A recipient; its handle is `None` if it isn't known how it names it.
    Recipient(Option<KeyHandle>),
    Passphrase,
    /// What opens nothing: a marker, padding, or a PKESK of another version.
    Nothing,
}

impl<'a> SharedMessage<'a> {
    /// Reads a message, as bytes or as text, up to its sealed data.
    ///
    /// They are copied by as much as the source buffers at a time.
    pub fn open(source: impl BufRead + Send + Sync + 'a) -> Result<Self, OpenError> {
        let (limit, source) = FrontLimit::new(source);
        let mut source = text::binary(source)?;
        let message = match cms::starts(source.fill_buf()?) {
            true => CmsShared::read(source).map(Self::Cms),
            false => OpenPgpShared::read(source).map(Self::OpenPgp),
        }?;
        limit.lift();
        Ok(message)
    }

    /// Returns what precedes the sealed data, in its order.
    pub fn front(&self) -> Vec<&FrontKind> {
        match self {
            Self::OpenPgp(message) => message.front(),
            Self::Cms(message) => message.front(),
        }
    }

    /// Returns the number of octets that precede the sealed data.
    pub fn front_length(&self) -> usize {
        match self {
            Self::OpenPgp(message) => message.front_length(),
            Self::Cms(message) => message.front_length(),
        }
    }

    /// Returns what an OpenPGP message can be found by; `None` if it's too short,
    /// or a CMS message.
    pub fn id(self) -> Result<Option<MessageId>, OpenError> {
        match self {
            Self::OpenPgp(message) => message.id(),
            Self::Cms(_) => Ok(None),
        }
    }

    /// Refuses a recipient that can't read such a message.
    pub fn check(&self, recipient: &Recipient) -> Result<(), RecipientError> {
        let checked = match self {
            Self::OpenPgp(message) => message.check(recipient),
            Self::Cms(message) => message.check(recipient),
        };
        checked.map_err(|refusal| RecipientError::Refused {
            path: recipient.source().to_owned(),
            refusal,
        })
    }

    /// Takes recipients and passphrases away.
    pub fn remove(&mut self, is_removed: impl Fn(&FrontKind) -> bool) {
        match self {
            Self::OpenPgp(message) => message.remove(is_removed),
            Self::Cms(message) => message.remove(is_removed),
        }
    }

    /// Adds a recipient, whose name OpenPGP can hide.
    ///
    /// # Errors
    ///
    /// The session key can't be encrypted to it.
    pub fn add(
        &mut self,
        recipient: &Recipient,
        key: &MessageKey,
        hidden: bool,
    ) -> Result<(), String> {
        match self {
            Self::OpenPgp(message) => message.add(recipient, key, hidden),
            Self::Cms(message) => message.add(recipient, key),
        }
    }

    /// Returns whether its recipients, as they are now, are within the limits of
    /// readers.
    pub fn has_room(&self) -> bool {
        match self {
            Self::OpenPgp(message) => message.has_room(),
            Self::Cms(message) => message.has_room(),
        }
    }

    /// Returns whether its sealed data open to one content alone. Without
    /// authentication, another session key makes other content of them.
    pub fn is_authenticated(&self) -> bool {
        match self {
            Self::OpenPgp(_) => true,
            Self::Cms(message) => message.format().is_authenticated(),
        }
    }

    /// Passes the sealed data to `work`, piece by piece.
    pub fn for_each_sealed(self, mut work: impl FnMut(&[u8])) -> Result<(), OpenError> {
        let mut sealed: Box<dyn BufRead> = match self {
            Self::OpenPgp(message) => Box::new(message.into_sealed()),
            Self::Cms(message) => Box::new(message.into_sealed()),
        };
        loop {
            let octets = sealed.fill_buf()?;
            let length = octets.len();
            if length == 0 {
                return Ok(());
            }
            work(octets);
            sealed.consume(length);
        }
    }

    /// Writes the message in a form, as [`write_to`](Self::write_to) does.
    pub fn write_as(
        self,
        armor: Armor,
        key: &MessageKey,
        sink: impl Write,
    ) -> Result<(), OpenError> {
        let pem_label = match self {
            Self::OpenPgp(_) => None,
            Self::Cms(_) => Some("CMS"),
        };
        write_as(armor, pem_label, sink, OpenError::Write, |sink| {
            self.write_to(key, Plain(sink)).map(drop)
        })
    }

    /// Writes the message. Its sealed data are those that were read. If they are
    /// sealed in chunks, the session key is proven by their final tag; else it
    /// has to be proven before. Returns what an OpenPGP message can be found by.
    pub fn write_to(
        self,
        key: &MessageKey,
        sink: impl MessageSink,
    ) -> Result<Option<MessageId>, OpenError> {
        match self {
            Self::OpenPgp(message) => message.write_to(key, sink).map(Some),
            Self::Cms(message) => message.write_to(sink).map(|()| None),
        }
    }
}
