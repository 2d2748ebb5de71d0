//! Opening: one OpenPGP message to one file.

use std::io::{self, BufRead};
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use sequoia_openpgp::crypto::SessionKey;
use sequoia_openpgp::packet::Tag;

use super::cipher;
use super::front::{OpenPgpFront, RawFront};
use super::inflate::{algorithm, inflate};
use super::literal_body::{Content, Inflated, LiteralBody, Meter, Plaintext};
use super::native_lines::NativeLines;
use super::packet::{Body, Header, Length, read_array, skip_meaningless};
use super::signed::Signatures;
use crate::keys::{Fingerprint, KeyHandle};
use crate::message::fault::{MessageFault, OpenError};
use crate::message::limits::Limits;
use crate::message::open::{LiteralHeader, OpenMessage, Source};
use crate::message::opener::Opener;
use crate::message::session::MessageKey;
use crate::message::text::padding;

/// Unlocks a key for a message, if necessary, and reads it up to its content.
pub(in crate::message) fn begin<'a>(
    mut front: OpenPgpFront<Source<'a>>,
    opener: &Opener<'_>,
) -> Result<OpenMessage<'a>, OpenError> {
    let opened_by = unlock(&mut front, opener)?;
    let cipher = front.container.cipher();
    let key = opened_by.as_ref().map(|(_, key)| key);
    let recipients = || front.recipients().collect();
    let signatures = signatures(opener, key, recipients);
    let message = read(front.container, &opener.limits, signatures)?;
    Ok(match (opened_by, cipher) {
        (Some((session_key, key)), Some(cipher)) => {
            message.opened_by(MessageKey::new(cipher, session_key), Some(key))
        }
        _ => message,
    })
}

/// Unlocks a message by its session key, and reads it up to its content. `None`
/// if the session key doesn't fit. The signatures are checked if the opener has
/// signers.
pub(in crate::message) fn begin_with<'a>(
    front: RawFront<Source<'a>>,
    key: &MessageKey,
    limits: &Limits,
    opener: Option<&Opener<'_>>,
) -> Result<Option<OpenMessage<'a>>, OpenError> {
    let signatures = match opener {
        Some(opener) => signatures(opener, None, || front.recipients()),
        None => Signatures::unchecked(),
    };
    let mut container = front.container;
    container.prepare()?;
    let is_cipher = |own| own == key.cipher;
    if !container.cipher().is_none_or(is_cipher) || !container.unlock(Some(key.cipher), &key.key)? {
        return Ok(None);
    }
    let message = read(container, limits, signatures)?;
    Ok(Some(message.opened_by(key.clone(), None)))
}

/// Returns the signatures of a message, which are to be checked if its opener has
/// signers. `key` is the key that has opened it, if that is known.
fn signatures(
    opener: &Opener<'_>,
    key: Option<&Fingerprint>,
    recipients: impl FnOnce() -> Vec<KeyHandle>,
) -> Signatures {
    let Some(verifier) = &opener.verifier else {
        return Signatures::unchecked();
    };
    let intended = verifier.intended(opener.keyring, key);
    Signatures::checked(Arc::clone(verifier), intended, recipients())
}

/// Reads an unlocked message up to its content.
fn read<'a>(
    mut plaintext: Plaintext<'a>,
    limits: &Limits,
    mut signatures: Signatures,
) -> Result<OpenMessage<'a>, OpenError> {
    let format = plaintext.format();
    let cipher = plaintext.cipher();
    let header = match next_content(&mut plaintext, &mut signatures) {
        Ok(header) => header,
        Err(error) => return Err(proven(plaintext, error)),
    };
    let (literal, content) = match header.tag {
        Tag::CompressedData => {
            let outside = signatures.outstanding();
            let mut body = Body::new(plaintext, header);
            let algorithm = match algorithm(&mut body) {
                Ok(algorithm) => algorithm,
                Err(error) => return Err(proven(body.into_inner(), error)),
            };
            let mut inflated = inflate(body, algorithm);
            let header = match compressed_content(&mut inflated, &mut signatures) {
                Ok(header) => header,
                Err(error) => return Err(proven(container(inflated), error)),
            };
            let mut body = Body::new(inflated, header);
            let literal = match literal_header(&mut body) {
                Ok(literal) => literal,
                Err(error) => return Err(proven(container(body.into_inner()), error)),
            };
            let content = Content::Compressed {
                body: body.into(),
                meter: Meter::new(limits),
                outside,
            };
            (literal, content)
        }
        _ => {
            let mut body = Body::new(plaintext, header);
            let mut literal = match literal_header(&mut body) {
                Ok(literal) => literal,
                Err(error) => return Err(proven(body.into_inner(), error)),
            };
            // Text may have other line ends.
            if let Length::Last(left) = body.left()
                && !literal.is_text
            {
                literal.header.length = Some(left);
            }
            (literal, Content::Plain(body.into()))
        }
    };
    let is_text = match signatures.begin(literal.is_text) {
        Ok(is_text) => is_text,
        Err(error) => return Err(content.failed(error)),
    };
    let are_checked = signatures.are_checked();
    let body = LiteralBody::new(content, signatures);
    let (padding, notes) = (body.padding(), body.notes());
    let plaintext: Box<dyn BufRead + 'a> = match is_text {
        true => Box::new(NativeLines::new(body)),
        false => Box::new(body),
    };
    let old_cipher = cipher.filter(|cipher| cipher::is_old(*cipher));
    let old_cipher = old_cipher.map(|cipher| cipher.to_string());
    let message = OpenMessage::new(format, literal.header, plaintext, padding);
    Ok(message.by_old_cipher(old_cipher).signed(notes, are_checked))
}

/// Unlocks the container with a key, else with a passphrase. Returns the session
/// key, and whose key it was opened with.
fn unlock(
    front: &mut OpenPgpFront<Source<'_>>,
    opener: &Opener<'_>,
) -> Result<Option<(SessionKey, Fingerprint)>, OpenError> {
    let trials = opener.limits.trials();
    let no_key = match front.pkesks.is_empty() && !front.skesks.is_empty() {
        true => None,
        false => match front.unlock(opener.keyring, opener.passphrases, trials, opener.attempt) {
            Ok(opened_by) => return Ok(Some(opened_by)),
            Err(error) if front.skesks.is_empty() => return Err(error),
            Err(error) => Some(error),
        },
    };
    front.unlock_by_passphrase(
        &opener.message_passphrases,
        opener.passphrases,
        trials,
        no_key,
    )?;
    Ok(None)
}

/// Finds the packet that holds the file. Signatures around it are checked, or
/// skipped: the container's integrity doesn't depend on them.
fn next_content(
    source: &mut impl BufRead,
    signatures: &mut Signatures,
) -> Result<Header, OpenError> {
    while let Some(header) = Header::read(source)? {
        let mut body = Body::new(&mut *source, header);
        match header.tag {
            Tag::Literal | Tag::CompressedData => return Ok(header),
            tag if is_of_signature(tag) && signatures.before(tag, &mut body)? => {}
            tag if is_passed_over(tag) => body.skip()?,
            tag => return Err(unexpected(tag)),
        }
    }
    Err(MessageFault::Malformed("it holds no file".into()).into())
}

/// Finds the packet that holds the file in what is compressed.
fn compressed_content(
    inflated: &mut Inflated<'_>,
    signatures: &mut Signatures,
) -> Result<Header, OpenError> {
    let header = next_content(inflated, signatures)?;
    match header.tag {
        Tag::Literal => Ok(header),
        _ => {
            let what = "compressed data inside of compressed data";
            Err(MessageFault::Malformed(what.into()).into())
        }
    }
}

/// Returns the error of a message that can't be read on. Nothing of version 1 is
/// authentic before its end: what is wrong in it is said only if it is what was
/// sealed. Else whoever alters it, or its session key, could learn by the error
/// what a key has made of it.
pub(super) fn proven(mut plaintext: Plaintext<'_>, error: OpenError) -> OpenError {
    use MessageFault::{TooLarge, TotalTooLarge};
    let is_final = match &error {
        // There is nothing to gain by reading on.
        OpenError::Fault(TooLarge { .. } | TotalTooLarge { .. }) => true,
        OpenError::Fault(_) => plaintext.format().is_chunked(),
        _ => true,
    };
    if is_final {
        return error;
    }
    match io::copy(&mut plaintext, &mut io::sink()) {
        Ok(_) => error,
        Err(altered) => altered.into(),
    }
}

/// Returns the container of what is compressed.
pub(super) fn container(inflated: Inflated<'_>) -> Plaintext<'_> {
    inflated.into_inner().into_inner().into_inner()
}

/// Reads to the source's end, past signatures and padding. `outside` is the
/// number of announced signatures that are not in the source.
pub(super) fn expect_end(
    source: &mut impl BufRead,
    signatures: &mut Signatures,
    outside: usize,
) -> Result<(), OpenError> {
    while let Some(header) = Header::read(source)? {
        let mut body = Body::new(&mut *source, header);
        match header.tag {
            tag if is_of_signature(tag) && signatures.after(tag, &mut body, outside)? => {}
            tag if is_passed_over(tag) => body.skip()?,
            tag => return Err(unexpected(tag)),
        }
    }
    signatures.expect_outstanding(outside)
}

fn is_of_signature(tag: Tag) -> bool {
    matches!(tag, Tag::OnePassSig | Tag::Signature)
}

fn is_passed_over(tag: Tag) -> bool {
    is_of_signature(tag) || matches!(tag, Tag::Marker | Tag::Padding)
}

fn unexpected(tag: Tag) -> OpenError {
    MessageFault::Malformed(format!("an unexpected {tag}")).into()
}

/// Reads the container to its end, which authenticates it, and checks that the
/// message ends with it. Returns the length of the padding behind.
pub(super) fn finish(
    mut plaintext: Plaintext<'_>,
    signatures: &mut Signatures,
) -> Result<u64, OpenError> {
    if let Err(error) = expect_end(&mut plaintext, signatures, 0) {
        return Err(proven(plaintext, error));
    }
    let mut body = plaintext.into_inner();
    // Both versions of containers read their packet to its end.
    if !body.fill_buf()?.is_empty() {
        return Err(MessageFault::Altered.into());
    }
    let mut source = body.into_inner();
    // RFC 9580, section 4.2: bit 7 of a packet's first octet is always set.
    while source
        .fill_buf()?
        .first()
        .is_some_and(|octet| octet & 0x80 != 0)
    {
        let Some(header) = Header::read(&mut source)? else {
            break;
        };
        match header.tag {
            Tag::Marker | Tag::Padding => skip_meaningless(&mut source, header)?,
            Tag::PKESK | Tag::SKESK | Tag::SEIP | Tag::SED | Tag::AED => {
                return Err(MessageFault::SecondMessage("OpenPGP packets").into());
            }
            tag => return Err(unexpected(tag)),
        }
    }
    Ok(padding(&mut source)?)
}

/// The header of a literal packet, and the kind of its content.
pub(super) struct Literal {
    pub header: LiteralHeader,
    /// Whether the content is text whose lines end with CR LF.
    is_text: bool,
}

/// Reads format, name and date.
pub(super) fn literal_header(body: &mut impl BufRead) -> Result<Literal, OpenError> {
    let [format, length] = read_array(body)?;
    let mut name = vec![0; length.into()];
    body.read_exact(&mut name)?;
    let date = u32::from_be_bytes(read_array(body)?);
    Ok(Literal {
        header: LiteralHeader {
            name,
            modified: (date != 0).then(|| UNIX_EPOCH + Duration::from_secs(date.into())),
            length: None,
        },
        is_text: matches!(format, b't' | b'u'),
    })
}
