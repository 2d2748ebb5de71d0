//! The errors of jobs, sorted by their meaning for the caller.

mod kind;
mod member;
mod texts;

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::archive::ArchiveError;
use crate::files::cause;
use crate::jobs::bundle::MessagePlace;
use crate::jobs::evidence::EvidenceFault;
use crate::keys::{KeyError, RecipientError, SigningFault};
use crate::message::{OpenError, PlanError, SealError};
use crate::output::{is_input, is_not_flushed};
use crate::sources::SourceError;
pub use kind::ErrorKind;
pub(in crate::jobs) use kind::archive_kind;
pub use member::MemberCause;
use texts::{called, not_read_back, not_shared, partial, same_member, unusable};

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
    /// A new archive isn't on the disk as it was written.
    #[error("{}: {}", .path.display(), not_read_back(.cause.as_deref()))]
    NotReadBack {
        /// The archive.
        path: PathBuf,
        /// Why it can't be read; missing if it is sound, and other than what was
        /// written.
        cause: Option<Box<Error>>,
    },
    /// The output exists, and must not be overwritten.
    #[error("{}: it already exists", .path.display())]
    Exists {
        /// The output.
        path: PathBuf,
    },
    /// The recipients can't be used: nothing is sealed.
    #[error(transparent)]
    Recipient(#[from] RecipientError),
    /// The message format doesn't suit the recipients or the other options:
    /// nothing is sealed.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// A key file can't be used.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// A key doesn't sign: nothing is written.
    #[error(transparent)]
    Signing(#[from] SigningFault),
    /// A key that is to sign belongs to a recipient.
    #[error("{}: its key belongs to the recipient “{label}”, and a key that opens must not sign", .signer.display())]
    SignerIsRecipient {
        /// The file of the key.
        signer: PathBuf,
        /// The recipient's name.
        label: String,
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
    /// An archive can't be read from a pipe or a device: its directory is at its
    /// end.
    #[error("{}: not a regular file: an archive can't be read from a pipe or a device", .path.display())]
    ArchiveInPipe {
        /// The pipe or device.
        path: PathBuf,
    },
    /// There is a message where an archive is expected.
    #[error("{}: it is one message, not an archive", .path.display())]
    IsMessage {
        /// The message's file.
        path: PathBuf,
    },
    /// The index of an archive can't be used: its members are opened without it.
    #[error("{}: its index {}: {fault}", .archive.display(), unusable(*.kind))]
    Index {
        /// The archive.
        archive: PathBuf,
        /// The cause.
        fault: String,
        /// [`ErrorKind::Io`] if it can't be read, [`ErrorKind::Integrity`] if
        /// nothing can be done without it, else [`ErrorKind::Partial`].
        kind: ErrorKind,
    },
    /// A grant can't be used.
    #[error("{}: {fault}", .grant.display())]
    Grant {
        /// The grant.
        grant: PathBuf,
        /// The cause.
        fault: String,
    },
    /// A grant is for members of another archive.
    #[error("{}: it grants no member of {}", .grant.display(), .archive.display())]
    OtherArchive {
        /// The grant.
        grant: PathBuf,
        /// The archive.
        archive: PathBuf,
    },
    /// One member can't be extracted.
    #[error("{member}: {cause}")]
    Member {
        /// Its path, as the archive has it: not fit for a terminal.
        member: String,
        /// The cause.
        cause: MemberCause,
    },
    /// A message can't be in an archive of messages that are sealed already.
    #[error("{message}: {cause}")]
    NotBundled {
        /// Where it is.
        message: MessagePlace,
        /// The cause.
        cause: Box<MemberCause>,
    },
    /// Two messages would have the same name in one archive, at least on some
    /// systems.
    #[error("{}", same_member(first, second))]
    SameMember {
        /// One of them.
        first: MessagePlace,
        /// The other.
        second: MessagePlace,
    },
    /// No member has that name or matches that pattern.
    #[error("{}: no member {} {pattern:?}", .archive.display(), called(.pattern))]
    NoSuchMember {
        /// The archive.
        archive: PathBuf,
        /// The name or pattern.
        pattern: String,
    },
    /// The members' names are hidden, and what was asked for needs them.
    #[error("{}: the names of its members are hidden", .archive.display())]
    HiddenNames {
        /// The archive.
        archive: PathBuf,
    },
    /// The members' names are hidden, and no key opens the index, which has them.
    #[error("{}: the names of its members are hidden, and its index doesn't open: {reason}", .archive.display())]
    NamesClosed {
        /// The archive.
        archive: PathBuf,
        /// Why no key opens the index.
        reason: String,
    },
    /// A pattern for members is invalid.
    #[error("{pattern:?} is not a valid pattern: {reason}")]
    Pattern {
        /// The pattern.
        pattern: String,
        /// The cause.
        reason: String,
    },
    /// Some members can't be converted, so that no archive was written.
    #[error("{}: {failed} of {total} members can't be converted; nothing was written", .archive.display())]
    NotConverted {
        /// The archive.
        archive: PathBuf,
        /// The number of members that can't be converted.
        failed: usize,
        /// The number of all members.
        total: usize,
        /// The worst of the failures.
        worst: ErrorKind,
        /// Why each of them can't be converted, and what else failed.
        failures: Vec<Error>,
    },
    /// Some members can't be shared or granted, so that nothing was written.
    #[error("{}: {}", .archive.display(), not_shared(*.failed, *.removed, *.total, *.is_grant))]
    NotShared {
        /// The archive.
        archive: PathBuf,
        /// The number of members that can't be shared.
        failed: usize,
        /// The number of members that the index lists, and that were removed from
        /// the archive.
        removed: usize,
        /// The number of members that were to be shared.
        total: usize,
        /// Whether a grant was to be written, and no archive.
        is_grant: bool,
        /// The worst of the failures.
        worst: ErrorKind,
        /// Why each of them can't be shared.
        failures: Vec<Error>,
    },
    /// A message is to be replaced that is a part of a mail or another text, or has
    /// headers: these would be lost.
    #[error("{}: there is more in it than the message (other text, or headers of its armor), and that would be lost", .0.display())]
    NotReplaced(PathBuf),
    /// A recipient that should be removed is a recipient of none of the members.
    #[error("{}: {given} is not a recipient of it", .archive.display())]
    NotARecipient {
        /// The archive.
        archive: PathBuf,
        /// The certificate or fingerprint, as it was given.
        given: String,
    },
    /// The signatures of an archive don't count.
    #[error("{}: {fault}", .archive.display())]
    Evidence {
        /// The archive.
        archive: PathBuf,
        /// The cause.
        fault: EvidenceFault,
    },
    /// An archive has other entries than those that were signed.
    #[error("{}: it is not what was signed", .archive.display())]
    NotAsSigned {
        /// The archive.
        archive: PathBuf,
        /// The entries that were added, removed or altered.
        failures: Vec<Error>,
    },
    /// Some members failed, or all of several.
    #[error("{}: {}", .archive.display(), partial(*.failed, *.total))]
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

    /// Returns the error of sealing the file at `source` into `output`: that of
    /// the side that failed.
    pub fn sealing(source: &Path, output: &Path, error: SealError) -> Self {
        let path = source.to_owned();
        match error {
            SealError::Read(error) => SourceError::Io { path, error }.into(),
            SealError::OtherLength => SourceError::ChangedWhileRead { path }.into(),
            SealError::Write(error) => Self::writing(output, error),
            error => Self::Seal { path, error },
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

    /// Returns whether it says that a member was removed from the archive.
    pub(super) fn is_of_removed(&self) -> bool {
        let Self::Member { cause, .. } = self else {
            return false;
        };
        matches!(cause, MemberCause::Removed(_))
    }
}

#[cfg(test)]
mod tests;
