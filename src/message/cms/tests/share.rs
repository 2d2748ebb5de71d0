//! Other recipients in front of the same content.

use std::cell::Cell;
use std::io::Cursor;
use std::slice;

use sequoia_openpgp::types::SymmetricAlgorithm;

use super::encode::{Node, element, indefinite};
use super::forms::{BODY, RECIPIENTS, samples};
use super::*;
use crate::keys::{KeyHandle, Recipient};
use crate::message::cms::CmsShared;
use crate::message::session::MessageKey;
use crate::message::share::FrontKind;
use crate::message::sink::Plain;

fn shared(message: &[u8]) -> CmsShared<'static> {
    CmsShared::read(Box::new(Cursor::new(message.to_vec()))).unwrap()
}

fn written(shared: CmsShared<'_>) -> Vec<u8> {
    let mut written = Vec::new();
    shared.write_to(Plain(&mut written)).unwrap();
    written
}

impl Peer {
    fn recipient(&self) -> Recipient {
        let path = PathBuf::from(self.path("crt"));
        Recipient::load_any_age(&path).unwrap().remove(0)
    }

    fn names(&self, handle: &KeyHandle) -> bool {
        self.recipient().is_named_by(handle)
    }
}

/// Returns the key of a message as sharing takes it.
fn message_key(message: &[u8], key: &SecretKey) -> MessageKey {
    let key = content_key(message, key).unwrap();
    let cipher = match key.octets().len() {
        16 => SymmetricAlgorithm::AES128,
        _ => SymmetricAlgorithm::AES256,
    };
    MessageKey::new(cipher, key.session_key().clone())
}

/// Returns the samples with authenticated content, in DER and with marked ends.
fn forms(plain: &[u8]) -> Vec<(Vec<u8>, std::rc::Rc<Peer>)> {
    let mut forms = Vec::new();
    for (message, peer) in samples(plain) {
        let mut node = Node::parse(&message);
        if node.at(BODY).parts.len() == 4 {
            forms.push((node.in_pieces(), std::rc::Rc::clone(&peer)));
            forms.push((message, peer));
        }
    }
    assert_eq!(forms.len(), 8);
    forms
}

#[test]
fn a_message_whose_recipients_stay_is_written_as_it_was() {
    for (message, _) in samples(&content(70_000)) {
        assert!(written(shared(&message)) == message);
    }
}

#[test]
fn who_is_let_in_opens_it_and_so_does_who_was_there() {
    let others = [Peer::another_rsa(), Peer::ec(Nid::SECP384R1)];
    for (message, peer) in forms(b"hello") {
        for new in &others {
            let mut shared = shared(&message);
            let key = message_key(&message, &peer.key);
            shared.add(&new.recipient(), &key).unwrap();
            let at_most = message.len() + shared.front_length();
            let message = written(shared);
            assert!(message.len() <= at_most);
            for key in [&peer.key, &new.key] {
                assert_eq!(open(&message, key).unwrap().as_deref(), Some(&b"hello"[..]));
            }
        }
    }
}

#[test]
fn lengths_stay_definite_or_marked_as_they_were() {
    let (message, peer) = &forms(b"hello")[1];
    let node = Node::parse(message);
    let parts = |node: &Node| node.parts.iter().map(Node::der).collect::<Vec<_>>();
    // The content type, and what the other two elements enclose.
    let (kind, body) = (node.parts[0].der(), parts(&node.clone().at(BODY).clone()));
    for form in 0..8 {
        let enclosed = |bit: u8, tag, content: &[u8]| match form >> bit & 1 {
            0 => element(tag, content),
            _ => indefinite(tag, content),
        };
        let data = enclosed(0, 0x30, &body.concat());
        let content = enclosed(1, 0xA0, &data);
        let message = enclosed(2, 0x30, &[kind.clone(), content].concat());
        let mut shared = shared(&message);
        let key = message_key(&message, &peer.key);
        shared.add(&Peer::rsa().recipient(), &key).unwrap();
        let message = written(shared);
        let mut rest = &message[..];
        for bit in [2, 1, 0] {
            let is_marked = rest[1] == 0x80;
            assert_eq!(is_marked, form >> bit & 1 == 1, "{form}");
            rest = &rest[if is_marked { 2 } else { 4 }..];
            if bit == 2 {
                rest = &rest[kind.len()..];
            }
        }
        assert!(open(&message, &peer.key).unwrap().is_some(), "{form}");
    }
}

#[test]
fn what_surrounds_the_recipients_stays_byte_for_byte() {
    let new = Peer::ec(Nid::SECP384R1);
    for (message, peer) in forms(&content(1000)).iter().skip(1).step_by(2) {
        let mut node = Node::parse(message);
        let body = node.at(BODY);
        // originatorInfo, with a certificate; and unprotected attributes.
        body.parts
            .insert(1, Node::parse(&element(0xA0, &element(0xA0, &[5, 0]))));
        body.parts.push(Node::parse(&element(0xA2, &[5, 0])));
        let old = body.clone();
        let message = node.der();
        let mut shared = shared(&message);
        shared
            .add(&new.recipient(), &message_key(&message, &peer.key))
            .unwrap();
        let message = written(shared);
        let mut node = Node::parse(&message);
        let body = node.at(BODY);
        for part in [0, 1, 3, 4, 5] {
            assert_eq!(body.parts[part].der(), old.parts[part].der());
        }
        assert_eq!(body.parts[2].parts.len(), 2);
        let kept = old.parts[2].parts[0].der();
        assert!(body.parts[2].parts.iter().any(|info| info.der() == kept));
        assert!(open(&message, &new.key).unwrap() == Some(content(1000)));
    }
}

#[test]
fn recipients_are_in_the_order_of_der() {
    let (message, peer) = &forms(b"hello")[1];
    let mut shared = shared(message);
    for _ in 0..5 {
        let new = Peer::ec(Nid::X9_62_PRIME256V1);
        shared
            .add(&new.recipient(), &message_key(message, &peer.key))
            .unwrap();
    }
    let mut node = Node::parse(&written(shared));
    let infos: Vec<_> = node.at(RECIPIENTS).parts.iter().map(Node::der).collect();
    assert_eq!(infos.len(), 6);
    assert!(infos.is_sorted());
}

#[test]
fn who_is_taken_out_opens_nothing_and_the_others_stay() {
    let peers = [
        Peer::rsa(),
        Peer::another_rsa(),
        Peer::ec(Nid::X9_62_PRIME256V1),
    ];
    let certificates = [0, 1, 2].map(|peer: usize| peers[peer].path("crt"));
    for options in [&["-aes-256-gcm"][..], &["-aes-128-gcm", "-keyid"]] {
        let names = certificates.each_ref().map(String::as_str);
        let message = sealed(&[options, &names].concat(), b"hello");
        for out in 0..3 {
            // Issuer and serial number are the same in all of them.
            let by_position = |infos: &[Node]| {
                let opens = |info: &Node| {
                    let one = only(&message, info);
                    open(&one, &peers[out].key).unwrap().is_some()
                };
                infos.iter().position(opens).unwrap()
            };
            let infos = Node::parse(&message).at(RECIPIENTS).parts.clone();
            let position = by_position(&infos);
            let mut shared = shared(&message);
            let at = Cell::new(0);
            shared.remove(|_| at.replace(at.get() + 1) == position);
            let message = written(shared);
            for (at, peer) in peers.iter().enumerate() {
                assert_eq!(open(&message, &peer.key).unwrap().is_some(), at != out);
            }
        }
    }
}

/// Returns a message with one of its recipients.
fn only(message: &[u8], info: &Node) -> Vec<u8> {
    let mut node = Node::parse(message);
    node.at(RECIPIENTS).parts = slice::from_ref(info).to_vec();
    node.der()
}

#[test]
fn of_those_who_share_one_key_agreement_each_can_be_taken_out() {
    let peer = Peer::ec(Nid::X9_62_PRIME256V1);
    let message = sealed(&["-aes-256-gcm", "-keyid", &peer.path("crt")], b"hello");
    let mut node = Node::parse(&message);
    let keys = node.at(RECIPIENTS).at(&[0, 3]);
    let own = keys.parts[0].clone();
    let mut other = own.clone();
    // Its name is a key identifier.
    other.at(&[0]).parts[0].content[0] ^= 1;
    other.parts[1].content[0] ^= 1;
    keys.parts = vec![other.clone(), own.clone(), other.clone()];
    for message in [node.der(), node.in_pieces()] {
        let names_own = |kind: &FrontKind| matches!(kind, FrontKind::Recipient(Some(handle)) if peer.names(handle));
        let with_all = shared(&message);
        assert_eq!(with_all.front().len(), 3);

        let mut alone = shared(&message);
        alone.remove(|kind| !names_own(kind));
        assert_eq!(alone.front().len(), 1);
        let alone = written(alone);
        assert_eq!(
            open(&alone, &peer.key).unwrap().as_deref(),
            Some(&b"hello"[..])
        );
        assert_eq!(CmsFront::read(&*alone).unwrap().recipients.len(), 1);

        let mut without = shared(&message);
        without.remove(names_own);
        let without = written(without);
        assert_eq!(CmsFront::read(&*without).unwrap().recipients.len(), 2);
        assert!(open(&without, &peer.key).unwrap().is_none());

        let mut empty = shared(&message);
        empty.remove(|_| true);
        assert!(empty.front().is_empty());
    }
    // Each encrypted key stays as it is.
    let mut shared = shared(&node.der());
    shared.remove(|kind| matches!(kind, FrontKind::Recipient(Some(handle)) if peer.names(handle)));
    let mut node = Node::parse(&written(shared));
    let keys = node.at(RECIPIENTS).at(&[0, 3]).parts.iter().map(Node::der);
    assert_eq!(keys.collect::<Vec<_>>(), [other.der(), other.der()]);
}

#[test]
fn passphrases_and_shared_keys_are_recipients_without_a_name() {
    let peer = Peer::rsa();
    let message = sealed(
        &[
            "-aes256",
            "-pwri_password",
            "pass",
            "-secretkey",
            "000102030405060708090A0B0C0D0E0F",
            "-secretkeyid",
            "C0FEE0",
            &peer.path("crt"),
        ],
        b"hello",
    );
    let shared = shared(&message);
    let front = shared.front();
    assert_eq!(front.len(), 3);
    assert!(front.contains(&&FrontKind::Passphrase));
    assert!(front.contains(&&FrontKind::Recipient(None)));
}

#[test]
fn a_message_that_ends_before_its_content_can_not_be_shared() {
    for (message, _) in forms(b"hello") {
        let mut read = 0;
        for length in 0..message.len() {
            let cut = &message[..length];
            let is_read = CmsShared::read(Box::new(Cursor::new(cut.to_vec()))).is_ok();
            assert_eq!(is_read, CmsFront::read(cut).is_ok(), "{length}");
            read += usize::from(is_read);
        }
        assert!((1..200).contains(&read), "{read}");
    }
}

#[test]
fn no_flipped_bit_makes_a_panic() {
    for (message, _) in forms(b"hello") {
        for at in 0..message.len() {
            let mut altered = message.clone();
            altered[at] ^= 1 << (at * 3 % 8);
            if let Ok(mut shared) = CmsShared::read(Box::new(Cursor::new(altered))) {
                shared.remove(|kind| *kind == FrontKind::Passphrase);
                let _ = shared.write_to(std::io::sink());
            }
        }
    }
}
