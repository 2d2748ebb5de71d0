//! The progress reports of a job.

use std::io::{self, Read};

/// A receiver of a job's progress, from all of its threads.
pub trait Progress: Sync {
    /// The job begins, with that many members of that many bytes in all; or the
    /// next part of it, which is counted from nothing.
    fn begin(&self, members: u64, bytes: u64);
    /// Some more bytes are done.
    fn bytes(&self, count: u64);
    /// One more member is done.
    fn member(&self);
}

/// Ignores all progress.
#[derive(Clone, Copy, Debug)]
pub struct NoProgress;

impl Progress for NoProgress {
    fn begin(&self, _: u64, _: u64) {}
    fn bytes(&self, _: u64) {}
    fn member(&self) {}
}

/// Reports what is read through it.
pub(crate) struct Counted<'a, R> {
    pub source: R,
    pub progress: &'a dyn Progress,
}

impl<R: Read> Read for Counted<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.source.read(buffer)?;
        self.progress.bytes(n as u64);
        Ok(n)
    }
}

/// Shows that reading goes on, where its bytes were counted before.
pub(crate) struct Alive<'a, R> {
    pub source: R,
    pub progress: &'a dyn Progress,
}

impl<R: Read> Read for Alive<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.progress.bytes(0);
        self.source.read(buffer)
    }
}
