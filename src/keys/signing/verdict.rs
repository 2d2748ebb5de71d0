//! What came of a signature.

use std::time::SystemTime;

use thiserror::Error;

use crate::keys::trust::revoked;
use crate::keys::{ChainFault, KeyHandle, UnusableKey};
use crate::timestamp::Timestamp;

/// What came of one signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignatureVerdict {
    /// The signer's name: that of the named signer, or as the signature claims.
    /// Not sanitised for a terminal.
    pub signer: String,
    /// The fingerprint of the signer's certificate, if it's known: of an X.509
    /// certificate the SHA-256, of an OpenPGP certificate its own, in
    /// upper-case hexadecimal digits.
    pub fingerprint: Option<String>,
    /// How messages may name the signer's keys as recipients.
    pub(crate) handles: Vec<KeyHandle>,
    /// The time of signing, as claimed.
    pub claimed: Option<SystemTime>,
    /// Whether it holds.
    pub standing: Standing,
}

impl SignatureVerdict {
    /// Returns whether it holds, and is by a named signer.
    pub fn holds(&self) -> bool {
        self.standing == Standing::Holds
    }

    /// Returns whether a handle in a message names a key of the signer.
    pub(crate) fn is_named_by(&self, handle: &KeyHandle) -> bool {
        super::key::any_is(&self.handles, handle)
    }
}

/// Whether a signature holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is valid, and by a named signer.
    Holds,
    /// It is by a named signer, as its certificate shows, and doesn't hold.
    Fails(SignatureFault),
    /// It is by somebody else, or can't be read: noted, nothing more.
    Unknown,
}

/// Why the signature of a named signer doesn't hold. The text completes a
/// sentence that begins with the signature.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SignatureFault {
    /// The content isn't what was signed, or the signature was altered.
    #[error("does not fit what it is said to sign")]
    Altered,
    /// The signature has a form that is not allowed.
    #[error("is malformed: {0}")]
    Malformed(&'static str),
    /// It is of a kind that doesn't count.
    #[error("is {0}, which does not count")]
    Kind(&'static str),
    /// Its hash is broken.
    #[error("uses {0}, which can be forged")]
    WeakHash(String),
    /// Its algorithm isn't supported.
    #[error("uses {0}, which callseal doesn't support")]
    Algorithm(String),
    /// The signature has an end of its own.
    #[error("expired on {}", Timestamp(*.0))]
    SignatureExpired(SystemTime),
    /// It claims to have been made later than now.
    #[error("claims to have been made on {}, which is in the future", Timestamp(*.0))]
    InTheFuture(SystemTime),
    /// It claims no time, and the certificate is to be judged at that time.
    #[error("claims no time at which its certificate could be judged")]
    NoTime,
    /// The certificate was not given: OpenPGP signatures don't contain it.
    #[error("can't be checked: only the fingerprint of its certificate is known")]
    NoCertificate,
    /// The certificate has expired.
    #[error("is by a certificate that expired on {}", Timestamp(*.since))]
    Expired {
        /// The end of its validity.
        since: SystemTime,
    },
    /// The certificate is not valid yet.
    #[error("is by a certificate that is not valid before {}", Timestamp(*.until))]
    NotYetValid {
        /// The start of its validity.
        until: SystemTime,
    },
    /// The certificate, or the key, was revoked.
    #[error("is by a certificate that {}", revoked(.since))]
    Revoked {
        /// When, if known.
        since: Option<SystemTime>,
    },
    /// The certificate doesn't chain to a CA, but has to.
    #[error("is by a certificate that {0}")]
    Chain(ChainFault),
    /// The certificate is not for signatures.
    #[error("is by a certificate that is not for signatures: {0}")]
    Usage(&'static str),
    /// The key can't be relied on.
    #[error("is by a certificate that {0}")]
    Key(UnusableKey),
    /// The policy for OpenPGP certificates and signatures does not accept it.
    #[error("is not acceptable: {0}")]
    Policy(String),
}
