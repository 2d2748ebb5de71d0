//! Complete files without names, which are flushed to disk together.
//!
//! A file gets its name only after its content is on the disk, and waiting for
//! each file alone is slow: every flush ends with a commit of the file system's
//! journal, and often with a flush of the disk's cache. Flushes that are under
//! way at the same time share these. So files are held open until there are
//! many of them, flushed by several threads, and then named.
//!
//! One `syncfs` would do as well for the files alone. But it also waits for
//! everything that other programs have written to the file system, which may
//! be gigabytes on a busy server. And it says that something could not be
//! written, but not what. `fsync` says it of the very file.

use std::io;
use std::num::NonZeroUsize;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::descriptors::share;
use super::{PendingFile, TargetDir};
use crate::workers::work_on;

/// The number of files that are held.
const MOST: usize = 256;

/// The number of bytes in them. Large files gain nothing by waiting, and as
/// long as a file waits it takes memory of the system.
const MOST_BYTES: u64 = 32 << 20;

/// The number of flushes under way at the same time.
const AT_ONCE: NonZeroUsize = NonZeroUsize::MIN.saturating_add(15);

/// Complete files without names, each with a token by which its owner knows it.
///
/// Threads may add files at the same time. While one of them flushes, the
/// others can go on until as many files wait again. So twice as many files as
/// are held may be open, and one more for each thread.
///
/// Only files that vanish with a killed process are held. Others get their
/// names at once.
///
/// Files that are still held when this is dropped are discarded.
#[derive(Debug)]
pub(crate) struct Batch<'a, T> {
    target: &'a TargetDir,
    most: usize,
    held: Mutex<Held<T>>,
    /// Held by the thread that flushes.
    flushing: Mutex<()>,
}

#[derive(Debug)]
struct Held<T> {
    files: Vec<(PendingFile, T)>,
    bytes: u64,
}

/// The files that didn't get their names, and why. They are absent.
pub(crate) type Failed<T> = Vec<(T, io::Error)>;

impl<'a, T: Sync> Batch<'a, T> {
    /// Begins a batch of files in `target`.
    pub fn new(target: &'a TargetDir) -> Self {
        Self::of_at_most(target, share(MOST))
    }

    pub(super) fn of_at_most(target: &'a TargetDir, most: usize) -> Self {
        Self {
            target,
            most,
            held: Mutex::default(),
            flushing: Mutex::default(),
        }
    }

    /// Takes a complete file. If there are enough of them now, it flushes them
    /// and gives them their names. Returns those for which that failed.
    pub fn add(&self, file: PendingFile, token: T) -> Failed<T> {
        if !file.is_unnamed() {
            let committed = file.commit_into(self.target);
            return committed.err().map(|e| (token, e)).into_iter().collect();
        }
        // If its length is unknown, it may be long.
        let length = file.as_file().metadata().map_or(u64::MAX, |m| m.len());
        let mut held = self.held();
        held.bytes = held.bytes.saturating_add(length);
        held.files.push((file, token));
        let is_full = self.is_full(&held);
        drop(held);
        match is_full {
            true => self.flush_if(|held| self.is_full(held)),
            false => Vec::new(),
        }
    }

    /// Flushes all files that are held, and gives them their names. Returns
    /// those for which that failed.
    pub fn flush(&self) -> Failed<T> {
        self.flush_if(|_| true)
    }

    fn flush_if(&self, wanted: impl FnOnce(&Held<T>) -> bool) -> Failed<T> {
        let alone = self.flushing.lock();
        let _alone = alone.unwrap_or_else(PoisonError::into_inner);
        let mut held = self.held();
        // Perhaps another thread was faster.
        if !wanted(&held) {
            return Vec::new();
        }
        let files = std::mem::take(&mut *held).files;
        drop(held);
        let flushed = work_on(&files, AT_ONCE, || (), |(), _, (file, _)| Some(file.sync()));
        // In the order in which they came: if two of them can't be told apart
        // on this file system, the first one gets the name.
        let named = files.into_iter().zip(flushed);
        let failed = named.filter_map(|((file, token), flushed)| {
            let directory = flushed.and_then(|()| file.take_name());
            let named = directory.map(|directory| self.target.note(&directory));
            named.err().map(|error| (token, error))
        });
        failed.collect()
    }

    fn is_full(&self, held: &Held<T>) -> bool {
        held.files.len() >= self.most || held.bytes >= MOST_BYTES
    }

    fn held(&self) -> MutexGuard<'_, Held<T>> {
        // It is intact after any panic: no change of it can fail half way, but
        // for a file that is counted and not there.
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Default for Held<T> {
    fn default() -> Self {
        Self {
            files: Vec::new(),
            bytes: 0,
        }
    }
}
