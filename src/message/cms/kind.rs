//! The kinds of CMS message, and how each is written.

use bcder::encode::PrimitiveContent;
use bcder::{ConstOid, OctetString, encode};
use openssl::cipher::{Cipher, CipherRef};
use openssl::error::ErrorStack;
use openssl::rand::rand_bytes;

use crate::der::der;
use crate::message::{Format, SealError};
use crate::oids::{AES256_CBC, AES256_GCM, AUTH_ENVELOPED_DATA, ENVELOPED_DATA};

/// The block of AES, in bytes.
pub(super) const BLOCK: usize = 16;

/// The nonce of GCM and its authentication tag, in bytes
/// ([RFC 5084, section 3.2](https://www.rfc-editor.org/rfc/rfc5084#section-3.2)).
const NONCE: usize = 12;
pub(super) const TAG: usize = 16;

/// The limit of what GCM encrypts with one key and nonce, in bytes: 2^39 - 256
/// bits (NIST SP 800-38D, section 5.2.1.1).
const GCM_MOST: u64 = (1 << 36) - 32;

/// The two kinds of CMS message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::message) enum CmsKind {
    /// EnvelopedData; written with AES-256-CBC
    /// ([RFC 5652, section 6.1](https://www.rfc-editor.org/rfc/rfc5652#section-6.1)).
    Enveloped,
    /// AuthEnvelopedData; written with AES-256-GCM
    /// ([RFC 5083, section 2.1](https://www.rfc-editor.org/rfc/rfc5083#section-2.1)).
    AuthEnveloped,
}

impl From<CmsKind> for Format {
    fn from(kind: CmsKind) -> Self {
        match kind {
            CmsKind::Enveloped => Self::Cms,
            CmsKind::AuthEnveloped => Self::CmsGcm,
        }
    }
}

impl CmsKind {
    /// Returns the message's content type.
    pub fn content_type(self) -> ConstOid {
        match self {
            Self::Enveloped => ENVELOPED_DATA,
            Self::AuthEnveloped => AUTH_ENVELOPED_DATA,
        }
    }

    /// Returns how the content is encrypted.
    pub fn cipher(self) -> &'static CipherRef {
        match self {
            Self::Enveloped => Cipher::aes_256_cbc(),
            Self::AuthEnveloped => Cipher::aes_256_gcm(),
        }
    }

    /// Returns a random initial vector or nonce.
    pub fn fresh_iv(self) -> Result<Vec<u8>, ErrorStack> {
        let mut iv = match self {
            Self::Enveloped => vec![0; BLOCK],
            Self::AuthEnveloped => vec![0; NONCE],
        };
        rand_bytes(&mut iv)?;
        Ok(iv)
    }

    /// Returns the AlgorithmIdentifier of the cipher
    /// ([RFC 3565, section 4.1](https://www.rfc-editor.org/rfc/rfc3565#section-4.1),
    /// RFC 5084, section 3.2).
    pub fn algorithm(self, iv: &[u8]) -> Vec<u8> {
        let iv = OctetString::encode_slice(iv);
        match self {
            Self::Enveloped => der(encode::sequence((AES256_CBC.encode(), iv))),
            Self::AuthEnveloped => der(encode::sequence((
                AES256_GCM.encode(),
                encode::sequence((iv, (TAG as u8).encode())),
            ))),
        }
    }

    /// Returns the length of the content once encrypted, in bytes. CBC pads it
    /// to whole blocks, by one octet at least (RFC 5652, section 6.3).
    pub fn encrypted_length(self, length: u64) -> u64 {
        match self {
            Self::Enveloped => (length / BLOCK as u64 + 1).saturating_mul(BLOCK as u64),
            Self::AuthEnveloped => length,
        }
    }

    /// Returns the size of the mac with its header, in bytes.
    pub fn mac_length(self) -> u64 {
        match self {
            Self::Enveloped => 0,
            Self::AuthEnveloped => 2 + TAG as u64,
        }
    }

    /// Refuses content that is too long for the cipher.
    pub fn check_length(self, length: u64) -> Result<(), SealError> {
        match self {
            Self::AuthEnveloped if length > GCM_MOST => Err(SealError::TooLong {
                format: self.into(),
                most: GCM_MOST,
            }),
            _ => Ok(()),
        }
    }
}
