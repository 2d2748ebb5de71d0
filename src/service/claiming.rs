//! Claiming the files of a batch.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Instant;

use super::batch_id::BatchId;
use super::claim::{Claimed, Claims, claim_path};
use super::error::ServiceError;
use super::intake::SPECIAL;
use super::settling::Candidate;
use super::stamp::Stamp;
use super::{Loader, Service};
use crate::sources::Source;

/// The most files of a batch.
const MOST: usize = 4096;

/// The most bytes of a batch. A larger file has one for itself.
const MOST_BYTES: u64 = 64 << 20;

/// Why a file with several names waits.
const LINKED: &str =
    "it has another name as well (a hard link), under which it could be written to";

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
    /// Claims as many files that had settled at the horizon as a batch may have.
    pub(super) fn claim_settled(
        &mut self,
        id: &BatchId,
        loader: &dyn Loader,
        horizon: Instant,
    ) -> Result<Vec<Source>, ServiceError> {
        let spool = self.spool.clone();
        let path = claim_path(&spool.path, id);
        let fail = |error| ServiceError::io(&path, error);
        let mut claims = Claims::begin(&spool, id).map_err(fail)?;
        let mut taken = Taken::default();
        let claimed = self.claim_each(&mut claims, &mut taken, id, loader, horizon);
        for (file, stamp) in taken.later {
            self.settling.put_back(file, stamp);
        }
        // What was claimed is there, whatever has failed behind it.
        let flushed = claims.flush().map_err(fail);
        let mut closed = Ok(());
        for old in taken.opened {
            closed = closed.and(self.close(&old));
        }
        claimed.and(flushed).and(closed)?;
        Ok(taken.files)
    }

    fn claim_each(
        &mut self,
        claims: &mut Claims<'_>,
        taken: &mut Taken,
        id: &BatchId,
        loader: &dyn Loader,
        horizon: Instant,
    ) -> Result<(), ServiceError> {
        let mut bytes: u64 = 0;
        while taken.files.len() < MOST
            && claims.has_room()
            && let Some((file, stamp)) = self.settling.take(horizon)
        {
            if self.large.keep(&file, &stamp) {
                continue;
            }
            if let Some(reason) = loader.objection(&file.shown(&self.spool.path)) {
                self.set_aside(&file, stamp, &reason);
                continue;
            }
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
                        .rename(&file, &Candidate::claimed(id, Path::new(source.name())));
                    taken.files.push(source);
                }
                Ok(Claimed::Unsettled(claimed, stamp)) => {
                    self.aside.rename(&file, &claimed);
                    self.settle_again(claimed, stamp);
                }
                Ok(Claimed::Misplaced(path)) => self.pass_over(&path, SPECIAL),
                Ok(Claimed::Changed(stamp)) => self.settle_again(file, stamp),
                Ok(Claimed::Gone) => self.aside.forget(&file),
                Ok(Claimed::NextBatch) => taken.later.push((file, stamp)),
                Ok(Claimed::Linked) => self.fail(file, stamp, LINKED),
                Ok(Claimed::Unfit(reason)) => self.fail(file, stamp, &reason),
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
            self.unseal_claims(old)?;
            taken.opened.insert(old.clone());
        }
        Ok(())
    }

    /// Closes a batch whose claims were taken by another one.
    fn close(&mut self, old: &BatchId) -> Result<(), ServiceError> {
        let closed = self
            .clean_up(old)
            .and_then(|()| match self.is_waiting(old) {
                true => Ok(()),
                false => self.note_ready(old),
            });
        self.or_hold(old, closed)
    }
}
