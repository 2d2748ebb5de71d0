//! Why a certificate can't be a recipient.

use std::io;
use std::path::PathBuf;
use std::time::SystemTime;

use thiserror::Error;

use crate::files::cause;
use crate::timestamp::Timestamp;

use crate::keys::FileKind;
use crate::keys::mapping::UnusableKey;
use crate::keys::trust::{ChainFault, Distrust, TrustError, TrustFault, revoked};

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
        /// The cause.
        refusal: Refusal,
    },
    /// None of a party's certificates can be used now.
    #[error("“{party}” has no valid certificate: {}", each(.refusals))]
    NoneValid {
        /// The party.
        party: String,
        /// Its certificates, and why each of them can't be used.
        refusals: Vec<(PathBuf, Refusal)>,
    },
    /// A party's directory or pattern yields no certificate.
    #[error("“{party}”: no certificate found at {}", .place.display())]
    NoCertificates {
        /// The party.
        party: String,
        /// The directory, or the pattern.
        place: PathBuf,
    },
    /// A party's certificates can't be read.
    #[error("the certificates of “{party}” can't be read: {}: {}", .path.display(), cause(.error))]
    Search {
        /// The party.
        party: String,
        /// The directory or file that can't be read.
        path: PathBuf,
        /// The cause.
        error: io::Error,
    },
    /// A pattern for certificates is invalid.
    #[error("{}: invalid pattern: {reason}", .place.display())]
    Pattern {
        /// The pattern.
        place: PathBuf,
        /// The cause.
        reason: String,
    },
    /// The CA bundle or the CRLs can't be used.
    #[error("{}: {fault}", .path.display())]
    Trust {
        /// The file or directory.
        path: PathBuf,
        /// The cause.
        fault: TrustFault,
    },
}

impl From<TrustError> for RecipientError {
    fn from(error: TrustError) -> Self {
        let TrustError { path, fault } = error;
        Self::Trust { path, fault }
    }
}

fn each(refusals: &[(PathBuf, Refusal)]) -> String {
    let each = refusals.iter();
    let each: Vec<String> = each
        .map(|(path, refusal)| format!("{}: {refusal}", path.display()))
        .collect();
    each.join("; ")
}

fn not_a_certificate(kind: Option<FileKind>) -> String {
    match kind {
        Some(FileKind::Empty) => "the file is empty".into(),
        Some(kind) => format!("it is {}, not a certificate or public key", kind.name()),
        None => "it is not a certificate or public key".into(),
    }
}

/// Why a file can't be used as a recipient.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The file can't be read.
    #[error("{}", cause(.0))]
    Unreadable(io::Error),
    /// It is or contains a private key.
    #[error("it holds a private key, but a recipient is a certificate or public key")]
    PrivateKey,
    /// It holds no certificate or public key.
    #[error("{}", not_a_certificate(*.0))]
    NotACertificate(Option<FileKind>),
    /// It is a PEM block that was cut off.
    #[error("the PEM block is incomplete: its END line is missing")]
    Incomplete,
    /// It looks like a certificate or public key, but can't be decoded.
    #[error("it can't be decoded: {0}")]
    Malformed(String),
    /// It holds several certificates that are not a chain.
    #[error("it holds {0} certificates, but a recipient is one")]
    SeveralCertificates(usize),
    /// Another certificate follows that of the recipient and is not in its
    /// chain: probably somebody else's.
    #[error(
        "it holds the certificates “{subject}” and “{other}”, but a recipient file holds one certificate and the CAs that issued it"
    )]
    NotIssuer {
        /// The subject of the first certificate.
        subject: String,
        /// The subject of the second certificate.
        other: String,
    },
    /// It is the certificate of a CA, not of a recipient.
    #[error("“{subject}” is the CA that issued “{issued}”, not a recipient")]
    Issuer {
        /// The CA.
        subject: String,
        /// The subject of the certificate that it issued.
        issued: String,
    },
    /// The validity period has ended.
    #[error("“{subject}” expired on {}", Timestamp(*.since))]
    Expired {
        /// The subject of the certificate.
        subject: String,
        /// The end of its validity.
        since: SystemTime,
    },
    /// The validity period has not begun.
    #[error("“{subject}” is not valid before {}", Timestamp(*.until))]
    NotYetValid {
        /// The subject of the certificate.
        subject: String,
        /// The start of its validity.
        until: SystemTime,
    },
    /// Its owner, or the CA, has revoked it.
    #[error("“{subject}” {}", revoked(.since))]
    Revoked {
        /// The subject of the certificate.
        subject: String,
        /// When it was revoked, if known.
        since: Option<SystemTime>,
    },
    /// The certificate is not for encryption.
    #[error("“{subject}” is not for encryption: its keyUsage lacks {needed}")]
    KeyUsage {
        /// The subject of the certificate.
        subject: String,
        /// The usage that it lacks.
        needed: &'static str,
    },
    /// It does not chain to a CA, but has to.
    #[error("“{subject}” {fault}")]
    Untrusted {
        /// The subject of the certificate.
        subject: String,
        /// The fault of its chain.
        fault: ChainFault,
    },
    /// It is a public key alone, but a CA has to vouch for it.
    #[error("it is a public key without a certificate, and no CA vouches for it")]
    BareKey,
    /// It is an OpenPGP certificate without a pinned fingerprint, but a CA has
    /// to vouch for it.
    #[error("“{subject}” is an OpenPGP certificate, and no CA vouches for it")]
    NotPinned {
        /// The subject of the certificate.
        subject: String,
    },
    /// Its fingerprint is not the pinned one.
    #[error("“{subject}” has the fingerprint {found}{}, which is not the one in the config", of_certificate(.certificate))]
    OtherFingerprint {
        /// The subject of the certificate.
        subject: String,
        /// The fingerprint of its key.
        found: String,
        /// The fingerprint of the certificate: of an X.509 one the SHA-256.
        certificate: Option<String>,
    },
    /// Its key can't receive messages.
    #[error("{} {fault}", whose(.subject))]
    Key {
        /// The certificate's subject; unknown for a public key alone.
        subject: Option<String>,
        /// The fault of the key.
        fault: UnusableKey,
    },
    /// An OpenPGP certificate without a usable encryption key.
    #[error("“{subject}” has no valid encryption key")]
    NoEncryptionKey {
        /// The subject of the certificate.
        subject: String,
    },
    /// Its owner's signature on it uses a broken hash: an OpenPGP certificate
    /// with other keys could have the same signature.
    #[error("“{subject}” is signed by its owner with {hash}, which is broken")]
    WeakSelfSignature {
        /// The subject of the certificate.
        subject: String,
        /// The fingerprint of its primary key.
        fingerprint: String,
        /// The name of the hash.
        hash: &'static str,
    },
    /// The policy for OpenPGP certificates does not accept it.
    #[error("“{subject}” is not acceptable: {reason}")]
    Policy {
        /// The subject of the certificate.
        subject: String,
        /// The rule that it breaks.
        reason: String,
    },
    /// The key can't read the version of messages that are sealed already.
    #[error("“{subject}” can't read {version} messages, and there are some")]
    OtherVersion {
        /// The subject of the certificate.
        subject: String,
        /// The standard of their version.
        version: &'static str,
    },
    /// The key can't read the requested message version.
    #[error("“{subject}” can't read {version} messages")]
    MessageVersion {
        /// The subject of the certificate.
        subject: String,
        /// The requested version.
        version: &'static str,
    },
    /// It has no X.509 certificate, by which the messages name their
    /// recipients.
    #[error(
        "“{subject}” has no X.509 certificate, and {format} messages name their recipients by it"
    )]
    NotX509 {
        /// The recipient's name.
        subject: String,
        /// The format of the messages.
        format: &'static str,
    },
    /// Its key isn't RSA, the only kind that readers of the messages know.
    #[error("“{subject}” has an {algorithm} key, but the {format} format works only with RSA keys")]
    NotRsa {
        /// The subject of the certificate.
        subject: String,
        /// Algorithm and size of its key.
        algorithm: String,
        /// The format of the messages.
        format: &'static str,
    },
    /// Fields can't be sealed to this key.
    #[error("“{subject}” can't read rfc9580 messages, which sealed fields need")]
    SealedFields {
        /// The subject of the certificate.
        subject: String,
    },
    /// No message version suits both this key and another one.
    #[error("“{subject}” reads only rfc9580 messages, and “{other}” only rfc4880")]
    NoCommonVersion {
        /// The subject of the certificate.
        subject: String,
        /// The subject of the other certificate.
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
    /// Returns whether its validity merely ended by time, or by the word of its
    /// owner or CA. That happens to every certificate, and its successor may be
    /// there already.
    pub fn is_lapse(&self) -> bool {
        match self {
            Self::Expired { .. } | Self::NotYetValid { .. } | Self::Revoked { .. } => true,
            Self::Untrusted { fault, .. } => fault.is_lapse(),
            _ => false,
        }
    }

    /// Returns the refusal of a certificate that the CAs don't vouch for.
    pub(super) fn distrusted(subject: String, distrust: Distrust) -> Self {
        match distrust {
            Distrust::Malformed(reason) => Self::Malformed(reason),
            Distrust::Issuer { issued } => Self::Issuer { subject, issued },
            Distrust::Expired { since } => Self::Expired { subject, since },
            Distrust::NotYetValid { until } => Self::NotYetValid { subject, until },
            Distrust::Revoked { since } => Self::Revoked { subject, since },
            Distrust::Chain(fault) => Self::Untrusted { subject, fault },
        }
    }
}
