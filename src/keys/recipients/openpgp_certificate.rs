//! Recipients from OpenPGP certificates.

use std::path::Path;
use std::time::SystemTime;

use openpgp::cert::amalgamation::ValidateAmalgamation;
use openpgp::cert::{Cert, CertParser, Preferences};
use openpgp::crypto::mpi;
use openpgp::packet::Signature;
use openpgp::parse::Parse;
use openpgp::policy::{AsymmetricAlgorithm, StandardPolicy};
use openpgp::types::{HashAlgorithm, RevocationStatus};
use sequoia_openpgp as openpgp;

use super::recipient::{CertificateKind, Recipient};
use super::refusal::Refusal;
use super::requirements::Requirements;
use crate::keys::mapping::{self, PublicKey, UnusableKey, algorithm_name};
use crate::keys::x509;

/// Returns the recipients of an OpenPGP certificate: its encryption keys that
/// meet the requirements, or all of them without requirements.
pub(super) fn recipients(
    bytes: &[u8],
    source: &Path,
    requirements: Option<&Requirements>,
) -> Result<Vec<Recipient>, Refusal> {
    // The parser goes on about its tokens.
    let malformed = |e: openpgp::anyhow::Error| {
        Refusal::Malformed(e.to_string().lines().next().unwrap_or_default().into())
    };
    let certs = CertParser::from_bytes(bytes)
        .and_then(Iterator::collect::<openpgp::Result<Vec<Cert>>>)
        .map_err(malformed)?;
    let [cert] = certs.as_slice() else {
        return Err(if certs.is_empty() {
            Refusal::NotACertificate(None)
        } else {
            Refusal::SeveralCertificates(certs.len())
        });
    };
    if cert.is_tsk() {
        return Err(Refusal::PrivateKey);
    }
    match requirements {
        Some(requirements) => valid(cert, source, requirements),
        None => Ok(of_any_age(cert, source)),
    }
}

/// Returns all encryption keys of a certificate, whatever its age, with the end
/// of their validity if the certificate states it.
pub(in crate::keys) fn of_any_age(cert: &Cert, source: &Path) -> Vec<Recipient> {
    // An old certificate's signatures may be older than today's policy.
    let policy = lenient_policy();
    let primary = cert.primary_key().with_policy(&policy, None);
    let primary_end = primary.ok().and_then(|key| key.key_expiration_time());
    cert.keys()
        .filter(|key| key.key().pk_algo().for_encryption())
        .map(|key| {
            let public = key.key().clone().role_into_unspecified();
            let valid = key.with_policy(&policy, None);
            let end = valid.ok().and_then(|key| key.key_expiration_time());
            recipient(public, cert, source).expiring(earlier(end, primary_end))
        })
        .collect()
}

fn recipient(key: PublicKey, cert: &Cert, source: &Path) -> Recipient {
    Recipient::new(key, source, CertificateKind::OpenPgp, label(cert))
        .of_certificate(cert.fingerprint().to_hex())
}

fn valid(
    cert: &Cert,
    source: &Path,
    requirements: &Requirements,
) -> Result<Vec<Recipient>, Refusal> {
    let at = requirements.at();
    let policy = StandardPolicy::new();
    let subject = label(cert);
    let until = cert.primary_key().key().creation_time();
    if at < until {
        return Err(Refusal::NotYetValid { subject, until });
    }
    // An old certificate that is too weak by now is reported as old.
    let lenient = lenient_policy();
    let primary = cert.primary_key().with_policy(&lenient, at);
    let expired = primary.ok().and_then(|key| key.key_expiration_time());
    if let Some(since) = expired.filter(|end| *end <= at) {
        return Err(Refusal::Expired { subject, since });
    }
    let refused = |signature: Option<&Signature>, e| {
        let weak = signature.and_then(|signature| weak_hash(signature.hash_algo()));
        let subject = subject.clone();
        // No signature by a key of an unknown kind can be checked.
        let primary = cert.primary_key().key().role_as_unspecified();
        if let Some(kind) = mapping::unsupported(primary) {
            return Refusal::Key {
                subject: Some(subject),
                fault: UnusableKey::Algorithm(kind),
            };
        }
        match weak {
            Some(hash) => Refusal::WeakSelfSignature {
                subject,
                fingerprint: cert.fingerprint().to_hex(),
                hash,
            },
            None => Refusal::Policy {
                subject,
                reason: innermost(&e),
            },
        }
    };
    let valid = cert.with_policy(&policy, at).map_err(|e| {
        let primary = cert.primary_key().with_policy(&lenient, at);
        refused(primary.ok().map(|key| key.binding_signature()), e)
    })?;
    if let RevocationStatus::Revoked(signatures) = valid.revocation_status() {
        let created = signatures
            .iter()
            .filter_map(|s| s.signature_creation_time());
        let since = created.min();
        return Err(Refusal::Revoked { subject, since });
    }
    let primary = valid.primary_key();
    if let Err(e) = valid.alive() {
        return Err(Refusal::Policy {
            subject,
            reason: innermost(&e),
        });
    }
    let features = valid.features();
    let mut recipients = Vec::new();
    let mut latest_expiry = None;
    for key in cert
        .keys()
        .with_policy(&lenient, at)
        .revoked(false)
        .for_storage_encryption()
        .for_transport_encryption()
    {
        if key.alive().is_err() {
            latest_expiry = latest_expiry.max(key.key_expiration_time());
            continue;
        }
        let public = key.key().clone().role_into_unspecified();
        check_usable(&public)
            .and_then(|()| requirements.check_strength(&public))
            .map_err(|fault| Refusal::Key {
                subject: Some(subject.clone()),
                fault: requirements.restate(fault),
            })?;
        let binding = key.binding_signature();
        key.clone()
            .with_policy(&policy, at)
            .map_err(|e| refused(Some(binding), e))?;
        let expires = earlier(key.key_expiration_time(), primary.key_expiration_time());
        let recipient = recipient(public, cert, source).expiring(expires);
        recipients.push(recipient.with_features(features.as_ref()));
    }
    if !recipients.is_empty() {
        return Ok(recipients);
    }
    Err(match (first_begin(cert, at), latest_expiry) {
        (Some(until), _) => Refusal::NotYetValid { subject, until },
        (None, Some(since)) => Refusal::Expired { subject, since },
        (None, None) => Refusal::NoEncryptionKey { subject },
    })
}

/// Returns the start of the first encryption key that is not yet valid.
fn first_begin(cert: &Cert, at: SystemTime) -> Option<SystemTime> {
    let keys = cert.keys().map(|key| key.key().role_as_unspecified());
    let encryption = keys.filter(|key| key.pk_algo().for_encryption());
    let begins = encryption.map(|key| key.creation_time());
    begins.filter(|begin| *begin > at).min()
}

/// Returns the earlier end of two, either of which may be missing.
fn earlier(a: Option<SystemTime>, b: Option<SystemTime>) -> Option<SystemTime> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

/// Returns the policy without its rules on algorithms. The iterators skip what
/// a policy doesn't accept; with this one, such keys are seen and refused.
pub(in crate::keys) fn lenient_policy() -> StandardPolicy<'static> {
    use AsymmetricAlgorithm as A;
    let mut policy = StandardPolicy::new();
    for algorithm in [
        A::RSA1024,
        A::ElGamal1024,
        A::ElGamal2048,
        A::ElGamal3072,
        A::ElGamal4096,
        A::Unknown,
    ] {
        policy.accept_asymmetric_algo(algorithm);
    }
    for (hash, _) in WEAK_HASHES {
        policy.accept_hash(hash);
    }
    policy
}

/// The hashes in which two inputs with the same value can be found, with their
/// names.
const WEAK_HASHES: [(HashAlgorithm, &str); 3] = [
    (HashAlgorithm::MD5, "MD5"),
    (HashAlgorithm::SHA1, "SHA-1"),
    (HashAlgorithm::RipeMD, "RIPEMD-160"),
];

/// Returns the name of a hash, if it is weak.
pub(in crate::keys) fn weak_hash(hash: HashAlgorithm) -> Option<&'static str> {
    let weak = WEAK_HASHES.iter().find(|(weak, _)| *weak == hash);
    weak.map(|(_, name)| *name)
}

/// Refuses a key that is meant for encryption but can't be used for it, rather
/// than leave it out: its owner may have no other.
fn check_usable(key: &PublicKey) -> Result<(), UnusableKey> {
    if !key.pk_algo().is_supported() || !key.pk_algo().for_encryption() {
        return Err(UnusableKey::Algorithm(key.pk_algo().to_string()));
    }
    if let mpi::PublicKey::ECDH { curve, .. } = key.mpis()
        && !curve.is_supported()
    {
        return Err(UnusableKey::Algorithm(algorithm_name(key)));
    }
    mapping::check_strength(key)
}

pub(in crate::keys) fn label(cert: &Cert) -> String {
    cert.userids().next().map_or_else(
        || cert.fingerprint().to_hex(),
        |uid| x509::shortened(String::from_utf8_lossy(uid.userid().value()).into_owned()),
    )
}

/// Returns the innermost cause of sequoia's error chain: the outer ones repeat
/// it.
pub(in crate::keys) fn innermost(e: &openpgp::anyhow::Error) -> String {
    e.root_cause().to_string()
}
