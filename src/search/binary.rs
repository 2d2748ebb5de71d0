//! Telling a text from what isn't one.

use memchr::memchr;

/// Looks for what no text has: a zero, or both control characters and octets that aren't
/// UTF-8. Sound has all of these. Neither is enough alone: a log in Latin-1 is a text, and so
/// is one with control characters between its fields.
#[derive(Debug, Default)]
pub(super) struct BinaryCheck {
    has_controls: bool,
    has_broken_characters: bool,
    previous: u8,
}

impl BinaryCheck {
    /// Reads on. Returns whether what was read so far isn't a text.
    pub fn add(&mut self, piece: &[u8]) -> bool {
        // Without a way out of the loops, each is done for many octets at a time.
        self.has_controls |= (piece.iter()).fold(false, |has, &octet| has | is_control(octet));
        if let Some(&first) = piece.first() {
            self.has_broken_characters |= is_broken(self.previous, first);
        }
        let pairs = piece.iter().zip(piece.iter().skip(1));
        self.has_broken_characters |=
            pairs.fold(false, |has, (&one, &next)| has | is_broken(one, next));
        self.previous = piece.last().copied().unwrap_or(self.previous);
        memchr(0, piece).is_some() || (self.has_controls && self.has_broken_characters)
    }
}

/// Returns whether this is a control character that lays out no text: none of BEL to CR,
/// and not ESC, which begins a colour.
fn is_control(octet: u8) -> bool {
    matches!(octet, 0x00..=0x06 | 0x0E..=0x1A | 0x1C..=0x1F | 0x7F)
}

/// Returns whether no UTF-8 has these octets next to each other: the first octet of a long
/// character without the second, or another than the first without that.
fn is_broken(one: u8, next: u8) -> bool {
    let is_continuation = |octet| (0x80..=0xBF).contains(&octet);
    match is_continuation(next) {
        true => one < 0x80,
        false => one >= 0xC0,
    }
}
