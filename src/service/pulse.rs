//! Whether a service goes on.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::Job;
use crate::jobs::{Alive, Progress};

/// Shows that a service goes on, however long a step takes: it beats with each piece of a
/// file. Any thread may look at it.
#[derive(Debug, Default)]
pub struct Pulse {
    beats: AtomicU64,
    is_idle: AtomicBool,
}

impl Pulse {
    /// Returns the number of beats so far; `None` while there is nothing to do.
    pub fn beats(&self) -> Option<u64> {
        let beats = self.beats.load(Ordering::Relaxed);
        (!self.is_idle.load(Ordering::Relaxed)).then_some(beats)
    }

    pub(super) fn beat(&self) {
        self.beats.fetch_add(1, Ordering::Relaxed);
    }

    /// Waits for something to do. While anything is done beside the service, that has to
    /// show that it goes on.
    pub(super) fn wait(&self, is_idle: bool, wait: impl FnOnce()) {
        self.is_idle.store(is_idle, Ordering::Relaxed);
        wait();
        self.is_idle.store(false, Ordering::Relaxed);
        if is_idle {
            self.beat();
        }
    }
}

impl Progress for Pulse {
    fn begin(&self, _: u64, _: u64) {
        self.beat();
    }

    fn bytes(&self, _: u64) {
        self.beat();
    }

    fn member(&self) {
        self.beat();
    }
}

/// The workers of a service. Whatever they do, its pulse shows it.
#[derive(Clone, Debug)]
pub(super) struct Workers {
    pub count: NonZeroUsize,
    pub pulse: Arc<Pulse>,
}

impl Workers {
    pub fn new(count: NonZeroUsize) -> Self {
        Self {
            count,
            pulse: Arc::default(),
        }
    }

    /// Returns whether something can be done beside the service.
    pub fn are_several(&self) -> bool {
        self.count.get() > 1
    }

    /// Returns a source that shows while it's read that the service goes on.
    pub fn alive<R>(&self, source: R) -> Alive<'_, R> {
        Alive {
            source,
            progress: &*self.pulse,
        }
    }

    /// Begins a job of theirs.
    pub fn job(&self) -> Job<'_> {
        Job::new().workers(self.count).progress(&*self.pulse)
    }
}

#[cfg(test)]
mod tests {
    use super::Pulse;

    #[test]
    fn a_service_that_waits_for_something_to_do_has_no_beats_to_count() {
        let pulse = Pulse::default();
        let before = pulse.beats().unwrap();
        pulse.wait(true, || assert_eq!(pulse.beats(), None));
        assert!(pulse.beats().unwrap() > before);
    }

    #[test]
    fn a_service_beside_which_something_is_done_has_to_show_that_it_goes_on() {
        let pulse = Pulse::default();
        let before = pulse.beats();
        pulse.wait(false, || assert_eq!(pulse.beats(), before));
        assert_eq!(pulse.beats(), before);
    }
}
