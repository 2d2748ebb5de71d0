//! How a job reports what it has done so far.

/// Hears of a job's progress, from all of its threads.
pub trait Progress: Sync {
    /// The job begins, with that many members of that many bytes in all.
    fn begin(&self, members: u64, bytes: u64);
    /// Some more bytes are done.
    fn bytes(&self, count: u64);
    /// One more member is done.
    fn member(&self);
}

/// Hears nothing.
#[derive(Clone, Copy, Debug)]
pub struct NoProgress;

impl Progress for NoProgress {
    fn begin(&self, _: u64, _: u64) {}
    fn bytes(&self, _: u64) {}
    fn member(&self) {}
}
