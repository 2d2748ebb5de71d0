//! The errors of jobs, sorted by their meaning for the caller.

mod document;
mod member;
mod opening;

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::archive::ArchiveError;
use crate::config::ConfigError;
use crate::fields::DocumentError;
use crate::files::cause;
use crate::keys::{
    ExportError, GenerateError, KeyError, KeyFault, RecipientError, Refusal, SubjectError,
};
use crate::message::{OpenError, PlanError, SealError};
use crate::output::{is_input, is_not_flushed};
use crate::sources::SourceError;
use document::document_kind;
pub use member::MemberCause;
use opening::open_kind;

/// Why a job failed. The display is one sentence that names the file.
///
/// Here and in all errors of this crate, the display is complete: it includes
/// the cause, and [`source`](std::error::Error::source) adds nothing to it. The
/// cause itself, an [`io::Error`] for instance, is a field of the variant.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// Reading or writing a file fails.
    #[error("{}: {}", .path.display(), cause(.error))]
    Io {
        /// The file.
        path: PathBuf,
        /// The operating system's reason.
        error: io::Error,
    },
    /// A file, or the files in a directory, are complete and have their names,
    /// but may not survive a power failure.
    #[error("{}: complete, but not flushed to disk: {}", .path.display(), cause(.error))]
    NotFlushed {
        /// The file or the directory.
        path: PathBuf,
        /// The operating system's reason.
        error: io::Error,
    },
    /// The output exists, and must not be overwritten.
    #[error("{}: it exists already", .path.display())]
    Exists {
        /// The output.
        path: PathBuf,
    },
    /// The config can't be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The recipients can't be used: nothing is sealed.
    #[error(transparent)]
    Recipient(#[from] RecipientError),
    /// The message format doesn't suit the recipients or the other options:
    /// nothing is sealed.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// The recipients of a profile can't be used.
    #[error("profile {profile}: {error}")]
    Profile {
        /// Its name.
        profile: String,
        /// The cause.
        error: Box<RecipientError>,
    },
    /// A key file can't be used.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// There is no usable key in the given places.
    #[error("{}: it holds no private key that can be used", .place.display())]
    NoKeysThere {
        /// The first of the places that were given.
        place: PathBuf,
    },
    /// There is no key to open anything with.
    #[error("no private key is given")]
    NoKeys,
    /// A key or certificate can't be exported.
    #[error(transparent)]
    Export(#[from] ExportError),
    /// A text isn't allowed in a new certificate.
    #[error(transparent)]
    Subject(#[from] SubjectError),
    /// No new key can be made.
    #[error(transparent)]
    Generate(#[from] GenerateError),
    /// A file of a new key exists. It may be the only copy of an old one.
    #[error("{}: it exists already", .path.display())]
    KeyExists {
        /// The file.
        path: PathBuf,
    },
    /// A file to pack can't be used.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// A file can't be sealed.
    #[error("{}: {error}", .path.display())]
    Seal {
        /// The file.
        path: PathBuf,
        /// The cause.
        error: SealError,
    },
    /// A message can't be opened.
    #[error("{}: {error}", .path.display())]
    Open {
        /// The message's file.
        path: PathBuf,
        /// The cause.
        error: OpenError,
    },
    /// The archive as a whole can't be read.
    #[error("{}: {error}", .path.display())]
    Archive {
        /// The archive.
        path: PathBuf,
        /// The cause.
        error: ArchiveError,
    },
    /// There is a message where an archive is expected.
    #[error("{}: it is one message, not an archive", .path.display())]
    IsMessage {
        /// The message's file.
        path: PathBuf,
    },
    /// There is an archive where a message is expected.
    #[error("{}: it is an archive, not one message", .path.display())]
    IsArchive {
        /// The archive.
        path: PathBuf,
    },
    /// One member can't be extracted.
    #[error("{member}: {cause}")]
    Member {
        /// Its path, as the archive has it: not fit for a terminal.
        member: String,
        /// The cause.
        cause: MemberCause,
    },
    /// No member has that name or matches that pattern.
    #[error("{}: no member is called {pattern:?}", .archive.display())]
    NoSuchMember {
        /// The archive.
        archive: PathBuf,
        /// The name or pattern.
        pattern: String,
    },
    /// A pattern for members is invalid.
    #[error("{pattern:?} is not a valid pattern: {reason}")]
    Pattern {
        /// The pattern.
        pattern: String,
        /// The cause.
        reason: String,
    },
    /// Some members can't be converted, so nothing was written.
    #[error("{}: {failed} of {members} members can't be converted; nothing was written", .archive.display())]
    NotConverted {
        /// The archive.
        archive: PathBuf,
        /// The number of members that can't be converted.
        failed: usize,
        /// The number of members to convert.
        members: usize,
        /// The worst of the failures.
        worst: ErrorKind,
    },
    /// A document in a stream can't be sealed or opened.
    #[error("{}: line {line}: {error}", .path.display())]
    Document {
        /// The file, or the name shown for it.
        path: PathBuf,
        /// The line that it begins on, counted from 1.
        line: u64,
        /// The cause.
        error: Box<DocumentError>,
    },
    /// Some documents of a stream failed, or all of several.
    #[error("{}: {}", .path.display(), partial_phrase(*.failed, *.total, "document"))]
    PartialDocuments {
        /// The file, or the name shown for it.
        path: PathBuf,
        /// The number of documents that failed.
        failed: usize,
        /// The number of all documents.
        total: usize,
        /// The worst of the failures.
        worst: ErrorKind,
    },
    /// Some members failed, or all of several.
    #[error("{}: {}", .archive.display(), partial_phrase(*.failed, *.total, "member"))]
    Partial {
        /// The archive.
        archive: PathBuf,
        /// The number of members that failed.
        failed: usize,
        /// The number of all members.
        total: usize,
        /// The worst of the failures.
        worst: ErrorKind,
    },
}

/// The meaning of an error for the caller: the exit status of the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ErrorKind {
    /// Input, output or another failure at run time.
    Io,
    /// The command line or the config is wrong.
    Usage,
    /// A recipient certificate was refused.
    Recipient,
    /// No identity of the keyring opens it.
    NoIdentity,
    /// Altered, truncated, unsafe or malformed.
    Integrity,
    /// Some members failed, the others are done.
    Partial,
}

impl Error {
    /// Creates a failure to read or open `path`.
    pub fn reading(path: impl Into<PathBuf>, error: io::Error) -> Self {
        let path = path.into();
        Self::Io { path, error }
    }

    /// Creates a failure to write the output `path`.
    pub fn writing(path: &Path, error: io::Error) -> Self {
        let path = path.to_owned();
        match error.kind() {
            io::ErrorKind::AlreadyExists => Self::Exists { path },
            _ if is_input(&error) => SourceError::IsOutput { path }.into(),
            _ if is_not_flushed(&error) => Self::NotFlushed { path, error },
            _ => Self::Io { path, error },
        }
    }

    /// Returns whether the only failure is that the output's reader has gone.
    pub fn is_closed_pipe(&self) -> bool {
        match self {
            Self::Io { error, .. } => error.kind() == io::ErrorKind::BrokenPipe,
            Self::Open {
                error: OpenError::Write(e),
                ..
            }
            | Self::Member {
                cause: MemberCause::Open(OpenError::Write(e)),
                ..
            } => e.kind() == io::ErrorKind::BrokenPipe,
            _ => false,
        }
    }

    /// Returns its meaning for the caller.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Io { .. } | Self::Exists { .. } | Self::Seal { .. } => ErrorKind::Io,
            Self::NotFlushed { .. } => ErrorKind::Io,
            Self::NoSuchMember { .. } | Self::KeyExists { .. } | Self::Generate(_) => ErrorKind::Io,
            Self::Plan(PlanError::Recipient(error)) => recipient_kind(error),
            Self::Subject(_) | Self::Plan(_) => ErrorKind::Usage,
            Self::Config(_) | Self::Pattern { .. } => ErrorKind::Usage,
            Self::Recipient(error) => recipient_kind(error),
            Self::Profile { error, .. } => recipient_kind(error),
            Self::Key(KeyError { fault, .. }) | Self::Export(ExportError::Key { fault, .. }) => {
                match fault {
                    KeyFault::Unreadable(_) => ErrorKind::Io,
                    _ => ErrorKind::NoIdentity,
                }
            }
            Self::Export(ExportError::Certificate { refusal, .. }) => match refusal {
                Refusal::Unreadable(_) => ErrorKind::Io,
                _ => ErrorKind::Recipient,
            },
            Self::Export(ExportError::OpenPgpCertificate { .. }) => ErrorKind::Recipient,
            Self::Export(ExportError::OpenPgpKey { .. }) | Self::NoKeysThere { .. } => {
                ErrorKind::NoIdentity
            }
            Self::Export(ExportError::Locked { .. } | ExportError::NotAtHand { .. })
            | Self::NoKeys => ErrorKind::NoIdentity,
            Self::Source(error) => source_kind(error),
            Self::Open { error, .. } => open_kind(error),
            Self::Archive { error, .. } => archive_kind(error),
            Self::IsMessage { .. } | Self::IsArchive { .. } => ErrorKind::Integrity,
            Self::Member { cause, .. } => cause.kind(),
            Self::NotConverted { worst, .. } => *worst,
            Self::Document { error, .. } => document_kind(error),
            Self::Partial {
                failed,
                total,
                worst,
                ..
            }
            | Self::PartialDocuments {
                failed,
                total,
                worst,
                ..
            } => {
                if failed < total {
                    ErrorKind::Partial
                } else {
                    *worst
                }
            }
        }
    }
}

fn recipient_kind(error: &RecipientError) -> ErrorKind {
    match error {
        RecipientError::NoneGiven | RecipientError::Pattern { .. } => ErrorKind::Usage,
        _ => ErrorKind::Recipient,
    }
}

fn source_kind(error: &SourceError) -> ErrorKind {
    match error {
        SourceError::Io { .. } | SourceError::ChangedWhileRead { .. } => ErrorKind::Io,
        _ => ErrorKind::Usage,
    }
}

fn archive_kind(error: &ArchiveError) -> ErrorKind {
    match error {
        ArchiveError::Io(_) => ErrorKind::Io,
        ArchiveError::Malformed { .. } | ArchiveError::Member { .. } => ErrorKind::Integrity,
    }
}

fn partial_phrase(failed: usize, total: usize, what: &str) -> String {
    if failed < total {
        format!("{failed} of {total} {what}s failed, the others are done")
    } else if total == 1 {
        format!("its only {what} failed")
    } else {
        format!("all {total} {what}s failed")
    }
}

#[cfg(test)]
mod tests;
