//! The limits of private key operations that open nothing.
//!
//! A hostile message can hold any number of recipients that may be any key.
//! Each costs an operation for each key, but next to no bytes: if they are much
//! alike, ZIP shrinks them to a thousandth.

use std::sync::atomic::{AtomicI64, AtomicU64, AtomicUsize, Ordering};

use super::NoIdentity;

/// The most recipients of one message that may be hidden. With the key of any
/// one of them alone, it opens.
pub(crate) const MOST_HIDDEN: usize = 64;

/// The trials that one message may cost, or [`FOR_EACH_KEY`] for each key in
/// the keyring if that is more. Recipients that name a key have trials of their
/// own: hidden ones can't use them up.
const FOR_EACH_MESSAGE: usize = MOST_HIDDEN;

/// With 40 keys, a message to 8 hidden recipients opens even if the last key
/// opens the last of them.
const FOR_EACH_KEY: usize = 8;

/// The trials in vain that a whole job may cost: some seconds.
const FOR_A_JOB: i64 = 4096;

/// The trials that each opened message adds. Keys that have opened a message
/// are tried first on the next one, so honest archives need fewer.
const FOR_AN_OPENED_MESSAGE: i64 = 8;

/// The trials that a job has left, shared by all its threads.
#[derive(Debug)]
pub(crate) struct Trials {
    left: AtomicI64,
}

impl Default for Trials {
    fn default() -> Self {
        Self {
            left: AtomicI64::new(FOR_A_JOB),
        }
    }
}

impl Trials {
    /// Returns the budget of one message, with that many keys in the keyring.
    pub fn for_message(&self, keys: usize) -> MessageTrials<'_> {
        MessageTrials {
            job: self,
            most: keys.saturating_mul(FOR_EACH_KEY).max(FOR_EACH_MESSAGE),
            named: 0,
            others: 0,
        }
    }
}

/// The trials that one message has left.
pub(crate) struct MessageTrials<'a> {
    job: &'a Trials,
    most: usize,
    named: usize,
    others: usize,
}

impl MessageTrials<'_> {
    /// Counts an operation that is about to be made, for a recipient that may
    /// name the key. The first one of each message is always allowed, so that
    /// hostile messages don't block the others.
    pub fn next(&mut self, is_named: bool) -> Result<(), NoIdentity> {
        let is_first = self.named + self.others == 0;
        let made = match is_named {
            true => &mut self.named,
            false => &mut self.others,
        };
        if *made >= self.most {
            return Err(NoIdentity::TooManyTrials { most: self.most });
        }
        if !is_first && self.job.left.load(Ordering::Relaxed) <= 0 {
            return Err(NoIdentity::TrialsUsedUp);
        }
        *made += 1;
        self.job.left.fetch_sub(1, Ordering::Relaxed);
        Ok(())
    }

    /// Notes that the last trial opened the message, and so wasn't in vain.
    pub fn opened(&self) {
        self.job
            .left
            .fetch_add(1 + FOR_AN_OPENED_MESSAGE, Ordering::Relaxed);
    }
}

/// When a key last opened a message, and as which of its recipients. Most
/// archives are sealed to the same ones throughout.
#[derive(Debug, Default)]
pub(super) struct Success {
    at: AtomicU64,
    recipient: AtomicUsize,
}

impl Success {
    /// Returns a number that grows with time; 0 if the key has opened none.
    pub fn at(&self) -> u64 {
        self.at.load(Ordering::Relaxed)
    }

    /// Returns the number of the recipient in its message.
    pub fn recipient(&self) -> usize {
        self.recipient.load(Ordering::Relaxed)
    }

    /// Notes another one, at the time that `clock` shows.
    pub fn note(&self, clock: &AtomicU64, recipient: usize) {
        let now = clock.fetch_add(1, Ordering::Relaxed) + 1;
        self.at.store(now, Ordering::Relaxed);
        self.recipient.store(recipient, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_costs_64_trials_or_8_for_each_key() {
        for (keys, most) in [(0, 64), (1, 64), (8, 64), (9, 72), (40, 320)] {
            let job = Trials::default();
            let mut message = job.for_message(keys);
            for _ in 0..most {
                message.next(false).unwrap();
            }
            assert!(matches!(
                message.next(false),
                Err(NoIdentity::TooManyTrials { most: said }) if said == most
            ));
            message.next(true).unwrap();
        }
    }

    #[test]
    fn a_job_that_has_spent_all_leaves_each_message_its_first_trial() {
        let job = Trials::default();
        for _ in 0..64 {
            let mut message = job.for_message(1);
            for _ in 0..64 {
                message.next(false).unwrap();
            }
        }
        for _ in 0..3 {
            let mut message = job.for_message(1);
            message.next(false).unwrap();
            assert!(matches!(message.next(false), Err(NoIdentity::TrialsUsedUp)));
        }
    }

    #[test]
    fn messages_that_open_make_room_for_trials() {
        let job = Trials::default();
        for _ in 0..100_000 {
            let mut message = job.for_message(40);
            // Eight keys are tried before the one that opens it.
            for _ in 0..9 {
                message.next(false).unwrap();
            }
            message.opened();
        }
    }
}
