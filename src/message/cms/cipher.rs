//! The ciphers of the content, and their parameters.

use std::fmt;

use bcder::Tag;
use openssl::cipher::{Cipher, CipherRef};
use sequoia_openpgp::types::SymmetricAlgorithm;

use super::algorithm::{Algorithm, take_octets};
use crate::message::fault::MessageFault;

/// The block size of AES, the largest of all ciphers here, in bytes.
pub(super) const MAX_BLOCK: usize = 16;

/// The cipher of a message's content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ContentCipher {
    Aes128Cbc,
    Aes192Cbc,
    Aes256Cbc,
    /// With three keys, in files of the 1990s and 2000s.
    TripleDesCbc,
    Aes128Gcm,
    Aes192Gcm,
    Aes256Gcm,
}

impl ContentCipher {
    fn from_oid(dotted: &str) -> Option<Self> {
        Some(match dotted {
            // RFC 3565, section 4.1, and RFC 3370, section 5.1.
            "2.16.840.1.101.3.4.1.2" => Self::Aes128Cbc,
            "2.16.840.1.101.3.4.1.22" => Self::Aes192Cbc,
            "2.16.840.1.101.3.4.1.42" => Self::Aes256Cbc,
            "1.2.840.113549.3.7" => Self::TripleDesCbc,
            // RFC 5084, section 3.2.
            "2.16.840.1.101.3.4.1.6" => Self::Aes128Gcm,
            "2.16.840.1.101.3.4.1.26" => Self::Aes192Gcm,
            "2.16.840.1.101.3.4.1.46" => Self::Aes256Gcm,
            _ => return None,
        })
    }

    /// Returns the length of its keys in bytes.
    pub fn key_length(self) -> usize {
        self.openssl().key_length()
    }

    /// Returns the same for OpenSSL.
    pub fn openssl(self) -> &'static CipherRef {
        match self {
            Self::Aes128Cbc => Cipher::aes_128_cbc(),
            Self::Aes192Cbc => Cipher::aes_192_cbc(),
            Self::Aes256Cbc => Cipher::aes_256_cbc(),
            Self::TripleDesCbc => Cipher::des_ede3_cbc(),
            Self::Aes128Gcm => Cipher::aes_128_gcm(),
            Self::Aes192Gcm => Cipher::aes_192_gcm(),
            Self::Aes256Gcm => Cipher::aes_256_gcm(),
        }
    }

    /// Returns the cipher without its mode, if content that was sealed with it
    /// proves the key.
    pub fn proven(self) -> Option<SymmetricAlgorithm> {
        Some(match self {
            Self::Aes128Gcm => SymmetricAlgorithm::AES128,
            Self::Aes192Gcm => SymmetricAlgorithm::AES192,
            Self::Aes256Gcm => SymmetricAlgorithm::AES256,
            Self::Aes128Cbc | Self::Aes192Cbc | Self::Aes256Cbc | Self::TripleDesCbc => {
                return None;
            }
        })
    }

    fn is_gcm(self) -> bool {
        matches!(self, Self::Aes128Gcm | Self::Aes192Gcm | Self::Aes256Gcm)
    }
}

impl fmt::Display for ContentCipher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Aes128Cbc => "AES-128 with CBC",
            Self::Aes192Cbc => "AES-192 with CBC",
            Self::Aes256Cbc => "AES-256 with CBC",
            Self::TripleDesCbc => "3DES with CBC",
            Self::Aes128Gcm => "AES-128 with GCM",
            Self::Aes192Gcm => "AES-192 with GCM",
            Self::Aes256Gcm => "AES-256 with GCM",
        })
    }
}

/// The parameters of a cipher besides the key.
pub(super) struct Parameters {
    pub cipher: ContentCipher,
    /// The IV of CBC, a block, or the nonce of GCM, 1 to 16 octets.
    pub iv: Vec<u8>,
    /// The length of the tag in octets, 12 to 16; `None` without a tag.
    pub tag: Option<usize>,
}

impl Parameters {
    /// Returns the parameters of a cipher of EnvelopedData: an IV.
    pub fn enveloped(algorithm: &Algorithm) -> Result<Self, MessageFault> {
        let cipher = cipher(algorithm)?;
        if cipher.is_gcm() {
            // There would be no place for its tag.
            let what = format!("{cipher} outside of AuthEnvelopedData");
            return Err(MessageFault::Unsupported(what));
        }
        let iv = algorithm
            .parameters(|cons| take_octets(cons, Tag::OCTET_STRING))
            .filter(|iv| iv.len() == cipher.openssl().iv_length())
            .ok_or_else(unfit)?;
        Ok(Self {
            cipher,
            iv,
            tag: None,
        })
    }

    /// Returns the parameters of a cipher of AuthEnvelopedData: the length of
    /// the tag, and a nonce, which has 12 octets by RFC 5084, section 3.2, but
    /// up to 16 in OpenSSL.
    pub fn auth_enveloped(algorithm: &Algorithm) -> Result<Self, MessageFault> {
        let cipher = cipher(algorithm)?;
        if !cipher.is_gcm() {
            let what = format!("{cipher} in AuthEnvelopedData");
            return Err(MessageFault::Unsupported(what));
        }
        let (nonce, tag) = algorithm
            .parameters(|cons| {
                cons.take_sequence(|cons| {
                    let nonce = take_octets(cons, Tag::OCTET_STRING)?;
                    Ok((nonce, cons.take_opt_u8()?.unwrap_or(12)))
                })
            })
            .filter(|(nonce, tag)| (1..=16).contains(&nonce.len()) && (12..=16).contains(tag))
            .ok_or_else(unfit)?;
        Ok(Self {
            cipher,
            iv: nonce,
            tag: Some(tag.into()),
        })
    }
}

fn cipher(algorithm: &Algorithm) -> Result<ContentCipher, MessageFault> {
    ContentCipher::from_oid(&algorithm.dotted())
        .ok_or_else(|| MessageFault::Unsupported(algorithm.name()))
}

fn unfit() -> MessageFault {
    MessageFault::Malformed("its cipher has unfit parameters".into())
}
