//! Hashes of names, to find equal ones among a million.

use std::hash::{BuildHasher, RandomState};

/// Hashes of names. They take 8 bytes for each name, where a set of the names
/// takes them once more and several times as long.
///
/// Two names with equal hashes may be equal: compare them then. That is rare
/// otherwise, since nobody can choose names for their hashes: the key is random.
pub(crate) struct NameHashes {
    key: RandomState,
    sorted: Vec<u64>,
}

impl NameHashes {
    /// Hashes names; `name` writes that of an item into an empty buffer.
    pub fn of<T>(items: impl ExactSizeIterator<Item = T>, name: impl Fn(T, &mut Vec<u8>)) -> Self {
        let key = RandomState::new();
        let mut sorted = Vec::with_capacity(items.len());
        let mut buffer = Vec::new();
        for item in items {
            buffer.clear();
            name(item, &mut buffer);
            sorted.push(key.hash_one(buffer.as_slice()));
        }
        sorted.sort_unstable();
        Self { key, sorted }
    }

    /// Returns whether two of the names may be equal. If not, all differ.
    pub fn may_repeat(&self) -> bool {
        self.sorted
            .windows(2)
            .any(|pair| matches!(pair, [one, next] if one == next))
    }

    /// Returns whether this may be one of the names. If not, it's none of them.
    pub fn may_have(&self, name: &[u8]) -> bool {
        self.sorted.binary_search(&self.key.hash_one(name)).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hashes(names: &[&str]) -> NameHashes {
        NameHashes::of(names.iter(), |name, buffer| {
            buffer.extend_from_slice(name.as_bytes());
        })
    }

    #[test]
    fn equal_names_are_found_wherever_they_are() {
        assert!(hashes(&["b", "a", "c", "b"]).may_repeat());
        assert!(!hashes(&["b", "a", "c", "ab", "ba", ""]).may_repeat());
        assert!(!hashes(&[]).may_repeat());
    }

    #[test]
    fn a_name_is_known_again() {
        let hashes = hashes(&["b", "a"]);
        assert!(hashes.may_have(b"a") && hashes.may_have(b"b"));
        assert!(!hashes.may_have(b"ab") && !hashes.may_have(b""));
    }
}
