//! Why a message doesn't open: what that means, and what to do.

use std::io;

use super::ErrorKind;
use crate::keys::{Missed, NoIdentity, UnlockFault};
use crate::message::{MessageFault, OpenError};

pub(super) fn open_kind(error: &OpenError) -> ErrorKind {
    match error {
        OpenError::NoIdentity(NoIdentity::NoSessionKey { .. }) => ErrorKind::Integrity,
        OpenError::NoIdentity(_) => ErrorKind::NoIdentity,
        OpenError::Fault(_) => ErrorKind::Integrity,
        // The archive's reader says so of members that were altered.
        OpenError::Read(e) if e.kind() == io::ErrorKind::InvalidData => ErrorKind::Integrity,
        OpenError::Read(_) | OpenError::Write(_) | OpenError::Spool { .. } => ErrorKind::Io,
    }
}

pub(super) fn open_hint(error: &OpenError) -> Option<String> {
    let hint = match error {
        OpenError::NoIdentity(NoIdentity::NoneFits {
            missed: Missed::Presumed(key),
            ..
        }) => {
            return Some(format!(
                "{} was judged by the certificate beside it; if that belongs to another key, give a copy of the key from another directory",
                key.display()
            ));
        }
        OpenError::NoIdentity(NoIdentity::NoneFits {
            missed: Missed::Uncertified(_),
            ..
        }) => {
            "put its certificate into its directory, or give it with another -k; where that is lost, --try-all-keys tries every key"
        }
        OpenError::NoIdentity(NoIdentity::NoneFits { .. }) => {
            "give the key of one of these recipients with -k KEY; `callseal inspect KEY` shows a key's fingerprint"
        }
        OpenError::NoIdentity(NoIdentity::Locked { fault, .. }) => return unlock_hint(fault),
        OpenError::NoIdentity(NoIdentity::PassphraseOnly) => {
            "open it with `gpg --decrypt`, or a CMS message with `openssl cms -decrypt`"
        }
        OpenError::NoIdentity(NoIdentity::TooManyTrials { .. }) => {
            "don't trust it; if you know its sender, give the one key that it is for with -k"
        }
        OpenError::NoIdentity(NoIdentity::TrialsUsedUp) => {
            "name the members that you trust, and give the one key that they are for with -k"
        }
        OpenError::Fault(MessageFault::TooLarge { .. }) => {
            "if you trust its sender, allow more with --max-member-size"
        }
        OpenError::Fault(MessageFault::TotalTooLarge { .. }) => {
            "if you trust its sender, allow more with --max-total-size"
        }
        OpenError::Fault(MessageFault::Truncated | MessageFault::Altered)
        | OpenError::NoIdentity(NoIdentity::NoSessionKey { .. }) => {
            "get it again from where it came from"
        }
        OpenError::Fault(MessageFault::SecondMessage(what)) if !what.starts_with("-----") => {
            "put each message into a file of its own"
        }
        OpenError::Fault(MessageFault::SecondMessage(_)) => {
            "put each message into a file of its own; `csplit -z FILE '/^-----BEGIN /' '{*}'` does so with text"
        }
        OpenError::Spool { .. } => {
            "set TMPDIR to a directory that exists, can be written to, and has room for the file"
        }
        OpenError::Fault(MessageFault::NotAMessage) => {
            "`callseal inspect FILE` says what a file is"
        }
        _ => return None,
    };
    Some(hint.into())
}

pub(super) fn unlock_hint(fault: &UnlockFault) -> Option<String> {
    match fault {
        UnlockFault::NoPassphrase => Some(
            "run it on a terminal to be asked, or give --passphrase-file or --passphrase-fd".into(),
        ),
        UnlockFault::WrongPassphrase => {
            Some("check the passphrase; the key's owner set it when the key was made".into())
        }
        _ => None,
    }
}
