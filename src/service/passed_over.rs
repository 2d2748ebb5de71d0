//! Entries of the spool that aren't files.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::path::Path;

/// The most entries that are named.
const NAMED: usize = 1000;

/// The entries that were reported since they aren't files: each once, and only so many
/// by their names. Of the others, the number is reported when it changes.
#[derive(Debug, Default)]
pub(super) struct PassedOver {
    keys: RandomState,
    /// The last look that has found each, by hashes of their paths and causes.
    named: HashMap<u64, u64>,
    /// The number of the present look at the spool.
    look: u64,
    unnamed: u64,
    reported: u64,
}

impl PassedOver {
    /// Returns the number of those that the last look has found.
    pub fn len(&self) -> u64 {
        self.named.len() as u64 + self.unnamed
    }

    /// Begins a look at the whole spool.
    pub fn begin_look(&mut self) {
        self.look += 1;
        self.unnamed = 0;
    }

    /// Notes an entry. Returns whether it is to be named now.
    pub fn is_new(&mut self, path: &Path, reason: &str) -> bool {
        let key = self.keys.hash_one((path, reason));
        if let Some(seen) = self.named.get_mut(&key) {
            *seen = self.look;
            return false;
        }
        if self.named.len() >= NAMED {
            self.unnamed += 1;
            return false;
        }
        self.named.insert(key, self.look);
        true
    }

    /// Forgets the entries that the look hasn't found. Returns the number of those that
    /// aren't named, if there are some and it has changed.
    pub fn end_look(&mut self) -> Option<u64> {
        let look = self.look;
        self.named.retain(|_, seen| *seen == look);
        let last = std::mem::replace(&mut self.reported, self.unnamed);
        (self.unnamed > 0 && self.unnamed != last).then_some(self.unnamed)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{NAMED, PassedOver};

    /// Looks at that many entries. Returns the number of those that are named, and what
    /// is said of the others.
    fn look(passed_over: &mut PassedOver, entries: usize) -> (usize, Option<u64>) {
        passed_over.begin_look();
        let is_new = |number: &usize| passed_over.is_new(Path::new(&number.to_string()), "a link");
        let named = (0..entries).filter(is_new).count();
        (named, passed_over.end_look())
    }

    #[test]
    fn each_entry_is_named_once_and_more_are_counted_once() {
        let mut passed_over = PassedOver::default();
        assert_eq!(look(&mut passed_over, 20_000), (NAMED, Some(19_000)));
        assert_eq!(look(&mut passed_over, 20_000), (0, None));
        assert_eq!(look(&mut passed_over, 20_001), (0, Some(19_001)));
        assert_eq!(look(&mut passed_over, 1), (0, None));
        assert_eq!(look(&mut passed_over, 2), (1, None));
        assert_eq!(passed_over.named.len(), 2);
    }
}
