//! How messages begin.

use openpgp::packet::Tag;
use sequoia_openpgp as openpgp;

use super::packet::{Header, Length};

/// The lengths of session keys, in octets: those of AES.
const SESSION_KEYS: [u64; 3] = [16, 24, 32];

/// Returns whether this begins as an encrypted message does: with a PKESK,
/// SKESK or SEIPD packet of a defined version, or with a marker
/// ([RFC 9580, section 5](https://www.rfc-editor.org/rfc/rfc9580#section-5)).
/// Needs up to 9 octets. Of random octets, one beginning in some two thousand
/// looks so.
pub(in crate::message) fn begins_message(mut octets: &[u8]) -> bool {
    let Ok(Some(header)) = Header::read(&mut octets) else {
        return false;
    };
    match (header.tag, octets) {
        (Tag::PKESK, [3 | 6, ..]) => true,
        (Tag::SKESK, [4..=6, ..]) => true,
        (Tag::SEIP, [1 | 2, ..]) => true,
        (Tag::Marker, body) => is_marker(&header, body),
        _ => false,
    }
}

/// Returns whether this begins as a message does that isn't encrypted: with a
/// signature, compressed data or literal data. Needs up to 7 octets.
pub(in crate::message) fn begins_unencrypted(mut octets: &[u8]) -> bool {
    let Ok(Some(header)) = Header::read(&mut octets) else {
        return false;
    };
    matches!(
        (header.tag, octets),
        (Tag::OnePassSig, [3 | 6, ..])
            | (Tag::Signature, [3..=6, ..])
            | (Tag::CompressedData, [0..=3, ..])
            | (Tag::Literal, [b'b' | b't' | b'u' | b'l' | b'm', ..])
    )
}

/// Returns whether this begins as a packet of an encrypted message does, be its
/// version known or not. (A text begins with no octet below 0x20.)
pub(in crate::message) fn begins_sealed_packet(mut octets: &[u8]) -> bool {
    let Ok(Some(header)) = Header::read(&mut octets) else {
        return false;
    };
    match header.tag {
        // It has no version.
        Tag::SED => true,
        Tag::PKESK | Tag::SKESK | Tag::SEIP | Tag::AED | Tag::Marker => {
            octets.first().is_none_or(|version| *version < 0x20)
        }
        _ => false,
    }
}

/// Returns whether this begins as an encrypted message does that some key or
/// passphrase opens, by more fields of the first packet. Needs up to 27 octets.
/// Of random octets, less than one beginning in a hundred million looks so.
pub(in crate::message) fn surely_begins_message(mut octets: &[u8]) -> bool {
    let Ok(Some(header)) = Header::read(&mut octets) else {
        return false;
    };
    let Length::Last(length) = header.length else {
        return false;
    };
    match (header.tag, octets) {
        // RFC 9580, section 5.1.1: eight octets of a key ID, then the algorithm.
        (Tag::PKESK, [3, _, _, _, _, _, _, _, _, algorithm, sealed @ ..]) => {
            is_sealed_by(*algorithm, sealed, length.saturating_sub(10), 1)
        }
        // RFC 9580, section 5.1.2: the length and the version of the key,
        // neither of a hidden one.
        (Tag::PKESK, [6, 0, algorithm, sealed @ ..]) => {
            is_sealed_by(*algorithm, sealed, length.saturating_sub(3), 0)
        }
        (Tag::PKESK, [6, 21, 4, rest @ ..]) => {
            let algorithm = rest.get(20);
            algorithm.is_none_or(|algorithm| matches!(algorithm, 1 | 2 | 16 | 18 | 25 | 26))
                && (80..4096).contains(&length)
        }
        (Tag::PKESK, [6, 33, 6, ..]) => (90..4096).contains(&length),
        (Tag::SKESK, body) => is_sealed_by_passphrase(body, length),
        (Tag::Marker, body) => is_marker(&header, body),
        _ => false,
    }
}

/// Returns whether so many octets begin as a session key that is sealed by a
/// public-key algorithm (RFC 9580, sections 5.1.3 to 5.1.7), with so many octets
/// of a cipher in the clear.
fn is_sealed_by(algorithm: u8, sealed: &[u8], length: u64, cipher: u64) -> bool {
    let [high, low, ..] = sealed else {
        return false;
    };
    let bits = u16::from_be_bytes([*high, *low]);
    let number = u64::from(bits.div_ceil(8)) + 2;
    match algorithm {
        // RSA.
        1 | 2 => bits >= 1000 && length == number,
        // Elgamal: two numbers of about the same length.
        16 => bits >= 1000 && length <= 2 * number && length + 8 >= 2 * number,
        // ECDH: a point of one of the curves, and the wrapped key.
        18 => matches!(bits, 263 | 515 | 771 | 1027 | 1059) && length > number,
        // X25519 and X448: 32 and 56 octets, and the wrapped key.
        25 => SESSION_KEYS
            .iter()
            .any(|key| length == 32 + 1 + cipher + key + 8),
        26 => SESSION_KEYS
            .iter()
            .any(|key| length == 56 + 1 + cipher + key + 8),
        _ => false,
    }
}

/// Returns whether a body of this length begins as an SKESK packet does (RFC
/// 9580, section 5.3).
fn is_sealed_by_passphrase(body: &[u8], length: u64) -> bool {
    // The S2K's length, for its kind and its hash (RFC 9580, section 3.7).
    let specifier = |kind: u8, hash: u8| match kind {
        0 if matches!(hash, 1..=14) => Some(2),
        1 if matches!(hash, 1..=14) => Some(10),
        3 if matches!(hash, 1..=14) => Some(11),
        4 => Some(20),
        _ => None,
    };
    // The nonce's length, for EAX, OCB and GCM.
    let nonce = |mode: u8| match mode {
        1 => Some(16),
        2 => Some(15),
        3 => Some(12),
        _ => None,
    };
    let is_key = |left: Option<u64>| left.is_some_and(|key| SESSION_KEYS.contains(&key));
    match body {
        [4, 1..=13, kind, hash, ..] => specifier(*kind, *hash).is_some_and(|specifier| {
            let left = length.checked_sub(2 + specifier);
            left == Some(0) || is_key(left.and_then(|left| left.checked_sub(1)))
        }),
        // LibrePGP's, without the lengths.
        [5, 1..=13, mode, kind, hash, ..] => {
            let lengths = specifier(*kind, *hash).zip(nonce(*mode));
            lengths.is_some_and(|(specifier, nonce)| {
                is_key(length.checked_sub(3 + specifier + nonce + 16))
            })
        }
        [6, count, 1..=13, mode, s2k, kind, hash, ..] => {
            let lengths = specifier(*kind, *hash).zip(nonce(*mode));
            lengths.is_some_and(|(specifier, nonce)| {
                u64::from(*s2k) == specifier
                    && u64::from(*count) == 3 + specifier + nonce
                    && is_key(length.checked_sub(5 + specifier + nonce + 16))
            })
        }
        _ => false,
    }
}

fn is_marker(header: &Header, body: &[u8]) -> bool {
    header.length == Length::Last(3) && body.starts_with(b"PGP")
}

#[cfg(test)]
mod tests {
    use openpgp::cert::{CertBuilder, CipherSuite};
    use openpgp::policy::StandardPolicy;
    use openpgp::serialize::stream::{Encryptor, Message};
    use openpgp::types::{Features, KeyFlags};
    use rand::{RngCore, SeedableRng};

    use super::*;

    #[test]
    fn messages_to_every_kind_of_key_surely_begin_so() {
        for suite in [
            CipherSuite::RSA2k,
            CipherSuite::P256,
            CipherSuite::P384,
            CipherSuite::P521,
            CipherSuite::Cv25519,
        ] {
            for features in [Features::sequoia(), Features::empty().set_seipdv1()] {
                let (cert, _) = CertBuilder::new()
                    .set_cipher_suite(suite)
                    .set_features(features)
                    .unwrap()
                    .add_subkey(KeyFlags::empty().set_storage_encryption(), None, None)
                    .generate()
                    .unwrap();
                let policy = StandardPolicy::new();
                let keys = || {
                    let keys = cert.keys().with_policy(&policy, None);
                    keys.for_storage_encryption()
                };
                for hidden in [false, true] {
                    let recipients = keys().map(|key| match hidden {
                        true => {
                            let recipient: openpgp::serialize::stream::Recipient<'_> = key.into();
                            recipient.set_key_handle(None).unwrap()
                        }
                        false => key.into(),
                    });
                    let mut message = Vec::new();
                    let sink = Message::new(&mut message);
                    drop(Encryptor::for_recipients(sink, recipients).build().unwrap());
                    assert!(surely_begins_message(&message[..27]), "{suite:?} {hidden}");
                }
            }
        }
    }

    #[test]
    fn messages_to_a_passphrase_surely_begin_so() {
        let mut message = Vec::new();
        let sink = Message::new(&mut message);
        drop(Encryptor::with_passwords(sink, ["secret"]).build().unwrap());
        assert!(surely_begins_message(&message[..27]));
    }

    #[test]
    fn random_octets_are_no_message() {
        let mut octets = vec![0; 16 << 20];
        rand::rngs::StdRng::seed_from_u64(7).fill_bytes(&mut octets);
        let found = octets
            .windows(27)
            .filter(|window| surely_begins_message(window));
        assert_eq!(found.count(), 0);
    }
}
