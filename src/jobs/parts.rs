//! What a service does with archives, without any key: it checks them, and takes
//! members out.

use std::path::Path;

use super::archive_file::ArchiveFile;
use super::error::Error;
use super::job::Job;
use super::new_entry::copy_entry;
use super::pack::Packed;
use super::read_back::EntriesHash;
use super::written_entry::EntryHasher;
use crate::archive::{ArchiveWriter, Member};
use crate::message::SealPlan;
use crate::output::{Access, Overwrite, PendingFile};

impl Job<'_> {
    /// Reads an archive of sealed files from the disk. Compares it with what was
    /// written, and the recipients of each message with those of the plan. The job must
    /// have been [made for that](Self::removing).
    pub(crate) fn check_sealed(
        &self,
        packed: &Packed,
        plan: &SealPlan,
        path: &Path,
    ) -> Result<(), Error> {
        self.read_back(path, &packed.entries(path)?, Some(plan.recipients()))
    }

    /// Replaces an archive by one with only these of its members, in one step.
    pub(crate) fn keep_members(
        &self,
        archive: &ArchiveFile,
        kept: &[&Member],
    ) -> Result<(), Error> {
        let path = archive.path();
        let write_error = |error| Error::writing(path, error);
        let pending = PendingFile::create(path, Access::Shared, Overwrite::Replace);
        let mut new = ArchiveWriter::new(pending.map_err(write_error)?);
        let mut entries = EntriesHash::new();
        for member in kept {
            let hasher = EntryHasher {
                manifest: None,
                digest: Some(blake3::Hasher::new()),
            };
            let copied = copy_entry(new, archive, member, path, hasher)?;
            if let Some(digest) = copied.hashes.digest {
                entries.add(&copied.stored, &digest);
            }
            new = copied.archive;
        }
        let pending = new.finish().map_err(write_error)?;
        pending.as_file().sync_all().map_err(write_error)?;
        // The old one is the only copy of what is kept. The new one has no name yet.
        self.read_back_file(pending.as_file(), path, &entries.finish(), None)?;
        pending.commit().map_err(write_error)
    }
}
