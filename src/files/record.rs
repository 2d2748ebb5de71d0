//! What a process remembers of its files, where all of it is one command.
//!
//! A service runs one job after the other, and may well replace in one what it
//! read in another. So nothing is remembered before [`remember`] says that
//! this process is a single command, as the program is.

use std::collections::{BTreeSet, HashSet};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use crate::files::FileId;

/// How many files are kept by name that were written.
const NAMED: usize = 3;

static MEMORY: OnceLock<Mutex<Memory>> = OnceLock::new();

#[derive(Debug, Default)]
struct Memory {
    read: HashSet<FileId>,
    written: Written,
    searched: HashSet<FileId>,
    leftovers: BTreeSet<PathBuf>,
}

/// The files that have been published: complete, and there to stay.
#[derive(Clone, Debug, Default)]
pub struct Written {
    /// The first of them.
    pub first: Vec<PathBuf>,
    /// How many more there are.
    pub more: u64,
}

/// From now on the process remembers which files it reads as inputs, and no
/// output replaces one of them, whatever names it by. It also remembers what it
/// has [`written`], and the [`leftovers`] of others that it finds.
pub fn remember() {
    MEMORY.get_or_init(Mutex::default);
}

/// Returns the files that have been published since [`remember`].
pub fn written() -> Written {
    memory().map_or_else(Written::default, |memory| memory.written.clone())
}

/// Temporary files that nobody writes any more, in the directories where this
/// process has made some of its own: what is left of a run that was killed. They
/// may hold plaintext.
///
/// Looked for only where files have to have a name while they are written, and
/// where the file system can lock files.
pub fn leftovers() -> Vec<PathBuf> {
    memory().map_or_else(Vec::new, |memory| {
        memory.leftovers.iter().cloned().collect()
    })
}

/// Returns whether a directory is searched for leftovers for the first time,
/// where anything is remembered.
#[cfg(unix)]
pub(crate) fn is_first_search(directory: &FileId) -> bool {
    memory().is_some_and(|mut memory| memory.searched.insert(directory.clone()))
}

/// A file is an input.
pub(crate) fn note_read(file: FileId) {
    if let Some(mut memory) = memory() {
        memory.read.insert(file);
    }
}

/// Returns whether a file is an input.
pub(crate) fn has_read(file: &FileId) -> bool {
    memory().is_some_and(|memory| memory.read.contains(file))
}

/// A file has been published.
pub(crate) fn note_written(path: &Path) {
    if let Some(mut memory) = memory() {
        let written = &mut memory.written;
        match written.first.len() < NAMED {
            true => written.first.push(shown(path)),
            false => written.more += 1,
        }
    }
}

/// A temporary file of a run that was killed.
#[cfg(unix)]
pub(crate) fn note_leftover(path: PathBuf) {
    if let Some(mut memory) = memory() {
        memory.leftovers.insert(shown(&path));
    }
}

/// Without a `./` that nobody has written.
fn shown(path: &Path) -> PathBuf {
    path.strip_prefix(".").unwrap_or(path).to_owned()
}

fn memory() -> Option<MutexGuard<'static, Memory>> {
    // Whole after any panic: each change is one insertion.
    let memory = MEMORY.get()?.lock();
    Some(memory.unwrap_or_else(PoisonError::into_inner))
}
