//! Finding out where the last service ended.

use std::collections::HashSet;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::batch_id::BatchId;
use super::claim::{CLAIMS, claim_path, directory};
use super::error::ServiceError;
use super::faults::is_of_all;
use super::release::remove_directory;
use super::report::Event;
use super::settling::Candidate;
use super::stamp::Stamp;
use super::tree::{Tree, remove_empty};
use super::walk::{Found, walk};
use super::{RESCAN, Service};
use crate::archive::Member;
use crate::files::cause;

impl Service<'_> {
    /// Looks at the claims and archives of all batches.
    ///
    /// A claim that is there may have been changed since it was sealed, or not have
    /// been sealed at all: it settles and is sealed anew, with another batch. Before
    /// that, it's taken out of the archive of its batch. So what is in an archive of
    /// a batch without claims is all that was sealed, once.
    pub(super) fn recover(&mut self) -> Result<(), ServiceError> {
        self.look_at_damaged()?;
        let (claimed, sealed) = (self.claimed()?, self.sealed.all()?);
        self.is_recovered = true;
        // What fails for one batch is tried again, and keeps no other one waiting.
        let mut outcome = Ok(());
        for id in claimed {
            self.workers.pulse.beat();
            let taken_up = self.take_up_again(&id);
            outcome = outcome.and(self.or_hold(&id, taken_up));
        }
        for id in sealed {
            self.workers.pulse.beat();
            // It was complete when it got its name, and its claims are gone.
            if !self.held.contains_key(&id) {
                let noted = self.note_ready(&id);
                outcome = outcome.and(self.or_hold(&id, noted));
            }
        }
        outcome
    }

    /// Tries all claims again that wait for anything.
    pub(super) fn retry_claims(&mut self) -> Result<(), ServiceError> {
        for id in self.claimed()? {
            if !self.is_waiting(&id) {
                self.hold(&id);
            }
        }
        Ok(())
    }

    /// Returns the batches that have claims, in their order.
    fn claimed(&self) -> Result<Vec<BatchId>, ServiceError> {
        let claims = self.spool.below(CLAIMS)?;
        let path = self.spool.path.join(super::OWN).join(CLAIMS);
        let names = claims.names();
        let names = names.map_err(|error| ServiceError::io(&path, error))?;
        let mut claimed: Vec<BatchId> = names
            .iter()
            .filter_map(|name| BatchId::parse(name.to_str()?))
            .collect();
        claimed.sort();
        Ok(claimed)
    }

    /// Takes the claims of a batch that are left out of its archive, and waits until
    /// they have settled.
    pub(super) fn take_up_again(&mut self, id: &BatchId) -> Result<(), ServiceError> {
        self.unseal_claims(id)?;
        self.observe_claims(id, Some(self.settle(false)))?;
        self.clean_up(id)
    }

    /// Notes that what is in the archive of a batch is all that was sealed of it.
    pub(super) fn note_ready(&mut self, id: &BatchId) -> Result<(), ServiceError> {
        // It may be gone, or be hidden now.
        self.ready.remove(id);
        // After a power failure, its claims may be there again.
        if self.unflushed.contains(id) {
            return Ok(());
        }
        let left = self.claims_of(id)?;
        if self.holds_hidden(id, &left) {
            return Ok(());
        }
        let ready = self.sealed.ready(id);
        if let Some(Some(ready)) = self.unless_damaged(id, ready)? {
            self.ready.insert(id.clone(), ready);
        }
        Ok(())
    }

    /// Makes sure that the archive of a batch has none of the claims that are there:
    /// they may be claimed by another batch then.
    pub(super) fn unseal_claims(&mut self, id: &BatchId) -> Result<(), ServiceError> {
        // While the claims are kept for a grace, those that wait to be sealed aren't in
        // the archive.
        if self.is_waiting(id) {
            return Ok(());
        }
        let left = self.claims_of(id)?;
        let paths: Vec<&PathBuf> = left.files.iter().map(|(path, _)| path).collect();
        self.unseal(id, &paths)
    }

    /// Takes files out of the archive of a batch, if they are in it: they are sealed
    /// anew. A file that can't be read any more stays in it.
    pub(super) fn unseal(&mut self, id: &BatchId, files: &[&PathBuf]) -> Result<(), ServiceError> {
        let unsealed = self.keep_others(id, files);
        self.unless_damaged(id, unsealed).map(drop)
    }

    fn keep_others(&self, id: &BatchId, files: &[&PathBuf]) -> Result<(), ServiceError> {
        let Some(archive) = self.sealed.archive(id)? else {
            return Ok(());
        };
        let files: HashSet<&str> = files.iter().filter_map(|path| path.to_str()).collect();
        let mut meant = HashSet::new();
        for member in archive.members() {
            let name = member.shown_name();
            if files.contains(&*name) && self.is_readable(id, Path::new(&*name))? {
                meant.insert(name.into_owned());
            }
        }
        let is_kept = |member: &&Member| !meant.contains(&*member.shown_name());
        let kept: Vec<&Member> = archive.members().filter(is_kept).collect();
        if meant.is_empty() {
            return Ok(());
        }
        if kept.is_empty() {
            return self.sealed.remove(id);
        }
        Ok(self.workers.job().keep_members(&archive, &kept)?)
    }

    /// Returns whether a claim can be read to its end. If not, what was sealed of it
    /// is all that there is.
    fn is_readable(&self, id: &BatchId, path: &Path) -> Result<bool, ServiceError> {
        let mut own = Tree::new(self.spool.own.clone());
        let path_in_own = directory(id).join(path);
        let read = own
            .parent_of(&path_in_own)
            .and_then(|(directory, name)| directory.open_file(name))
            .and_then(|file| io::copy(&mut self.workers.alive(file), &mut io::sink()));
        match read {
            Err(error) if is_of_all(&error) => Err(ServiceError::io(
                &claim_path(&self.spool.path, id).join(path),
                error,
            )),
            read => Ok(read.is_ok()),
        }
    }

    /// Returns the claims of a batch that are there.
    fn claims_of(&self, id: &BatchId) -> Result<Left, ServiceError> {
        let path = claim_path(&self.spool.path, id);
        let fail = |error| ServiceError::io(&path, error);
        let mut own = Tree::new(self.spool.own.clone());
        let mut left = Left::default();
        let batch = match own.open(&directory(id)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(left),
            Err(error) if !is_of_all(&error) => {
                left.hidden = Some((PathBuf::new(), error));
                return Ok(left);
            }
            other => other.map_err(fail)?,
        };
        let mut failure = None;
        walk(&batch, Path::new(""), None, |entry| match entry {
            Found::File(path, stat) => left.files.push((path, Stamp::of(&stat))),
            Found::Unreadable(_, error) if is_of_all(&error) => failure = Some(error),
            Found::Unreadable(path, error) => left.hidden = Some((path, error)),
            // Nobody but the service puts anything there.
            _ => {}
        });
        match failure {
            Some(error) => Err(fail(error)),
            None => Ok(left),
        }
    }

    /// Waits for the claims of a batch to settle, unless they have settled already.
    /// Those that are waited for as they are wait on.
    pub(super) fn observe_claims(
        &mut self,
        id: &BatchId,
        settle: Option<Duration>,
    ) -> Result<(), ServiceError> {
        let left = self.claims_of(id)?;
        self.holds_hidden(id, &left);
        for (path, stamp) in left.files {
            let file = Candidate::claimed(id, &path);
            if !self.aside.leaves_alone(&file, &stamp) {
                self.settling.observe_claim(file, stamp, settle);
            }
        }
        Ok(())
    }

    /// Returns whether a batch may have claims that can't be seen. It's looked at again
    /// later, and not bundled before: what is in its archive may have changed.
    fn holds_hidden(&mut self, id: &BatchId, left: &Left) -> bool {
        let Some((path, error)) = &left.hidden else {
            return false;
        };
        let due = Instant::now().checked_add(RESCAN);
        let held = self.held.entry(id.clone()).or_default();
        held.until = due;
        if !std::mem::replace(&mut held.is_reported, true) {
            self.observer.note(&Event::Deferred {
                path: &claim_path(&self.spool.path, id).join(path),
                reason: &cause(error),
            });
        }
        true
    }

    /// Looks at a batch again later if something has failed.
    pub(super) fn or_hold(
        &mut self,
        id: &BatchId,
        outcome: Result<(), ServiceError>,
    ) -> Result<(), ServiceError> {
        outcome.inspect_err(|_| self.hold(id))
    }

    /// Looks at a batch again in the next round.
    pub(super) fn hold(&mut self, id: &BatchId) {
        self.held.entry(id.clone()).or_default().until = Some(Instant::now());
    }

    /// Looks at the batches again in which something couldn't be seen.
    pub(super) fn look_at_held(&mut self, now: Instant) -> Result<(), ServiceError> {
        let is_due = |(id, held): &(&BatchId, &Held)| {
            held.until.is_none_or(|until| until <= now) && !self.is_waiting(id)
        };
        let due: Vec<BatchId> = self
            .held
            .iter()
            .filter(is_due)
            .map(|(id, _)| id.clone())
            .collect();
        let mut outcome = Ok(());
        for id in due {
            let looked = self.look_again(&id);
            outcome = outcome.and(self.or_hold(&id, looked));
        }
        outcome
    }

    fn look_again(&mut self, id: &BatchId) -> Result<(), ServiceError> {
        self.take_up_again(id)?;
        if self.claims_of(id)?.hidden.is_none() {
            self.note_ready(id)?;
            self.held.remove(id);
        }
        Ok(())
    }

    /// Removes the directory of a batch if it has no claims.
    pub(super) fn clean_up(&self, id: &BatchId) -> Result<(), ServiceError> {
        let path = claim_path(&self.spool.path, id);
        let mut own = Tree::new(self.spool.own.clone());
        match own.open(&directory(id)) {
            Err(error) if is_of_all(&error) => return Err(ServiceError::io(&path, error)),
            // One that can't be opened stays.
            Err(_) => return Ok(()),
            Ok(batch) => remove_empty(&batch),
        }
        let cleaned = remove_directory(&self.spool, id);
        cleaned.map_err(|error| ServiceError::io(&path, error))
    }
}

/// What is left of the claims of a batch.
#[derive(Debug, Default)]
struct Left {
    files: Vec<(PathBuf, Stamp)>,
    /// Something that can't be read, and why: there may be claims in it.
    hidden: Option<(PathBuf, io::Error)>,
}

/// A batch in which something couldn't be seen.
#[derive(Debug, Default)]
pub(super) struct Held {
    /// When it's looked at again.
    until: Option<Instant>,
    is_reported: bool,
}
