//! The key derivation of key agreement.

use bcder::{OctetString, Tag, encode};
use openssl::error::ErrorStack;
use openssl::hash::{Hasher, MessageDigest};
use zeroize::{Zeroize, Zeroizing};

use super::encode::{Encoded, der};

/// The KDF of ANSI X9.63
/// ([SEC 1, section 3.6.1](https://www.secg.org/sec1-v2.pdf)): `length` octets
/// from a shared secret.
pub(super) fn x963(
    digest: MessageDigest,
    secret: &[u8],
    shared_info: &[u8],
    length: usize,
) -> Result<Zeroizing<Vec<u8>>, ErrorStack> {
    // With room for the last digest, so that no copy is left behind.
    let mut derived = Zeroizing::new(Vec::with_capacity(length + digest.size()));
    for counter in 1u32.. {
        if derived.len() >= length {
            break;
        }
        let mut hasher = Hasher::new(digest)?;
        hasher.update(secret)?;
        hasher.update(&counter.to_be_bytes())?;
        hasher.update(shared_info)?;
        let mut octets = hasher.finish()?;
        derived.extend_from_slice(&octets);
        octets.zeroize();
    }
    derived.truncate(length);
    Ok(derived)
}

/// ECC-CMS-SharedInfo
/// ([RFC 5753, section 7.2](https://www.rfc-editor.org/rfc/rfc5753#section-7.2)),
/// for a key of `length` octets that is used with the algorithm `key_info`, an
/// encoded AlgorithmIdentifier.
pub(super) fn shared_info(key_info: &[u8], ukm: Option<&[u8]>, length: usize) -> Vec<u8> {
    let bits = u32::try_from(8 * length).unwrap_or(u32::MAX);
    der(encode::sequence((
        Encoded(key_info),
        ukm.map(|ukm| encode::sequence_as(Tag::CTX_0, OctetString::encode_slice(ukm))),
        encode::sequence_as(Tag::CTX_2, OctetString::encode_slice(bits.to_be_bytes())),
    )))
}
