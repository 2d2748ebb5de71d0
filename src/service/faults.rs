//! What the errors of the system mean for other files.

use std::io;

use rustix::io::Errno;

use super::error::ServiceError;
use crate::archive::ArchiveError;
use crate::message::{OpenError, SealError};
use crate::sources::SourceError;
use crate::{Error, MemberCause};

/// Returns whether an error concerns all files and not one alone.
pub(super) fn concerns_all(error: &Error) -> bool {
    system_error(error).is_some_and(is_of_all)
}

/// Returns whether an error of the system concerns all files and not one alone.
pub(super) fn is_of_all(error: &io::Error) -> bool {
    matches!(
        Errno::from_io_error(error),
        Some(
            Errno::NOSPC | Errno::DQUOT | Errno::MFILE | Errno::NFILE | Errno::NOMEM | Errno::ROFS
        )
    )
}

/// Returns whether there is no room for what was to be written. Something smaller may
/// fit.
pub(super) fn is_full(error: &ServiceError) -> bool {
    has(error, &[Errno::NOSPC, Errno::DQUOT, Errno::FBIG])
}

/// Returns whether the file system takes no file of that size.
pub(super) fn is_too_large(error: &ServiceError) -> bool {
    has(error, &[Errno::FBIG])
}

fn has(error: &ServiceError, meant: &[Errno]) -> bool {
    let ServiceError::Job(error) = error else {
        return false;
    };
    let found = system_error(error).and_then(Errno::from_io_error);
    found.is_some_and(|found| meant.contains(&found))
}

/// Returns the system's own error, if that is the cause.
fn system_error(error: &Error) -> Option<&io::Error> {
    let found = match error {
        Error::Io { error, .. }
        | Error::NotFlushed { error, .. }
        | Error::Source(SourceError::Io { error, .. })
        | Error::Seal {
            error: SealError::Read(error) | SealError::Write(error),
            ..
        }
        | Error::Archive {
            error: ArchiveError::Io(error),
            ..
        } => error,
        Error::NotReadBack { cause, .. } => return system_error(cause.as_deref()?),
        Error::Member { cause, .. } => of_member(cause)?,
        Error::NotBundled { cause, .. } => of_member(cause)?,
        _ => return None,
    };
    // A reader may have put it into an error of its own.
    let inner = found.get_ref().and_then(|inner| inner.downcast_ref());
    Some(inner.unwrap_or(found))
}

fn of_member(cause: &MemberCause) -> Option<&io::Error> {
    match cause {
        MemberCause::Bytes(ArchiveError::Io(error))
        | MemberCause::Write { error, .. }
        | MemberCause::Open(
            OpenError::Read(error) | OpenError::Write(error) | OpenError::Spool { error, .. },
        ) => Some(error),
        _ => None,
    }
}
