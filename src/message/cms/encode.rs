//! Writing ASN.1: bounded values through bcder, and by hand what surrounds
//! content of any length.

use std::io::{self, Write};

use bcder::Mode;
use bcder::encode::Values;

/// The tag of a SEQUENCE.
const SEQUENCE: u8 = 0x30;
/// The tags of a SET OF, of an OCTET STRING and of `[0]`, constructed and not.
const SET: u8 = 0x31;
const OCTET_STRING: u8 = 0x04;
const CONTEXT_0: u8 = 0x80;
const CONSTRUCTED: u8 = 0x20;

/// The end of a value of indefinite length (X.690, section 8.1.5).
const END: [u8; 2] = [0, 0];

/// Encodes values as DER.
pub(super) fn der(values: impl Values) -> Vec<u8> {
    let mut encoded = Vec::with_capacity(values.encoded_len(Mode::Der));
    // Writing to memory does not fail.
    let _ = values.write_encoded(Mode::Der, &mut encoded);
    encoded
}

/// Values that are encoded already.
#[derive(Clone, Copy)]
pub(super) struct Encoded<'a>(pub &'a [u8]);

impl Values for Encoded<'_> {
    fn encoded_len(&self, _: Mode) -> usize {
        self.0.len()
    }

    fn write_encoded<W: Write>(&self, _: Mode, target: &mut W) -> io::Result<()> {
        target.write_all(self.0)
    }
}

/// Returns a SET OF, in the order that DER requires (X.690, section 11.6).
pub(super) fn set_of(mut values: Vec<Vec<u8>>) -> Vec<u8> {
    values.sort();
    let values = values.concat();
    let mut encoded = header(SET, Some(values.len() as u64));
    encoded.extend(values);
    encoded
}

/// The octets before the encrypted content, built from the inside out.
pub(super) struct CmsFront {
    octets: Vec<u8>,
    /// The number of octets that follow the front within its enclosing element;
    /// unknown if lengths are indefinite.
    following: Option<u64>,
}

impl CmsFront {
    /// Creates `encryptedContent [0] IMPLICIT OCTET STRING`
    /// ([RFC 5652, section 6.1](https://www.rfc-editor.org/rfc/rfc5652#section-6.1))
    /// of that length, or one in segments.
    pub fn of_content(length: Option<u64>) -> Self {
        let tag = match length {
            Some(_) => CONTEXT_0,
            None => CONTEXT_0 | CONSTRUCTED,
        };
        Self {
            octets: header(tag, length),
            following: length,
        }
    }

    /// Puts these octets before it.
    pub fn after(self, octets: &[u8]) -> Self {
        Self {
            octets: [octets, &self.octets].concat(),
            ..self
        }
    }

    /// Adds that many octets after what it encloses.
    pub fn before(self, octets: u64) -> Self {
        Self {
            following: self.following.map(|n| n.saturating_add(octets)),
            ..self
        }
    }

    /// Encloses it in a SEQUENCE.
    pub fn in_sequence(self) -> Self {
        self.enclosed(SEQUENCE)
    }

    /// Encloses it in an explicit `[0]`.
    pub fn in_context_0(self) -> Self {
        self.enclosed(CONTEXT_0 | CONSTRUCTED)
    }

    fn enclosed(self, tag: u8) -> Self {
        let length = self
            .following
            .map(|n| n.saturating_add(self.octets.len() as u64));
        self.after(&header(tag, length))
    }

    /// Returns the octets so far.
    pub fn octets(&self) -> &[u8] {
        &self.octets
    }

    /// Returns the octets.
    pub fn into_octets(self) -> Vec<u8> {
        self.octets
    }
}

/// Returns the ends of that many values of indefinite length.
pub(super) fn ends(values: usize) -> Vec<u8> {
    END.repeat(values)
}

/// Returns the header of an OCTET STRING.
pub(super) fn octet_string(length: u64) -> Vec<u8> {
    header(OCTET_STRING, Some(length))
}

/// Returns a tag and a length, which is definite or not (X.690, section 8.1.3).
pub(super) fn header(tag: u8, length: Option<u64>) -> Vec<u8> {
    let Some(length) = length else {
        return vec![tag, 0x80];
    };
    let octets = length.to_be_bytes().into_iter();
    let octets: Vec<u8> = octets.skip_while(|octet| *octet == 0).collect();
    let mut header = vec![tag];
    if length >= 0x80 {
        header.push(0x80 | octets.len() as u8);
    }
    match octets.is_empty() {
        true => header.push(0),
        false => header.extend(octets),
    }
    header
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_takes_as_few_octets_as_possible() {
        for (length, expected) in [
            (0, &[4, 0][..]),
            (1, &[4, 1]),
            (0x7F, &[4, 0x7F]),
            (0x80, &[4, 0x81, 0x80]),
            (0xFF, &[4, 0x81, 0xFF]),
            (0x100, &[4, 0x82, 1, 0]),
            (0xFFFF_FFFF, &[4, 0x84, 0xFF, 0xFF, 0xFF, 0xFF]),
            (0x1_0000_0000, &[4, 0x85, 1, 0, 0, 0, 0]),
        ] {
            assert_eq!(octet_string(length), expected, "{length}");
        }
    }

    #[test]
    fn the_values_of_a_set_are_in_order() {
        let values = vec![vec![4, 1, 9], vec![4, 2, 0, 0], vec![4, 1, 0]];
        assert_eq!(set_of(values), [0x31, 10, 4, 1, 0, 4, 1, 9, 4, 2, 0, 0]);
    }
}
