//! What the program's own part of a job can fail at, besides the library.

use std::io;
use std::path::{Path, PathBuf};

use callseal::config::{Config, ConfigError};
use callseal::fields::DocumentError;
use callseal::keys::{
    ExportError, FileKind, GenerateError, KeyError, KeyFault, RecipientError, Refusal, SignerError,
    SigningKeyError, SigningKeyFault, SubjectError, TrustFault,
};
use callseal::message::PlanError;
use callseal::sources::SourceError;
use callseal::{ErrorKind, Found};

use super::hints::Task;
use super::ui::{bytes, count};

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
    /// An error of one archive among several.
    #[error("{}", in_archive(.archive, .error))]
    OfArchive { archive: PathBuf, error: Box<Self> },
    /// The config can't be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The recipients of a profile can't be used.
    #[error("{}: profile {profile}: {error}", .config.display())]
    Profile {
        config: PathBuf,
        profile: String,
        error: Box<RecipientError>,
    },
    /// The signers of a profile can't be used.
    #[error("{}: profile {profile}: {error}", .config.display())]
    SignersOfProfile {
        config: PathBuf,
        profile: String,
        error: Box<SignerError>,
    },
    /// No signature of a profile's signer can hold.
    #[error("{}: profile {profile}: {}: {fault}, so its signatures don't hold", .config.display(), .path.display())]
    UselessSigner {
        config: PathBuf,
        profile: String,
        path: PathBuf,
        fault: Box<SigningKeyFault>,
    },
    /// A profile has one certificate as a signer and as a recipient.
    #[error("{}: profile {profile}: {}: it is a recipient as well, and a key that opens must not sign", .config.display(), .path.display())]
    SignerIsRecipient {
        config: PathBuf,
        profile: String,
        path: PathBuf,
    },
    /// A key that is to sign can't be used.
    #[error(transparent)]
    SigningKey(#[from] SigningKeyError),
    /// A key that the config names can't sign.
    #[error("{}: sign: {error}", .config.display())]
    SigningKeyOfConfig {
        config: PathBuf,
        error: Box<SigningKeyError>,
    },
    /// The given places hold no usable key. `place` is the first of them.
    #[error("{}: it holds no private key that can be used", .place.display())]
    NoKeysThere { place: PathBuf },
    /// Nothing can be served on this port.
    #[error("port {port} of 127.0.0.1: {}", callseal::files::cause(.error))]
    Port { port: u16, error: io::Error },
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
    /// An archive doesn't open, and nothing is wrong with it.
    #[error("{}: not opened", .archive.display())]
    NotOpened { archive: PathBuf },
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
    /// A member was not searched as far as it should, or not all of what was found is
    /// shown.
    #[error("{member}: {fault}")]
    Search { member: String, fault: SearchFault },
}

/// What a search leaves out, since it takes a bounded amount of memory.
#[derive(Debug, thiserror::Error)]
pub enum SearchFault {
    /// Lines after those that are shown.
    #[error("{} more to show: only as many are shown as fit into memory", count(*.more, "line"))]
    NotShown { more: u64 },
    /// The end of a long line. Lines are counted from 1.
    #[error("line {line} is longer than {}: only the beginning of such a line was searched", bytes(Found::LONGEST_LINE as u64))]
    LongLine { line: u64 },
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

    /// An error of this archive, among several.
    pub fn of_archive(archive: &Path, error: Self) -> Self {
        Self::OfArchive {
            archive: archive.to_owned(),
            error: Box::new(error),
        }
    }

    /// An error of the signers of a profile.
    pub fn of_signers(config: &Config, profile: &str, error: SignerError) -> Self {
        Self::SignersOfProfile {
            config: config.source.clone(),
            profile: profile.to_owned(),
            error: Box::new(error),
        }
    }

    /// The archive, if there are several.
    pub fn archive(&self) -> Option<&Path> {
        match self {
            Self::OfArchive { archive, .. }
            | Self::NotVerified { archive, .. }
            | Self::NotOpened { archive } => Some(archive),
            _ => None,
        }
    }

    /// The library's error, if it is one.
    pub fn of_library(&self) -> Option<&callseal::Error> {
        match self {
            Self::Library(error) => Some(error),
            Self::During { error, .. } => Some(error),
            Self::OfArchive { error, .. } => error.of_library(),
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
            Self::OfArchive { error, .. } => error.kind(),
            Self::NotOpened { .. } => ErrorKind::NoIdentity,
            Self::SigningKeyOfConfig { error, .. } => match signing_key_kind(&error.fault) {
                // The config names it, as it names signers.
                ErrorKind::Io => ErrorKind::Usage,
                kind => kind,
            },
            Self::Config(_)
            | Self::Subject(_)
            | Self::SignersOfProfile { .. }
            | Self::UselessSigner { .. }
            | Self::SignerIsRecipient { .. } => ErrorKind::Usage,
            Self::SigningKey(error) => signing_key_kind(&error.fault),
            Self::Profile { error, .. } => ErrorKind::from(&**error),
            Self::Export(error) => export_kind(error),
            Self::NoKeysThere { .. }
            | Self::NoKeys
            | Self::EmptyPassphrase { .. }
            | Self::Utf16Passphrase { .. } => ErrorKind::NoIdentity,
            Self::Signer(error) => signer_kind(error),
            Self::NotVerified { worst, .. } | Self::SomeNotVerified { worst, .. } => *worst,
            Self::Generate(_)
            | Self::KeyExists { .. }
            | Self::Search { .. }
            | Self::Port { .. } => ErrorKind::Io,
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

/// Returns an error that names the archive, unless it does so itself.
fn in_archive(archive: &Path, error: &Error) -> String {
    use callseal::Error;
    let names_it = match error.of_library() {
        Some(Error::Member { .. } | Error::Grant { .. }) => false,
        Some(Error::Open { path, .. } | Error::Io { path, .. }) => path == archive,
        _ => true,
    };
    match names_it {
        true => error.to_string(),
        false => format!("{}: {error}", archive.display()),
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
        // Another file was meant.
        SigningKeyFault::Key(KeyFault::NoPrivateKey(_)) => ErrorKind::Usage,
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
