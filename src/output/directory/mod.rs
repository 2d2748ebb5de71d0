//! A directory in which files appear.
//!
//! On Unix it is held open, and everything happens in it by names without any
//! `/`: whoever puts another directory or a link in its place meanwhile gets
//! nothing. Elsewhere it is a path.

#[cfg(not(unix))]
mod by_path;
#[cfg(unix)]
mod unix;
#[cfg(target_os = "linux")]
mod unnamed;

#[cfg(not(unix))]
pub(super) use by_path::{Directory, lock};
#[cfg(unix)]
pub(super) use unix::{Directory, lock};

use crate::files::FileId;

/// What has a name in a directory.
pub(super) struct DirectoryEntry {
    pub kind: EntryKind,
    pub id: FileId,
}

/// As far as it matters to those who write there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum EntryKind {
    File,
    Directory,
    Link,
    /// A device, FIFO or socket.
    Special,
}
