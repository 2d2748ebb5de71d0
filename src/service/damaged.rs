//! Archives of batches that are damaged: they are put where they hold nobody up.

use std::collections::BTreeSet;
use std::io;
use std::path::Path;
use std::sync::Arc;

use super::Service;
use super::batch_id::BatchId;
use super::claim::os;
use super::error::ServiceError;
use super::faults::concerns_all;
use super::places::Place;
use super::pulse::Workers;
use super::report::Event;
use crate::output::Directory;
use crate::sources::SourceError;
use crate::{Error, MessagePlace, Sealed};

/// The directory of the damaged archives, in the outbox's own directory.
pub(super) const DAMAGED: &str = "damaged";

/// The damaged archives: what is whole in them can be taken out with a key.
#[derive(Debug)]
pub(super) struct Damaged {
    directory: Arc<Directory>,
    /// The names of those that were reported.
    known: BTreeSet<String>,
}

impl Damaged {
    pub fn open(outbox: &Place) -> Result<Self, ServiceError> {
        Ok(Self {
            directory: outbox.below(DAMAGED)?,
            known: BTreeSet::new(),
        })
    }

    /// Returns the number of damaged archives.
    pub fn len(&self) -> usize {
        self.known.len()
    }

    /// Returns the names of all that are there, and whose archives they are.
    fn all(&self) -> io::Result<Vec<(String, BatchId)>> {
        let mut found = Vec::new();
        for name in self.directory.names()? {
            let name = name.into_string().ok();
            found.extend(name.and_then(|name| batch_of(&name).map(|id| (name, id))));
        }
        found.sort();
        Ok(found)
    }
}

impl Service<'_> {
    /// Passes on what came of the use of a batch's archive. If it failed since the
    /// archive is damaged, that is put aside, and nothing came of it.
    pub(super) fn unless_damaged<T>(
        &mut self,
        id: &BatchId,
        used: Result<T, ServiceError>,
    ) -> Result<Option<T>, ServiceError> {
        match used {
            Ok(result) => Ok(Some(result)),
            Err(ServiceError::Job(error)) if !concerns_all(&error) => {
                let sealed = self.sealed.directory().clone();
                match self.put_damaged_aside(&sealed, std::slice::from_ref(id))? {
                    true => Ok(None),
                    false => Err(error.into()),
                }
            }
            Err(error) => Err(error),
        }
    }

    /// Puts those of the archives in a directory aside that are damaged. Returns
    /// whether there was any.
    pub(super) fn put_damaged_aside(
        &mut self,
        from: &Directory,
        ids: &[BatchId],
    ) -> Result<bool, ServiceError> {
        let mut any = false;
        for id in ids {
            if let Some(error) = damage(&from.path().join(id.archive()), &self.workers)? {
                self.put_aside(id, from, &error.into())?;
                any = true;
            }
        }
        Ok(any)
    }

    fn put_aside(
        &mut self,
        id: &BatchId,
        from: &Directory,
        error: &ServiceError,
    ) -> Result<(), ServiceError> {
        let damaged = self.damaged.directory.clone();
        let fail = |error| ServiceError::io(damaged.path(), error);
        let mut name = id.archive();
        let mut number: u32 = 1;
        while let Err(error) = from.rename_into(os(&id.archive()), &damaged, os(&name)) {
            if error.kind() != io::ErrorKind::AlreadyExists {
                return Err(fail(error));
            }
            number += 1;
            name = numbered(id, number);
        }
        self.ready.remove(id);
        self.observer.note(&Event::Damaged {
            archive: &damaged.path().join(&name),
            error,
        });
        self.damaged.known.insert(name);
        damaged.flush().and_then(|()| from.flush()).map_err(fail)
    }

    /// Looks at the damaged archives again: one that is whole now is one of the
    /// batches again. The disk may have been away.
    pub(super) fn look_at_damaged(&mut self) -> Result<(), ServiceError> {
        let damaged = self.damaged.directory.clone();
        let sealed = self.sealed.directory().clone();
        let fail = |error| ServiceError::io(damaged.path(), error);
        for (name, id) in self.damaged.all().map_err(fail)? {
            let archive = damaged.path().join(&name);
            if let Some(error) = damage(&archive, &self.workers)? {
                if self.damaged.known.insert(name) {
                    self.observer.note(&Event::Damaged {
                        archive: &archive,
                        error: &error.into(),
                    });
                }
                continue;
            }
            let taken_back = self.sealed.path_of(&id);
            match damaged.rename_into(os(&name), &sealed, os(&id.archive())) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                    if self.damaged.known.insert(name) {
                        self.observer.note(&Event::WholeTwice {
                            archive: &archive,
                            other: &taken_back,
                        });
                    }
                    continue;
                }
                other => other.map_err(fail)?,
            }
            self.damaged.known.remove(&name);
            self.observer.note(&Event::WholeAgain {
                archive: &taken_back,
            });
            sealed
                .flush()
                .and_then(|()| damaged.flush())
                .map_err(fail)?;
        }
        Ok(())
    }
}

/// Returns the name of a damaged archive if its own is taken.
fn numbered(id: &BatchId, number: u32) -> String {
    format!("{id}.{number}.zip")
}

/// Returns whose archive this is, by its own name or one with a number.
fn batch_of(name: &str) -> Option<BatchId> {
    BatchId::of_archive(name).or_else(|| {
        let (id, number) = name.strip_suffix(".zip")?.rsplit_once('.')?;
        let id = BatchId::parse(id)?;
        (numbered(&id, number.parse().ok()?) == name).then_some(id)
    })
}

/// Returns what is wrong with the archive of a batch, if its messages can't be bundled.
fn damage(path: &Path, workers: &Workers) -> Result<Option<Error>, ServiceError> {
    match workers
        .job()
        .check_bundle(&[Sealed::Archive(path.to_owned())], None)
    {
        Ok(_) => Ok(None),
        Err(Error::Io { error, .. }) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) if concerns_all(&error) => Err(error.into()),
        Err(error) => Ok(Some(error)),
    }
}

/// Returns whether an error is about an archive in this directory, which may be
/// damaged.
pub(super) fn is_of_batch(error: &Error, directory: &Path) -> bool {
    let found = match error {
        Error::Io { path, .. }
        | Error::Archive { path, .. }
        | Error::IsMessage { path }
        | Error::ArchiveInPipe { path }
        | Error::Source(SourceError::ChangedWhileRead { path })
        | Error::NotBundled {
            message: MessagePlace::Member { archive: path, .. },
            ..
        }
        | Error::SameMember {
            first: MessagePlace::Member { archive: path, .. },
            ..
        } => path,
        _ => return false,
    };
    !concerns_all(error) && found.starts_with(directory)
}
