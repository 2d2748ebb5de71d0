//! The names of all messages, before any of them is read.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, RandomState};

use super::fault::MessagePlace;
use super::input::{Item, ItemName, Sealed, fold};
use crate::jobs::error::Error;

/// What is known of all messages before any of them is read. Their names aren't
/// held: there may be a million of them, in thousands of archives.
pub(super) struct Names {
    pub members: usize,
    /// The size of all messages, as it is stated.
    pub bytes: u64,
    pub left_out: Vec<MessagePlace>,
    digests: Digests,
}

impl Names {
    /// Checks the names, and that all of them can be in one archive.
    ///
    /// # Errors
    ///
    /// A name isn't that of a message; or two messages would be the same file on
    /// some system, or one a file where the other needs a directory.
    pub fn of(from: &[Sealed<'_>]) -> Result<Self, Error> {
        let mut digests = Digests {
            key: RandomState::new(),
            inputs: vec![0; from.len()],
        };
        let mut paths = Paths::new(digests.key.clone());
        let mut left_out = Vec::new();
        let note = |place| left_out.push(place);
        let (members, bytes) = fold(from, (0, 0_u64), note, |(members, bytes), items| {
            let mut bytes: u64 = bytes;
            for (input, item) in items {
                let ItemName { stored, name, .. } = item.name()?;
                paths.add(&name.collision_key());
                digests.add(*input, &stored);
                bytes = bytes.saturating_add(item.size());
            }
            Ok((members + items.len(), bytes))
        })?;
        let suspects = paths.suspects();
        if !suspects.is_empty() {
            refuse_equal(from, &digests.key, &suspects)?;
        }
        Ok(Self {
            members,
            bytes,
            left_out,
            digests,
        })
    }

    /// Returns what the names are noted in when they are read again.
    pub fn again(&self) -> Digests {
        Digests {
            key: self.digests.key.clone(),
            inputs: vec![0; self.digests.inputs.len()],
        }
    }

    /// Refuses names that are not what they were: nobody has checked them.
    pub fn compare(&self, from: &[Sealed<'_>], again: &Digests) -> Result<(), Error> {
        let digests = self.digests.inputs.iter().zip(&again.inputs);
        let mut compared = from.iter().zip(digests);
        match compared.find(|(_, (before, now))| before != now) {
            None => Ok(()),
            Some((input, _)) => Err(input.changed()),
        }
    }
}

/// A hash of all names of each input.
pub(super) struct Digests {
    key: RandomState,
    inputs: Vec<u64>,
}

impl Digests {
    pub fn add(&mut self, input: usize, stored: &str) {
        if let Some(digest) = self.inputs.get_mut(input) {
            *digest = self.key.hash_one((*digest, stored));
        }
    }
}

/// The hashes of paths, and of the directories above them. Equal ones may be equal
/// paths.
struct Paths {
    key: RandomState,
    files: Vec<u64>,
    directories: HashSet<u64>,
}

impl Paths {
    fn new(key: RandomState) -> Self {
        Self {
            key,
            files: Vec::new(),
            directories: HashSet::new(),
        }
    }

    fn add(&mut self, path: &str) {
        self.files.push(self.key.hash_one(path));
        for directory in directories(path) {
            if !self.directories.insert(self.key.hash_one(directory)) {
                // Those above it are known as well.
                break;
            }
        }
    }

    /// Returns the hashes of those that may be there twice.
    fn suspects(mut self) -> HashSet<u64> {
        self.files.sort_unstable();
        let pairs = self.files.iter().zip(self.files.iter().skip(1));
        let equal = pairs.filter(|(one, next)| one == next);
        let mut suspects: HashSet<u64> = equal.map(|(one, _)| *one).collect();
        let both = self
            .files
            .iter()
            .filter(|file| self.directories.contains(file));
        suspects.extend(both);
        suspects
    }
}

/// Returns the directories above a path, from the innermost on.
fn directories(path: &str) -> impl Iterator<Item = &str> {
    path.rmatch_indices('/')
        .map(|(end, _)| path.split_at(end).0)
}

/// Reads the names again, and compares those of equal hashes.
fn refuse_equal(
    from: &[Sealed<'_>],
    key: &RandomState,
    suspects: &HashSet<u64>,
) -> Result<(), Error> {
    let is_suspect = |path: &str| suspects.contains(&key.hash_one(path));
    let mut files: HashMap<String, MessagePlace> = HashMap::new();
    let mut above: HashMap<String, MessagePlace> = HashMap::new();
    let ignore = |_| {};
    let mut note = |item: &Item<'_>| {
        let path = item.name()?.name.collision_key();
        let same = |first: &MessagePlace| Error::SameMember {
            first: first.clone(),
            second: item.place(),
        };
        for directory in directories(&path).filter(|directory| is_suspect(directory)) {
            if let Some(first) = files.get(directory) {
                return Err(same(first));
            }
            above
                .entry(directory.to_owned())
                .or_insert_with(|| item.place());
        }
        if is_suspect(&path) {
            if let Some(first) = files.get(&path).or_else(|| above.get(&path)) {
                return Err(same(first));
            }
            files.insert(path, item.place());
        }
        Ok(())
    };
    fold(from, (), ignore, |(), items| {
        items.iter().try_for_each(|(_, item)| note(item))
    })
}
