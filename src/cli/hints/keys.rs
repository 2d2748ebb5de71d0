//! Hints for private keys that are read, made and exported.

use std::io;
use std::path::Path;

use callseal::files::input;
use callseal::keys::{ExportError, FileKind, KeyFault, Refusal, SubjectError, SubjectFault};

use super::messages::of_unlock;
use super::recipients::of_refusal;
use super::{Hint, REGULAR_FILE, beside, kinds, paths, some};
use crate::cli::ui::shell_word;

/// Returns the hint for a file that yields no private key.
pub fn of_key_file(path: &Path, fault: &KeyFault) -> Hint {
    match fault {
        KeyFault::Unreadable(error) if error.kind() == io::ErrorKind::NotFound => {
            paths::of_missing(path)
        }
        KeyFault::NoPrivateKey(Some(
            FileKind::Certificate | FileKind::OpenPgpCertificate | FileKind::SshPublicKey,
        )) => match beside(path, &["key", "pem", "p12", "pfx"]) {
            Some(key) => some(format!(
                "give the private key that belongs to it; it may be the file next to it: `-k {}`",
                shell_word(&key)
            )),
            None => of_key(fault),
        },
        fault => of_key(fault),
    }
}

fn of_key(fault: &KeyFault) -> Hint {
    some(match fault {
        KeyFault::Unreadable(error) => unreadable(error),
        KeyFault::NoPrivateKey(kind) => kind.and_then(kinds::as_key).unwrap_or(KEYS),
        KeyFault::TooManyRounds => {
            "lock it anew, on a machine where you trust it: `openssl pkcs8 -topk8 -in KEY -out NEW`, or `ssh-keygen -p -a 16 -f KEY`"
        }
        KeyFault::Elsewhere => "`gpg --decrypt FILE` opens messages with a smart card, one by one",
        KeyFault::Incomplete | KeyFault::Damaged(_) => "get the file again from its source",
        KeyFault::Unusable(_) => "use an RSA key, or an EC key on a NIST or brainpool curve",
        _ => KEYS,
    })
}

const KEYS: &str = "give a PEM, DER, OpenPGP or OpenSSH private key, or a PKCS#12 or Java keystore; `callseal inspect FILE` shows what a file is";

pub fn of_export(error: &ExportError) -> Hint {
    some(match error {
        ExportError::Key {
            fault: KeyFault::Unreadable(error),
            ..
        } if error.kind() == io::ErrorKind::IsADirectory => "give one key file",
        ExportError::Key { fault, .. } => return of_key(fault),
        ExportError::Locked { fault, .. } => return of_unlock(fault),
        ExportError::Certificate { refusal, .. } => match refusal {
            Refusal::Unreadable(error) => unreadable(error),
            Refusal::PrivateKey => "use --gpg KEY to write a private key for GnuPG",
            _ => return of_refusal(refusal),
        },
        ExportError::OpenPgpCertificate { .. } => {
            "give it to others as it is; they can import it with `gpg --import`"
        }
        ExportError::OpenPgpKey { .. } => "import it as it is with `gpg --import`",
        ExportError::NotAtHand { .. } => "give its private key with -k",
        _ => return None,
    })
}

pub fn of_subject(error: &SubjectError) -> Hint {
    some(match error.fault {
        SubjectFault::Empty if error.is_of_owner() => "give the name of the key's owner",
        SubjectFault::Empty => "give a text, or leave out the option",
        SubjectFault::TooLong(_) => {
            "shorten it; other software refuses certificates with longer values"
        }
        SubjectFault::ControlCharacter => "write it as one line of plain text",
        SubjectFault::NotACountry => "give a two-letter country code, such as US or DE",
        _ => return None,
    })
}

fn unreadable(error: &io::Error) -> &'static str {
    match error.kind() {
        _ if input::is_not_a_file(error) => REGULAR_FILE,
        io::ErrorKind::NotFound => "check the path",
        io::ErrorKind::PermissionDenied => "check the file's permissions",
        _ => "check the file",
    }
}
