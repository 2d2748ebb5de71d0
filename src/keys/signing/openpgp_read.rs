//! Reading detached OpenPGP signatures: nothing but signature packets
//! ([RFC 9580, section 10.4](https://www.rfc-editor.org/rfc/rfc9580#section-10.4)).

use openpgp::Packet;
use openpgp::packet::Signature;
use openpgp::parse::Parse;
use sequoia_openpgp as openpgp;

use super::{MAX_SIGNATURE_FILE, MAX_SIGNATURES};

/// The tags of packets (RFC 9580, section 5).
const SIGNATURE: u8 = 2;
const MARKER: u8 = 10;
const PADDING: u8 = 21;

/// A signature packet.
pub(super) enum Found {
    Signature(Box<Signature>),
    /// Of a version or in a form that isn't known.
    Other,
}

/// Reads a file of signatures; `None` if it holds anything else.
pub(super) fn signatures(bytes: &[u8]) -> Option<Vec<Found>> {
    if bytes.len() as u64 > MAX_SIGNATURE_FILE {
        return None;
    }
    let mut rest = bytes;
    let mut found = Vec::new();
    while !rest.is_empty() {
        let (tag, header, body) = header(rest)?;
        let (packet, after) = rest.split_at_checked(header.checked_add(body)?)?;
        rest = after;
        match tag {
            SIGNATURE if found.len() < MAX_SIGNATURES => found.push(signature(packet)),
            MARKER | PADDING => {}
            _ => return None,
        }
    }
    Some(found)
}

/// Returns the name of the issuer that a signature claims.
pub(super) fn issuer(signature: &Signature) -> String {
    let issuers = signature.get_issuers();
    issuers
        .first()
        .map_or_else(|| "an unknown signer".into(), openpgp::KeyHandle::to_hex)
}

fn signature(packet: &[u8]) -> Found {
    match Packet::from_bytes(packet) {
        Ok(Packet::Signature(signature)) => Found::Signature(Box::new(signature)),
        _ => Found::Other,
    }
}

/// Returns the tag of a packet, and the lengths of its header and body
/// (RFC 9580, section 4.2). Signatures aren't written in parts.
fn header(bytes: &[u8]) -> Option<(u8, usize, usize)> {
    let (first, rest) = bytes.split_first()?;
    let number = |octets: &[u8]| {
        let octets = octets.iter();
        octets.fold(0usize, |number, octet| number << 8 | usize::from(*octet))
    };
    if first & 0xC0 == 0xC0 {
        let (length, body) = match *rest {
            [length @ ..=191, ..] => (1, length.into()),
            [high @ 192..=223, low, ..] => {
                (2, (usize::from(high - 192) << 8) + usize::from(low) + 192)
            }
            [255, a, b, c, d, ..] => (5, number(&[a, b, c, d])),
            _ => return None,
        };
        return Some((first & 0x3F, 1 + length, body));
    }
    // The older form.
    let length = match first & 0x83 {
        0x80 => 1,
        0x81 => 2,
        0x82 => 4,
        _ => return None,
    };
    Some((first >> 2 & 0x0F, 1 + length, number(rest.get(..length)?)))
}
