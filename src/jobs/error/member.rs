//! Why one member can't be extracted.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use super::opening::open_kind;
use super::{ErrorKind, archive_kind};
use crate::archive::{ArchiveError, MemberFault};
use crate::files::cause;
use crate::message::OpenError;
use crate::output::PlaceError;

/// Why one member can't be extracted.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum MemberCause {
    /// The archive's record of it is unusable.
    #[error("it {0}")]
    Archive(MemberFault),
    /// Its bytes can't be read from the archive.
    #[error("{}", bytes_phrase(.0))]
    Bytes(ArchiveError),
    /// Its message doesn't open.
    #[error(transparent)]
    Open(OpenError),
    /// It was sealed under another name.
    #[error(
        "it was sealed as {sealed:?}: it was moved or swapped in the archive, or sealed under another name"
    )]
    Moved {
        /// The name inside of the message.
        sealed: String,
    },
    /// Another member of the archive extracts to the same path.
    #[error("another member has the same path")]
    SamePath,
    /// Its place in the target directory can't be used.
    #[error(transparent)]
    Place(#[from] PlaceError),
    /// The file exists, and must not be overwritten.
    #[error("{} exists already", .0.display())]
    Exists(PathBuf),
    /// The file can't be written.
    #[error("{}: {}", .path.display(), cause(.error))]
    Write {
        /// The file.
        path: PathBuf,
        /// The operating system's reason.
        error: io::Error,
    },
    /// The file is an input of the same run.
    #[error("{}: both input and output", .0.display())]
    IsInput(PathBuf),
}

impl MemberCause {
    pub(super) fn kind(&self) -> ErrorKind {
        match self {
            Self::Archive(_) | Self::Moved { .. } | Self::SamePath => ErrorKind::Integrity,
            Self::Bytes(error) => archive_kind(error),
            Self::Open(error) => open_kind(error),
            Self::Place(PlaceError::Outside { .. }) => ErrorKind::Integrity,
            Self::Place(_) | Self::Exists(_) | Self::Write { .. } | Self::IsInput(_) => {
                ErrorKind::Io
            }
        }
    }
}

impl From<MemberFault> for MemberCause {
    fn from(fault: MemberFault) -> Self {
        Self::Archive(fault)
    }
}

/// Returns an error in the bytes of a member that is already named.
fn bytes_phrase(error: &ArchiveError) -> String {
    match error {
        ArchiveError::Malformed { fault, .. } => {
            format!("it was altered or damaged in the archive: {fault}")
        }
        other => other.to_string(),
    }
}
