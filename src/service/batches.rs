//! Sealing batches of files.

use std::io;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

use super::ahead::{Ended, Sealing};
use super::aside::Verdict;
use super::batch_id::BatchId;
use super::claim::directory;
use super::error::ServiceError;
use super::faults::{is_full, is_of_all, is_too_large};
use super::report::Event;
use super::sealing::{NotSealed, SealedClaim};
use super::settling::Candidate;
use super::stamp::Stamp;
use super::tree::Tree;
use super::{Loaded, Loader, Service};
use crate::Job;
use crate::files::cause;
use crate::sources::{Source, SourceError, total_size};

/// The time for which files wait for which there is no room.
const NO_ROOM: Duration = Duration::from_secs(60);

/// A batch that is sealed and whose claims are kept for a grace.
#[derive(Debug)]
pub(super) struct Waiting {
    pub id: BatchId,
    pub until: Instant,
    pub claims: Vec<SealedClaim>,
    /// Its archive, when it had been read back.
    pub archive: Stamp,
}

impl Service<'_> {
    /// Claims files that have settled, and begins to seal them into one archive.
    pub(super) fn begin_batch(
        &mut self,
        loader: &mut dyn Loader,
        now: Instant,
    ) -> Result<(), ServiceError> {
        let Loaded { plan, settings, .. } = loader.load()?;
        let id = BatchId::new(SystemTime::now())
            .map_err(|error| ServiceError::io(&self.spool.path, error))?;
        let claimed = self.claim_settled(&id, now);
        let begun = claimed.and_then(|files| match files.is_empty() {
            true => self.clean_up(&id),
            false => {
                let job = Job::new().workers(self.workers);
                let sealing = Sealing::begin(&self.sealed, id.clone(), files, plan, job);
                self.sealing.push_back(sealing);
                Ok(())
            }
        });
        if begun.is_err() {
            self.leave_batch(&id, now)?;
        }
        self.apply(settings)?;
        begun
    }

    /// Waits until the batch that was begun first is sealed, and keeps its claims for a
    /// grace.
    pub(super) fn end_batch(&mut self, now: Instant) -> Result<(), ServiceError> {
        let Some(sealing) = self.sealing.pop_front() else {
            return Ok(());
        };
        let sealed = sealing.end();
        let id = sealed.id.clone();
        let kept = self.keep_what_fits(sealed, now);
        if kept.is_err() {
            self.leave_batch(&id, now)?;
        }
        kept?.map_or(Ok(()), Err)
    }

    /// Leaves what was claimed to other batches.
    fn leave_batch(&mut self, id: &BatchId, now: Instant) -> Result<(), ServiceError> {
        let observed = self.observe_claims(id, now, Duration::ZERO);
        self.or_hold(id, now, observed)
    }

    /// Keeps the claims of a batch. Those that can't be sealed are left out, and the
    /// others sealed again. Returns why there was no room for any of its files.
    fn keep_what_fits(
        &mut self,
        batch: Ended,
        now: Instant,
    ) -> Result<Option<ServiceError>, ServiceError> {
        let Ended {
            id,
            mut files,
            plan,
            mut outcome,
        } = batch;
        let job = Job::new().workers(self.workers);
        let mut is_checked = false;
        let mut larger = Vec::new();
        let mut no_room = None;
        loop {
            match outcome {
                Ok(digests) => {
                    self.keep(&id, files, digests, now)?;
                    // Some of the others may fit, too.
                    self.claim_all_later(&id, &larger, now);
                    return Ok(None);
                }
                Err(NotSealed::All(error)) if is_full(&error) => {
                    larger.append(&mut larger_half(&mut files));
                    no_room = Some(error);
                }
                Err(NotSealed::All(error)) => return Err(error),
                Err(NotSealed::File(path, error)) => {
                    let Some(place) = files.iter().position(|file| file.path() == path) else {
                        return Err(crate::Error::from(error).into());
                    };
                    let mut behind = files.split_off(place);
                    let failed = behind.remove(0);
                    self.fail_claimed(&id, Path::new(failed.name()), &reason(&error), now);
                    if is_checked {
                        // Each try seals less than the one before.
                        self.claim_all_later(&id, &behind, now);
                    } else {
                        // Where one fails, others do. Each would take one more try.
                        files.append(&mut behind);
                        files.retain(|file| self.is_sealable(&id, file, now));
                        is_checked = true;
                    }
                }
            }
            if files.is_empty() {
                break;
            }
            outcome = self.sealed.seal(&id, &files, &plan, &job);
        }
        self.clean_up(&id)?;
        match no_room {
            // More room is no remedy for the smallest of them, which came last.
            Some(error) if is_too_large(&error) => {
                if let Some(smallest) = larger.pop() {
                    self.fail_claimed(&id, Path::new(smallest.name()), TOO_LARGE, now);
                }
                self.claim_all_later(&id, &larger, now);
                Ok(None)
            }
            Some(error) => {
                let until = Instant::now().checked_add(NO_ROOM).unwrap_or(now);
                self.claim_all_later(&id, &larger, until);
                self.postponed = Some(until);
                Ok(Some(error))
            }
            None => Ok(None),
        }
    }

    /// Keeps the claims of a batch that is sealed for a grace.
    fn keep(
        &mut self,
        id: &BatchId,
        files: Vec<Source>,
        digests: Vec<blake3::Hash>,
        now: Instant,
    ) -> Result<(), ServiceError> {
        let path = self.sealed.path_of(id);
        let archive = self.sealed.stamp(id)?.ok_or_else(|| gone(&path))?;
        let bytes = total_size(&files);
        self.observer.note(&Event::Sealed {
            files: files.len(),
            bytes,
            archive: &path,
        });
        let claims = files.into_iter().zip(digests);
        let claims = claims.map(|(file, digest)| SealedClaim { file, digest });
        self.waiting.push_back(Waiting {
            id: id.clone(),
            until: now.checked_add(self.settings.grace).unwrap_or(now),
            claims: claims.collect(),
            archive,
        });
        Ok(())
    }

    /// Returns the number of files whose claims are sealed, or kept for a grace.
    pub(super) fn kept(&self) -> usize {
        let sealing = self.sealing.iter().map(Sealing::files);
        let waiting = self.waiting.iter().map(|waiting| waiting.claims.len());
        sealing.chain(waiting).sum()
    }

    /// Returns whether the claims of a batch are being sealed, or kept for a grace.
    pub(super) fn is_waiting(&self, id: &BatchId) -> bool {
        self.waiting_ids().any(|waiting| waiting == id)
    }

    /// Returns the batches whose claims are being sealed, or kept for a grace.
    pub(super) fn waiting_ids(&self) -> impl Iterator<Item = &BatchId> {
        let waiting = self.waiting.iter().map(|waiting| &waiting.id);
        waiting.chain(self.sealing.iter().map(|sealing| &sealing.id))
    }

    /// Returns whether a file can be read as it was claimed. If not, it's noted.
    fn is_sealable(&mut self, id: &BatchId, file: &Source, now: Instant) -> bool {
        let read = file.open().and_then(|mut source| {
            let path = file.path().to_owned();
            let read = io::copy(&mut source, &mut io::sink());
            read.map_err(|error| SourceError::Io { path, error })?;
            source.finish()
        });
        match read {
            Ok(()) => true,
            // The next try to seal it says so.
            Err(SourceError::Io { error, .. }) if is_of_all(&error) => true,
            Err(error) => {
                self.fail_claimed(id, Path::new(file.name()), &reason(&error), now);
                false
            }
        }
    }

    /// Leaves claims to a later batch.
    fn claim_all_later(&mut self, id: &BatchId, files: &[Source], due: Instant) {
        for file in files {
            self.claim_later(id, Path::new(file.name()), due, Duration::ZERO);
        }
    }

    /// Leaves a claim to a later batch.
    pub(super) fn claim_later(&mut self, id: &BatchId, path: &Path, now: Instant, wait: Duration) {
        if let Some((file, stamp)) = self.claim_now(id, path, now) {
            self.settling.wait(file, stamp, now, wait);
        }
    }

    /// Returns what a claim is now, if it's there.
    fn claim_now(&mut self, id: &BatchId, path: &Path, now: Instant) -> Option<(Candidate, Stamp)> {
        let mut own = Tree::new(self.spool.own.clone());
        let found = own
            .open(&directory(id))
            .and_then(|batch| Tree::new(batch).parent_of(path).map(|(d, _)| d))
            .and_then(|directory| directory.stat(path.file_name().unwrap_or_default()));
        match found {
            Ok(stat) => Some((Candidate::claimed(id, path), Stamp::of(&stat))),
            // Somebody has removed it from where only the service works.
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(_) => {
                self.hold(id, now);
                None
            }
        }
    }

    pub(super) fn settle_again(&mut self, file: Candidate, stamp: Stamp, now: Instant) {
        let settle = self.settle(false);
        self.settling.wait(file, stamp, now, settle);
    }

    /// Notes that a claimed file can't be sealed.
    pub(super) fn fail_claimed(&mut self, id: &BatchId, path: &Path, reason: &str, now: Instant) {
        if let Some((file, stamp)) = self.claim_now(id, path, now) {
            self.fail(file, stamp, reason, now);
        }
    }

    /// Notes that a file can't be sealed: it's tried again, or set aside.
    pub(super) fn fail(&mut self, file: Candidate, stamp: Stamp, reason: &str, now: Instant) {
        let path = file.shown(&self.spool.path);
        let (verdict, is_new) = self.aside.fail(&file, stamp, reason);
        match verdict {
            Verdict::Again(wait) => {
                if is_new {
                    let path = &path;
                    self.observer.note(&Event::Deferred { path, reason });
                }
                self.settling.wait(file, stamp, now, wait);
            }
            Verdict::SetAside => {
                let path = &path;
                self.observer.note(&Event::SetAside { path, reason });
            }
        }
    }

    /// Leaves a file alone that no further try would seal.
    pub(super) fn set_aside(&mut self, file: &Candidate, stamp: Stamp, reason: &str) {
        self.aside.set_aside(file, stamp, reason);
        let path = &file.shown(&self.spool.path);
        self.observer.note(&Event::SetAside { path, reason });
    }
}

/// Why a file fails for which no room is enough.
const TOO_LARGE: &str = "the outbox takes no file of its size";

/// Takes the larger half of some files: one at least.
fn larger_half(files: &mut Vec<Source>) -> Vec<Source> {
    files.sort_by_key(Source::size);
    let half = (files.len() / 2).max(1);
    files.split_off(files.len().saturating_sub(half))
}

/// Returns why a file can't be sealed, without its path.
fn reason(error: &SourceError) -> String {
    match error {
        SourceError::Io { error, .. } => cause(error),
        SourceError::ChangedWhileRead { .. } => "it was changed while it was read".to_owned(),
        error => error.to_string(),
    }
}

fn gone(path: &Path) -> ServiceError {
    ServiceError::io(path, std::io::ErrorKind::NotFound.into())
}
