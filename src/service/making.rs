//! Archives of the outbox that are being made, while calls are sealed.

use std::collections::HashSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::batch_id::BatchId;
use super::claim::os;
use super::damaged::is_of_batch;
use super::error::ServiceError;
use super::faults::concerns_all;
use super::publishing::Split;
use super::pulse::Workers;
use super::report::Event;
use super::sealing::batches_in;
use super::task::Task;
use super::{Loaded, Loader, Service};
use crate::archive::Member;
use crate::jobs::Bundled;
use crate::output::{self, Directory, unnamed};
use crate::{ArchiveFile, Error, Sealed};

/// What is being put into the outbox.
#[derive(Debug)]
pub(super) enum Making {
    /// An archive of the batches in its directory, which has its name.
    Archive {
        name: String,
        sealed: Arc<Vec<Sealed<'static>>>,
        task: Task<Result<Made, ServiceError>>,
    },
    /// The messages of a batch, each for itself.
    Messages { id: BatchId, task: Task<Split> },
}

/// What came of an archive.
#[derive(Debug)]
pub(super) enum Made {
    New(Bundled),
    /// It was made before the last service ended.
    Before,
    /// Somebody else has put something there.
    NameTaken,
}

impl Making {
    /// Makes nothing, as long as that takes.
    #[cfg(test)]
    pub fn with(name: &str, wait: impl FnOnce() + Send + 'static) -> Self {
        let work = move || {
            wait();
            Ok(Made::Before)
        };
        Self::Archive {
            name: name.to_owned(),
            sealed: Arc::default(),
            task: Task::Begun(std::thread::spawn(work)),
        }
    }

    pub fn is_over(&self) -> bool {
        match self {
            Self::Archive { task, .. } => task.is_over(),
            Self::Messages { task, .. } => task.is_over(),
        }
    }

    /// Waits until nothing is done any more, whatever has come of it.
    pub fn abandon(self) {
        match self {
            Self::Archive { task, .. } => task.abandon(),
            Self::Messages { task, .. } => task.abandon(),
        }
    }
}

impl Service<'_> {
    /// Begins to make the archive of this name, if its directory has batches.
    pub(super) fn begin_archive(
        &mut self,
        name: &str,
        loader: &mut dyn Loader,
    ) -> Result<Option<Making>, ServiceError> {
        let path = self.bundles.path.join(name);
        let fail = |error| ServiceError::io(&path, error);
        let directory = match self.bundles.directory.below(os(name)) {
            // An empty one may have been removed, since a later one of its day is there.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            other => other.map_err(fail)?,
        };
        let ids = batches_in(&directory).map_err(fail)?;
        if ids.is_empty() {
            return Ok(None);
        }
        // They count for no other archive.
        for id in &ids {
            self.ready.remove(id);
        }
        let sealed = ids
            .iter()
            .map(|id| Sealed::Archive(path.join(id.archive())));
        let sealed: Arc<Vec<Sealed<'static>>> = Arc::new(sealed.collect());
        let loaded = Arc::new(self.load(loader)?);
        // It gets there even if the path leads elsewhere by then.
        let (directory, workers) = (self.outbox.root.clone(), self.workers.clone());
        let place = output::Place::new(directory, os(name).to_owned(), self.outbox.path.join(name));
        let work = {
            let (sealed, directory) = (sealed.clone(), self.outbox.root.clone());
            let workers = workers.clone();
            move || make(&sealed, &loaded, &directory, place, &workers)
        };
        Ok(Some(Making::Archive {
            name: name.to_owned(),
            sealed,
            task: Task::begin("bundle", workers.are_several(), work),
        }))
    }

    /// Waits until what is being made is in the outbox, and removes the batches of it.
    pub(super) fn end_making(&mut self, making: Making) -> Result<(), ServiceError> {
        self.is_report_due = true;
        match making {
            Making::Messages { id, task } => self.end_messages(&id, task.end()),
            Making::Archive { name, sealed, task } => {
                if self.end_archive(&name, &sealed, task.end())? {
                    self.is_made();
                }
                Ok(())
            }
        }
    }

    /// Removes the batches that are in an archive. Returns whether there is nothing left to
    /// do for it.
    fn end_archive(
        &mut self,
        name: &str,
        sealed: &[Sealed<'_>],
        made: Result<Made, ServiceError>,
    ) -> Result<bool, ServiceError> {
        let path = self.bundles.path.join(name);
        let output = self.outbox.path.join(name);
        let fail = |error| ServiceError::io(&path, error);
        match made {
            Ok(Made::New(bundled)) => self.observer.note(&Event::Bundled {
                archive: &output,
                members: bundled.members as u64,
                bytes: bundled.archive,
            }),
            Ok(Made::Before) => self.outbox.root.flush().map_err(fail)?,
            Ok(Made::NameTaken) => {
                self.take_another_name(name)?;
                return Ok(true);
            }
            Err(ServiceError::Job(error)) => {
                // A flush that failed is never repeated: it's written anew.
                if matches!(error, Error::NotFlushed { .. }) {
                    let _ = self.outbox.root.remove(os(name));
                    return Err(error.into());
                }
                let directory = self.bundles.directory.below(os(name)).map_err(fail)?;
                let ids = batches_in(&directory).map_err(fail)?;
                // The others don't wait for those that are damaged.
                return match is_of_batch(&error, &path)
                    && self.put_damaged_aside(&directory, &ids)?
                {
                    true => Ok(false),
                    false => Err(error.into()),
                };
            }
            Err(error) => return Err(error),
        }
        let batches = sealed.iter().filter_map(path_of);
        let batches = batches.filter_map(|path| path.file_name());
        for batch in batches.clone() {
            let batch = batch.to_string_lossy();
            self.observer.note(&Event::InArchive {
                batch: batch.strip_suffix(".zip").unwrap_or(&batch),
                archive: &output,
            });
        }
        self.bundles.finish(name, batches).map_err(fail)?;
        Ok(true)
    }

    /// Moves the batches of an archive to one of another name.
    fn take_another_name(&mut self, name: &str) -> Result<(), ServiceError> {
        let path = self.bundles.path.join(name);
        let fail = |error| ServiceError::io(&path, error);
        let directory = self.bundles.directory.below(os(name)).map_err(fail)?;
        let ids = batches_in(&directory).map_err(fail)?;
        let day = ids.last().map(BatchId::day).unwrap_or_default();
        self.move_to_new(day, &directory, &ids)
    }
}

fn make(
    sealed: &[Sealed<'_>],
    loaded: &Loaded,
    outbox: &Directory,
    place: output::Place,
    workers: &Workers,
) -> Result<Made, ServiceError> {
    let path = place.path().to_owned();
    let job = workers.job().signing(&loaded.signing).removing();
    match job.bundle_at(sealed, None, place) {
        Ok(bundled) => Ok(Made::New(bundled)),
        Err(Error::Exists { .. }) if has_all(outbox, &path, sealed, workers)? => Ok(Made::Before),
        Err(Error::Exists { .. }) => Ok(Made::NameTaken),
        Err(Error::Io { path: found, error })
            if found == path
                && matches!(
                    error.kind(),
                    // What has the name is a directory, a device or the like.
                    io::ErrorKind::IsADirectory | io::ErrorKind::InvalidInput
                ) =>
        {
            Ok(Made::NameTaken)
        }
        Err(error) => Err(error.into()),
    }
}

/// Returns whether an archive has all messages of others.
///
/// # Errors
///
/// It can't be looked at now: whether it has them isn't known.
fn has_all(
    outbox: &Directory,
    path: &Path,
    batches: &[Sealed<'_>],
    workers: &Workers,
) -> Result<bool, ServiceError> {
    let name = path.file_name().unwrap_or_default();
    let opened = match outbox.open_file(name) {
        Ok(opened) => opened,
        Err(error) => return not_sound(path, Error::reading(path, error)),
    };
    // What is there now, wherever the path leads.
    let found = &unnamed::path(&opened);
    let archive = match ArchiveFile::open(found) {
        Ok(archive) => archive,
        Err(error) => return not_sound(path, error),
    };
    let known: HashSet<(String, u64, u32)> = archive.members().map(identity).collect();
    let batches = batches.iter().filter_map(path_of);
    for batch in batches {
        let batch = ArchiveFile::open(batch)?;
        if !batch
            .members()
            .map(identity)
            .all(|own| known.contains(&own))
        {
            return Ok(false);
        }
    }
    // Whoever made it may have been killed before it was flushed and read back.
    let flushed = opened.sync_all();
    flushed.map_err(|error| ServiceError::io(path, error))?;
    match workers.job().read_entries(found, None) {
        Ok(_) => Ok(true),
        Err(error) => not_sound(path, error),
    }
}

fn path_of<'a>(sealed: &'a Sealed<'_>) -> Option<&'a PathBuf> {
    match sealed {
        Sealed::Archive(path) => Some(path),
        Sealed::File(_) => None,
    }
}

/// Passes on that an archive can't be read. One that isn't sound isn't the service's.
fn not_sound(path: &Path, error: Error) -> Result<bool, ServiceError> {
    match error {
        error if !concerns_all(&error) => Ok(false),
        // It was read by another path, which says nothing to people.
        Error::Io { error, .. } => Err(ServiceError::io(path, error)),
        error => Err(error.into()),
    }
}

fn identity(member: &Member) -> (String, u64, u32) {
    let name = member.stored_name().into_owned();
    (name, member.size(), member.crc())
}
