//! Writing ASN.1: values through bcder, and headers by hand.

use std::io::{self, Write};

use bcder::Mode;
use bcder::encode::Values;

use super::SET;

/// Encodes values as DER.
pub(crate) fn der(values: impl Values) -> Vec<u8> {
    let mut encoded = Vec::with_capacity(values.encoded_len(Mode::Der));
    // Writing to memory does not fail.
    let _ = values.write_encoded(Mode::Der, &mut encoded);
    encoded
}

/// Values that are encoded already.
#[derive(Clone, Copy)]
pub(crate) struct Encoded<'a>(pub &'a [u8]);

impl Values for Encoded<'_> {
    fn encoded_len(&self, _: Mode) -> usize {
        self.0.len()
    }

    fn write_encoded<W: Write>(&self, _: Mode, target: &mut W) -> io::Result<()> {
        target.write_all(self.0)
    }
}

/// Returns an element with these parts as its content.
pub(crate) fn element(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let length = parts.iter().map(|part| part.len() as u64).sum();
    let mut encoded = header(tag, Some(length));
    for part in parts {
        encoded.extend_from_slice(part);
    }
    encoded
}

/// Returns a SET OF, in the order that DER requires (X.690, section 11.6).
pub(crate) fn set_of(mut values: Vec<Vec<u8>>) -> Vec<u8> {
    values.sort();
    element(SET, &[&values.concat()])
}

/// Returns a tag and a length, which is definite or not (X.690, section 8.1.3).
pub(crate) fn header(tag: u8, length: Option<u64>) -> Vec<u8> {
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
            assert_eq!(header(4, Some(length)), expected, "{length}");
        }
    }

    #[test]
    fn the_values_of_a_set_are_in_order() {
        let values = vec![vec![4, 1, 9], vec![4, 2, 0, 0], vec![4, 1, 0]];
        assert_eq!(set_of(values), [0x31, 10, 4, 1, 0, 4, 1, 9, 4, 2, 0, 0]);
    }
}
