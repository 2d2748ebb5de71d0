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
        let key = name.collision_key();
        let hash = self.key.hash_one(key.as_str());
        if self.files.contains(&hash) || self.directories.contains(&hash) {
            return false;
        }
        let above: Vec<u64> = key
            .rmatch_indices('/')
            .map(|(end, _)| self.key.hash_one(key.split_at(end).0))
            .collect();
        if above.iter().any(|hash| self.files.contains(hash)) {
            return false;
        }
        self.files.insert(hash);
        self.directories.extend(above);
        true
    }
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
    fn a_file_is_not_where_another_one_needs_a_directory() {
        assert_eq!(added(&["a", "a/b", "c"]), [true, false, true]);
        assert_eq!(
            added(&["a/b/c", "a/b", "A", "b"]),
            [true, false, false, true]
        );
    }
}
