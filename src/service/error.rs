//! Why the service can't work.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::files::cause;
use crate::{Error, ErrorKind};

/// Why the service can't work in its directories.
#[derive(Debug, Error)]
pub enum ServiceError {
    /// Another service works there.
    #[error("{}: another service works here already{}", .path.display(), by(.holder))]
    Locked {
        /// The spool or the outbox.
        path: PathBuf,
        /// What the other service says of itself.
        holder: String,
    },
    /// The service's own directory in the spool or the outbox, or a file in it, has another
    /// owner.
    #[error("{}: it belongs to user {owner}, and this is user {user}", .path.display())]
    OtherOwner {
        /// The directory or file.
        path: PathBuf,
        /// The number of its owner.
        owner: u32,
        /// The number of the present user.
        user: u32,
    },
    /// The service's own directory in the spool or the outbox, or a file in it, isn't what
    /// the service has made, or others may use it.
    #[error("{}: it is the service's own, and others have made it or may use it", .path.display())]
    Foreign {
        /// The directory.
        path: PathBuf,
    },
    /// A directory is another one than at the start.
    #[error("{}: it is another directory than before", .path.display())]
    Replaced {
        /// The spool, the outbox, or the service's own directory in one of them.
        path: PathBuf,
    },
    /// The file system of a spool promises too little.
    #[error("{}: it is on {kind}, whose renames and locks don't promise enough for a spool", .path.display())]
    Remote {
        /// The spool.
        path: PathBuf,
        /// The name of the file system.
        kind: &'static str,
    },
    /// The file system of a spool can't do what a claim needs.
    #[error("{}: its file system can't rename a file in one step without replacing another one ({error})", .path.display())]
    Replaces {
        /// The spool.
        path: PathBuf,
        /// What it says.
        error: io::Error,
    },
    /// Another file system is mounted below the spool.
    #[error("{}: another file system is mounted here, and files can't be renamed out of it", .path.display())]
    Mount {
        /// The directory below the spool.
        path: PathBuf,
    },
    /// The spool and the outbox, or the directory to move to, are within each other.
    #[error("{}", nested((.inner, .inner_is), (.outer, .outer_is)))]
    Nested {
        /// The inner directory.
        inner: PathBuf,
        /// What it is: `the spool of “calls”`.
        inner_is: String,
        /// The outer directory.
        outer: PathBuf,
        /// What that is.
        outer_is: String,
    },
    /// A directory of the config can't be used.
    #[error("{}: {} ({is})", .path.display(), cause(.error))]
    Unusable {
        /// The directory.
        path: PathBuf,
        /// What it is: `the spool of “calls”`.
        is: String,
        /// What the system says.
        error: io::Error,
    },
    /// The service can't rename files in a directory.
    #[error("{}: files in this directory can't be renamed by this user", .path.display())]
    NoRename {
        /// The directory.
        path: PathBuf,
    },
    /// Sealed calls can't be moved there.
    #[error("{}: it is on another file system than the spool {}", .path.display(), .spool.display())]
    OtherFileSystem {
        /// The directory to move to.
        path: PathBuf,
        /// The spool.
        spool: PathBuf,
    },
    /// The recipients or keys can't be used: nothing is sealed.
    #[error("{error}")]
    NotLoaded {
        /// The cause.
        error: Box<dyn std::error::Error + Send + Sync>,
        /// Its meaning for the caller.
        kind: ErrorKind,
    },
    /// A file can't be used, or something can't be done with it.
    #[error(transparent)]
    Job(#[from] Error),
}

fn nested((inner, inner_is): (&Path, &str), (outer, outer_is): (&Path, &str)) -> String {
    let path = inner.display();
    match inner == outer {
        true => format!("{path}: it is both {inner_is} and {outer_is}"),
        false => format!(
            "{path} ({inner_is}) is within {} ({outer_is})",
            outer.display()
        ),
    }
}

fn by(holder: &str) -> String {
    match holder {
        "" => String::new(),
        holder => format!(": {holder}"),
    }
}

impl ServiceError {
    pub(super) fn io(path: &Path, error: io::Error) -> Self {
        Error::reading(path, error).into()
    }

    /// Returns its meaning for the caller.
    pub fn kind(&self) -> ErrorKind {
        match self {
            // These may change without another config.
            Self::Locked { .. }
            | Self::Replaced { .. }
            | Self::Unusable { .. }
            | Self::NoRename { .. } => ErrorKind::Io,
            Self::Job(error) => error.kind(),
            Self::NotLoaded { kind, .. } => *kind,
            _ => ErrorKind::Usage,
        }
    }
}
