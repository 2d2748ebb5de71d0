//! Sealing batches of files.

use std::collections::BTreeSet;
use std::io;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

use super::aside::Verdict;
use super::batch_id::BatchId;
use super::claim::{Claimed, Claims, claim_path, directory, is_of_all};
use super::error::ServiceError;
use super::faults::{is_full, is_too_large};
use super::intake::SPECIAL;
use super::report::Event;
use super::sealing::{NotSealed, SealedClaim};
use super::settling::Candidate;
use super::stamp::Stamp;
use super::tree::Tree;
use super::{Loaded, Loader, Service};
use crate::Job;
use crate::files::cause;
use crate::sources::{Source, SourceError, total_size};

/// The most files of a batch.
const MOST: usize = 4096;

/// The most bytes of a batch. A larger file has one for itself.
const MOST_BYTES: u64 = 64 << 20;

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

/// What was claimed for a batch.
#[derive(Debug, Default)]
struct Taken {
    files: Vec<Source>,
    /// The files that go into a later batch.
    later: Vec<(Candidate, Stamp)>,
    /// The batches whose claims were taken.
    opened: BTreeSet<BatchId>,
}

impl Service<'_> {
    /// Claims files that have settled, and seals them into one archive.
    pub(super) fn seal_batch(
        &mut self,
        loader: &mut dyn Loader,
        now: Instant,
    ) -> Result<(), ServiceError> {
        let loaded = loader.load()?;
        let id = BatchId::new(SystemTime::now())
            .map_err(|error| ServiceError::io(&self.spool.path, error))?;
        let outcome = self.claim_and_seal(&id, &loaded, now);
        if outcome.is_err() {
            // What was claimed is sealed with another batch.
            let observed = self.observe_claims(&id, now, Duration::ZERO);
            self.or_hold(&id, now, observed)?;
        }
        self.apply(loaded)?;
        outcome?.map_or(Ok(()), Err)
    }

    /// Claims and seals a batch. Returns why there was no room for any of its files.
    fn claim_and_seal(
        &mut self,
        id: &BatchId,
        loaded: &Loaded,
        now: Instant,
    ) -> Result<Option<ServiceError>, ServiceError> {
        let mut files = self.claim_settled(id, now)?;
        let job = Job::new().workers(self.workers);
        let mut is_checked = false;
        let mut larger = Vec::new();
        let mut no_room = None;
        while !files.is_empty() {
            match self.sealed.seal(id, &files, &loaded.plan, &job) {
                Ok(digests) => {
                    self.keep(id, files, digests, now)?;
                    // Some of the others may fit, too.
                    self.claim_all_later(id, &larger, now);
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
                    self.fail_claimed(id, Path::new(failed.name()), &reason(&error), now);
                    if is_checked {
                        // Each try seals less than the one before.
                        self.claim_all_later(id, &behind, now);
                    } else {
                        // Where one fails, others do. Each would take one more try.
                        files.append(&mut behind);
                        files.retain(|file| self.is_sealable(id, file, now));
                        is_checked = true;
                    }
                }
            }
        }
        self.clean_up(id)?;
        match no_room {
            // More room is no remedy for the smallest of them, which came last.
            Some(error) if is_too_large(&error) => {
                if let Some(smallest) = larger.pop() {
                    self.fail_claimed(id, Path::new(smallest.name()), TOO_LARGE, now);
                }
                self.claim_all_later(id, &larger, now);
                Ok(None)
            }
            Some(error) => {
                let until = Instant::now().checked_add(NO_ROOM).unwrap_or(now);
                self.claim_all_later(id, &larger, until);
                self.postponed = Some(until);
                Ok(Some(error))
            }
            None => Ok(None),
        }
    }

    /// Claims as many files that have settled as a batch may have.
    fn claim_settled(&mut self, id: &BatchId, now: Instant) -> Result<Vec<Source>, ServiceError> {
        let spool = self.spool.clone();
        let path = claim_path(&spool.path, id);
        let fail = |error| ServiceError::io(&path, error);
        let mut claims = Claims::begin(&spool, id).map_err(fail)?;
        let mut taken = Taken::default();
        let claimed = self.claim_each(&mut claims, &mut taken, id, now);
        for (file, stamp) in taken.later {
            self.settling.wait(file, stamp, now, Duration::ZERO);
        }
        // What was claimed is there, whatever has failed behind it.
        let flushed = claims.flush().map_err(fail);
        let mut closed = Ok(());
        for old in taken.opened {
            closed = closed.and(self.close(&old, now));
        }
        claimed.and(flushed).and(closed)?;
        Ok(taken.files)
    }

    fn claim_each(
        &mut self,
        claims: &mut Claims<'_>,
        taken: &mut Taken,
        id: &BatchId,
        now: Instant,
    ) -> Result<(), ServiceError> {
        let mut bytes: u64 = 0;
        while taken.files.len() < MOST
            && claims.has_room()
            && let Some((file, stamp)) = self.settling.take(now)
        {
            bytes = bytes.saturating_add(stamp.size());
            if !taken.files.is_empty() && bytes > MOST_BYTES {
                taken.later.push((file, stamp));
                break;
            }
            let claimed = self.open_once(file.claimed.as_ref(), taken).and_then(|()| {
                let path = claim_path(&self.spool.path, id);
                let claimed = claims.claim(&file, &stamp);
                claimed.map_err(|error| ServiceError::io(&path, error))
            });
            match claimed {
                Ok(Claimed::Taken(source)) => {
                    self.aside
                        .rename(&file, &claimed_by(id, Path::new(source.name())));
                    taken.files.push(source);
                }
                Ok(Claimed::Unsettled(claimed, stamp)) => {
                    self.aside.rename(&file, &claimed);
                    self.settle_again(claimed, stamp, now);
                }
                Ok(Claimed::Misplaced(path)) => self.pass_over(&path, SPECIAL),
                Ok(Claimed::Changed(stamp)) => self.settle_again(file, stamp, now),
                Ok(Claimed::Gone) => self.aside.forget(&file),
                Ok(Claimed::NextBatch) => taken.later.push((file, stamp)),
                Ok(Claimed::Linked) => self.fail(file, stamp, LINKED, now),
                Ok(Claimed::Unfit(reason)) => self.fail(file, stamp, &reason, now),
                Ok(Claimed::Unnamable(reason)) => self.set_aside(&file, stamp, &reason),
                Err(error) => {
                    taken.later.push((file, stamp));
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    /// Makes sure that the claims of another batch aren't in its archive, before the
    /// first of them is taken.
    fn open_once(&mut self, old: Option<&BatchId>, taken: &mut Taken) -> Result<(), ServiceError> {
        if let Some(old) = old
            && !taken.opened.contains(old)
        {
            self.open_again(old)?;
            taken.opened.insert(old.clone());
        }
        Ok(())
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

    /// Returns the number of files whose claims are kept.
    pub(super) fn kept(&self) -> usize {
        self.waiting
            .iter()
            .map(|waiting| waiting.claims.len())
            .sum()
    }

    /// Returns whether the claims of a batch are kept for a grace.
    pub(super) fn is_waiting(&self, id: &BatchId) -> bool {
        self.waiting_ids().any(|waiting| waiting == id)
    }

    /// Returns the batches whose claims are kept for a grace.
    pub(super) fn waiting_ids(&self) -> impl Iterator<Item = &BatchId> {
        self.waiting.iter().map(|waiting| &waiting.id)
    }

    /// Closes a batch whose claims were taken by another one.
    fn close(&mut self, old: &BatchId, now: Instant) -> Result<(), ServiceError> {
        let closed = self
            .clean_up(old)
            .and_then(|()| match self.is_waiting(old) {
                true => Ok(()),
                false => self.note_ready(old),
            });
        self.or_hold(old, now, closed)
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
            Ok(stat) => Some((claimed_by(id, path), Stamp::of(&stat))),
            // Somebody has removed it from where only the service works.
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(_) => {
                self.hold(id, now);
                None
            }
        }
    }

    fn settle_again(&mut self, file: Candidate, stamp: Stamp, now: Instant) {
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
    fn fail(&mut self, file: Candidate, stamp: Stamp, reason: &str, now: Instant) {
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
    fn set_aside(&mut self, file: &Candidate, stamp: Stamp, reason: &str) {
        self.aside.set_aside(file, stamp, reason);
        let path = &file.shown(&self.spool.path);
        self.observer.note(&Event::SetAside { path, reason });
    }
}

/// Why a file with several names waits.
const LINKED: &str =
    "it has another name as well (a hard link), under which it could be written to";

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

/// Returns what a file is called that was claimed by a batch.
pub(super) fn claimed_by(id: &BatchId, path: &Path) -> Candidate {
    Candidate {
        claimed: Some(id.clone()),
        path: path.to_owned(),
    }
}

fn gone(path: &Path) -> ServiceError {
    ServiceError::io(path, std::io::ErrorKind::NotFound.into())
}
