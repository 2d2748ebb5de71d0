//! Sealing batches of files.

use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

use super::aside::Verdict;
use super::batch_id::BatchId;
use super::claim::{Claimed, Claims, claim_path, directory};
use super::error::ServiceError;
use super::intake::SPECIAL;
use super::report::Event;
use super::sealing::{NotSealed, SealedClaim};
use super::settling::Candidate;
use super::stamp::Stamp;
use super::tree::Tree;
use super::{Loaded, Loader, Service};
use crate::Job;
use crate::sources::{Source, total_size};

/// The most files of a batch.
const MOST: usize = 4096;

/// The most bytes of a batch. A larger file has one for itself.
const MOST_BYTES: u64 = 64 << 20;

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
            self.observe_claims(&id, now, Duration::ZERO)?;
        }
        self.apply(loaded)?;
        outcome
    }

    fn claim_and_seal(
        &mut self,
        id: &BatchId,
        loaded: &Loaded,
        now: Instant,
    ) -> Result<(), ServiceError> {
        let mut files = self.claim_settled(id, now)?;
        let job = Job::new().workers(self.workers);
        while !files.is_empty() {
            match self.sealed.seal(id, &files, &loaded.plan, &job) {
                Ok(digests) => return self.keep(id, files, digests, now),
                Err(NotSealed::All(error)) => return Err(error),
                Err(NotSealed::File(path, error)) => {
                    let Some(place) = files.iter().position(|file| file.path() == path) else {
                        return Err(crate::Error::from(error).into());
                    };
                    let failed = files.remove(place);
                    self.fail_claimed(id, &failed, &error.to_string(), now);
                }
            }
        }
        self.clean_up(id)
    }

    /// Claims as many files that have settled as a batch may have.
    fn claim_settled(&mut self, id: &BatchId, now: Instant) -> Result<Vec<Source>, ServiceError> {
        let spool = self.spool.clone();
        let path = claim_path(&spool.path, id);
        let fail = |error| ServiceError::io(&path, error);
        let mut claims = Claims::begin(&spool, id).map_err(fail)?;
        let mut files = Vec::new();
        let mut later = Vec::new();
        let mut drained = Vec::new();
        let mut bytes: u64 = 0;
        while files.len() < MOST
            && claims.has_room()
            && let Some((file, stamp)) = self.settling.take(now)
        {
            bytes = bytes.saturating_add(stamp.size());
            if !files.is_empty() && bytes > MOST_BYTES {
                later.push((file, stamp));
                break;
            }
            if let Some(old) = &file.claimed
                && drained.last() != Some(old)
            {
                self.open_again(old)?;
                drained.push(old.clone());
            }
            match claims.claim(&file, &stamp).map_err(fail)? {
                Claimed::Taken(source) => {
                    self.aside.rename(&file, &claimed(id, &source));
                    files.push(source);
                }
                Claimed::Unsettled(claimed, stamp) => {
                    self.aside.rename(&file, &claimed);
                    self.settle_again(claimed, stamp, now);
                }
                Claimed::Misplaced(path) => self.pass_over(&path, SPECIAL),
                Claimed::Changed(stamp) => self.settle_again(file, stamp, now),
                Claimed::Gone => self.aside.forget(&file),
                Claimed::NextBatch => later.push((file, stamp)),
                Claimed::Linked => self.fail(file, stamp, LINKED, now),
                Claimed::Unfit(reason) => self.fail(file, stamp, &reason, now),
                Claimed::Unnamable(reason) => self.set_aside(&file, stamp, &reason),
            }
        }
        for (file, stamp) in later {
            self.settling.wait(file, stamp, now, Duration::ZERO);
        }
        claims.flush().map_err(fail)?;
        for old in drained {
            self.clean_up(&old)?;
            if !self.waiting_ids().any(|waiting| *waiting == old) {
                self.note_ready(&old)?;
            }
        }
        Ok(files)
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
        for file in &files {
            self.aside.forget(&claimed(id, file));
        }
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

    /// Returns the batches whose claims are kept for a grace.
    pub(super) fn waiting_ids(&self) -> impl Iterator<Item = &BatchId> {
        self.waiting.iter().map(|waiting| &waiting.id)
    }

    fn settle_again(&mut self, file: Candidate, stamp: Stamp, now: Instant) {
        let settle = self.settle(false);
        self.settling.wait(file, stamp, now, settle);
    }

    /// Notes that a claimed file can't be sealed.
    fn fail_claimed(&mut self, id: &BatchId, failed: &Source, reason: &str, now: Instant) {
        let file = claimed(id, failed);
        let mut own = Tree::new(self.spool.own.clone());
        let found = own
            .open(&directory(id))
            .and_then(|batch| Tree::new(batch).parent_of(&file.path).map(|(d, _)| d))
            .and_then(|directory| directory.stat(file.path.file_name().unwrap_or_default()));
        // If it's gone, somebody has removed it from where only the service works.
        if let Ok(stat) = found {
            self.fail(file, Stamp::of(&stat), reason, now);
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

/// Returns what a file is called that was claimed by a batch.
fn claimed(id: &BatchId, file: &Source) -> Candidate {
    Candidate {
        claimed: Some(id.clone()),
        path: file.name().into(),
    }
}

fn gone(path: &Path) -> ServiceError {
    ServiceError::io(path, std::io::ErrorKind::NotFound.into())
}
