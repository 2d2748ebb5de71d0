//! The identity of a file, whatever its name.

use std::fs::Metadata;
use std::io;
use std::path::Path;

/// The system's identity of a file, by whatever name or link it is reached.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct FileId {
    /// The device, and the number of the file on it.
    #[cfg(unix)]
    inode: (u64, u64),
    /// Other systems use the name with its links resolved.
    #[cfg(not(unix))]
    path: std::path::PathBuf,
}

impl FileId {
    /// Returns the identity of the file at `path`, whose metadata is
    /// `metadata`.
    #[cfg(unix)]
    pub fn of(_path: &Path, metadata: &Metadata) -> io::Result<Self> {
        use std::os::unix::fs::MetadataExt;
        Ok(Self {
            inode: (metadata.dev(), metadata.ino()),
        })
    }

    #[cfg(not(unix))]
    pub fn of(path: &Path, _metadata: &Metadata) -> io::Result<Self> {
        let path = path.canonicalize()?;
        Ok(Self { path })
    }

    /// Returns the identity from a device, and the number of a file on it.
    #[cfg(unix)]
    pub fn of_inode(inode: (u64, u64)) -> Self {
        Self { inode }
    }

    /// Returns the identity from the result of a system call.
    #[cfg(unix)]
    #[allow(
        clippy::unnecessary_cast,
        reason = "the types differ from system to system"
    )]
    pub fn of_stat(stat: &rustix::fs::Stat) -> Self {
        Self {
            inode: (stat.st_dev as u64, stat.st_ino as u64),
        }
    }
}
