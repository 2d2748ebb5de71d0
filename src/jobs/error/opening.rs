//! The kinds of the errors of opening a message.

use std::io;

use super::ErrorKind;
use crate::keys::NoIdentity;
use crate::message::OpenError;

pub(super) fn open_kind(error: &OpenError) -> ErrorKind {
    match error {
        OpenError::NoIdentity(NoIdentity::NoSessionKey { .. }) => ErrorKind::Integrity,
        OpenError::NoIdentity(_) => ErrorKind::NoIdentity,
        OpenError::Fault(_) => ErrorKind::Integrity,
        // The archive's reader reports altered members so.
        OpenError::Read(e) if e.kind() == io::ErrorKind::InvalidData => ErrorKind::Integrity,
        OpenError::Read(_) | OpenError::Write(_) | OpenError::Spool { .. } => ErrorKind::Io,
    }
}
