//! Sealing the claims of a batch into its archive.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::OWN;
use super::batch_id::BatchId;
use super::claim::os;
use super::error::ServiceError;
use super::faults::concerns_all;
use super::places::Place;
use super::stamp::Stamp;
use crate::jobs::Packed;
use crate::message::SealPlan;
use crate::output::Directory;
use crate::sources::{Source, SourceError};
use crate::{ArchiveFile, Error, Job};

/// The directory of the batches' archives, in the outbox's own directory.
pub(super) const SEALED: &str = "sealed";

/// A file that is sealed, and whose claim is still there.
#[derive(Debug)]
pub(super) struct SealedClaim {
    pub file: Source,
    /// The BLAKE3 of what was sealed.
    pub digest: blake3::Hash,
}

/// Why a batch isn't sealed. It has no archive then.
#[derive(Debug)]
pub(super) enum NotSealed {
    /// A file can't be sealed as it is; the others can.
    File(PathBuf, SourceError),
    /// No file can.
    All(ServiceError),
}

impl From<Error> for NotSealed {
    fn from(error: Error) -> Self {
        match error {
            error if concerns_all(&error) => Self::All(error.into()),
            Error::Source(error) => match path_of(&error) {
                Some(path) => Self::File(path.to_owned(), error),
                None => Self::All(Error::from(error).into()),
            },
            error => Self::All(error.into()),
        }
    }
}

/// The archives of batches.
#[derive(Clone, Debug)]
pub(super) struct SealedBatches {
    path: PathBuf,
    directory: Arc<Directory>,
}

impl SealedBatches {
    pub fn open(outbox: &Place) -> Result<Self, ServiceError> {
        Ok(Self {
            path: outbox.path.join(OWN).join(SEALED),
            directory: outbox.below(SEALED)?,
        })
    }

    /// Returns the path of a batch's archive.
    pub fn path_of(&self, id: &BatchId) -> PathBuf {
        self.path.join(id.archive())
    }

    /// Seals files into the archive of their batch, flushes it, and reads it back.
    pub fn seal(
        &self,
        id: &BatchId,
        files: &[Source],
        plan: &SealPlan,
        job: &Job<'_>,
    ) -> Result<Packed, NotSealed> {
        let path = self.path_of(id);
        // What can't be trusted is not kept: whatever it is, the claims are there.
        let discard = |error: Error| {
            let _ = self.remove(id);
            NotSealed::from(error)
        };
        let job = job.without_index().removing();
        let packed = job.pack(files, plan, &path).map_err(discard)?;
        job.check_sealed(&packed, plan, &path).map_err(discard)?;
        Ok(packed)
    }

    /// Opens the archive of a batch; `None` if it has none.
    pub fn archive(&self, id: &BatchId) -> Result<Option<ArchiveFile>, ServiceError> {
        match ArchiveFile::open(self.path_of(id)) {
            Err(Error::Io { error, .. }) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            other => Ok(Some(other?)),
        }
    }

    /// Removes the archive of a batch, if it has one, and flushes that.
    pub fn remove(&self, id: &BatchId) -> Result<(), ServiceError> {
        let removed = match self.directory.remove(os(&id.archive())) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            other => other,
        };
        let flushed = removed.and_then(|()| self.directory.flush());
        flushed.map_err(|error| ServiceError::io(&self.path_of(id), error))
    }

    /// Returns the batches that have an archive.
    pub fn all(&self) -> Result<Vec<BatchId>, ServiceError> {
        batches_in(&self.directory).map_err(|error| ServiceError::io(&self.path, error))
    }

    /// Returns what the system knows of the archive of a batch; `None` if it has none.
    pub fn stamp(&self, id: &BatchId) -> Result<Option<Stamp>, ServiceError> {
        match self.directory.stat(os(&id.archive())) {
            Ok(stat) => Ok(Some(Stamp::of(&stat))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(ServiceError::io(&self.path_of(id), error)),
        }
    }

    pub fn directory(&self) -> &Arc<Directory> {
        &self.directory
    }
}

/// Returns the batches whose archives are in a directory, in their order.
pub(super) fn batches_in(directory: &Directory) -> io::Result<Vec<BatchId>> {
    let mut found = Vec::new();
    for name in directory.names()? {
        found.extend(name.to_str().and_then(BatchId::of_archive));
    }
    found.sort();
    Ok(found)
}

fn path_of(error: &SourceError) -> Option<&Path> {
    match error {
        SourceError::Io { path, .. } | SourceError::ChangedWhileRead { path } => Some(path),
        _ => None,
    }
}
