//! The data after a message. A second message must not get lost silently.

use std::io::{self, BufRead, Read};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use super::block::is_margin;
use super::quoted_printable::QuotedPrintable;
use super::{content_type, mime};
use crate::message::fault::MessageFault;
use crate::message::openpgp::{begins_message, surely_begins_message};

/// The first lines of message blocks, those of old software and of parts of a
/// message included
/// ([RFC 4880, section 6.2](https://www.rfc-editor.org/rfc/rfc4880#section-6.2)).
pub(super) const BLOCKS: [(&[u8], &str); 6] = [
    (b"-----BEGIN PGP MESSAGE", "-----BEGIN PGP MESSAGE"),
    (
        b"-----BEGIN PGP ARMORED FILE",
        "-----BEGIN PGP ARMORED FILE",
    ),
    (
        b"-----BEGIN ENCRYPTED MESSAGE",
        "-----BEGIN ENCRYPTED MESSAGE",
    ),
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

/// The least length of a line of base64 in which a message begins: unlike plain
/// text it has no blanks. So many characters show how the message begins.
const BASE64_LINE: usize = 36;

/// The object identifiers of CMS messages whose content isn't in the clear, with
/// their tags and lengths: envelopedData and encryptedData (RFC 5652, sections
/// 6 and 8), authEnvelopedData (RFC 5083) and compressedData (RFC 3274).
pub(super) const CMS_TYPES: [&[u8]; 4] = [
    b"\x06\x09\x2A\x86\x48\x86\xF7\x0D\x01\x07\x03",
    b"\x06\x09\x2A\x86\x48\x86\xF7\x0D\x01\x07\x06",
    b"\x06\x0B\x2A\x86\x48\x86\xF7\x0D\x01\x09\x10\x01\x17",
    b"\x06\x0B\x2A\x86\x48\x86\xF7\x0D\x01\x09\x10\x01\x09",
];

/// Returns how a message in the text begins, if there is one: anywhere, since an
/// appended one doesn't always begin a line. At the beginning of a line, less of
/// it is enough. The first line may be known not to begin one.
fn message_in(text: &[u8], skip_first: bool) -> Option<&'static str> {
    block_in(text).or_else(|| unmarked_in(text, skip_first))
}

/// Returns the same without blocks, except for those in UTF-16.
fn unmarked_in(text: &[u8], skip_first: bool) -> Option<&'static str> {
    let in_utf_16 = || {
        let text = without_nuls(text)?;
        let in_line = || at_line(&text, skip_first, begins_as_base64);
        block_in(&text)
            .or_else(in_line)
            .or_else(|| base64_in(&text))
    };
    at_line(text, skip_first, begins)
        .or_else(|| octets_in(text))
        .or_else(|| base64_in(text))
        .or_else(in_utf_16)
        .or_else(|| in_quoted_printable(text))
        .or_else(|| in_base64_lines(text))
}

/// Returns the message in a text that is encoded as quoted-printable: a block
/// anywhere, octets at the beginning of a line.
pub(super) fn in_quoted_printable(text: &[u8]) -> Option<&'static str> {
    let is_hexadecimal = |octets: &[u8]| octets.iter().all(u8::is_ascii_hexdigit);
    let mut escapes = text.windows(3);
    if !escapes.any(|octets| octets.strip_prefix(b"=").is_some_and(is_hexadecimal)) {
        return None;
    }
    let begins = |line: &[u8], _| surely(&unquoted(line.get(..OVERLAP).unwrap_or(line)));
    any_block_in(&unquoted(text)).or_else(|| at_line(text, false, begins))
}

fn unquoted(text: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::new();
    // Reading from memory does not fail.
    let _ = QuotedPrintable::new(text).read_to_end(&mut decoded);
    decoded
}

/// Returns the message in lines of base64, however long they are: a block
/// anywhere, octets at the beginning.
pub(super) fn in_base64_lines(text: &[u8]) -> Option<&'static str> {
    let is_base64 = |line: &[u8]| {
        let line = line.trim_ascii();
        let mut octets = line.iter();
        !line.is_empty() && octets.all(|octet| is_of_base64(*octet) || *octet == b'=')
    };
    let lines: Vec<&[u8]> = text.split(|octet| *octet == b'\n').collect();
    let mut runs = lines.chunk_by(|one, next| is_base64(one) == is_base64(next));
    runs.find_map(|run| {
        let is_run = run.first().is_some_and(|line| is_base64(line));
        let characters = is_run.then(|| run.concat())?.into_iter();
        let characters: Vec<u8> = characters.filter(|c| is_of_base64(*c)).collect();
        // Another word may stand before them.
        (0..4).find_map(|skipped| {
            let (groups, _) = characters.get(skipped..)?.as_chunks::<4>();
            let octets = BASE64_STANDARD.decode(groups.as_flattened()).ok()?;
            any_block_in(&octets)
                .or_else(|| surely(&octets))
                .or_else(|| base64_in(&octets))
                .map(|_| "base64")
        })
    })
}

/// Returns a message without a block in the text before another one. That text
/// is skipped, and so would be the message.
///
/// The header of a mail has signatures in base64, which may look like messages:
/// there, only what no chance yields counts.
pub(super) fn unmarked_before(text: &[u8]) -> Option<&'static str> {
    let (header, text) = text.split_at(mime::header_length(text));
    octets_in(header)
        .or_else(|| base64_in(header))
        .or_else(|| unmarked_in(text, false))
}

/// Returns a second message in the part of a file that follows the first line of
/// a block.
pub(super) fn in_front(text: &[u8], end: &[u8]) -> Option<&'static str> {
    let behind = || {
        let end = text.windows(end.len()).position(|found| found == end)?;
        unmarked_in(text.get(end..)?, true)
    };
    any_block_in(text).or_else(behind)
}

/// Returns the first line of a block that holds a message, in UTF-16 too.
pub(super) fn any_block_in(text: &[u8]) -> Option<&'static str> {
    block_in(text).or_else(|| block_in(&without_nuls(text)?))
}

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

/// Returns the binary message that begins anywhere in a text.
pub(super) fn octets_in(text: &[u8]) -> Option<&'static str> {
    let mut rest = text;
    while let Some(at) = rest
        .iter()
        .position(|octet| *octet == 0x30 || *octet >= 0x80)
    {
        let (_, from) = rest.split_at(at);
        if let Some(what) = surely(from) {
            return Some(what);
        }
        rest = from.get(1..)?;
    }
    None
}

/// Returns the message that begins with a word of base64 anywhere in a text.
pub(super) fn base64_in(text: &[u8]) -> Option<&'static str> {
    let mut words = text.split(|octet| !is_of_base64(*octet));
    words.find_map(|word| {
        let head = head_of_base64(word)?;
        (surely(&head).is_some() || begins_block(&head)).then_some("base64")
    })
}

/// Returns a text without its NUL octets, if it has any. In UTF-16, as Windows
/// PowerShell appends text to a file, each of a message's characters has one.
pub(super) fn without_nuls(text: &[u8]) -> Option<Vec<u8>> {
    let octets = || text.iter().copied();
    octets()
        .any(|octet| octet == 0)
        .then(|| octets().filter(|octet| *octet != 0).collect())
}

/// Returns the message without a block that begins with a line of the text, by
/// `begins`. That gets the text from the line on, and whether the line continues
/// other base64.
fn at_line(
    text: &[u8],
    mut skip_first: bool,
    begins: fn(&[u8], bool) -> Option<&'static str>,
) -> Option<&'static str> {
    let mut rest = text;
    let mut continues_base64 = false;
    loop {
        if !skip_first && let Some(what) = begins(rest, continues_base64) {
            return Some(what);
        }
        skip_first = false;
        continues_base64 = is_base64_line(rest);
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
        if let Some(what) = message_in(&text, is_searched) {
            return Ok(Some(MessageFault::SecondMessage(what)));
        }
        match last_two_lines(&text) {
            Some(begin) => {
                text.drain(..begin);
                is_searched = true;
            }
            None => {
                text.drain(..text.len().saturating_sub(OVERLAP));
                // A line may go on to begin a message after much white space.
                is_searched = !text.iter().all(|octet| is_margin(*octet));
            }
        }
    }
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

/// Reads on after the end of a binary message. Returns the number of octets
/// there, if they mean nothing: white space, as editors and scripts append it,
/// or zeros, as block devices and some protocols do. A fault otherwise.
pub(in crate::message) fn padding(source: &mut impl BufRead) -> io::Result<u64> {
    let mut length = 0;
    loop {
        let data = source.fill_buf()?;
        if data.is_empty() {
            return Ok(length);
        }
        let is_blank = |octet: &&u8| octet.is_ascii_whitespace() || **octet == 0;
        let blank = data.iter().take_while(is_blank).count();
        if blank == 0 {
            let what = || MessageFault::Malformed("something else follows the message".into());
            return Err(second(source)?.unwrap_or_else(what).into());
        }
        source.consume(blank);
        length += blank as u64;
    }
}

/// Returns the message that begins with the text, after any white space and
/// quotes.
fn begins(text: &[u8], continues_base64: bool) -> Option<&'static str> {
    binary(without_margin(text)).or_else(|| begins_as_base64(text, continues_base64))
}

/// Returns the same of a message as base64. A line that continues other base64
/// may look like the first line of a message by chance.
fn begins_as_base64(text: &[u8], continues_base64: bool) -> Option<&'static str> {
    let word = first_word(text);
    if continues_base64 {
        return None;
    }
    let head = head_of_base64(word)?;
    (binary(&head).is_some() || begins_block(&head)).then_some("base64")
}

/// Returns whether this is the first line of a block. Some mail programs encode
/// attached blocks as base64.
fn begins_block(octets: &[u8]) -> bool {
    BLOCKS.iter().any(|(begin, _)| octets.starts_with(begin))
}

/// Returns the first octets of a word that may be a line of base64.
fn head_of_base64(word: &[u8]) -> Option<Vec<u8>> {
    let (head, _) = word.split_at_checked(BASE64_LINE)?;
    BASE64_STANDARD.decode(head).ok()
}

/// Returns how a message begins that no chance yields.
fn surely(octets: &[u8]) -> Option<&'static str> {
    if surely_begins_message(octets) {
        return Some("OpenPGP packets");
    }
    begins_sealed_cms(octets).then_some("a CMS message")
}

/// Returns how a message begins, except for one that isn't sealed.
pub(super) fn binary(octets: &[u8]) -> Option<&'static str> {
    if begins_message(octets) {
        return Some("OpenPGP packets");
    }
    begins_sealed_cms(octets).then_some("a CMS message")
}

/// Returns whether this begins as a CMS message does whose content is not in
/// the clear.
fn begins_sealed_cms(octets: &[u8]) -> bool {
    let is_sealed = |content: &[u8]| CMS_TYPES.iter().any(|kind| content.starts_with(kind));
    content_type(octets).is_some_and(is_sealed)
}

pub(super) fn without_margin(text: &[u8]) -> &[u8] {
    let margin = text.iter().take_while(|octet| is_margin(**octet)).count();
    text.split_at(margin).1
}

/// Returns the base64 at the start of a line, after any white space, quotes and
/// brackets.
fn first_word(text: &[u8]) -> &[u8] {
    let is_before = |octet: &u8| is_margin(*octet) || b"\"'<([{".contains(octet);
    let before = text.iter().take_while(|octet| is_before(octet)).count();
    let (_, word) = text.split_at(before);
    let length = word
        .iter()
        .take_while(|octet| is_of_base64(**octet))
        .count();
    word.split_at(length).0
}

/// Returns whether the octet may be in base64 before its padding.
fn is_of_base64(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || b"+/".contains(&octet)
}

/// Returns whether the line has nothing but base64. (A line of hexadecimal
/// digits is a checksum.)
fn is_base64_line(text: &[u8]) -> bool {
    let line = without_margin(text).split(|octet| *octet == b'\n');
    let line = line.into_iter().next().unwrap_or_default().trim_ascii();
    let line = line.strip_suffix(b"=").unwrap_or(line);
    let line = line.strip_suffix(b"=").unwrap_or(line);
    line.len() >= BASE64_LINE
        && line.iter().all(|octet| is_of_base64(*octet))
        && !line.iter().all(u8::is_ascii_hexdigit)
}
