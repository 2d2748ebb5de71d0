//! Whether a certificate is fit to sign, at a time.

use std::time::SystemTime;

use openpgp::Cert;
use openpgp::cert::amalgamation::{ValidAmalgamation, ValidateAmalgamation};
use openpgp::packet::Signature;
use openpgp::policy::StandardPolicy;
use openpgp::types::RevocationStatus;
use openssl::x509::X509Ref;
use sequoia_openpgp as openpgp;

use super::{SignatureFault, SigningKeyFault};
use crate::keys::mapping::{self, PublicKey, RSA_BITS, UnusableKey, rsa_bits};
use crate::keys::recipients::{innermost, lenient_policy};
use crate::keys::{ChainFault, openssl_reason, x509};

/// Why a certificate isn't fit to sign.
pub(super) enum Unfit {
    Malformed(String),
    Expired { since: SystemTime },
    NotYetValid { until: SystemTime },
    Revoked { since: Option<SystemTime> },
    Usage(&'static str),
    Key(UnusableKey),
    NoSigningKey,
    Policy(String),
    Chain(ChainFault),
}

impl Unfit {
    /// Returns why the key of the certificate doesn't sign.
    pub fn of_key(self, subject: String) -> SigningKeyFault {
        match self {
            Self::Malformed(reason) => SigningKeyFault::Malformed(reason),
            Self::Expired { since } => SigningKeyFault::Expired { subject, since },
            Self::NotYetValid { until } => SigningKeyFault::NotYetValid { subject, until },
            Self::Revoked { since } => SigningKeyFault::Revoked { subject, since },
            Self::Usage(lacks) => SigningKeyFault::Usage { subject, lacks },
            Self::Key(fault) => SigningKeyFault::Unfit { subject, fault },
            Self::NoSigningKey => SigningKeyFault::NoSigningKey { subject },
            Self::Policy(reason) => SigningKeyFault::Policy { subject, reason },
            Self::Chain(fault) => SigningKeyFault::Chain { subject, fault },
        }
    }
}

/// Why a signature by the certificate doesn't hold.
impl From<Unfit> for SignatureFault {
    fn from(unfit: Unfit) -> Self {
        match unfit {
            Unfit::Malformed(reason) => Self::Key(UnusableKey::Malformed(reason)),
            Unfit::Expired { since } => Self::Expired { since },
            Unfit::NotYetValid { until } => Self::NotYetValid { until },
            Unfit::Revoked { since } => Self::Revoked { since },
            Unfit::Usage(lacks) => Self::Usage(lacks),
            Unfit::Key(fault) => Self::Key(fault),
            Unfit::NoSigningKey => Self::Usage("its key is not a signing key"),
            Unfit::Policy(reason) => Self::Policy(reason),
            Unfit::Chain(fault) => Self::Chain(fault),
        }
    }
}

/// Checks that an X.509 certificate, whose chain is another matter, is fit to
/// sign. Returns its key as messages name it.
pub(super) fn x509(certificate: &X509Ref, at: SystemTime) -> Result<PublicKey, Unfit> {
    let (begin, end) =
        x509::validity(certificate).map_err(|undated| Unfit::Malformed(undated.to_string()))?;
    if at < begin {
        return Err(Unfit::NotYetValid { until: begin });
    }
    if let Some(since) = end.filter(|end| *end < at) {
        return Err(Unfit::Expired { since });
    }
    let key = x509_key(certificate)?;
    match x509::unfit_for_signatures(certificate) {
        Some(lacks) => Err(Unfit::Usage(lacks)),
        None => Ok(key),
    }
}

/// Returns the key of an X.509 certificate, as messages name it, if it is
/// strong enough to sign.
pub(super) fn x509_key(certificate: &X509Ref) -> Result<PublicKey, Unfit> {
    let key = certificate.public_key();
    let key = key.map_err(|e| Unfit::Key(UnusableKey::Malformed(openssl_reason(&e))))?;
    let key = mapping::public_key(&key).map_err(Unfit::Key)?;
    check_strength(&key)?;
    Ok(key)
}

fn check_strength(key: &PublicKey) -> Result<(), Unfit> {
    let least = *RSA_BITS.start();
    match rsa_bits(key) {
        Some(bits) if bits < least => Err(Unfit::Key(UnusableKey::RsaSize { bits, least })),
        _ => mapping::check_strength(key).map_err(Unfit::Key),
    }
}

/// Returns the valid signing keys of an OpenPGP certificate, at least one.
pub(super) fn signing_keys(cert: &Cert, at: SystemTime) -> Result<Vec<PublicKey>, Unfit> {
    check_cert(cert, at)?;
    let mut fit = Vec::new();
    let mut unfit = Unfit::NoSigningKey;
    let keys = cert.keys().map(|key| key.key().clone());
    for key in keys.map(|key| key.role_into_unspecified()) {
        match check_signing_key(cert, &key, at) {
            Ok(()) => fit.push(key),
            Err(Unfit::NoSigningKey) => {}
            Err(other) => unfit = other,
        }
    }
    match fit.is_empty() {
        true => Err(unfit),
        false => Ok(fit),
    }
}

/// Checks that a key of an OpenPGP certificate is valid for signatures.
pub(super) fn openpgp(cert: &Cert, key: &PublicKey, at: SystemTime) -> Result<(), Unfit> {
    check_cert(cert, at)?;
    check_signing_key(cert, key, at)
}

fn check_cert(cert: &Cert, at: SystemTime) -> Result<(), Unfit> {
    let until = cert.primary_key().key().creation_time();
    if at < until {
        return Err(Unfit::NotYetValid { until });
    }
    // An old certificate that is too weak by now is reported as old.
    let lenient = lenient_policy();
    let primary = cert.primary_key().with_policy(&lenient, at);
    let end = primary.ok().and_then(|key| key.key_expiration_time());
    if let Some(since) = end.filter(|end| *end <= at) {
        return Err(Unfit::Expired { since });
    }
    let policy = StandardPolicy::new();
    let refused = |e| Unfit::Policy(innermost(&e));
    let valid = cert.with_policy(&policy, at).map_err(refused)?;
    if let RevocationStatus::Revoked(signatures) = valid.revocation_status() {
        let since = first(&signatures);
        return Err(Unfit::Revoked { since });
    }
    valid.alive().map_err(refused)
}

fn check_signing_key(cert: &Cert, key: &PublicKey, at: SystemTime) -> Result<(), Unfit> {
    let mut keys = cert.keys();
    let found = keys.find(|found| found.key().fingerprint() == key.fingerprint());
    let found = found.ok_or(Unfit::NoSigningKey)?;
    if !key.pk_algo().for_signing() {
        return Err(Unfit::NoSigningKey);
    }
    let until = key.creation_time();
    if at < until {
        return Err(Unfit::NotYetValid { until });
    }
    let policy = StandardPolicy::new();
    let found = found
        .with_policy(&policy, at)
        .map_err(|e| Unfit::Policy(innermost(&e)))?;
    if !found.for_signing() {
        return Err(Unfit::NoSigningKey);
    }
    if let RevocationStatus::Revoked(signatures) = found.revocation_status() {
        let since = first(&signatures);
        return Err(Unfit::Revoked { since });
    }
    if let Some(since) = found.key_expiration_time().filter(|end| *end <= at) {
        return Err(Unfit::Expired { since });
    }
    found.alive().map_err(|e| Unfit::Policy(innermost(&e)))?;
    if let Some(kind) = mapping::unsupported(key) {
        return Err(Unfit::Key(UnusableKey::Algorithm(kind)));
    }
    check_strength(key)
}

/// Refuses a key that is revoked at a time, or whose certificate is, for whatever
/// reason.
pub(super) fn not_revoked(cert: &Cert, key: &PublicKey, at: SystemTime) -> Result<(), Unfit> {
    let policy = StandardPolicy::new();
    // The primary key is revoked with its certificate.
    let mut subkeys = cert.keys().subkeys();
    let found = subkeys.find(|found| found.key().fingerprint() == key.fingerprint());
    let of_key = found.as_ref();
    let of_key = of_key.map(|found| found.revocation_status(&policy, at));
    let of_cert = cert.revocation_status(&policy, at);
    for status in of_key.into_iter().chain([of_cert]) {
        if let RevocationStatus::Revoked(signatures) = status {
            let since = first(&signatures);
            return Err(Unfit::Revoked { since });
        }
    }
    Ok(())
}

/// Returns the time of the first of some revocations.
fn first(revocations: &[&Signature]) -> Option<SystemTime> {
    let created = revocations
        .iter()
        .filter_map(|s| s.signature_creation_time());
    created.min()
}
