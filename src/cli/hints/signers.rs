//! Hints for keys that sign, and for signers.

use std::io;
use std::path::Path;

use callseal::keys::{
    FileKind, KeyFault, Refusal, SignerError, SigningKeyError, SigningKeyFault, TrustFault,
};

use super::messages::of_unlock;
use super::recipients::of_refusal;
use super::{Hint, beside, keys, paths, some};
use crate::cli::ui::shell_word;

/// Returns the remedy if signers can't be loaded.
pub fn of_signers(error: &SignerError) -> Hint {
    some(match error {
        SignerError::NoneGiven => "list at least one certificate under signers in the config",
        SignerError::Refused { path, refusal } => return of_certificate(path, refusal),
        SignerError::BareKey { .. } => "name the signer's certificate instead",
        SignerError::NoCertificate { .. } => {
            "name the file of the certificate as well: an OpenPGP signature doesn't hold it"
        }
        SignerError::SubjectWithoutCa { .. } => {
            "only a CA can vouch for a subject: name the signer's certificate or its fingerprint instead"
        }
        SignerError::Subject { .. } => {
            "write it as \"CN=NAME, O=ORGANISATION\", or the common name alone"
        }
        SignerError::Trust {
            path,
            fault: TrustFault::Unreadable(error),
        } if error.kind() == io::ErrorKind::NotFound => return paths::of_missing(path),
        SignerError::Trust { .. } => "check `ca-file` and `crl-file` in the config",
        _ => return None,
    })
}

fn of_certificate(path: &Path, refusal: &Refusal) -> Hint {
    some(match refusal {
        Refusal::Unreadable(error) => match error.kind() {
            io::ErrorKind::NotFound => return paths::of_missing(path),
            io::ErrorKind::IsADirectory => "name the file of one certificate",
            _ => return of_refusal(refusal),
        },
        Refusal::PrivateKey => match beside(path, &["crt", "cer", "pem", "pub", "asc"]) {
            Some(certificate) => {
                return some(format!(
                    "name its certificate instead: {}",
                    shell_word(&certificate)
                ));
            }
            None => "name its certificate instead; the private key stays with the signer",
        },
        Refusal::NotACertificate(_) => {
            "give the signer's X.509 or OpenPGP certificate; `callseal inspect FILE` shows what a file is"
        }
        refusal => return of_refusal(refusal),
    })
}

/// Returns the remedy if a key can't sign.
pub fn of_signing_key(error: &SigningKeyError) -> Hint {
    let path = &error.path;
    some(match &error.fault {
        SigningKeyFault::Key(KeyFault::NoPrivateKey(Some(
            FileKind::Certificate | FileKind::OpenPgpCertificate,
        ))) => match beside(path, &["key", "pem", "p12", "pfx"]) {
            Some(key) => {
                return some(format!(
                    "name the private key that belongs to it; it may be the file next to it: {}",
                    shell_word(&key)
                ));
            }
            None => "name the private key that belongs to it",
        },
        SigningKeyFault::Key(fault) => return keys::of_key_file(path, fault),
        SigningKeyFault::Locked(fault) => return of_unlock(fault),
        SigningKeyFault::SeveralKeys(_) => "put each of them into a file of its own",
        SigningKeyFault::NoCertificate => {
            let certificate = path.with_extension("crt").display().to_string();
            return some(format!(
                "put its certificate next to it, as {}; `callseal keygen --sign` makes both",
                shell_word(&certificate)
            ));
        }
        SigningKeyFault::OtherCertificate { .. } => {
            "put the certificate of this key next to it, under the same name"
        }
        SigningKeyFault::Malformed(_) => "get the certificate again from its source",
        SigningKeyFault::NotYetValid { .. } => "check this machine's clock",
        SigningKeyFault::Expired { .. } | SigningKeyFault::Revoked { .. } => {
            "sign with a key whose certificate is valid now; `callseal keygen --sign` makes one"
        }
        SigningKeyFault::Usage { .. } | SigningKeyFault::Unfit { .. } => {
            "sign with a key that is made for it; `callseal keygen --sign` makes one"
        }
        SigningKeyFault::NoSigningKey { .. } | SigningKeyFault::Policy { .. } => {
            "sign with another key; `callseal keygen --sign` makes one"
        }
        _ => return None,
    })
}
