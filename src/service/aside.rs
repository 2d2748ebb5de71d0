//! Files that can't be sealed.

use std::collections::HashMap;
use std::time::Duration;

use super::settling::Candidate;
use super::stamp::Stamp;

/// The number of tries after which a file is left alone.
const TRIES: u32 = 5;

/// The wait before the second try. It doubles with each further one.
const FIRST_WAIT: Duration = Duration::from_secs(10);

/// The files that couldn't be sealed, and what is to be done about them.
#[derive(Debug, Default)]
pub(super) struct Aside {
    files: HashMap<Candidate, Failed>,
    /// The number of the present look at the spool.
    look: u64,
}

#[derive(Debug)]
struct Failed {
    reason: String,
    tries: u32,
    /// What it was when it was set aside.
    set_aside: Option<Stamp>,
    /// The last look at the spool that has found it.
    seen: u64,
}

/// What is to be done about a file that failed.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is tried again after some time.
    Again(Duration),
    /// It is left alone.
    SetAside,
}

impl Aside {
    /// Notes that a file failed. Returns what is to be done, and whether this is
    /// new.
    pub fn fail(&mut self, file: &Candidate, stamp: Stamp, reason: &str) -> (Verdict, bool) {
        let failed = self.entry(file);
        failed.tries = failed.tries.saturating_add(1);
        let is_new = failed.reason != reason;
        reason.clone_into(&mut failed.reason);
        if failed.tries >= TRIES {
            failed.set_aside = Some(stamp);
            return (Verdict::SetAside, true);
        }
        let doublings = 1 << (failed.tries - 1);
        (Verdict::Again(FIRST_WAIT * doublings), is_new)
    }

    /// Notes that a file can't be sealed as it is, however often it's tried.
    pub fn set_aside(&mut self, file: &Candidate, stamp: Stamp, reason: &str) {
        let failed = self.entry(file);
        failed.tries = TRIES;
        reason.clone_into(&mut failed.reason);
        failed.set_aside = Some(stamp);
    }

    fn entry(&mut self, file: &Candidate) -> &mut Failed {
        self.files.entry(file.clone()).or_insert_with(|| Failed {
            reason: String::new(),
            tries: 0,
            set_aside: None,
            seen: self.look,
        })
    }

    /// Returns whether a file is left alone: it has been set aside and is as it was
    /// then.
    pub fn leaves_alone(&mut self, file: &Candidate, stamp: &Stamp) -> bool {
        let Some(failed) = self.files.get_mut(file) else {
            return false;
        };
        failed.seen = self.look;
        failed.set_aside.as_ref() == Some(stamp)
    }

    /// Begins a look at the whole spool.
    pub fn begin_look(&mut self) {
        self.look += 1;
    }

    /// Forgets the files in the spool that were set aside and that the look hasn't
    /// found.
    pub fn end_look(&mut self) {
        let look = self.look;
        self.files.retain(|file, failed| {
            failed.seen == look || failed.set_aside.is_none() || file.claimed.is_some()
        });
    }

    /// Forgets a file: it was sealed, or is gone.
    pub fn forget(&mut self, file: &Candidate) {
        self.files.remove(file);
    }

    /// Returns the number of files.
    pub fn len(&self) -> usize {
        self.files.len()
    }

    /// Tries all files anew.
    pub fn clear(&mut self) {
        self.files.clear();
    }
}
