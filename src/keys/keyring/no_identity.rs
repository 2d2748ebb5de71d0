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
    /// The message was sealed with a passphrase alone.
    #[error("it is sealed with a passphrase and not to a key")]
    PassphraseOnly,
    /// A key fits, but what is sealed to it holds no session key: it was
    /// altered, or was never valid.
    #[error("{}: the message names this key, but the part for it was altered or damaged", .key.display())]
    NoSessionKey {
        /// The key's file.
        key: PathBuf,
    },
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
