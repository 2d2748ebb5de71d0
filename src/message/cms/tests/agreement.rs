//! Agreed keys open as they were sealed, and in no other way.

use openssl::bn::BigNumContext;
use openssl::cipher::Cipher;
use openssl::cipher_ctx::{CipherCtx, CipherCtxFlags};
use openssl::derive::Deriver;
use openssl::ec::PointConversionForm;

use super::encode::{Node, algorithm, element, oid};
use super::forms::RECIPIENTS;
use super::*;
use crate::message::cms::kdf;

/// A message of the peer whose key is wrapped anew.
struct Agreement<'a> {
    peer: &'a Peer,
    node: Node,
    ephemeral: PKey<Private>,
    form: PointConversionForm,
    curve: Option<Vec<u8>>,
    keying_material: Option<&'a [u8]>,
    null: &'a [u8],
}

/// The places of its parts, for key agreement.
const ORIGINATOR: &[usize] = &[1, 0, 1, 0, 1, 0];

impl<'a> Agreement<'a> {
    fn new(peer: &'a Peer) -> Self {
        let message = sealed(&["-aes256", &peer.path("crt")], b"hello");
        let own = peer.pkey.ec_key().unwrap();
        Self {
            peer,
            node: Node::parse(&message),
            ephemeral: PKey::from_ec_key(EcKey::generate(own.group()).unwrap()).unwrap(),
            form: PointConversionForm::UNCOMPRESSED,
            curve: None,
            keying_material: None,
            null: &[],
        }
    }

    /// Derived and wrapped by the peer's program, from the structure in RFC
    /// 5753, section 7.2.
    fn message(&self) -> Vec<u8> {
        let content_key = content_key(&self.node.der(), &self.peer.key).unwrap();
        let mut deriver = Deriver::new(&self.ephemeral).unwrap();
        deriver.set_peer(&self.peer.pkey).unwrap();
        let secret = deriver.derive_to_vec().unwrap();
        let wrap = algorithm("2.16.840.1.101.3.4.1.45", self.null);
        let material = self.keying_material.map(|octets| element(4, octets));
        let info = [
            wrap.clone(),
            material.iter().flat_map(|m| element(0xA0, m)).collect(),
            element(0xA2, &element(4, &[0, 0, 1, 0])),
        ];
        let info = element(0x30, &info.concat());
        let key = derived_by_peer("SHA384", &secret, &info, 32);
        let mut context = CipherCtx::new().unwrap();
        context.set_flags(CipherCtxFlags::FLAG_WRAP_ALLOW);
        let cipher = Some(Cipher::aes_256_wrap());
        context.encrypt_init(cipher, Some(&key), None).unwrap();
        let mut wrapped = Vec::new();
        context
            .cipher_update_vec(content_key.octets(), &mut wrapped)
            .unwrap();

        let mut node = self.node.clone();
        let recipient = &mut node.at(RECIPIENTS).parts[0];
        let ec = self.ephemeral.ec_key().unwrap();
        let mut numbers = BigNumContext::new().unwrap();
        let point = ec
            .public_key()
            .to_bytes(ec.group(), self.form, &mut numbers)
            .unwrap();
        let public = [
            algorithm(
                "1.2.840.10045.2.1",
                self.curve.as_deref().unwrap_or_default(),
            ),
            element(3, &[&[0], &point[..]].concat()),
        ];
        let public = element(0xA0, &element(0xA1, &public.concat()));
        recipient.parts[1] = Node::parse(&public);
        recipient.parts[2] = Node::parse(&algorithm("1.3.132.1.11.2", &wrap));
        recipient.parts[3].at(&[0, 1]).content = wrapped;
        if let Some(material) = material {
            recipient
                .parts
                .insert(2, Node::parse(&element(0xA1, &material)));
        }
        node.der()
    }
}

fn derived_by_peer(hash: &str, secret: &[u8], info: &[u8], length: usize) -> Vec<u8> {
    let hex = |octets: &[u8]| {
        octets
            .iter()
            .map(|o| format!("{o:02X}"))
            .collect::<String>()
    };
    let mut command = Command::new("openssl");
    command
        .args(["kdf", "-binary", "-keylen", &length.to_string()])
        .args(["-kdfopt", &format!("digest:{hash}")])
        .args(["-kdfopt", &format!("hexsecret:{}", hex(secret))])
        .args(["-kdfopt", &format!("hexinfo:{}", hex(info)), "X963KDF"]);
    succeeds(&mut command)
}

#[test]
fn keys_are_derived_as_the_peer_derives_them() {
    for (name, digest) in [
        ("SHA1", MessageDigest::sha1()),
        ("SHA256", MessageDigest::sha256()),
        ("SHA512", MessageDigest::sha512()),
    ] {
        for length in [16, 20, 24, 32, 64, 100] {
            let own = kdf::x963(digest, b"secret", b"info", length).unwrap();
            let theirs = derived_by_peer(name, b"secret", b"info", length);
            assert_eq!(*own, theirs, "{name} {length}");
        }
    }
}

#[test]
fn key_agreement_accepts_every_form_of_the_standard() {
    let peer = Peer::ec(Nid::SECP384R1);
    let agreement = || Agreement::new(&peer);
    let opens = |agreement: Agreement<'_>| {
        let opened = open(&agreement.message(), &peer.key).unwrap();
        assert_eq!(opened.as_deref(), Some(&b"hello"[..]));
    };
    opens(agreement());
    for material in [&b""[..], b"salt", &[7; 1000]] {
        opens(Agreement {
            keying_material: Some(material),
            ..agreement()
        });
    }
    opens(Agreement {
        null: &[5, 0],
        ..agreement()
    });
    opens(Agreement {
        form: PointConversionForm::COMPRESSED,
        ..agreement()
    });
    for curve in [vec![5, 0], oid("1.3.132.0.34")] {
        opens(Agreement {
            curve: Some(curve),
            ..agreement()
        });
    }
}

#[test]
fn hashed_parts_are_bound() {
    let peer = Peer::ec(Nid::SECP384R1);
    let agreement = Agreement {
        keying_material: Some(b"salt"),
        ..Agreement::new(&peer)
    };
    let node = Node::parse(&agreement.message());
    assert!(opens(&node.der(), &peer.key).0);
    let recipient = |change: &dyn Fn(&mut Node)| {
        let mut node = node.clone();
        change(&mut node.at(RECIPIENTS).parts[0]);
        opens(&node.der(), &peer.key)
    };
    let not_opened = (false, None);
    assert_eq!(recipient(&|r| r.at(&[2, 0]).content[0] ^= 1), not_opened);
    assert_eq!(recipient(&|r| drop(r.parts.remove(2))), not_opened);
    let wrap = |null: &[u8]| Node::parse(&algorithm("2.16.840.1.101.3.4.1.45", null));
    assert_eq!(recipient(&|r| *r.at(&[3, 1]) = wrap(&[5, 0])), not_opened);
    for at in 0..40 {
        assert_eq!(
            recipient(&|r| r.at(&[4, 0, 1]).content[at] ^= 1),
            not_opened
        );
    }
    for length in [0, 8, 16, 24, 32, 39, 41, 48] {
        let resized = |r: &mut Node| r.at(&[4, 0, 1]).content.resize(length, 0);
        assert_eq!(recipient(&resized), not_opened);
    }
    // The amount that is hashed for each recipient is bounded.
    let mut flood = node.clone();
    flood.at(RECIPIENTS).parts[0].at(&[2, 0]).content = vec![7; 65_537];
    assert!(matches!(
        fault(&flood.der(), &peer.key),
        MessageFault::Malformed(_)
    ));
}

#[test]
fn a_point_that_is_not_on_the_curve_agrees_on_nothing() {
    let peer = Peer::ec(Nid::X9_62_PRIME256V1);
    let agreement = Agreement::new(&peer);
    let node = Node::parse(&agreement.message());
    let with = |point: &[u8]| {
        let mut node = node.clone();
        node.at(ORIGINATOR).at(&[1]).content = point.to_vec();
        opens(&node.der(), &peer.key).0
    };
    let right = node.clone().at(ORIGINATOR).at(&[1]).content.clone();
    assert!(with(&right));
    for at in [1, 2, 33, 65] {
        let mut point = right.clone();
        point[at] ^= 1;
        assert!(!with(&point), "{at}");
    }
    // The point at infinity, and points of other forms or lengths.
    assert!(!with(&[0, 0]));
    assert!(!with(&[&[0], &[0; 65][..]].concat()));
    assert!(!with(&[&[0, 4], &[0; 64][..]].concat()));
    assert!(!with(&right[..65]));
    assert!(!with(&[0]));
    assert!(!with(&[&right[..], &[0]].concat()));
    assert!(!with(&[&[0, 2], &[0xFF; 32][..]].concat()));
    // Points of other curves.
    for curve in [Nid::SECP256K1, Nid::SECP384R1, Nid::SECP224R1] {
        let group = EcGroup::from_curve_name(curve).unwrap();
        let mut numbers = BigNumContext::new().unwrap();
        let form = PointConversionForm::UNCOMPRESSED;
        let key = EcKey::generate(&group).unwrap();
        let point = key
            .public_key()
            .to_bytes(&group, form, &mut numbers)
            .unwrap();
        assert!(!with(&[&[0], &point[..]].concat()), "{curve:?}");
    }
    // Bits that aren't octets.
    let mut bits = right.clone();
    bits[0] = 1;
    assert!(!with(&bits));
}

#[test]
fn recipients_with_unsupported_needs_are_shown() {
    let peer = Peer::ec(Nid::X9_62_PRIME256V1);
    let node = Node::parse(&sealed(&["-aes256", &peer.path("crt")], b"hello"));
    let with = |change: &dyn Fn(&mut Node)| {
        let mut node = node.clone();
        change(&mut node.at(RECIPIENTS).parts[0]);
        let message = node.der();
        let front = CmsFront::read(&*message).unwrap();
        let handle = front.recipients[0].handle().to_string();
        assert_eq!(handle, "serial 8123456789ABCDEF of Calls");
        let (opens, needed) = opens(&message, &peer.key);
        assert!(!opens);
        needed.unwrap()
    };
    let agreement = |scheme: &str, wrap: &str| {
        let wrap = algorithm(wrap, &[]);
        let algorithm = Node::parse(&algorithm(scheme, &wrap));
        with(&|r| r.parts[2] = algorithm.clone())
    };
    // MQV, an undefined scheme, Camellia key wrap.
    assert_eq!(
        agreement("1.3.132.1.15.1", "2.16.840.1.101.3.4.1.45"),
        "the algorithm 1.3.132.1.15.1"
    );
    assert_eq!(
        agreement("1.2.3", "2.16.840.1.101.3.4.1.45"),
        "the algorithm 1.2.3"
    );
    assert_eq!(
        agreement("1.3.132.1.11.1", "1.2.392.200011.61.1.1.3.4"),
        "dhSinglePass-stdDH-sha256kdf-scheme"
    );
    // Static keys, named by certificate.
    let static_ = "key agreement without an ephemeral key";
    let name = node.clone().at(RECIPIENTS).parts[0].parts[3].parts[0].parts[0].clone();
    assert_eq!(with(&|r| r.parts[1].parts[0] = name.clone()), static_);
    let id = Node::parse(&element(0x80, b"12345678"));
    assert_eq!(with(&|r| r.parts[1].parts[0] = id.clone()), static_);
    // An ephemeral key of another kind.
    let other = Node::parse(&algorithm("1.3.101.110", &[]));
    assert_eq!(with(&|r| r.at(&[1, 0]).parts[0] = other.clone()), static_);
}
