//! Names that can be together in one archive.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};

use crate::archive::MemberName;

/// The names of an archive's members, as hashes: there may be a million of them.
///
/// Two different names may have the same hash. That is rare, since nobody can choose
/// names for their hashes, and harmless: one of them goes into another archive.
#[derive(Debug, Default)]
pub(super) struct Names {
    key: RandomState,
    files: HashSet<u64>,
    directories: HashSet<u64>,
}

impl Names {
    /// Adds a name, unless it's the same as another one on some file system, or one
    /// of them is a file where the other needs a directory. Returns whether it was
    /// added.
    pub fn add(&mut self, name: &MemberName) -> bool {
        let hashes = self.hashes(&name.collision_key());
        let fits = self.fits(&hashes);
        if fits {
            self.insert(hashes);
        }
        fits
    }

    /// Adds names that fit each other, by their collision keys, unless one of them
    /// doesn't fit those that are there. Returns whether they were added.
    pub fn add_all(&mut self, keys: &[String]) -> bool {
        let fit = keys.iter().all(|key| self.fits(&self.hashes(key)));
        if fit {
            for key in keys {
                self.insert(self.hashes(key));
            }
        }
        fit
    }

    fn hashes(&self, key: &str) -> Hashes {
        let above = key.rmatch_indices('/');
        let above = above.map(|(end, _)| self.key.hash_one(key.split_at(end).0));
        Hashes {
            file: self.key.hash_one(key),
            above: above.collect(),
        }
    }

    fn fits(&self, Hashes { file, above }: &Hashes) -> bool {
        let is_taken = self.files.contains(file) || self.directories.contains(file);
        !is_taken && !above.iter().any(|hash| self.files.contains(hash))
    }

    fn insert(&mut self, Hashes { file, above }: Hashes) {
        self.files.insert(file);
        self.directories.extend(above);
    }
}

/// The hashes of a name and of the directories above it.
struct Hashes {
    file: u64,
    above: Vec<u64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn added(names: &[&str]) -> Vec<bool> {
        let mut taken = Names::default();
        let names = names.iter().map(|name| MemberName::parse(name).unwrap());
        names.map(|name| taken.add(&name)).collect()
    }

    #[test]
    fn names_that_are_the_same_somewhere_are_not_together() {
        assert_eq!(
            added(&["a/b.wav", "a/c.wav", "A/B.wav", "a/b.wav"]),
            [true, true, false, false]
        );
    }

    #[test]
    fn of_several_names_all_are_added_or_none() {
        let keys = |names: &[&str]| -> Vec<String> {
            let names = names.iter().map(|name| MemberName::parse(name).unwrap());
            names.map(|name| name.collision_key()).collect()
        };
        let mut taken = Names::default();
        assert!(taken.add_all(&keys(&["a", "b/c"])));
        assert!(!taken.add_all(&keys(&["d", "A"])));
        assert!(!taken.add_all(&keys(&["d", "b"])));
        assert!(taken.add_all(&keys(&["d", "b/d"])));
    }

    #[test]
    fn a_file_is_not_where_another_one_needs_a_directory() {
        assert_eq!(added(&["a", "a/b", "c"]), [true, false, true]);
        assert_eq!(
            added(&["a/b/c", "a/b", "A", "b"]),
            [true, false, false, true]
        );
    }
}
