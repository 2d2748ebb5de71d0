//! Why a certificate can't be a recipient.

use std::io;
use std::path::PathBuf;
use std::time::SystemTime;

use thiserror::Error;

use crate::cause::cause;
use crate::timestamp::Timestamp;

/// Why a recipient list can't be used. Nothing is sealed then.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RecipientError {
    /// The list is empty.
    #[error("no recipient is given")]
    NoneGiven,
    /// A listed file can't be used.
    #[error("{}: {refusal}", .path.display())]
    Refused {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        refusal: Refusal,
    },
}

impl RecipientError {
    /// What the administrator can do about it.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::NoneGiven => Some("give `-r CERTIFICATE` or `-p PROFILE`"),
            Self::Refused { refusal, .. } => refusal.hint(),
        }
    }
}

/// Why a file can't be used as a recipient.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The file can't be read.
    #[error("{}", cause(.0))]
    Unreadable(#[source] io::Error),
    /// It is or contains a private key.
    #[error("it holds a private key, and a recipient is a certificate or public key")]
    PrivateKey,
    /// It is a certificate signing request.
    #[error("it is a certificate signing request, not a certificate")]
    SigningRequest,
    /// Nothing in it is a certificate or public key.
    #[error("it is no certificate or public key")]
    NotACertificate,
    /// It looks like a certificate or public key, but can't be decoded.
    #[error("it can't be decoded: {0}")]
    Malformed(String),
    /// Several certificates that are no chain: which one is meant?
    #[error("it holds {0} certificates, and a recipient is one")]
    SeveralCertificates(usize),
    /// The validity period has ended.
    #[error("“{subject}” expired on {}", Timestamp(*.since))]
    Expired {
        /// Whose certificate it is.
        subject: String,
        /// The end of its validity.
        since: SystemTime,
    },
    /// The validity period has not begun.
    #[error("“{subject}” is not valid before {}", Timestamp(*.until))]
    NotYetValid {
        /// Whose certificate it is.
        subject: String,
        /// The start of its validity.
        until: SystemTime,
    },
    /// Its owner has revoked it.
    #[error("“{subject}” is revoked")]
    Revoked {
        /// Whose certificate it is.
        subject: String,
    },
    /// An RSA key outside of 2,048 to 16,384 bits.
    #[error("its RSA key has {bits} bits, and at least 2048 (at most 16384) are needed")]
    RsaSize {
        /// The size of the modulus.
        bits: u32,
    },
    /// An RSA public exponent of 1, or an even one.
    #[error("its RSA key has an unusable public exponent")]
    RsaExponent,
    /// A kind of key that can't receive messages here.
    #[error("its key is of the kind {0}, which can't receive messages here")]
    Algorithm(String),
    /// An OpenPGP certificate without a usable encryption key.
    #[error("“{subject}” has no valid encryption key")]
    NoEncryptionKey {
        /// Whose certificate it is.
        subject: String,
    },
    /// The policy for OpenPGP certificates does not accept it.
    #[error("“{subject}” is not acceptable: {reason}")]
    Policy {
        /// Whose certificate it is.
        subject: String,
        /// Which rule it breaks.
        reason: String,
    },
    /// The wished message version is not for this key.
    #[error("“{subject}” can't read {version} messages")]
    MessageVersion {
        /// Whose certificate it is.
        subject: String,
        /// The version that was asked for.
        version: &'static str,
    },
    /// No version of message is for both this key and another one.
    #[error("“{subject}” reads only rfc9580 messages, and “{other}” only rfc4880")]
    NoCommonVersion {
        /// Whose certificate it is.
        subject: String,
        /// Whose certificate stands against it.
        other: String,
    },
}

impl Refusal {
    /// What the administrator can do about it.
    pub fn hint(&self) -> Option<&'static str> {
        Some(match self {
            Self::Unreadable(e) if e.kind() == io::ErrorKind::NotFound => {
                "check the path; nothing is sealed until every listed recipient can be used"
            }
            Self::Unreadable(_) => "check the file and its permissions",
            Self::PrivateKey => {
                "keep private keys off this machine and list the certificate; `openssl pkey -in KEY -pubout -out public.pem` makes a public key from a private one"
            }
            Self::SigningRequest => "list the certificate that was issued for it",
            Self::NotACertificate | Self::Malformed(_) => {
                "give an X.509 certificate, a public key (PEM or DER) or an OpenPGP certificate; `callseal inspect FILE` says what a file is"
            }
            Self::SeveralCertificates(_) => "export each certificate to a file of its own",
            Self::Expired { .. } => "ask its owner for a renewed certificate and list that one",
            Self::NotYetValid { .. } => {
                "check this machine's clock, or use the certificate that is valid now"
            }
            Self::Revoked { .. } => "ask its owner for the certificate that replaces it",
            Self::RsaSize { .. } | Self::RsaExponent | Self::Algorithm(_) => {
                "ask its owner for a certificate with an RSA key of 2048 bits or more, or one on P-256, P-384 or P-521"
            }
            Self::NoEncryptionKey { .. } | Self::Policy { .. } => {
                "ask its owner for an updated certificate"
            }
            Self::NoCommonVersion { .. } => {
                "pack for them separately, or ask one of them for another certificate"
            }
            Self::MessageVersion { .. } => "use `--format auto`, or leave the option out",
        })
    }
}
