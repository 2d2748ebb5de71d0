//! What a certificate must meet to be sealed to.

use std::time::SystemTime;

use crate::keys::mapping::{PublicKey, RSA_BITS, UnusableKey, rsa_bits};
use crate::keys::trust::{CaBundle, TrustError, Verifier};

/// The least size of an RSA modulus, in bits: 2,048 to 16,384.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MinRsaBits(u32);

impl MinRsaBits {
    /// That many bits, unless they are out of range.
    pub fn new(bits: u32) -> Option<Self> {
        RSA_BITS.contains(&bits).then_some(Self(bits))
    }

    /// The number of bits.
    pub fn bits(self) -> u32 {
        self.0
    }
}

impl Default for MinRsaBits {
    fn default() -> Self {
        Self(*RSA_BITS.start())
    }
}

/// What a certificate must meet to be sealed to, and when.
#[derive(Debug)]
pub struct Requirements {
    at: SystemTime,
    min_rsa_bits: MinRsaBits,
    ca: Option<(CaBundle, Verifier)>,
}

impl Requirements {
    /// What any certificate must meet that is listed by an administrator: to
    /// be valid at the time `at`, with a key that is strong enough and meant
    /// for encryption.
    pub fn listed(at: SystemTime) -> Self {
        Self {
            at,
            min_rsa_bits: MinRsaBits::default(),
            ca: None,
        }
    }

    /// With larger RSA keys required.
    pub fn with_min_rsa_bits(self, min_rsa_bits: MinRsaBits) -> Self {
        Self {
            min_rsa_bits,
            ..self
        }
    }

    /// With X.509 certificates required to chain to a CA.
    ///
    /// # Errors
    ///
    /// OpenSSL can't read a CRL of the bundle.
    pub fn with_ca(self, bundle: &CaBundle) -> Result<Self, TrustError> {
        Ok(Self {
            ca: Some((bundle.clone(), bundle.verifier(self.at)?)),
            ..self
        })
    }

    /// The same at a later time, when there will be other CRLs: without any.
    pub(super) fn later(&self, at: SystemTime) -> Result<Self, TrustError> {
        let later = Self {
            at,
            min_rsa_bits: self.min_rsa_bits,
            ca: None,
        };
        match &self.ca {
            Some((bundle, _)) => later.with_ca(&bundle.without_crls()),
            None => Ok(later),
        }
    }

    pub(super) fn at(&self) -> SystemTime {
        self.at
    }

    pub(super) fn ca(&self) -> Option<&Verifier> {
        self.ca.as_ref().map(|(_, verifier)| verifier)
    }

    pub(super) fn check_strength(&self, key: &PublicKey) -> Result<(), UnusableKey> {
        match rsa_bits(key) {
            Some(bits) if bits < self.min_rsa_bits.0 => Err(UnusableKey::RsaSize {
                bits,
                least: self.min_rsa_bits.0,
            }),
            _ => Ok(()),
        }
    }
}
