//! What follows the encrypted content.

use std::io::{self, BufRead};

use bcder::Tag;

use super::algorithm::{decode, take_octets};
use super::ber::{CONSTRUCTED, OCTET_STRING, Reader, context, malformed};
use crate::message::fault::MessageFault;

/// The end of a message.
pub(super) struct End {
    /// The tag of AuthEnvelopedData.
    pub tag: Option<Vec<u8>>,
    /// The number of octets behind it that mean nothing.
    pub padding: u64,
}

impl End {
    /// Reads from behind EncryptedContentInfo to the end of the source. `tag` is
    /// the length of the tag of AuthEnvelopedData; EnvelopedData has none.
    ///
    /// # Errors
    ///
    /// The structure isn't complete, or something follows the message.
    pub fn read(reader: &mut Reader<impl BufRead>, tag: Option<usize>) -> io::Result<Self> {
        let tag = tag.map(|length| read_tag(reader, length)).transpose()?;
        attributes(reader, tag.is_some())?;
        // ContentInfo, and its content.
        reader.leave()?;
        reader.leave()?;
        Ok(Self {
            tag,
            padding: reader.finish()?,
        })
    }
}

/// Returns the tag of AuthEnvelopedData
/// ([RFC 5083, section 2.1](https://www.rfc-editor.org/rfc/rfc5083#section-2.1)).
fn read_tag(reader: &mut Reader<impl BufRead>, length: usize) -> io::Result<Vec<u8>> {
    const ATTRIBUTES: u8 = context(1);
    let header = match reader.next()? {
        Some(header) if header.tag() & !CONSTRUCTED == OCTET_STRING => header,
        Some(header) if header.tag() == ATTRIBUTES => {
            // The tag covers them, and they are needed before the content.
            let what = "authenticated attributes".into();
            return Err(MessageFault::Unsupported(what).into());
        }
        _ => return Err(malformed("it has no tag")),
    };
    let element = reader.collect(header)?;
    let tag = decode(&element, "its tag", |cons| {
        take_octets(cons, Tag::OCTET_STRING)
    })?;
    if tag.len() != length {
        return Err(malformed("its tag does not have the stated length"));
    }
    Ok(tag)
}

/// Skips the unprotected attributes at the end of both kinds of message, and
/// leaves them.
fn attributes(reader: &mut Reader<impl BufRead>, has_tag: bool) -> io::Result<()> {
    let tag = match has_tag {
        false => context(1),
        true => context(2),
    };
    match reader.next()? {
        Some(header) if header.tag() == tag => {
            reader.skip(header)?;
            reader.leave()
        }
        Some(_) => Err(malformed("an unexpected element")),
        None => Ok(()),
    }
}
