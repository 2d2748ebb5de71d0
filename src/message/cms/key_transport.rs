//! Key transport: the content's key, encrypted with RSA.

use bcder::Tag;
use bcder::decode::{Constructed, Source};
use openssl::error::ErrorStack;
use openssl::md::Md;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::pkey_ctx::PkeyCtx;
use openssl::rsa::{Padding, RsaRef};
use zeroize::Zeroizing;

use super::algorithm::{Algorithm, Decoded, take_octets};

/// How the key is encrypted.
#[derive(PartialEq, Eq, Hash)]
pub(super) enum KeyTransport {
    /// RSAES-PKCS1-v1_5
    /// ([RFC 8017, section 7.2](https://www.rfc-editor.org/rfc/rfc8017#section-7.2)).
    Pkcs1,
    /// RSAES-OAEP (RFC 8017, section 7.1).
    Oaep(Oaep),
}

/// The parameters of RSAES-OAEP
/// ([RFC 4055, section 4.1](https://www.rfc-editor.org/rfc/rfc4055#section-4.1)).
#[derive(PartialEq, Eq, Hash)]
pub(super) struct Oaep {
    hash: Nid,
    mask_hash: Nid,
    label: Vec<u8>,
}

impl KeyTransport {
    /// Returns that algorithm, or its name if it isn't supported.
    pub fn new(algorithm: &Algorithm) -> Result<Self, String> {
        let found = match algorithm.dotted().as_str() {
            "1.2.840.113549.1.1.1" if algorithm.is_plain() => Some(Self::Pkcs1),
            "1.2.840.113549.1.1.7" => algorithm
                .parameters(Oaep::take_from)
                .flatten()
                .map(Self::Oaep),
            _ => None,
        };
        found.ok_or_else(|| algorithm.name())
    }

    /// Returns the content's key, if it's one of that length. A ciphertext is
    /// exactly as long as the modulus (RFC 8017, sections 7.1.2 and 7.2.2).
    pub fn open(
        &self,
        key: &RsaRef<Private>,
        encrypted: &[u8],
        length: usize,
    ) -> Option<Zeroizing<Vec<u8>>> {
        let size = key.size() as usize;
        if encrypted.len() != size {
            return None;
        }
        match self {
            Self::Pkcs1 => {
                // OpenSSL could remove the padding as well, but since version
                // 3.2 it returns random octets for wrong padding.
                let mut block = Zeroizing::new(vec![0; size]);
                key.private_decrypt(encrypted, &mut block, Padding::NONE)
                    .ok()?;
                unpadded(&block, length)
            }
            Self::Oaep(parameters) => parameters.decrypt(key, encrypted).ok(),
        }
    }
}

/// Returns the last `length` octets of a block, if it is padded as for a key of
/// that length: 00 02, octets that aren't zero, and 00. All of them are
/// checked, whatever the first ones are.
fn unpadded(block: &[u8], length: usize) -> Option<Zeroizing<Vec<u8>>> {
    /// The least number of padding octets.
    const MIN_PADDING: usize = 8;
    let (padding, key) = block.split_at_checked(block.len().checked_sub(length)?)?;
    let [zero, two, random @ .., end] = padding else {
        return None;
    };
    if random.len() < MIN_PADDING {
        return None;
    }
    let wrong = random.iter().fold(zero | (two ^ 2) | end, |wrong, octet| {
        // 1 for a zero octet, and 0 for all others.
        wrong | (u16::from(*octet).wrapping_sub(1) >> 15) as u8
    });
    (wrong == 0).then(|| Zeroizing::new(key.to_vec()))
}

impl Oaep {
    /// Returns `None` if the parameters name something that isn't supported.
    fn take_from<S: Source>(cons: &mut Constructed<S>) -> Decoded<Option<Self>, S> {
        cons.take_sequence(|cons| {
            let algorithm = |cons: &mut Constructed<S>| Algorithm::take_from(cons);
            let hash = cons.take_opt_constructed_if(Tag::CTX_0, algorithm)?;
            let mask = cons.take_opt_constructed_if(Tag::CTX_1, algorithm)?;
            let label = cons.take_opt_constructed_if(Tag::CTX_2, algorithm)?;
            Ok(Self::new(hash, mask, label))
        })
    }

    fn new(
        hash: Option<Algorithm>,
        mask: Option<Algorithm>,
        label: Option<Algorithm>,
    ) -> Option<Self> {
        Some(Self {
            hash: hash.map_or(Some(Nid::SHA1), |hash| hash.hash())?,
            mask_hash: match mask {
                None => Nid::SHA1,
                Some(mask) if mask.dotted() == "1.2.840.113549.1.1.8" => {
                    mask.parameters(Algorithm::take_from)?.hash()?
                }
                Some(_) => return None,
            },
            label: match label {
                None => Vec::new(),
                Some(label) if label.dotted() == "1.2.840.113549.1.1.9" => {
                    label.parameters(|cons| take_octets(cons, Tag::OCTET_STRING))?
                }
                Some(_) => return None,
            },
        })
    }

    fn decrypt(
        &self,
        key: &RsaRef<Private>,
        encrypted: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, ErrorStack> {
        let key = PKey::from_rsa(key.to_owned())?;
        let mut context = PkeyCtx::new(&key)?;
        context.decrypt_init()?;
        context.set_rsa_padding(Padding::PKCS1_OAEP)?;
        if let Some(hash) = Md::from_nid(self.hash) {
            context.set_rsa_oaep_md(hash)?;
        }
        if let Some(hash) = Md::from_nid(self.mask_hash) {
            context.set_rsa_mgf1_md(hash)?;
        }
        if !self.label.is_empty() {
            context.set_rsa_oaep_label(&self.label)?;
        }
        let mut plain = Zeroizing::new(Vec::with_capacity(key.size()));
        context.decrypt_to_vec(encrypted, &mut plain)?;
        Ok(plain)
    }
}
