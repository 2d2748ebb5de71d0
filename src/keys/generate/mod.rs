//! New key pairs: the private key, and the public parts for others.

mod openpgp;
mod pkcs8;
mod subject;
mod x509;

use openssl::ec::{EcGroup, EcKey};
use openssl::error::ErrorStack;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::rsa::Rsa;
use thiserror::Error;
use zeroize::Zeroizing;

use crate::keys::openssl_reason;
use crate::keys::passphrase::NewPassphrase;

pub use openpgp::OpenPgpKey;
pub use subject::{Attribute, Subject, SubjectError, SubjectFault, UserId};

/// A kind of key that callseal makes X.509 certificates for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyKind(Kind);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Rsa { bits: u32 },
    Ec(Nid),
}

impl KeyKind {
    /// The NIST curve P-256.
    pub const P256: Self = Self(Kind::Ec(Nid::X9_62_PRIME256V1));
    /// The NIST curve P-384.
    pub const P384: Self = Self(Kind::Ec(Nid::SECP384R1));
    /// The NIST curve P-521.
    pub const P521: Self = Self(Kind::Ec(Nid::SECP521R1));

    /// RSA with a modulus of 2,048 to 16,384 bits, a multiple of 8.
    ///
    /// # Errors
    ///
    /// Any other size.
    pub fn rsa(bits: u32) -> Result<Self, RsaSizeError> {
        if (2048..=16384).contains(&bits) && bits.is_multiple_of(8) {
            Ok(Self(Kind::Rsa { bits }))
        } else {
            Err(RsaSizeError)
        }
    }
}

/// RSA with 3,072 bits.
impl Default for KeyKind {
    fn default() -> Self {
        Self(Kind::Rsa { bits: 3072 })
    }
}

/// What a key pair is for: keys that open don't sign.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KeyPurpose {
    /// A recipient opens what is sealed to it.
    #[default]
    Open,
    /// A signer signs.
    Sign,
}

/// The error for an RSA key size that isn't supported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("an RSA key has 2048 to 16384 bits, and a multiple of 8")]
pub struct RsaSizeError;

/// Why no key could be made.
#[derive(Debug, Error)]
#[error("no key can be made: {0}")]
pub struct GenerateError(String);

/// Makes something by OpenSSL.
fn by_openssl<T>(make: impl FnOnce() -> Result<T, ErrorStack>) -> Result<T, GenerateError> {
    make().map_err(|e| GenerateError(openssl_reason(&e)))
}

/// A new key pair.
pub struct NewKey {
    kind: Kind,
    purpose: KeyPurpose,
    key: PKey<Private>,
}

impl NewKey {
    /// Makes a key pair. Large RSA keys take their time: a second for 4,096
    /// bits, minutes for 16,384.
    ///
    /// # Errors
    ///
    /// OpenSSL fails, for example without random numbers.
    pub fn generate(KeyKind(kind): KeyKind, purpose: KeyPurpose) -> Result<Self, GenerateError> {
        let key = by_openssl(|| match kind {
            Kind::Rsa { bits } => PKey::from_rsa(Rsa::generate(bits)?),
            Kind::Ec(curve) => {
                let group = EcGroup::from_curve_name(curve)?;
                PKey::from_ec_key(EcKey::generate(&group)?)
            }
        })?;
        Ok(Self { kind, purpose, key })
    }

    /// Returns the private key as PEM (PKCS#8), locked if a passphrase is
    /// given.
    ///
    /// # Errors
    ///
    /// OpenSSL fails.
    pub fn private_pem(
        &self,
        passphrase: Option<&NewPassphrase>,
    ) -> Result<Zeroizing<Vec<u8>>, GenerateError> {
        by_openssl(|| match passphrase {
            None => Ok(Zeroizing::new(self.key.private_key_to_pem_pkcs8()?)),
            Some(passphrase) => {
                let key = Zeroizing::new(self.key.private_key_to_pkcs8()?);
                pkcs8::lock(&key, passphrase)
            }
        })
    }

    /// Returns the public key as PEM (SubjectPublicKeyInfo).
    ///
    /// # Errors
    ///
    /// OpenSSL fails.
    pub fn public_pem(&self) -> Result<Vec<u8>, GenerateError> {
        by_openssl(|| self.key.public_key_to_pem())
    }
}

impl std::fmt::Debug for NewKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewKey")
            .field("kind", &self.kind)
            .field("purpose", &self.purpose)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rsa_keys_have_a_sensible_size() {
        for bits in [2048, 3072, 4096, 2056, 16384] {
            assert!(KeyKind::rsa(bits).is_ok(), "{bits}");
        }
        for bits in [0, 1024, 2047, 2040, 2049, 3070, 16385, 16392, u32::MAX] {
            assert!(KeyKind::rsa(bits).is_err(), "{bits}");
        }
    }
}
