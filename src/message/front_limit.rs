//! How much of a message is read before its sealed data begins.

use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::fault::MessageFault;

/// So many bytes of a message, be it text or not, may come before its
/// sealed data: recipients, headers, white space, whatever is passed over.
/// Recipients are held to less; a list of revoked certificates may take some
/// megabytes. What is there costs time for each message of an archive, and
/// ZIP makes a thousandth of it.
const MAX_FRONT: u64 = 8 * 1024 * 1024;

/// Lifted.
const NO_LIMIT: u64 = u64::MAX;

/// The limit of one message's front.
pub(super) struct FrontLimit {
    left: Arc<AtomicU64>,
}

/// A source that has a limit, until that is lifted.
pub(super) struct Limited<R> {
    source: R,
    left: Arc<AtomicU64>,
}

impl FrontLimit {
    /// Limits a source from where it stands.
    pub fn new<R>(source: R) -> (Self, Limited<R>) {
        let left = Arc::new(AtomicU64::new(MAX_FRONT));
        let limited = Limited {
            source,
            left: Arc::clone(&left),
        };
        (Self { left }, limited)
    }

    /// The sealed data has been reached.
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
        // `take` has seen to it that this is no less than nothing.
        self.left
            .store(left.saturating_sub(length as u64), Ordering::Relaxed);
        Ok(length)
    }
}
