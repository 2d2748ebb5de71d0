//! The hashes that the entries of an archive have to have.

use std::sync::OnceLock;

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
    origin: Vec<(u64, InOrigin)>,
}

/// What the origin says of a member.
#[derive(Debug)]
struct InOrigin {
    hash: ExpectedHash,
    /// The SHA-256 of all of it, which is known when it has been compared.
    all: OnceLock<[u8; 32]>,
}

impl Expected {
    /// Takes the hashes of all entries, each with its offset.
    pub fn all_entries(&mut self, mut hashes: Vec<(u64, Hashes)>) {
        hashes.sort_unstable_by_key(|(offset, _)| *offset);
        self.manifest = hashes;
    }

    /// Takes what the origin says of all members, each with its offset.
    pub fn all_members(&mut self, hashes: Vec<(u64, ExpectedHash)>) {
        let member = |(offset, hash)| {
            let all = OnceLock::new();
            (offset, InOrigin { hash, all })
        };
        self.origin = hashes.into_iter().map(member).collect();
        self.origin.sort_unstable_by_key(|(offset, _)| *offset);
    }

    /// Returns the hashes of the manifest for an entry.
    pub fn in_manifest(&self, entry: &Member) -> Option<Hashes> {
        find(&self.manifest, entry).copied()
    }

    /// Returns whether the origin says something of a member.
    pub fn is_in_origin(&self, entry: &Member) -> bool {
        find(&self.origin, entry).is_some()
    }

    /// Returns whether a list says what is sealed in a member: the origin, or the
    /// manifest if that is to become one.
    pub fn names_sealed(&self, member: &Member, list: KeptList) -> bool {
        match list {
            KeptList::Manifest => {
                let listed = find(&self.manifest, member);
                listed.is_some_and(|hashes| hashes.sealed.is_some())
            }
            KeptList::Origin => {
                let listed = find(&self.origin, member);
                listed.is_some_and(|listed| matches!(listed.hash, ExpectedHash::Sealed(_)))
            }
        }
    }

    /// Returns whether a member has yet to be compared with the origin. Then it
    /// isn't known what all of it has to be.
    pub fn is_to_be_compared(&self, entry: &Member) -> bool {
        find(&self.origin, entry).is_some_and(|origin| origin.all.get().is_none())
    }

    /// Returns the SHA-256 that all of an entry has to have, as far as it's known.
    pub fn entry_hash(&self, entry: &Member) -> Option<[u8; 32]> {
        let compared = find(&self.origin, entry).and_then(|origin| origin.all.get());
        let listed = self.in_manifest(entry).map(|hashes| hashes.entry);
        listed.or(compared.copied())
    }

    /// Compares the hashes of an entry with those that it has to have.
    pub fn compare(&self, entry: &Member, hashes: &Hashes) -> Result<(), SignedFault> {
        let is_entry = |hash| hashes.entry == hash;
        let listed = self.in_manifest(entry).map(|listed| listed.entry);
        if !listed.is_none_or(is_entry) {
            return Err(SignedFault::Altered);
        }
        let Some(origin) = find(&self.origin, entry) else {
            return Ok(());
        };
        match origin.hash {
            ExpectedHash::Entry(hash) if !is_entry(hash) => return Err(SignedFault::Altered),
            ExpectedHash::Sealed(hash) if hashes.sealed != Some(hash) => {
                return Err(SignedFault::OtherSealed);
            }
            _ => {}
        }
        match *origin.all.get_or_init(|| hashes.entry) == hashes.entry {
            true => Ok(()),
            false => Err(SignedFault::Altered),
        }
    }
}

/// The list that becomes the origin of an archive that is made from another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::jobs) enum KeptList {
    Manifest,
    /// It stays.
    Origin,
}

fn find<'e, H>(hashes: &'e [(u64, H)], entry: &Member) -> Option<&'e H> {
    let offset = entry.offset();
    let place = hashes.binary_search_by_key(&offset, |(offset, _)| *offset);
    let (_, hash) = hashes.get(place.ok()?)?;
    Some(hash)
}
