//! The meaning of errors for the caller.

use std::io;

use super::Error;
use crate::archive::ArchiveError;
use crate::fields::DocumentError;
use crate::jobs::evidence::EvidenceFault;
use crate::keys::{KeyFault, RecipientError};
use crate::message::{MessageFault, OpenError, PlanError};
use crate::sources::SourceError;

/// The meaning of an error for the caller: the exit status of the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ErrorKind {
    /// Input, output or another failure at run time.
    Io,
    /// An argument or the config is wrong.
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
    /// Returns its meaning for the caller.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Io { .. }
            | Self::NotFlushed { .. }
            | Self::Exists { .. }
            | Self::Seal { .. }
            | Self::Signing(_)
            | Self::NoSuchMember { .. } => ErrorKind::Io,
            Self::Plan(PlanError::Recipient(error)) | Self::Recipient(error) => error.into(),
            Self::Plan(_) | Self::Pattern { .. } | Self::SignerIsRecipient { .. } => {
                ErrorKind::Usage
            }
            Self::Key(error) => match error.fault {
                KeyFault::Unreadable(_) => ErrorKind::Io,
                _ => ErrorKind::NoIdentity,
            },
            Self::Source(error) => source_kind(error),
            Self::Open { error, .. } => error.into(),
            Self::Archive { error, .. } => archive_kind(error),
            Self::ArchiveInPipe { .. } => ErrorKind::Io,
            Self::IsMessage { .. } => ErrorKind::Integrity,
            Self::HiddenNames { .. } => ErrorKind::Usage,
            Self::NamesClosed { .. } => ErrorKind::NoIdentity,
            Self::Index { kind, .. } => *kind,
            Self::Evidence {
                fault: EvidenceFault::NoSignerNamed | EvidenceFault::SignerWouldOpen { .. },
                ..
            } => ErrorKind::Usage,
            Self::Grant { .. }
            | Self::OtherArchive { .. }
            | Self::Evidence { .. }
            | Self::NotAsSigned { .. } => ErrorKind::Integrity,
            Self::NotReadBack { cause, .. } => {
                let kind = cause.as_ref().map(|cause| cause.kind());
                kind.unwrap_or(ErrorKind::Integrity)
            }
            Self::Member { cause, .. } => cause.kind(),
            Self::NotBundled { cause, .. } => cause.kind(),
            Self::SameMember { .. } => ErrorKind::Usage,
            Self::NotConverted { worst, .. } | Self::NotShared { worst, .. } => *worst,
            Self::NotARecipient { .. } | Self::NotReplaced(_) => ErrorKind::Usage,
            Self::Partial {
                failed,
                total,
                worst,
                ..
            } => match failed < total {
                true => ErrorKind::Partial,
                false => *worst,
            },
        }
    }
}

impl From<&RecipientError> for ErrorKind {
    fn from(error: &RecipientError) -> Self {
        match error {
            RecipientError::NoneGiven | RecipientError::Pattern { .. } => Self::Usage,
            _ => Self::Recipient,
        }
    }
}

impl From<&OpenError> for ErrorKind {
    fn from(error: &OpenError) -> Self {
        match error {
            OpenError::NoIdentity(_)
            | OpenError::Fault(MessageFault::Unsupported(_) | MessageFault::Mail) => {
                Self::NoIdentity
            }
            OpenError::Fault(_) => Self::Integrity,
            // The archive's reader says so of members that were altered.
            OpenError::Read(e) if e.kind() == io::ErrorKind::InvalidData => Self::Integrity,
            OpenError::Read(_) | OpenError::Write(_) | OpenError::Spool { .. } => Self::Io,
        }
    }
}

impl From<&DocumentError> for ErrorKind {
    fn from(error: &DocumentError) -> Self {
        match error {
            // No other kind of container was ever sealed as a field.
            DocumentError::SessionKey(OpenError::Fault(_))
            | DocumentError::Value {
                error: OpenError::Fault(_),
                ..
            } => Self::Integrity,
            DocumentError::SessionKey(error) | DocumentError::Value { error, .. } => error.into(),
            DocumentError::Seal(_) | DocumentError::Internal(_) => Self::Io,
            _ => Self::Integrity,
        }
    }
}

fn source_kind(error: &SourceError) -> ErrorKind {
    match error {
        SourceError::Io { .. }
        | SourceError::ChangedWhileRead { .. }
        // A night without calls is no mistake.
        | SourceError::Nothing { .. } => ErrorKind::Io,
        _ => ErrorKind::Usage,
    }
}

pub(in crate::jobs) fn archive_kind(error: &ArchiveError) -> ErrorKind {
    match error {
        ArchiveError::Io(_) => ErrorKind::Io,
        ArchiveError::Malformed { .. } | ArchiveError::Member { .. } => ErrorKind::Integrity,
    }
}
