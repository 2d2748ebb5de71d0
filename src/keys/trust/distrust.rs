//! Why a certificate isn't trusted.

use std::time::SystemTime;

use super::ChainFault;

/// Why a certificate isn't trusted: its own fault, or one of its chain.
#[derive(Clone, Debug)]
pub(crate) enum Distrust {
    /// It can't be decoded.
    Malformed(String),
    /// It is the certificate of a CA of the bundle, not of a recipient.
    Issuer {
        /// The subject of a certificate that it issued.
        issued: String,
    },
    /// Its validity period has ended.
    Expired {
        /// The end of its validity.
        since: SystemTime,
    },
    /// Its validity period has not begun.
    NotYetValid {
        /// The start of its validity.
        until: SystemTime,
    },
    /// Its CA has revoked it.
    Revoked {
        /// When it was revoked, if known.
        since: Option<SystemTime>,
    },
    /// It doesn't chain to a CA.
    Chain(ChainFault),
}

impl Distrust {
    /// Returns whether the certificate, or a CA of its chain, is revoked, or
    /// can't be checked for it.
    pub(super) fn is_about_revocation(&self) -> bool {
        match self {
            Self::Revoked { .. } => true,
            Self::Chain(fault) => matches!(
                fault,
                ChainFault::CaRevoked { .. }
                    | ChainFault::NoCrl { .. }
                    | ChainFault::CrlExpired { .. }
                    | ChainFault::CrlNotYetValid { .. }
                    | ChainFault::BadCrl { .. }
            ),
            _ => false,
        }
    }
}
