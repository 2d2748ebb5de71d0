//! The content of a part of a mail, up to the line that ends it.

use std::io::{self, BufRead, Read};

use super::mime::Delimiter;
use super::second::second;
use crate::message::io::read_buffered;

/// The longest piece of a line that is held, in bytes.
const LINE: u64 = 64 * 1024;

/// Reads as the content of a part, still encoded. At its end, the rest of the
/// mail is searched for a second message.
pub(super) struct PartContent<R> {
    source: R,
    /// The beginning of the line that ends it; none if the mail's end does.
    end: Option<Vec<u8>>,
    /// The line end before, unless the part ends there, and a piece of a line.
    piece: Vec<u8>,
    start: usize,
    /// The line end of the piece, which belongs to the line that ends the part.
    line_end: &'static [u8],
    begins_line: bool,
    has_ended: bool,
}

impl<R: BufRead> PartContent<R> {
    pub fn new(source: R, end: Option<Vec<u8>>) -> Self {
        Self {
            source,
            end,
            piece: Vec::new(),
            start: 0,
            line_end: b"",
            begins_line: true,
            has_ended: false,
        }
    }

    fn refill(&mut self) -> io::Result<()> {
        self.piece.clear();
        self.start = 0;
        let mut line = Vec::new();
        let mut source = self.source.by_ref().take(LINE);
        source.read_until(b'\n', &mut line)?;
        let end = self.end.as_deref().filter(|_| self.begins_line);
        if end.is_some_and(|end| Delimiter::of(&line, end).is_some()) {
            self.has_ended = true;
            return second(&mut self.source)?.map_or(Ok(()), |fault| Err(fault.into()));
        }
        self.piece.extend_from_slice(self.line_end);
        self.has_ended = line.is_empty();
        self.begins_line = line.ends_with(b"\n");
        self.line_end = match line.as_slice() {
            [.., b'\r', b'\n'] => b"\r\n",
            [.., b'\n'] => b"\n",
            _ => b"",
        };
        let (line, _) = line.split_at(line.len() - self.line_end.len());
        self.piece.extend_from_slice(line);
        Ok(())
    }
}

impl<R: BufRead> BufRead for PartContent<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        while self.start >= self.piece.len() && !self.has_ended {
            self.refill()?;
        }
        Ok(self.piece.get(self.start..).unwrap_or_default())
    }

    fn consume(&mut self, amount: usize) {
        self.start += amount;
    }
}

impl<R: BufRead> Read for PartContent<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        read_buffered(self, buffer)
    }
}
