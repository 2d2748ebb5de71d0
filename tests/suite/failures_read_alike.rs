//! A key doesn't tell whoever sends it messages what became of the session key in
//! them: false paddings, checksums, lengths, ciphers and keys read alike. Else each
//! answer would be a step to the content of another message (Bleichenbacher's
//! attack, and Mister and Zuccherato's).

use crate::support::packets::{PKESK, Packets, false_key, packets};
use crate::support::{Scene, content};

/// The octets of the RSA key.
const MODULUS: usize = 256;

/// A session key, which is false.
const FALSE: [u8; 32] = [1; 32];

/// Makes a recipient with an RSA key, and a message in a format to it.
fn sealed(format: &str) -> (Scene, Vec<u8>) {
    let scene = Scene::new();
    scene.key_pair("customer", "rsa:2048");
    scene.write("call", content(3000));
    scene.ok(&format!(
        "seal -q call -r customer.crt --format {format} --compress none -o message"
    ));
    let message = scene.read("message");
    (scene, message)
}

/// Encrypts what the recipient's key will find, by openssl.
fn encrypted(scene: &Scene, plain: &[u8], padding: &str) -> Vec<u8> {
    scene.write("plain", plain);
    scene.tool(&format!(
        "openssl pkeyutl -encrypt -certin -inkey customer.crt -in plain -out encrypted {padding}"
    ));
    let encrypted = scene.read("encrypted");
    assert_eq!(encrypted.len(), MODULUS);
    encrypted
}

/// Returns what the key can't decrypt: a padding that is none.
fn without_padding(scene: &Scene) -> Vec<u8> {
    let mut block = vec![0xA5; MODULUS];
    block[0] = 0;
    encrypted(scene, &block, "-pkeyopt rsa_padding_mode:none")
}

/// What each way to open a message says, with its exit status.
type Said = Vec<(Option<i32>, String)>;

/// Opens a message in each way; returns nothing if it opens.
fn said(scene: &Scene, message: &[u8]) -> Option<Said> {
    scene.write("message", message);
    let entries = vec![("call.pgp".to_owned(), message.to_vec())];
    crate::index_support::put_together(scene, "calls.zip", &entries);
    let lines = [
        "open message -k customer.key -o out",
        "open message -k customer.key -o -",
        "extract calls.zip -k customer.key -C out",
        "cat calls.zip call -k customer.key",
        "grep . calls.zip -k customer.key",
        "verify calls.zip -k customer.key",
        "share calls.zip -k customer.key -r customer.crt -o out",
        "share message -k customer.key -r customer.crt -o out",
        "convert calls.zip -k customer.key -r customer.crt -o out",
    ];
    let outcomes = lines.into_iter().map(|line| {
        let outcome = scene.line(line).outcome();
        let failed = outcome.status() != Some(0);
        failed.then(|| {
            assert!(!scene.exists("out"), "{outcome}");
            (outcome.status(), outcome.stdout() + &outcome.stderr())
        })
    });
    outcomes.collect()
}

/// Checks that all messages read alike. Returns whether none opened.
#[track_caller]
fn all_read_alike(scene: &Scene, messages: &[(&str, Vec<u8>)]) -> bool {
    let said: Vec<_> = messages
        .iter()
        .map(|(_, message)| said(scene, message))
        .collect();
    for ((what, _), said_of_it) in messages.iter().zip(&said) {
        assert!(
            said_of_it.is_none() || said_of_it == &said[0],
            "{what}:\n{:#?}\nusually:\n{:#?}",
            said_of_it,
            said[0]
        );
    }
    said.iter().all(Option::is_some)
}

#[track_caller]
fn read_alike(scene: &Scene, messages: &[(&str, Vec<u8>)]) {
    assert!(all_read_alike(scene, messages), "a message opens");
}

/// Returns a message with something else in its only recipient's packet.
fn with_encrypted(message: &Packets, encrypted: &[u8]) -> Vec<u8> {
    let [(PKESK, packet)] = &message.front[..] else {
        panic!("{:?}", message.front)
    };
    // A header of two or three octets; what version 3 and version 6 have in front.
    let body = &packet[packet.len() - body_length(packet)..];
    let head = match body[0] {
        3 => &body[..10],
        _ => &body[..24],
    };
    let first = encrypted.iter().position(|octet| *octet != 0).unwrap();
    let encrypted = &encrypted[first..];
    let bits = encrypted.len() * 8 - encrypted[0].leading_zeros() as usize;
    let bits = u16::try_from(bits).unwrap().to_be_bytes();
    let body = [head, &bits, encrypted].concat();
    let length = (body.len() as u32).to_be_bytes();
    let packet = [&[0xC1, 0xFF][..], &length, &body].concat();
    [packet.as_slice(), &message.sealed].concat()
}

fn body_length(packet: &[u8]) -> usize {
    packet.len() - if packet[1] < 192 { 2 } else { 3 }
}

/// Returns messages of OpenPGP with all kinds of false session keys.
fn openpgp(scene: &Scene, message: &[u8], has_cipher: bool) -> Vec<(&'static str, Vec<u8>)> {
    let parts = packets(message);
    let plain = |cipher: u8, key: &[u8], difference: u16| {
        let sum: u16 = key.iter().map(|octet| u16::from(*octet)).sum();
        let sum = sum.wrapping_add(difference).to_be_bytes();
        let cipher = if has_cipher { vec![cipher] } else { Vec::new() };
        [&cipher, key, &sum].concat()
    };
    let sealed = |plain: &[u8]| with_encrypted(&parts, &encrypted(scene, plain, ""));
    let mut messages = vec![
        ("a false session key", sealed(&plain(9, &FALSE, 0))),
        (
            "no padding",
            with_encrypted(&parts, &without_padding(scene)),
        ),
        ("a false checksum", sealed(&plain(9, &FALSE, 7))),
        ("a key of 8 octets", sealed(&plain(9, &[1; 8], 0))),
        ("a key of 16 octets", sealed(&plain(9, &[1; 16], 0))),
        ("a key of 24 octets", sealed(&plain(9, &[1; 24], 0))),
        ("a key of 64 octets", sealed(&plain(9, &[1; 64], 0))),
        ("nothing", sealed(&[])),
        ("one octet", sealed(&[9])),
        ("three octets", sealed(&[9, 0, 0])),
    ];
    if has_cipher {
        // AES-128 and 3DES, with keys of their lengths; none, and an unknown one.
        messages.extend([
            ("AES-128", sealed(&plain(7, &[1; 16], 0))),
            ("AES-128 with a long key", sealed(&plain(7, &FALSE, 0))),
            ("3DES", sealed(&plain(2, &[1; 24], 0))),
            ("no cipher", sealed(&plain(0, &FALSE, 0))),
            ("an unknown cipher", sealed(&plain(99, &FALSE, 0))),
        ]);
    }
    messages
}

#[test]
fn false_session_keys_of_version_1_read_alike() {
    let (scene, message) = sealed("rfc4880");
    let messages = openpgp(&scene, &message, true);
    read_alike(&scene, &messages);
}

#[test]
fn a_false_session_key_that_seems_to_fit_version_1_reads_as_others_do() {
    let (scene, message) = sealed("rfc4880");
    let parts = packets(&message);
    let (header, _) = parts.body();
    let fitting = false_key(&parts.sealed[header + 1..]);
    let messages = [FALSE, fitting].map(|key| {
        let sum: u16 = key.iter().map(|octet| u16::from(*octet)).sum();
        let plain = [&[9][..], &key, &sum.to_be_bytes()].concat();
        let encrypted = encrypted(&scene, &plain, "");
        ("a session key", with_encrypted(&parts, &encrypted))
    });
    read_alike(&scene, &messages);
}

#[test]
fn altered_octets_of_version_1_read_alike() {
    let (scene, message) = sealed("rfc4880");
    let parts = packets(&message);
    let (header, length) = parts.body();
    let sealed = message.len() - parts.sealed.len() + header;
    // Of the random block and its two octets again, the packet's header, the name,
    // the date, the content and the code.
    let octets = [1, 15, 17, 19, 20, 21, 23, 24, 26, 30, 100, length - 1];
    let altered = octets.map(|octet| {
        let mut message = message.clone();
        message[sealed + octet] ^= 0x11;
        ("an altered octet", message)
    });
    read_alike(&scene, &altered);
}

#[test]
fn false_session_keys_of_version_2_read_alike() {
    let (scene, message) = sealed("rfc9580");
    let messages = openpgp(&scene, &message, false);
    read_alike(&scene, &messages);
}

/// Returns messages of CMS with all kinds of false keys.
fn cms(scene: &Scene, message: &[u8], padding: &str) -> Vec<(&'static str, Vec<u8>)> {
    let header = [4, 0x82, 1, 0];
    let mut places = message.windows(header.len());
    let at = places.position(|octets| octets == header).unwrap() + header.len();
    let with = |encrypted: &[u8]| {
        let mut message = message.to_vec();
        message[at..at + MODULUS].copy_from_slice(encrypted);
        message
    };
    let sealed = |plain: &[u8]| with(&encrypted(scene, plain, padding));
    vec![
        ("a false key", sealed(&FALSE)),
        ("no padding", with(&without_padding(scene))),
        ("a key of 8 octets", sealed(&[1; 8])),
        ("a key of 16 octets", sealed(&[1; 16])),
        ("a key of 24 octets", sealed(&[1; 24])),
        ("a key of 64 octets", sealed(&[1; 64])),
        ("nothing", sealed(&[])),
    ]
}

#[test]
fn false_keys_of_cms_with_gcm_read_alike() {
    let (scene, message) = sealed("cms-gcm");
    let oaep = "-pkeyopt rsa_padding_mode:oaep -pkeyopt rsa_oaep_md:sha256";
    let messages = cms(&scene, &message, oaep);
    read_alike(&scene, &messages);
}

#[test]
fn false_keys_of_cms_with_cbc_read_alike() {
    // One of 256 false keys yields a padding at the end, and so does what OpenSSL
    // takes instead of a false one. Then another message shows it.
    let alike = (0..10).any(|_| {
        let (scene, message) = sealed("cms");
        let messages = cms(&scene, &message, "");
        all_read_alike(&scene, &messages)
    });
    assert!(alike, "messages open by false keys");
}
