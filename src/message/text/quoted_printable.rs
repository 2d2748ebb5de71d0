//! Quoted-printable
//! ([RFC 2045, section 6.7](https://www.rfc-editor.org/rfc/rfc2045#section-6.7)).

use std::io::{self, BufRead, Read};

use crate::message::io::read_buffered;

/// The number of bytes that are decoded at a time, at most.
const PIECE: usize = 64 * 1024;

/// A text that was encoded as quoted-printable. Whatever is not part of the
/// encoding stands for itself: the text inside shows whether it is intact.
pub(super) struct QuotedPrintable<R> {
    source: R,
    state: State,
    /// Decoded octets, to be read from `start` on.
    octets: Vec<u8>,
    start: usize,
}

/// What has been read of an escape.
#[derive(Clone, Copy)]
enum State {
    Text,
    /// An equals sign.
    Equals,
    /// An equals sign and white space: the line goes on after its end.
    Blank,
    /// An equals sign and a hexadecimal digit.
    Digit(u8),
}

impl<R: BufRead> QuotedPrintable<R> {
    pub fn new(source: R) -> Self {
        Self {
            source,
            state: State::Text,
            octets: Vec::new(),
            start: 0,
        }
    }

    /// Decodes what the source has buffered. Returns false at its end.
    fn refill(&mut self) -> io::Result<bool> {
        self.octets.clear();
        self.start = 0;
        let text = self.source.fill_buf()?;
        let text = text.get(..PIECE).unwrap_or(text);
        for octet in text {
            self.state = next(self.state, *octet, &mut self.octets);
        }
        let length = text.len();
        self.source.consume(length);
        Ok(length > 0)
    }
}

/// Takes one octet of the text. Returns what has been read of an escape after
/// it.
fn next(state: State, octet: u8, decoded: &mut Vec<u8>) -> State {
    match (state, octet) {
        (State::Text | State::Equals | State::Blank, b'=') => State::Equals,
        (State::Text, _) => {
            decoded.push(octet);
            State::Text
        }
        (State::Equals | State::Blank, b'\n') => State::Text,
        (State::Equals | State::Blank, b' ' | b'\t' | b'\r') => State::Blank,
        (State::Equals, _) if octet.is_ascii_hexdigit() => State::Digit(octet),
        (State::Equals | State::Blank, _) => {
            decoded.extend([b'=', octet]);
            State::Text
        }
        (State::Digit(first), _) => match (digit(first), digit(octet)) {
            (Some(high), Some(low)) => {
                decoded.push(high << 4 | low);
                State::Text
            }
            _ => {
                decoded.extend([b'=', first]);
                next(State::Text, octet, decoded)
            }
        },
    }
}

fn digit(character: u8) -> Option<u8> {
    let digit = char::from(character).to_digit(16)?;
    u8::try_from(digit).ok()
}

impl<R: BufRead> BufRead for QuotedPrintable<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        while self.start >= self.octets.len() && self.refill()? {}
        Ok(self.octets.get(self.start..).unwrap_or_default())
    }

    fn consume(&mut self, amount: usize) {
        self.start += amount;
    }
}

impl<R: BufRead> Read for QuotedPrintable<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        read_buffered(self, buffer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::BufReader;

    #[test]
    fn escapes_are_decoded_and_soft_line_ends_dropped() {
        for (text, expected) in [
            ("a=3Db=3db", "a=b=b"),
            ("one=\nline=\r\nhere= \t\r\n.", "onelinehere."),
            ("a=b c=4 d=zz=", "a=b c=4 d=zz"),
            ("==3D=", "="),
            ("", ""),
        ] {
            for capacity in [1, 2, 100] {
                let source = BufReader::with_capacity(capacity, text.as_bytes());
                let mut decoded = String::new();
                QuotedPrintable::new(source)
                    .read_to_string(&mut decoded)
                    .unwrap();
                assert_eq!(decoded, expected, "{text}");
            }
        }
    }
}
