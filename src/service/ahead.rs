//! Batches that are being sealed, while others are claimed and let go.

use std::sync::Arc;

use super::batch_id::BatchId;
use super::pulse::Workers;
use super::sealing::{NotSealed, SealedBatches};
use super::task::Task;
use crate::jobs::Packed;
use crate::message::SealPlan;
use crate::sources::{Source, total_size};

type Sealed = Result<Packed, NotSealed>;

/// A batch whose files are claimed and that is being sealed.
#[derive(Debug)]
pub(super) struct Sealing {
    pub id: BatchId,
    files: Arc<Vec<Source>>,
    plan: Arc<SealPlan>,
    task: Task<Sealed>,
}

/// A batch of which it's known whether it is sealed.
pub(super) struct Outcome {
    pub id: BatchId,
    pub files: Vec<Source>,
    pub plan: Arc<SealPlan>,
    pub sealed: Sealed,
}

impl Sealing {
    /// Begins to seal files, beside the service if there are several workers.
    pub fn begin(
        batches: &SealedBatches,
        id: BatchId,
        files: Vec<Source>,
        plan: SealPlan,
        workers: Workers,
    ) -> Self {
        let (files, plan) = (Arc::new(files), Arc::new(plan));
        let is_beside = workers.are_several();
        let seal = {
            let (batches, id) = (batches.clone(), id.clone());
            let (files, plan) = (files.clone(), plan.clone());
            move || batches.seal(&id, &files, &plan, &workers.job())
        };
        Self {
            id,
            files,
            plan,
            task: Task::begin("seal", is_beside, seal),
        }
    }

    /// Returns the number of files.
    pub fn files(&self) -> usize {
        self.files.len()
    }

    /// Returns the size of the files together, in bytes.
    pub fn bytes(&self) -> u64 {
        total_size(&self.files)
    }

    /// Returns whether it's sealed, or can't be.
    pub fn is_over(&self) -> bool {
        self.task.is_over()
    }

    /// Waits until it's sealed, or can't be.
    pub fn end(self) -> Outcome {
        let sealed = self.task.end();
        Outcome {
            id: self.id,
            files: Arc::unwrap_or_clone(self.files),
            plan: self.plan,
            sealed,
        }
    }

    /// Waits until nothing is done any more, whatever has come of it.
    pub fn abandon(self) {
        self.task.abandon();
    }
}
