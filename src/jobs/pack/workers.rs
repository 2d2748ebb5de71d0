//! Workers that seal the members of one archive.

use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use super::assembly::Assembly;
use super::queue::{PanicGuard, Queue};
use crate::jobs::error::Error;
use crate::jobs::job::Job;
use crate::jobs::layout::Layout;
use crate::message::{SealPlan, Sealer};
use crate::output::{Access, PendingFile};
use crate::workers::work_on;

/// Something to be sealed as a member.
pub(crate) trait Content {
    /// What is reported of it afterwards.
    type Done: Send;

    /// Seals it as the member with that number. Returns what is reported of it,
    /// if there is anything.
    fn seal(
        &self,
        number: usize,
        sealer: &mut Sealer<'_>,
        queue: &Queue<PendingFile>,
    ) -> Result<Option<Self::Done>, Error>;

    /// Checks it after another one has failed and no archive is made of them,
    /// so that all failures can be reported at once.
    fn check(&self) -> Result<(), Error>;
}

/// An archive that is complete and flushed to disk.
pub(crate) struct Written<D> {
    /// What is reported of its members, in their order.
    pub reports: Vec<D>,
    /// Its size in bytes.
    pub size: u64,
    /// The hash of all its entries, if it is to be read back.
    pub entries: Option<blake3::Hash>,
}

/// Seals the content of each item into a new archive at `output`, or leaves
/// nothing there and reports the failures in the order of the items.
pub(crate) fn write_archive<'i, T: Sync, C: Content>(
    items: &'i [T],
    content: impl Fn(&'i T) -> C + Sync,
    plan: &SealPlan,
    output: &Path,
    layout: Layout,
    job: &Job<'_>,
) -> Result<Written<C::Done>, Vec<Error>> {
    let write_error = |e: io::Error| vec![Error::writing(output, e)];
    let pending =
        PendingFile::create(output, Access::Shared, job.overwrite).map_err(write_error)?;
    let assembly = Assembly::new(pending, plan, items.len(), layout, job, output);
    let assembly = assembly.map_err(|error| vec![error])?;
    let queue = Queue::new(assembly);
    let is_output_lost = AtomicBool::new(false);
    let seal = |(_, sealer): &mut (PanicGuard<'_, _>, Sealer<'_>), number, item| {
        let content = content(item);
        let outcome = seal_or_check(&content, number, sealer, &queue, &is_output_lost);
        job.progress.member();
        // There are few errors, but room for one with each outcome.
        outcome.map_err(Box::new).transpose()
    };
    let begin = || (PanicGuard(&queue), plan.sealer());
    let mut reports = Vec::new();
    let mut failures = Vec::new();
    for outcome in work_on(items, job.workers, begin, seal) {
        match outcome {
            Ok(report) => reports.push(report),
            Err(error) => failures.push(*error),
        }
    }
    if !failures.is_empty() {
        return Err(failures);
    }
    let writer = queue
        .into_writer()
        .ok_or_else(|| write_error(io::Error::other("a member is missing")))?;
    let finished = writer.finish(job.signing, output);
    let (pending, entries) = finished.map_err(|error| vec![error])?;
    let size = pending.as_file().metadata().map_err(write_error)?.len();
    pending.commit().map_err(write_error)?;
    Ok(Written {
        reports,
        size,
        entries,
    })
}

/// Seals a content; or once another one has failed, reports the fault of this
/// one, if it has one.
fn seal_or_check<C: Content>(
    content: &C,
    number: usize,
    sealer: &mut Sealer<'_>,
    queue: &Queue<PendingFile>,
    is_output_lost: &AtomicBool,
) -> Result<Option<C::Done>, Error> {
    if !queue.has_failed() {
        match content.seal(number, sealer, queue) {
            Ok(report) => return Ok(report),
            Err(error) if queue.fail() => {
                let is_of_output = !matches!(error, Error::Member { .. });
                is_output_lost.fetch_or(is_of_output, Ordering::Relaxed);
                return Err(error);
            }
            // It may only have lost its turn.
            Err(_) => {}
        }
    }
    match is_output_lost.load(Ordering::Relaxed) {
        true => Ok(None),
        false => content.check().map(|()| None),
    }
}
