//! Detached signatures over one content.

use std::io::{self, Read, Seek};
use std::time::SystemTime;

use thiserror::Error;

use super::SigningKey;
use crate::files::cause;

/// The detached signatures over one content.
#[derive(Clone, Debug, Default)]
pub(crate) struct DetachedSignatures {
    /// One SignedData (DER) with the signatures of all X.509 signers.
    pub cms: Option<Vec<u8>>,
    /// The signature packets of all OpenPGP signers, one after the other.
    pub openpgp: Option<Vec<u8>>,
}

/// Why nothing was signed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SigningFault {
    /// The content can't be read.
    #[error("what is to be signed can't be read: {}", cause(.0))]
    Unreadable(io::Error),
    /// A key doesn't sign.
    #[error("“{signer}” can't sign: {reason}")]
    Refused {
        /// The signer.
        signer: String,
        /// The cause.
        reason: String,
    },
}

/// Signs a content with all these keys.
pub(crate) fn sign_detached(
    _keys: &[SigningKey],
    _content: &mut (impl Read + Seek),
    _at: SystemTime,
) -> Result<DetachedSignatures, SigningFault> {
    Err(SigningFault::Refused {
        signer: String::new(),
        reason: "not made yet".into(),
    })
}
