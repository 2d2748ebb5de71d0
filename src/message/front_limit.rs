//! The limit of what is read of a message before its sealed data.

use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::fault::MessageFault;

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

impl<R: Read> Read for Limited<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.left.load(Ordering::Relaxed);
        if left == NO_LIMIT {
            return self.source.read(buffer);
        }
        if left == 0 {
            let what = "more than 8 MiB precede its sealed data";
            return Err(MessageFault::Malformed(what.into()).into());
        }
        let length = self.source.by_ref().take(left).read(buffer)?;
        // `take` ensures that this doesn't go below zero.
        self.left
            .store(left.saturating_sub(length as u64), Ordering::Relaxed);
        Ok(length)
    }
}
