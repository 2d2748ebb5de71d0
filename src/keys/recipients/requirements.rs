//! The requirements that a certificate must meet to be sealed to.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use super::refusal::RecipientError;
use crate::keys::mapping::{PublicKey, RSA_BITS, UnusableKey, rsa_bits};
use crate::keys::trust::{CaBundle, Verifier};

/// The minimum size of an RSA modulus, in bits: 2,048 to 16,384.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MinRsaBits(u32);

impl MinRsaBits {
    /// Creates a minimum of that many bits, unless it is out of range.
    pub fn new(bits: u32) -> Option<Self> {
        RSA_BITS.contains(&bits).then_some(Self(bits))
    }

    /// Returns the number of bits.
    pub fn bits(self) -> u32 {
        self.0
    }
}

impl Default for MinRsaBits {
    fn default() -> Self {
        Self(*RSA_BITS.start())
    }
}

/// The requirements that a certificate must meet to be sealed to, and the time.
#[derive(Debug)]
pub struct Requirements {
    at: SystemTime,
    min_rsa_bits: MinRsaBits,
    ca: Option<Arc<Verifier>>,
}

impl Requirements {
    /// Creates the requirements for any certificate that an administrator
    /// lists: it must be valid at the time `at`, with a key that is strong
    /// enough and meant for encryption.
    pub fn listed(at: SystemTime) -> Self {
        Self {
            at,
            min_rsa_bits: MinRsaBits::default(),
            ca: None,
        }
    }

    /// Requires larger RSA keys.
    pub fn with_min_rsa_bits(self, min_rsa_bits: MinRsaBits) -> Self {
        Self {
            min_rsa_bits,
            ..self
        }
    }

    /// Requires X.509 certificates to chain to one of these CAs. Each path is a
    /// file (PEM with any number of blocks, or DER) or a directory of such
    /// files. With CRLs, every CA of a chain must have one.
    ///
    /// # Errors
    ///
    /// The first path that can't be read, yields nothing or is broken.
    pub fn with_ca(
        self,
        ca_files: &[PathBuf],
        crl_files: &[PathBuf],
    ) -> Result<Self, RecipientError> {
        let bundle = CaBundle::load(ca_files, crl_files)?;
        Ok(Self {
            ca: Some(Arc::new(bundle.verifier(self.at)?)),
            ..self
        })
    }

    /// Returns the same requirements at a later time. The CRLs of that time are
    /// assumed to revoke what the present ones do.
    ///
    /// # Errors
    ///
    /// As [`Requirements::with_ca`].
    #[doc(hidden)]
    pub fn later(&self, at: SystemTime) -> Result<Self, RecipientError> {
        let ca = match &self.ca {
            Some(verifier) => Some(Arc::new(verifier.later(at)?)),
            None => None,
        };
        Ok(Self {
            at,
            min_rsa_bits: self.min_rsa_bits,
            ca,
        })
    }

    pub(super) fn at(&self) -> SystemTime {
        self.at
    }

    pub(super) fn ca(&self) -> Option<&Verifier> {
        self.ca.as_deref()
    }

    pub(super) fn check_strength(&self, key: &PublicKey) -> Result<(), UnusableKey> {
        match rsa_bits(key) {
            Some(bits) if bits < self.min_rsa_bits.0 => Err(self.too_small(bits)),
            _ => Ok(()),
        }
    }

    /// Returns a fault of a key with the size that is required here.
    pub(super) fn restate(&self, fault: UnusableKey) -> UnusableKey {
        match fault {
            UnusableKey::RsaSize { bits, .. } => self.too_small(bits),
            other => other,
        }
    }

    fn too_small(&self, bits: u32) -> UnusableKey {
        UnusableKey::RsaSize {
            bits,
            least: self.min_rsa_bits.0,
        }
    }
}
