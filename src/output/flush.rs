//! Directories to flush to disk, each once.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use crate::cause::cause;

/// The directories in which a batch of files was published.
///
/// A published file survives a power failure only once its directory is on
/// disk too. Dropping this without [`finish`](Self::finish) loses nothing but
/// that guarantee.
#[derive(Debug, Default)]
pub struct DirectoryFlush {
    directories: Mutex<BTreeSet<PathBuf>>,
}

/// A directory that could not be flushed: its new names may not survive a
/// power failure.
#[derive(Debug, thiserror::Error)]
#[error("{}: not flushed to disk: {}", path.display(), cause(source))]
pub struct FlushError {
    /// The directory.
    pub path: PathBuf,
    /// What the operating system said.
    pub source: io::Error,
}

impl DirectoryFlush {
    /// An empty batch.
    pub fn new() -> Self {
        Self::default()
    }

    /// Flushes every directory of the batch.
    ///
    /// # Errors
    ///
    /// The first directory that could not be flushed; the others are flushed
    /// all the same.
    pub fn finish(self) -> Result<(), FlushError> {
        let directories = self
            .directories
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        let mut outcome = Ok(());
        for path in directories {
            if let Err(source) = flush(&path) {
                outcome = outcome.and(Err(FlushError { path, source }));
            }
        }
        outcome
    }

    /// Adds a directory in which a name has appeared.
    pub(super) fn note(&self, directory: &Path) {
        // The set is whole after any panic of another thread: an insertion is
        // all that ever happens under this lock.
        let mut directories = self
            .directories
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        // Looked up first: most files of a batch share a directory, and the
        // path is then not copied.
        if !directories.contains(directory) {
            directories.insert(directory.to_path_buf());
        }
    }

    /// Takes out a directory that has been removed.
    pub(super) fn forget(&self, directory: &Path) {
        let mut directories = self
            .directories
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        directories.remove(directory);
    }
}

/// Flushes the names in `directory` to disk.
#[cfg(unix)]
pub(super) fn flush(directory: &Path) -> io::Result<()> {
    use rustix::io::Errno;

    let opened = match std::fs::File::open(directory) {
        // A drop box: one may write into it but not read it, and a directory
        // that can't be opened for reading has no way to be flushed.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => return Ok(()),
        other => other?,
    };
    match opened.sync_all() {
        // The file system has no such operation for directories.
        Err(error)
            if matches!(
                Errno::from_io_error(&error),
                Some(Errno::INVAL | Errno::OPNOTSUPP | Errno::NOSYS)
            ) =>
        {
            Ok(())
        }
        other => other,
    }
}

/// Elsewhere a directory can't be opened as a file; its file system looks
/// after its names by itself.
#[cfg(not(unix))]
pub(super) fn flush(_directory: &Path) -> io::Result<()> {
    Ok(())
}
