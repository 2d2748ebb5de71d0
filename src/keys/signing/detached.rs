//! Detached signatures over one content.

use std::io::{self, ErrorKind, Read};
use std::time::SystemTime;

use openssl::sha::Sha256;
use thiserror::Error;

use super::SigningKey;
use super::cms_write::{CmsSigner, signed_data};
use super::key::Operation;
use super::openpgp_write::OpenPgpSigning;
use crate::files::cause;
use crate::keys::openssl_reason;

/// The size of the pieces in which a content is read, in octets.
const PIECE: usize = 64 * 1024;

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

/// Signs a content, from where it is read to, with all these keys. It is read
/// once.
pub(crate) fn sign_detached(
    keys: &[SigningKey],
    content: &mut (impl Read + ?Sized),
    at: SystemTime,
) -> Result<DetachedSignatures, SigningFault> {
    let mut cms = Vec::new();
    let mut openpgp = Vec::new();
    for signer in keys {
        match &signer.operation {
            Operation::X509 {
                key,
                certificate,
                chain,
            } => cms.push((
                signer,
                CmsSigner {
                    key,
                    certificate,
                    chain,
                },
            )),
            Operation::OpenPgp(pair) => {
                let signing = OpenPgpSigning::begin((**pair).clone(), at);
                openpgp.push((signer, signing.map_err(|e| refused(signer, e.to_string()))?));
            }
        }
    }
    let mut hash = Sha256::new();
    for_each_piece(content, &mut |octets| {
        if !cms.is_empty() {
            hash.update(octets);
        }
        for (_, signing) in &mut openpgp {
            signing.update(octets);
        }
    })
    .map_err(SigningFault::Unreadable)?;

    let mut signatures = DetachedSignatures::default();
    let digest = hash.finish();
    let (mut infos, mut certificates) = (Vec::new(), Vec::new());
    for (signer, cms) in &cms {
        let fault = |e| refused(signer, openssl_reason(&e));
        infos.push(cms.sign(&digest, at).map_err(fault)?);
        certificates.extend(cms.certificates().map_err(fault)?);
    }
    if !infos.is_empty() {
        signatures.cms = Some(signed_data(infos, certificates));
    }
    for (signer, signing) in openpgp {
        let packet = signing.finish();
        let packet = packet.map_err(|e| refused(signer, e.to_string()))?;
        signatures.openpgp.get_or_insert_default().extend(packet);
    }
    Ok(signatures)
}

fn refused(signer: &SigningKey, reason: String) -> SigningFault {
    SigningFault::Refused {
        signer: signer.label().to_owned(),
        reason,
    }
}

/// Reads a content to its end, piece by piece.
pub(super) fn for_each_piece(
    content: &mut (impl Read + ?Sized),
    take: &mut dyn FnMut(&[u8]),
) -> io::Result<()> {
    let mut piece = vec![0; PIECE];
    loop {
        match content.read(&mut piece) {
            Ok(0) => return Ok(()),
            Ok(length) => take(piece.get(..length).unwrap_or_default()),
            Err(e) if e.kind() == ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
}
