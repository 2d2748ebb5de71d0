//! Which files have settled: nothing has changed in them for some time.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::batch_id::BatchId;
use super::later;
use super::stamp::Stamp;

/// The most memory for the files that are waited for. Others are found by a later look.
const MOST_BYTES: usize = 56 << 20;

/// The memory for one of them besides its path: its places in two maps, and what the
/// allocator adds.
const BESIDES: usize = 256;

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
    bytes: usize,
    /// When the file that was taken last had settled.
    taken: Option<Instant>,
}

impl Settling {
    /// Notes what a file is now. It will have settled after `settle`, unless it is
    /// noted again with another stamp.
    ///
    /// Returns whether there is room for it.
    pub fn observe(&mut self, file: Candidate, stamp: Stamp, settle: Duration) -> bool {
        match self.files.get(&file) {
            Some(seen) if seen.stamp == stamp => {}
            None if self.bytes + file.bytes() > MOST_BYTES => return false,
            _ => self.wait(file, stamp, settle),
        }
        true
    }

    /// Notes what a claim is now, for which there is always room. Without `settle`, it
    /// has settled already.
    pub fn observe_claim(&mut self, file: Candidate, stamp: Stamp, settle: Option<Duration>) {
        match (self.files.get(&file), settle) {
            (Some(seen), _) if seen.stamp == stamp => {}
            (_, Some(settle)) => self.wait(file, stamp, settle),
            (_, None) => self.put_back(file, stamp),
        }
    }

    /// Notes a file that will have settled after `settle`, whatever was known of it.
    pub fn wait(&mut self, file: Candidate, stamp: Stamp, settle: Duration) {
        self.insert(file, stamp, later(settle));
    }

    /// Notes a file that had settled and was taken: it comes before all others.
    pub fn put_back(&mut self, file: Candidate, stamp: Stamp) {
        let due = self.taken.unwrap_or_else(Instant::now);
        self.insert(file, stamp, due);
    }

    fn insert(&mut self, file: Candidate, stamp: Stamp, due: Instant) {
        self.forget(&file);
        self.next += 1;
        let seen = Seen {
            stamp,
            due,
            number: self.next,
        };
        self.bytes += file.bytes();
        let file = Arc::new(file);
        self.due.insert((seen.due, seen.number), file.clone());
        self.files.insert(file, seen);
    }

    /// Returns the number of files.
    pub fn len(&self) -> usize {
        self.files.len()
    }

    /// Forgets a file.
    pub fn forget(&mut self, file: &Candidate) {
        if let Some(seen) = self.files.remove(file) {
            self.due.remove(&(seen.due, seen.number));
            self.bytes = self.bytes.saturating_sub(file.bytes());
        }
    }

    /// Forgets the files that aren't meant any more.
    pub fn retain(&mut self, is_meant: impl Fn(&Candidate) -> bool) {
        let files = self.files.keys();
        let others: Vec<Arc<Candidate>> = files.filter(|file| !is_meant(file)).cloned().collect();
        others.iter().for_each(|file| self.forget(file));
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
        self.taken = Some(due);
        self.bytes = self.bytes.saturating_sub(file.bytes());
        Some((Arc::unwrap_or_clone(file), seen.stamp))
    }

    /// Returns when the next file will have settled.
    pub fn next_due(&self) -> Option<Instant> {
        self.due.keys().next().map(|(due, _)| *due)
    }

    /// Returns whether there is room for many more files.
    pub fn has_much_room(&self) -> bool {
        self.bytes < MOST_BYTES / 2
    }
}

impl Candidate {
    pub fn in_spool(path: &Path) -> Self {
        Self {
            claimed: None,
            path: path.to_owned(),
        }
    }

    pub fn claimed(id: &BatchId, path: &Path) -> Self {
        Self {
            claimed: Some(id.clone()),
            path: path.to_owned(),
        }
    }

    /// Returns the memory that it takes while it's waited for.
    fn bytes(&self) -> usize {
        let id = self.claimed.as_ref().map_or(0, |id| id.as_str().len());
        BESIDES + id + self.path.as_os_str().len()
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::time::{Duration, Instant};

    use rustix::fs::fstat;

    use super::{Candidate, MOST_BYTES, Settling};
    use crate::service::stamp::Stamp;

    fn stamp(size: u64) -> Stamp {
        let file = tempfile::tempfile().unwrap();
        file.set_len(size).unwrap();
        Stamp::of(&fstat(&file).unwrap())
    }

    fn file(number: usize) -> Candidate {
        Candidate::in_spool(Path::new(&format!("{number:04096}")))
    }

    #[test]
    fn long_paths_leave_less_room_and_what_is_known_needs_none() {
        let settle = Duration::ZERO;
        let (found, changed) = (stamp(1), stamp(2));
        let mut settling = Settling::default();
        let has_room = |number: &usize| settling.observe(file(*number), found, settle);
        let room = (0..).take_while(has_room).count();
        assert!(
            (MOST_BYTES / 5000..MOST_BYTES / 4096).contains(&room),
            "{room}"
        );
        // Known files are waited for, changed or not; new ones aren't until there is room.
        assert!(settling.observe(file(0), found, settle));
        assert!(settling.observe(file(0), changed, settle));
        assert!(!settling.observe(file(room), found, settle));
        assert!(!settling.has_much_room());
        settling.take(Instant::now()).unwrap();
        assert!(settling.observe(file(room), found, settle));
        while settling.take(Instant::now()).is_some() {}
        assert_eq!(settling.bytes, 0);
        assert!(settling.has_much_room());
    }

    #[test]
    fn what_is_put_back_is_due_and_what_waits_is_not_shortened() {
        let (found, changed) = (stamp(1), stamp(2));
        let mut settling = Settling::default();
        settling.wait(file(0), found, Duration::ZERO);
        let horizon = Instant::now();
        let (taken, _) = settling.take(horizon).unwrap();
        // It belongs to the same round, however long that has taken.
        settling.put_back(taken, found);
        assert_eq!(settling.take(horizon).unwrap().0, file(0));
        settling.wait(file(1), found, Duration::from_secs(3600));
        settling.observe_claim(file(1), found, None);
        assert!(settling.take(Instant::now()).is_none());
        settling.observe_claim(file(1), changed, None);
        assert_eq!(settling.take(horizon).unwrap().0, file(1));
    }

    #[test]
    fn what_is_not_meant_any_more_is_forgotten() {
        let mut settling = Settling::default();
        for number in 0..2 {
            settling.wait(file(number), stamp(1), Duration::ZERO);
        }
        settling.retain(|found| *found == file(1));
        assert_eq!(settling.take(Instant::now()).unwrap().0, file(1));
        assert!(settling.take(Instant::now()).is_none());
        assert_eq!(settling.bytes, 0);
    }
}
