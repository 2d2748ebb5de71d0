//! How far compressed messages may expand.

use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::fault::MessageFault;
use crate::keys::Trials;

/// The limits of a job, shared by all its threads: on decompressed plaintext,
/// and on keys that are tried in vain.
///
/// They count the output of compressed packets, and the amount by which ZIP
/// itself has compressed a member: everything else is no larger than the
/// archive that was accepted.
///
/// A clone counts together with what it was cloned from.
#[derive(Clone, Debug)]
pub struct Limits {
    per_message: u64,
    total: u64,
    spent: Arc<AtomicU64>,
    trials: Arc<Trials>,
}

impl Limits {
    /// 8 GiB of plaintext from one message.
    pub const PER_MESSAGE: u64 = 8 << 30;
    /// 64 GiB of plaintext from all messages of a job together.
    pub const TOTAL: u64 = 64 << 30;

    /// Sets the limits in bytes.
    pub fn new(per_message: u64, total: u64) -> Self {
        Self {
            per_message,
            total,
            spent: Arc::default(),
            trials: Arc::default(),
        }
    }

    /// Returns the same limits with nothing spent. The trials of keys go on
    /// counting, since their time was spent.
    #[doc(hidden)]
    pub fn unspent(&self) -> Self {
        Self {
            trials: Arc::clone(&self.trials),
            ..Self::new(self.per_message, self.total)
        }
    }

    /// Returns the limits on trials of keys.
    pub(crate) fn trials(&self) -> &Trials {
        &self.trials
    }

    /// Takes `more` bytes for a message that has taken `so_far` already.
    pub(crate) fn spend(&self, so_far: u64, more: u64) -> Result<(), MessageFault> {
        if so_far.saturating_add(more) > self.per_message {
            return Err(MessageFault::TooLarge {
                limit: self.per_message,
            });
        }
        let before = self.spent.fetch_add(more, Ordering::Relaxed);
        if before.saturating_add(more) > self.total {
            return Err(MessageFault::TotalTooLarge { limit: self.total });
        }
        Ok(())
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::new(Self::PER_MESSAGE, Self::TOTAL)
    }
}

/// A member's bytes, which count as they are read if ZIP has compressed them:
/// not all of a message is read if only its envelope matters.
pub(crate) struct Inflated<'a, R> {
    source: R,
    limits: &'a Limits,
    /// The number of bytes by which the member is larger than its stored form,
    /// `charged` of which have been read.
    expands: u64,
    charged: u64,
}

impl<'a, R> Inflated<'a, R> {
    pub fn new(source: R, expands: u64, limits: &'a Limits) -> Self {
        Self {
            source,
            limits,
            expands,
            charged: 0,
        }
    }
}

impl<R: Read> Read for Inflated<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.source.read(buffer)?;
        let more = (self.expands - self.charged).min(length as u64);
        self.limits.spend(self.charged, more)?;
        self.charged += more;
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_zip_compressed_bytes_only_those_read_count() {
        let limits = Limits::new(100, 10);
        let read = |expands, length| {
            let mut source = Inflated::new(io::repeat(1), expands, &limits);
            source.read(&mut vec![0; length])
        };
        assert_eq!(read(0, 100).unwrap(), 100);
        assert_eq!(read(4, 100).unwrap(), 100);
        assert_eq!(read(100, 6).unwrap(), 6);
        let error = super::super::OpenError::from(read(1, 1).unwrap_err());
        assert!(error.to_string().contains("more than 10 bytes"), "{error}");
    }

    #[test]
    fn a_message_may_reach_its_limit_but_not_pass_it() {
        let limits = Limits::new(10, 100);
        assert_eq!(limits.spend(0, 10), Ok(()));
        assert_eq!(
            limits.spend(10, 1),
            Err(MessageFault::TooLarge { limit: 10 })
        );
    }

    #[test]
    fn messages_together_may_reach_the_total_but_not_pass_it() {
        let limits = Limits::new(10, 15);
        assert_eq!(limits.spend(0, 10), Ok(()));
        assert_eq!(limits.spend(0, 5), Ok(()));
        assert_eq!(
            limits.spend(5, 1),
            Err(MessageFault::TotalTooLarge { limit: 15 })
        );
    }
}
