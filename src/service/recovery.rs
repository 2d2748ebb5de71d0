//! Finding out where the last service ended.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::Service;
use super::batch_id::BatchId;
use super::claim::{CLAIMS, claim_path, directory, is_of_all};
use super::error::ServiceError;
use super::release::remove_directory;
use super::settling::Candidate;
use super::stamp::Stamp;
use super::tree::{Tree, remove_empty};
use super::walk::{Found, walk};
use crate::Job;

impl Service<'_> {
    /// Looks at the claims and archives of all batches.
    ///
    /// A claim that is there may have been changed since it was sealed, or not have
    /// been sealed at all: it settles and is sealed anew, with another batch. Before
    /// that, it's taken out of the archive of its batch. So what is in an archive of
    /// a batch without claims is all that was sealed, once.
    pub(super) fn recover(&mut self, now: Instant) -> Result<(), ServiceError> {
        self.look_at_damaged()?;
        let claims = self.spool.below(CLAIMS)?;
        let path = self.spool.path.join(super::OWN).join(CLAIMS);
        let fail = |error| ServiceError::io(&path, error);
        let mut claimed = Vec::new();
        for name in claims.names().map_err(fail)? {
            claimed.extend(name.to_str().and_then(BatchId::parse));
        }
        claimed.sort();
        for id in claimed {
            self.reopen(&id, now)?;
        }
        for id in self.sealed.all()? {
            // It was complete when it got its name, and its claims are gone.
            self.note_ready(&id)?;
        }
        Ok(())
    }

    /// Takes the claims of a batch that are left out of its archive, and waits until
    /// they have settled.
    pub(super) fn reopen(&mut self, id: &BatchId, now: Instant) -> Result<(), ServiceError> {
        self.open_again(id)?;
        self.observe_claims(id, now, self.settle(false))?;
        self.clean_up(id)
    }

    /// Notes that what is in the archive of a batch is all that was sealed of it.
    pub(super) fn note_ready(&mut self, id: &BatchId) -> Result<(), ServiceError> {
        let ready = self.sealed.ready(id);
        if let Some(Some(ready)) = self.unless_damaged(id, ready)? {
            self.ready.insert(id.clone(), ready);
        }
        Ok(())
    }

    /// Makes sure that the archive of a batch has none of the claims that are there:
    /// they may be claimed by another batch then.
    pub(super) fn open_again(&mut self, id: &BatchId) -> Result<(), ServiceError> {
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
    pub(super) fn unseal(&mut self, id: &BatchId, files: &[&PathBuf]) -> Result<(), ServiceError> {
        let unsealed = self.keep_others(id, files);
        self.unless_damaged(id, unsealed).map(drop)
    }

    fn keep_others(&self, id: &BatchId, files: &[&PathBuf]) -> Result<(), ServiceError> {
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
}
