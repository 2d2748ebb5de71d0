//! Reading a new archive back: whether the disk has what was written.
//!
//! What is compared stays within this process, and isn't for people: BLAKE3 takes a
//! fifth of the time of SHA-256.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use super::archive_file::{bytes_cause, member_error, open_cause};
use super::bundle::messages::compare;
#[cfg(target_os = "linux")]
use super::disk::{FromDisk, forget};
use super::error::{Error, MemberCause};
use super::hashed::Hashed;
use super::job::Job;
use super::progress::{Alive, Progress};
use crate::archive::{Archive, Member, ReadAt, read_member};
use crate::files::input;
use crate::keys::Recipients;
use crate::message::Envelope;
use crate::workers::work_on;

/// The largest entry that is read into memory, in bytes.
const SMALL: u64 = 1024 * 1024;

/// The bytes of entries that a worker takes at a time: it reads them in one go.
const RUN: u64 = 4 * 1024 * 1024;

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
    /// that were written there. If recipients are given, each entry must be a message
    /// to all of them, and to nobody else.
    pub(crate) fn read_back(
        &self,
        path: &Path,
        written: &blake3::Hash,
        recipients: Option<&Recipients>,
    ) -> Result<(), Error> {
        let file = input::open(path).map_err(|error| Error::NotReadBack {
            path: path.to_owned(),
            cause: Some(Box::new(Error::reading(path, error))),
        })?;
        self.read_back_file(&file, path, written, recipients)
    }

    /// Does the same with an archive that is open, and may have no name yet.
    pub(super) fn read_back_file(
        &self,
        file: &File,
        path: &Path,
        written: &blake3::Hash,
        recipients: Option<&Recipients>,
    ) -> Result<(), Error> {
        let not_read_back = |cause: Option<Error>| Error::NotReadBack {
            path: path.to_owned(),
            cause: cause.map(Box::new),
        };
        let read = self.read_file(file, path, recipients);
        match read.map_err(|error| not_read_back(Some(error)))? == *written {
            true => Ok(()),
            false => Err(not_read_back(None)),
        }
    }

    /// Reads all entries of the archive at `path` from the disk, which checks them.
    /// Returns their hash.
    pub(crate) fn read_entries(
        &self,
        path: &Path,
        recipients: Option<&Recipients>,
    ) -> Result<blake3::Hash, Error> {
        let file = input::open(path).map_err(|error| Error::reading(path, error))?;
        self.read_file(&file, path, recipients)
    }

    fn read_file(
        &self,
        file: &File,
        path: &Path,
        recipients: Option<&Recipients>,
    ) -> Result<blake3::Hash, Error> {
        #[cfg(target_os = "linux")]
        match FromDisk::open(file) {
            Some(disk) => return self.read_all(path, || disk.again(), recipients),
            None => forget(file),
        }
        self.read_all(path, || file, recipients)
    }

    fn read_all<R: ReadAt>(
        &self,
        path: &Path,
        source: impl Fn() -> R + Sync,
        recipients: Option<&Recipients>,
    ) -> Result<blake3::Hash, Error> {
        let archive = Archive::open(source()).map_err(|error| Error::Archive {
            path: path.to_owned(),
            error,
        })?;
        let runs: Vec<&[Member]> = Runs(archive.members()).collect();
        let begin = || (source(), Vec::new());
        let read = |(source, buffer): &mut (R, Vec<u8>), _, run: &&[Member]| {
            let read = run.iter().map(|entry| {
                let read = read_entry(source, entry, buffer, recipients, self.progress);
                read.map_err(|cause| Box::new(member_error(entry, cause)))
            });
            Some(read.collect::<Result<Vec<_>, _>>())
        };
        let mut all = EntriesHash::new();
        for (run, digests) in runs.iter().zip(work_on(&runs, self.workers, begin, read)) {
            for (entry, digest) in run.iter().zip(digests.map_err(|error| *error)?) {
                all.add(&entry.stored_name(), &digest);
            }
        }
        Ok(all.finish())
    }
}

/// Reads an entry to its end, which checks it. Returns its BLAKE3.
fn read_entry(
    source: &impl ReadAt,
    entry: &Member,
    buffer: &mut Vec<u8>,
    recipients: Option<&Recipients>,
    progress: &dyn Progress,
) -> Result<blake3::Hash, MemberCause> {
    let open = || read_member(source, entry).map_err(bytes_cause);
    let unreadable = |error: io::Error| open_cause(error.into());
    let check = |message: &mut (dyn Read + Send + Sync)| match recipients {
        None => Ok(()),
        Some(recipients) => {
            let envelope = Envelope::read(message).map_err(open_cause)?;
            compare(&envelope, recipients).map_err(MemberCause::from)
        }
    };
    if entry.size() > SMALL {
        let content = Alive {
            source: open()?,
            progress,
        };
        let mut content = Hashed::with(content, blake3::Hasher::new());
        io::copy(&mut content, &mut io::sink()).map_err(unreadable)?;
        check(&mut open()?)?;
        return Ok(content.finish().1.finalize());
    }
    progress.bytes(0);
    buffer.clear();
    open()?.read_to_end(buffer).map_err(unreadable)?;
    check(&mut buffer.as_slice())?;
    Ok(blake3::hash(buffer))
}

/// Entries that follow each other, in parts of some size.
struct Runs<'a>(&'a [Member]);

impl<'a> Iterator for Runs<'a> {
    type Item = &'a [Member];

    fn next(&mut self) -> Option<&'a [Member]> {
        let mut sum: u64 = 0;
        let is_before_end = |entry: &&Member| {
            let is_before_end = sum < RUN;
            sum = sum.saturating_add(entry.size());
            is_before_end
        };
        let count = self.0.iter().take_while(is_before_end).count();
        let (run, rest) = self.0.split_at(count);
        self.0 = rest;
        (!run.is_empty()).then_some(run)
    }
}
