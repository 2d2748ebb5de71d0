//! Hints for signatures, and for the keys and certificates of signers.

use std::io;
use std::path::Path;

use callseal::EvidenceFault;
use callseal::keys::{
    FileKind, KeyFault, Refusal, SignerError, SigningKeyError, SigningKeyFault, TrustFault,
};

use super::keys::of_key_file;
use super::messages::of_unlock;
use super::recipients::of_refusal;
use super::{Hint, beside, paths, some};
use crate::cli::ui::shell_word;

/// For an archive that isn't what was signed.
pub const ASK_SIGNER: &str =
    "don't trust it, and keep it as it is; get the archive again from whoever signed it";

/// For a key that opens what it signs.
pub const OWN_KEY: &str = "sign with a key that opens nothing: `callseal keygen --sign` makes one";

pub fn of_signing_key(error: &SigningKeyError) -> Hint {
    some(match &error.fault {
        SigningKeyFault::Key(KeyFault::NoPrivateKey(Some(
            FileKind::Certificate | FileKind::OpenPgpCertificate,
        ))) => match beside(&error.path, &["key", "pem", "p12", "pfx"]) {
            Some(key) => {
                return some(format!(
                    "name the private key that belongs to it; it may be the file next to it: {}",
                    shell_word(&key)
                ));
            }
            None => "name the private key that belongs to it",
        },
        SigningKeyFault::Key(fault) => return of_key_file(&error.path, fault),
        SigningKeyFault::Locked(fault) => return of_unlock(fault),
        SigningKeyFault::NoCertificate | SigningKeyFault::OtherCertificate { .. } => {
            "put its certificate next to the key, as NAME.crt next to NAME.key, or into the same file"
        }
        SigningKeyFault::SeveralKeys(_) => "give a file with the one key that is to sign",
        SigningKeyFault::Expired { .. } | SigningKeyFault::Revoked { .. } => {
            "sign with a key whose certificate is valid; `callseal keygen --sign` makes a new pair"
        }
        SigningKeyFault::NotYetValid { .. } => "check the clock of this machine",
        SigningKeyFault::Usage { .. } | SigningKeyFault::NoSigningKey { .. } => {
            "sign with a key whose certificate is for signatures; `callseal keygen --sign` makes one"
        }
        _ => {
            "`callseal inspect FILE` shows what it is; `callseal keygen --sign` makes a key that signs"
        }
    })
}

pub fn of_signer(error: &SignerError) -> Hint {
    some(match error {
        SignerError::NoneGiven => "name a signer with --signer CERT",
        SignerError::Refused { path, refusal } => return of_certificate(path, refusal),
        SignerError::BareKey { .. } => "name the signer's certificate instead",
        SignerError::NoCertificate { .. } => {
            "name the file of the certificate as well: an OpenPGP signature doesn't hold it"
        }
        SignerError::SubjectWithoutCa { .. } => {
            "set trust = \"ca\" and a ca-file in the profile, or name the signer's certificate"
        }
        SignerError::Subject { .. } => "write it as `callseal inspect CERT` shows the subject",
        SignerError::Trust {
            path,
            fault: TrustFault::Unreadable(error),
        } if error.kind() == io::ErrorKind::NotFound => return paths::of_missing(path),
        SignerError::Trust { .. } => "check `ca-file` and `crl-file` in the config",
        _ => return None,
    })
}

/// Returns the remedy for a file that yields no signer's certificate.
fn of_certificate(path: &Path, refusal: &Refusal) -> Hint {
    some(match refusal {
        Refusal::Unreadable(error) if error.kind() == io::ErrorKind::NotFound => {
            return paths::of_missing(path);
        }
        Refusal::Unreadable(error) if error.kind() == io::ErrorKind::IsADirectory => {
            "name the file of one certificate"
        }
        Refusal::PrivateKey => match beside(path, &["crt", "cer", "pem", "asc"]) {
            Some(certificate) => {
                return some(format!(
                    "name its certificate instead: {}",
                    shell_word(&certificate)
                ));
            }
            None => "name its certificate instead; the private key stays with the signer",
        },
        Refusal::NotACertificate(_) => {
            "name an X.509 or OpenPGP certificate; `callseal inspect FILE` shows what a file is"
        }
        refusal => return of_refusal(refusal),
    })
}

pub fn of_evidence(fault: &EvidenceFault) -> Hint {
    some(match fault {
        EvidenceFault::NotSigned => {
            "ask its sender for the signed archive; without --signer and --signers-of, it is taken as it is"
        }
        EvidenceFault::OtherSigners(_) => {
            "name the certificate of whoever should have signed it with --signer; a signature by anybody else proves nothing"
        }
        EvidenceFault::WouldBeLost => {
            "name who signed it with --signer CERT, and the signature is checked and kept; or leave it out with --drop-signatures"
        }
        EvidenceFault::SignerOpens { .. } => {
            "ask the signer to sign with another key than the one that opens; `callseal keygen --sign` makes one"
        }
        _ => ASK_SIGNER,
    })
}
