//! The lines of a stream, with at most the longest allowed line of it in
//! memory.

use std::io::{self, Read};

use zeroize::{Zeroize, Zeroizing};

use crate::message::internal;

/// The amount that is read at a time, in bytes. The complete lines after a read
/// are worked on together.
const CHUNK: usize = 256 * 1024;

/// A line with its end, or the rest of the stream.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line<'b> {
    /// Counted from 1.
    pub number: u64,
    pub content: &'b [u8],
}

/// Returns whether a line has only white space, as JSON defines it.
pub(super) fn is_blank(line: &[u8]) -> bool {
    let is_space = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\r' | b'\n');
    line.iter().all(is_space)
}

/// A stream, from the next line on.
pub(super) struct Input<'s> {
    source: &'s mut dyn Read,
    buffer: Zeroizing<Vec<u8>>,
    /// The start of the next line in the buffer.
    start: usize,
    /// The end of the part from `start` on that is known to have no line end.
    searched: usize,
    number: u64,
    ended: bool,
}

impl<'s> Input<'s> {
    pub fn new(source: &'s mut dyn Read) -> Self {
        Self {
            source,
            buffer: Zeroizing::default(),
            start: 0,
            searched: 0,
            number: 1,
            ended: false,
        }
    }

    /// Returns whether everything has been read.
    pub fn has_ended(&self) -> bool {
        self.ended
    }

    /// Returns everything that is buffered.
    pub fn rest(&self) -> io::Result<Line<'_>> {
        let rest = self.buffer.split_at_checked(self.start);
        let (_, content) = rest.ok_or_else(outside)?;
        Ok(Line {
            number: self.number,
            content,
        })
    }

    /// Returns the length of all complete lines in the buffer together.
    pub fn complete(&mut self) -> io::Result<usize> {
        let end = if self.ended {
            self.buffer.len()
        } else {
            let unsearched = self.buffer.get(self.searched..).ok_or_else(outside)?;
            match last_line_end(unsearched) {
                Some(last) => self.searched + last + 1,
                None => {
                    self.searched = self.buffer.len();
                    self.start
                }
            }
        };
        end.checked_sub(self.start).ok_or_else(outside)
    }

    /// Returns the lines in the next `length` bytes.
    pub fn lines(&self, length: usize) -> io::Result<impl Iterator<Item = Line<'_>>> {
        let lines = self.rest()?.content.split_at_checked(length);
        let (lines, _) = lines.ok_or_else(outside)?;
        let lines = lines.split_inclusive(|&byte| byte == b'\n');
        let lines = lines.zip(self.number..);
        Ok(lines.map(|(content, number)| Line { number, content }))
    }

    /// Skips that many bytes.
    pub fn consume(&mut self, length: usize) -> io::Result<()> {
        let gone = self.rest()?.content.split_at_checked(length);
        let (gone, _) = gone.ok_or_else(outside)?;
        self.number += gone.iter().filter(|&&byte| byte == b'\n').count() as u64;
        self.start += length;
        self.searched = self.searched.max(self.start);
        Ok(())
    }

    /// Reads more.
    pub fn fill(&mut self) -> io::Result<()> {
        self.searched -= self.start;
        self.buffer.drain(..self.start);
        self.start = 0;
        let filled = self.buffer.len();
        self.buffer.resize(filled + CHUNK, 0);
        // If there's no room, nothing is read, as at the stream's end.
        let room = self.buffer.get_mut(filled..).ok_or_else(outside)?;
        let read = loop {
            match self.source.read(room) {
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                read => break read,
            }
        };
        let count = *read.as_ref().unwrap_or(&0);
        self.buffer.truncate(filled + count);
        self.ended = read? == 0;
        Ok(())
    }

    /// Reads to the end of the line, which isn't complete in the buffer, and
    /// drops it.
    pub fn skip_line(&mut self) -> io::Result<()> {
        // Wiping takes as long as the buffer is large, so that the rest of the
        // line goes through a small one.
        self.buffer = Zeroizing::default();
        loop {
            self.buffer.zeroize();
            (self.start, self.searched) = (0, 0);
            self.fill()?;
            let length = self.complete()?;
            let line = self.lines(length)?.next().map(|line| line.content.len());
            if let Some(length) = line {
                return self.consume(length);
            }
            if self.ended {
                return Ok(());
            }
        }
    }
}

fn outside() -> io::Error {
    internal("a line is outside of what was read")
}

fn last_line_end(bytes: &[u8]) -> Option<usize> {
    // Most parts of a long line have none, and checking for any is faster.
    if !bytes.contains(&b'\n') {
        return None;
    }
    bytes.iter().rposition(|&byte| byte == b'\n')
}
