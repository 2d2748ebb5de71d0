//! Sealing batches of files.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use super::ahead::{Outcome, Sealing};
use super::aside::Verdict;
use super::batch_id::BatchId;
use super::claim::directory;
use super::error::ServiceError;
use super::faults::{is_full, is_of_all, is_too_large};
use super::report::{Event, SealedCall};
use super::sealing::{NotSealed, SealedClaim};
use super::settling::Candidate;
use super::stamp::Stamp;
use super::tree::Tree;
use super::{Loader, Service, later};
use crate::files::cause;
use crate::jobs::Packed;
use crate::message::SealPlan;
use crate::sources::{Source, SourceError, total_size};

/// The time for which files wait for which there is no room.
const NO_ROOM: Duration = Duration::from_secs(60);

/// A batch that is sealed and whose claims are kept for a grace.
#[derive(Debug)]
pub(super) struct Waiting {
    pub id: BatchId,
    pub until: Instant,
    pub claims: Arc<Vec<SealedClaim>>,
    /// Its archive, when it had been read back.
    pub archive: Stamp,
    /// The hash of what is in it.
    pub entries: blake3::Hash,
    /// Whether it couldn't be let go.
    pub has_failed: bool,
}

impl Service<'_> {
    /// Claims files that had settled at the horizon, and begins to seal them into one
    /// archive.
    pub(super) fn begin_batch(
        &mut self,
        loader: &mut dyn Loader,
        horizon: Instant,
    ) -> Result<(), ServiceError> {
        let plan = self.load(loader)?.plan;
        let id = BatchId::new(SystemTime::now())
            .map_err(|error| ServiceError::io(&self.spool.path, error))?;
        let claimed = self.claim_settled(&id, loader, horizon);
        let begun = claimed.and_then(|files| match files.is_empty() {
            true => self.clean_up(&id),
            false => {
                let workers = self.workers.clone();
                let sealing = Sealing::begin(&self.sealed, id.clone(), files, plan, workers);
                self.sealing.extend(self.large.take(sealing));
                Ok(())
            }
        });
        begun.inspect_err(|_| self.leave_batch(&id))
    }

    /// Waits until the batch that was begun first is sealed, and keeps its claims for a
    /// grace.
    pub(super) fn end_batch(&mut self) -> Result<(), ServiceError> {
        let Some(sealing) = self.sealing.pop_front() else {
            return Ok(());
        };
        self.keep_sealed(sealing.end())
    }

    /// Keeps the claims of a batch that is sealed for a grace.
    pub(super) fn keep_sealed(&mut self, sealed: Outcome) -> Result<(), ServiceError> {
        let id = sealed.id.clone();
        let kept = self.keep_what_fits(sealed);
        let no_room = kept.inspect_err(|_| self.leave_batch(&id))?;
        no_room.map_or(Ok(()), Err)
    }

    /// Leaves what was claimed to other batches. If it can't be seen, it's looked at again
    /// later.
    fn leave_batch(&mut self, id: &BatchId) {
        let observed = self.observe_claims(id, None);
        let _ = self.or_hold(id, observed);
    }

    /// Keeps the claims of a batch. Those that can't be sealed are left out, and the
    /// others sealed again. Returns why there was no room for any of its files.
    fn keep_what_fits(&mut self, batch: Outcome) -> Result<Option<ServiceError>, ServiceError> {
        let Outcome {
            id,
            mut files,
            plan,
            mut sealed,
        } = batch;
        let workers = self.workers.clone();
        let mut is_checked = false;
        let mut larger = Vec::new();
        let mut no_room = None;
        loop {
            match sealed {
                Ok(packed) => {
                    self.keep(&id, files, packed, &plan)?;
                    // Some of the others may fit, too.
                    self.claim_all_later(&id, &larger, None);
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
                    self.fail_claimed(&id, Path::new(failed.name()), &reason(&error));
                    if is_checked {
                        // Each try seals less than the one before.
                        self.claim_all_later(&id, &behind, None);
                    } else {
                        // Where one fails, others do. Each would take one more try.
                        files.append(&mut behind);
                        files.retain(|file| self.is_sealable(&id, file));
                        is_checked = true;
                    }
                }
            }
            if files.is_empty() {
                break;
            }
            sealed = self.sealed.seal(&id, &files, &plan, &workers.job());
        }
        self.clean_up(&id)?;
        match no_room {
            // More room is no remedy for the smallest of them, which came last.
            Some(error) if is_too_large(&error) => {
                if let Some(smallest) = larger.pop() {
                    self.fail_claimed(&id, Path::new(smallest.name()), TOO_LARGE);
                }
                self.claim_all_later(&id, &larger, None);
                Ok(None)
            }
            Some(error) => {
                self.claim_all_later(&id, &larger, Some(NO_ROOM));
                self.postponed = Some(later(NO_ROOM));
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
        packed: Packed,
        plan: &SealPlan,
    ) -> Result<(), ServiceError> {
        let path = self.sealed.path_of(id);
        let entries = packed.entries(&path)?;
        let archive = self.sealed.stamp(id)?.ok_or_else(|| gone(&path))?;
        let bytes = total_size(&files);
        for (file, message) in files.iter().zip(&packed.ids) {
            self.observer.note(&Event::SealedCall(&SealedCall {
                service: &self.spool.path,
                file,
                message: *message,
                batch: id,
                plan,
            }));
        }
        self.observer.note(&Event::Sealed {
            files: files.len(),
            bytes,
            archive: &path,
        });
        let claims = files.into_iter().zip(packed.digests);
        let claims = claims.map(|(file, digest)| SealedClaim { file, digest });
        self.waiting.push(Waiting {
            id: id.clone(),
            until: later(self.settings.grace),
            claims: Arc::new(claims.collect()),
            archive,
            entries,
            has_failed: false,
        });
        Ok(())
    }

    /// Returns the number of files whose claims are sealed, or kept for a grace.
    pub(super) fn kept(&self) -> usize {
        let sealing = self.all_sealing().map(Sealing::files);
        let waiting = self.all_waiting().map(|waiting| waiting.claims.len());
        sealing.chain(waiting).sum()
    }

    /// Returns whether the claims of a batch are being sealed, or kept for a grace.
    pub(super) fn is_waiting(&self, id: &BatchId) -> bool {
        self.waiting_ids().any(|waiting| waiting == id)
    }

    /// Returns the batches whose claims are being sealed, or kept for a grace.
    pub(super) fn waiting_ids(&self) -> impl Iterator<Item = &BatchId> {
        let waiting = self.all_waiting().map(|waiting| &waiting.id);
        waiting.chain(self.all_sealing().map(|sealing| &sealing.id))
    }

    fn all_waiting(&self) -> impl Iterator<Item = &Waiting> {
        let releasing = self.large.releasing.iter();
        self.waiting
            .iter()
            .chain(releasing.map(|releasing| &releasing.waiting))
    }

    pub(super) fn all_sealing(&self) -> impl Iterator<Item = &Sealing> {
        self.sealing.iter().chain(&self.large.sealing)
    }

    /// Returns whether a file can be read as it was claimed. If not, it's noted.
    fn is_sealable(&mut self, id: &BatchId, file: &Source) -> bool {
        let read = file.open().and_then(|mut source| {
            let path = file.path().to_owned();
            let read = io::copy(&mut self.workers.alive(&mut source), &mut io::sink());
            read.map_err(|error| SourceError::Io { path, error })?;
            source.finish()
        });
        match read {
            Ok(()) => true,
            // The next try to seal it says so.
            Err(SourceError::Io { error, .. }) if is_of_all(&error) => true,
            Err(error) => {
                self.fail_claimed(id, Path::new(file.name()), &reason(&error));
                false
            }
        }
    }

    /// Leaves claims to a later batch: the next one, or one after some time.
    fn claim_all_later(&mut self, id: &BatchId, files: &[Source], wait: Option<Duration>) {
        for file in files {
            self.claim_later(id, Path::new(file.name()), wait);
        }
    }

    /// Leaves a claim to a later batch: the next one, or one after some time.
    pub(super) fn claim_later(&mut self, id: &BatchId, path: &Path, wait: Option<Duration>) {
        match (self.claim_now(id, path), wait) {
            (Some((file, stamp)), Some(wait)) => self.settling.wait(file, stamp, wait),
            (Some((file, stamp)), None) => self.settling.put_back(file, stamp),
            (None, _) => {}
        }
    }

    /// Returns what a claim is now, if it's there.
    fn claim_now(&mut self, id: &BatchId, path: &Path) -> Option<(Candidate, Stamp)> {
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
                self.hold(id);
                None
            }
        }
    }

    pub(super) fn settle_again(&mut self, file: Candidate, stamp: Stamp) {
        let settle = self.settle(false);
        self.settling.wait(file, stamp, settle);
    }

    /// Notes that a claimed file can't be sealed.
    pub(super) fn fail_claimed(&mut self, id: &BatchId, path: &Path, reason: &str) {
        if let Some((file, stamp)) = self.claim_now(id, path) {
            self.fail(file, stamp, reason);
        }
    }

    /// Notes that a file can't be sealed: it's tried again, or set aside.
    pub(super) fn fail(&mut self, file: Candidate, stamp: Stamp, reason: &str) {
        let path = file.shown(&self.spool.path);
        let (verdict, is_new) = self.aside.fail(&file, stamp, reason);
        match verdict {
            Verdict::Again(wait) => {
                if is_new {
                    let path = &path;
                    self.observer.note(&Event::Deferred { path, reason });
                }
                self.settling.wait(file, stamp, wait);
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
