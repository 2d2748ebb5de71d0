//! What signatures claim about themselves, before anybody checks them.

use std::time::SystemTime;

/// What a signature claims.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Claim {
    /// The signer: the subject of a certificate that is in the signature, or a
    /// fingerprint, key ID or serial number. Not sanitised for a terminal.
    pub signer: String,
    /// The time of signing.
    pub time: Option<SystemTime>,
}

/// Returns what the signatures in a CMS file claim; none if it can't be read.
pub(crate) fn claims_of_cms(_signature: &[u8]) -> Vec<Claim> {
    Vec::new()
}

/// Returns what the signatures in an OpenPGP file claim; none if it can't be
/// read.
pub(crate) fn claims_of_openpgp(_signature: &[u8]) -> Vec<Claim> {
    Vec::new()
}
