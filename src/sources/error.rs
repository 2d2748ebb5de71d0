//! The errors of the files to pack.

use std::fs::FileType;
use std::io;
use std::path::{Path, PathBuf};

use super::patterns::BadPattern;
use crate::archive::NameFault;
use crate::files::cause;

/// Why the files could not be collected or read.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// A file or directory could not be read. The display includes the cause.
    #[error("{}: {}", path.display(), cause(error))]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// The operating system's reason.
        error: io::Error,
    },
    /// A symbolic link was named, and links are not followed.
    #[error("{}: a symbolic link", path.display())]
    Link {
        /// The link.
        path: PathBuf,
    },
    /// A symbolic link leads back to a directory above it, or to itself.
    #[error("{}: a loop of symbolic links", path.display())]
    Loop {
        /// The link.
        path: PathBuf,
    },
    /// Something that is neither a file nor a directory was named.
    #[error("{}: {kind}, not a regular file", path.display())]
    Special {
        /// Its path.
        path: PathBuf,
        /// Its kind.
        kind: &'static str,
    },
    /// The output was named as an input.
    #[error("{} is both an input and the output", path.display())]
    IsOutput {
        /// Its path, as an input.
        path: PathBuf,
    },
    /// The output would replace one of the files to pack that is not an archive
    /// of an earlier run.
    #[error("{}: it is one of the files to pack, and the output would replace it", path.display())]
    WouldReplace {
        /// Its path, as an input.
        path: PathBuf,
    },
    /// A member path must be UTF-8, and this one is not.
    #[error("{}: the name is not valid UTF-8", path.display())]
    NotUtf8 {
        /// The file.
        path: PathBuf,
    },
    /// A file was written to, replaced or touched between the walk and the last
    /// byte that was read of it.
    #[error("{}: changed while it was read", path.display())]
    ChangedWhileRead {
        /// The file.
        path: PathBuf,
    },
    /// A file's name can't be a member's.
    #[error("{}: the name {fault}", path.display())]
    Name {
        /// The file.
        path: PathBuf,
        /// The fault of its name.
        fault: NameFault,
    },
    /// Two files would have the same member name, at least on some systems.
    #[error("{}", same_name(first, second))]
    SameName {
        /// One of them.
        first: PathBuf,
        /// The other.
        second: PathBuf,
    },
    /// A pattern of the include or exclude list is invalid.
    #[error("{pattern:?} is not a valid pattern: {reason}")]
    Glob {
        /// The pattern as it was given.
        pattern: String,
        /// The cause.
        reason: String,
    },
    /// A line of a file list has a NUL byte in it, so it can't be a path.
    #[error("line {line} of the file list: a NUL byte, which no path has")]
    NulInFileList {
        /// The line, from 1.
        line: usize,
    },
    /// There are no files to pack.
    #[error("no files to pack{}", too_young(*.young))]
    Nothing {
        /// Whether an include or exclude list chose among them.
        filtered: bool,
        /// The number of files that were written to too recently.
        young: usize,
    },
}

fn same_name(first: &Path, second: &Path) -> String {
    let (first, second) = (first.display(), second.display());
    if first.to_string() == second.to_string() {
        format!("{first}: it is given twice")
    } else {
        format!("{first} and {second} would be the same member")
    }
}

fn too_young(files: usize) -> String {
    match files {
        0 => String::new(),
        1 => ": 1 file is too young".into(),
        _ => format!(": {files} files are too young"),
    }
}

impl SourceError {
    /// Converts an error of the operating system about `path`.
    pub(super) fn io(path: &Path, error: io::Error) -> Self {
        let path = path.to_path_buf();
        #[cfg(unix)]
        if error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error()) {
            return Self::Loop { path };
        }
        Self::Io { path, error }
    }
}

/// Returns the words for a kind of file that can't be packed.
#[cfg(unix)]
pub(super) fn special(kind: FileType) -> &'static str {
    use std::os::unix::fs::FileTypeExt;
    if kind.is_fifo() {
        "a FIFO"
    } else if kind.is_socket() {
        "a socket"
    } else if kind.is_char_device() {
        "a character device"
    } else if kind.is_block_device() {
        "a block device"
    } else {
        "a special file"
    }
}

#[cfg(not(unix))]
pub(super) fn special(_kind: FileType) -> &'static str {
    "a special file"
}

impl From<BadPattern> for SourceError {
    fn from(bad: BadPattern) -> Self {
        let BadPattern { pattern, reason } = bad;
        Self::Glob { pattern, reason }
    }
}
