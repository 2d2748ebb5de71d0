//! Reading a new archive back: whether the disk has what was written.

use std::path::Path;

use openssl::sha::Sha256;

use super::archive_file::{ArchiveFile, member_error};
use super::error::Error;
use super::job::Job;
use crate::workers::work_on;

/// What the entries of an archive are, in one hash: of each of them, in their order,
/// the stored name and the SHA-256 of its bytes.
#[derive(Clone)]
pub(super) struct EntriesHash(Sha256);

impl EntriesHash {
    pub fn new() -> Self {
        Self(Sha256::new())
    }

    pub fn add(&mut self, stored: &str, entry: &[u8; 32]) {
        // A name may have any length.
        self.0.update(&(stored.len() as u64).to_le_bytes());
        self.0.update(stored.as_bytes());
        self.0.update(entry);
    }

    pub fn finish(self) -> [u8; 32] {
        self.0.finish()
    }
}

impl Job<'_> {
    /// Reads the archive at `path` from the disk, and compares its entries with those
    /// that were written there.
    pub(super) fn read_back(&self, path: &Path, written: &[u8; 32]) -> Result<(), Error> {
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

    fn hash_entries(&self, path: &Path) -> Result<[u8; 32], Error> {
        let archive = ArchiveFile::open(path)?;
        #[cfg(target_os = "linux")]
        forget(archive.archive.source());
        let entries = archive.archive.members();
        let hash = |(): &mut (), _, entry| {
            let hash = archive.hash(entry);
            Some(hash.map_err(|cause| Box::new(member_error(entry, cause))))
        };
        let mut all = EntriesHash::new();
        for (entry, hash) in entries
            .iter()
            .zip(work_on(entries, self.workers, || (), hash))
        {
            all.add(&entry.stored_name(), &hash.map_err(|error| *error)?);
        }
        Ok(all.finish())
    }
}

/// Makes the kernel forget what it has in memory of a file that is on the disk, as far
/// as it does so: then the disk itself has to say what it holds.
#[cfg(target_os = "linux")]
pub(super) fn forget(file: &std::fs::File) {
    use rustix::fs::{Advice, fadvise};
    // Without it, the file is read from memory.
    let _ = fadvise(file, 0, None, Advice::DontNeed);
}
