//! Hints for certificates that are refused.

use std::io;
use std::path::Path;
use std::time::SystemTime;

use callseal::files::input;
use callseal::keys::{ChainFault, RecipientError, Refusal, UnusableKey};

use super::{Hint, REGULAR_FILE, beside, kinds, paths, some};
use crate::cli::ui::shell_word;

const CERTIFICATES: &str = "give an X.509 certificate, a public key or an OpenPGP certificate; `callseal inspect FILE` shows what a file is";

const CERTIFICATE_ENDINGS: [&str; 5] = ["crt", "cer", "pem", "pub", "asc"];

pub fn of_recipients(error: &RecipientError) -> Hint {
    some(match error {
        RecipientError::NoneGiven => "give `-r CERTIFICATE` or `-p PROFILE`",
        RecipientError::Refused { path, refusal } if certificate_of(path, refusal).is_some() => {
            let certificate = certificate_of(path, refusal).unwrap_or_default();
            return some(format!(
                "its certificate lies next to it: `-r {}`",
                shell_word(&certificate)
            ));
        }
        RecipientError::Refused { path, .. } if is_address(path) => {
            "-r takes a file: `gpg --armor --export USER-ID > FILE` writes a certificate"
        }
        RecipientError::Refused {
            path,
            refusal: Refusal::Unreadable(error),
        } if error.kind() == io::ErrorKind::NotFound => return paths::of_missing(path),
        RecipientError::Refused { refusal, .. } => return of_refusal(refusal),
        RecipientError::NoneValid { .. } => {
            "ask for a certificate that is valid then, and add it to the others"
        }
        RecipientError::NoCertificates { .. } => {
            "put its certificates there; in a directory, only files that end in crt, cer, pem, der, pub, asc, pgp or gpg are read"
        }
        RecipientError::Search { .. } => {
            "check the path and its permissions; everything named like a certificate must be a file, and no link may be broken"
        }
        RecipientError::Pattern { .. } => {
            "`*` and `?` stay within a directory, `**` crosses directories"
        }
        RecipientError::Trust { .. } => "check `ca-file` and `crl-file` in the config",
        _ => return None,
    })
}

/// Returns the remedy for recipients that a config lists.
pub fn of_profile(error: &RecipientError) -> Hint {
    match error {
        RecipientError::Refused { path, refusal } => certificate_of(path, refusal)
            .map(|certificate| {
                format!("its certificate lies next to it: list {certificate} instead").into()
            })
            .or_else(|| of_recipients(error)),
        error => of_recipients(error),
    }
}

/// Returns the certificate that lies next to a private key, if one is refused.
fn certificate_of(path: &Path, refusal: &Refusal) -> Option<String> {
    match refusal {
        Refusal::PrivateKey => beside(path, &CERTIFICATE_ENDINGS),
        _ => None,
    }
}

pub fn of_refusal(refusal: &Refusal) -> Hint {
    some(match refusal {
        Refusal::Unreadable(error) => match error.kind() {
            io::ErrorKind::NotFound => "check the path of the certificate",
            io::ErrorKind::IsADirectory => {
                "name a file; a directory can be the `certificates` of a party in the config"
            }
            _ if input::is_not_a_file(error) => REGULAR_FILE,
            io::ErrorKind::PermissionDenied => "check the file's permissions",
            _ => "check the file",
        },
        Refusal::PrivateKey => {
            "use its certificate instead; `openssl pkey -in KEY -pubout -out public.pem` makes a public key from a PEM key, and `gpg --armor --export USER-ID` writes an OpenPGP certificate"
        }
        Refusal::Incomplete => "get the file again from its source",
        Refusal::NotACertificate(kind) => {
            kind.and_then(kinds::as_certificate).unwrap_or(CERTIFICATES)
        }
        Refusal::Malformed(_) => "it may be damaged: get it again from its owner",
        Refusal::SeveralCertificates(_) | Refusal::NotIssuer { .. } => {
            "put each certificate into a separate file, followed only by its chain"
        }
        Refusal::Issuer { .. } => {
            "use the recipient's own certificate; in a file with its chain, it comes first"
        }
        Refusal::Expired { .. } => "ask its owner for a renewed certificate and use that one",
        // It's refused as of another time than now.
        Refusal::NotYetValid { until, .. } if *until < SystemTime::now() => {
            "use the certificate that is valid then"
        }
        Refusal::NotYetValid { .. } => {
            "check this machine's clock, or use the certificate that is valid now"
        }
        Refusal::Revoked { .. } => "ask its owner for the certificate that replaces it",
        Refusal::KeyUsage { .. } => {
            "ask its owner for a certificate whose keyUsage allows encryption, or one without keyUsage; a signer's certificate, as `keygen --sign` makes it, opens nothing"
        }
        Refusal::Untrusted { fault, .. } => return of_chain(fault),
        Refusal::BareKey => {
            "use its owner's certificate instead, or set `trust = \"listed\"` for this profile"
        }
        Refusal::NotPinned { .. } => {
            "list it as a party with its `fingerprint`; `callseal inspect FILE` shows it: compare it with the owner's"
        }
        Refusal::OtherFingerprint { .. } => {
            "compare it with the owner's; if the certificate was renewed with a new key, update `fingerprint` in the config"
        }
        Refusal::Key {
            fault: UnusableKey::RsaSize { .. },
            ..
        } => {
            "ask its owner for a certificate with an RSA key of that size, or one on a NIST or brainpool curve"
        }
        Refusal::Key { .. } => {
            "ask its owner for a certificate with an RSA key of 2048 bits or more, or one on a NIST or brainpool curve"
        }
        Refusal::WeakSelfSignature { fingerprint, .. } => {
            return some(format!(
                "its owner signs it anew with `gpg --quick-set-expire {fingerprint} 2y` and `gpg --quick-set-expire {fingerprint} 2y '*'`, and sends you what `gpg --armor --export {fingerprint}` writes"
            ));
        }
        Refusal::NoEncryptionKey { .. } => {
            "ask its owner for an updated certificate; a signer's certificate, as `keygen --sign` makes it, opens nothing"
        }
        Refusal::Policy { .. } => "ask its owner for an updated certificate",
        Refusal::SealedFields { .. } => {
            "seal whole files for its owner with `callseal seal`, or ask for an X.509 certificate or an OpenPGP certificate that supports rfc9580"
        }
        Refusal::NoCommonVersion { .. } => {
            "pack for them separately, or ask one of them for another certificate"
        }
        Refusal::NotX509 { .. } => "use its owner's X.509 certificate, or give `--format auto`",
        Refusal::NotRsa { .. } => {
            "`--format cms-gcm` takes EC certificates too; else ask its owner for one with an RSA key"
        }
        Refusal::OtherVersion { .. } => {
            "`callseal convert` seals the members anew, in a version that everybody reads"
        }
        Refusal::MessageVersion { .. } => "use `--format auto`, or leave the option out",
        _ => return None,
    })
}

fn of_chain(fault: &ChainFault) -> Hint {
    some(match fault {
        ChainFault::SelfSigned => {
            "add it to the bundle if you trust it, or ask its owner for a certificate issued by a CA of the bundle"
        }
        ChainFault::UnknownIssuer { .. } | ChainFault::UnknownRoot { .. } => {
            "check whose certificate it is; then add the missing CA certificate to the bundle, or ask its owner for one issued by a CA of the bundle"
        }
        ChainFault::OtherIssuer { .. } => {
            "if the CA has renewed its certificate, get the other one from the CA and add it to the bundle, else this one may be forged"
        }
        ChainFault::BadSignature { .. } | ChainFault::NotACa { .. } => {
            "check where this certificate came from: it may be forged"
        }
        ChainFault::CaExpired { .. } => {
            "add the CA's renewed certificate to the bundle, or ask for a certificate from a CA that is valid"
        }
        ChainFault::CaNotYetValid { until, .. } if *until < SystemTime::now() => {
            "use a certificate from a CA that is valid then"
        }
        ChainFault::CaNotYetValid { .. } | ChainFault::CrlNotYetValid { .. } => {
            "check this machine's clock"
        }
        ChainFault::WeakSignature { .. } | ChainFault::WeakCaKey { .. } => {
            "ask for a certificate signed with SHA-256 or better, by a CA with a key of 2048 bits (RSA) or 224 bits (EC) or more"
        }
        ChainFault::PathTooLong { .. } | ChainFault::Other { .. } => {
            "ask the administrator of the CA; `openssl verify -CAfile BUNDLE CERT` shows the same"
        }
        ChainFault::CaRevoked { .. } => "ask its owner for a certificate from another CA",
        ChainFault::NoCrl { .. } | ChainFault::CrlExpired { .. } | ChainFault::BadCrl { .. } => {
            "get the CA's current CRL, and put it where `crl-file` points"
        }
        _ => return None,
    })
}

/// Returns whether this is an e-mail address or another name of a key, rather
/// than a file.
fn is_address(path: &Path) -> bool {
    path.to_str().is_some_and(|text| text.contains('@')) && !path.exists()
}
