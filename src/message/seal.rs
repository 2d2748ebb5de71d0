//! Sealing: one file to one message.

use std::io::{Read, Write};
use std::sync::Arc;
use std::time::SystemTime;

use super::armored::write_as;
use super::openpgp::MessageWriter;
use super::seal_error::{PlanError, SealError};
use super::session::Session;
use super::sink::{MessageSink, Plain};
use super::{Compression, Format, cms, openpgp};
use crate::keys::{MOST_HIDDEN, MessageVersion, Recipients, SigningKey};

/// How messages are sealed, decided once for all of them.
#[derive(Clone, Debug)]
pub struct SealPlan {
    recipients: Recipients,
    way: Way,
}

#[derive(Clone, Debug)]
enum Way {
    OpenPgp(openpgp::OpenPgpPlan),
    Cms(cms::CmsPlan),
}

/// The metadata of a file.
#[derive(Clone, Copy, Debug)]
pub struct SealedFile<'a> {
    /// Its name. An OpenPGP message carries at most 255 bytes of it (a longer one
    /// is left out), and a CMS message none.
    pub name: &'a str,
    /// When it was last changed. An OpenPGP message carries it to the second,
    /// or 0 if it is before 1970 or after 2106.
    pub modified: SystemTime,
    /// The length of its content in bytes, if known. CMS messages then state it
    /// first, so that they are DER and not BER.
    pub length: Option<u64>,
}

/// Whether a message is written as bytes or as text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Armor {
    /// As bytes.
    Binary,
    /// As text between a line that names its kind and one that ends it: the
    /// armor of OpenPGP
    /// ([RFC 9580, section 6](https://www.rfc-editor.org/rfc/rfc9580#section-6)),
    /// or for CMS PEM ([RFC 7468](https://www.rfc-editor.org/rfc/rfc7468)).
    Ascii,
    /// As base64 alone
    /// ([RFC 4648, section 4](https://www.rfc-editor.org/rfc/rfc4648#section-4)),
    /// with padding, in lines of 76 characters that each end in LF.
    Base64,
}

/// The choices for sealing messages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SealOptions {
    /// The kind of message; `None` leaves it to the recipients.
    pub format: Option<Format>,
    /// Whether plaintext is compressed before it's sealed.
    pub compression: Compression,
    /// Whether messages leave out their recipients.
    pub hidden_recipients: bool,
}

impl SealPlan {
    /// Fixes the format for the recipients.
    ///
    /// # Errors
    ///
    /// A recipient can't read the format, or the format can't do what the other
    /// options ask.
    pub fn new(recipients: Recipients, options: SealOptions) -> Result<Self, PlanError> {
        let SealOptions {
            format,
            compression,
            hidden_recipients: hidden,
        } = options;
        let open_pgp = |wanted: Option<MessageVersion>| {
            Ok::<_, PlanError>(Way::OpenPgp(openpgp::OpenPgpPlan {
                version: recipients.message_version(wanted)?,
                compression,
                hidden,
                signers: Arc::default(),
            }))
        };
        let cms = |kind: cms::CmsKind| {
            if compression == Compression::Deflate {
                return Err(PlanError::Compression(kind.into()));
            }
            if hidden {
                return Err(PlanError::HiddenRecipients(kind.into()));
            }
            Ok(Way::Cms(cms::CmsPlan::new(&recipients, kind)?))
        };
        if hidden && recipients.iter().count() > MOST_HIDDEN {
            let most = MOST_HIDDEN;
            return Err(PlanError::TooManyHidden { most });
        }
        let way = match format {
            None => open_pgp(None),
            Some(Format::Rfc4880) => open_pgp(Some(MessageVersion::V1)),
            Some(Format::Rfc9580) => open_pgp(Some(MessageVersion::V2)),
            Some(format @ Format::LibrePgp) => Err(PlanError::OnlyRead(format)),
            Some(Format::Cms) => cms(cms::CmsKind::Enveloped),
            Some(Format::CmsGcm) => cms(cms::CmsKind::AuthEnveloped),
        }?;
        Ok(Self { recipients, way })
    }

    /// Signs the content of every message inside of it with these OpenPGP keys,
    /// for these recipients alone. The name and the time of the file are not
    /// signed.
    ///
    /// # Errors
    ///
    /// CMS messages can't be signed, nor those that hide their recipients. A key
    /// of X.509 doesn't sign messages, nor does one that opens them, nor one of
    /// version 6 those for readers of RFC 4880.
    pub fn signed_by(mut self, signers: Vec<SigningKey>) -> Result<Self, PlanError> {
        if signers.is_empty() {
            return Ok(self);
        }
        let format = self.format();
        let Way::OpenPgp(plan) = &mut self.way else {
            return Err(PlanError::Signed(format));
        };
        if plan.hidden {
            return Err(PlanError::SignedForHidden);
        }
        for signer in &signers {
            let source = || signer.source().to_owned();
            let Some(key) = signer.openpgp() else {
                return Err(PlanError::SignerOfOtherKind { signer: source() });
            };
            if plan.version == MessageVersion::V1 && key.public().version() >= 6 {
                return Err(PlanError::SignerOfOtherVersion { signer: source() });
            }
            let mut recipients = self.recipients.iter();
            if let Some(recipient) = recipients.find(|recipient| signer.is_recipient(recipient)) {
                return Err(PlanError::SignerIsRecipient {
                    signer: source(),
                    recipient: recipient.label().to_owned(),
                });
            }
        }
        plan.signers = signers.into();
        Ok(self)
    }

    /// Returns whose signatures are inside of the messages.
    pub fn signers(&self) -> &[SigningKey] {
        match &self.way {
            Way::OpenPgp(plan) => &plan.signers,
            Way::Cms(_) => &[],
        }
    }

    /// Returns the recipients.
    pub fn recipients(&self) -> &Recipients {
        &self.recipients
    }

    /// Returns the kind of message that is written.
    pub fn format(&self) -> Format {
        match &self.way {
            Way::OpenPgp(plan) => plan.version.into(),
            Way::Cms(plan) => plan.kind().into(),
        }
    }

    /// Returns an upper estimate of a binary message's size in bytes, for a
    /// file of `length` bytes: 1/256 more, and 64 KiB plus the recipients.
    pub fn at_most(&self, length: u64) -> u64 {
        let recipients = match &self.way {
            // Each signature names all of them.
            Way::OpenPgp(plan) => {
                let signatures = plan.signers.len() as u64;
                4096 * signatures + (4096 + 64 * signatures) * self.recipients.iter().count() as u64
            }
            Way::Cms(plan) => plan.recipients_at_most(),
        };
        length
            .saturating_add(length / 256)
            .saturating_add(64 * 1024)
            .saturating_add(recipients)
    }

    /// Begins a message for the same recipients, of which what is written to it
    /// is the content; `None` for CMS messages.
    pub(crate) fn message_writer<W: Write>(
        &self,
        name: &str,
        modified: SystemTime,
        sink: W,
    ) -> Result<Option<MessageWriter<W>>, SealError> {
        match &self.way {
            Way::OpenPgp(plan) => {
                MessageWriter::new(&self.recipients, plan, name, modified, sink).map(Some)
            }
            Way::Cms(_) => Ok(None),
        }
    }

    /// Returns a sealer, one for each thread.
    pub fn sealer(&self) -> Sealer<'_> {
        Sealer(match &self.way {
            Way::OpenPgp(plan) => Hand::OpenPgp(Box::new(openpgp::OpenPgpSealer::new(
                &self.recipients,
                plan,
            ))),
            Way::Cms(plan) => Hand::Cms(cms::CmsSealer::new(plan)),
        })
    }
}

/// Seals files one after the other.
pub struct Sealer<'a>(Hand<'a>);

enum Hand<'a> {
    OpenPgp(Box<openpgp::OpenPgpSealer<'a>>),
    Cms(cms::CmsSealer<'a>),
}

impl Sealer<'_> {
    /// Reads a file to its end and writes it as one message. Returns the
    /// plaintext's length in bytes.
    ///
    /// # Errors
    ///
    /// Reading, writing or OpenSSL fails; or the content has another length
    /// than `file` says.
    pub fn seal(
        &mut self,
        source: &mut dyn Read,
        file: &SealedFile<'_>,
        sink: impl Write,
    ) -> Result<u64, SealError> {
        self.seal_member(source, file, Plain(sink))
            .map(|(length, _)| length)
    }

    /// Does the same. Also returns the session key of an OpenPGP message.
    pub(crate) fn seal_member(
        &mut self,
        source: &mut dyn Read,
        file: &SealedFile<'_>,
        sink: impl MessageSink,
    ) -> Result<(u64, Option<Session>), SealError> {
        let (length, session) = match &mut self.0 {
            Hand::OpenPgp(sealer) => {
                let sealed = sealer.seal(source, file.name, file.modified, sink);
                sealed.map(|(length, session)| (length, Some(session)))
            }
            Hand::Cms(sealer) => {
                let sealed = sealer.seal(source, file.length, sink);
                sealed.map(|length| (length, None))
            }
        }?;
        match file.length {
            Some(said) if said != length => Err(SealError::OtherLength),
            _ => Ok((length, session)),
        }
    }

    /// Does the same, as text if `armor` says so.
    ///
    /// # Errors
    ///
    /// As for [`Sealer::seal`].
    pub fn seal_armored(
        &mut self,
        source: &mut dyn Read,
        file: &SealedFile<'_>,
        armor: Armor,
        sink: &mut dyn Write,
    ) -> Result<u64, SealError> {
        let pem_label = match &self.0 {
            Hand::OpenPgp(_) => None,
            Hand::Cms(sealer) => Some(sealer.pem_label()),
        };
        write_as(armor, pem_label, sink, SealError::Write, |sink| {
            self.seal(source, file, sink)
        })
    }
}
