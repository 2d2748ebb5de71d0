//! Signing keys of OpenPGP.

use std::path::Path;
use std::time::SystemTime;

use openpgp::Cert;
use sequoia_openpgp as openpgp;

use super::fitness;
use super::key::{Operation, SigningKey, SigningKeyFault};
use crate::keys::keyring::openpgp_certs;
use crate::keys::mapping::PublicKey;
use crate::keys::recipients::openpgp_label;
use crate::keys::{FileKind, Fingerprint, Identity, KeyFault, KeyHandle, Passphrases};

/// Loads the signing key of the OpenPGP key in these bytes. If it has several,
/// it's the newest one that is in the file.
pub(super) fn load(
    bytes: &[u8],
    path: &Path,
    exposed: bool,
    passphrases: &dyn Passphrases,
    at: SystemTime,
) -> Result<SigningKey, SigningKeyFault> {
    let no_key = || KeyFault::NoPrivateKey(FileKind::of(bytes));
    let mut certs = openpgp_certs(bytes).map_err(|_| no_key())?;
    let (Some(cert), several) = (certs.pop(), certs.len()) else {
        return Err(no_key().into());
    };
    if several > 0 {
        return Err(SigningKeyFault::SeveralKeys(several + 1));
    }
    if !cert.is_tsk() {
        return Err(no_key().into());
    }
    let label = openpgp_label(&cert);
    let mut keys = fitness::signing_keys(&cert, at).map_err(|unfit| unfit.of_key(label.clone()))?;
    keys.sort_by_key(|key| key.creation_time());

    let mut fault = KeyFault::NoPrivateKey(None);
    for key in keys.iter().rev() {
        let is_it = |other: &PublicKey| other.fingerprint() == key.fingerprint();
        let identity = match Identity::of_cert(cert.clone(), path, exposed, &is_it) {
            Ok(mut found) => found.pop(),
            Err(KeyFault::NoPrivateKey(_)) => None,
            Err(other) => {
                fault = other;
                None
            }
        };
        let Some(identity) = identity else { continue };
        let secret = identity.unlock(passphrases)?;
        let unusable = |e: openpgp::anyhow::Error| KeyFault::Unusable(e.to_string());
        let pair = secret.key_pair().map_err(unusable)?;
        return Ok(SigningKey {
            source: path.to_owned(),
            label,
            fingerprint: cert.fingerprint().to_hex(),
            exposed,
            handles: handles(&cert),
            operation: Operation::OpenPgp(Box::new(pair)),
        });
    }
    Err(match fault {
        // The primary key alone may be here, or the signing key elsewhere.
        KeyFault::NoPrivateKey(_) => KeyFault::Elsewhere,
        other => other,
    }
    .into())
}

/// Returns how messages may name the keys of a certificate.
pub(super) fn handles(cert: &Cert) -> Vec<KeyHandle> {
    let keys = cert.keys();
    let keys = keys.map(|key| Fingerprint::of(key.key().fingerprint()));
    keys.map(KeyHandle::Fingerprint).collect()
}
