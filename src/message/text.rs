//! Messages as text.

use std::io::{BufRead, BufReader, Cursor, Read};

use sequoia_openpgp::armor::{Kind, Reader, ReaderMode};

use super::fault::{MessageFault, OpenError};
use super::open::BUFFER;

/// The message without its armor, if it has one, read that many bytes at a
/// time.
pub(super) fn binary<'a>(
    source: impl Read + Send + Sync + 'a,
    buffer: usize,
) -> Result<Box<dyn BufRead + Send + Sync + 'a>, OpenError> {
    let mut source = BufReader::with_capacity(buffer, source);
    // RFC 9580, section 4.2: bit 7 of a packet's first octet is always set.
    let first = source.fill_buf()?.first().copied();
    if first.is_some_and(|octet| octet & 0x80 != 0 || octet == 0x30) {
        return Ok(Box::new(source));
    }
    // From a pipe, the text before the armor may come some time before it.
    let mut start = Vec::new();
    source
        .by_ref()
        .take(BUFFER as u64)
        .read_to_end(&mut start)?;
    const ARMOR: &[u8] = b"-----BEGIN PGP MESSAGE-----";
    if !start.windows(ARMOR.len()).any(|window| window == ARMOR) {
        return Err(MessageFault::NotAMessage.into());
    }
    let mode = ReaderMode::Tolerant(Some(Kind::Message));
    let armor = Reader::from_reader(Cursor::new(start).chain(source), mode);
    Ok(Box::new(BufReader::with_capacity(buffer, armor)))
}
