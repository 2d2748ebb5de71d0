//! Why files can't be sealed.

use std::io;

use thiserror::Error;

use super::Format;
use crate::files::cause;
use crate::keys::RecipientError;

/// Why files can't be sealed as asked. Nothing is sealed then.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PlanError {
    /// A recipient can't read the format.
    #[error(transparent)]
    Recipient(#[from] RecipientError),
    /// The format is only read.
    #[error("{} messages are only read, and not written", .0.name())]
    OnlyRead(Format),
    /// The format can't compress.
    #[error("{} messages can't be compressed", .0.name())]
    Compression(Format),
    /// The format names all recipients.
    #[error("{} messages name all their recipients", .0.name())]
    HiddenRecipients(Format),
    /// So many hidden recipients that the last of them could not find out in
    /// reasonable time that the message is theirs.
    #[error("a message can hide {most} recipients at most")]
    TooManyHidden {
        /// The most that are possible.
        most: usize,
    },
}

/// Why a message could not be sealed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SealError {
    /// The plaintext could not be read.
    #[error("{}", cause(.0))]
    Read(io::Error),
    /// The message could not be written.
    #[error("{}", cause(.0))]
    Write(io::Error),
    /// The plaintext is longer or shorter than was stated.
    #[error("its length has changed")]
    OtherLength,
    /// The plaintext is longer than a format allows.
    #[error("it is longer than the {most} bytes that a {} message holds", .format.name())]
    TooLong {
        /// The format.
        format: Format,
        /// The longest allowed length, in bytes.
        most: u64,
    },
    /// The session key could not be encrypted to a recipient.
    #[error("{label}: {reason}")]
    Recipient {
        /// The name of the key's owner.
        label: String,
        /// The cause.
        reason: String,
    },
}
