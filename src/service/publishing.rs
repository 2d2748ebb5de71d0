//! Messages of the outbox that are in no archive.

use super::Service;
use super::batch_id::BatchId;
use super::error::ServiceError;
use super::faults::concerns_all;
use super::report::Event;
use crate::Job;
use crate::jobs::Fallback;

impl Service<'_> {
    /// Puts the messages of batches into the outbox, as single files.
    pub(super) fn publish(&mut self, ids: &[BatchId]) -> Result<(), ServiceError> {
        for id in ids {
            let published = self.split(id);
            // One that is damaged has been put aside.
            if self.unless_damaged(id, published)?.is_some() {
                self.sealed.remove(id)?;
                self.ready.remove(id);
            }
        }
        Ok(())
    }

    fn split(&self, id: &BatchId) -> Result<(), ServiceError> {
        let Some(archive) = self.sealed.archive(id)? else {
            return Ok(());
        };
        let job = Job::new().workers(self.workers);
        let (published, outcome) =
            job.split(&archive, &self.outbox.path, id.as_str(), concerns_all);
        for published in published {
            let path = &published.path;
            if published.is_new {
                let bytes = published.size;
                self.observer.note(&Event::Published { path, bytes });
            }
            if let Some(Fallback { stored, error }) = published.fallback {
                self.observer.note(&Event::OtherName {
                    path,
                    name: &stored,
                    error: &error.into(),
                });
            }
        }
        Ok(outcome?)
    }
}
