//! For private keys: read, made and exported.

use std::io;

use callseal::files::input;
use callseal::keys::{ExportError, KeyFault, Refusal, SubjectFault};

use super::messages::of_unlock;
use super::recipients::of_refusal;
use super::{Hint, REGULAR_FILE, some};

pub fn of_key(fault: &KeyFault) -> Hint {
    some(match fault {
        KeyFault::Unreadable(error) => unreadable(error),
        _ => "give a PEM, DER or OpenPGP private key; `callseal inspect FILE` says what a file is",
    })
}

pub fn of_export(error: &ExportError) -> Hint {
    some(match error {
        ExportError::Key { fault, .. } => return of_key(fault),
        ExportError::Locked { fault, .. } => return of_unlock(fault),
        ExportError::Certificate { refusal, .. } => match refusal {
            Refusal::Unreadable(error) => unreadable(error),
            Refusal::PrivateKey => "write a private key for GnuPG with --gpg KEY",
            _ => return of_refusal(refusal),
        },
        ExportError::OpenPgpCertificate { .. } => {
            "give it to others as it is; `gpg --import` takes it"
        }
        ExportError::OpenPgpKey { .. } => "`gpg --import` takes it as it is",
        ExportError::NotAtHand { .. } => "give its private key with -k",
        _ => return None,
    })
}

pub fn of_subject(fault: SubjectFault) -> Hint {
    some(match fault {
        SubjectFault::Empty => "give it a text, or leave the option out",
        SubjectFault::TooLong(_) => "shorten it; software refuses certificates with longer ones",
        SubjectFault::ControlCharacter => "give it in one line of plain text",
        SubjectFault::NotACountry => "give the code of the country, such as US or DE",
        _ => return None,
    })
}

fn unreadable(error: &io::Error) -> &'static str {
    match input::is_not_a_file(error) {
        true => REGULAR_FILE,
        false => "check the path and the file's permissions",
    }
}
