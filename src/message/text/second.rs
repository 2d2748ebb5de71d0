//! What follows a message. A second one must not get lost in silence.

use std::io::{self, BufRead, Read};

use super::block::is_margin;
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

/// So many bytes of a long line are searched again with what follows: more
/// than what identifies the longest block and a line of base64.
const OVERLAP: usize = 128;

/// How much is searched at a time, in bytes.
const PIECE: u64 = 64 * 1024;

/// So much is searched again at most, in bytes.
const MAX_AGAIN: usize = 4 * 1024;

/// A line of base64 is at least so long where a message begins in it, and
/// unlike plain text has no blanks.
const BASE64_LINE: usize = 40;

/// Returns the first line of a block that holds a message, anywhere in the
/// text: who appends one doesn't always see to it that it begins a line.
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
/// first line may be known to begin none.
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

/// Reads a source to its end, and reports the message that is found in it.
/// (At the end of an archive's member, its checksum is all that shows damage to
/// content that isn't authenticated.)
pub(super) fn second(source: &mut impl BufRead) -> io::Result<Option<MessageFault>> {
    let mut text = Vec::new();
    let mut is_searched = false;
    loop {
        if source.by_ref().take(PIECE).read_to_end(&mut text)? == 0 {
            return Ok(None);
        }
        if let Some(what) = block_in(&text).or_else(|| at_line(&text, is_searched)) {
            return Ok(Some(MessageFault::SecondMessage(what)));
        }
        let overlap = text.len().saturating_sub(OVERLAP);
        text.drain(..last_two_lines(&text).unwrap_or(overlap));
        is_searched = true;
    }
}

/// Where the last line but one begins. The last one may go on, and what it is
/// depends on the one before. None, if they are too long to be searched again.
fn last_two_lines(text: &[u8]) -> Option<usize> {
    let mut ends = (0..text.len())
        .rev()
        .filter(|at| text.get(*at) == Some(&b'\n'));
    let begin = ends.nth(1)? + 1;
    (text.len() - begin <= MAX_AGAIN).then_some(begin)
}

/// What is wrong with a binary message that ends before its source does.
pub(in crate::message) fn follows(source: &mut impl BufRead) -> io::Result<MessageFault> {
    let found = second(source)?;
    Ok(found.unwrap_or_else(|| MessageFault::Malformed("something follows it".into())))
}

/// Returns the message that begins with the text, white space and quotes aside.
/// A line that continues the base64 of something else may look like the first
/// of a message by chance.
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
