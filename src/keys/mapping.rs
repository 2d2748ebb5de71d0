//! X.509 and bare PEM keys as OpenPGP keys.
//!
//! The OpenPGP key is of version 4 with creation time 0, so that its
//! fingerprint depends on the key material alone. So the private PEM file finds
//! its messages without the certificate, and renewing a certificate over the
//! same key changes nothing.

use std::time::UNIX_EPOCH;

use openpgp::crypto::mpi;
use openpgp::packet::Key;
use openpgp::packet::key::{Key4, PublicParts, SecretParts, UnspecifiedRole};
use openpgp::types::{Curve, HashAlgorithm, PublicKeyAlgorithm, SymmetricAlgorithm};
use openssl::asn1::Asn1Object;
use openssl::bn::{BigNum, BigNumContext};
use openssl::ec::{EcGroup, EcKey, EcKeyRef, EcPoint, PointConversionForm};
use openssl::error::ErrorStack;
use openssl::nid::Nid;
use openssl::pkey::{HasPublic, Id, PKeyRef, Private, Public};
use openssl::rsa::Rsa;
use openssl::sha::sha1;
use sequoia_openpgp as openpgp;
use thiserror::Error;

use crate::keys::{SubjectKeyId, openssl_reason};

/// A public OpenPGP key, whether primary key or subkey.
pub(crate) type PublicKey = Key<PublicParts, UnspecifiedRole>;

/// The RSA modulus sizes that can be sealed to, in bits. Smaller keys can be
/// broken, and OpenSSL refuses larger ones.
pub(super) const RSA_BITS: std::ops::RangeInclusive<u32> = 2048..=16384;

/// The largest RSA public exponent, in bits. If the modulus is large, OpenSSL
/// refuses keys above it.
const MAX_EXPONENT_BITS: usize = 64;

/// The RSA modulus sizes that can open old messages, in bits.
const OPENING_RSA_BITS: std::ops::RangeInclusive<u32> = 1024..=*RSA_BITS.end();

/// The curves that can receive messages, with the names of OpenPGP and OpenSSL,
/// and the default hash and cipher of ECDH
/// ([RFC 9580, section 11.5.1](https://www.rfc-editor.org/rfc/rfc9580#section-11.5.1),
/// table 30).
const CURVES: [(Curve, Nid, HashAlgorithm, SymmetricAlgorithm); 6] = {
    use HashAlgorithm::{SHA256, SHA384, SHA512};
    use SymmetricAlgorithm::{AES128, AES192, AES256};
    [
        (Curve::NistP256, Nid::X9_62_PRIME256V1, SHA256, AES128),
        (Curve::NistP384, Nid::SECP384R1, SHA384, AES192),
        (Curve::NistP521, Nid::SECP521R1, SHA512, AES256),
        (Curve::BrainpoolP256, Nid::BRAINPOOL_P256R1, SHA256, AES128),
        (Curve::BrainpoolP384, Nid::BRAINPOOL_P384R1, SHA384, AES192),
        (Curve::BrainpoolP512, Nid::BRAINPOOL_P512R1, SHA512, AES256),
    ]
};

/// Why a key can't receive messages. The text completes a sentence that begins
/// with the certificate.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum UnusableKey {
    /// An RSA key that is too small, or larger than 16,384 bits.
    #[error("has an RSA key of {bits} bits, and at least {least} (at most 16384) are needed")]
    RsaSize {
        /// The size of the modulus.
        bits: u32,
        /// The least size that is needed.
        least: u32,
    },
    /// An RSA public exponent that is 1, even, or above 64 bits.
    #[error("has an RSA key with an unusable public exponent")]
    RsaExponent,
    /// An RSA modulus that is even, and so not a product of two large primes.
    #[error("has an RSA key with an unusable modulus")]
    RsaModulus,
    /// A kind of key that can't receive messages here.
    #[error("has {}, which callseal doesn't support", a_key(.0))]
    Algorithm(String),
    /// The key can't be decoded.
    #[error("has a key that can't be decoded: {0}")]
    Malformed(String),
}

/// Converts an RSA or EC public key to an OpenPGP key.
///
/// # Errors
///
/// Keys of other kinds, and RSA keys of unsuitable size, are refused by name.
pub(crate) fn public_key<T: HasPublic>(key: &PKeyRef<T>) -> Result<PublicKey, UnusableKey> {
    let (algorithm, mpis) = match key.id() {
        Id::RSA => {
            let rsa = key.rsa().map_err(malformed)?;
            let (e, n) = (rsa.e().to_vec(), rsa.n().to_vec());
            let mpis = mpi::PublicKey::RSA {
                e: e.into(),
                n: n.into(),
            };
            (PublicKeyAlgorithm::RSAEncryptSign, mpis)
        }
        Id::EC => (
            PublicKeyAlgorithm::ECDH,
            ecdh(key.ec_key().map_err(malformed)?.as_ref())?,
        ),
        id => return Err(UnusableKey::Algorithm(kind_name(id))),
    };
    let key = Key4::new(UNIX_EPOCH, algorithm, mpis)
        .map_err(|e| UnusableKey::Malformed(e.to_string()))?
        .into();
    check_strength(&key)?;
    Ok(key)
}

/// Returns the identifier that most issuers give to a certificate over the key:
/// the SHA-1 of the key's bits (RFC 5280, section 4.2.1.2, method 1). So a key
/// without its certificate finds its messages.
pub(crate) fn subject_key_id(key: &PublicKey) -> Option<SubjectKeyId> {
    let bits = match key.mpis() {
        mpi::PublicKey::RSA { e, n } => {
            let n = BigNum::from_slice(n.value()).ok()?;
            let e = BigNum::from_slice(e.value()).ok()?;
            let key = Rsa::from_public_components(n, e).ok()?;
            key.public_key_to_der_pkcs1().ok()?
        }
        mpi::PublicKey::ECDH { q, .. } => q.value().to_vec(),
        _ => return None,
    };
    Some(SubjectKeyId::new(&sha1(&bits)))
}

/// Refuses RSA keys that are degenerate, too large, or too small even to open
/// old messages. Keys to seal to also have to meet the requirements.
pub(crate) fn check_strength(key: &PublicKey) -> Result<(), UnusableKey> {
    if let (mpi::PublicKey::RSA { e, n }, Some(bits)) = (key.mpis(), rsa_bits(key)) {
        if !OPENING_RSA_BITS.contains(&bits) {
            let least = *OPENING_RSA_BITS.start();
            return Err(UnusableKey::RsaSize { bits, least });
        }
        let is_even = |number: &mpi::MPI| number.value().last().is_none_or(|octet| octet % 2 == 0);
        // With the exponent 1 the "ciphertext" is the padded session key itself.
        if is_even(e) || e.bits() < 2 || e.bits() > MAX_EXPONENT_BITS {
            return Err(UnusableKey::RsaExponent);
        }
        if is_even(n) {
            return Err(UnusableKey::RsaModulus);
        }
    }
    Ok(())
}

/// Returns the size of an RSA key's modulus, in bits.
pub(super) fn rsa_bits(key: &PublicKey) -> Option<u32> {
    match key.mpis() {
        mpi::PublicKey::RSA { n, .. } => Some(u32::try_from(n.bits()).unwrap_or(u32::MAX)),
        _ => None,
    }
}

/// Returns algorithm and size or curve of an OpenPGP key.
pub(crate) fn algorithm_name(key: &PublicKey) -> String {
    match key.mpis() {
        mpi::PublicKey::RSA { n, .. } => format!("RSA {}", n.bits()),
        mpi::PublicKey::ECDH { curve, .. } => format!("ECDH {}", curve_name(curve)),
        mpi::PublicKey::ECDSA { curve, .. } => format!("ECDSA {}", curve_name(curve)),
        _ => algorithm_label(key.pk_algo()),
    }
}

/// Returns the name of a curve, which OpenSSL may know better than sequoia.
fn curve_name(curve: &Curve) -> String {
    let text = curve.to_string();
    let dotted = text.strip_prefix("Unknown curve ");
    dotted.and_then(openssl_name).unwrap_or(text)
}

/// Returns OpenSSL's short name for an object identifier.
fn openssl_name(dotted: &str) -> Option<String> {
    let nid = Asn1Object::from_str(dotted).ok()?.nid();
    let name = nid.short_name().ok().filter(|_| nid != Nid::UNDEF)?;
    Some(name.to_owned())
}

/// Returns the name of an algorithm, as people know it.
pub(crate) fn algorithm_label(algorithm: PublicKeyAlgorithm) -> String {
    #[expect(deprecated, reason = "old keys have it")]
    match algorithm {
        PublicKeyAlgorithm::ElGamalEncrypt | PublicKeyAlgorithm::ElGamalEncryptSign => {
            "ElGamal".into()
        }
        PublicKeyAlgorithm::Private(id) | PublicKeyAlgorithm::Unknown(id) => {
            format!("algorithm {id}")
        }
        other => other.to_string(),
    }
}

/// Returns the algorithm of a key that opens nothing here, by its name.
pub(crate) fn unsupported(key: &PublicKey) -> Option<String> {
    let is_supported = match key.mpis() {
        mpi::PublicKey::ECDH { curve, .. } | mpi::PublicKey::ECDSA { curve, .. } => {
            !matches!(curve, Curve::Unknown(_)) && curve.is_supported()
        }
        _ => key.pk_algo().is_supported(),
    };
    (!is_supported).then(|| algorithm_name(key))
}

/// Returns the EC key as OpenPGP secret key material, for decryption with it.
pub(crate) fn ecdh_secret(
    key: &EcKey<Private>,
    public: &PublicKey,
) -> openpgp::Result<Key<SecretParts, UnspecifiedRole>> {
    let scalar = mpi::SecretKeyMaterial::ECDH {
        scalar: key.private_key().to_vec().into(),
    };
    let (public, _) = public.clone().add_secret(scalar.into());
    Ok(public)
}

/// Returns the OpenSSL key of OpenPGP RSA secret key material, with its CRT
/// values.
pub(crate) fn rsa_from_mpis(
    public: &PublicKey,
    secret: &mpi::SecretKeyMaterial,
) -> openpgp::Result<Option<Rsa<Private>>> {
    let (mpi::PublicKey::RSA { e, n }, mpi::SecretKeyMaterial::RSA { d, p, q, .. }) =
        (public.mpis(), secret)
    else {
        return Ok(None);
    };
    let number = |bytes: &[u8]| BigNum::from_slice(bytes);
    let (n, e) = (number(n.value())?, number(e.value())?);
    let (d, p, q) = (number(d.value())?, number(p.value())?, number(q.value())?);
    Ok(Some(rsa_from_primes(n, e, d, p, q)?))
}

/// Returns an RSA key with its CRT values, which follow from the rest.
pub(super) fn rsa_from_primes(
    n: BigNum,
    e: BigNum,
    d: BigNum,
    p: BigNum,
    q: BigNum,
) -> Result<Rsa<Private>, ErrorStack> {
    let mut context = BigNumContext::new_secure()?;
    let mut reduced = |prime: &BigNum| {
        let (mut less_one, mut exponent) = (BigNum::new_secure()?, BigNum::new_secure()?);
        less_one.checked_sub(prime, &*BigNum::from_u32(1)?)?;
        exponent.nnmod(&d, &less_one, &mut context)?;
        Ok::<_, ErrorStack>(exponent)
    };
    let (dmp1, dmq1) = (reduced(&p)?, reduced(&q)?);
    // OpenPGP has the inverse of p modulo q; OpenSSL wants that of q modulo p.
    let mut iqmp = BigNum::new_secure()?;
    iqmp.mod_inverse(&q, &p, &mut context)?;
    Rsa::from_private_components(n, e, d, p, q, dmp1, dmq1, iqmp)
}

/// Returns the OpenSSL key of an ECDH key, if it's on one of the [`CURVES`].
pub(crate) fn ec_from_mpis(public: &PublicKey) -> Result<Option<EcKey<Public>>, ErrorStack> {
    let mpi::PublicKey::ECDH { curve, q, .. } = public.mpis() else {
        return Ok(None);
    };
    let Some((_, nid, ..)) = CURVES.iter().find(|(known, ..)| known == curve) else {
        return Ok(None);
    };
    let group = EcGroup::from_curve_name(*nid)?;
    let point = EcPoint::from_bytes(&group, q.value(), &mut *BigNumContext::new()?)?;
    EcKey::from_public_key(&group, &point).map(Some)
}

/// Returns the OpenSSL key of OpenPGP ECDH secret key material, if it's on one
/// of the [`CURVES`].
pub(crate) fn ec_secret_from_mpis(
    public: &PublicKey,
    secret: &mpi::SecretKeyMaterial,
) -> openpgp::Result<Option<EcKey<Private>>> {
    let mpi::SecretKeyMaterial::ECDH { scalar } = secret else {
        return Ok(None);
    };
    let Some(public) = ec_from_mpis(public)? else {
        return Ok(None);
    };
    let mut number = BigNum::new_secure()?;
    number.copy_from_slice(scalar.value())?;
    let key = EcKey::from_private_components(public.group(), &number, public.public_key())?;
    Ok(Some(key))
}

/// Converts an OpenSSL RSA key to OpenPGP secret key material.
pub(crate) fn rsa_to_mpis(key: &Rsa<Private>) -> openpgp::Result<mpi::SecretKeyMaterial> {
    let (Some(a), Some(b)) = (key.p(), key.q()) else {
        return Err(openpgp::Error::InvalidArgument("RSA key without its primes".into()).into());
    };
    // RFC 9580, section 5.5.5.1: p is the smaller prime, u its inverse modulo q.
    let (p, q) = if a < b { (a, b) } else { (b, a) };
    let mut context = BigNumContext::new_secure()?;
    let mut product = BigNum::new()?;
    product.checked_mul(p, q, &mut context)?;
    if product != *key.n() {
        let what = "RSA key of more than two primes";
        return Err(openpgp::Error::InvalidArgument(what.into()).into());
    }
    let mut u = BigNum::new_secure()?;
    u.mod_inverse(p, q, &mut context)?;
    Ok(mpi::SecretKeyMaterial::RSA {
        d: key.d().to_vec().into(),
        p: p.to_vec().into(),
        q: q.to_vec().into(),
        u: u.to_vec().into(),
    })
}

/// Returns an EC key with the curve's default parameters.
fn ecdh(key: &EcKeyRef<impl HasPublic>) -> Result<mpi::PublicKey, UnusableKey> {
    let nid = key.group().curve_name();
    let known = CURVES.iter().find(|(_, curve, ..)| Some(*curve) == nid);
    let (curve, _, hash, sym) = known.ok_or_else(|| {
        let name = nid.and_then(|nid| nid.short_name().ok());
        let name = name.unwrap_or("explicit parameters");
        UnusableKey::Algorithm(format!("EC {name}"))
    })?;
    Ok(mpi::PublicKey::ECDH {
        curve: curve.clone(),
        q: mpi::MPI::new(&point(key)?),
        hash: *hash,
        sym: *sym,
    })
}

/// Returns the public point, uncompressed.
pub(crate) fn point(key: &EcKeyRef<impl HasPublic>) -> Result<Vec<u8>, UnusableKey> {
    key.check_key().map_err(malformed)?;
    let mut context = BigNumContext::new().map_err(malformed)?;
    key.public_key()
        .to_bytes(key.group(), PointConversionForm::UNCOMPRESSED, &mut context)
        .map_err(malformed)
}

fn malformed(e: ErrorStack) -> UnusableKey {
    UnusableKey::Malformed(openssl_reason(&e))
}

fn kind_name(id: Id) -> String {
    let name = match id {
        Id::ED25519 => "Ed25519",
        Id::ED448 => "Ed448",
        Id::DSA => "DSA",
        Id::DH => "DH",
        Id::RSA_PSS => "RSA-PSS",
        _ => Nid::from_raw(id.as_raw()).long_name().unwrap_or("unknown"),
    };
    name.to_owned()
}

/// Returns the name of a kind of key with its article, as it is spoken.
fn a_key(kind: &str) -> String {
    match kind.starts_with(['A', 'E', 'M', 'R', 'S', 'X', 'u']) {
        true => format!("an {kind} key"),
        false => format!("a {kind} key"),
    }
}
