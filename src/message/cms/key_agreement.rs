//! Key agreement: the content's key, wrapped with one that both sides derive
//! from their keys of the same elliptic curve
//! ([RFC 5753](https://www.rfc-editor.org/rfc/rfc5753)).

use std::hash::{Hash, Hasher};

use bcder::decode::{Constructed, Source};
use bcder::encode::{self, PrimitiveContent};
use bcder::{BitString, Oid, Tag};
use openssl::bn::BigNumContext;
use openssl::cipher::{Cipher, CipherRef};
use openssl::cipher_ctx::{CipherCtx, CipherCtxFlags};
use openssl::derive::Deriver;
use openssl::ec::{EcKey, EcKeyRef, EcPoint};
use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use zeroize::Zeroizing;

use super::algorithm::{Algorithm, Decoded, skip_any, take_opt_octets};
use super::kdf;
use crate::der::der;

/// The limit of user keying material, which is as long as a hash. It's hashed
/// for each recipient.
const MAX_KEYING_MATERIAL: usize = 64 * 1024;

/// The parts of one KeyAgreeRecipientInfo that its recipients share.
#[derive(PartialEq, Eq)]
pub(super) struct KeyAgreement {
    /// The originator's ephemeral public key, an encoded point.
    point: Vec<u8>,
    user_keying_material: Option<Vec<u8>>,
    hash: MessageDigest,
    wrap: KeyWrap,
}

impl KeyAgreement {
    /// Takes the originator, the user keying material and the algorithm; or
    /// names what isn't supported.
    pub fn take_from<S: Source>(cons: &mut Constructed<S>) -> Decoded<Result<Self, String>, S> {
        let point = cons.take_constructed_if(Tag::CTX_0, originator_key)?;
        let user_keying_material = cons
            .take_opt_constructed_if(Tag::CTX_1, |cons| take_opt_octets(cons, Tag::OCTET_STRING))?;
        let user_keying_material = user_keying_material.flatten();
        let algorithm = Algorithm::take_from(cons)?;
        if user_keying_material
            .as_ref()
            .is_some_and(|m| m.len() > MAX_KEYING_MATERIAL)
        {
            return Err(cons.content_err("too much user keying material"));
        }
        let Some(point) = point else {
            return Ok(Err("key agreement without an ephemeral key".into()));
        };
        let how = hash(&algorithm).and_then(|hash| {
            Some((
                hash,
                algorithm
                    .parameters(Algorithm::take_from)
                    .and_then(KeyWrap::new)?,
            ))
        });
        Ok(match how {
            Some((hash, wrap)) => Ok(Self {
                point,
                user_keying_material,
                hash,
                wrap,
            }),
            None => Err(algorithm.name()),
        })
    }

    /// Returns the content's key, if it's one of that length.
    pub fn open(
        &self,
        key: &EcKeyRef<Private>,
        wrapped: &[u8],
        length: usize,
    ) -> Option<Zeroizing<Vec<u8>>> {
        if wrapped.len() != length + self.wrap.overhead() {
            return None;
        }
        let secret = self.agree(key).ok()??;
        let size = self.wrap.cipher.key_length();
        let info = self.wrap.shared_info(self.user_keying_material.as_deref());
        let wrapping_key = kdf::x963(self.hash, &secret, &info, size).ok()?;
        self.wrap.unwrap(&wrapping_key, wrapped).ok()
    }

    /// Returns the shared secret, if the originator's key is a point of the
    /// same curve.
    fn agree(&self, key: &EcKeyRef<Private>) -> Result<Option<Zeroizing<Vec<u8>>>, ErrorStack> {
        let group = key.group();
        let mut context = BigNumContext::new()?;
        let point = EcPoint::from_bytes(group, &self.point, &mut context)?;
        if point.is_infinity(group) || !point.is_on_curve(group, &mut context)? {
            return Ok(None);
        }
        let peer = PKey::from_ec_key(EcKey::from_public_key(group, &point)?)?;
        let own = PKey::from_ec_key(key.to_owned())?;
        let mut deriver = Deriver::new(&own)?;
        deriver.set_peer(&peer)?;
        Ok(Some(Zeroizing::new(deriver.derive_to_vec()?)))
    }
}

impl Hash for KeyAgreement {
    /// Hashes the parts that can differ in more than a few ways.
    fn hash<H: Hasher>(&self, state: &mut H) {
        (&self.point, &self.user_keying_material).hash(state);
    }
}

/// Returns the originator's point, if its key is in the message: static keys
/// would have to come from elsewhere.
fn originator_key<S: Source>(cons: &mut Constructed<S>) -> Decoded<Option<Vec<u8>>, S> {
    let point = cons.take_opt_constructed_if(Tag::CTX_1, |cons| {
        // The curve doesn't matter: the point has to be on the recipient's.
        let algorithm = Algorithm::take_from(cons)?;
        let key = BitString::take_from(cons)?;
        let point = key.octet_slice().filter(|_| key.unused() == 0);
        let is_ec = algorithm.dotted() == "1.2.840.10045.2.1";
        Ok(point.filter(|_| is_ec).map(<[u8]>::to_vec))
    })?;
    if point.is_none() {
        skip_any(cons)?;
    }
    Ok(point.flatten())
}

/// Returns the hash of a key agreement scheme (RFC 5753, section 7.1.4). The
/// cofactor of all these curves is 1, so that the two kinds of schemes are the
/// same.
fn hash(algorithm: &Algorithm) -> Option<MessageDigest> {
    Some(match algorithm.dotted().as_str() {
        "1.3.133.16.840.63.0.2" | "1.3.133.16.840.63.0.3" => MessageDigest::sha1(),
        "1.3.132.1.11.0" | "1.3.132.1.14.0" => MessageDigest::sha224(),
        "1.3.132.1.11.1" | "1.3.132.1.14.1" => MessageDigest::sha256(),
        "1.3.132.1.11.2" | "1.3.132.1.14.2" => MessageDigest::sha384(),
        "1.3.132.1.11.3" | "1.3.132.1.14.3" => MessageDigest::sha512(),
        _ => return None,
    })
}

/// An algorithm that wraps keys.
struct KeyWrap {
    oid: Oid,
    /// Whether its parameters are NULL, as in the message: they are hashed.
    null: bool,
    cipher: &'static CipherRef,
}

impl PartialEq for KeyWrap {
    /// The cipher follows from its identifier.
    fn eq(&self, other: &Self) -> bool {
        (&self.oid, self.null) == (&other.oid, other.null)
    }
}

impl Eq for KeyWrap {}

impl KeyWrap {
    fn new(algorithm: Algorithm) -> Option<Self> {
        let cipher = match algorithm.dotted().as_str() {
            // RFC 3394.
            "2.16.840.1.101.3.4.1.5" => Cipher::aes_128_wrap(),
            "2.16.840.1.101.3.4.1.25" => Cipher::aes_192_wrap(),
            "2.16.840.1.101.3.4.1.45" => Cipher::aes_256_wrap(),
            // RFC 3217, section 3.
            "1.2.840.113549.1.9.16.3.6" => Cipher::from_nid(Nid::ID_SMIME_ALG_CMS3DESWRAP)?,
            _ => return None,
        };
        algorithm.is_plain().then(|| Self {
            null: algorithm.has_null(),
            oid: algorithm.oid,
            cipher,
        })
    }

    /// Returns how much longer a wrapped key is than the key.
    fn overhead(&self) -> usize {
        match self.cipher.nid() {
            Nid::ID_SMIME_ALG_CMS3DESWRAP => 16,
            _ => 8,
        }
    }

    fn shared_info(&self, user_keying_material: Option<&[u8]>) -> Vec<u8> {
        let null = self.null.then_some(().encode());
        let algorithm = der(encode::sequence((self.oid.encode_ref(), null)));
        kdf::shared_info(&algorithm, user_keying_material, self.cipher.key_length())
    }

    fn unwrap(&self, key: &[u8], wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>, ErrorStack> {
        let mut context = CipherCtx::new()?;
        context.set_flags(CipherCtxFlags::FLAG_WRAP_ALLOW);
        context.decrypt_init(Some(self.cipher), Some(key), None)?;
        let mut plain = Zeroizing::new(Vec::with_capacity(2 * wrapped.len()));
        context.cipher_update_vec(wrapped, &mut plain)?;
        Ok(plain)
    }
}
