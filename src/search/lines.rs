//! From pieces of a text to its lines.

use memchr::{memchr, memchr2};

use super::LONGEST_LINE;
use super::wiped::Wiped;

/// A text that is cut into lines. A line ends with `\n`, `\r\n` or the text; in what isn't
/// one also with a zero, as for grep: what has no lines has zeros.
#[derive(Debug, Default)]
pub(super) struct Lines {
    /// The beginning of a line whose end is still to come.
    begun: Wiped,
    /// Whether that line is longer than what is kept of it.
    is_cut: bool,
    is_binary: bool,
}

/// A line without its end.
pub(super) struct Line<'a> {
    pub text: &'a [u8],
    /// Whether the line is longer than that.
    pub is_cut: bool,
}

impl Lines {
    /// From here on, a zero ends a line.
    pub fn be_binary(&mut self) {
        self.is_binary = true;
    }

    /// Passes on the lines that end in this piece.
    pub fn add(&mut self, mut piece: &[u8], mut each: impl FnMut(Line<'_>)) {
        while let Some((line, rest)) = self.split(piece) {
            piece = rest;
            if self.begun.as_slice().is_empty() && !self.is_cut && line.len() <= LONGEST_LINE {
                each(Line {
                    text: without_return(line),
                    is_cut: false,
                });
                continue;
            }
            self.begin(line);
            self.end(&mut each);
        }
        self.begin(piece);
    }

    /// Passes on the last line, if nothing but the text ends it.
    pub fn finish(mut self, each: impl FnMut(Line<'_>)) {
        if !self.begun.as_slice().is_empty() {
            self.end(each);
        }
    }

    fn split<'a>(&self, piece: &'a [u8]) -> Option<(&'a [u8], &'a [u8])> {
        let at = match (piece, self.is_binary) {
            // There may be millions of these.
            ([b'\n', ..], _) | ([0, ..], true) => Some(0),
            (_, true) => memchr2(b'\n', 0, piece),
            (_, false) => memchr(b'\n', piece),
        }?;
        let (line, rest) = piece.split_at_checked(at)?;
        Some((line, rest.split_first()?.1))
    }

    /// Keeps the beginning of a line, or more of it.
    fn begin(&mut self, part: &[u8]) {
        let room = LONGEST_LINE - self.begun.as_slice().len();
        let (kept, rest) = part.split_at(room.min(part.len()));
        self.begun.push(kept);
        self.is_cut |= !rest.is_empty();
    }

    fn end(&mut self, mut each: impl FnMut(Line<'_>)) {
        each(Line {
            text: match self.is_cut {
                true => self.begun.as_slice(),
                false => without_return(self.begun.as_slice()),
            },
            is_cut: self.is_cut,
        });
        self.begun.clear();
        self.is_cut = false;
    }
}

fn without_return(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}
