//! Texts in UTF-16, which Windows writes: they are searched as UTF-8.

use zeroize::Zeroizing;

use super::wiped::Wiped;

/// Turns the pieces of a text into UTF-8 if it begins with the byte order mark of
/// UTF-16, and leaves all others as they are. The mark itself belongs to no line.
#[derive(Default)]
pub(super) struct Decoder {
    encoding: Encoding,
    /// The start of the text until it's clear what it is, or the octets of a character
    /// of which some are still to come: fewer than four.
    held: Zeroizing<Vec<u8>>,
    decoded: Wiped,
}

#[derive(Clone, Copy, Default)]
enum Encoding {
    #[default]
    Unknown,
    /// UTF-8, or whatever else.
    Plain,
    Utf16(fn([u8; 2]) -> u16),
}

impl Decoder {
    /// Decodes a piece, which isn't empty.
    pub fn decode<'a>(&'a mut self, piece: &'a [u8]) -> &'a [u8] {
        match self.encoding {
            Encoding::Plain => piece,
            Encoding::Utf16(unit) => self.of_utf16(unit, piece),
            Encoding::Unknown => {
                self.held.extend_from_slice(piece);
                let start = self.held.as_slice();
                let (encoding, mark) = match start {
                    [0xFF, 0xFE, ..] => (Encoding::Utf16(u16::from_le_bytes), 2),
                    [0xFE, 0xFF, ..] => (Encoding::Utf16(u16::from_be_bytes), 2),
                    [0xEF, 0xBB, 0xBF, ..] => (Encoding::Plain, 3),
                    [0xFF] | [0xFE] | [0xEF] | [0xEF, 0xBB] => return &[],
                    _ => (Encoding::Plain, 0),
                };
                let start = Wiped::of(start.get(mark..).unwrap_or_default());
                self.encoding = encoding;
                self.held.clear();
                match encoding {
                    Encoding::Utf16(unit) => self.of_utf16(unit, start.as_slice()),
                    _ => {
                        self.decoded = start;
                        self.decoded.as_slice()
                    }
                }
            }
        }
    }

    /// Returns what is left at the end of the text.
    pub fn end(&mut self) -> &[u8] {
        match self.encoding {
            Encoding::Utf16(_) if !self.held.is_empty() => {
                self.held.clear();
                "\u{FFFD}".as_bytes()
            }
            _ => &self.held,
        }
    }

    fn of_utf16(&mut self, unit: fn([u8; 2]) -> u16, piece: &[u8]) -> &[u8] {
        self.decoded.clear();
        let held = std::mem::take(&mut self.held);
        let mut octets = held.iter().chain(piece).copied();
        let mut units = Zeroizing::new(Vec::with_capacity(BLOCK.min(piece.len() / 2 + 2)));
        loop {
            while units.len() < BLOCK {
                match (octets.next(), octets.next()) {
                    (Some(first), Some(second)) => units.push(unit([first, second])),
                    (Some(first), None) => {
                        self.held.push(first);
                        break;
                    }
                    (None, _) => break,
                }
            }
            let is_end = units.len() < BLOCK;
            // The second half of the last character may be in the next piece.
            let last = units.pop_if(|unit| is_first_half(*unit));
            let characters = char::decode_utf16(units.drain(..));
            for character in characters {
                let character = character.unwrap_or(char::REPLACEMENT_CHARACTER);
                self.decoded
                    .push(character.encode_utf8(&mut [0; 4]).as_bytes());
            }
            match (last, is_end) {
                (Some(last), false) => units.push(last),
                (Some(last), true) => {
                    let is_little = unit([1, 0]) == 1;
                    let octets = match is_little {
                        true => last.to_le_bytes(),
                        false => last.to_be_bytes(),
                    };
                    self.held.splice(0..0, octets);
                    break;
                }
                (None, false) => {}
                (None, true) => break,
            }
        }
        self.decoded.as_slice()
    }
}

/// The units that are decoded at a time.
const BLOCK: usize = 4096;

fn is_first_half(unit: u16) -> bool {
    (0xD800..0xDC00).contains(&unit)
}
