//! Which files have settled: nothing has changed in them for some time.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::batch_id::BatchId;
use super::stamp::Stamp;

/// A file that is to be sealed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Candidate {
    /// The batch in whose claims it is; `None` if it's in the spool.
    pub claimed: Option<BatchId>,
    /// Its path below the spool or the batch's directory.
    pub path: PathBuf,
}

/// What is known of a file.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen {
    pub stamp: Stamp,
    /// When it will have settled, if nothing changes until then.
    due: Instant,
    /// A number that tells entries of the same instant apart.
    number: u64,
}

/// The files that are waited for.
///
/// Its clock is monotonic: a wall clock that is set makes nothing settle.
#[derive(Debug, Default)]
pub(super) struct Settling {
    files: HashMap<Arc<Candidate>, Seen>,
    due: BTreeMap<(Instant, u64), Arc<Candidate>>,
    next: u64,
}

impl Settling {
    /// Notes what a file is now. It will have settled after `settle`, unless it is
    /// noted again with another stamp.
    pub fn observe(&mut self, file: Candidate, stamp: Stamp, now: Instant, settle: Duration) {
        match self.files.get(&file) {
            Some(seen) if seen.stamp == stamp => {}
            _ => self.wait(file, stamp, now, settle),
        }
    }

    /// Notes a file that will have settled after `settle`, whatever was known of it.
    pub fn wait(&mut self, file: Candidate, stamp: Stamp, now: Instant, settle: Duration) {
        self.forget(&file);
        self.next += 1;
        let seen = Seen {
            stamp,
            due: now.checked_add(settle).unwrap_or(now),
            number: self.next,
        };
        let file = Arc::new(file);
        self.due.insert((seen.due, seen.number), file.clone());
        self.files.insert(file, seen);
    }

    /// Forgets a file.
    pub fn forget(&mut self, file: &Candidate) {
        if let Some(seen) = self.files.remove(file) {
            self.due.remove(&(seen.due, seen.number));
        }
    }

    /// Takes a file that has settled: the one that has waited longest.
    pub fn take(&mut self, now: Instant) -> Option<(Candidate, Stamp)> {
        let entry = self.due.first_entry()?;
        let (due, _) = *entry.key();
        if due > now {
            return None;
        }
        let file = entry.remove();
        let seen = self.files.remove(&file)?;
        Some((Arc::unwrap_or_clone(file), seen.stamp))
    }

    /// Returns when the next file will have settled.
    pub fn next_due(&self) -> Option<Instant> {
        self.due.keys().next().map(|(due, _)| *due)
    }

    /// Returns the number of files.
    pub fn len(&self) -> usize {
        self.files.len()
    }
}

impl Candidate {
    pub fn in_spool(path: &Path) -> Self {
        Self {
            claimed: None,
            path: path.to_owned(),
        }
    }
}
