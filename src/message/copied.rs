//! Reading and copying at once.

use std::io::{self, BufRead, Read, Write};

use super::fault::{OpenError, internal};
use super::io::read_buffered;

/// Copies what is consumed to a sink.
pub(super) struct Copied<R, W> {
    source: R,
    sink: W,
    error: Option<io::Error>,
}

impl<R: BufRead, W: Write> Copied<R, W> {
    pub fn new(source: R, sink: W) -> Self {
        Self {
            source,
            sink,
            error: None,
        }
    }

    /// Returns source and sink, or the first error of writing.
    pub fn finish(self) -> Result<(R, W), OpenError> {
        match self.error {
            Some(error) => Err(OpenError::Write(error)),
            None => Ok((self.source, self.sink)),
        }
    }

    fn copy(&mut self, amount: usize) -> io::Result<()> {
        let data = self.source.fill_buf()?;
        let data = data.get(..amount);
        let data = data.ok_or_else(|| internal("more was taken than was read"))?;
        self.sink.write_all(data)
    }
}

impl<R: BufRead, W: Write> BufRead for Copied<R, W> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.source.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        if self.error.is_none() {
            self.error = self.copy(amount).err();
        }
        self.source.consume(amount);
    }
}

impl<R: BufRead, W: Write> Read for Copied<R, W> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        read_buffered(self, buffer)
    }
}
