//! The work that unlocking a key takes: numbers of rounds that nobody would wait
//! for are refused.

use bcder::decode::{Constructed, Content, DecodeError, SliceSource, Source};
use bcder::{Mode, Tag};

/// The most rounds that a passphrase goes through: OWASP asks for 600,000 of
/// PBKDF2 with SHA-256.
const MAX_ROUNDS: u64 = 10_000_000;

/// The most work of scrypt: N times r times p (RFC 7914, section 2). Keys by
/// openssl take 2^17.
const MAX_SCRYPT: u64 = 1 << 22;

/// 1.3.6.1.4.1.11591.4.11
const SCRYPT: &[u8] = &[0x2B, 6, 1, 4, 1, 0xDA, 0x47, 4, 0x0B];

/// How deep elements may be in each other, in keys and keystores.
const MAX_DEPTH: usize = 24;

/// Returns whether a key or keystore in ASN.1 can be unlocked in reasonable
/// time, as far as its numbers show, and isn't nested too deep to be read.
pub(super) fn is_affordable(der: &[u8]) -> bool {
    let decoded = Mode::Ber.decode(SliceSource::new(der), |cons| {
        cons.take_sequence(|cons| walk(cons, MAX_DEPTH))
    });
    decoded.is_ok_and(|numbers| numbers.are_affordable)
}

/// The numbers of an element.
struct Numbers {
    are_affordable: bool,
    /// All of them multiplied.
    product: u64,
}

fn walk<S: Source>(
    cons: &mut Constructed<S>,
    depth: usize,
) -> Result<Numbers, DecodeError<S::Error>> {
    let mut found = Numbers {
        are_affordable: true,
        product: 1,
    };
    let mut is_scrypt = false;
    while let Some(inner) = cons.take_opt_value(|tag, content| match content {
        Content::Constructed(cons) if depth == 0 => {
            Err(cons.content_err("elements that are nested too deep"))
        }
        Content::Constructed(cons) => walk(cons, depth - 1),
        Content::Primitive(primitive) => {
            let octets = primitive.take_all()?;
            is_scrypt |= tag == Tag::OID && *octets == *SCRYPT;
            let number = match tag == Tag::INTEGER {
                true => octets.iter().fold(0_u64, |number, octet| {
                    number.saturating_mul(256).saturating_add((*octet).into())
                }),
                false => 1,
            };
            Ok(Numbers {
                are_affordable: number <= MAX_ROUNDS,
                product: number.max(1),
            })
        }
    })? {
        found.are_affordable &= inner.are_affordable;
        found.product = found.product.saturating_mul(inner.product);
    }
    if is_scrypt {
        // The length of the key may be among them.
        found.are_affordable &= found.product <= MAX_SCRYPT * 64;
        found.product = 1;
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn element(tag: u8, content: &[u8]) -> Vec<u8> {
        let length = u32::try_from(content.len()).unwrap().to_be_bytes();
        [&[tag, 0x84], &length[..], content].concat()
    }

    fn sequence(parts: &[Vec<u8>]) -> Vec<u8> {
        element(0x30, &parts.concat())
    }

    fn number(number: u64) -> Vec<u8> {
        element(0x02, &[&[0], &number.to_be_bytes()[..]].concat())
    }

    /// Returns a locked key with these numbers for the derivation.
    fn locked(derivation: &[u8], numbers: &[u64]) -> Vec<u8> {
        let salt = element(0x04, &[7; 16]);
        let numbers = numbers.iter().map(|n| number(*n));
        let parameters: Vec<Vec<u8>> = [salt].into_iter().chain(numbers).collect();
        let derivation = sequence(&[element(0x06, derivation), sequence(&parameters)]);
        let scheme = sequence(&[element(0x06, &[42]), sequence(&[derivation])]);
        sequence(&[scheme, element(0x04, &[1; 1200])])
    }

    #[test]
    fn rounds_are_bounded() {
        assert!(is_affordable(&locked(&[42], &[600_000])));
        assert!(is_affordable(&locked(&[42], &[10_000_000])));
        assert!(!is_affordable(&locked(&[42], &[10_000_001])));
        assert!(!is_affordable(&locked(&[42], &[u64::MAX])));
    }

    #[test]
    fn the_work_of_scrypt_is_bounded_as_a_whole() {
        for (n, r, p, affordable) in [
            (16_384, 8, 1, true),
            (32_768, 8, 2, true),
            (32_768, 1, 200_000, false),
            (1 << 20, 8, 40, false),
        ] {
            assert_eq!(is_affordable(&locked(SCRYPT, &[n, r, p])), affordable);
            assert_eq!(is_affordable(&locked(SCRYPT, &[n, r, p, 32])), affordable);
        }
    }

    #[test]
    fn elements_are_nested_to_some_depth_only() {
        let nested = |depth| (0..depth).fold(number(1), |inner, _| sequence(&[inner]));
        assert!(is_affordable(&nested(20)));
        assert!(!is_affordable(&nested(40)));
        assert!(!is_affordable(&nested(5000)));
    }
}
