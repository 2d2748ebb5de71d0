//! Secret numbers of EC keys with leading zeros, as GnuPG 2.1 wrote some of
//! them. OpenPGP has none
//! ([RFC 9580, section 3.2](https://www.rfc-editor.org/rfc/rfc9580#section-3.2)),
//! and sequoia insists on it.

use openpgp::crypto::mpi::{SecretKeyChecksum, SecretKeyMaterial};
use openpgp::packet::key::{
    Encrypted, PublicParts, SecretKeyMaterial as KeyMaterial, SecretParts, UnspecifiedRole,
};
use openpgp::packet::{Key, Tag, Unknown};
use openpgp::parse::{PacketParserBuilder, PacketParserResult, Parse};
use openpgp::types::{PublicKeyAlgorithm, SymmetricAlgorithm};
use openpgp::{Cert, Packet};
use openssl::sha::sha1;
use openssl::symm::{Cipher, Crypter, Mode};
use sequoia_openpgp as openpgp;
use zeroize::Zeroizing;

/// The octets of a version 4 key before its algorithm's own: version and
/// creation time.
const BEFORE_ALGORITHM: usize = 5;

/// Returns the keys in a file of private OpenPGP keys.
pub(in crate::keys) fn certs(bytes: &[u8]) -> openpgp::Result<Vec<Cert>> {
    let mut packets = Vec::new();
    let parser = PacketParserBuilder::from_bytes(bytes)?.buffer_unread_content();
    let mut result = parser.build()?;
    while let PacketParserResult::Some(parser) = result {
        let (packet, next) = parser.next()?;
        packets.push(match packet {
            Packet::Unknown(mut unknown) => {
                let repaired = without_zeros(&unknown);
                if repaired.is_some() {
                    // It has the secret in the clear.
                    drop(Zeroizing::new(unknown.set_body(Vec::new())));
                }
                repaired.unwrap_or(Packet::Unknown(unknown))
            }
            other => other,
        });
        result = next;
    }
    openpgp::cert::CertParser::from(packets).collect()
}

/// Returns the packet of a key that isn't locked, without the zeros.
fn without_zeros(packet: &Unknown) -> Option<Packet> {
    let (Tag::SecretKey | Tag::SecretSubkey) = packet.tag() else {
        return None;
    };
    let body = packet.body();
    let secret = body.get(public_length(body)?..)?;
    let (public, _) = body.split_at_checked(body.len() - secret.len())?;
    // The octet that says how the key is locked: not at all.
    let secret = secret.strip_prefix(&[0])?;
    let scalar = scalar(checked(secret, SecretKeyChecksum::Sum16)?)?;
    let mut repaired = Zeroizing::new(public.to_vec());
    repaired.push(0);
    let bits = u16::try_from(scalar.len() * 8).ok()?;
    let unused = scalar.first().map_or(0, |first| first.leading_zeros());
    let number = [
        &bits.checked_sub(unused.try_into().ok()?)?.to_be_bytes(),
        scalar,
    ];
    let number = Zeroizing::new(number.concat());
    repaired.extend_from_slice(&number);
    repaired.extend(sum16(&number).to_be_bytes());
    let key = Key::from_bytes(&repaired).ok()?.parts_into_secret().ok()?;
    Some(match packet.tag() {
        Tag::SecretKey => Packet::SecretKey(key.role_into_primary()),
        _ => Packet::SecretSubkey(key.role_into_subordinate()),
    })
}

/// Returns the length of the public half of a version 4 key on a curve, in
/// octets.
fn public_length(body: &[u8]) -> Option<usize> {
    let 4 = body.first()? else {
        return None;
    };
    let (_, rest) = body.split_at_checked(BEFORE_ALGORITHM)?;
    let (algorithm, rest) = rest.split_first()?;
    let has_kdf = match PublicKeyAlgorithm::from(*algorithm) {
        PublicKeyAlgorithm::ECDH => true,
        PublicKeyAlgorithm::ECDSA | PublicKeyAlgorithm::EdDSA => false,
        _ => return None,
    };
    let counted = |rest: &'_ [u8]| {
        let length = usize::from(*rest.first()?);
        rest.len().checked_sub(1 + length)
    };
    let mut left = counted(rest)?;
    let (_, point) = rest.split_at_checked(rest.len() - left)?;
    let bits = u16::from_be_bytes(*point.first_chunk()?);
    left = left.checked_sub(2 + usize::from(bits).div_ceil(8))?;
    if has_kdf {
        left = counted(rest.get(rest.len() - left..)?)?;
    }
    Some(body.len() - left)
}

/// Returns a locked key on a curve, unlocked. `None` if the passphrase is
/// wrong, or it isn't such a key.
pub(super) fn unlock(
    key: &Key<SecretParts, UnspecifiedRole>,
    passphrase: &[u8],
) -> Option<Key<SecretParts, UnspecifiedRole>> {
    let KeyMaterial::Encrypted(locked) = key.secret() else {
        return None;
    };
    if key.pk_algo() != PublicKeyAlgorithm::ECDH || locked.aead_algo().is_some() {
        return None;
    }
    let secret = decrypted(locked, passphrase)?;
    let scalar = scalar(checked(&secret, locked.checksum()?)?)?;
    let scalar = SecretKeyMaterial::ECDH {
        scalar: scalar.to_vec().into(),
    };
    let public: Key<PublicParts, _> = key.clone().take_secret().0;
    Some(public.add_secret(scalar.into()).0)
}

/// Returns the secret half of a locked key, with its checksum (RFC 9580,
/// section 5.5.3).
fn decrypted(locked: &Encrypted, passphrase: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let cipher = match locked.algo() {
        SymmetricAlgorithm::AES128 => Cipher::aes_128_cfb128(),
        SymmetricAlgorithm::AES192 => Cipher::aes_192_cfb128(),
        SymmetricAlgorithm::AES256 => Cipher::aes_256_cfb128(),
        _ => return None,
    };
    let key = locked
        .s2k()
        .derive_key(&passphrase.into(), cipher.key_len());
    let (iv, secret) = locked
        .ciphertext()
        .ok()?
        .split_at_checked(cipher.iv_len()?)?;
    let mut crypter = Crypter::new(cipher, Mode::Decrypt, &key.ok()?, Some(iv)).ok()?;
    let mut plain = Zeroizing::new(vec![0; secret.len() + cipher.block_size()]);
    let length = crypter.update(secret, &mut plain).ok()?;
    plain.truncate(length);
    Some(plain)
}

/// Returns the number in a secret half without its checksum, if that is right.
fn checked(secret: &[u8], checksum: SecretKeyChecksum) -> Option<&[u8]> {
    let length = match checksum {
        SecretKeyChecksum::SHA1 => 20,
        SecretKeyChecksum::Sum16 => 2,
    };
    let (number, found) = secret.split_at_checked(secret.len().checked_sub(length)?)?;
    let is_right = match checksum {
        SecretKeyChecksum::SHA1 => openssl::memcmp::eq(&sha1(number), found),
        SecretKeyChecksum::Sum16 => sum16(number).to_be_bytes() == found,
    };
    is_right.then_some(number)
}

fn sum16(octets: &[u8]) -> u16 {
    let sum = |sum: u16, octet: &u8| sum.wrapping_add((*octet).into());
    octets.iter().fold(0, sum)
}

/// Returns the octets of a number, without zeros before them.
fn scalar(number: &[u8]) -> Option<&[u8]> {
    let (bits, octets) = number.split_first_chunk()?;
    let length = usize::from(u16::from_be_bytes(*bits)).div_ceil(8);
    let zeros = octets.iter().take_while(|octet| **octet == 0).count();
    let is_whole = octets.len() == length && zeros < length;
    is_whole.then(|| octets.split_at(zeros).1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::Identity;
    use crate::keys::passphrase::Passphrase;
    use openpgp::cert::CertBuilder;
    use openpgp::crypto::S2K;
    use openpgp::serialize::SerializeInto;
    use openpgp::types::HashAlgorithm;

    /// The key of a certificate, as its file has it: with a zero before its
    /// secret number.
    struct Old {
        cert: Cert,
        key: Key<SecretParts, UnspecifiedRole>,
        secret: Vec<u8>,
    }

    impl Old {
        fn new() -> Self {
            let cert = CertBuilder::new().add_storage_encryption_subkey();
            let (cert, _) = cert.generate().unwrap();
            let key = cert.keys().subkeys().next().unwrap().key().clone();
            let key = key.parts_into_secret().unwrap().role_into_unspecified();
            let pair = key.clone().into_keypair().unwrap();
            let secret = pair.secret().map(|secret| match secret {
                SecretKeyMaterial::ECDH { scalar } => scalar.value().to_vec(),
                _ => unreachable!(),
            });
            let bits = 8 * (secret.len() as u16 + 1);
            let secret = [&bits.to_be_bytes()[..], &[0], &secret].concat();
            Self { cert, key, secret }
        }

        /// Returns the certificate's packets, with the secret half of the key
        /// replaced by these octets.
        fn with_secret(&self, secret: &[u8]) -> Vec<u8> {
            let public = self.key.clone().take_secret().0;
            let public = Packet::PublicSubkey(public.role_into_subordinate());
            let public = public.to_vec().unwrap();
            let body = [&public[2..], secret].concat();
            let packet = [&[0xC7, body.len() as u8], &*body].concat();
            let subkey = |packet: &Packet| matches!(packet, Packet::SecretSubkey(_));
            let packets = self.cert.as_tsk().into_packets();
            let octets = packets.map(|other| match subkey(&other) {
                true => packet.clone(),
                false => other.to_vec().unwrap(),
            });
            octets.flatten().collect()
        }

        fn opens(&self, file: &[u8], passphrase: &[u8]) -> bool {
            let directory = tempfile::tempdir().unwrap();
            let path = directory.path().join("old.key");
            std::fs::write(&path, file).unwrap();
            let identities = Identity::load(&path).unwrap_or_default();
            let key = identities
                .first()
                .map(|identity| identity.unlock(&Passphrase::new(passphrase.to_vec())));
            key.is_some_and(|key| {
                key.is_ok_and(|key| key.public().fingerprint() == self.key.fingerprint())
            })
        }
    }

    #[test]
    fn a_key_that_is_not_locked_opens() {
        let old = Old::new();
        let sum = sum16(&old.secret).to_be_bytes();
        let file = old.with_secret(&[&[0], &*old.secret, &sum].concat());
        assert!(Cert::from_bytes(&file).unwrap().unknowns().next().is_some());
        assert!(old.opens(&file, b""));
        let damaged = old.with_secret(&[&[0], &*old.secret, &[sum[0], !sum[1]]].concat());
        assert!(!old.opens(&damaged, b""));
    }

    #[test]
    fn a_locked_key_opens() {
        let old = Old::new();
        let s2k = S2K::Iterated {
            hash: HashAlgorithm::SHA1,
            salt: [7; 8],
            hash_bytes: 65536,
        };
        let key = s2k.derive_key(&b"right"[..].into(), 16).unwrap();
        let plain = [&*old.secret, &sha1(&old.secret)].concat();
        let (cipher, iv) = (Cipher::aes_128_cfb128(), [9; 16]);
        let sealed = openssl::symm::encrypt(cipher, &key, Some(&iv), &plain).unwrap();
        // Iterated and salted, SHA-1, the salt, 65,536 octets.
        let s2k = [&[3, 2][..], &[7; 8], &[0x60]].concat();
        let file = old.with_secret(&[&[254, 7], &*s2k, &iv, &sealed].concat());
        assert!(old.opens(&file, b"right"));
        assert!(!old.opens(&file, b"wrong"));
    }

    #[test]
    fn what_is_no_such_key_is_left_alone() {
        for body in [
            &b""[..],
            b"\x04",
            b"\x04\0\0\0\0\x12",
            b"\x04\0\0\0\0\x12\xFF",
            b"\x04\0\0\0\0\x12\0\xFF\xFF",
            b"\x04\0\0\0\0\x12\0\0\0\xFF",
            b"\x06\0\0\0\0\x12\0\0\0\0",
        ] {
            assert_eq!(public_length(body), None, "{body:?}");
        }
        for number in [&b""[..], b"\0", b"\0\x08", b"\0\x08\0", b"\0\x10\x01"] {
            assert_eq!(scalar(number), None, "{number:?}");
        }
    }
}
