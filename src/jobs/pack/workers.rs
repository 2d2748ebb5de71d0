//! Workers that seal the members of one archive.

use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use super::assembly::{Assembly, Layout};
use super::queue::{PanicGuard, Queue};
use crate::jobs::error::Error;
use crate::jobs::job::Job;
use crate::message::{SealPlan, Sealer};
use crate::output::{Access, PendingFile, directory_of};
use crate::workers::work_on;

/// Something to be sealed as a member.
pub(crate) trait Content: Sync {
    /// The information about it that is reported afterwards.
    type Done: Send;

    /// Seals it as the member with that number.
    fn seal<'a>(
        &'a self,
        number: usize,
        sealer: &mut Sealer<'_>,
        queue: &Queue<'a, PendingFile>,
    ) -> Result<Self::Done, Error>;

    /// Checks it after another one has failed and no archive is made of them,
    /// so that all failures can be reported at once.
    fn check(&self) -> Result<(), Error>;
}

/// An archive that is complete and flushed to disk.
pub(crate) struct Written<D> {
    /// The information about its members, in their order.
    pub members: Vec<D>,
    /// Its size in bytes.
    pub size: u64,
}

/// Seals all contents into a new archive at `output`, or leaves nothing there
/// and reports the failures in the order of the contents.
pub(crate) fn write_archive<C: Content>(
    contents: &[C],
    plan: &SealPlan,
    output: &Path,
    layout: Layout,
    job: &Job<'_>,
) -> Result<Written<C::Done>, Vec<Error>> {
    let write_error = |e: io::Error| vec![Error::writing(output, e)];
    let pending =
        PendingFile::create(output, Access::Shared, job.overwrite).map_err(write_error)?;
    let directory = directory_of(output);
    let assembly = Assembly::new(pending, plan, contents.len(), layout, &directory);
    let assembly = assembly.map_err(|error| vec![Error::sealing(output, output, error)])?;
    let queue = Queue::new(assembly);
    let is_output_lost = AtomicBool::new(false);
    // `None` for a content that is sound, but has no archive to go into.
    let seal = |(_, sealer): &mut (PanicGuard<'_, '_, _>, Sealer<'_>), number, content| {
        let outcome = seal_or_check(content, number, sealer, &queue, &is_output_lost)?;
        job.progress.member();
        Some(outcome)
    };
    let begin = || (PanicGuard(&queue), plan.sealer());
    let mut members = Vec::with_capacity(contents.len());
    let mut failures = Vec::new();
    for outcome in work_on(contents, job.workers, begin, seal)
        .into_iter()
        .flatten()
    {
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

/// Seals a content; or once another one has failed, reports the fault of this
/// one, if it has one.
fn seal_or_check<'a, C: Content>(
    content: &'a C,
    number: usize,
    sealer: &mut Sealer<'_>,
    queue: &Queue<'a, PendingFile>,
    is_output_lost: &AtomicBool,
) -> Option<Result<C::Done, Error>> {
    if !queue.has_failed() {
        match content.seal(number, sealer, queue) {
            Ok(done) => return Some(Ok(done)),
            Err(error) if queue.fail() => {
                let is_of_output = !matches!(error, Error::Member { .. });
                is_output_lost.fetch_or(is_of_output, Ordering::Relaxed);
                return Some(Err(error));
            }
            // It may only have lost its turn.
            Err(_) => {}
        }
    }
    match is_output_lost.load(Ordering::Relaxed) {
        true => None,
        false => content.check().err().map(Err),
    }
}
