//! Workers that seal the members of one archive.

use std::io;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use super::queue::{PanicGuard, Queue};
use crate::archive::ArchiveWriter;
use crate::error::Error;
use crate::message::{SealPlan, Sealer};
use crate::output::{Access, Overwrite, PendingFile};
use crate::progress::Progress;

/// Something that becomes a member.
pub(crate) trait Content: Sync {
    /// What is to be told of it afterwards.
    type Done: Send;

    /// Seals it as the member of that number.
    fn seal<'a>(
        &'a self,
        number: usize,
        sealer: &mut Sealer<'_>,
        queue: &Queue<'a, PendingFile>,
    ) -> Result<Self::Done, Error>;

    /// What is wrong with it, where another one has failed and no archive will
    /// be made of them: so that all failures can be told at once.
    fn check(&self) -> Result<(), Error>;
}

/// An archive that is complete, and flushed to disk.
pub(crate) struct Written<D> {
    /// What is to be told of its members, in their order.
    pub members: Vec<D>,
    /// Its size in bytes.
    pub size: u64,
}

/// Seals all contents into a new archive at `output`, with `jobs` workers; or
/// leaves nothing there, and tells the failures in the order of the contents.
pub(crate) fn write_archive<C: Content>(
    contents: &[C],
    plan: &SealPlan,
    output: &Path,
    overwrite: Overwrite,
    jobs: NonZeroUsize,
    progress: &dyn Progress,
) -> Result<Written<C::Done>, Vec<Error>> {
    let write_error = |e: io::Error| vec![Error::writing(output, e)];
    let pending = PendingFile::create(output, Access::Shared, overwrite).map_err(write_error)?;
    let writer = ArchiveWriter::new(pending).with_ending(plan.format().into());
    let queue = Queue::new(writer);
    let taken = AtomicUsize::new(0);
    let is_output_lost = AtomicBool::new(false);
    let outcomes = Mutex::new(Vec::with_capacity(contents.len()));
    std::thread::scope(|scope| {
        for _ in 0..jobs.get().min(contents.len()) {
            scope.spawn(|| {
                let _guard = PanicGuard(&queue);
                let mut sealer = plan.sealer();
                loop {
                    let number = taken.fetch_add(1, Ordering::Relaxed);
                    let Some(content) = contents.get(number) else {
                        return;
                    };
                    let outcome = if queue.has_failed() {
                        Err(None)
                    } else {
                        let sealed = content.seal(number, &mut sealer, &queue);
                        // Those who only lost their turn have nothing to say.
                        sealed.map_err(|error| queue.fail().then_some(error))
                    };
                    let outcome = match outcome {
                        Ok(done) => Ok(done),
                        Err(Some(error)) => {
                            if !matches!(error, Error::Member { .. }) {
                                is_output_lost.store(true, Ordering::Relaxed);
                            }
                            Err(error)
                        }
                        Err(None) if is_output_lost.load(Ordering::Relaxed) => return,
                        Err(None) => match content.check() {
                            Ok(()) => continue,
                            Err(error) => Err(error),
                        },
                    };
                    progress.member();
                    let mut outcomes = outcomes.lock().unwrap_or_else(PoisonError::into_inner);
                    outcomes.push((number, outcome));
                }
            });
        }
    });
    let mut outcomes = outcomes
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner);
    outcomes.sort_unstable_by_key(|(number, _)| *number);
    let mut members = Vec::with_capacity(contents.len());
    let mut failures = Vec::new();
    for (_, outcome) in outcomes {
        match outcome {
            Ok(done) => members.push(done),
            Err(error) => failures.push(error),
        }
    }
    if !failures.is_empty() {
        return Err(failures);
    }
    let writer = queue
        .into_writer()
        .ok_or_else(|| write_error(io::Error::other("a member is missing")))?;
    let pending = writer.finish().map_err(write_error)?;
    let size = pending.as_file().metadata().map_err(write_error)?.len();
    pending.commit().map_err(write_error)?;
    Ok(Written { members, size })
}
