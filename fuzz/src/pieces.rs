//! A source that gives a few bytes at a time, as pipes do.

use std::io::{self, Read};

/// A reader that gives one byte, then two, and so on up to a limit, then one
/// again.
pub struct Pieces<R> {
    source: R,
    limit: usize,
    next: usize,
}

impl<R: Read> Pieces<R> {
    pub fn new(source: R, limit: usize) -> Self {
        Self {
            source,
            limit,
            next: 0,
        }
    }
}

impl<R: Read> Read for Pieces<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.next = self.next % self.limit + 1;
        let length = buffer.len().min(self.next);
        self.source.read(&mut buffer[..length])
    }
}
