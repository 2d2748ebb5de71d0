//! The hashes that the entries of an archive have to have.

use super::fault::SignedFault;
use crate::archive::Member;
use crate::manifest::Hashes;

/// The hash that an entry has to have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::jobs) enum ExpectedHash {
    /// Of all of it.
    Entry([u8; 32]),
    /// Of its sealed data.
    Sealed([u8; 32]),
}

/// The hashes that the entries of an archive have to have, as signed lists say.
#[derive(Debug, Default)]
pub(in crate::jobs) struct Expected {
    /// By the entries' offsets, in their order.
    manifest: Vec<(u64, Hashes)>,
    origin: Vec<(u64, ExpectedHash)>,
}

impl Expected {
    /// Returns whether anything is expected of any entry.
    pub fn is_empty(&self) -> bool {
        self.manifest.is_empty() && self.origin.is_empty()
    }

    /// Takes the hashes of all entries, each with its offset.
    pub fn all_entries(&mut self, mut hashes: Vec<(u64, Hashes)>) {
        hashes.sort_unstable_by_key(|(offset, _)| *offset);
        self.manifest = hashes;
    }

    /// Takes the hashes of the sealed data of all members.
    pub fn all_members(&mut self, mut hashes: Vec<(u64, ExpectedHash)>) {
        hashes.sort_unstable_by_key(|(offset, _)| *offset);
        self.origin = hashes;
    }

    /// Returns the hash of the manifest for an entry.
    pub fn in_manifest(&self, entry: &Member) -> Option<[u8; 32]> {
        Some(find(&self.manifest, entry)?.entry)
    }

    /// Returns the hash of the origin for a member.
    pub fn in_origin(&self, entry: &Member) -> Option<ExpectedHash> {
        find(&self.origin, entry)
    }

    /// Compares the hashes of an entry with those that it has to have.
    pub fn compare(&self, entry: &Member, hashes: &Hashes) -> Result<(), SignedFault> {
        let is_entry = |hash| hashes.entry == hash;
        if !self.in_manifest(entry).is_none_or(is_entry) {
            return Err(SignedFault::Altered);
        }
        match self.in_origin(entry) {
            Some(ExpectedHash::Entry(hash)) if !is_entry(hash) => Err(SignedFault::Altered),
            Some(ExpectedHash::Sealed(hash)) if hashes.sealed != Some(hash) => {
                Err(SignedFault::OtherSealed)
            }
            _ => Ok(()),
        }
    }

    /// Compares the sealed data of an entry, which may have other recipients now.
    pub fn compare_sealed(&self, entry: &Member, hashes: &Hashes) -> Result<(), SignedFault> {
        let signed = find(&self.manifest, entry).and_then(|hashes| hashes.sealed);
        let origin = match self.in_origin(entry) {
            Some(ExpectedHash::Sealed(hash)) => Some(hash),
            _ => None,
        };
        let mut expected = signed.into_iter().chain(origin);
        match expected.all(|hash| hashes.sealed == Some(hash)) {
            true => Ok(()),
            false => Err(SignedFault::OtherSealed),
        }
    }

    /// Returns what has to be checked before anything of an entry is published.
    /// The manifest says more than the origin.
    pub fn of(&self, entry: &Member) -> Option<ExpectedHash> {
        let all = self.in_manifest(entry).map(ExpectedHash::Entry);
        all.or_else(|| self.in_origin(entry))
    }
}

fn find<H: Copy>(hashes: &[(u64, H)], entry: &Member) -> Option<H> {
    let offset = entry.offset();
    let place = hashes.binary_search_by_key(&offset, |(offset, _)| *offset);
    let (_, hash) = hashes.get(place.ok()?)?;
    Some(*hash)
}
