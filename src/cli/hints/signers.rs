//! Hints for keys that sign, and for signers.

use std::io;
use std::path::Path;

use callseal::keys::{
    FileKind, KeyFault, Refusal, SignatureFault, SignerError, SigningKeyError, SigningKeyFault,
    TrustFault,
};
use callseal::message::{MessageFault, PlanError};

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
            "name the file of the certificate as well: an OpenPGP signature doesn't hold it; an X.509 certificate is named by its SHA-256, 64 digits"
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
        SigningKeyFault::Key(KeyFault::Unreadable(error))
            if error.kind() == io::ErrorKind::IsADirectory =>
        {
            "name the file of one private key"
        }
        SigningKeyFault::Key(KeyFault::NoPrivateKey(Some(FileKind::Empty))) => {
            "name the private key that signs; `callseal keygen --sign` makes one"
        }
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
        SigningKeyFault::UnreadCertificate { .. } => "check the file's permissions",
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
        SigningKeyFault::NoSigningKey { .. }
        | SigningKeyFault::Policy { .. }
        | SigningKeyFault::Chain { .. } => {
            "sign with another key; `callseal keygen --sign` makes one"
        }
        _ => return None,
    })
}

/// Returns the remedy for a signer in the config whose signatures can't hold.
pub fn of_useless_signer(fault: &SigningKeyFault) -> Hint {
    some(match fault {
        SigningKeyFault::Expired { .. } => {
            "list the signer's present certificate; `signing-time = \"trusted\"` accepts what was signed before the end"
        }
        SigningKeyFault::NotYetValid { .. } => "check this machine's clock",
        SigningKeyFault::Revoked { .. } => {
            "leave it out, and list the certificate that replaces it"
        }
        SigningKeyFault::Chain { .. } => {
            "check `ca-file` in the config, or list a certificate that its CA has issued"
        }
        _ => "list a certificate that is made for signatures; `callseal keygen --sign` makes one",
    })
}

/// Returns the hint for a message that isn't signed as it should be.
pub fn of_signatures(fault: &MessageFault) -> Hint {
    some(match fault {
        MessageFault::NotSigned { by, .. } if by.is_empty() => {
            "ask its sender to sign it; without --signer it opens, and nothing shows who made it"
        }
        MessageFault::NotSigned { .. } => {
            "if you trust who has signed it, give their OpenPGP certificate with --signer; compare its fingerprint with one that you got another way"
        }
        MessageFault::Forwarded { .. } => {
            "ask the signer whether it is meant for you; without --signer it opens"
        }
        MessageFault::Signatures(_) => "don't trust it: get it again from its sender",
        MessageFault::CarriesNoSignatures => {
            "leave out --signer; nothing in a CMS message shows who made it"
        }
        MessageFault::Signature { fault, .. } => return of_signature(fault),
        _ => return None,
    })
}

fn of_signature(fault: &SignatureFault) -> Hint {
    some(match fault {
        SignatureFault::Expired { .. } => {
            "get the signer's present certificate: its end may have been put off; else ask them to seal it anew"
        }
        SignatureFault::Revoked { .. } => {
            "don't trust it: somebody else may have the signer's key; ask them to seal it anew"
        }
        SignatureFault::NotYetValid { .. } | SignatureFault::InTheFuture(_) => {
            "check the clocks, of this machine and of the signer's"
        }
        SignatureFault::WeakHash(_) => {
            "ask the signer to seal it anew; with GnuPG, `--digest-algo SHA256` signs well"
        }
        SignatureFault::NoCertificate => "give the signer's certificate as a file: `--signer FILE`",
        SignatureFault::Kind(_) => {
            "ask the signer to sign it as a file: with GnuPG, `gpg --sign --encrypt` without --textmode"
        }
        _ => "don't trust it: get it again from its sender",
    })
}

/// Returns the hint for messages that can't be signed as asked.
pub fn of_plan(error: &PlanError) -> Hint {
    some(match error {
        PlanError::Signed(_) => "leave out --sign, or give `--format auto`",
        PlanError::SignedForHidden => "leave out --sign or --hidden-recipients",
        PlanError::SignerOfOtherKind { .. } => {
            "give an OpenPGP key, or sign an archive: `callseal pack --sign` takes X.509 keys"
        }
        PlanError::SignerOfOtherVersion { .. } => {
            "sign with a key of version 4, such as one of GnuPG; or give `--format rfc9580` if all recipients read it"
        }
        PlanError::SignerIsRecipient { .. } => {
            "sign with a key that opens nothing, or leave this recipient out"
        }
        _ => return None,
    })
}
