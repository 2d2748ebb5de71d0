//! Signing an archive as it stands.

use std::path::Path;

use super::archive_file::ArchiveFile;
use super::error::Error;
use super::evidence::KeptSignatures;
use super::job::Job;
use super::new_entry::copy_entry;
use super::tail::Tail;
use crate::archive::{ArchiveWriter, Member};
use crate::index;
use crate::output::{Access, PendingFile, directory_of};

/// The result of signing.
#[derive(Debug)]
#[non_exhaustive]
pub struct SignedArchive {
    /// The number of entries that the manifest lists.
    pub entries: usize,
    /// The size of the new archive in bytes.
    pub archive: u64,
    /// What became of the signatures that it had.
    pub old: KeptSignatures,
}

impl Job<'_> {
    /// Signs an archive as it stands, with the keys of the job. No member is
    /// opened. Writes the archive in its own place, in one step, or as a new file.
    ///
    /// # Errors
    ///
    /// It can't be signed: an entry is damaged, or its name can't be listed; a
    /// signer could open it; it is signed already, and that isn't expected. The
    /// archive can't be written.
    #[doc(hidden)]
    pub fn sign(
        &self,
        archive: &ArchiveFile,
        output: Option<&Path>,
    ) -> Result<SignedArchive, Error> {
        self.check_signable(archive)?;
        let old = self.check_old_signatures(archive)?;
        let entries = archive.entries().chain(archive.index_entry());
        let sizes = entries.clone().map(Member::size);
        let size = sizes.fold(0, u64::saturating_add);
        self.progress.begin(entries.clone().count() as u64, size);
        let kept = archive.origin_entries(&old)?;
        let path = output.unwrap_or(archive.path());
        let write_error = |error| Error::writing(path, error);
        let pending = match output {
            Some(output) => PendingFile::create(output, Access::Shared, self.overwrite),
            None => PendingFile::replacing(path, archive.archive.source()),
        };
        let mut new = ArchiveWriter::new(pending.map_err(write_error)?);
        let tail = Tail::new(None).signed_by(self.signing, &directory_of(path));
        let mut tail = tail.map_err(write_error)?;
        let mut listed = 0;
        // The index is the last one.
        for entry in entries {
            let copied = copy_entry(new, archive, entry, path, tail.hasher())?;
            let mut hashes = copied.hashes;
            if copied.stored == index::ENTRY
                && let Some(hashes) = &mut hashes.manifest
            {
                hashes.sealed = None;
            }
            tail.note(&copied.stored, entry.modified(), &hashes)
                .map_err(write_error)?;
            new = copied.archive;
            listed += 1;
            self.progress.bytes(entry.size());
            self.progress.member();
        }
        let (new, _) = tail.write(new, self.signing, kept, path)?;
        let pending = new.finish().map_err(write_error)?;
        let size = pending.as_file().metadata().map_err(write_error)?.len();
        pending.commit().map_err(write_error)?;
        Ok(SignedArchive {
            entries: listed,
            archive: size,
            old,
        })
    }
}

impl ArchiveFile {
    pub(super) fn index_entry(&self) -> Option<&Member> {
        self.archive.members().get(self.index.place?)
    }
}
