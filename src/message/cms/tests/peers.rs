//! OpenSSL's program seals for callseal.

use super::encode::{Node, algorithm, element};
use super::forms::{CIPHER, RECIPIENTS};
use super::*;
use crate::keys::KeyHandle;
use crate::message::Format;
use crate::message::cms::cipher::ContentCipher;
use sequoia_openpgp::types::PublicKeyAlgorithm;

const CBC: [(&str, ContentCipher); 4] = [
    ("-aes128", ContentCipher::Aes128Cbc),
    ("-aes192", ContentCipher::Aes192Cbc),
    ("-aes256", ContentCipher::Aes256Cbc),
    ("-des3", ContentCipher::TripleDesCbc),
];

const GCM: [(&str, ContentCipher); 3] = [
    ("-aes-128-gcm", ContentCipher::Aes128Gcm),
    ("-aes-192-gcm", ContentCipher::Aes192Gcm),
    ("-aes-256-gcm", ContentCipher::Aes256Gcm),
];

const CURVES: [Nid; 5] = [
    Nid::X9_62_PRIME256V1,
    Nid::SECP384R1,
    Nid::SECP521R1,
    Nid::BRAINPOOL_P256R1,
    Nid::BRAINPOOL_P512R1,
];

/// Sizes around the blocks of the ciphers and the pieces that are read.
const SIZES: [usize; 11] = [
    0,
    1,
    15,
    16,
    17,
    4096,
    65_535,
    65_536,
    65_537,
    131_088,
    (1 << 20) + 3,
];

#[test]
fn every_cipher_opens_at_every_size() {
    let peer = Peer::rsa();
    for (name, cipher) in CBC.into_iter().chain(GCM) {
        for size in SIZES {
            let is_gcm = GCM.contains(&(name, cipher));
            // OpenSSL 3.0 can't write AuthEnvelopedData as a stream.
            let forms = [&[][..], &["-stream"]]
                .into_iter()
                .take(2 - usize::from(is_gcm));
            for form in forms {
                let plain = content(size);
                let message = sealed(&[form, &[name, &peer.path("crt")]].concat(), &plain);
                let front = CmsFront::read(&*message).unwrap();
                assert_eq!(front.cipher(), cipher);
                let format = match is_gcm {
                    true => Format::CmsGcm,
                    false => Format::Cms,
                };
                assert_eq!(front.format(), format);
                let opened = open(&message, &peer.key).unwrap();
                assert!(opened == Some(plain), "{name} {size} {form:?}");
            }
        }
    }
}

#[test]
fn every_way_to_seal_the_key_with_rsa_opens() {
    let peer = Peer::rsa();
    let recipient = peer.path("crt");
    let oaep = |more: &[&str]| {
        let mut arguments = vec!["-recip".to_owned(), recipient.clone()];
        for option in [&["rsa_padding_mode:oaep"], more].concat() {
            arguments.extend(["-keyopt".to_owned(), (*option).to_owned()]);
        }
        arguments
    };
    let mut ways = vec![
        vec!["-recip".to_owned(), recipient.clone()],
        oaep(&[]),
        oaep(&["rsa_oaep_md:sha256", "rsa_mgf1_md:sha1"]),
        oaep(&["rsa_oaep_label:63616C6C73"]),
        oaep(&[
            "rsa_oaep_md:sha512",
            "rsa_mgf1_md:sha384",
            "rsa_oaep_label:00",
        ]),
    ];
    for hash in ["sha1", "sha224", "sha256", "sha384", "sha512"] {
        ways.push(oaep(&[&format!("rsa_oaep_md:{hash}")]));
    }
    for way in &ways {
        for (name, _) in CBC.into_iter().chain(GCM) {
            for identifier in [&[][..], &["-keyid"]] {
                let mut arguments = [identifier, &[name]].concat();
                arguments.extend(way.iter().map(String::as_str));
                let message = sealed(&arguments, b"hello");
                let opened = open(&message, &peer.key).unwrap();
                assert_eq!(opened.as_deref(), Some(&b"hello"[..]), "{arguments:?}");
            }
        }
    }
}

#[test]
fn every_way_to_agree_on_a_key_opens() {
    for curve in CURVES {
        let peer = Peer::ec(curve);
        for hash in ["sha1", "sha224", "sha256", "sha384", "sha512"] {
            for cofactor in ["0", "1"] {
                for (name, _) in CBC.into_iter().chain(GCM) {
                    for identifier in [&[][..], &["-keyid"]] {
                        let hash = format!("ecdh_kdf_md:{hash}");
                        let cofactor = format!("ecdh_cofactor_mode:{cofactor}");
                        let recipient = peer.path("crt");
                        let rest = [name, "-recip", &recipient, "-keyopt", &hash];
                        let rest = [&rest[..], &["-keyopt", &cofactor]].concat();
                        let arguments = [identifier, &rest].concat();
                        let message = sealed(&arguments, b"hello");
                        let opened = open(&message, &peer.key).unwrap();
                        assert_eq!(opened.as_deref(), Some(&b"hello"[..]), "{arguments:?}");
                    }
                }
            }
        }
    }
}

#[test]
fn the_documented_command_seals_messages_that_open() {
    let peer = Peer::rsa();
    for (name, _) in CBC {
        for form in [&[][..], &["-stream"]] {
            let start = ["smime", "-encrypt", "-binary", "-outform", "DER", name];
            let recipient = [&*peer.path("crt")];
            let message = openssl(&[&start, form, &recipient].concat(), &content(9999));
            assert!(open(&message, &peer.key).unwrap() == Some(content(9999)));
        }
    }
}

#[test]
fn each_of_several_recipients_opens_on_its_own() {
    let mut peers = vec![Peer::rsa(), Peer::another_rsa()];
    peers.extend(CURVES.map(Peer::ec));
    let paths: Vec<String> = peers.iter().map(|peer| peer.path("crt")).collect();
    let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
    let stranger = Peer::another_rsa();
    for cipher in ["-aes256", "-aes-256-gcm"] {
        let message = sealed(&[&[cipher], &paths[..]].concat(), b"hello");
        let front = CmsFront::read(&*message).unwrap();
        assert_eq!(front.recipients.len(), peers.len());
        assert_eq!(front.passphrases, 0);
        for peer in &peers {
            let opened = open(&message, &peer.key).unwrap();
            assert_eq!(opened.as_deref(), Some(&b"hello"[..]));
            // The key opens what is sealed to it, and none of the others.
            let opening = front.recipients.iter();
            let opening = opening.filter(|r| r.open(&peer.key, front.cipher()).is_some());
            assert_eq!(opening.count(), 1);
        }
        assert_eq!(open(&message, &stranger.key).unwrap(), None);
    }
}

#[test]
fn recipients_are_named_as_their_certificates_are() {
    for peer in [Peer::rsa(), Peer::ec(Nid::SECP384R1)] {
        let algorithm = match peer.key.rsa() {
            Some(_) => PublicKeyAlgorithm::RSAEncryptSign,
            None => PublicKeyAlgorithm::ECDH,
        };
        let handle = |arguments: &[&str]| {
            let message = sealed(&[arguments, &["-aes256", &peer.path("crt")]].concat(), b"");
            let front = CmsFront::read(&*message).unwrap();
            let recipient = &front.recipients[0];
            assert_eq!(recipient.algorithm(), algorithm);
            assert_eq!(recipient.unsupported(), None);
            recipient.handle().clone()
        };
        let KeyHandle::IssuerAndSerial(named) = handle(&[]) else {
            panic!("not by issuer and serial number");
        };
        assert_eq!(named, peer.issuer_and_serial());
        assert_eq!(named.to_string(), "serial 8123456789ABCDEF of Calls");
        let id = peer.certificate.subject_key_id().unwrap().as_slice();
        let id: String = id.iter().map(|octet| format!("{octet:02X}")).collect();
        let expected = format!("subject key identifier {id}");
        assert_eq!(handle(&["-keyid"]).to_string(), expected);
    }
}

#[test]
fn passphrases_and_shared_keys_are_for_others() {
    let peer = Peer::rsa();
    let secret = [
        "-secretkey",
        "000102030405060708090A0B0C0D0E0F",
        "-secretkeyid",
        "01",
    ];
    let arguments = [
        &["-aes256", "-pwri_password", "secret"],
        &secret[..],
        &[&peer.path("crt")],
    ];
    let message = sealed(&arguments.concat(), b"hello");
    let front = CmsFront::read(&*message).unwrap();
    assert_eq!((front.recipients.len(), front.passphrases), (1, 1));
    let opened = open(&message, &peer.key).unwrap();
    assert_eq!(opened.as_deref(), Some(&b"hello"[..]));
}

#[test]
fn key_encapsulation_is_named_and_does_not_keep_the_others_from_opening() {
    let peer = Peer::rsa();
    let message = sealed(&["-aes256", &peer.path("crt")], b"hello");
    let mut node = Node::parse(&message);
    let recipients = node.at(RECIPIENTS);
    let own = recipients.parts[0].clone();
    // RFC 9629, section 3: it names its certificate in the same way.
    let ml_kem_768 = element(0x06, &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 4, 2]);
    let kem_recipient = [
        element(0x02, &[0]),
        own.parts[1].der(),
        element(0x30, &ml_kem_768),
        element(0x04, &[7; 1088]),
    ];
    let kind = element(
        0x06,
        &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 9, 0x10, 0x0D, 3],
    );
    let value = element(0x30, &kem_recipient.concat());
    recipients
        .parts
        .insert(0, Node::parse(&element(0xA4, &[kind, value].concat())));
    let message = node.der();
    let envelope = CmsFront::read(&*message).unwrap().envelope();
    let unsupported: Vec<_> = envelope.recipients().map(|(_, what)| what).collect();
    assert_eq!(unsupported, [Some("ML-KEM-768"), None]);
    let opened = open(&message, &peer.key).unwrap();
    assert_eq!(opened.as_deref(), Some(&b"hello"[..]));
}

#[test]
fn messages_of_other_kinds_are_distinguished() {
    let peer = Peer::rsa();
    let (crt, key) = (peer.path("crt"), peer.path("key"));
    let cases: [(&[&str], _); 4] = [
        (
            &["-sign", "-signer", &crt, "-inkey", &key],
            MessageFault::NotEncrypted,
        ),
        (&["-data_create"], MessageFault::NotEncrypted),
        (&["-digest_create"], unsupported("CMS DigestedData")),
        (
            &[
                "-EncryptedData_encrypt",
                "-aes128",
                "-secretkey",
                "000102030405060708090A0B0C0D0E0F",
            ],
            unsupported("CMS EncryptedData"),
        ),
    ];
    for (arguments, expected) in cases {
        let start = ["cms", arguments[0], "-outform", "DER"];
        let message = openssl(&[&start, &arguments[1..]].concat(), b"hello");
        assert_eq!(fault(&message, &peer.key), expected, "{arguments:?}");
    }
    // How other files start.
    for file in [
        &b""[..],
        b"0",
        b"PK\x03\x04",
        b"-----BEGIN CMS-----\n",
        &peer.certificate.to_der().unwrap(),
        &peer.pkey.private_key_to_pkcs8().unwrap(),
    ] {
        assert_eq!(fault(file, &peer.key), MessageFault::NotAMessage);
    }
}

fn unsupported(what: &str) -> MessageFault {
    MessageFault::Unsupported(what.into())
}

#[test]
fn weak_ciphers_are_refused_by_name() {
    let peer = Peer::rsa();
    let node = Node::parse(&sealed(&["-aes256", &peer.path("crt")], b"hello"));
    // By name only: not every openssl has the old ones.
    let iv = element(4, &[7; 8]);
    let rc2 = element(0x30, &[&element(2, &[58])[..], &iv].concat());
    for (cipher, parameters, name) in [
        ("1.3.14.3.2.7", &iv, "des-cbc"),
        ("1.2.840.113549.3.2", &rc2, "rc2-cbc"),
        (
            "1.2.392.200011.61.1.1.1.4",
            &element(4, &[7; 16]),
            "camellia-256-cbc",
        ),
    ] {
        let mut node = node.clone();
        *node.at(CIPHER) = Node::parse(&algorithm(cipher, parameters));
        assert_eq!(fault(&node.der(), &peer.key), unsupported(name));
    }
}
