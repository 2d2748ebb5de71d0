//! Files that probably shouldn't be sealed: certificates and keys without their
//! option, and messages.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use callseal::archive::without_ending;
use callseal::keys::{FileKind, Refusal};
use callseal::output::is_temporary;
use callseal::sources::Source;
use serde::Serialize;

use super::facts::PathFact;
use super::ui::{SHOWN, Ui, shell_word};
use crate::cli::file_kind::{Inspection, inspect};

/// The file name endings of certificates, certificate requests and keys.
const ENDINGS: [&str; 14] = [
    "crt", "cer", "cert", "pem", "der", "pub", "asc", "pgp", "gpg", "csr", "key", "sec", "p8",
    "p7b",
];

/// The file name endings of keystores, which hold private keys.
const KEYSTORES: [&str; 5] = ["p12", "pfx", "jks", "keystore", "ppk"];

/// The size in bytes up to which files named on the command line are read,
/// whatever their names: certificates and keys are small.
const SMALL: u64 = 32 * 1024;

/// A file that probably shouldn't be sealed.
pub struct Suspect {
    path: PathBuf,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A certificate that can be sealed to.
    Certificate,
    /// A certificate that can't be sealed to now, or a request for one.
    OtherCertificate,
    PrivateKey,
    /// A keystore, judged by its name.
    Keystore,
    Message,
    /// A temporary file of a run that was killed.
    Leftover,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Certificate | Self::OtherCertificate => "certificate",
            Self::PrivateKey => "private key",
            Self::Keystore => "keystore",
            Self::Message => "message",
            Self::Leftover => "temporary file",
        }
    }

    fn holds_key(self) -> bool {
        matches!(self, Self::PrivateKey | Self::Keystore)
    }
}

/// Finds suspects among the files to seal. `named` are the paths on the command
/// line. Other files are read only if they are named like certificates, keys or
/// messages.
pub fn find(sources: &[Source], named: &[PathBuf]) -> Vec<Suspect> {
    let named: HashSet<PathBuf> = named
        .iter()
        .map(|path| path.components().collect())
        .collect();
    let mut suspects = Vec::new();
    for source in sources {
        let is_worth_a_look =
            is_called_so(source.path()) || source.size() <= SMALL && named.contains(source.path());
        if is_worth_a_look && let Some(kind) = kind(source.path()) {
            suspects.push(Suspect {
                path: source.path().to_owned(),
                kind,
            });
        }
    }
    suspects
}

/// Returns what a file is if it holds a private key, and is named like one.
#[cfg(target_os = "linux")]
pub fn key_at(path: &Path) -> Option<&'static str> {
    let kind = is_called_so(path).then(|| kind(path)).flatten();
    kind.filter(|kind| kind.holds_key()).map(Kind::name)
}

fn is_called_so(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    without_ending(&name).is_some()
        || has_ending(path, &ENDINGS)
        || has_ending(path, &KEYSTORES)
        || is_temporary(path)
}

fn has_ending(path: &Path, endings: &[&str]) -> bool {
    let ending = path.extension().unwrap_or_default();
    endings
        .iter()
        .any(|known| ending.eq_ignore_ascii_case(known))
}

fn kind(path: &Path) -> Option<Kind> {
    if is_temporary(path) {
        return Some(Kind::Leftover);
    }
    match inspect(path, SystemTime::now()) {
        Ok(Inspection::Certificate { refusal, .. }) => Some(match refusal {
            None => Kind::Certificate,
            Some(Refusal::PrivateKey) => Kind::PrivateKey,
            Some(_) => Kind::OtherCertificate,
        }),
        Ok(Inspection::Other(Some(
            FileKind::SigningRequest | FileKind::Revocation | FileKind::DisabledRevocation,
        ))) => Some(Kind::OtherCertificate),
        Ok(Inspection::Keys(_) | Inspection::Other(Some(FileKind::PuttyKey | FileKind::Jceks))) => {
            Some(Kind::PrivateKey)
        }
        Ok(Inspection::Message(_)) => Some(Kind::Message),
        _ if has_ending(path, &KEYSTORES) => Some(Kind::Keystore),
        _ => None,
    }
}

/// Warns of the suspects.
pub fn warn(suspects: &[Suspect], ui: &Ui) {
    let (sealed, others): (Vec<_>, Vec<_>) = suspects
        .iter()
        .partition(|suspect| suspect.kind == Kind::Message);
    let mut others = others;
    // The worst to lose first.
    others.sort_by_key(|suspect| !suspect.holds_key());
    let most = if ui.is_verbose() { usize::MAX } else { SHOWN };
    for suspect in others.iter().take(most) {
        let path = suspect.path.display().to_string();
        let word = shell_word(&path);
        ui.warning(&match suspect.kind {
            Kind::PrivateKey => format!(
                "{path}: a private key, sealed as a file for all recipients; leave it out if that isn't intended"
            ),
            Kind::Keystore => format!(
                "{path}: a keystore by its name, sealed as a file for all recipients; leave it out if that isn't intended"
            ),
            Kind::Leftover => format!(
                "{path}: left by a callseal run that was killed, sealed like any other file"
            ),
            Kind::Certificate => format!(
                "{path}: a certificate, sealed as a file; to make it a recipient, write `-r {word}`"
            ),
            Kind::OtherCertificate | Kind::Message => {
                format!("{path}: a certificate or a request for one, sealed as a file")
            }
        });
    }
    warn_of_more(others.len(), "certificates, keys and the like", ui);
    for suspect in sealed.iter().take(most) {
        let path = suspect.path.display();
        ui.warning(&format!("{path}: already sealed, and now sealed again"));
    }
    warn_of_more(sealed.len(), "already sealed", ui);
}

fn warn_of_more(all: usize, what: &str, ui: &Ui) {
    let more = all.saturating_sub(SHOWN);
    if more > 0 && !ui.is_verbose() {
        ui.warning(&format!(
            "{more} more files: {what}; -v or --json lists them all"
        ));
    }
}

/// The facts of a suspect.
#[derive(Serialize)]
pub struct SuspectFacts<'a> {
    path: PathFact<'a>,
    kind: &'static str,
}

impl Suspect {
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns whether it is or may hold a private key.
    pub fn holds_key(&self) -> bool {
        self.kind.holds_key()
    }

    pub fn facts(&self) -> SuspectFacts<'_> {
        SuspectFacts {
            path: PathFact(&self.path),
            kind: self.kind.name(),
        }
    }
}
