//! The hint for a process that has as many files open as it may have.

use std::io;

use callseal::archive::ArchiveError;
use callseal::config::ConfigError;
use callseal::keys::{
    ExportError, KeyFault, RecipientError, Refusal, SignerError, SigningKeyError, SigningKeyFault,
    TrustFault,
};
use callseal::message::{OpenError, PlanError, SealError};
use callseal::sources::SourceError;
use callseal::{Error as LibraryError, MemberCause};

use super::{Hint, some};
use crate::cli::error::Error;

/// Returns the remedy if nothing more could be opened, whatever it was.
pub fn of_limit(error: &Error) -> Hint {
    system_error(error)
        .filter(|error| is_lack_of_descriptors(error))
        .and_then(|_| {
            some(
                "`ulimit -n 1024` raises the limit; if the command takes --jobs, fewer of them need fewer files",
            )
        })
}

/// Returns the operating system's reason, if there is one.
fn system_error(error: &Error) -> Option<&io::Error> {
    match error {
        Error::Config(ConfigError::Unreadable { error, .. }) => Some(error),
        Error::Profile { error, .. } => of_recipient(error),
        Error::SignersOfProfile { error, .. } => of_signer(error),
        Error::Signer(error) => of_signer(error),
        Error::OfArchive { error, .. } => system_error(error),
        Error::Port { error, .. } => Some(error),
        Error::SigningKeyOfConfig { error, .. } => match &error.fault {
            SigningKeyFault::Key(fault) => of_key(fault),
            _ => None,
        },
        Error::SigningKey(SigningKeyError {
            fault: SigningKeyFault::Key(fault),
            ..
        }) => of_key(fault),
        Error::Export(ExportError::Key { fault, .. }) => of_key(fault),
        Error::Export(ExportError::Certificate { refusal, .. }) => of_refusal(refusal),
        error => of_library(error.of_library()?),
    }
}

fn of_library(error: &LibraryError) -> Option<&io::Error> {
    match error {
        LibraryError::Io { error, .. }
        | LibraryError::NotFlushed { error, .. }
        | LibraryError::Source(SourceError::Io { error, .. })
        | LibraryError::Seal {
            error: SealError::Read(error) | SealError::Write(error),
            ..
        }
        | LibraryError::Archive {
            error: ArchiveError::Io(error),
            ..
        }
        | LibraryError::Member {
            cause: MemberCause::Bytes(ArchiveError::Io(error)) | MemberCause::Write { error, .. },
            ..
        } => Some(error),
        LibraryError::Key(error) => of_key(&error.fault),
        LibraryError::Open { error, .. }
        | LibraryError::Member {
            cause: MemberCause::Open(error),
            ..
        } => of_open(error),
        LibraryError::Recipient(error) | LibraryError::Plan(PlanError::Recipient(error)) => {
            of_recipient(error)
        }
        _ => None,
    }
}

fn of_open(error: &OpenError) -> Option<&io::Error> {
    match error {
        OpenError::Read(error) | OpenError::Write(error) | OpenError::Spool { error, .. } => {
            Some(error)
        }
        _ => None,
    }
}

fn of_key(fault: &KeyFault) -> Option<&io::Error> {
    match fault {
        KeyFault::Unreadable(error) => Some(error),
        _ => None,
    }
}

fn of_recipient(error: &RecipientError) -> Option<&io::Error> {
    match error {
        RecipientError::Refused { refusal, .. } => of_refusal(refusal),
        RecipientError::Search { error, .. }
        | RecipientError::Trust {
            fault: TrustFault::Unreadable(error),
            ..
        } => Some(error),
        _ => None,
    }
}

fn of_signer(error: &SignerError) -> Option<&io::Error> {
    match error {
        SignerError::Refused { refusal, .. } => of_refusal(refusal),
        SignerError::Trust {
            fault: TrustFault::Unreadable(error),
            ..
        } => Some(error),
        _ => None,
    }
}

fn of_refusal(refusal: &Refusal) -> Option<&io::Error> {
    match refusal {
        Refusal::Unreadable(error) => Some(error),
        _ => None,
    }
}

/// Returns whether the process has as many descriptors as it may have.
fn is_lack_of_descriptors(error: &io::Error) -> bool {
    #[cfg(unix)]
    {
        use rustix::io::Errno;
        // A reader may have put it into an error of its own.
        let inner = error.get_ref().and_then(|inner| inner.downcast_ref());
        Errno::from_io_error(inner.unwrap_or(error)) == Some(Errno::MFILE)
    }
    #[cfg(not(unix))]
    {
        let _ = error;
        false
    }
}
