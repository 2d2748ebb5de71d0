//! A directory in which files appear.
//!
//! On Unix it is held open, and everything in it is reached by names without
//! any `/`: a directory or link that replaces it meanwhile gets nothing.
//! Elsewhere it is a path.

#[cfg(not(unix))]
mod by_path;
#[cfg(unix)]
mod unix;
#[cfg(target_os = "linux")]
pub(crate) mod unnamed;

#[cfg(not(unix))]
pub(super) use by_path::{Directory, lock};
#[cfg(unix)]
pub(crate) use unix::Directory;
#[cfg(unix)]
pub(super) use unix::lock;

use std::fs::File;

use crate::files::FileId;

/// An entry of a directory.
pub(crate) struct DirectoryEntry {
    pub kind: EntryKind,
    pub id: FileId,
}

/// The lock on a directory, held as long as this exists.
#[derive(Debug)]
pub(crate) struct Lock(#[expect(dead_code, reason = "held")] Option<File>);

/// The kind of an entry, as far as it matters for writing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EntryKind {
    File,
    Directory,
    Link,
    /// A device, FIFO or socket.
    Special,
}
