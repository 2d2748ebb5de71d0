//! Messages with one fault each.

use std::io::Write as _;

use openssl::rsa::{Padding, Rsa};
use openssl::symm::{Cipher, Crypter, Mode};
use sequoia_openpgp as openpgp;

use openpgp::parse::Parse;
use openpgp::policy::StandardPolicy;
use openpgp::serialize::stream::{Compressor, Encryptor, LiteralWriter, Message};

use crate::maker::{ENTRY, Entry, Maker};

/// Returns where the first packet of a message ends (RFC 9580, section 4.2.1).
fn first_packet(message: &[u8]) -> (usize, usize) {
    match message[1] {
        length @ 0..192 => (2, 2 + usize::from(length)),
        high @ 192..224 => (
            3,
            3 + ((usize::from(high) - 192) << 8) + usize::from(message[2]) + 192,
        ),
        255 => {
            let length = u32::from_be_bytes(message[2..6].try_into().unwrap());
            (6, 6 + length as usize)
        }
        _ => panic!("a PKESK has a definite length"),
    }
}

fn packet(tag: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).unwrap().to_be_bytes();
    [&[0xC0 | tag, 255], &length[..], body].concat()
}

/// Makes a version 3 PKESK to the recipient of `like`, around `plain`.
fn pkesk(maker: &Maker, like: &[u8], plain: &[u8]) -> Vec<u8> {
    let key = Rsa::private_key_from_pem(&maker.read("rsa.key")).unwrap();
    let mut encrypted = vec![0; 256];
    // An MPI has no leading zero octets, and we want its length to be known.
    while encrypted[0] < 0x80 {
        key.public_encrypt(plain, &mut encrypted, Padding::PKCS1)
            .unwrap();
    }
    let (start, _) = first_packet(like);
    // Version, key ID and algorithm.
    let front = &like[start..start + 10];
    packet(1, &[front, &2048u16.to_be_bytes(), &encrypted].concat())
}

/// Makes a symmetrically encrypted packet without integrity protection, as PGP
/// wrote it in the 1990s: CFB that resynchronises after the random block.
fn unprotected(maker: &Maker, like: &[u8]) -> Vec<u8> {
    let session_key = [0x5A; 32];
    let sum: u16 = session_key.iter().map(|octet| u16::from(*octet)).sum();
    let mut message = pkesk(
        maker,
        like,
        &[&[9][..], &session_key, &sum.to_be_bytes()].concat(),
    );
    let cfb = |iv: &[u8], plain: &[u8]| {
        let cipher = Cipher::aes_256_cfb128();
        let mut crypter = Crypter::new(cipher, Mode::Encrypt, &session_key, Some(iv)).unwrap();
        let mut out = vec![0; plain.len() + 16];
        let length = crypter.update(plain, &mut out).unwrap();
        out.truncate(length);
        out
    };
    let block = *b"sixteen octets..";
    let start = cfb(&[0; 16], &[&block[..], &block[14..]].concat());
    let literal = packet(11, b"b\0\0\0\0\0anything");
    let rest = cfb(&start[2..], &literal);
    message.extend(packet(9, &[start, rest].concat()));
    message
}

fn two_compressed_layers(maker: &Maker, text: &[u8]) -> Vec<u8> {
    let cert = openpgp::Cert::from_bytes(&maker.read("gpg-rsa.pub")).unwrap();
    let policy = StandardPolicy::new();
    let keys = cert
        .keys()
        .with_policy(&policy, None)
        .for_transport_encryption();
    let mut out = Vec::new();
    let message = Message::new(&mut out);
    let message = Encryptor::for_recipients(message, keys).build().unwrap();
    let message = Compressor::new(message).build().unwrap();
    let message = Compressor::new(message).build().unwrap();
    let mut message = LiteralWriter::new(message).build().unwrap();
    message.write_all(text).unwrap();
    message.finalize().unwrap();
    out
}

pub fn messages(maker: &mut Maker, text: &[u8]) {
    let (v1, v2) = (maker.read("v1-all.pgp"), maker.read("v2-rsa.pgp"));
    for (version, whole) in [("v1", &v1), ("v2", &v2)] {
        let last = whole.len() - 40;
        let mut altered = whole.clone();
        altered[last] ^= 1;
        maker.write(&format!("{version}-altered.pgp"), altered);
        maker.write(&format!("{version}-truncated.pgp"), &whole[..last]);
    }
    let source = maker.source("call.log", text);
    maker.seal(
        "v1-rsa.pgp",
        &source,
        &["rsa.crt"],
        &["--format", "rfc4880"],
    );
    maker.entry(Entry {
        file: "v1-rsa.pgp",
        shows: "RFC 4880, compressed if that is worth it, RSA",
        keys: &["rsa.key"],
        content: Some(text),
        ..ENTRY
    });
    let v1_rsa = maker.read("v1-rsa.pgp");
    let (_, end) = first_packet(&v1_rsa);
    let empty = pkesk(maker, &v1_rsa, b"");
    maker.write("no-session-key.pgp", [&empty, &v1_rsa[end..]].concat());
    maker.write("no-session-key-first.pgp", [&empty[..], &v1_rsa].concat());
    maker.write("unprotected.pgp", unprotected(maker, &v1_rsa));
    maker.write("literal.pgp", packet(11, b"b\0\0\0\0\0anything"));
    maker.write("two-layers.pgp", two_compressed_layers(maker, text));
    maker.write("text.pgp", text);
    maker.seal("for-others.pgp", &source, &["other.crt"], &[]);
    maker.seal(
        "expands.pgp",
        &maker.source("zeros", &vec![0; 4 << 20]),
        &["p256.crt"],
        &["--compress", "deflate"],
    );
    for (file, shows, key, status) in [
        (
            "v1-altered.pgp",
            "RFC 4880, one bit flipped near the end",
            "rsa.key",
            5,
        ),
        (
            "v2-altered.pgp",
            "RFC 9580, one bit flipped near the end",
            "rsa.key",
            5,
        ),
        (
            "v1-truncated.pgp",
            "RFC 4880, the last 40 bytes missing",
            "rsa.key",
            5,
        ),
        (
            "v2-truncated.pgp",
            "RFC 9580, the last 40 bytes missing",
            "rsa.key",
            5,
        ),
        (
            "no-session-key.pgp",
            "a PKESK whose RSA plaintext is empty: no crash",
            "rsa.key",
            5,
        ),
        (
            "unprotected.pgp",
            "encrypted without integrity protection",
            "rsa.key",
            5,
        ),
        ("literal.pgp", "not encrypted at all", "rsa.key", 5),
        (
            "two-layers.pgp",
            "compressed data inside of compressed data",
            "gpg-rsa.key",
            5,
        ),
        ("text.pgp", "not an OpenPGP message", "rsa.key", 5),
        ("for-others.pgp", "sealed to somebody else", "rsa.key", 4),
    ] {
        maker.entry(Entry {
            file,
            shows,
            keys: &[key],
            status,
            ..ENTRY
        });
    }
    maker.entry(Entry {
        file: "no-session-key-first.pgp",
        shows: "the same in front of a good PKESK: passed over",
        keys: &["rsa.key"],
        content: Some(text),
        ..ENTRY
    });
    maker.entry(Entry {
        file: "expands.pgp",
        shows: "decompresses to 4 MiB, with a limit of 1 MiB",
        keys: &["p256.key"],
        arguments: &["--max-member-size", "1M"],
        status: 5,
        ..ENTRY
    });
}
