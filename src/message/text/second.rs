//! The data after a message. A second message must not get lost silently.

use std::io::{self, BufRead, Read};

use super::block::is_margin;
use super::{begins_content_info, is_base64};
use crate::message::fault::MessageFault;
use crate::message::openpgp::begins_message;

/// The first lines of message blocks, those of old software and of parts of a
/// message included
/// ([RFC 4880, section 6.2](https://www.rfc-editor.org/rfc/rfc4880#section-6.2)).
const BLOCKS: [(&[u8], &str); 4] = [
    (b"-----BEGIN PGP MESSAGE", "-----BEGIN PGP MESSAGE"),
    (b"-----BEGIN CMS-----", "-----BEGIN CMS"),
    (b"-----BEGIN PKCS7-----", "-----BEGIN PKCS7"),
    (b"-----BEGIN PKCS #7", "-----BEGIN PKCS #7"),
];

/// The number of bytes of a long line that are searched again with what
/// follows: more than is needed to recognise the longest block and a line of
/// base64.
const OVERLAP: usize = 128;

/// The amount that is searched at a time, in bytes.
const PIECE: u64 = 64 * 1024;

/// The most that is searched again, in bytes.
const MAX_AGAIN: usize = 4 * 1024;

/// The least length of a line of base64 in which a message begins. Unlike plain
/// text it has no blanks.
const BASE64_LINE: usize = 40;

/// Returns the first line of a block that holds a message, anywhere in the
/// text: an appended one doesn't always begin a line.
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

/// Returns the message without a block that begins with a line of the text. The
/// first line may be known not to begin one.
pub(super) fn at_line(text: &[u8], mut skip_first: bool) -> Option<&'static str> {
    let mut rest = text;
    let mut continues_base64 = false;
    loop {
        if !skip_first && let Some(what) = begins(rest, continues_base64) {
            return Some(what);
        }
        skip_first = false;
        continues_base64 = is_base64_line(first_word(rest));
        let end = rest.iter().position(|octet| *octet == b'\n')?;
        (_, rest) = rest.split_at_checked(end + 1)?;
    }
}

/// Reads a source to its end, and reports a message that is found in it. (At
/// the end of an archive's member, only its checksum shows damage to content
/// that isn't authenticated.)
pub(super) fn second(source: &mut impl BufRead) -> io::Result<Option<MessageFault>> {
    let mut text = Vec::new();
    let mut is_searched = false;
    loop {
        if source.by_ref().take(PIECE).read_to_end(&mut text)? == 0 {
            return Ok(None);
        }
        let found = message_in(&text, is_searched)
            .or_else(|| message_in(&without_nuls(&text)?, is_searched));
        if let Some(what) = found {
            return Ok(Some(MessageFault::SecondMessage(what)));
        }
        let overlap = text.len().saturating_sub(OVERLAP);
        text.drain(..last_two_lines(&text).unwrap_or(overlap));
        is_searched = true;
    }
}

fn message_in(text: &[u8], skip_first: bool) -> Option<&'static str> {
    block_in(text).or_else(|| at_line(text, skip_first))
}

/// Returns a text without its NUL octets, if it has any. In UTF-16, as Windows
/// PowerShell appends text to a file, each of a message's characters has one.
fn without_nuls(text: &[u8]) -> Option<Vec<u8>> {
    let octets = || text.iter().copied();
    octets()
        .any(|octet| octet == 0)
        .then(|| octets().filter(|octet| *octet != 0).collect())
}

/// Returns where the last line but one begins. The last one may go on, and its
/// meaning depends on the one before. Returns none if they are too long to be
/// searched again.
fn last_two_lines(text: &[u8]) -> Option<usize> {
    let mut ends = (0..text.len())
        .rev()
        .filter(|at| text.get(*at) == Some(&b'\n'));
    let begin = ends.nth(1)? + 1;
    (text.len() - begin <= MAX_AGAIN).then_some(begin)
}

/// Returns the fault of a binary message that ends before its source does.
pub(in crate::message) fn follows(source: &mut impl BufRead) -> io::Result<MessageFault> {
    let found = second(source)?;
    Ok(found.unwrap_or_else(|| MessageFault::Malformed("something follows it".into())))
}

/// Returns the message that begins with the text, after any white space and
/// quotes. A line that continues other base64 may look like the first line of a
/// message by chance.
fn begins(text: &[u8], continues_base64: bool) -> Option<&'static str> {
    let text = without_margin(text);
    if begins_message(text) {
        return Some("OpenPGP packets");
    }
    if begins_content_info(text) {
        return Some("a CMS message");
    }
    let word = first_word(text);
    (!continues_base64 && is_base64_line(word) && is_base64(word)).then_some("base64")
}

fn without_margin(text: &[u8]) -> &[u8] {
    let margin = text.iter().take_while(|octet| is_margin(**octet)).count();
    text.split_at(margin).1
}

fn first_word(text: &[u8]) -> &[u8] {
    let mut words = without_margin(text).split(u8::is_ascii_whitespace);
    words.next().unwrap_or_default()
}

fn is_base64_line(word: &[u8]) -> bool {
    let is_base64 = |octet: &u8| octet.is_ascii_alphanumeric() || b"+/=".contains(octet);
    word.len() >= BASE64_LINE && word.iter().all(is_base64)
}
