//! The key derivation of key agreement.

use bcder::{OctetString, Tag, encode};
use openssl::error::ErrorStack;
use openssl::hash::{Hasher, MessageDigest};
use zeroize::{Zeroize, Zeroizing};

use crate::der::{Encoded, der};

/// Returns the KDF of ANSI X9.63
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

/// Returns ECC-CMS-SharedInfo
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

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(octets: &[u8]) -> String {
        octets.iter().map(|octet| format!("{octet:02x}")).collect()
    }

    #[test]
    fn keys_equal_those_of_another_implementation() {
        // The first one is NIST's as well (CAVS 12.0, ansx963_2001).
        let secret = [
            0x96, 0xc0, 0x56, 0x19, 0xd5, 0x6c, 0x32, 0x8a, 0xb9, 0x5f, 0xe8, 0x4b, 0x18, 0x26,
            0x4b, 0x08, 0x72, 0x5b, 0x85, 0xe3, 0x3f, 0xd3, 0x4f, 0x08,
        ];
        let short = x963(MessageDigest::sha256(), &secret, b"", 16).unwrap();
        assert_eq!(hex(&short), "443024c3dae66b95e6f5670601558f71");
        let long = x963(MessageDigest::sha256(), &secret, &[1, 2], 80).unwrap();
        assert_eq!(
            hex(&long),
            "41a59aa03d4dbaa136e9cd2f4a610530a04cb61b68a99e2f977189dfc31ab9474adad2a40e4deaaa\
             f3984795d8426f0651fbe3e8e9cddd0b96043bd3eb78a8c9e1b8c6a6d7da36e019d29cc0d7b63785"
        );
        let nothing = x963(MessageDigest::sha256(), &secret, b"", 0).unwrap();
        assert_eq!(hex(&nothing), "");
    }

    #[test]
    fn shared_info_contains_algorithm_material_and_length() {
        let wrap = [0x30, 2, 0x06, 0];
        assert_eq!(
            hex(&shared_info(&wrap, None, 32)),
            "300c30020600a206040400000100"
        );
        assert_eq!(
            hex(&shared_info(&wrap, Some(b"u"), 16)),
            "301130020600a003040175a206040400000080"
        );
    }
}
