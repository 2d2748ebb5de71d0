//! Letting go of the claims of batches.

use std::collections::HashSet;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::batch_id::BatchId;
use super::batches::Waiting;
use super::error::ServiceError;
use super::faults::concerns_all;
use super::large::LARGE;
use super::release::{Archive, Released, release};
use super::report::Event;
use super::run::BESIDE;
use super::settling::Candidate;
use super::stamp::Stamp;
use super::task::Task;
use super::{Service, later};
use crate::Error;
use crate::files::input;

/// The time after which it's tried again to let go of a batch.
const AGAIN: Duration = Duration::from_secs(1);

/// A batch whose claims are being let go.
#[derive(Debug)]
pub(super) struct Releasing {
    pub waiting: Waiting,
    pub task: Task<Result<Released, ServiceError>>,
}

impl Service<'_> {
    /// Lets go of the claims whose grace is over. A batch that fails doesn't hold up the
    /// others.
    pub(super) fn release_due(&mut self) -> Result<(), ServiceError> {
        let is_over = |releasing: &mut Releasing| releasing.task.is_over();
        let mut outcome = match self.large.releasing.take_if(is_over) {
            Some(releasing) => self.end_release(releasing),
            None => Ok(()),
        };
        let now = Instant::now();
        let due = self.waiting.iter().filter(|waiting| waiting.until <= now);
        let due: Vec<BatchId> = due.map(|waiting| waiting.id.clone()).collect();
        for id in due {
            let place = self.waiting.iter().position(|waiting| waiting.id == id);
            if let Some(place) = place {
                let waiting = self.waiting.remove(place);
                outcome = outcome.and(self.release(waiting));
            }
        }
        outcome
    }

    fn release(&mut self, mut waiting: Waiting) -> Result<(), ServiceError> {
        let size: u64 = waiting.claims.iter().map(|claim| claim.file.size()).sum();
        let is_beside = size >= LARGE && self.workers.are_several();
        if is_beside && self.large.releasing.is_some() {
            // One after the other.
            waiting.until = later(BESIDE);
            self.waiting.push(waiting);
            return Ok(());
        }
        let stamp = match self.sealed_still(&waiting) {
            Ok(Some(stamp)) => stamp,
            Ok(None) => {
                let id = &waiting.id;
                let observed = self.observe_claims(id, None);
                return self.or_hold(id, observed);
            }
            Err(error) => return Err(self.release_later(waiting, error)),
        };
        let let_go = {
            let (spool, moved, closer) =
                (self.spool.clone(), self.moved.clone(), self.closer.clone());
            let (id, claims) = (waiting.id.clone(), waiting.claims.clone());
            let workers = self.workers.clone();
            let sealed = Archive {
                outbox: self.outbox.clone(),
                directory: self.sealed.directory().clone(),
                path: self.sealed.path_of(&id),
                stamp,
            };
            move || {
                release(
                    &spool,
                    &id,
                    &claims,
                    &sealed,
                    moved.as_ref(),
                    &closer,
                    &workers,
                )
            }
        };
        let task = Task::begin("release", is_beside, let_go);
        let releasing = Releasing { waiting, task };
        match is_beside {
            true => {
                self.large.releasing = Some(releasing);
                Ok(())
            }
            false => self.end_release(releasing),
        }
    }

    /// Tries again later to let go of a batch. Returns the error.
    fn release_later(&mut self, waiting: Waiting, error: ServiceError) -> ServiceError {
        self.waiting.push(Waiting {
            until: later(AGAIN),
            has_failed: true,
            ..waiting
        });
        error
    }

    /// Waits until the claims of a batch were let go.
    pub(super) fn end_release(&mut self, releasing: Releasing) -> Result<(), ServiceError> {
        let Releasing { waiting, task } = releasing;
        let id = waiting.id.clone();
        let mut released = match task.end() {
            Ok(released) => released,
            Err(error) => return Err(self.release_later(waiting, error)),
        };
        // Nobody else says so: the next try finds nothing of these files.
        for written in &released.written {
            let path = self.spool.path.join(written);
            self.observer.note(&Event::WrittenAtTheEnd { path: &path });
        }
        let flushed = std::mem::replace(&mut released.flushed, Ok(()));
        if flushed.is_err() && self.unflushed.insert(id.clone()) {
            self.observer.note(&Event::Unflushed {
                archive: &self.sealed.path_of(&id),
            });
        }
        if let Some(failure) = released.failure.take() {
            return Err(self.release_later(waiting, failure));
        }
        let closed = self.close_released(&waiting, &released);
        flushed.and(self.or_hold(&id, closed))
    }

    fn close_released(
        &mut self,
        waiting: &Waiting,
        released: &Released,
    ) -> Result<(), ServiceError> {
        let id = &waiting.id;
        for changed in &released.changed {
            let path = Candidate::claimed(id, changed).shown(&self.spool.path);
            self.observer.note(&Event::ChangedSince { path: &path });
        }
        let stuck = released.stuck.iter().map(|(path, _)| path);
        let stuck: HashSet<&PathBuf> = stuck.collect();
        for claim in waiting.claims.iter() {
            let path = PathBuf::from(claim.file.name());
            if self.aside.len() > 0 && !stuck.contains(&path) {
                self.aside.forget(&Candidate::claimed(id, &path));
            }
        }
        self.observer.note(&Event::Released {
            files: released.files,
            bytes: released.bytes,
        });
        let left: Vec<&PathBuf> = released.changed.iter().chain(stuck).collect();
        if !left.is_empty() {
            self.unseal(id, &left)?;
        }
        for path in &released.changed {
            self.claim_later(id, path, Some(self.settle(false)));
        }
        for (path, reason) in &released.stuck {
            self.fail_claimed(id, path, reason);
        }
        self.note_ready(id)
    }

    /// Returns what the archive of a batch is now, if it's the one that was read back.
    fn sealed_still(&mut self, waiting: &Waiting) -> Result<Option<Stamp>, ServiceError> {
        let id = &waiting.id;
        match self.sealed.stamp(id)? {
            Some(found) if found == waiting.archive => Ok(Some(found)),
            // Somebody has done something with it.
            Some(found) if found.is_file_of(&waiting.archive) => {
                Ok(self.is_same_still(waiting)?.then_some(found))
            }
            _ => {
                self.observer.note(&Event::ArchiveGone {
                    archive: &self.sealed.path_of(id),
                });
                Ok(None)
            }
        }
    }

    /// Returns whether the archive of a batch, in which somebody has written, has what was
    /// sealed and nothing else, on the disk.
    fn is_same_still(&mut self, waiting: &Waiting) -> Result<bool, ServiceError> {
        let id = &waiting.id;
        let path = self.sealed.path_of(id);
        let flushed = input::open(&path).and_then(|file| file.sync_all());
        let read_back = flushed
            .map_err(|error| Error::reading(&path, error))
            .and_then(|()| {
                let job = self.workers.job();
                job.read_back(&path, &waiting.entries, None)
            });
        match read_back {
            Ok(()) => return Ok(true),
            Err(error) if concerns_all(&error) => return Err(error.into()),
            Err(_) => {}
        }
        let sealed = self.sealed.directory().clone();
        if !self.put_damaged_aside(&sealed, std::slice::from_ref(id))? {
            // It's sound. What is in it of the claims is taken out of it, and sealed anew.
            let archive = &path;
            self.observer.note(&Event::ArchiveChanged { archive });
        }
        Ok(false)
    }
}
