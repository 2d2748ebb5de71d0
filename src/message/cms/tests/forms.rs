//! The same message in every form that BER allows.

use std::io::{BufRead, BufReader};
use std::rc::Rc;

use super::encode::{Node, element, indefinite};
use super::*;
use crate::keys::KeyHandle;

/// Small messages of every kind, and the keys that open them.
pub fn samples(plain: &[u8]) -> Vec<(Vec<u8>, Rc<Peer>)> {
    let mut samples = Vec::new();
    let peers = [Peer::rsa(), Peer::ec(Nid::X9_62_PRIME256V1)].map(Rc::new);
    for arguments in [
        &["-aes256"][..],
        &["-des3", "-keyid"],
        &["-aes-128-gcm"],
        &["-aes-256-gcm", "-keyid"],
    ] {
        for peer in &peers {
            let message = sealed(&[arguments, &[&peer.path("crt")]].concat(), plain);
            samples.push((message, Rc::clone(peer)));
        }
    }
    samples
}

/// Two samples that differ much, for slow tests.
pub fn two_samples(plain: &[u8]) -> [(Vec<u8>, Rc<Peer>); 2] {
    let mut samples = samples(plain);
    [samples.swap_remove(5), samples.swap_remove(0)]
}

/// The places of parts in an OpenSSL message.
pub const BODY: &[usize] = &[1, 0];
pub const RECIPIENTS: &[usize] = &[1, 0, 1];
pub const CONTENT_INFO: &[usize] = &[1, 0, 2];
pub const CIPHER: &[usize] = &[1, 0, 2, 1];
pub const CONTENT: &[usize] = &[1, 0, 2, 2];

#[test]
fn ends_may_be_marked_and_strings_in_segments_everywhere() {
    for size in [0, 1, 16, 70_000] {
        let plain = content(size);
        for (message, peer) in samples(&plain) {
            let node = Node::parse(&message);
            assert_eq!(node.der(), message);
            let message = node.in_pieces();
            assert!(open(&message, &peer.key).unwrap() == Some(plain.clone()));
            let front = CmsFront::read(&*message).unwrap();
            match front.recipients[0].handle() {
                KeyHandle::IssuerAndSerial(named) => {
                    assert!(named.names(&peer.issuer_and_serial()));
                }
                id => {
                    let own = peer.certificate.subject_key_id().unwrap();
                    let own = crate::keys::SubjectKeyId::new(own.as_slice());
                    assert_eq!(*id, KeyHandle::SubjectKeyId(own));
                }
            }
        }
    }
}

#[test]
fn a_source_may_give_one_octet_at_a_time_and_be_interrupted() {
    struct Hesitant<'a>(&'a [u8], bool);
    impl Read for Hesitant<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            self.1 = !self.1;
            if self.1 {
                return Err(std::io::ErrorKind::Interrupted.into());
            }
            self.0.read(buffer)
        }
    }
    for (message, peer) in samples(&content(100)) {
        for message in [&message, &Node::parse(&message).in_pieces()] {
            let key = content_key(message, &peer.key).unwrap();
            let source = BufReader::with_capacity(1, Hesitant(message, false));
            let mut plain = Vec::new();
            let front = CmsFront::read(source).unwrap();
            front
                .decrypt(&key)
                .unwrap()
                .read_to_end(&mut plain)
                .unwrap();
            assert_eq!(plain, content(100));
        }
    }
}

#[test]
fn lengths_may_have_up_to_eight_octets() {
    let (message, peer) = &samples(b"hello")[0];
    let info = Node::parse(message);
    let parts: Vec<_> = info.parts.iter().flat_map(Node::der).collect();
    for octets in 1..=8 {
        let length = (parts.len() as u64).to_be_bytes();
        // Two octets at least are needed.
        let octets = octets.max(2);
        let header = [&[0x30, 0x80 | octets as u8], &length[8 - octets..]].concat();
        let opened = open(&[header, parts.clone()].concat(), &peer.key).unwrap();
        assert_eq!(opened.as_deref(), Some(&b"hello"[..]));
    }
    let header = [&[0x30, 0x89, 0], &(parts.len() as u64).to_be_bytes()[..]].concat();
    let nine = [header, parts].concat();
    assert_eq!(fault(&nine, &peer.key), MessageFault::NotAMessage);
}

#[test]
fn certificates_and_attributes_that_nothing_needs_are_skipped() {
    for (message, peer) in samples(b"hello") {
        let is_gcm = Node::parse(&message).at(BODY).parts.len() == 4;
        for size in [0, 100, 5 << 20] {
            for ending in [element, indefinite] {
                let filler = element(0x04, &content(size));
                let mut message = Node::parse(&message);
                let body = message.at(BODY);
                let own: Vec<_> = body.parts.iter().map(Node::der).collect();
                let attributes = ending(if is_gcm { 0xA2 } else { 0xA1 }, &filler);
                let parts = [
                    own[0].clone(),
                    ending(0xA0, &ending(0xA0, &filler)),
                    own[1..].concat(),
                    attributes,
                ];
                let octets = element(0x30, &parts.concat());
                *body = Node::parse(&element(0x24, &[]));
                let info = [message.parts[0].der(), element(0xA0, &octets)];
                let message = element(0x30, &info.concat());
                let opened = open(&message, &peer.key).unwrap();
                assert_eq!(opened.as_deref(), Some(&b"hello"[..]));
            }
        }
    }
}

#[test]
fn the_end_is_reported_once_everything_is_read() {
    for (message, peer) in samples(&content(200_000)) {
        let key = content_key(&message, &peer.key).unwrap();
        let front = CmsFront::read(&*message).unwrap();
        let mut plaintext = front.decrypt(&key).unwrap();
        let mut plain = Vec::new();
        loop {
            let piece = plaintext.fill_buf().unwrap();
            if piece.is_empty() {
                break;
            }
            let n = piece.len().div_ceil(2);
            plain.extend_from_slice(&piece[..n]);
            plaintext.consume(n);
        }
        assert!(plain == content(200_000));
        assert!(plaintext.fill_buf().unwrap().is_empty());
    }
}
