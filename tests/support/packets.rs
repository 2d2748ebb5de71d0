//! Packets of messages, and messages with recipients that were put in front.

use std::io::Read;

use callseal::archive::Archive;
use openssl::rsa::Padding;
use openssl::symm::{Cipher, Crypter, Mode};
use openssl::x509::X509;

use super::Scene;

/// The tag of a packet that holds a session key for a recipient.
pub const PKESK: u8 = 1;
/// The tag of the packet of sealed data.
pub const SEIPD: u8 = 18;

/// A message: the packets in front, and the sealed data with what follows.
#[derive(Debug, PartialEq, Eq)]
pub struct Packets {
    pub front: Vec<(u8, Vec<u8>)>,
    pub sealed: Vec<u8>,
}

impl Packets {
    /// Returns the whole message.
    pub fn join(&self) -> Vec<u8> {
        let front = self.front.iter().flat_map(|(_, packet)| packet);
        front.chain(&self.sealed).copied().collect()
    }

    /// Returns the length of the sealed data's header, and that of the body if
    /// it's in one part.
    pub fn body(&self) -> (usize, usize) {
        let (_, header, length) = header(&self.sealed);
        (header, length)
    }
}

/// Returns tag, length of the header and length of the body of a packet. A
/// partial length is that of the first part.
fn header(packet: &[u8]) -> (u8, usize, usize) {
    match *packet {
        [tag, length @ 0..=191, ..] if tag & 0x40 != 0 => (tag & 0x3F, 2, length.into()),
        [tag, high @ 192..=223, low, ..] if tag & 0x40 != 0 => {
            let length = ((usize::from(high) - 192) << 8) + usize::from(low) + 192;
            (tag & 0x3F, 3, length)
        }
        [tag, 255, a, b, c, d, ..] if tag & 0x40 != 0 => {
            let length = u32::from_be_bytes([a, b, c, d]);
            (tag & 0x3F, 6, length as usize)
        }
        [tag, part @ 224..=254, ..] if tag & 0x40 != 0 => (tag & 0x3F, 2, 1 << (part & 0x1F)),
        // The old format, which GnuPG writes.
        [tag, length, ..] if tag & 3 == 0 => (tag >> 2 & 0xF, 2, length.into()),
        [tag, high, low, ..] if tag & 3 == 1 => {
            (tag >> 2 & 0xF, 3, u16::from_be_bytes([high, low]).into())
        }
        [tag, a, b, c, d, ..] if tag & 3 == 2 => {
            let length = u32::from_be_bytes([a, b, c, d]);
            (tag >> 2 & 0xF, 5, length as usize)
        }
        _ => panic!("no packet: {packet:?}"),
    }
}

/// Takes a message apart.
#[track_caller]
pub fn packets(mut message: &[u8]) -> Packets {
    let mut front = Vec::new();
    loop {
        let (tag, header, length) = header(message);
        if tag == SEIPD {
            let sealed = message.to_vec();
            return Packets { front, sealed };
        }
        let (packet, after) = message.split_at(header + length);
        front.push((tag, packet.to_vec()));
        message = after;
    }
}

impl Scene {
    /// Returns the entries of an archive with their stored names.
    #[track_caller]
    pub fn entries(&self, archive: &str) -> Vec<(String, Vec<u8>)> {
        let archive = Archive::open(self.read(archive)).unwrap();
        let entries = archive.members().iter().map(|member| {
            let mut content = Vec::new();
            let mut source = archive.read(member).unwrap();
            source.read_to_end(&mut content).unwrap();
            (member.stored_name().into_owned(), content)
        });
        entries.collect()
    }

    /// Returns one entry of an archive by its stored name.
    #[track_caller]
    pub fn entry(&self, archive: &str, stored: &str) -> Vec<u8> {
        let entries = self.entries(archive);
        let mut names = entries.iter().map(|(name, _)| name);
        let place = names.position(|name| name == stored);
        let Some(place) = place else {
            panic!("{archive} has no {stored}")
        };
        entries[place].1.clone()
    }

    /// Makes a message of version 1 for a recipient with an RSA key, and puts a
    /// false session key before the true one.
    #[track_caller]
    pub fn seal_with_a_false_key(&self, name: &str, file: &str) -> Vec<u8> {
        self.ok(&format!(
            "seal -q -f -r {name}.crt --format rfc4880 --compress none {file} -o true.pgp"
        ));
        let message = self.read("true.pgp");
        let parts = packets(&message);
        let [(PKESK, pkesk)] = &parts.front[..] else {
            panic!("{parts:?}")
        };
        // The encrypted data begin after the header and the version.
        let (header, _) = parts.body();
        let key = false_key(&parts.sealed[header + 1..]);
        let forged = sealed_to(self, &format!("{name}.crt"), pkesk, &key);
        [forged, message].concat()
    }
}

/// Returns the first of the false session keys for which the encrypted data
/// seems to begin as it should: its 15th and 16th octet come twice.
pub fn false_key(encrypted: &[u8]) -> [u8; 32] {
    let fits = |key: &[u8; 32]| {
        let mut start = [0; 18 + 16];
        let mut cipher =
            Crypter::new(Cipher::aes_256_cfb128(), Mode::Decrypt, key, Some(&[0; 16])).unwrap();
        cipher.update(&encrypted[..18], &mut start).unwrap();
        start[14..16] == start[16..18]
    };
    (0..u64::MAX)
        .map(|number| {
            let mut key = [7; 32];
            key[..8].copy_from_slice(&number.to_be_bytes());
            key
        })
        .find(fits)
        .unwrap()
}

/// Returns the packet that seals a session key to the recipient whom `like`, a
/// packet of the same message, is for.
fn sealed_to(scene: &Scene, certificate: &str, like: &[u8], key: &[u8; 32]) -> Vec<u8> {
    let certificate = X509::from_pem(&scene.read(certificate)).unwrap();
    let rsa = certificate.public_key().unwrap().rsa().unwrap();
    let sum: u16 = key.iter().map(|octet| u16::from(*octet)).sum();
    let plain = [&[9][..], key, &sum.to_be_bytes()].concat();
    let mut sealed = vec![0; rsa.size() as usize];
    rsa.public_encrypt(&plain, &mut sealed, Padding::PKCS1)
        .unwrap();
    // Version, key ID and algorithm are those of the other packet.
    let (_, header, _) = header(like);
    let bits = sealed.len() as u16 * 8 - sealed[0].leading_zeros() as u16;
    let body = [&like[header..header + 10], &bits.to_be_bytes(), &sealed].concat();
    let length = (body.len() as u32).to_be_bytes();
    [&[0xC1, 0xFF][..], &length, &body].concat()
}
