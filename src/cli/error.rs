//! What the program's own part of a job can fail at, besides the library.

use std::io;
use std::path::{Path, PathBuf};

use callseal::ErrorKind;
use callseal::config::ConfigError;
use callseal::fields::DocumentError;
use callseal::keys::{
    ExportError, FileKind, GenerateError, KeyError, KeyFault, RecipientError, Refusal, SignerError,
    SigningKeyError, SigningKeyFault, SubjectError, TrustFault,
};
use callseal::message::PlanError;
use callseal::sources::SourceError;

use super::hints::Task;

/// Why a command failed. The display is one sentence that names the file.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The library's own error.
    #[error(transparent)]
    Library(callseal::Error),
    /// The library's own error, in a command with other remedies than elsewhere.
    #[error("{error}")]
    During {
        task: Task,
        error: Box<callseal::Error>,
    },
    /// A service can't work.
    #[cfg(target_os = "linux")]
    #[error(transparent)]
    Service(#[from] callseal::service::ServiceError),
    /// The config can't be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The recipients of a profile can't be used.
    #[error("profile {profile}: {error}")]
    Profile {
        profile: String,
        error: Box<RecipientError>,
    },
    /// The signers of a profile can't be used.
    #[error("profile {profile}: {error}")]
    SignersOfProfile {
        profile: String,
        error: Box<SignerError>,
    },
    /// A key that is to sign can't be used.
    #[error(transparent)]
    SigningKey(#[from] SigningKeyError),
    /// The given places hold no usable key. `place` is the first of them.
    #[error("{}: it holds no private key that can be used", .place.display())]
    NoKeysThere { place: PathBuf },
    /// A passphrase file has no passphrase in it.
    #[error("{}: there is no passphrase in it", .path.display())]
    EmptyPassphrase { path: PathBuf },
    /// A passphrase file is in an encoding in which no passphrase is found.
    #[error("{}: it is a text in UTF-16", .path.display())]
    Utf16Passphrase { path: PathBuf },
    /// No private key was given.
    #[error("no private key is given")]
    NoKeys,
    /// A key or certificate can't be exported.
    #[error(transparent)]
    Export(#[from] ExportError),
    /// A text can't be part of a new certificate.
    #[error(transparent)]
    Subject(#[from] SubjectError),
    /// No new key can be made.
    #[error(transparent)]
    Generate(#[from] GenerateError),
    /// A file of a new key exists. It may be the only copy of an old one.
    #[error("{}: it already exists", .path.display())]
    KeyExists { path: PathBuf },
    /// Something else was given where one message is expected.
    #[error("{}: {}", .path.display(), not_a_message(*.kind))]
    OtherKind { path: PathBuf, kind: FileKind },
    /// Some members of an archive, or all of them, can't be read.
    #[error("{}: {}", .archive.display(), unread(*.failed, *.total))]
    Unread {
        archive: PathBuf,
        failed: usize,
        total: usize,
        worst: ErrorKind,
    },
    /// A signer's certificate can't be used.
    #[error(transparent)]
    Signer(#[from] SignerError),
    /// What was checked of an archive doesn't hold.
    #[error("{}: not verified", .archive.display())]
    NotVerified { archive: PathBuf, worst: ErrorKind },
    /// What was checked of some archives doesn't hold.
    #[error("{failed} of {total} archives are not verified")]
    SomeNotVerified {
        failed: usize,
        total: usize,
        worst: ErrorKind,
    },
    /// A document in a stream can't be sealed or opened. Lines are counted
    /// from 1.
    #[error("{}: line {line}: {error}", .path.display())]
    Document {
        path: PathBuf,
        line: u64,
        error: Box<DocumentError>,
    },
    /// Some documents of a stream failed, or all of several.
    #[error("{}: {}", .path.display(), partial(*.failed, *.total))]
    PartialDocuments {
        path: PathBuf,
        failed: usize,
        total: usize,
        worst: ErrorKind,
    },
}

impl Error {
    /// A failure to read or open `path`.
    pub fn reading(path: impl Into<PathBuf>, error: io::Error) -> Self {
        callseal::Error::reading(path, error).into()
    }

    /// A failure to write the output `path`.
    pub fn writing(path: &Path, error: io::Error) -> Self {
        callseal::Error::writing(path, error).into()
    }

    /// An error of the library in such a command.
    pub fn during(task: Task, error: callseal::Error) -> Self {
        let error = Box::new(error);
        Self::During { task, error }
    }

    /// The library's error, if it is one.
    pub fn of_library(&self) -> Option<&callseal::Error> {
        match self {
            Self::Library(error) => Some(error),
            Self::During { error, .. } => Some(error),
            _ => None,
        }
    }

    /// What it means for the exit status.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Library(error) => error.kind(),
            Self::During { error, .. } => error.kind(),
            #[cfg(target_os = "linux")]
            Self::Service(error) => error.kind(),
            Self::Config(_) | Self::Subject(_) | Self::SignersOfProfile { .. } => ErrorKind::Usage,
            Self::SigningKey(error) => signing_key_kind(&error.fault),
            Self::Profile { error, .. } => ErrorKind::from(&**error),
            Self::Export(error) => export_kind(error),
            Self::NoKeysThere { .. }
            | Self::NoKeys
            | Self::EmptyPassphrase { .. }
            | Self::Utf16Passphrase { .. } => ErrorKind::NoIdentity,
            Self::Signer(error) => signer_kind(error),
            Self::NotVerified { worst, .. } | Self::SomeNotVerified { worst, .. } => *worst,
            Self::Generate(_) | Self::KeyExists { .. } => ErrorKind::Io,
            Self::OtherKind {
                kind: FileKind::SignedCms | FileKind::OpenPgpSignature,
                ..
            } => ErrorKind::NoIdentity,
            Self::OtherKind { .. } => ErrorKind::Integrity,
            Self::Document { error, .. } => ErrorKind::from(&**error),
            Self::Unread {
                failed,
                total,
                worst,
                ..
            }
            | Self::PartialDocuments {
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

fn not_a_message(kind: FileKind) -> String {
    match kind {
        FileKind::Empty => "the file is empty".into(),
        kind => format!("it is {}, not a sealed message", kind.name()),
    }
}

fn signing_key_kind(fault: &SigningKeyFault) -> ErrorKind {
    match fault {
        SigningKeyFault::Key(KeyFault::Unreadable(_))
        | SigningKeyFault::UnreadCertificate { .. } => ErrorKind::Io,
        SigningKeyFault::Key(_) | SigningKeyFault::Locked(_) => ErrorKind::NoIdentity,
        // It's the wrong key, or the wrong time for it.
        _ => ErrorKind::Usage,
    }
}

fn signer_kind(error: &SignerError) -> ErrorKind {
    match error {
        SignerError::Refused {
            refusal: Refusal::Unreadable(_),
            ..
        }
        | SignerError::Trust {
            fault: TrustFault::Unreadable(_),
            ..
        } => ErrorKind::Io,
        _ => ErrorKind::Usage,
    }
}

fn export_kind(error: &ExportError) -> ErrorKind {
    match error {
        ExportError::Key {
            fault: KeyFault::Unreadable(_),
            ..
        }
        | ExportError::Certificate {
            refusal: Refusal::Unreadable(_),
            ..
        } => ErrorKind::Io,
        ExportError::Certificate { .. } | ExportError::OpenPgpCertificate { .. } => {
            ErrorKind::Recipient
        }
        _ => ErrorKind::NoIdentity,
    }
}

fn unread(failed: usize, total: usize) -> String {
    if failed < total {
        format!("{failed} of {total} members can't be read")
    } else if total == 1 {
        "its only member can't be read".into()
    } else {
        format!("none of its {total} members can be read")
    }
}

fn partial(failed: usize, total: usize) -> String {
    if failed < total {
        format!("{failed} of {total} documents failed, the others are done")
    } else if total == 1 {
        "its only document failed".into()
    } else {
        format!("all {total} documents failed")
    }
}

impl<T: Into<callseal::Error> + OfLibrary> From<T> for Error {
    fn from(error: T) -> Self {
        Self::Library(error.into())
    }
}

/// The library's errors that its own error is made from.
trait OfLibrary {}
impl OfLibrary for callseal::Error {}
impl OfLibrary for KeyError {}
impl OfLibrary for PlanError {}
impl OfLibrary for RecipientError {}
impl OfLibrary for SourceError {}
