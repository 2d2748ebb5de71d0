//! Why a certificate does not chain to a CA.

use std::time::SystemTime;

use thiserror::Error;

use crate::timestamp::Timestamp;

/// Why a certificate does not chain to a CA, or not any more. The text
/// completes a sentence that begins with the certificate.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ChainFault {
    /// It is self-signed, and not in the bundle.
    #[error("is self-signed, and not itself in the CA bundle")]
    SelfSigned,
    /// A link of the chain is missing.
    #[error(
        "does not chain to a CA: the issuer of “{certificate}”, “{issuer}”, is not in the CA bundle"
    )]
    UnknownIssuer {
        /// The last certificate of the chain that was found.
        certificate: String,
        /// The subject of the missing certificate.
        issuer: String,
    },
    /// The CA has another certificate in the bundle, but not that of the key
    /// which signed.
    #[error(
        "does not chain to a CA: the CA bundle has a certificate of “{issuer}”, but not the one that issued “{certificate}”"
    )]
    OtherIssuer {
        /// The last certificate of the chain that was found.
        certificate: String,
        /// The CA's name.
        issuer: String,
    },
    /// The chain is complete, but its root is not in the bundle.
    #[error("does not chain to a CA: its root “{root}” is not in the CA bundle")]
    UnknownRoot {
        /// The self-signed certificate at its end.
        root: String,
    },
    /// A CA's certificate has expired.
    #[error("has an issuer that expired: “{ca}” on {}", Timestamp(*.since))]
    CaExpired {
        /// The CA.
        ca: String,
        /// The end of its validity.
        since: SystemTime,
    },
    /// A CA's certificate is not valid yet.
    #[error("has an issuer that is not valid yet: “{ca}” before {}", Timestamp(*.until))]
    CaNotYetValid {
        /// The CA.
        ca: String,
        /// The start of its validity.
        until: SystemTime,
    },
    /// A signature is wrong: a forgery, or a CA with the same name.
    #[error("does not chain to a CA: the signature on “{certificate}” is not that of “{issuer}”")]
    BadSignature {
        /// The certificate with the signature.
        certificate: String,
        /// The CA that should have signed it.
        issuer: String,
    },
    /// A certificate is signed with MD5, SHA-1 or the like.
    #[error(
        "is not to be trusted: “{certificate}” is signed with {algorithm}, which can be forged"
    )]
    WeakSignature {
        /// The certificate with the signature.
        certificate: String,
        /// The signature algorithm.
        algorithm: String,
    },
    /// The key of a CA can be broken.
    #[error("is not to be trusted: the key of its issuer “{ca}” is too weak")]
    WeakCaKey {
        /// The CA.
        ca: String,
    },
    /// The certificate of an issuer is not that of a CA (RFC 5280, sections
    /// 4.2.1.3 and 4.2.1.9).
    #[error("does not chain to a CA: “{issuer}” may not issue certificates")]
    NotACa {
        /// The issuer.
        issuer: String,
    },
    /// The chain has more CAs than one of them allows (RFC 5280, section
    /// 4.2.1.9).
    #[error("does not chain to a CA: path-length limit of “{ca}” exceeded")]
    PathTooLong {
        /// The CA with the limit.
        ca: String,
    },
    /// A CA of the chain has been revoked.
    #[error("has an issuer that {}: “{ca}”", revoked(.since))]
    CaRevoked {
        /// The CA.
        ca: String,
        /// When it was revoked.
        since: Option<SystemTime>,
    },
    /// There are CRLs, but not of this CA.
    #[error("can't be checked for revocation: there is no CRL of “{ca}”")]
    NoCrl {
        /// The CA.
        ca: String,
    },
    /// The CRL of a CA is out of date.
    #[error("can't be checked for revocation: the CRL of “{ca}” expired on {}", Timestamp(*.since))]
    CrlExpired {
        /// The CA.
        ca: String,
        /// When the next one was due.
        since: SystemTime,
    },
    /// The CRL of a CA is not yet valid.
    #[error("can't be checked for revocation: the CRL of “{ca}” is not valid before {}", Timestamp(*.until))]
    CrlNotYetValid {
        /// The CA.
        ca: String,
        /// When it was, or will be, issued.
        until: SystemTime,
    },
    /// The CRL of a CA can't be relied on.
    #[error("can't be checked for revocation: the CRL of “{ca}” is unusable: {reason}")]
    BadCrl {
        /// The CA.
        ca: String,
        /// OpenSSL's reason.
        reason: String,
    },
    /// Another rule of path validation is broken, such as a name constraint.
    #[error("does not chain to a CA: “{certificate}”: {reason}")]
    Other {
        /// The certificate at which it broke.
        certificate: String,
        /// OpenSSL's reason.
        reason: String,
    },
}

/// Returns ` since DATE`, if the date is known.
pub(crate) fn revoked(since: &Option<SystemTime>) -> String {
    match since {
        Some(since) => format!("was revoked on {}", Timestamp(*since)),
        None => "is revoked".into(),
    }
}

impl ChainFault {
    /// Returns whether its validity merely ended by time, or by the CA's word.
    pub(crate) fn is_lapse(&self) -> bool {
        matches!(
            self,
            Self::CaExpired { .. } | Self::CaNotYetValid { .. } | Self::CaRevoked { .. }
        )
    }
}
