//! Files that can't be sealed.

use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasher, Hash, RandomState};
use std::num::NonZeroU64;
use std::time::Duration;

use super::settling::Candidate;
use super::stamp::Stamp;

/// The number of tries after which a file is left alone.
const TRIES: u32 = 5;

/// The wait before the second try. It doubles with each further one.
const FIRST_WAIT: Duration = Duration::from_secs(10);

/// The most files that are remembered: they take some 20 MiB. Others are tried again by
/// each look.
const MOST: usize = 400_000;

/// The most files that are named with the reason to whoever asks.
const MOST_NAMED: usize = 100;

/// The files that couldn't be sealed, and what is to be done about them.
///
/// Of each there are only hashes, with keys that nobody knows: as many files as there
/// are may be set aside, and their paths may be long.
#[derive(Debug, Default)]
pub(super) struct Aside {
    keys: RandomState,
    files: HashMap<u64, Failed>,
    /// The first of those that were set aside, and why.
    named: BTreeMap<u64, (Candidate, String)>,
    /// The number of the present look at the spool.
    look: u32,
}

#[derive(Debug)]
struct Failed {
    /// What it was when it was set aside.
    set_aside: Option<NonZeroU64>,
    reason: u32,
    /// The last look at the spool that has found it.
    seen: u32,
    tries: u32,
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
        let reason_given = reason;
        let (stamp, reason) = (self.hash_of(stamp), self.short_hash_of(reason));
        let Some(failed) = self.entry(file) else {
            return (Verdict::SetAside, true);
        };
        failed.tries = failed.tries.saturating_add(1);
        let is_new = failed.reason != reason;
        failed.reason = reason;
        if failed.tries >= TRIES {
            failed.set_aside = Some(stamp);
            self.name(file, reason_given);
            return (Verdict::SetAside, true);
        }
        let doublings = 1 << (failed.tries - 1);
        (Verdict::Again(FIRST_WAIT * doublings), is_new)
    }

    /// Notes that a file can't be sealed as it is, however often it's tried.
    pub fn set_aside(&mut self, file: &Candidate, stamp: Stamp, reason: &str) {
        let reason_given = reason;
        let (stamp, reason) = (self.hash_of(stamp), self.short_hash_of(reason));
        if let Some(failed) = self.entry(file) {
            failed.tries = TRIES;
            failed.reason = reason;
            failed.set_aside = Some(stamp);
            self.name(file, reason_given);
        }
    }

    fn name(&mut self, file: &Candidate, reason: &str) {
        if self.named.len() < MOST_NAMED {
            let key = self.key_of(file);
            self.named.insert(key, (file.clone(), reason.to_owned()));
        }
    }

    fn entry(&mut self, file: &Candidate) -> Option<&mut Failed> {
        let key = self.key_of(file);
        if self.files.len() >= MOST && !self.files.contains_key(&key) {
            return None;
        }
        Some(self.files.entry(key).or_insert(Failed {
            set_aside: None,
            reason: 0,
            seen: self.look,
            tries: 0,
        }))
    }

    /// Returns whether a file is left alone: it has been set aside and is as it was
    /// then.
    pub fn leaves_alone(&mut self, file: &Candidate, stamp: &Stamp) -> bool {
        if self.files.is_empty() {
            return false;
        }
        let (key, stamp) = (self.key_of(file), self.hash_of(stamp));
        let Some(failed) = self.files.get_mut(&key) else {
            return false;
        };
        failed.seen = self.look;
        failed.set_aside == Some(stamp)
    }

    /// Notes that the present look has found a file, which isn't forgotten then.
    pub fn note_found(&mut self, file: &Candidate) {
        let key = self.key_of(file);
        if let Some(failed) = self.files.get_mut(&key) {
            failed.seen = self.look;
        }
    }

    /// Begins a look at the whole spool and all claims.
    pub fn begin_look(&mut self) {
        self.look = self.look.wrapping_add(1);
    }

    /// Forgets the files that were set aside and that the look hasn't found.
    pub fn end_look(&mut self) {
        let look = self.look;
        self.files
            .retain(|_, failed| failed.seen == look || failed.set_aside.is_none());
        let files = &self.files;
        self.named.retain(|key, _| files.contains_key(key));
    }

    /// Forgets a file: it was sealed, or is gone.
    pub fn forget(&mut self, file: &Candidate) {
        if !self.files.is_empty() {
            let key = self.key_of(file);
            self.files.remove(&key);
            self.named.remove(&key);
        }
    }

    /// Notes that a file was claimed by another batch: its tries count on.
    pub fn rename(&mut self, from: &Candidate, to: &Candidate) {
        if self.files.is_empty() {
            return;
        }
        let (old, new) = (self.key_of(from), self.key_of(to));
        if let Some(failed) = self.files.remove(&old) {
            self.files.insert(new, failed);
        }
        if let Some((_, reason)) = self.named.remove(&old) {
            self.named.insert(new, (to.clone(), reason));
        }
    }

    /// Returns the number of files.
    pub fn len(&self) -> usize {
        self.files.len()
    }

    /// Returns the number of files that were set aside.
    pub fn count_set_aside(&self) -> usize {
        let files = self.files.values();
        files.filter(|failed| failed.set_aside.is_some()).count()
    }

    /// Returns the first of the files that were set aside, and why.
    pub fn named(&self) -> impl Iterator<Item = (&Candidate, &str)> {
        let named = self.named.values();
        named.map(|(file, reason)| (file, reason.as_str()))
    }

    /// Tries all files anew.
    pub fn clear(&mut self) {
        self.named.clear();
        self.files.clear();
    }

    fn key_of(&self, file: &Candidate) -> u64 {
        self.keys.hash_one(file)
    }

    fn hash_of(&self, value: impl Hash) -> NonZeroU64 {
        NonZeroU64::new(self.keys.hash_one(value)).unwrap_or(NonZeroU64::MIN)
    }

    fn short_hash_of(&self, reason: &str) -> u32 {
        let [a, b, c, d, ..] = self.keys.hash_one(reason).to_le_bytes();
        // Zero is no reason.
        u32::from_le_bytes([a | 1, b, c, d])
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::time::SystemTime;

    use rustix::fs::fstat;

    use super::{Aside, Candidate, Stamp, TRIES, Verdict};
    use crate::service::batch_id::BatchId;

    fn stamp() -> Stamp {
        Stamp::of(&fstat(tempfile::tempfile().unwrap()).unwrap())
    }

    fn claimed() -> Candidate {
        let id = BatchId::new(SystemTime::now()).unwrap();
        Candidate::claimed(&id, Path::new("a.wav"))
    }

    #[test]
    fn a_file_that_is_claimed_again_and_again_is_set_aside_in_the_end() {
        let (mut aside, stamp) = (Aside::default(), stamp());
        let mut file = Candidate::in_spool(Path::new("a.wav"));
        for tries in 1..=TRIES {
            let next = claimed();
            aside.rename(&file, &next);
            let (verdict, is_new) = aside.fail(&next, stamp, "it can't be read");
            assert_eq!(verdict == Verdict::SetAside, tries == TRIES);
            assert_eq!(is_new, tries == 1 || tries == TRIES);
            file = next;
        }
        assert!(aside.leaves_alone(&file, &stamp));
        assert_eq!(aside.len(), 1);
    }

    #[test]
    fn a_claim_that_was_set_aside_is_forgotten_when_it_is_gone() {
        let (mut aside, stamp) = (Aside::default(), stamp());
        let (kept, other, gone) = (claimed(), claimed(), claimed());
        for file in [&kept, &other, &gone] {
            aside.set_aside(file, stamp, "it can't be read");
        }
        aside.begin_look();
        assert!(aside.leaves_alone(&kept, &stamp));
        aside.note_found(&other);
        aside.end_look();
        for (file, is_left_alone) in [(&kept, true), (&other, true), (&gone, false)] {
            assert_eq!(aside.leaves_alone(file, &stamp), is_left_alone);
        }
    }
}
