//! What follows a message. A second one must not get lost in silence.

use std::io::{self, BufRead, Read};

use super::{begins_content_info, is_base64};
use crate::message::fault::MessageFault;
use crate::message::openpgp::begins_message;

/// How the blocks of messages begin, those of old software and parts of one
/// included ([RFC 4880, section 6.2](https://www.rfc-editor.org/rfc/rfc4880#section-6.2)).
const BLOCKS: [(&[u8], &str); 4] = [
    (b"-----BEGIN PGP MESSAGE", "-----BEGIN PGP MESSAGE"),
    (b"-----BEGIN CMS-----", "-----BEGIN CMS"),
    (b"-----BEGIN PKCS7-----", "-----BEGIN PKCS7"),
    (b"-----BEGIN PKCS #7", "-----BEGIN PKCS #7"),
];

/// The longest of them, less one octet: that much of one may stand before a
/// cut.
const OVERLAP: usize = 21;

/// How much is searched at a time, in bytes.
const PIECE: u64 = 64 * 1024;

/// A line of base64 is at least so long where a message begins in it, and
/// unlike plain text has no blanks.
const BASE64_LINE: usize = 40;

/// The first line of a block that holds a message, anywhere in the text: who
/// appends one doesn't always see to it that it begins a line.
pub(super) fn block_in(text: &[u8]) -> Option<&'static str> {
    let mut rest = text;
    while let Some(at) = rest.iter().position(|octet| *octet == b'-') {
        let (_, from) = rest.split_at(at);
        let found = BLOCKS.iter().find(|(begin, _)| from.starts_with(begin));
        if let Some((_, name)) = found {
            return Some(name);
        }
        rest = from.get(1..)?;
    }
    None
}

/// Reads a source to its end, and tells of the message that is found in it.
/// (At the end of an archive's member, its checksum is all that tells of
/// damage to content that isn't authenticated.)
pub(super) fn second(source: &mut impl BufRead) -> io::Result<Option<MessageFault>> {
    let mut text = Vec::new();
    let mut is_first = true;
    loop {
        let searched = text.len().saturating_sub(OVERLAP);
        text.drain(..searched);
        if source.by_ref().take(PIECE).read_to_end(&mut text)? == 0 {
            return Ok(None);
        }
        let at_once = match std::mem::take(&mut is_first) {
            true => begins(&text),
            false => None,
        };
        if let Some(what) = at_once.or_else(|| block_in(&text)) {
            return Ok(Some(MessageFault::SecondMessage(what)));
        }
    }
}

/// What is wrong with a binary message that ends before its source does.
pub(in crate::message) fn follows(source: &mut impl BufRead) -> io::Result<MessageFault> {
    let found = second(source)?;
    Ok(found.unwrap_or_else(|| MessageFault::Malformed("something follows it".into())))
}

/// The message that stands at the start, but for white space.
fn begins(text: &[u8]) -> Option<&'static str> {
    let text = text.trim_ascii_start();
    if begins_message(text) {
        return Some("OpenPGP packets");
    }
    if begins_content_info(text) {
        return Some("a CMS message");
    }
    let line = text.split(u8::is_ascii_whitespace).next()?;
    (line.len() >= BASE64_LINE && is_base64(line)).then_some("base64")
}
