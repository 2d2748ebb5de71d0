//! Finding out where the last service ended.

use std::time::Instant;

use super::Service;
use super::batch_id::BatchId;
use super::claim::CLAIMS;
use super::error::ServiceError;
use super::report::Event;

impl Service<'_> {
    /// Looks at the claims and archives of all batches.
    ///
    /// A claim that is there may have been changed since it was sealed, or not have
    /// been sealed at all: it settles and is sealed anew, with another batch. Before
    /// that, it's taken out of the archive of its batch. So what is in an archive of
    /// a batch without claims is all that was sealed, once.
    pub(super) fn recover(&mut self, now: Instant) -> Result<(), ServiceError> {
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
            // It was complete when it got its name, and its claims are gone. It's kept
            // as it is.
            if let Err(error) = self.note_ready(&id) {
                self.observer.note(&Event::Damaged {
                    archive: &self.sealed.path_of(&id),
                    error: &error,
                });
            }
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
}
