//! Recipients that were put in front of a message and hold a false session key.

use std::time::SystemTime;

use callseal::archive::{ArchiveWriter, MemberName};
use openssl::rsa::Padding;
use openssl::symm::{Cipher, Crypter, Mode};
use openssl::x509::X509;

use crate::support::{CALL, Scene};

/// Returns the packets of a message, each with its tag.
fn packets(mut message: &[u8]) -> Vec<(u8, &[u8])> {
    let mut packets = Vec::new();
    while let [tag, rest @ ..] = message {
        let (header, length) = match *rest {
            [one @ 0..=191, ..] => (2, usize::from(one)),
            [two @ 192..=223, low, ..] => {
                (3, ((usize::from(two) - 192) << 8) + usize::from(low) + 192)
            }
            [255, a, b, c, d, ..] => (6, u32::from_be_bytes([a, b, c, d]) as usize),
            _ => panic!("a short message has no partial lengths"),
        };
        let (packet, after) = message.split_at(header + length);
        packets.push((tag & 0x3F, packet));
        message = after;
    }
    packets
}

/// Returns the first of the false session keys for which the encrypted data
/// seems to begin as it should: its 15th and 16th octet come twice.
fn false_key(encrypted: &[u8]) -> [u8; 32] {
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
    let [_, _, _, body @ ..] = like else {
        panic!("{like:?}")
    };
    let bits = sealed.len() as u16 * 8 - sealed[0].leading_zeros() as u16;
    let body = [&body[..10], &bits.to_be_bytes(), &sealed].concat();
    let length = (body.len() as u32).to_be_bytes();
    [&[0xC1, 0xFF][..], &length, &body].concat()
}

/// Makes a message of version 1 with a false session key before the true one,
/// in a file and in an archive.
fn with_a_false_key(scene: &Scene) {
    scene.rsa_pair("a");
    scene.write("call", CALL);
    scene.ok("seal -q -r a.crt --format rfc4880 --compress none call -o true.pgp");
    let message = scene.read("true.pgp");
    let packets = packets(&message);
    let [(1, pkesk), (18, container)] = packets[..] else {
        panic!("{packets:?}")
    };
    // The encrypted data begin after the header and the version.
    let header = container.len() - content_length(container);
    let key = false_key(&container[header + 1..]);
    let forged = [sealed_to(scene, "a.crt", pkesk, &key), message.clone()].concat();
    scene.write("call.pgp", &forged);
    let mut archive = ArchiveWriter::new(std::io::Cursor::new(Vec::new()));
    let name = MemberName::parse("call").unwrap();
    archive.add(&name, SystemTime::now(), &forged).unwrap();
    scene.write("calls.zip", archive.finish().unwrap().into_inner());
}

/// Returns the length of a packet's body.
fn content_length(packet: &[u8]) -> usize {
    match packet[1] {
        0..=191 => packet.len() - 2,
        192..=223 => packet.len() - 3,
        _ => packet.len() - 6,
    }
}

#[test]
fn a_message_opens_by_the_next_session_key_if_the_first_is_false() {
    let scene = Scene::new();
    with_a_false_key(&scene);
    scene.ok("open call.pgp -k a.key -o opened");
    assert!(scene.read("opened") == CALL);
    assert!(scene.ok("open call.pgp -k a.key -o -").output.stdout == CALL);
    scene.ok("extract calls.zip -k a.key -C out");
    assert!(scene.read("out/call") == CALL);
    assert!(scene.ok("cat calls.zip call -k a.key").output.stdout == CALL);
    scene.ok("convert calls.zip -k a.key -r a.crt -o new.zip");
    assert!(scene.ok("cat new.zip call -k a.key").output.stdout == CALL);
}

#[test]
fn an_altered_message_with_a_false_session_key_stays_altered() {
    let scene = Scene::new();
    with_a_false_key(&scene);
    let mut message = scene.read("call.pgp");
    let at = message.len() - 40;
    message[at] ^= 1;
    scene.write("altered.pgp", message);
    scene
        .line("open altered.pgp -k a.key -o out")
        .exits(5)
        .complains(&["altered.pgp"]);
    assert!(!scene.exists("out"));
}
