//! The limit of what is read of a message before its sealed data.

use std::io::{self, BufRead, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::fault::MessageFault;
use super::io::read_buffered;

/// The limit of what may come before a message's sealed data, in bytes, be it
/// text or not: recipients, headers, white space, whatever is skipped.
/// Recipients have a lower limit; a list of revoked certificates may take some
/// megabytes. The front takes time for each message of an archive, and ZIP
/// shrinks it to a thousandth.
const MAX_FRONT: u64 = 8 * 1024 * 1024;

/// The limit once it's lifted.
const NO_LIMIT: u64 = u64::MAX;

/// The limit of one message's front.
pub(super) struct FrontLimit {
    left: Arc<AtomicU64>,
}

/// A source that has a limit, until the limit is lifted.
pub(super) struct Limited<R> {
    source: R,
    left: Arc<AtomicU64>,
}

impl FrontLimit {
    /// Returns whether a front of that many bytes is within the limit.
    pub fn has_room(length: usize) -> bool {
        length as u64 <= MAX_FRONT
    }

    /// Limits a source from its current position.
    pub fn new<R>(source: R) -> (Self, Limited<R>) {
        let left = Arc::new(AtomicU64::new(MAX_FRONT));
        let limited = Limited {
            source,
            left: Arc::clone(&left),
        };
        (Self { left }, limited)
    }

    /// Lifts the limit once the sealed data has been reached.
    pub fn lift(self) {
        self.left.store(NO_LIMIT, Ordering::Relaxed);
    }
}

impl<R: BufRead> BufRead for Limited<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        let left = self.left.load(Ordering::Relaxed);
        if left == 0 {
            let what = "more than 8 MiB precede its sealed data";
            return Err(MessageFault::Malformed(what.into()).into());
        }
        let octets = self.source.fill_buf()?;
        let limit = usize::try_from(left).unwrap_or(usize::MAX);
        Ok(octets.get(..limit).unwrap_or(octets))
    }

    fn consume(&mut self, amount: usize) {
        self.source.consume(amount);
        let left = self.left.load(Ordering::Relaxed);
        if left != NO_LIMIT {
            let left = left.saturating_sub(amount as u64);
            self.left.store(left, Ordering::Relaxed);
        }
    }
}

impl<R: BufRead> Read for Limited<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        read_buffered(self, buffer)
    }
}
