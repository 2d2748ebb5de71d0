//! Keys encrypted with RSA open as they were sealed, and in no other way.

use openssl::rand::rand_bytes;
use openssl::rsa::Padding;

use super::encode::{Node, algorithm, element};
use super::forms::samples;
use super::*;

/// The places of the first recipient's parts, for key transport.
const ALGORITHM: &[usize] = &[1, 0, 1, 0, 2];
const ENCRYPTED_KEY: &[usize] = &[1, 0, 1, 0, 3];

fn encrypted(key: &PKey<Private>, plain: &[u8], padding: Padding) -> Vec<u8> {
    let mut encrypted = vec![0; key.size()];
    let rsa = key.rsa().unwrap();
    rsa.public_encrypt(plain, &mut encrypted, padding).unwrap();
    encrypted
}

/// Returns whether what a key decrypts has the shape of a padded key of that
/// length (RFC 8017, section 7.2.1).
fn is_padded(key: &PKey<Private>, encrypted: &[u8], length: usize) -> bool {
    let mut block = vec![0; key.size()];
    let rsa = key.rsa().unwrap();
    // Numbers beyond the modulus are invalid.
    if rsa
        .private_decrypt(encrypted, &mut block, Padding::NONE)
        .is_err()
    {
        return false;
    }
    let (front, _) = block.split_at(block.len() - length);
    let (filling, end) = front.split_at(front.len() - 1);
    filling.starts_with(&[0, 2]) && !filling[2..].contains(&0) && end == [0]
}

#[test]
fn a_wrong_key_never_opens_what_is_sealed_to_another() {
    let (right, wrong) = (Peer::rsa(), Peer::another_rsa());
    for cipher in ["-aes256", "-aes128", "-des3"] {
        let mut node = Node::parse(&sealed(&[cipher, &right.path("crt")], b"hello"));
        let length = CmsFront::read(&*node.der()).unwrap().cipher().key_length();
        for _ in 0..700 {
            let mut key = vec![0; length];
            rand_bytes(&mut key).unwrap();
            node.at(ENCRYPTED_KEY).content = encrypted(&right.pkey, &key, Padding::PKCS1);
            let message = node.der();
            assert_eq!(content_key(&message, &right.key).unwrap().octets(), key);
            let encrypted = &node.at(ENCRYPTED_KEY).content;
            // By chance it looks like a key, once in some ten million times.
            if !is_padded(&wrong.pkey, encrypted, length) {
                assert!(open(&message, &wrong.key).unwrap().is_none());
            }
        }
    }
    let (right, wrong) = (Nid::X9_62_PRIME256V1, Nid::X9_62_PRIME256V1);
    let (right, wrong) = (Peer::ec(right), Peer::ec(wrong));
    let other_curve = Peer::ec(Nid::SECP384R1);
    for _ in 0..20 {
        let message = sealed(&["-aes256", &right.path("crt")], b"hello");
        assert!(open(&message, &right.key).unwrap().is_some());
        assert!(open(&message, &wrong.key).unwrap().is_none());
        assert!(open(&message, &other_curve.key).unwrap().is_none());
    }
}

#[test]
fn padding_of_any_other_shape_holds_no_key() {
    let peer = Peer::rsa();
    let node = Node::parse(&sealed(&["-aes256", &peer.path("crt")], b"hello"));
    let with = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut block = vec![0, 2];
        block.resize(256 - 32 - 1, 0xA5);
        block.push(0);
        block.resize(256, 0x5A);
        change(&mut block);
        let mut node = node.clone();
        node.at(ENCRYPTED_KEY).content = encrypted(&peer.pkey, &block, Padding::NONE);
        opens(&node.der(), &peer.key).0
    };
    assert!(with(&|_| ()));
    // A key may hold anything.
    assert!(with(&|block| block[224..].fill(0)));
    for type_ in [0, 1, 3, 0x82] {
        assert!(!with(&|block| block[1] = type_), "{type_}");
    }
    assert!(!with(&|block| block[0] = 1));
    for at in 2..223 {
        assert!(!with(&|block| block[at] = 0), "{at}");
    }
    for octet in [1, 2, 0x80, 0xFF] {
        assert!(!with(&|block| block[223] = octet), "{octet}");
    }
    // Keys of another length.
    for length in [0, 8, 16, 24, 31, 33, 64, 245] {
        let plain = vec![0x5A; length];
        let mut node = node.clone();
        node.at(ENCRYPTED_KEY).content = encrypted(&peer.pkey, &plain, Padding::PKCS1);
        assert!(!opens(&node.der(), &peer.key).0, "{length}");
    }
}

#[test]
fn an_encrypted_key_is_as_long_as_the_modulus() {
    for way in [&[][..], &["-keyopt", "rsa_padding_mode:oaep"]] {
        let peer = Peer::rsa();
        let crt = peer.path("crt");
        let start = ["-aes256", "-recip", &crt];
        let node = Node::parse(&sealed(&[&start, way].concat(), b"hello"));
        let with = |content: Vec<u8>| {
            let mut node = node.clone();
            node.at(ENCRYPTED_KEY).content = content;
            opens(&node.der(), &peer.key).0
        };
        let own = node.clone().at(ENCRYPTED_KEY).content.clone();
        assert!(with(own.clone()));
        assert!(!with([&[0], &own[..]].concat()));
        assert!(!with(own[..255].to_vec()));
        for content in [vec![], vec![0], vec![0; 256], vec![0xFF; 256], vec![1; 512]] {
            assert!(!with(content));
        }
        // Leading zeros may not be left out either.
        let mut content = vec![1];
        while content[0] != 0 {
            content = encrypted(&peer.pkey, &[0x5A; 32], Padding::PKCS1);
        }
        assert_eq!(with(content.clone()), way.is_empty());
        assert!(!with(content[1..].to_vec()));
    }
}

#[test]
fn parameters_of_oaep_that_are_not_supported_are_shown() {
    let peer = Peer::rsa();
    let crt = peer.path("crt");
    let arguments = [
        "-aes256",
        "-recip",
        &crt,
        "-keyopt",
        "rsa_padding_mode:oaep",
    ];
    let node = Node::parse(&sealed(&arguments, b"hello"));
    let with = |dotted: &str, parameters: &[u8]| {
        let mut node = node.clone();
        *node.at(ALGORITHM) = Node::parse(&algorithm(dotted, parameters));
        opens(&node.der(), &peer.key)
    };
    const OAEP: &str = "1.2.840.113549.1.1.7";
    let sha1 = |null: &[u8]| algorithm("1.3.14.3.2.26", null);
    let mgf1 = |hash: &[u8]| algorithm("1.2.840.113549.1.1.8", hash);
    let label = |octets: &[u8]| algorithm("1.2.840.113549.1.1.9", &element(4, octets));
    // Defaults, left out as they should be, and written as they may be.
    assert_eq!(with(OAEP, &element(0x30, &[])), (true, None));
    for null in [&[][..], &[5, 0]] {
        let all = [
            element(0xA0, &sha1(null)),
            element(0xA1, &mgf1(&sha1(null))),
            element(0xA2, &label(b"")),
        ];
        assert_eq!(with(OAEP, &element(0x30, &all.concat())), (true, None));
    }
    let wrong = element(0x30, &element(0xA2, &label(b"label")));
    assert_eq!(with(OAEP, &wrong), (false, None));
    let md5 = algorithm("1.2.840.113549.2.5", &[5, 0]);
    for parameters in [
        vec![],
        vec![5, 0],
        element(0x30, &element(0xA0, &md5)),
        element(0x30, &element(0xA1, &mgf1(&md5))),
        element(0x30, &element(0xA1, &mgf1(&[]))),
        element(0x30, &element(0xA1, &sha1(&[]))),
        element(0x30, &element(0xA2, &sha1(&[]))),
        element(0x30, &element(0xA0, &sha1(&element(4, b"")))),
        element(0x30, &element(0xA3, &[])),
        element(
            0x30,
            &[element(0xA1, &mgf1(&sha1(&[]))), element(0xA0, &sha1(&[]))].concat(),
        ),
    ] {
        let expected = (false, Some("rsaesOaep".to_owned()));
        assert_eq!(with(OAEP, &parameters), expected, "{parameters:X?}");
    }
    let expected = (false, Some("the algorithm 1.2.3.4".to_owned()));
    assert_eq!(with("1.2.3.4", &[]), expected);
}

#[test]
fn a_key_of_the_other_kind_opens_nothing() {
    let samples = samples(b"hello");
    for pair in samples.chunks(2) {
        let [(rsa, rsa_peer), (ec, ec_peer)] = pair else {
            panic!("no pair");
        };
        assert_eq!(open(rsa, &ec_peer.key).unwrap(), None);
        assert_eq!(open(ec, &rsa_peer.key).unwrap(), None);
    }
}
