//! The key derivation of key agreement, ANSI X9.63's
//! ([SEC 1](https://www.secg.org/sec1-v2.pdf), section 3.6.1), and what it
//! binds the key to.

use bcder::encode::{PrimitiveContent, Values, sequence, sequence_as};
use bcder::{Mode, OctetString, Oid, Tag};
use openssl::error::ErrorStack;
use openssl::hash::{Hasher, MessageDigest};
use zeroize::{Zeroize, Zeroizing};

/// Derives `length` octets from the shared secret.
pub(super) fn x963(
    digest: MessageDigest,
    secret: &[u8],
    shared_info: &[u8],
    length: usize,
) -> Result<Zeroizing<Vec<u8>>, ErrorStack> {
    let mut key = Zeroizing::new(Vec::with_capacity(length + digest.size()));
    let mut counter: u32 = 1;
    while key.len() < length {
        let mut hasher = Hasher::new(digest)?;
        hasher.update(secret)?;
        hasher.update(&counter.to_be_bytes())?;
        hasher.update(shared_info)?;
        let mut block = hasher.finish()?;
        key.extend_from_slice(&block);
        block.zeroize();
        counter += 1;
    }
    key.truncate(length);
    Ok(key)
}

/// The DER encoding of ECC-CMS-SharedInfo
/// ([RFC 5753, section 7.2](https://www.rfc-editor.org/rfc/rfc5753#section-7.2)):
/// the algorithm that wraps the key, with NULL or no parameters, the user
/// keying material, and the length of the wrapping key in octets.
pub(super) fn shared_info<T: AsRef<[u8]>>(
    key_wrap: &Oid<T>,
    null: bool,
    user_keying_material: Option<&[u8]>,
    length: usize,
) -> Vec<u8> {
    let bits = (length as u32 * 8).to_be_bytes();
    let explicit = |tag, octets| sequence_as(tag, OctetString::encode_slice(octets));
    sequence((
        sequence((key_wrap.encode_ref(), null.then_some(().encode()))),
        user_keying_material.map(|octets| explicit(Tag::CTX_0, octets)),
        explicit(Tag::CTX_2, &bits),
    ))
    .to_captured(Mode::Der)
    .into_bytes()
    .into()
}
