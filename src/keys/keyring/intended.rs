//! The fingerprints by which a signed message says whom it is for.

use std::time::UNIX_EPOCH;

use openpgp::crypto::mpi;
use openpgp::packet::Key;
use openpgp::packet::key::{Key4, PrimaryRole, PublicParts};
use openpgp::types::PublicKeyAlgorithm;
use sequoia_openpgp as openpgp;

use super::{Identity, Keyring};
use crate::keys::{CertificateKind, Fingerprint, KeyHandle};

impl Keyring {
    /// Returns the fingerprints by which a signature may name the owner of a
    /// key: that of the key itself, and those of the OpenPGP certificates next
    /// to it or exported for it that it is part of. Without a key, those of all
    /// keys.
    pub(crate) fn intended_as(&self, key: Option<&Fingerprint>) -> Vec<Fingerprint> {
        let mut found = Vec::new();
        for identity in self.identities() {
            let Some(own) = fingerprint(identity) else {
                continue;
            };
            if key.is_some_and(|key| *key != own) {
                continue;
            }
            for certificate in identity.all_certificates() {
                let is_of_key = certificate.kind() == CertificateKind::OpenPgp
                    && *certificate.fingerprint() == own;
                let primary = certificate.certificate_fingerprint();
                if is_of_key
                    && let Some(KeyHandle::Fingerprint(primary)) =
                        primary.and_then(KeyHandle::parse)
                {
                    found.push(primary);
                }
            }
            found.extend(exported_as(identity));
            found.push(own);
        }
        found
    }
}

/// Returns the fingerprint of the primary key that the OpenPGP certificate for a
/// PEM or DER key has, if it is another one: of the same point on its curve,
/// for signatures.
fn exported_as(identity: &Identity) -> Option<Fingerprint> {
    let key = identity.opened().filter(|_| !identity.is_openpgp())?;
    let mpi::PublicKey::ECDH { curve, q, .. } = key.public().mpis() else {
        return None;
    };
    let (curve, q) = (curve.clone(), q.clone());
    let mpis = mpi::PublicKey::ECDSA { curve, q };
    let primary = Key4::new(UNIX_EPOCH, PublicKeyAlgorithm::ECDSA, mpis).ok()?;
    let primary: Key<PublicParts, PrimaryRole> = primary.into();
    Some(Fingerprint::of(primary.fingerprint()))
}

/// Returns the fingerprint of a key, rather than of the certificate next to it.
fn fingerprint(identity: &Identity) -> Option<Fingerprint> {
    match identity.opened() {
        Some(key) => Some(Fingerprint::of(key.public().fingerprint())),
        None => identity.fingerprint().cloned(),
    }
}
