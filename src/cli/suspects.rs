//! Files that are probably not meant to be sealed: certificates and keys that
//! lack their option, and messages.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use callseal::archive::without_ending;
use callseal::sources::Source;
use callseal::{Inspection, inspect};
use serde_json::{Value, json};

use crate::failure::SHOWN;
use crate::ui::{Ui, count, shell_word};

/// What certificates and keys are called.
const ENDINGS: [&str; 11] = [
    "crt", "cer", "pem", "der", "pub", "asc", "pgp", "gpg", "key", "sec", "p8",
];

/// A file that is named on the command line is looked into whatever it is
/// called, up to this size in bytes: certificates and keys are small.
const SMALL: u64 = 32 * 1024;

/// A file that is probably not meant to be sealed.
pub struct Suspect {
    path: PathBuf,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Certificate,
    PrivateKey,
    Message,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Certificate => "certificate",
            Self::PrivateKey => "private key",
            Self::Message => "message",
        }
    }
}

/// Finds them among files that are to be sealed, of which `named` stand on the
/// command line themselves. The others are looked into only if they are called
/// like certificates, keys or messages.
pub fn find(sources: &[Source], named: &[PathBuf]) -> Vec<Suspect> {
    let named: Vec<PathBuf> = named
        .iter()
        .map(|path| path.components().collect())
        .collect();
    let mut suspects = Vec::new();
    for source in sources {
        let is_worth_a_look =
            is_called_so(&source.path) || source.size <= SMALL && named.contains(&source.path);
        if is_worth_a_look && let Some(kind) = kind(&source.path) {
            suspects.push(Suspect {
                path: source.path.clone(),
                kind,
            });
        }
    }
    suspects
}

fn is_called_so(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let ending = path.extension().unwrap_or_default();
    without_ending(&name).is_some()
        || ENDINGS
            .iter()
            .any(|known| ending.eq_ignore_ascii_case(known))
}

fn kind(path: &Path) -> Option<Kind> {
    match inspect(path, SystemTime::now()).ok()? {
        Inspection::Certificate { .. } => Some(Kind::Certificate),
        Inspection::Keys(_) => Some(Kind::PrivateKey),
        Inspection::Message(_) => Some(Kind::Message),
        _ => None,
    }
}

/// Warns of them.
pub fn warn(suspects: &[Suspect], ui: &Ui) {
    let (sealed, others): (Vec<_>, Vec<_>) = suspects
        .iter()
        .partition(|suspect| suspect.kind == Kind::Message);
    for suspect in others.iter().take(SHOWN) {
        let path = suspect.path.display().to_string();
        let word = shell_word(&path);
        ui.warning(&match suspect.kind {
            Kind::PrivateKey => format!(
                "{path}: a private key, sealed as a file for all recipients; if that is not meant, leave it out"
            ),
            _ => format!(
                "{path}: a certificate, sealed as a file; to make it a recipient, write `-r {word}`"
            ),
        });
    }
    warn_of_more(others.len(), "certificates or keys", ui);
    for suspect in sealed.iter().take(SHOWN) {
        let path = suspect.path.display();
        ui.warning(&format!("{path}: sealed already, and now sealed once more"));
    }
    warn_of_more(sealed.len(), "sealed already", ui);
}

fn warn_of_more(all: usize, what: &str, ui: &Ui) {
    let more = all.saturating_sub(SHOWN) as u64;
    if more > 0 {
        ui.warning(&format!("{} more: {what}", count(more, "file")));
    }
}

/// The same for programs.
pub fn to_json(suspects: &[Suspect]) -> Value {
    suspects
        .iter()
        .map(|suspect| json!({ "path": suspect.path.to_string_lossy(), "kind": suspect.kind.name() }))
        .collect()
}
