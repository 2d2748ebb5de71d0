//! Reading a new archive back: whether the disk has what was written.
//!
//! What is compared stays within this process, and isn't for people: BLAKE3 takes a
//! fifth of the time of SHA-256.

use std::path::Path;

use super::archive_file::{ArchiveFile, member_error};
#[cfg(target_os = "linux")]
use super::disk::Disk;
use super::error::Error;
use super::job::Job;
#[cfg(target_os = "linux")]
use crate::workers::beside;
use crate::workers::work_on;

/// What the entries of an archive are, in one hash: of each of them, in their order,
/// the stored name and the BLAKE3 of its bytes.
#[derive(Clone)]
pub(super) struct EntriesHash(blake3::Hasher);

impl EntriesHash {
    pub fn new() -> Self {
        Self(blake3::Hasher::new())
    }

    pub fn add(&mut self, stored: &str, entry: &blake3::Hash) {
        // A name may have any length.
        self.0.update(&(stored.len() as u64).to_le_bytes());
        self.0.update(stored.as_bytes());
        self.0.update(entry.as_bytes());
    }

    pub fn finish(self) -> blake3::Hash {
        self.0.finalize()
    }
}

impl Job<'_> {
    /// Reads the archive at `path` from the disk, and compares its entries with those
    /// that were written there.
    pub(super) fn read_back(&self, path: &Path, written: &blake3::Hash) -> Result<(), Error> {
        let not_read_back = |cause: Option<Error>| Error::NotReadBack {
            path: path.to_owned(),
            cause: cause.map(Box::new),
        };
        let read = self.hash_entries(path);
        match read.map_err(|error| not_read_back(Some(error)))? == *written {
            true => Ok(()),
            false => Err(not_read_back(None)),
        }
    }

    #[cfg(target_os = "linux")]
    fn hash_entries(&self, path: &Path) -> Result<blake3::Hash, Error> {
        let archive = ArchiveFile::open(path)?;
        let file = archive.archive.source();
        let disk = Disk::of(file);
        // The disk is busy with one of them, and the processor with the other.
        let (checked, hash) = beside(
            self.workers,
            || disk.check(file),
            || self.hash_entries_of(&archive),
        );
        let hash = hash?;
        checked.map_err(|error| Error::reading(path, error))?;
        Ok(hash)
    }

    #[cfg(not(target_os = "linux"))]
    fn hash_entries(&self, path: &Path) -> Result<blake3::Hash, Error> {
        self.hash_entries_of(&ArchiveFile::open(path)?)
    }

    fn hash_entries_of(&self, archive: &ArchiveFile) -> Result<blake3::Hash, Error> {
        let entries = archive.archive.members();
        let digest = |(): &mut (), _, entry| {
            let digest = archive.digest(entry);
            Some(digest.map_err(|cause| Box::new(member_error(entry, cause))))
        };
        let digests = work_on(entries, self.workers, || (), digest);
        let mut all = EntriesHash::new();
        for (entry, digest) in entries.iter().zip(digests) {
            all.add(&entry.stored_name(), &digest.map_err(|error| *error)?);
        }
        Ok(all.finish())
    }
}
