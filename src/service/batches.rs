//! Sealing a batch of files, and letting go of it.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use super::aside::Verdict;
use super::batch_id::BatchId;
use super::claim::{Claimed, Claims, claim_path, directory, is_of_all};
use super::error::ServiceError;
use super::intake::SPECIAL;
use super::places::identity;
use super::release::{release, remove_directory};
use super::report::Event;
use super::sealing::{NotSealed, SealedClaim};
use super::settling::Candidate;
use super::stamp::Stamp;
use super::tree::{Tree, remove_empty};
use super::walk::{Found, walk};
use super::{Loaded, Loader, Service};
use crate::Job;
use crate::files::FileId;
use crate::sources::{Source, total_size};

/// The most files of a batch.
const MOST: usize = 4096;

/// The most bytes of a batch. A larger file has one for itself.
const MOST_BYTES: u64 = 64 << 20;

/// A batch that is sealed and whose claims are kept for a grace.
#[derive(Debug)]
pub(super) struct Waiting {
    id: BatchId,
    pub until: Instant,
    claims: Vec<SealedClaim>,
    /// Its archive.
    archive: FileId,
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
        let found = identity(self.sealed.directory(), &id.archive());
        let found = found.map_err(|error| ServiceError::io(&path, error))?;
        let archive = found.ok_or_else(|| gone(&path))?;
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

    /// Lets go of the claims whose grace is over.
    pub(super) fn release_due(&mut self, now: Instant) -> Result<(), ServiceError> {
        while let Some(waiting) = self.waiting.pop_front() {
            if waiting.until > now {
                self.waiting.push_front(waiting);
                break;
            }
            match self.release(&waiting, now) {
                Ok(()) => {}
                Err(error) => {
                    self.waiting.push_front(waiting);
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    fn release(&mut self, waiting: &Waiting, now: Instant) -> Result<(), ServiceError> {
        let Waiting { id, claims, .. } = waiting;
        let path = self.sealed.path_of(id);
        let found = identity(self.sealed.directory(), &id.archive());
        let found = found.map_err(|error| ServiceError::io(&path, error))?;
        if found.as_ref() != Some(&waiting.archive) {
            // Somebody has removed it. The claims are sealed anew.
            self.observe_claims(id, now, Duration::ZERO)?;
            self.observer.note(&Event::ArchiveGone { archive: &path });
            return Ok(());
        }
        let released = release(&self.spool, id, claims, self.moved.as_ref(), self.workers)?;
        for changed in &released.changed {
            let file = Candidate {
                claimed: Some(id.clone()),
                path: changed.clone(),
            };
            let path = file.shown(&self.spool.path);
            self.observer.note(&Event::ChangedSince { path: &path });
        }
        for written in &released.written {
            let path = self.spool.path.join(written);
            self.observer.note(&Event::WrittenAtTheEnd { path: &path });
        }
        if !released.changed.is_empty() {
            let changed: Vec<&PathBuf> = released.changed.iter().collect();
            self.unseal(id, &changed)?;
            self.observe_claims(id, now, self.settle(false))?;
        }
        self.observer.note(&Event::Released {
            files: released.files,
            bytes: released.bytes,
        });
        self.note_ready(id)
    }

    /// Notes that what is in the archive of a batch is all that was sealed of it.
    pub(super) fn note_ready(&mut self, id: &BatchId) -> Result<(), ServiceError> {
        if let Some(ready) = self.sealed.ready(id)? {
            self.ready.insert(id.clone(), ready);
        }
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

    /// Makes sure that the archive of a batch has none of the claims that are there:
    /// they may be claimed by another batch then.
    pub(super) fn open_again(&self, id: &BatchId) -> Result<(), ServiceError> {
        // While the claims are kept for a grace, those that wait to be sealed aren't in
        // the archive.
        if self.waiting_ids().any(|waiting| waiting == id) {
            return Ok(());
        }
        let left = self.claims_of(id)?;
        let paths: Vec<&PathBuf> = left.iter().map(|(path, _)| path).collect();
        self.unseal(id, &paths)
    }

    /// Takes files out of the archive of a batch, if they are in it: they are sealed
    /// anew.
    pub(super) fn unseal(&self, id: &BatchId, files: &[&PathBuf]) -> Result<(), ServiceError> {
        let Some(archive) = self.sealed.archive(id)? else {
            return Ok(());
        };
        let is_meant = |name: &str| files.iter().any(|path| path.to_str() == Some(name));
        let (meant, kept): (Vec<_>, Vec<_>) = archive
            .members()
            .partition(|member| is_meant(&member.shown_name()));
        if meant.is_empty() {
            return Ok(());
        }
        if kept.is_empty() {
            return self.sealed.remove(id);
        }
        Ok(Job::new().keep_members(&archive, &kept)?)
    }

    /// Returns the claims of a batch that are there.
    pub(super) fn claims_of(&self, id: &BatchId) -> Result<Vec<(PathBuf, Stamp)>, ServiceError> {
        let path = claim_path(&self.spool.path, id);
        let fail = |error| ServiceError::io(&path, error);
        let mut own = Tree::new(self.spool.own.clone());
        let batch = match own.open(&directory(id)) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            other => other.map_err(fail)?,
        };
        let mut failure = None;
        let mut found = Vec::new();
        walk(&batch, Path::new(""), None, |entry| match entry {
            Found::File(path, stat) => found.push((path, Stamp::of(&stat))),
            // Nobody but the service puts anything there.
            Found::Unreadable(_, error) if is_of_all(&error) => failure = Some(error),
            _ => {}
        });
        match failure {
            Some(error) => Err(fail(error)),
            None => Ok(found),
        }
    }

    /// Waits for the claims of a batch to settle.
    pub(super) fn observe_claims(
        &mut self,
        id: &BatchId,
        now: Instant,
        settle: Duration,
    ) -> Result<(), ServiceError> {
        for (path, stamp) in self.claims_of(id)? {
            let file = Candidate {
                claimed: Some(id.clone()),
                path,
            };
            self.settling.wait(file, stamp, now, settle);
        }
        Ok(())
    }

    /// Removes the directory of a batch if it has no claims.
    pub(super) fn clean_up(&self, id: &BatchId) -> Result<(), ServiceError> {
        let path = claim_path(&self.spool.path, id);
        let mut own = Tree::new(self.spool.own.clone());
        let cleaned = match own.open(&directory(id)) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            other => other.and_then(|batch| remove_empty(&batch)),
        };
        let cleaned = cleaned.and_then(|()| remove_directory(&self.spool, id));
        cleaned.map_err(|error| ServiceError::io(&path, error))
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
