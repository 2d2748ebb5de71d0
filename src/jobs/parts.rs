//! What a service does with archives, without any key: it checks them, and takes
//! members out.

use std::io;
use std::path::Path;

use super::archive_file::{ArchiveFile, member_error};
use super::bundle::messages::compare;
use super::disk::Disk;
use super::error::Error;
use super::job::Job;
use super::new_entry::copy_entry;
use super::pack::Packed;
use super::written_entry::EntryHasher;
use crate::archive::{ArchiveWriter, Member};
use crate::message::{Limits, SealPlan};
use crate::output::{Access, Overwrite, PendingFile, unnamed};
use crate::workers::work_on;

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
        self.read_back(path, &packed.entries(path)?)?;
        let archive = ArchiveFile::open(path)?;
        let members: Vec<&Member> = archive.members().collect();
        let limits = Limits::default();
        let check = |(): &mut (), _, member: &&Member| {
            let compared = archive.envelope(member, &limits).and_then(|envelope| {
                compare(&envelope, plan.recipients())
                    .map_err(|fault| member_error(member, fault.into()))
            });
            compared.err().map(Box::new)
        };
        let failures = work_on(&members, self.workers, || (), check);
        failures
            .into_iter()
            .next()
            .map_or(Ok(()), |error| Err(*error))
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
        for member in kept {
            let hasher = EntryHasher::default();
            new = copy_entry(new, archive, member, path, hasher)?.archive;
        }
        let pending = new.finish().map_err(write_error)?;
        pending.as_file().sync_all().map_err(write_error)?;
        // The old one is the only copy of what is kept. The new one has no name yet.
        let written = ArchiveFile::open(unnamed::path(pending.as_file()))?;
        if written.members().count() != kept.len() {
            return Err(write_error(io::Error::other("a member is missing")));
        }
        written.check_entries()?;
        pending.commit().map_err(write_error)
    }
}

impl ArchiveFile {
    /// Reads all members from the disk, which checks them.
    pub(crate) fn check_entries(&self) -> Result<(), Error> {
        let disk = Disk::of(self.archive.source());
        for member in self.archive.members() {
            self.read_all(member)
                .map_err(|cause| member_error(member, cause))?;
        }
        disk.check(self.archive.source())
            .map_err(|error| Error::reading(self.path(), error))
    }
}
