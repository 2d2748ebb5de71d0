//! Why files can't be sealed.

use std::io;
use std::path::PathBuf;

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
    /// The format can't be signed inside.
    #[error("{} messages can't be signed", .0.name())]
    Signed(Format),
    /// Signatures name those for whom they are made.
    #[error("the signatures would name the recipients, which are to be hidden")]
    SignedForHidden,
    /// A signer has a certificate of another kind than messages are signed with.
    #[error("{}: a message is signed with an OpenPGP key, and this is an X.509 key", .signer.display())]
    SignerOfOtherKind {
        /// The signer's file.
        signer: PathBuf,
    },
    /// The readers of the messages don't know the signer's kind of signature, and
    /// GnuPG then reads nothing.
    #[error("{}: it is an OpenPGP key of version 6, whose signatures the readers of rfc4880 messages don't know", .signer.display())]
    SignerOfOtherVersion {
        /// The signer's file.
        signer: PathBuf,
    },
    /// A signer is a recipient.
    #[error("{}: it signs, and “{recipient}” opens with it: keys that open don't sign", .signer.display())]
    SignerIsRecipient {
        /// The signer's file.
        signer: PathBuf,
        /// The recipient's name.
        recipient: String,
    },
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
    /// What is to be signed would count as the manifest of an archive.
    #[error("it begins as the manifest of an archive does, and is not signed as a file")]
    SignedManifest,
    /// The signature of a signer could not be made.
    #[error("“{label}” can't sign: {reason}")]
    Signer {
        /// The name of the signer.
        label: String,
        /// The cause.
        reason: String,
    },
}
