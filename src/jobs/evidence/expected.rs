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
    manifest: Vec<(u64, [u8; 32])>,
    origin: Vec<(u64, ExpectedHash)>,
}

impl Expected {
    /// Takes the hashes of all entries, each with its offset.
    pub fn all_entries(&mut self, mut hashes: Vec<(u64, [u8; 32])>) {
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
        find(&self.manifest, entry)
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
}

fn find<H: Copy>(hashes: &[(u64, H)], entry: &Member) -> Option<H> {
    let offset = entry.offset();
    let place = hashes.binary_search_by_key(&offset, |(offset, _)| *offset);
    let (_, hash) = hashes.get(place.ok()?)?;
    Some(*hash)
}
