//! Messages as text: OpenPGP's armor
//! ([RFC 9580, section 6](https://www.rfc-editor.org/rfc/rfc9580#section-6)),
//! PEM ([RFC 7468](https://www.rfc-editor.org/rfc/rfc7468)), and base64 alone
//! ([RFC 4648, section 4](https://www.rfc-editor.org/rfc/rfc4648#section-4)).

mod block;
mod decode;
mod encode;
mod form;
mod mail_header;
mod mime;
mod part;
mod pem;
mod quoted_printable;
mod second;
mod traces;

use std::io::{self, BufRead, Cursor, Read};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use self::block::Block;
use self::decode::Decoded;
pub(super) use self::encode::Base64Writer;
pub(crate) use self::form::form_of;
use self::mime::{EncodedPart, Encoding};
use self::part::PartContent;
pub(super) use self::pem::PemWriter;
use self::quoted_printable::QuotedPrintable;
pub(super) use self::second::padding;
use super::fault::{MessageFault, OpenError};
use super::openpgp::{begins_message, begins_sealed_packet, begins_unencrypted};
use crate::files::BYTE_ORDER_MARK;

/// The number of bytes from the start of a file within which a block begins.
const WINDOW: usize = 64 * 1024;

/// The same of a mail, whose first part may be a long text with pictures: a
/// member takes so much memory while its message is looked for.
const MAIL_WINDOW: usize = 1024 * 1024;

/// The length that identifies a CMS message, in octets, and bare base64, in
/// characters.
const HEAD: usize = 16;

/// A message, whatever its form: its octets, or a text that holds them.
type Source<'a> = Box<dyn BufRead + Send + Sync + 'a>;

/// Returns the octets of a message, text or binary. The first one shows the kind of message: bit 7 is set in that of an
/// OpenPGP message, and that of a CMS message is 0x30.
///
/// A reading error that holds a [`MessageFault`] describes the fault of the
/// text. Only at its end is it known that a text is whole.
///
/// # Errors
///
/// The source can't be read, or is [`MessageFault::NotAMessage`].
pub(super) fn binary<'a>(
    mut source: impl BufRead + Send + Sync + 'a,
) -> Result<Source<'a>, OpenError> {
    let mut start = Vec::new();
    source.by_ref().take(HEAD as u64).read_to_end(&mut start)?;
    if begins_content_info(&start) || begins_message(&start) || begins_unencrypted(&start) {
        return Ok(Box::new(Cursor::new(start).chain(source)));
    }
    let mut text = read_on(start, WINDOW, &mut source)?;
    if mime::is_mail(without_mark(&text)) {
        text = read_on(text, MAIL_WINDOW, &mut source)?;
        if let Some(part) = EncodedPart::find(without_mark(&text))? {
            return encoded(without_mark(&text), &part, Box::new(source));
        }
    }
    of_text(text, Box::new(source))
}

fn without_mark(text: &[u8]) -> &[u8] {
    text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text)
}

/// Reads on to the end of a window. From a pipe, the text before a block may
/// come some time before it.
fn read_on(mut start: Vec<u8>, window: usize, source: &mut impl Read) -> io::Result<Vec<u8>> {
    let room = window.saturating_sub(start.len());
    source.take(room as u64).read_to_end(&mut start)?;
    Ok(start)
}

/// Returns the octets of the message in a mail that goes on with the source.
fn encoded<'a>(
    mail: &[u8],
    part: &EncodedPart,
    source: Source<'a>,
) -> Result<Source<'a>, OpenError> {
    let (before, content) = mail.split_at(part.content);
    if second::unmarked_before(before).is_some() || Block::find(before).is_some() {
        return Err(MessageFault::SecondMessage("a part of a mail").into());
    }
    let content = Cursor::new(content.to_vec()).chain(source);
    let mut octets: Source<'a> = match part.encoding {
        Encoding::Base64 => {
            let block = part.end.clone().map(Block::of_part);
            Box::new(Decoded::new(content, block))
        }
        Encoding::QuotedPrintable => {
            let content = PartContent::new(content, part.end.clone());
            Box::new(QuotedPrintable::new(content))
        }
    };
    let start = read_on(Vec::new(), HEAD, &mut octets)?;
    if begins_content_info(&start) || begins_message(&start) || begins_unencrypted(&start) {
        return Ok(Box::new(Cursor::new(start).chain(octets)));
    }
    of_text(read_on(start, WINDOW, &mut octets)?, octets)
}

/// Returns the octets of a text that starts with `start` and goes on with the
/// source.
fn of_text<'a>(start: Vec<u8>, source: Source<'a>) -> Result<Source<'a>, OpenError> {
    let text = without_mark(&start);
    let mut octets: Source<'a> = if is_base64(text) {
        let text = Cursor::new(text.to_vec()).chain(source);
        Box::new(Decoded::new(text, None))
    } else {
        let Some(block) = Block::find(text) else {
            // RFC 9580, section 4.2: bit 7 of a packet's first octet is set.
            // It's a packet that begins no encrypted message.
            return match text.first() {
                Some(0x80..) => Ok(Box::new(Cursor::new(start).chain(source))),
                _ => Err(not_a_message(text).into()),
            };
        };
        let (before, content) = text.split_at(block.content());
        // Text before a block is skipped, unless it has another message in it.
        // Then the block is the second one.
        let line = before.iter().rposition(|octet| *octet == b'\n');
        let (before, own) = before.split_at(line.map_or(0, |end| end + 1));
        if second::unmarked_before(before).is_some()
            && let Some(what) = second::any_block_in(own)
        {
            return Err(MessageFault::SecondMessage(what).into());
        }
        // In a small file it is found before a key is asked for.
        if let Some(what) = second::in_front(content, block.end()) {
            return Err(MessageFault::SecondMessage(what).into());
        }
        let mut text = Cursor::new(content.to_vec()).chain(source);
        let line = block.skip_headers(&mut text)?;
        Box::new(Decoded::new(Cursor::new(line).chain(text), Some(block)))
    };
    match octets.fill_buf()?.first() {
        Some(0x30 | 0x80..) => Ok(octets),
        _ => Err(MessageFault::NotAMessage.into()),
    }
}

/// Returns the fault of a text that holds no supported message.
fn not_a_message(start: &[u8]) -> MessageFault {
    match mime::is_mail(start) {
        true => MessageFault::Mail,
        false => MessageFault::NotAMessage,
    }
}

/// Returns whether the first part of a file looks like a message, or like what
/// is left of one.
pub(crate) fn has_traces(start: &[u8]) -> bool {
    // Many a text in an old encoding begins with the octet of a packet.
    let (head, _) = start.split_at(start.len().min(256));
    let is_control = |octet: &u8| octet.is_ascii_control() && !octet.is_ascii_whitespace();
    let is_packet = begins_sealed_packet(start) && head.iter().any(is_control);
    is_packet || traces::has_traces(start, mime::is_mail(start))
}

/// Returns whether this begins as the base64 of a message. Many a plain word
/// begins like some packet, so the first octet is not enough.
fn is_base64(start: &[u8]) -> bool {
    let characters = start.iter().copied();
    let mut characters: Vec<u8> = characters
        .filter(|c| !c.is_ascii_whitespace())
        .take(HEAD)
        .collect();
    characters.truncate(characters.len() / 4 * 4);
    let octets = BASE64_STANDARD.decode(characters);
    octets.is_ok_and(|octets| begins_content_info(&octets) || begins_message(&octets))
}

/// Returns whether this begins as a CMS message does.
fn begins_content_info(octets: &[u8]) -> bool {
    content_type(octets).is_some()
}

/// Returns a CMS message from its content type on. A message is a SEQUENCE, with
/// a length of any form, that starts with an OBJECT IDENTIFIER
/// ([RFC 5652, section 3](https://www.rfc-editor.org/rfc/rfc5652#section-3)).
fn content_type(octets: &[u8]) -> Option<&[u8]> {
    let [0x30, length, rest @ ..] = octets else {
        return None;
    };
    let more = match length {
        0x00..=0x80 => 0,
        0x81..=0x88 => usize::from(length & 0x0F),
        _ => return None,
    };
    let (_, content) = rest.split_at_checked(more)?;
    content.starts_with(&[0x06]).then_some(content)
}

#[cfg(test)]
mod tests;
