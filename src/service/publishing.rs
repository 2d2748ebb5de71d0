//! Messages of the outbox that are in no archive.

use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Service;
use super::batch_id::BatchId;
use super::error::ServiceError;
use super::faults::concerns_all;
use super::large::LARGE;
use super::making::Making;
use super::places::Place;
use super::report::Event;
use super::task::Task;
use crate::Error;
use crate::jobs::{Fallback, Published};

/// What was put into the outbox, and why the rest wasn't.
pub(super) type Split = (Vec<Published>, Result<(), Error>);

impl Service<'_> {
    /// Begins to put the messages of a batch into the outbox, as single files, if it has
    /// an archive.
    pub(super) fn begin_messages(&mut self, id: &BatchId) -> Result<Option<Making>, ServiceError> {
        let archive = self.sealed.archive(id);
        let Some(Some(archive)) = self.unless_damaged(id, archive)? else {
            self.ready.remove(id);
            return Ok(None);
        };
        let is_large = self.ready.get(id).is_some_and(|ready| ready.bytes >= LARGE);
        let split = {
            let (archive, workers) = (Arc::new(archive), self.workers.clone());
            let (outbox, fallback) = (self.outbox.clone(), id.clone());
            move || {
                let job = workers.job();
                let directory = held(&outbox);
                job.split(&archive, &directory, fallback.as_str(), concerns_all)
            }
        };
        let is_beside = is_large && self.workers.are_several();
        Ok(Some(Making::Messages {
            id: id.clone(),
            task: Task::begin("publish", is_beside, split),
        }))
    }

    /// Removes a batch whose messages are in the outbox.
    pub(super) fn end_messages(&mut self, id: &BatchId, split: Split) -> Result<(), ServiceError> {
        let (published, outcome) = split;
        let outbox = self.outbox.clone();
        for published in published {
            let path = &shown(&outbox, &published.path);
            if published.is_new {
                let bytes = published.size;
                let batch = id.as_str();
                self.observer.note(&Event::Published { batch, path, bytes });
            }
            if let Some(Fallback { stored, error }) = published.fallback {
                self.observer.note(&Event::OtherName {
                    path,
                    name: &stored,
                    error: &with_shown_path(&outbox, error).into(),
                });
            }
        }
        // One that is damaged has been put aside.
        let outcome = outcome.map_err(|error| with_shown_path(&outbox, error).into());
        if self.unless_damaged(id, outcome)?.is_some() {
            self.sealed.remove(id)?;
            self.ready.remove(id);
        }
        Ok(())
    }
}

/// Returns a path of the outbox that is held open: it leads there wherever the path of the
/// config leads by then.
fn held(outbox: &Place) -> PathBuf {
    let handle = outbox.root.handle().as_raw_fd();
    PathBuf::from(format!("/proc/self/fd/{handle}"))
}

/// Returns a path below the outbox for people.
fn shown(outbox: &Place, path: &Path) -> PathBuf {
    match path.strip_prefix(held(outbox)) {
        Ok(below) => outbox.path.join(below),
        Err(_) => path.to_owned(),
    }
}

fn with_shown_path(outbox: &Place, error: Error) -> Error {
    let shown = |path: PathBuf| shown(outbox, &path);
    match error {
        Error::Io { path, error } => Error::Io {
            path: shown(path),
            error,
        },
        Error::NotFlushed { path, error } => Error::NotFlushed {
            path: shown(path),
            error,
        },
        Error::Exists { path } => Error::Exists { path: shown(path) },
        error => error,
    }
}
