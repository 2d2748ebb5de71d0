//! A private key that signs, with its certificate.

use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use openpgp::crypto::KeyPair;
use openssl::pkey::{PKey, Private};
use openssl::x509::X509;
use sequoia_openpgp as openpgp;
use thiserror::Error;

use super::{key_openpgp, key_x509};
use crate::files::cause;
use crate::keys::file_content::{self, Block, Form};
use crate::keys::trust::revoked;
use crate::keys::{
    ChainFault, FileKind, KeyFault, KeyHandle, Passphrases, Recipient, UnlockFault, UnusableKey,
};
use crate::timestamp::Timestamp;

/// A file that yields no signing key.
#[derive(Debug, Error)]
#[error("{}: {fault}", .path.display())]
pub struct SigningKeyError {
    /// The file.
    pub path: PathBuf,
    /// The cause.
    pub fault: SigningKeyFault,
}

/// Why a file yields no signing key.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SigningKeyFault {
    /// It yields no private key.
    #[error("{0}")]
    Key(#[from] KeyFault),
    /// It stays locked.
    #[error("{0}")]
    Locked(#[from] UnlockFault),
    /// It holds several keys.
    #[error("it holds {0} private keys, and one is needed")]
    SeveralKeys(usize),
    /// A file next to it, which may hold its certificate, can't be read.
    #[error("its certificate is not in the file, and {} can't be read: {}", .path.display(), cause(.error))]
    UnreadCertificate {
        /// The file.
        path: PathBuf,
        /// The operating system's reason.
        error: io::Error,
    },
    /// No certificate is next to it.
    #[error("its certificate was found neither in the file nor next to it")]
    NoCertificate,
    /// The certificate next to it is for another key.
    #[error("the certificate “{subject}” belongs to another key")]
    OtherCertificate {
        /// The subject of the certificate.
        subject: String,
    },
    /// The certificate next to it can't be decoded.
    #[error("its certificate can't be decoded: {0}")]
    Malformed(String),
    /// The certificate has expired.
    #[error("the certificate “{subject}” expired on {}", Timestamp(*.since))]
    Expired {
        /// The subject of the certificate.
        subject: String,
        /// The end of its validity.
        since: SystemTime,
    },
    /// The certificate is not valid yet.
    #[error("the certificate “{subject}” is not valid before {}", Timestamp(*.until))]
    NotYetValid {
        /// The subject of the certificate.
        subject: String,
        /// The start of its validity.
        until: SystemTime,
    },
    /// The certificate was revoked.
    #[error("the certificate “{subject}” {}", revoked(.since))]
    Revoked {
        /// The subject of the certificate.
        subject: String,
        /// When, if known.
        since: Option<SystemTime>,
    },
    /// The certificate is not for signatures.
    #[error("the certificate “{subject}” is not for signatures: {lacks}")]
    Usage {
        /// The subject of the certificate.
        subject: String,
        /// What it lacks.
        lacks: &'static str,
    },
    /// The key can't sign, or is too weak.
    #[error("the certificate “{subject}” {fault}")]
    Unfit {
        /// The subject of the certificate.
        subject: String,
        /// The fault of the key.
        fault: UnusableKey,
    },
    /// The OpenPGP certificate has no valid signing key.
    #[error("the certificate “{subject}” has no valid signing key")]
    NoSigningKey {
        /// The subject of the certificate.
        subject: String,
    },
    /// The certificate doesn't chain to a CA, but has to.
    #[error("the certificate “{subject}” {fault}")]
    Chain {
        /// The subject of the certificate.
        subject: String,
        /// The cause.
        fault: ChainFault,
    },
    /// The policy for OpenPGP certificates does not accept it.
    #[error("the certificate “{subject}” is not acceptable: {reason}")]
    Policy {
        /// The subject of the certificate.
        subject: String,
        /// The rule that it breaks.
        reason: String,
    },
}

/// A private key that signs, with its certificate.
pub struct SigningKey {
    pub(super) source: PathBuf,
    pub(super) label: String,
    pub(super) fingerprint: String,
    pub(super) exposed: bool,
    /// How messages may name it, or the other keys of its certificate.
    pub(super) handles: Vec<KeyHandle>,
    pub(super) operation: Operation,
}

/// What signs.
pub(super) enum Operation {
    X509 {
        key: PKey<Private>,
        certificate: X509,
        /// Its issuers, the root excepted, as far as its file has them.
        chain: Vec<X509>,
    },
    OpenPgp(Box<KeyPair>),
}

impl SigningKey {
    /// Loads a signing key and its certificate: a PEM or DER key with a
    /// certificate in the same file, or in one of the same name that ends in
    /// `crt`, `pem`, `cer`, `der`, `pub` or `asc`; a PKCS#12 keystore; or an
    /// OpenPGP key. A locked one asks for its passphrase.
    ///
    /// # Errors
    ///
    /// The file yields no key; its certificate is missing, or not valid for
    /// signatures at the time `at`.
    pub fn load(
        path: &Path,
        passphrases: &dyn Passphrases,
        at: SystemTime,
    ) -> Result<Self, SigningKeyError> {
        load(path, passphrases, at).map_err(|fault| match fault {
            // That file is the one at fault.
            SigningKeyFault::UnreadCertificate { path, error } => SigningKeyError {
                path,
                fault: KeyFault::Unreadable(error).into(),
            },
            fault => SigningKeyError {
                path: path.to_owned(),
                fault,
            },
        })
    }

    /// Returns the file it came from.
    pub fn source(&self) -> &Path {
        &self.source
    }

    /// Returns the owner's name: the subject of the certificate, or its first
    /// user ID. Not sanitised for a terminal.
    pub fn label(&self) -> &str {
        &self.label
    }

    /// Returns the fingerprint of its certificate in upper-case hexadecimal
    /// digits: of an X.509 certificate the SHA-256, of an OpenPGP certificate
    /// its own.
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// Returns whether it makes OpenPGP signatures, rather than CMS.
    pub fn is_openpgp(&self) -> bool {
        matches!(self.operation, Operation::OpenPgp(_))
    }

    /// Returns whether every user of the machine can read or change the file,
    /// by its mode (on Unix; modes of special files don't count).
    pub fn is_exposed(&self) -> bool {
        self.exposed
    }

    /// Returns whether a key in its file or certificate is this recipient's:
    /// keys that open don't sign.
    pub fn is_recipient(&self, recipient: &Recipient) -> bool {
        recipient
            .handles()
            .iter()
            .any(|handle| self.is_named_by(handle))
    }

    /// Returns whether a handle in a message names one of its keys.
    pub(crate) fn is_named_by(&self, handle: &KeyHandle) -> bool {
        any_is(&self.handles, handle)
    }

    /// Returns the key that signs inside of messages; none for X.509.
    pub(crate) fn openpgp(&self) -> Option<KeyPair> {
        match &self.operation {
            Operation::OpenPgp(pair) => Some((**pair).clone()),
            Operation::X509 { .. } => None,
        }
    }
}

fn load(
    path: &Path,
    passphrases: &dyn Passphrases,
    at: SystemTime,
) -> Result<SigningKey, SigningKeyFault> {
    let (bytes, exposed) = file_content::read_key(path).map_err(KeyFault::Unreadable)?;
    let is_keystore = matches!(
        FileKind::of(&bytes),
        Some(FileKind::Pkcs12 | FileKind::JavaKeystore | FileKind::Jceks)
    );
    let private: Vec<Block<'_>> = file_content::blocks(&bytes)
        .filter(Block::is_private)
        .collect();
    let openpgp = match (file_content::form(&bytes), private.as_slice()) {
        _ if is_keystore => None,
        (Form::OpenPgp, _) => Some(bytes.as_slice()),
        (_, [block]) if block.label == "PGP PRIVATE KEY BLOCK" => Some(block.text),
        (_, [_, _, ..]) => return Err(SigningKeyFault::SeveralKeys(private.len())),
        _ => None,
    };
    match openpgp {
        Some(openpgp) => key_openpgp::load(openpgp, path, exposed, passphrases, at),
        None => key_x509::load(bytes, path, exposed, passphrases, at),
    }
}

/// Returns whether one of a signer's handles names what a message's handle
/// does.
pub(super) fn any_is(own: &[KeyHandle], handle: &KeyHandle) -> bool {
    own.iter().any(|own| match (own, handle) {
        (KeyHandle::Fingerprint(own), _) => handle.names(own),
        (KeyHandle::IssuerAndSerial(own), KeyHandle::IssuerAndSerial(other)) => own.names(other),
        (own, other) => own == other,
    })
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SigningKey")
            .field("source", &self.source)
            .field("label", &self.label)
            .field("fingerprint", &self.fingerprint)
            .finish_non_exhaustive()
    }
}
