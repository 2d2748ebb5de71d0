//! Why a certificate can't be a recipient.

use std::io;
use std::path::PathBuf;
use std::time::SystemTime;

use thiserror::Error;

use crate::files::cause;
use crate::timestamp::Timestamp;

use crate::keys::mapping::UnusableKey;
use crate::keys::trust::{ChainFault, TrustError, since_when};

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
    /// Of several certificates of one party none can be used now.
    #[error("“{party}” has no valid certificate: {}", each(.refusals))]
    NoneValid {
        /// The party.
        party: String,
        /// Its certificates, and why each of them can't be used.
        refusals: Vec<(PathBuf, Refusal)>,
    },
    /// There is no certificate where a party's should be.
    #[error("“{party}” has no certificate: {} yields none", .place.display())]
    NoCertificates {
        /// The party.
        party: String,
        /// The directory, or the pattern.
        place: PathBuf,
    },
    /// Something stands in the way where a party's certificates should be.
    #[error("the certificates of “{party}” can't be read: {}: {}", .path.display(), cause(.error))]
    Search {
        /// The party.
        party: String,
        /// What stands in the way: a directory, or something in it.
        path: PathBuf,
        /// What is wrong with it.
        error: io::Error,
    },
    /// A pattern for certificates makes no sense.
    #[error("{}: it is no pattern: {reason}", .place.display())]
    Pattern {
        /// The pattern.
        place: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The CA bundle or the CRLs can't be used.
    #[error(transparent)]
    Trust(#[from] TrustError),
}

fn each(refusals: &[(PathBuf, Refusal)]) -> String {
    let each = refusals.iter();
    let each: Vec<String> = each
        .map(|(path, refusal)| format!("{}: {refusal}", path.display()))
        .collect();
    each.join("; ")
}

/// Why a file can't be used as a recipient.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The file can't be read.
    #[error("{}", cause(.0))]
    Unreadable(io::Error),
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
    /// Another certificate follows that of the recipient and is not of its
    /// chain: somebody else's, probably.
    #[error("it holds “{subject}” and “{other}”, which did not issue it, and a recipient is one")]
    NotIssuer {
        /// Whose certificate comes first.
        subject: String,
        /// Whose certificate follows.
        other: String,
    },
    /// It is the certificate of a CA, and not that of a recipient.
    #[error("“{subject}” is the CA that issued “{issued}”, and no recipient")]
    Issuer {
        /// The CA.
        subject: String,
        /// Whose certificate it issued.
        issued: String,
    },
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
    /// Its owner, or the CA, has revoked it.
    #[error("“{subject}” is revoked{}", since_when(.since))]
    Revoked {
        /// Whose certificate it is.
        subject: String,
        /// When it was revoked, where that is known.
        since: Option<SystemTime>,
    },
    /// The certificate says that its key is for something else.
    #[error("“{subject}” is not for encryption: its keyUsage lacks {needed}")]
    KeyUsage {
        /// Whose certificate it is.
        subject: String,
        /// What the certificate would have to allow.
        needed: &'static str,
    },
    /// It does not chain to a CA, where that is required.
    #[error("“{subject}” {fault}")]
    Untrusted {
        /// Whose certificate it is.
        subject: String,
        /// Where its chain breaks.
        fault: ChainFault,
    },
    /// A public key alone, where a CA must vouch for it.
    #[error("it is a public key without a certificate, and no CA vouches for it")]
    BareKey,
    /// An OpenPGP certificate, where a CA must vouch for it, and no
    /// fingerprint stands in.
    #[error("“{subject}” is an OpenPGP certificate, and no CA vouches for it")]
    NotPinned {
        /// Whose certificate it is.
        subject: String,
    },
    /// Its fingerprint is not the one that was settled.
    #[error("“{subject}” has the fingerprint {found}{}, which is not the one in the config", of_certificate(.certificate))]
    OtherFingerprint {
        /// Whose certificate it is.
        subject: String,
        /// The fingerprint of its key.
        found: String,
        /// That of the certificate around it: of an X.509 one the SHA-256.
        certificate: Option<String>,
    },
    /// Its key can't receive messages.
    #[error("{} {fault}", whose(.subject))]
    Key {
        /// Whose certificate it is; unknown of a public key alone.
        subject: Option<String>,
        /// What is wrong with the key.
        fault: UnusableKey,
    },
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
    /// The messages name their recipients by X.509 certificate, and it has
    /// none.
    #[error(
        "“{subject}” has no X.509 certificate, and {format} messages name their recipients by it"
    )]
    NotX509 {
        /// Whose it is.
        subject: String,
        /// The format of the messages.
        format: &'static str,
    },
    /// Its key isn't RSA, and the readers of the messages know no other.
    #[error(
        "“{subject}” has an {algorithm} key, and those who read {format} messages know only RSA: with it in the list, nobody could open them"
    )]
    NotRsa {
        /// Whose certificate it is.
        subject: String,
        /// Algorithm and size of its key.
        algorithm: String,
        /// The format of the messages.
        format: &'static str,
    },
    /// Fields can't be sealed to this key.
    #[error("“{subject}” can't read rfc9580 messages, of which sealed fields are made")]
    SealedFields {
        /// Whose certificate it is.
        subject: String,
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

fn of_certificate(fingerprint: &Option<String>) -> String {
    match fingerprint {
        Some(fingerprint) => format!(" (its certificate {fingerprint})"),
        None => String::new(),
    }
}

fn whose(subject: &Option<String>) -> String {
    match subject {
        Some(subject) => format!("“{subject}”"),
        None => "it".into(),
    }
}

impl Refusal {
    /// Whether nothing but time, or the word of its owner or CA, ended its
    /// validity. That befalls every certificate, and its successor may be
    /// there already.
    pub fn is_lapse(&self) -> bool {
        match self {
            Self::Expired { .. } | Self::NotYetValid { .. } | Self::Revoked { .. } => true,
            Self::Untrusted { fault, .. } => fault.is_lapse(),
            _ => false,
        }
    }

    /// Whether it, or a CA of its chain, is revoked.
    pub(crate) fn is_revocation(&self) -> bool {
        matches!(
            self,
            Self::Revoked { .. }
                | Self::Untrusted {
                    fault: ChainFault::CaRevoked { .. },
                    ..
                }
        )
    }
}
