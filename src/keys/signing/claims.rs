//! What signatures claim about themselves, before anybody checks them.

use std::time::SystemTime;

use super::cms_attributes::SignedAttributes;
use super::cms_read::SignedData;
use super::openpgp_read::{self, Found};
use crate::keys::x509;

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
pub(crate) fn claims_of_cms(signature: &[u8]) -> Vec<Claim> {
    let Some(data) = SignedData::read(signature) else {
        return Vec::new();
    };
    let claims = data.signers.iter().map(|info| {
        let certificate = data.named(&info.signer).next();
        let attributes = info.attributes.as_ref();
        let attributes =
            attributes.and_then(|tagged| SignedAttributes::read(tagged.as_slice()).ok());
        Claim {
            signer: certificate
                .map_or_else(|| info.signer.to_string(), |found| x509::subject(found)),
            time: attributes.and_then(|found| found.signing_time),
        }
    });
    claims.collect()
}

/// Returns what the signatures in an OpenPGP file claim; none if it can't be
/// read.
pub(crate) fn claims_of_openpgp(signature: &[u8]) -> Vec<Claim> {
    let found = openpgp_read::signatures(signature).unwrap_or_default();
    let signatures = found.iter().filter_map(|found| match found {
        Found::Signature(signature) => Some(signature),
        Found::Other => None,
    });
    let claims = signatures.map(|signature| Claim {
        signer: openpgp_read::issuer(signature),
        time: signature.signature_creation_time(),
    });
    claims.collect()
}
