//! The front of a message: everything before the encrypted content.

use std::io::{self, BufRead, ErrorKind};

use super::algorithm::{Algorithm, decode, take_oid};
use super::ber::{CONSTRUCTED, INTEGER, OID, Octets, Reader, SEQUENCE, SET, context, malformed};
use super::cipher::{ContentCipher, Parameters};
use super::content::Plaintext;
use super::end::End;
use super::kind::CmsKind;
use super::recipient_info::{ContentKey, MAX_RECIPIENTS, RecipientInfo};
use crate::message::Format;
use crate::message::envelope::Envelope;
use crate::message::fault::{MessageFault, OpenError};
use crate::message::open::Padding;

/// The limit of all recipients' names together, in octets. They are kept for
/// each member of an archive.
const MAX_NAMES: usize = 512 * 1024;

/// The identifier octets of the kinds of recipients
/// ([RFC 5652, section 6.2](https://www.rfc-editor.org/rfc/rfc5652#section-6.2)).
pub(super) const TRANSPORT: u8 = SEQUENCE;
pub(super) const AGREEMENT: u8 = context(1);
const KEY_ENCRYPTION_KEY: u8 = context(2);
pub(super) const PASSWORD: u8 = context(3);
pub(super) const OTHER: u8 = context(4);

/// A message read up to its encrypted content.
pub(in crate::message) struct CmsFront<R> {
    /// The recipients that are named by certificate.
    pub(super) recipients: Vec<RecipientInfo>,
    /// The number of passphrases that also open it.
    pub(super) passphrases: usize,
    /// Recipients of other kinds, by their kind.
    pub(super) others: Vec<String>,
    /// The number of octets up to the end of the recipients: what others leave as
    /// it is follows.
    pub(super) length: u64,
    /// What is found behind the message.
    pub(super) padding: Padding,
    kind: CmsKind,
    parameters: Parameters,
    content: Octets,
    reader: Reader<R>,
}

impl<R: BufRead> CmsFront<R> {
    /// Reads up to the encrypted content.
    ///
    /// # Errors
    ///
    /// It's not a CMS message, not encrypted, malformed or truncated, or uses
    /// something that isn't supported here.
    pub fn read(source: R) -> Result<Self, OpenError> {
        let mut reader = Reader::new(source);
        let kind = kind(&mut reader)?;
        let content = reader.expect(context(0))?;
        reader.enter(content)?;
        let body = reader.expect(SEQUENCE)?;
        reader.enter(body)?;
        version(&mut reader)?;
        let mut next = reader.next()?;
        // originatorInfo: certificates and CRLs.
        if let Some(header) = next
            && header.tag() == context(0)
        {
            reader.skip(header)?;
            next = reader.next()?;
        }
        let Found {
            recipients,
            passphrases,
            others,
        } = match next {
            Some(header) if header.tag() == SET => {
                reader.enter(header)?;
                recipients(&mut reader)?
            }
            _ => return Err(malformed("it has no recipients").into()),
        };
        let length = reader.position();
        let (parameters, content) = encrypted_content(&mut reader, kind)?;
        Ok(Self {
            recipients,
            passphrases,
            others,
            length,
            padding: Padding::default(),
            kind,
            parameters,
            content,
            reader,
        })
    }

    /// Returns the kind of message.
    pub fn format(&self) -> Format {
        self.kind.into()
    }

    /// Returns the cipher of its content.
    pub(super) fn cipher(&self) -> ContentCipher {
        self.parameters.cipher
    }

    /// Returns the source, from where the content begins.
    pub(super) fn into_source(self) -> R {
        self.reader.into_source()
    }

    /// Reads to the end, without a key. Nothing may follow the message.
    ///
    /// # Errors
    ///
    /// It's malformed or truncated, or something follows it.
    fn pass_over(mut self) -> Result<(), OpenError> {
        loop {
            let length = self.content.fill(&mut self.reader)?.len();
            if length == 0 {
                break;
            }
            self.content.consume(&mut self.reader, length)?;
        }
        // EncryptedContentInfo ends with its content.
        self.reader.leave()?;
        match End::read(&mut self.reader, self.parameters.tag)?.padding {
            0 => Ok(()),
            _ => Err(malformed("something follows it").into()),
        }
    }

    /// Returns the content, to be read as plaintext from here on.
    ///
    /// # Errors
    ///
    /// The key was opened for another cipher.
    pub(super) fn decrypt(self, key: &ContentKey) -> Result<Plaintext<R>, OpenError> {
        Ok(Plaintext::new(
            self.reader,
            self.content,
            &self.parameters,
            key,
            self.padding,
        )?)
    }
}

/// Reads what precedes the sealed data, and somewhat more. Returns what it shows
/// to everybody, and the number of octets that precede the sealed data.
pub(in crate::message) fn read_front(source: impl BufRead) -> Result<(Envelope, u64), OpenError> {
    let front = CmsFront::read(source)?;
    Ok((front.envelope(), front.length))
}

/// Reads a message to its end. Nothing may follow it.
pub(in crate::message) fn read_whole(source: impl BufRead) -> Result<(), OpenError> {
    CmsFront::read(source)?.pass_over()
}

/// Reads up to the type of the message
/// ([RFC 5652, section 3](https://www.rfc-editor.org/rfc/rfc5652#section-3)).
fn kind<R: BufRead>(reader: &mut Reader<R>) -> Result<CmsKind, OpenError> {
    let unsupported = |what: &str| Err(MessageFault::Unsupported(format!("CMS {what}")).into());
    match content_type(reader).map_err(not_a_message)?.as_str() {
        "1.2.840.113549.1.7.3" => Ok(CmsKind::Enveloped),
        "1.2.840.113549.1.9.16.1.23" => Ok(CmsKind::AuthEnveloped),
        "1.2.840.113549.1.7.1" | "1.2.840.113549.1.7.2" => Err(MessageFault::NotEncrypted.into()),
        "1.2.840.113549.1.7.4" => unsupported("SignedAndEnvelopedData"),
        "1.2.840.113549.1.7.5" => unsupported("DigestedData"),
        "1.2.840.113549.1.7.6" => unsupported("EncryptedData"),
        "1.2.840.113549.1.9.16.1.2" => unsupported("AuthenticatedData"),
        "1.2.840.113549.1.9.16.1.9" => unsupported("CompressedData"),
        _ => Err(MessageFault::NotAMessage.into()),
    }
}

fn content_type<R: BufRead>(reader: &mut Reader<R>) -> io::Result<String> {
    let info = reader.expect(SEQUENCE)?;
    reader.enter(info)?;
    let header = reader.expect(OID)?;
    let element = reader.collect(header)?;
    Ok(decode(&element, "its type", take_oid)?.to_string())
}

/// Data that doesn't start like a message isn't one, unless it can't be read at
/// all.
fn not_a_message(error: io::Error) -> OpenError {
    match error.kind() {
        ErrorKind::UnexpectedEof | ErrorKind::InvalidData => MessageFault::NotAMessage.into(),
        _ => error.into(),
    }
}

/// Reads the version. It follows from the rest; versions that nobody has
/// defined might mean anything.
fn version<R: BufRead>(reader: &mut Reader<R>) -> Result<(), OpenError> {
    let header = reader.expect(INTEGER)?;
    let element = reader.collect(header)?;
    match decode(&element, "its version", |cons| cons.take_u64())? {
        0..=4 => Ok(()),
        version => Err(MessageFault::Unsupported(format!("CMS of version {version}")).into()),
    }
}

/// The recipients of a message, by their kinds.
#[derive(Default)]
struct Found {
    recipients: Vec<RecipientInfo>,
    passphrases: usize,
    others: Vec<String>,
}

/// Reads RecipientInfos
/// ([RFC 5652, section 6.1](https://www.rfc-editor.org/rfc/rfc5652#section-6.1)).
fn recipients<R: BufRead>(reader: &mut Reader<R>) -> Result<Found, OpenError> {
    let mut found = Found::default();
    let Found {
        recipients,
        passphrases,
        others,
    } = &mut found;
    while let Some(header) = reader.next()? {
        match header.tag() {
            TRANSPORT => recipients.push(RecipientInfo::transport(&reader.collect(header)?)?),
            AGREEMENT => recipients.extend(RecipientInfo::agreement(&reader.collect(header)?)?),
            PASSWORD => {
                reader.skip(header)?;
                *passphrases += 1;
            }
            KEY_ENCRYPTION_KEY => {
                reader.skip(header)?;
                others.push("a key that both sides share".into());
            }
            OTHER => match RecipientInfo::encapsulation(&reader.collect(header)?)? {
                Some(recipient) => recipients.push(recipient),
                None => others.push("a kind of key that is not known".into()),
            },
            _ => return Err(malformed("a recipient of an unknown kind").into()),
        }
        if recipients.len() + *passphrases + others.len() > MAX_RECIPIENTS {
            return Err(malformed("it has too many recipients").into());
        }
    }
    let names = recipients.iter().map(|recipient| recipient.handle().size());
    if names.sum::<usize>() > MAX_NAMES {
        return Err(malformed("its recipients have very long names").into());
    }
    Ok(found)
}

/// Reads EncryptedContentInfo (RFC 5652, section 6.1) up to the content itself.
fn encrypted_content<R: BufRead>(
    reader: &mut Reader<R>,
    kind: CmsKind,
) -> Result<(Parameters, Octets), OpenError> {
    const CONTENT: u8 = context(0);
    let info = reader.expect(SEQUENCE)?;
    reader.enter(info)?;
    let content_type = reader.expect(OID)?;
    reader.skip(content_type)?;
    let header = reader.expect(SEQUENCE)?;
    let element = reader.collect(header)?;
    let algorithm = decode(&element, "its cipher", Algorithm::take_from)?;
    let parameters = match kind {
        CmsKind::Enveloped => Parameters::enveloped(&algorithm),
        CmsKind::AuthEnveloped => Parameters::auth_enveloped(&algorithm),
    }?;
    match reader.next()? {
        Some(header) if header.tag() | CONSTRUCTED == CONTENT => {
            Ok((parameters, Octets::begin(reader, header)?))
        }
        None => Err(MessageFault::Unsupported("content in another file".into()).into()),
        Some(_) => Err(malformed("it has no content").into()),
    }
}
