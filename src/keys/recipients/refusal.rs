//! Why a certificate can't be a recipient.

use std::io;
use std::path::PathBuf;
use std::time::SystemTime;

use thiserror::Error;

use crate::cause::cause;
use crate::input;
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
    #[error("the certificates of “{party}” can't be read: {}: {}", .path.display(), cause(.source))]
    Search {
        /// The party.
        party: String,
        /// What stands in the way: a directory, or something in it.
        path: PathBuf,
        /// What is wrong with it.
        source: io::Error,
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

impl RecipientError {
    /// What the administrator can do about it.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::NoneGiven => Some("give `-r CERTIFICATE` or `-p PROFILE`"),
            Self::Refused { refusal, .. } => refusal.hint(),
            Self::NoneValid { .. } => {
                Some("ask for a certificate that is valid now, and add it to the others")
            }
            Self::NoCertificates { .. } => Some(
                "put its certificates there; of a directory, files count that end in crt, cer, pem, der, pub, asc, pgp or gpg",
            ),
            Self::Search { .. } => Some(
                "check the path and its permissions; what is called as a certificate must be a file, and no link may lead nowhere",
            ),
            Self::Pattern { .. } => {
                Some("`*` and `?` stay within a directory, `**` crosses directories")
            }
            Self::Trust(_) => Some("check `ca-file` and `crl-file` in the config"),
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

    /// What the administrator can do about it.
    pub fn hint(&self) -> Option<&'static str> {
        Some(match self {
            Self::Unreadable(e) if e.kind() == io::ErrorKind::NotFound => {
                "check the path of the certificate"
            }
            Self::Unreadable(e) if e.kind() == io::ErrorKind::IsADirectory => {
                "name a file; a directory can be the `certificates` of a party in the config"
            }
            Self::Unreadable(e) => input::hint(e).unwrap_or("check the file and its permissions"),
            Self::PrivateKey => {
                "keep private keys off this machine and list the certificate; `openssl pkey -in KEY -pubout -out public.pem` makes a public key from a private one"
            }
            Self::SigningRequest => "list the certificate that was issued for it",
            Self::NotACertificate | Self::Malformed(_) => {
                "give an X.509 certificate, a public key (PEM or DER) or an OpenPGP certificate; `callseal inspect FILE` says what a file is"
            }
            Self::SeveralCertificates(_) | Self::NotIssuer { .. } => {
                "put each certificate into a file of its own, with nothing but its chain after it"
            }
            Self::Issuer { .. } => {
                "list the recipient's own certificate; in a file with its chain, it comes first"
            }
            Self::Expired { .. } => "ask its owner for a renewed certificate and list that one",
            Self::NotYetValid { .. } => {
                "check this machine's clock, or use the certificate that is valid now"
            }
            Self::Revoked { .. } => "ask its owner for the certificate that replaces it",
            Self::KeyUsage { .. } => {
                "ask its owner for a certificate whose keyUsage allows encryption, or that has none"
            }
            Self::Untrusted { fault, .. } => fault.hint(),
            Self::BareKey => {
                "list its owner's certificate instead, or set `trust = \"listed\"` for this profile"
            }
            Self::NotPinned { .. } => {
                "list it as a party with its `fingerprint`, which `callseal inspect FILE` shows: compare it with the owner's"
            }
            Self::OtherFingerprint { .. } => {
                "compare it with the owner's; if it was renewed with a new key, update `fingerprint` in the config"
            }
            Self::Key {
                fault: UnusableKey::RsaSize { .. },
                ..
            } => {
                "ask its owner for a certificate with an RSA key of that size, or one on P-256, P-384 or P-521"
            }
            Self::Key { .. } => {
                "ask its owner for a certificate with an RSA key of 2048 bits or more, or one on P-256, P-384 or P-521"
            }
            Self::NoEncryptionKey { .. } | Self::Policy { .. } => {
                "ask its owner for an updated certificate"
            }
            Self::SealedFields { .. } => {
                "seal whole files for its owner with `callseal seal`, or ask for an X.509 certificate or an OpenPGP one that reads rfc9580"
            }
            Self::NoCommonVersion { .. } => {
                "pack for them separately, or ask one of them for another certificate"
            }
            Self::NotX509 { .. } => "list its owner's X.509 certificate, or give `--format auto`",
            Self::NotRsa { .. } => {
                "`--format cms-gcm` takes EC certificates too; else ask its owner for one with an RSA key"
            }
            Self::MessageVersion { .. } => "use `--format auto`, or leave the option out",
        })
    }
}
