//! Private keys under a passphrase: EncryptedPrivateKeyInfo (RFC 5958,
//! section 3) with PBES2 (RFC 8018, section 6.2).
//!
//! OpenSSL writes that as well, but its Rust binding offers no choice of the
//! iteration count, and the default of 2,048 makes guessing cheap.

use bcder::encode::{PrimitiveContent, Values};
use bcder::{Mode, OctetString, encode};
use openssl::base64::encode_block;
use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::pkcs5::pbkdf2_hmac;
use openssl::rand::rand_bytes;
use openssl::symm::{Cipher, encrypt};
use zeroize::Zeroizing;

use crate::keys::passphrase::NewPassphrase;
use crate::oids::{AES256_CBC, HMAC_SHA256, PBES2, PBKDF2};

/// The iteration count: OWASP's number for PBKDF2 with HMAC-SHA-256.
const ITERATIONS: u32 = 600_000;

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
    pbkdf2_hmac(
        phrase,
        &salt,
        ITERATIONS as usize,
        hash,
        secret.as_mut_slice(),
    )?;
    let sealed = encrypt(Cipher::aes_256_cbc(), secret.as_slice(), Some(&iv), key)?;

    let octets = |octets| OctetString::encode_slice(octets);
    let hmac = encode::sequence((HMAC_SHA256.encode(), ().encode()));
    let derivation = encode::sequence((octets(&salt[..]), ITERATIONS.encode(), hmac));
    let derivation = encode::sequence((PBKDF2.encode(), derivation));
    let encryption = encode::sequence((AES256_CBC.encode(), octets(&iv[..])));
    let schemes = encode::sequence((derivation, encryption));
    let scheme = encode::sequence((PBES2.encode(), schemes));
    let whole = encode::sequence((scheme, octets(&sealed[..])));
    let whole = whole.to_captured(Mode::Der);
    Ok(Zeroizing::new(pem(
        "ENCRYPTED PRIVATE KEY",
        whole.as_slice(),
    )))
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
