//! Why one member can't be extracted.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use super::{ErrorKind, archive_kind};
use crate::archive::{ArchiveError, MemberFault};
use crate::files::cause;
use crate::jobs::bundle::BundleFault;
use crate::jobs::evidence::SignedFault;
use crate::message::OpenError;
use crate::output::PlaceError;

/// Why one member can't be extracted.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum MemberCause {
    /// The archive's record of it is unusable.
    #[error("it {0}")]
    Archive(MemberFault),
    /// Its bytes can't be read from the archive.
    #[error("{}", bytes_phrase(.0))]
    Bytes(ArchiveError),
    /// Its message doesn't open.
    #[error(transparent)]
    Open(OpenError),
    /// It was sealed under another name.
    #[error(
        "it was sealed as {sealed:?}: it was moved or swapped in the archive, or sealed under another name"
    )]
    Moved {
        /// The name inside of the message.
        sealed: String,
    },
    /// The index or a grant gives it its name, the archive has to be what was signed,
    /// and its message doesn't confirm the name.
    #[error(
        "its name is from an index or a grant, and nothing that was sealed and signed confirms it"
    )]
    UnconfirmedName,
    /// The session key that the index or the grant (which of them, it says) lists
    /// for it doesn't open it.
    #[error("it was replaced: the session key in the {0} doesn't open it")]
    Replaced(&'static str),
    /// The index or the grant lists it, and the archive doesn't have it.
    #[error("the {0} lists it, and it isn't in the archive")]
    Removed(&'static str),
    /// It isn't what was signed.
    #[error(transparent)]
    NotAsSigned(SignedFault),
    /// The index says something else of it.
    #[error("its {0} is not the one that the index lists")]
    OtherThanListed(&'static str),
    /// It can't be in an archive that is signed.
    #[error("{0}, so the archive can't be signed")]
    NotSignable(&'static str),
    /// It can't be in an archive of messages that are sealed already.
    #[error(transparent)]
    NotBundled(BundleFault),
    /// The signature of the archive can't be kept with it.
    #[error("{0}, so the signature of the archive can't be kept")]
    NotKept(&'static str),
    /// It is the index of an archive or a grant: session keys, and no file.
    #[error("it is the index of an archive, or a grant, and not a file")]
    SealedIndex,
    /// It can be neither shared nor granted.
    #[error("{0}, so it can't be shared or granted")]
    NotShareable(&'static str),
    /// It is a CMS message, and a grant is for OpenPGP messages.
    #[error("it is a CMS message, and grants open OpenPGP messages alone")]
    NotGrantable,
    /// Somebody is to be taken out who is given by a key, and it names certificates.
    #[error("it is a CMS message, which names certificates: {given} can't be found in it")]
    NamesCertificates {
        /// What was given.
        given: String,
    },
    /// It would be replaced by its message alone.
    #[error(
        "there is more in it than its message (other text, or headers of its armor), and that would be lost"
    )]
    TextAround,
    /// Whoever is to be taken out is named as the key that opens it.
    #[error(
        "one issuer and serial number, or key identifier, stands for you and for whoever is to be taken out"
    )]
    SameName,
    /// No reader takes so many recipients, or such large ones.
    #[error("it would have more recipients than callseal reads")]
    TooManyRecipients,
    /// It hides recipients, or opens with a passphrase, and nobody can be taken
    /// out for certain.
    #[error(
        "it hides recipients or opens with a passphrase, so nobody can be taken out for certain"
    )]
    HiddenRecipients,
    /// Nobody could open it any more.
    #[error("no recipient would be left")]
    NobodyLeft,
    /// Its session key can't be encrypted to a recipient.
    #[error("it can't be sealed to {recipient}: {reason}")]
    NotSealedTo {
        /// The recipient's name.
        recipient: String,
        /// The cause.
        reason: String,
    },
    /// Another member of the archive extracts to the same path.
    #[error("another member has the same path")]
    SamePath,
    /// Its name doesn't stay below the target directory, or is not a name.
    #[error("{0:?}: not a path below the target directory")]
    Outside(String),
    /// A directory on the way to it is a symbolic link, which may lead
    /// anywhere.
    #[error("{}: a symbolic link on the way to an extracted file", .0.display())]
    Link(PathBuf),
    /// Something on the way to it exists and is not a directory.
    #[error("{}: not a directory, on the way to an extracted file", .0.display())]
    NotADirectory(PathBuf),
    /// The file exists, and must not be overwritten.
    #[error("{} already exists", .0.display())]
    Exists(PathBuf),
    /// The file can't be written.
    #[error("{}: {}", .path.display(), cause(.error))]
    Write {
        /// The file.
        path: PathBuf,
        /// The operating system's reason.
        error: io::Error,
    },
    /// The file is an input of the same run.
    #[error("{} is both an input and the output", .0.display())]
    IsInput(PathBuf),
}

impl MemberCause {
    /// Returns whether it is a fault of the message, which a wrong session key
    /// causes as well.
    pub(in crate::jobs) fn is_of_message(&self) -> bool {
        matches!(
            self,
            Self::Open(OpenError::Fault(_)) | Self::Moved { .. } | Self::UnconfirmedName
        )
    }

    pub(in crate::jobs) fn kind(&self) -> ErrorKind {
        match self {
            // What callseal doesn't support.
            Self::Archive(MemberFault::Encrypted | MemberFault::Method { .. }) => {
                ErrorKind::NoIdentity
            }
            Self::Archive(_)
            | Self::Moved { .. }
            | Self::UnconfirmedName
            | Self::Replaced(_)
            | Self::Removed(_)
            | Self::NotAsSigned(_)
            | Self::OtherThanListed(_)
            | Self::SealedIndex
            | Self::SamePath => ErrorKind::Integrity,
            Self::NotShareable(_) | Self::NotGrantable => ErrorKind::NoIdentity,
            Self::NamesCertificates { .. }
            | Self::TextAround
            | Self::SameName
            | Self::TooManyRecipients
            | Self::HiddenRecipients
            | Self::NotSignable(_)
            | Self::NotKept(_)
            | Self::NobodyLeft => ErrorKind::Usage,
            Self::NotBundled(fault) => fault.kind(),
            Self::NotSealedTo { .. } => ErrorKind::Recipient,
            Self::Bytes(error) => archive_kind(error),
            Self::Open(error) => error.into(),
            Self::Outside(_) => ErrorKind::Integrity,
            Self::Link(_)
            | Self::NotADirectory(_)
            | Self::Exists(_)
            | Self::Write { .. }
            | Self::IsInput(_) => ErrorKind::Io,
        }
    }
}

impl From<PlaceError> for MemberCause {
    fn from(error: PlaceError) -> Self {
        match error {
            PlaceError::Outside { relative } => Self::Outside(relative),
            PlaceError::Link { path } => Self::Link(path),
            PlaceError::NotADirectory { path } => Self::NotADirectory(path),
            PlaceError::Io { path, error } => Self::Write { path, error },
        }
    }
}

impl From<MemberFault> for MemberCause {
    fn from(fault: MemberFault) -> Self {
        Self::Archive(fault)
    }
}

/// Returns an error in the bytes of a member that is already named.
fn bytes_phrase(error: &ArchiveError) -> String {
    match error {
        ArchiveError::Malformed { fault, .. } => {
            format!("it was altered or damaged in the archive: {fault}")
        }
        other => other.to_string(),
    }
}
