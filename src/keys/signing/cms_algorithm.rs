//! The algorithms of CMS signatures: RSA with PKCS#1 v1.5
//! ([RFC 5754, section 3.2](https://www.rfc-editor.org/rfc/rfc5754#section-3.2))
//! or PSS ([RFC 4056](https://www.rfc-editor.org/rfc/rfc4056)), and ECDSA
//! ([RFC 5753, section 2.1](https://www.rfc-editor.org/rfc/rfc5753#section-2.1)),
//! with SHA-256, SHA-384 or SHA-512.

use bcder::Tag;
use bcder::decode::{Constructed, Source};
use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{Id, PKeyRef, Public};
use openssl::rsa::Padding;
use openssl::sign::{RsaPssSaltlen, Verifier};

use super::cms_read::SignerInfo;
use super::verdict::SignatureFault;
use crate::der::{Algorithm, Decoded};
use crate::keys::forget_openssl_errors;

const RSA_ENCRYPTION: &str = "1.2.840.113549.1.1.1";
const RSASSA_PSS: &str = "1.2.840.113549.1.1.10";
const MGF1: &str = "1.2.840.113549.1.1.8";

/// The hashes that count, with the identifiers that name them together with
/// RSA and with ECDSA.
const HASHES: [(Nid, &str, &str); 3] = [
    (Nid::SHA256, "1.2.840.113549.1.1.11", "1.2.840.10045.4.3.2"),
    (Nid::SHA384, "1.2.840.113549.1.1.12", "1.2.840.10045.4.3.3"),
    (Nid::SHA512, "1.2.840.113549.1.1.13", "1.2.840.10045.4.3.4"),
];

/// How a signature was made.
pub(super) struct Scheme {
    pub hash: Nid,
    kind: Kind,
}

enum Kind {
    Rsa,
    Pss { salt: i32 },
    Ecdsa,
}

/// The parameters of PSS (RFC 4055, section 3.1): what is missing is not SHA-2.
struct Pss {
    hash: Option<Algorithm>,
    mask: Option<Nid>,
    salt: u16,
}

impl Scheme {
    /// Returns the scheme of a signature whose hash can't be forged.
    pub fn of(info: &SignerInfo) -> Result<Self, SignatureFault> {
        let hash = info.digest.hash();
        let known = HASHES.iter().find(|(known, ..)| hash == Some(*known));
        let Some((hash, with_rsa, with_ecdsa)) = known else {
            return Err(match info.digest.dotted().as_str() {
                "1.3.14.3.2.26" => SignatureFault::WeakHash("SHA-1".into()),
                "1.2.840.113549.2.5" => SignatureFault::WeakHash("MD5".into()),
                _ => SignatureFault::Algorithm(info.digest.name()),
            });
        };
        let algorithm = &info.algorithm;
        let dotted = algorithm.dotted();
        let kind = match dotted.as_str() {
            RSA_ENCRYPTION if algorithm.is_plain() => Kind::Rsa,
            RSASSA_PSS => Kind::Pss {
                salt: Pss::salt(algorithm, *hash)?,
            },
            dotted if dotted == *with_rsa && algorithm.is_plain() => Kind::Rsa,
            dotted if dotted == *with_ecdsa && algorithm.is_plain() => Kind::Ecdsa,
            // The hash of the content is signed with another one.
            other
                if HASHES
                    .iter()
                    .any(|(_, rsa, ec)| other == *rsa || other == *ec) =>
            {
                return Err(SignatureFault::Malformed("it has two kinds of hashes"));
            }
            _ => return Err(SignatureFault::Algorithm(algorithm.name())),
        };
        Ok(Self { hash: *hash, kind })
    }

    /// Returns whether a key made this signature of these octets.
    pub fn verifies(&self, key: &PKeyRef<Public>, octets: &[u8], signature: &[u8]) -> bool {
        let verified = self.verify(key, octets, signature);
        forget_openssl_errors();
        // An error means another kind of key, or a malformed signature.
        verified.unwrap_or(false)
    }

    fn verify(
        &self,
        key: &PKeyRef<Public>,
        octets: &[u8],
        signature: &[u8],
    ) -> Result<bool, ErrorStack> {
        let needed = match self.kind {
            Kind::Rsa | Kind::Pss { .. } => Id::RSA,
            Kind::Ecdsa => Id::EC,
        };
        let Some(digest) = MessageDigest::from_nid(self.hash).filter(|_| key.id() == needed) else {
            return Ok(false);
        };
        let mut verifier = Verifier::new(digest, key)?;
        if let Kind::Pss { salt } = self.kind {
            verifier.set_rsa_padding(Padding::PKCS1_PSS)?;
            verifier.set_rsa_mgf1_md(digest)?;
            verifier.set_rsa_pss_saltlen(RsaPssSaltlen::custom(salt))?;
        }
        verifier.verify_oneshot(signature, octets)
    }
}

impl Pss {
    /// Returns the length of the salt, if the hash is everywhere the same.
    fn salt(algorithm: &Algorithm, hash: Nid) -> Result<i32, SignatureFault> {
        let unsupported = || SignatureFault::Algorithm("RSA-PSS with unusual parameters".into());
        let pss = algorithm.parameters(Self::take_from);
        let pss = pss.ok_or_else(unsupported)?;
        let own = pss.hash.as_ref().and_then(Algorithm::hash);
        match own == Some(hash) && pss.mask == Some(hash) {
            true => Ok(pss.salt.into()),
            false => Err(unsupported()),
        }
    }

    fn take_from<S: Source>(cons: &mut Constructed<S>) -> Decoded<Self, S> {
        cons.take_sequence(|cons| {
            let hash = cons.take_opt_constructed_if(Tag::CTX_0, Algorithm::take_from)?;
            let mask = cons.take_opt_constructed_if(Tag::CTX_1, Algorithm::take_from)?;
            let salt = cons.take_opt_constructed_if(Tag::CTX_2, |cons| cons.take_u16())?;
            if let Some(trailer) =
                cons.take_opt_constructed_if(Tag::CTX_3, |cons| cons.take_u8())?
                && trailer != 1
            {
                return Err(cons.content_err("an unknown trailer"));
            }
            let mask = mask.filter(|mask| mask.dotted() == MGF1);
            let mask = mask.and_then(|mask| mask.parameters(Algorithm::take_from)?.hash());
            Ok(Self {
                hash,
                mask,
                salt: salt.unwrap_or(20),
            })
        })
    }
}
