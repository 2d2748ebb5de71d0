//! Reading a whole message without a key: its framing, to its last octet.

use std::io::BufRead;

use sequoia_openpgp::packet::Tag;

use super::front::{OpenPgpFront, RawFront};
use super::packet::{Body, Header};
use crate::message::envelope::Envelope;
use crate::message::fault::{MessageFault, OpenError};

/// Reads what precedes the sealed data, and somewhat more. Returns what it shows
/// to everybody.
///
/// # Errors
///
/// It is not a message, or it has recipients that its sealed data can't have: other
/// software may take them for some.
pub(in crate::message) fn read_front(source: impl BufRead) -> Result<Envelope, OpenError> {
    let front = OpenPgpFront::read(source)?;
    if front.strays > 0 {
        let what = "a recipient of another version than its sealed data";
        return Err(MessageFault::Malformed(what.into()).into());
    }
    Ok(front.envelope())
}

/// Returns the number of octets that precede the sealed data. They have been read
/// before.
pub(in crate::message) fn front_length(octets: &[u8]) -> Result<usize, OpenError> {
    let mut rest = octets;
    loop {
        let length = octets.len() - rest.len();
        let header = Header::read(&mut rest)?.ok_or(MessageFault::Truncated)?;
        if matches!(header.tag, Tag::SEIP | Tag::AED) {
            return Ok(length);
        }
        Body::new(&mut rest, header).skip()?;
    }
}

/// Reads a message to its end. Nothing may follow it.
pub(in crate::message) fn read_whole(source: impl BufRead) -> Result<(), OpenError> {
    let mut source = RawFront::read(source)?.container.pass_over()?.into_inner();
    match source.fill_buf()? {
        [] => Ok(()),
        _ => Err(MessageFault::Malformed("something follows its sealed data".into()).into()),
    }
}
