//! Recognising a file, and inspecting its content.

use std::io::Read;
use std::path::Path;
use std::time::SystemTime;

use callseal::ArchiveFile;
use callseal::archive::looks_like_zip;
use callseal::config::Config;
use callseal::files::input;
use callseal::keys::{FileKind, Identity, KeyFault, Recipient, Refusal, Requirements};
use callseal::message::{Envelope, MessageFault, OpenError};

use super::error::Error;

/// The kind of a file, and its content.
#[derive(Debug)]
#[non_exhaustive]
pub enum Inspection {
    /// A ZIP archive.
    Archive(Box<ArchiveFile>),
    /// An encrypted message.
    Message(Envelope),
    /// A certificate or public key.
    Certificate {
        /// The keys that would be sealed to; if it is refused, all that might
        /// have been.
        recipients: Vec<Recipient>,
        /// Why it can't be sealed to now, if it can't.
        refusal: Option<Refusal>,
    },
    /// One or more private keys.
    Keys(Vec<Identity>),
    /// A private key that can't be used.
    UnusableKey(KeyFault),
    /// A PEM block without an end.
    Incomplete(Refusal),
    /// A config.
    Config(Config),
    /// Something else: the kind, if it is known.
    Other(Option<FileKind>),
}

/// Recognises a file by its content; a config by its ending, `.toml` or
/// `.conf`. Certificates are judged as of the time `at`.
///
/// # Errors
///
/// The file can't be read, or is broken in a way that still shows its kind.
pub fn inspect(path: &Path, at: SystemTime) -> Result<Inspection, Error> {
    let is_config = path.extension().is_some_and(|ending| {
        ending.eq_ignore_ascii_case("toml") || ending.eq_ignore_ascii_case("conf")
    });
    if is_config {
        return Ok(Inspection::Config(Config::load(path)?));
    }
    let read_error = |error| Error::reading(path, error);
    let mut file = input::open(path).map_err(read_error)?;
    let mut start = Vec::new();
    file.by_ref()
        .take(4)
        .read_to_end(&mut start)
        .map_err(read_error)?;
    if looks_like_zip(&start) {
        return Ok(Inspection::Archive(Box::new(ArchiveFile::open(path)?)));
    }
    match Identity::load(path) {
        Ok(identities) => return Ok(Inspection::Keys(identities)),
        Err(
            fault @ (KeyFault::Unusable(_)
            | KeyFault::Incomplete
            | KeyFault::Elsewhere
            | KeyFault::Damaged(_)
            | KeyFault::TooManyRounds),
        ) => {
            return Ok(Inspection::UnusableKey(fault));
        }
        Err(_) => {}
    }
    if let Ok(known) = Recipient::load_any_age(path) {
        let (recipients, refusal) = match Recipient::load(path, &Requirements::listed(at)) {
            Ok(recipients) => (recipients, None),
            Err(refusal) => (known, Some(refusal)),
        };
        return Ok(Inspection::Certificate {
            recipients,
            refusal,
        });
    }
    let file = input::open(path).map_err(read_error)?;
    match Envelope::read(file) {
        Ok(envelope) => Ok(Inspection::Message(envelope)),
        Err(OpenError::Fault(MessageFault::NotAMessage | MessageFault::NotEncrypted)) => {
            not_a_message(path, at)
        }
        Err(error) => Err(callseal::Error::Open {
            path: path.to_owned(),
            error,
        }
        .into()),
    }
}

/// A certificate that is refused whatever its age (its key too weak, say) is
/// still one.
fn not_a_message(path: &Path, at: SystemTime) -> Result<Inspection, Error> {
    Ok(match Recipient::load(path, &Requirements::listed(at)) {
        Err(Refusal::NotACertificate(kind)) => Inspection::Other(kind),
        Err(Refusal::Malformed(_)) | Ok(_) => Inspection::Other(None),
        Err(refusal @ Refusal::Incomplete) => Inspection::Incomplete(refusal),
        Err(refusal) => Inspection::Certificate {
            recipients: Vec::new(),
            refusal: Some(refusal),
        },
    })
}
