//! The error that no key opens a message.

use std::path::{Path, PathBuf};

use thiserror::Error;

use super::UnlockFault;
use crate::keys::KeyHandle;

/// Why no identity of the keyring opens a message.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum NoIdentity {
    /// The message is not sealed to any of the keys.
    #[error("{}", none_fits(.handles, *.more, *.keys, .uncertified.as_deref(), *.tried))]
    NoneFits {
        /// The first four recipients of the message.
        handles: Vec<KeyHandle>,
        /// The number of further recipients.
        more: usize,
        /// The number of keys in the keyring.
        keys: usize,
        /// A locked key that was judged by the certificate next to it. It may
        /// fit, if that certificate belongs to another key.
        presumed: Option<Box<Path>>,
        /// A key without a certificate. It may fit, since the message names
        /// certificates.
        uncertified: Option<Box<Path>>,
        /// Whether every key was tried.
        tried: bool,
    },
    /// The key that fits, or may fit, stays locked.
    #[error("{}: {fault}", .key.display())]
    Locked {
        /// The key's file.
        key: PathBuf,
        /// Why it stays locked.
        fault: UnlockFault,
    },
    /// A locked key seemed to fit by the certificate next to it, but isn't the
    /// certificate's key.
    #[error("{}: the certificate next to this key is for another key", .key.display())]
    OtherCertificate {
        /// The key's file.
        key: PathBuf,
    },
    /// A key fits, but is of a kind that isn't supported.
    #[error("{}: it is sealed to this key, but {algorithm} is not supported", .key.display())]
    Unsupported {
        /// The key's file.
        key: PathBuf,
        /// The key's algorithm, with the curve if it has one.
        algorithm: String,
    },
    /// The message was sealed with a passphrase alone: no key can open it.
    #[error("it is sealed with a passphrase and not to a key")]
    PassphraseOnly,
    /// The message is sealed with a passphrase, and none opens it.
    #[error("{}", no_passphrase(.0))]
    Passphrase(UnlockFault),
    /// Too many of the recipients may be any key.
    #[error(
        "gave up after {most} private key operations: too many of the recipients may be one of your keys"
    )]
    TooManyTrials {
        /// The trials that one message may cost.
        most: usize,
    },
    /// The job has spent the trials that all of its messages together may cost
    /// in vain.
    #[error("gave up: too many keys were tried in vain, on this message and those before it")]
    TrialsUsedUp,
}

/// Why the search for a session key found none.
#[derive(Debug)]
pub(crate) enum NotOpened {
    /// No key opens the message.
    NoIdentity(NoIdentity),
    /// A key fits that a recipient names, but what is sealed to it opens
    /// nothing. Whether the padding, the checksum or the session key is wrong
    /// must not show: whoever sends messages and sees their errors could find
    /// out what other messages hold.
    NoSessionKey,
}

impl From<NoIdentity> for NotOpened {
    fn from(no_identity: NoIdentity) -> Self {
        Self::NoIdentity(no_identity)
    }
}

fn no_passphrase(fault: &UnlockFault) -> String {
    match fault {
        UnlockFault::NoPassphrase => "it is sealed with a passphrase, and none was given".into(),
        UnlockFault::WrongPassphrase => {
            "it is sealed with a passphrase, and the passphrase is wrong".into()
        }
        fault => format!("it is sealed with a passphrase: {fault}"),
    }
}

fn count_hidden(recipients: usize) -> String {
    match recipients {
        1 => "a hidden recipient".into(),
        n => format!("{n} hidden recipients"),
    }
}

fn none_fits(
    handles: &[KeyHandle],
    more_handles: usize,
    keys: usize,
    uncertified: Option<&Path>,
    tried: bool,
) -> String {
    let names: Vec<String> = handles.iter().map(ToString::to_string).collect();
    let more = if more_handles > 0 {
        format!(" and {more_handles} more")
    } else {
        String::new()
    };
    let all_hidden = handles.iter().all(|handle| *handle == KeyHandle::Hidden);
    let names = match all_hidden {
        true => count_hidden(handles.len() + more_handles),
        false => format!("{}{more}", names.join(", ")),
    };
    match (uncertified, tried, keys) {
        (_, _, 0) => format!("no private key is given, and it is sealed to {names}"),
        (Some(key), false, 1) => format!(
            "{}: can't match this key without its certificate; it is sealed to {names}",
            key.display()
        ),
        (_, true, 1) => format!("your key doesn't open it; it is sealed to {names}"),
        (_, true, n) => format!("none of your {n} keys opens it; it is sealed to {names}"),
        (_, _, 1) => format!("it isn't sealed to your key, but to {names}"),
        (_, _, n) => format!("it isn't sealed to any of your {n} keys, but to {names}"),
    }
}
