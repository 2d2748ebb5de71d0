//! The line ends of text.

use std::io::{self, BufRead, Read};

use zeroize::Zeroizing;

use crate::message::fault::internal;
use crate::message::io::read_buffered;

/// The amount that is converted at a time, in bytes.
const PIECE: usize = 64 * 1024;

/// A text in which lines end with LF, as the sender's file had them. OpenPGP
/// seals text with CR LF, whatever system it comes from
/// ([RFC 9580, section 5.9](https://www.rfc-editor.org/rfc/rfc9580#section-5.9)).
pub(super) struct NativeLines<R> {
    source: R,
    /// Converted text, to be read from `start` on.
    text: Zeroizing<Vec<u8>>,
    start: usize,
    /// Whether the last octet that was read is a CR, which isn't in the text
    /// yet.
    is_after_cr: bool,
}

impl<R: BufRead> NativeLines<R> {
    pub fn new(source: R) -> Self {
        Self {
            source,
            text: Zeroizing::default(),
            start: 0,
            is_after_cr: false,
        }
    }

    fn refill(&mut self) -> io::Result<()> {
        self.text.clear();
        self.start = 0;
        let available = self.source.fill_buf()?;
        if available.is_empty() && std::mem::take(&mut self.is_after_cr) {
            self.text.push(b'\r');
        }
        let piece = available.get(..PIECE).unwrap_or(available);
        for octet in piece {
            if std::mem::take(&mut self.is_after_cr) && *octet != b'\n' {
                self.text.push(b'\r');
            }
            match octet {
                b'\r' => self.is_after_cr = true,
                octet => self.text.push(*octet),
            }
        }
        let read = piece.len();
        self.source.consume(read);
        Ok(())
    }
}

impl<R: BufRead> BufRead for NativeLines<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        while self.start >= self.text.len() {
            self.refill()?;
            if self.text.is_empty() && !self.is_after_cr && self.source.fill_buf()?.is_empty() {
                break;
            }
        }
        let unread = self.text.get(self.start..);
        unread.ok_or_else(|| internal("more was taken than was converted"))
    }

    fn consume(&mut self, amount: usize) {
        self.start += amount;
    }
}

impl<R: BufRead> Read for NativeLines<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        read_buffered(self, buffer)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn converted(text: &[u8], capacity: usize) -> Vec<u8> {
        let mut converted = Vec::new();
        let source = io::BufReader::with_capacity(capacity, text);
        NativeLines::new(source)
            .read_to_end(&mut converted)
            .unwrap();
        converted
    }

    #[test]
    fn lines_end_with_lf_and_other_carriage_returns_stay() {
        assert_eq!(converted(b"a\r\nb\rc\r\r\n\n\r", 1), b"a\nb\rc\r\n\n\r");
        assert_eq!(converted(b"", 1), b"");
        assert_eq!(converted(b"\r\n\r\n", 3), b"\n\n");
    }

    proptest! {
        #[test]
        fn any_buffer_yields_the_same(text in "[\r\na]{0,64}", capacity in 1_usize..9) {
            let expected = text.replace("\r\n", "\n");
            prop_assert_eq!(converted(text.as_bytes(), capacity), expected.as_bytes());
        }
    }
}
