//! What a service does with archives, without any key: it checks them, takes members
//! out, and makes a file of each.

use std::collections::BTreeSet;
use std::fs::DirBuilder;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use openssl::sha::Sha256;

use super::archive_file::{ArchiveFile, member_error, open_cause};
use super::bundle::copy::compare;
use super::error::Error;
use super::job::Job;
use super::new_entry::{copy_entry, stored_name};
use super::pack::Packed;
use super::read_back::forget;
use super::written_entry::EntryHasher;
use crate::archive::{ArchiveWriter, Member, without_ending};
use crate::files::input;
use crate::message::{Limits, OpenError, SealPlan};
use crate::output::{Access, Directory, Overwrite, PendingFile, unnamed};
use crate::workers::work_on;

/// The bytes that are copied at a time.
const BUFFER: usize = 256 * 1024;

/// The most names that are tried for a message.
const NAMES: u32 = 10_000;

/// A message of an archive that has a file of its own.
#[derive(Debug)]
pub(crate) struct Published {
    pub path: PathBuf,
    pub size: u64,
}

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

    /// Writes each message of an archive to a file of its own below a directory, by
    /// its stored name. If that is taken by another message, a number is added.
    pub(crate) fn split(
        &self,
        archive: &ArchiveFile,
        directory: &Path,
    ) -> Result<Vec<Published>, Error> {
        let mut published = Vec::new();
        for member in archive.members() {
            let stored = stored_name(member).map_err(|cause| member_error(member, cause))?;
            published.extend(publish_as_free(archive, member, &stored, directory)?);
        }
        flush(directory, &published)?;
        Ok(published)
    }
}

impl ArchiveFile {
    /// Reads all members from the disk, which checks them.
    pub(crate) fn check_entries(&self) -> Result<(), Error> {
        forget(self.archive.source());
        for member in self.archive.members() {
            self.read_all(member)
                .map_err(|cause| member_error(member, cause))?;
        }
        Ok(())
    }
}

/// Writes a message under the first name that is free. Returns nothing if it was
/// published before.
fn publish_as_free(
    archive: &ArchiveFile,
    member: &Member,
    stored: &str,
    directory: &Path,
) -> Result<Option<Published>, Error> {
    for number in 1..NAMES {
        let path = directory.join(numbered(stored, number));
        match publish(archive, member, &path) {
            Err(Error::Exists { .. }) if !is_copy(archive, member, &path)? => {}
            Err(Error::Exists { .. }) => return Ok(None),
            Err(error) => return Err(error),
            Ok(()) => {
                let size = member.size();
                return Ok(Some(Published { path, size }));
            }
        }
    }
    let path = directory.join(stored);
    Err(Error::Exists { path })
}

/// Flushes all directories on the way to what was published.
fn flush(root: &Path, published: &[Published]) -> Result<(), Error> {
    let mut directories = BTreeSet::new();
    for Published { path, .. } in published {
        let above = path.ancestors().skip(1);
        directories.extend(above.take_while(|above| above.starts_with(root)));
    }
    for path in directories {
        let flushed = Directory::open(path).and_then(|directory| directory.flush());
        flushed.map_err(|error| Error::writing(path, error))?;
    }
    Ok(())
}

fn publish(archive: &ArchiveFile, member: &Member, path: &Path) -> Result<(), Error> {
    let write_error = |error| Error::writing(path, error);
    if let Some(directory) = path.parent() {
        let made = DirBuilder::new().recursive(true).create(directory);
        made.map_err(|error| Error::writing(directory, error))?;
    }
    let mut file = PendingFile::create(path, Access::Shared, Overwrite::Refuse);
    let file_ref = file.as_mut().map_err(|error| {
        let kind = error.kind();
        Error::writing(path, std::mem::replace(error, kind.into()))
    })?;
    file_ref.set_modified(member.modified());
    read(archive, member, |piece| {
        file_ref.write_all(piece).map_err(write_error)
    })?;
    file.and_then(PendingFile::commit).map_err(write_error)?;
    match is_copy(archive, member, path)? {
        true => Ok(()),
        false => Err(write_error(io::Error::other(
            "what is read back is not what was written",
        ))),
    }
}

/// Returns whether a file has the same bytes as a message.
fn is_copy(archive: &ArchiveFile, member: &Member, path: &Path) -> Result<bool, Error> {
    let mut own = Sha256::new();
    read(archive, member, |piece| {
        own.update(piece);
        Ok(())
    })?;
    let mut other = Sha256::new();
    let fail = |error| Error::reading(path, error);
    let mut file = input::open(path).map_err(fail)?;
    forget(&file);
    let mut buffer = vec![0; BUFFER];
    loop {
        let read = file.read(&mut buffer).map_err(fail)?;
        let (piece, _) = buffer.split_at(read);
        if piece.is_empty() {
            return Ok(own.finish() == other.finish());
        }
        other.update(piece);
    }
}

fn read(
    archive: &ArchiveFile,
    member: &Member,
    mut on: impl FnMut(&[u8]) -> Result<(), Error>,
) -> Result<(), Error> {
    let mut source = archive
        .read(member)
        .map_err(|cause| member_error(member, cause))?;
    let mut buffer = vec![0; BUFFER];
    loop {
        let read = source.read(&mut buffer);
        let read = read
            .map_err(|error: io::Error| member_error(member, open_cause(OpenError::Read(error))))?;
        let (piece, _) = buffer.split_at(read);
        if piece.is_empty() {
            return Ok(());
        }
        on(piece)?;
    }
}

/// Adds a number to the name of the sealed file: `a-2.wav.pgp`.
fn numbered(stored: &str, number: u32) -> String {
    if number == 1 {
        return stored.to_owned();
    }
    let name = without_ending(stored).unwrap_or(stored);
    let ending = stored.get(name.len()..).unwrap_or_default();
    let last = name.rfind('/').map_or(0, |slash| slash + 1);
    let dot = name.get(last + 1..).and_then(|rest| rest.rfind('.'));
    let (stem, extension) = match dot {
        Some(dot) => name.split_at(last + 1 + dot),
        None => (name, ""),
    };
    format!("{stem}-{number}{extension}{ending}")
}

#[cfg(test)]
mod tests {
    use super::numbered;

    #[test]
    fn a_number_comes_before_the_ending_of_the_sealed_file() {
        for (stored, second) in [
            ("a/b.wav.pgp", "a/b-2.wav.pgp"),
            ("a.b/c.pgp", "a.b/c-2.pgp"),
            (".hidden.p7m", ".hidden-2.p7m"),
            ("b.pgp", "b-2.pgp"),
        ] {
            assert_eq!(numbered(stored, 1), stored);
            assert_eq!(numbered(stored, 2), second);
        }
    }
}
