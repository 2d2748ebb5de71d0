//! Private keys under a passphrase: EncryptedPrivateKeyInfo (RFC 5958,
//! section 3) with PBES2 (RFC 8018, section 6.2).
//!
//! OpenSSL writes that as well, but its Rust binding offers no choice of the
//! iteration count, and the default of 2,048 makes guessing cheap.

use openssl::base64::encode_block;
use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::pkcs5::pbkdf2_hmac;
use openssl::rand::rand_bytes;
use openssl::symm::{Cipher, encrypt};
use zeroize::Zeroizing;

use crate::keys::passphrase::NewPassphrase;

/// The iteration count: OWASP's number for PBKDF2 with HMAC-SHA-256.
const ITERATIONS: usize = 600_000;

// Object identifiers, without tag and length.
const PBES2: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x05\x0d"; // 1.2.840.113549.1.5.13
const PBKDF2: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x05\x0c"; // 1.2.840.113549.1.5.12
const HMAC_SHA256: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x02\x09"; // 1.2.840.113549.2.9
const AES_256_CBC: &[u8] = b"\x60\x86\x48\x01\x65\x03\x04\x01\x2a"; // 2.16.840.1.101.3.4.1.42

// Tags of the Distinguished Encoding Rules (X.690, section 8).
const INTEGER: u8 = 0x02;
const OCTET_STRING: u8 = 0x04;
const NULL: u8 = 0x05;
const OBJECT_IDENTIFIER: u8 = 0x06;
const SEQUENCE: u8 = 0x30;

/// Encrypts a PKCS#8 private key (DER) with a passphrase, and returns it as
/// PEM.
pub(crate) fn lock(
    key: &[u8],
    passphrase: &NewPassphrase,
) -> Result<Zeroizing<Vec<u8>>, ErrorStack> {
    let (mut salt, mut iv) = ([0; 16], [0; 16]);
    rand_bytes(&mut salt)?;
    rand_bytes(&mut iv)?;
    let mut secret = Zeroizing::new([0; 32]);
    let phrase = passphrase.as_bytes();
    let hash = MessageDigest::sha256();
    pbkdf2_hmac(phrase, &salt, ITERATIONS, hash, secret.as_mut_slice())?;
    let sealed = encrypt(Cipher::aes_256_cbc(), secret.as_slice(), Some(&iv), key)?;

    let derivation = algorithm(
        PBKDF2,
        &der(
            SEQUENCE,
            &[
                &der(OCTET_STRING, &[&salt]),
                &der(INTEGER, &[&positive(ITERATIONS)]),
                &algorithm(HMAC_SHA256, &der(NULL, &[])),
            ],
        ),
    );
    let encryption = algorithm(AES_256_CBC, &der(OCTET_STRING, &[&iv]));
    let scheme = algorithm(PBES2, &der(SEQUENCE, &[&derivation, &encryption]));
    let whole = der(SEQUENCE, &[&scheme, &der(OCTET_STRING, &[&sealed])]);
    Ok(Zeroizing::new(pem("ENCRYPTED PRIVATE KEY", &whole)))
}

/// Encodes an AlgorithmIdentifier: the algorithm and its parameters.
fn algorithm(identifier: &[u8], parameters: &[u8]) -> Vec<u8> {
    der(
        SEQUENCE,
        &[&der(OBJECT_IDENTIFIER, &[identifier]), parameters],
    )
}

/// Encodes a tag, the length and the parts of the content (X.690, section
/// 10.1).
fn der(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let mut whole = vec![tag];
    match u8::try_from(content.len()) {
        Ok(short @ ..0x80) => whole.push(short),
        _ => {
            let octets = without_zeros(content.len());
            whole.push(0x80 | octets.len() as u8);
            whole.extend(octets);
        }
    }
    whole.extend(content);
    whole
}

/// Encodes the content of a positive INTEGER: its highest bit is the sign.
fn positive(number: usize) -> Vec<u8> {
    let octets = without_zeros(number);
    match octets.first() {
        Some(0x80..) => [&[0], octets.as_slice()].concat(),
        _ => octets,
    }
}

fn without_zeros(number: usize) -> Vec<u8> {
    let octets = number.to_be_bytes();
    octets.into_iter().skip_while(|octet| *octet == 0).collect()
}

/// Encodes as text (RFC 7468).
fn pem(label: &str, content: &[u8]) -> Vec<u8> {
    let mut text = format!("-----BEGIN {label}-----\n").into_bytes();
    for line in encode_block(content).as_bytes().chunks(64) {
        text.extend_from_slice(line);
        text.push(b'\n');
    }
    text.extend(format!("-----END {label}-----\n").into_bytes());
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_and_numbers_take_as_many_octets_as_they_need() {
        for (length, head) in [
            (0, &b"\x04\x00"[..]),
            (127, b"\x04\x7f"),
            (128, b"\x04\x81\x80"),
            (255, b"\x04\x81\xff"),
            (256, b"\x04\x82\x01\x00"),
            (65_536, b"\x04\x83\x01\x00\x00"),
        ] {
            let encoded = der(OCTET_STRING, &[&vec![7; length]]);
            assert!(encoded.starts_with(head), "{length}");
            assert_eq!(encoded.len(), head.len() + length);
        }
        assert_eq!(positive(127), [127]);
        assert_eq!(positive(128), [0, 128]);
        assert_eq!(positive(600_000), [9, 0x27, 0xc0]);
    }
}
