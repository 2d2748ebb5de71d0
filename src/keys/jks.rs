//! Java keystores of the type JKS. Its form isn't documented but by Java's
//! source: numbers are big-endian, and texts have a length of two octets.

use openssl::hash::{Hasher, MessageDigest};

use super::file_content::Bytes;

const MAGIC: [u8; 4] = [0xFE, 0xED, 0xFE, 0xED];

/// The length of a SHA-1 hash, and of a key's salt, in octets.
const HASH: usize = 20;

/// The most entries of one keystore.
const MAX_ENTRIES: u32 = 1024;

/// The algorithm of a locked key (1.3.6.1.4.1.42.2.17.1.1), with its tag and
/// length.
const KEY_PROTECTOR: &[u8] = b"\x06\x0A\x2B\x06\x01\x04\x01\x2A\x02\x11\x01\x01";

/// A private key of a keystore.
pub(super) struct JksKey {
    /// The key, locked.
    pub locked: LockedJksKey,
    /// Its certificate as DER, followed by the certificate's issuers.
    pub chain: Vec<Vec<u8>>,
}

/// A locked key: a salt, the key and a hash of it.
pub(super) struct LockedJksKey(Bytes);

/// Returns the private keys of a keystore; `None` if it's none, or malformed.
pub(super) fn keys(bytes: &[u8]) -> Option<Vec<JksKey>> {
    let (body, _hash) = bytes.split_at_checked(bytes.len().checked_sub(HASH)?)?;
    let mut rest = body.strip_prefix(&MAGIC)?;
    let rest = &mut rest;
    let version = u32(rest)?;
    let entries = u32(rest)?;
    if !(1..=2).contains(&version) || entries > MAX_ENTRIES {
        return None;
    }
    let mut keys = Vec::new();
    for _ in 0..entries {
        let kind = u32(rest)?;
        // The name and the date.
        text(rest)?;
        take(rest, 8)?;
        match kind {
            1 => {
                let locked = locked_key(octets(rest)?)?;
                let mut chain = Vec::new();
                for _ in 0..u32(rest)? {
                    chain.push(certificate(rest, version)?);
                }
                keys.push(JksKey { locked, chain });
            }
            2 => {
                certificate(rest, version)?;
            }
            _ => return None,
        }
    }
    rest.is_empty().then_some(keys)
}

/// Reads a certificate with its type.
fn certificate(rest: &mut &[u8], version: u32) -> Option<Vec<u8>> {
    if version == 2 {
        text(rest)?;
    }
    octets(rest).map(<[u8]>::to_vec)
}

/// Reads an EncryptedPrivateKeyInfo (RFC 5958, section 3).
fn locked_key(der: &[u8]) -> Option<LockedJksKey> {
    let at = der
        .windows(KEY_PROTECTOR.len())
        .position(|window| window == KEY_PROTECTOR)?;
    let rest = der.get(at + KEY_PROTECTOR.len()..)?;
    let mut rest = rest.strip_prefix(&[0x05, 0x00]).unwrap_or(rest);
    let rest = &mut rest;
    let [0x04] = take(rest, 1)? else {
        return None;
    };
    let length = match take(rest, 1)? {
        [short @ 0..=0x7F] => usize::from(*short),
        [0x81] => usize::from(*take(rest, 1)?.first()?),
        [0x82] => usize::from(u16::from_be_bytes(take(rest, 2)?.try_into().ok()?)),
        _ => return None,
    };
    let protected = take(rest, length)?;
    (protected.len() > 2 * HASH).then(|| LockedJksKey(Bytes::new(protected.to_vec())))
}

impl LockedJksKey {
    /// Returns the PKCS#8 key as DER; `None` if the passphrase is wrong.
    pub fn unlock(&self, passphrase: &[u8]) -> Option<Bytes> {
        let passphrase = utf16(passphrase)?;
        let (salt, rest) = self.0.split_at_checked(HASH)?;
        let (sealed, hash) = rest.split_at_checked(rest.len().checked_sub(HASH)?)?;
        let mut key = Bytes::new(Vec::with_capacity(sealed.len()));
        let mut pad: [u8; HASH] = salt.try_into().ok()?;
        for piece in sealed.chunks(HASH) {
            pad = hashed(&[&passphrase, &pad])?;
            key.extend(piece.iter().zip(pad).map(|(octet, pad)| octet ^ pad));
        }
        (hashed(&[&passphrase, &key])? == *hash).then_some(key)
    }
}

/// Java takes the characters of a passphrase as two octets each.
fn utf16(passphrase: &[u8]) -> Option<Bytes> {
    let text = std::str::from_utf8(passphrase).ok()?;
    Some(Bytes::new(
        text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
    ))
}

fn hashed(parts: &[&[u8]]) -> Option<[u8; HASH]> {
    let mut hasher = Hasher::new(MessageDigest::sha1()).ok()?;
    for part in parts {
        hasher.update(part).ok()?;
    }
    hasher.finish().ok()?.as_ref().try_into().ok()
}

fn take<'a>(rest: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (taken, left) = rest.split_at_checked(length)?;
    *rest = left;
    Some(taken)
}

fn u32(rest: &mut &[u8]) -> Option<u32> {
    Some(u32::from_be_bytes(take(rest, 4)?.try_into().ok()?))
}

fn text<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = u16::from_be_bytes(take(rest, 2)?.try_into().ok()?);
    take(rest, length.into())
}

fn octets<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = usize::try_from(u32(rest)?).ok()?;
    take(rest, length)
}
