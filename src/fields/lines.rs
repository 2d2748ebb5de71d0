//! The lines of a stream, with no more of it in memory than the longest line
//! that is let through.

use std::io::{self, Read};

use zeroize::{Zeroize, Zeroizing};

use crate::message::internal;

/// How much is read at a time, in bytes. The lines that are at hand after a
/// read are worked on together.
const CHUNK: usize = 256 * 1024;

/// A line with its end, or what is left of the stream.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line<'b> {
    /// Counted from 1.
    pub number: u64,
    pub content: &'b [u8],
}

/// Returns whether there is nothing but white space, as JSON has it, in a line.
pub(super) fn is_blank(line: &[u8]) -> bool {
    let is_space = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\r' | b'\n');
    line.iter().all(is_space)
}

/// A stream, from the line on that is next.
pub(super) struct Input<'s> {
    source: &'s mut dyn Read,
    buffer: Zeroizing<Vec<u8>>,
    /// Where in the buffer the next line begins.
    start: usize,
    /// Up to where there is no line end in it, from `start` on.
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

    /// Returns whether all has been read.
    pub fn has_ended(&self) -> bool {
        self.ended
    }

    /// Returns all that is at hand.
    pub fn rest(&self) -> io::Result<Line<'_>> {
        let rest = self.buffer.split_at_checked(self.start);
        let (_, content) = rest.ok_or_else(outside)?;
        Ok(Line {
            number: self.number,
            content,
        })
    }

    /// Returns how long the lines are together that are at hand whole.
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

    /// Goes on to what is behind that many bytes.
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
        // Where there's no room, nothing is read, as at the stream's end.
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

    /// Reads to the end of the line, which isn't at hand whole, and forgets
    /// it.
    pub fn skip_line(&mut self) -> io::Result<()> {
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
    internal("a line stands outside of what was read")
}

fn last_line_end(bytes: &[u8]) -> Option<usize> {
    // Most parts of a long line have none, and to look for any is faster.
    if !bytes.contains(&b'\n') {
        return None;
    }
    bytes.iter().rposition(|&byte| byte == b'\n')
}
