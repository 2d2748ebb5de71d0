//! Batches that are being sealed, while others are claimed and let go.

use std::panic;
use std::sync::Arc;
use std::thread::{Builder, JoinHandle};

use super::batch_id::BatchId;
use super::sealing::{NotSealed, SealedBatches};
use crate::Job;
use crate::jobs::Packed;
use crate::message::SealPlan;
use crate::sources::Source;

type Sealed = Result<Packed, NotSealed>;

/// A batch whose files are claimed and that is being sealed.
#[derive(Debug)]
pub(super) struct Sealing {
    pub id: BatchId,
    files: Arc<Vec<Source>>,
    plan: Arc<SealPlan>,
    state: State,
}

#[derive(Debug)]
enum State {
    Begun(JoinHandle<Sealed>),
    Done(Sealed),
}

/// A batch of which it's known whether it is sealed.
pub(super) struct Outcome {
    pub id: BatchId,
    pub files: Vec<Source>,
    pub plan: Arc<SealPlan>,
    pub sealed: Sealed,
}

impl Sealing {
    /// Begins to seal files, on a thread of its own if the job has several workers and
    /// the system grants it; else, does so.
    pub fn begin(
        batches: &SealedBatches,
        id: BatchId,
        files: Vec<Source>,
        plan: SealPlan,
        job: Job<'static>,
    ) -> Self {
        let (files, plan) = (Arc::new(files), Arc::new(plan));
        let seal = {
            let (batches, id) = (batches.clone(), id.clone());
            let (files, plan) = (files.clone(), plan.clone());
            move || batches.seal(&id, &files, &plan, &job)
        };
        let state = match job.has_several_workers() {
            true => match Builder::new().name("seal".into()).spawn(seal.clone()) {
                Ok(thread) => State::Begun(thread),
                Err(_) => State::Done(seal()),
            },
            false => State::Done(seal()),
        };
        Self {
            id,
            files,
            plan,
            state,
        }
    }

    /// Returns the number of files.
    pub fn files(&self) -> usize {
        self.files.len()
    }

    /// Waits until it's sealed, or can't be.
    pub fn end(self) -> Outcome {
        let sealed = match self.state {
            State::Done(sealed) => sealed,
            State::Begun(thread) => match thread.join() {
                Ok(sealed) => sealed,
                Err(panic) => panic::resume_unwind(panic),
            },
        };
        Outcome {
            id: self.id,
            files: Arc::unwrap_or_clone(self.files),
            plan: self.plan,
            sealed,
        }
    }

    /// Waits until nothing is done any more, whatever has come of it.
    pub fn abandon(self) {
        if let State::Begun(thread) = self.state {
            let _ = thread.join();
        }
    }
}
