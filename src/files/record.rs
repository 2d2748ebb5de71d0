//! The record of a process's files, if the process is a single command.
//!
//! A service runs one job after another, and may replace in one what it read in
//! another. So nothing is remembered until [`remember`] declares that this
//! process is a single command, as the program is.

use std::collections::{BTreeSet, HashSet};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use crate::files::FileId;

/// The number of written files that are kept by name.
const NAMED: usize = 3;

static MEMORY: OnceLock<Mutex<Memory>> = OnceLock::new();

#[derive(Debug, Default)]
struct Memory {
    read: HashSet<FileId>,
    written: Written,
    searched: HashSet<FileId>,
    leftovers: BTreeSet<PathBuf>,
}

/// The files that have been published: complete, and permanent.
#[derive(Clone, Debug, Default)]
pub struct Written {
    /// The first of them.
    pub first: Vec<PathBuf>,
    /// The number of the others.
    pub more: u64,
}

/// Makes the process remember from now on which files it reads as inputs. No
/// output replaces one of them, by whatever name. It also remembers what it has
/// [`written`], and the [`leftovers`] of others that it finds.
pub fn remember() {
    MEMORY.get_or_init(Mutex::default);
}

/// Returns the files that have been published since [`remember`].
pub fn written() -> Written {
    memory().map_or_else(Written::default, |memory| memory.written.clone())
}

/// Returns temporary files that nobody writes any more, in the directories in
/// which this process has made its own: the remains of a run that was killed.
/// They may hold plaintext.
///
/// They are searched for only if files must have a name while they are written,
/// and if the file system can lock files.
pub fn leftovers() -> Vec<PathBuf> {
    memory().map_or_else(Vec::new, |memory| {
        memory.leftovers.iter().cloned().collect()
    })
}

/// Returns whether a directory is searched for leftovers for the first time, if
/// anything is remembered.
#[cfg(unix)]
pub(crate) fn is_first_search(directory: &FileId) -> bool {
    memory().is_some_and(|mut memory| memory.searched.insert(directory.clone()))
}

/// Notes that a file is an input.
pub(crate) fn note_read(file: FileId) {
    if let Some(mut memory) = memory() {
        memory.read.insert(file);
    }
}

/// Returns whether a file is an input.
pub(crate) fn has_read(file: &FileId) -> bool {
    memory().is_some_and(|memory| memory.read.contains(file))
}

/// Notes that a file has been published.
pub(crate) fn note_written(path: &Path) {
    if let Some(mut memory) = memory() {
        let written = &mut memory.written;
        match written.first.len() < NAMED {
            true => written.first.push(shown(path)),
            false => written.more += 1,
        }
    }
}

/// Notes a temporary file of a run that was killed.
#[cfg(unix)]
pub(crate) fn note_leftover(path: PathBuf) {
    if let Some(mut memory) = memory() {
        memory.leftovers.insert(shown(&path));
    }
}

/// Returns the path without a `./` that nobody has written.
fn shown(path: &Path) -> PathBuf {
    path.strip_prefix(".").unwrap_or(path).to_owned()
}

fn memory() -> Option<MutexGuard<'static, Memory>> {
    // It is intact after any panic: each change is one insertion.
    let memory = MEMORY.get()?.lock();
    Some(memory.unwrap_or_else(PoisonError::into_inner))
}
