//! The waits between tries of what fails.

use std::time::{Duration, Instant};

use super::later;

/// The first wait. It doubles up to the last one.
const FIRST: Duration = Duration::from_secs(1);
const LAST: Duration = Duration::from_secs(60);

/// When something that has failed is tried again: after twice the time, each time.
#[derive(Debug, Default)]
pub(super) struct Backoff {
    failed: Option<Failed>,
}

#[derive(Debug)]
struct Failed {
    until: Instant,
    wait: Duration,
}

impl Backoff {
    /// Notes that a try has failed. Returns the time until the next one.
    pub fn fail(&mut self) -> Duration {
        let last = self.failed.as_ref().map(|failed| failed.wait);
        let wait = last.map_or(FIRST, |last| (last * 2).min(LAST));
        let until = later(wait);
        self.failed = Some(Failed { until, wait });
        wait
    }

    /// Returns when the next try is, if that is later than `now`.
    pub fn waits_until(&self, now: Instant) -> Option<Instant> {
        let until = self.failed.as_ref().map(|failed| failed.until);
        until.filter(|until| *until > now)
    }

    /// Makes the next try come now.
    pub fn try_now(&mut self) {
        if let Some(failed) = &mut self.failed {
            failed.until = Instant::now();
        }
    }

    /// Notes that a try has succeeded. Returns whether one had failed before.
    pub fn succeed(&mut self) -> bool {
        self.failed.take().is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_wait_is_twice_the_one_before_until_a_try_succeeds() {
        let mut backoff = Backoff::default();
        let now = Instant::now();
        assert_eq!(backoff.waits_until(now), None);
        let waits: Vec<u64> = (0..8).map(|_| backoff.fail().as_secs()).collect();
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60]);
        assert!(backoff.waits_until(now).is_some());
        backoff.try_now();
        assert_eq!(backoff.waits_until(Instant::now()), None);
        assert_eq!(backoff.fail().as_secs(), 60);
        assert!(backoff.succeed());
        assert!(!backoff.succeed());
        assert_eq!(backoff.fail().as_secs(), 1);
    }
}
