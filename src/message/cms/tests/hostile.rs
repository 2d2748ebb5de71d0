//! Hostile input: no panic, no hang, no unbounded memory.

use std::io::BufRead;
use std::rc::Rc;

use proptest::prelude::*;

use super::encode::{Node, element, indefinite, oid};
use super::forms::{BODY, CIPHER, CONTENT, CONTENT_INFO, RECIPIENTS, samples, two_samples};
use super::*;
use crate::keys::{Keyring, NoIdentity};
use crate::message::{Limits, OpenMessage, Opener};

#[test]
fn elements_end_where_their_parents_do() {
    for (message, peer) in samples(b"hello") {
        let twice = [&message[..], &message].concat();
        let fault_of_two = fault(&twice, &peer.key);
        assert!(matches!(fault_of_two, MessageFault::SecondMessage(_)));
        let padded = [&message[..], &[0, b'\n']].concat();
        assert!(open(&padded, &peer.key).unwrap().is_some());
        let longer = [&padded[..], &[1]].concat();
        assert!(is_malformed(&fault(&longer, &peer.key)));
        for path in [&[][..], &[1], BODY, CONTENT_INFO] {
            let mut node = Node::parse(&message);
            node.at(path).parts.push(Node::parse(&element(0x05, &[])));
            for message in [node.der(), node.in_pieces()] {
                assert!(is_malformed(&fault(&message, &peer.key)), "{path:?}");
            }
        }
    }
}

#[test]
fn an_element_is_no_longer_than_what_it_is_part_of() {
    let (message, peer) = &samples(b"hello")[0];
    let longer = |path: &[usize]| {
        let element = Node::parse(message).at(path).der();
        let at = message.windows(element.len()).position(|w| w == element);
        let mut message = message.clone();
        let length = at.unwrap()
            + match element[1] {
                0..=0x7F => 1,
                n => 1 + usize::from(n & 0x7F),
            };
        assert_ne!(message[length], 0xFF);
        message[length] += 1;
        message
    };
    for path in [&[1][..], BODY, CONTENT_INFO, CONTENT] {
        assert!(is_malformed(&fault(&longer(path), &peer.key)), "{path:?}");
    }
    assert_eq!(fault(&longer(&[]), &peer.key), MessageFault::Truncated);
}

#[test]
fn a_missing_element_is_an_error() {
    for (message, peer) in samples(b"hello") {
        for path in [&[][..], &[1], BODY, RECIPIENTS, CONTENT_INFO] {
            let mut node = Node::parse(&message);
            for at in 0..node.at(path).parts.len() {
                let mut node = node.clone();
                node.at(path).parts.remove(at);
                for message in [node.der(), node.in_pieces()] {
                    // Without its recipient, nobody has the key.
                    let opened = open(&message, &peer.key);
                    assert!(matches!(opened, Err(_) | Ok(None)), "{path:?} {at}");
                }
            }
        }
        let mut node = Node::parse(&message);
        node.at(CONTENT_INFO).parts.pop();
        let elsewhere = MessageFault::Unsupported("content in another file".into());
        assert_eq!(fault(&node.der(), &peer.key), elsewhere);
    }
}

#[test]
fn lengths_that_claim_too_much_are_refused() {
    let lengths: [&[u8]; 10] = [
        &[0x80],
        &[0xFF],
        &[0x81, 0xFF],
        &[0x84, 0x7F, 0xFF, 0xFF, 0xFF],
        &[0x84, 0xFF, 0xFF, 0xFF, 0xFF],
        &[0x88, 0, 0, 0, 1, 0, 0, 0, 0],
        &[0x88, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF],
        &[0x88, 0x80, 0, 0, 0, 0, 0, 0, 0],
        &[0x88, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF],
        &[0x89, 1, 0, 0, 0, 0, 0, 0, 0, 0],
    ];
    // By chance, content that isn't authenticated opens to garbage. It doesn't do
    // so in two messages.
    for ((message, peer), (other, other_peer)) in
        two_samples(b"hello").into_iter().zip(two_samples(b"hello"))
    {
        let pieces = |message: &[u8]| Node::parse(message).in_pieces();
        let forms = [
            (message.clone(), other.clone()),
            (pieces(&message), pieces(&other)),
        ];
        for (message, other) in forms {
            for at in 1..message.len().min(other.len()) {
                for length in lengths {
                    let opens = |message: &[u8], peer: &Peer| {
                        let claim = [&message[..at], length, &message[at + 1..]].concat();
                        matches!(open(&claim, &peer.key), Ok(Some(_)))
                    };
                    if opens(&message, &peer) && opens(&other, &other_peer) {
                        // An unprotected part: a name, or the version.
                        assert_eq!(length.len(), 1, "{at}");
                    }
                }
            }
        }
    }
    // The content claims 2^62 octets, and the others claim to hold it.
    let (message, peer) = &samples(b"hello")[0];
    let node = Node::parse(message);
    let open_ended = |tag: u8, parts: &[Vec<u8>]| [&[tag, 0x80][..], &parts.concat()].concat();
    let mut body: Vec<_> = node.clone().at(BODY).parts.iter().map(Node::der).collect();
    let mut info: Vec<_> = node
        .clone()
        .at(CONTENT_INFO)
        .parts
        .iter()
        .map(Node::der)
        .collect();
    info[2] = [&[0x80, 0x88, 0x40, 0, 0, 0, 0, 0, 0, 0], &info[2][2..]].concat();
    body[2] = open_ended(0x30, &info);
    let content = open_ended(0xA0, &[open_ended(0x30, &body)]);
    let bomb = open_ended(0x30, &[node.parts[0].der(), content]);
    assert_eq!(fault(&bomb, &peer.key), MessageFault::Truncated);
}

#[test]
fn nesting_without_end_is_refused() {
    const DEEP: usize = 1 << 18;
    let (message, peer) = &samples(b"hello")[0];
    let deep = |tag: u8| [tag, 0x80].repeat(DEEP);
    let ends = [0, 0].repeat(DEEP);
    let definite = |tag: u8| {
        let wrap = |inner: Vec<u8>, _| {
            let length = (inner.len() as u32).to_be_bytes();
            // From the inside outwards, so the octets are in reverse.
            let header = [&[tag, 0x84][..], &length].concat();
            [inner, header.into_iter().rev().collect()].concat()
        };
        let mut backwards = (0..1000).fold(Vec::new(), wrap);
        backwards.reverse();
        backwards
    };
    let node = Node::parse(message);
    let with = |path: &[usize], octets: Vec<u8>| {
        // Replaces the element, whatever its own header says.
        let mut node = node.clone();
        let placeholder = element(0x0C, b"placeholder placeholder");
        *node.at(path) = Node::parse(&placeholder);
        let whole = node.in_pieces();
        let at = whole
            .windows(placeholder.len())
            .position(|w| w == placeholder)
            .unwrap();
        [&whole[..at], &octets, &whole[at + placeholder.len()..]].concat()
    };
    for (path, tag) in [
        (RECIPIENTS, 0x31),
        (&[1, 0, 1, 0][..], 0x30),
        (&[1, 0, 1, 0][..], 0xA1),
        (&[1, 0, 1, 0][..], 0xA2),
        (&[1, 0, 1, 0, 1, 0][..], 0x30),
        (&[1, 0, 1, 0, 3][..], 0x24),
        (CIPHER, 0x30),
        (&[1, 0, 2, 1, 1][..], 0x24),
        (CONTENT, 0xA0),
    ] {
        for inner in [tag, 0x24, 0x30] {
            let octets = [vec![tag, 0x80], deep(inner), ends.clone(), vec![0, 0]].concat();
            let opened = open(&with(path, octets), &peer.key);
            assert!(opened.is_err(), "{path:?} {tag:#X} {inner:#X}");
        }
        for inner in [0x30, 0x24] {
            let opened = open(&with(path, element(tag, &definite(inner))), &peer.key);
            assert!(matches!(opened, Err(_) | Ok(None)), "{path:?} {tag:#X}");
        }
    }
    let segments = |depth: usize| {
        let content = node.clone().at(CONTENT).content.clone();
        let octets = (0..depth).fold(element(4, &content), |inner, _| indefinite(0x24, &inner));
        with(CONTENT, indefinite(0xA0, &octets))
    };
    assert!(open(&segments(8), &peer.key).unwrap().is_some());
    assert!(is_malformed(&fault(&segments(99), &peer.key)));
}

#[test]
fn end_markers_outside_of_any_element_are_refused() {
    for (message, peer) in two_samples(b"hello") {
        let pieces = Node::parse(&message).in_pieces();
        for message in [&message, &pieces] {
            for at in 0..=message.len() {
                for end in [&[0, 0][..], &[0, 1, 0], &[0x20, 0], &[0, 0x80]] {
                    let altered = [&message[..at], end, &message[at..]].concat();
                    let _ = open(&altered, &peer.key);
                }
            }
        }
        let mut short = pieces.clone();
        short.truncate(pieces.len() - 2);
        assert_eq!(fault(&short, &peer.key), MessageFault::Truncated);
        short.extend([0, 1, 0]);
        assert!(is_malformed(&fault(&short, &peer.key)));
        // In segments, and in what isn't one.
        let mut node = Node::parse(&message);
        for tag in [0x0C, 0x30, 0x80] {
            let segments = [element(4, b"hello"), element(tag, b"")].concat();
            let segments = element(0xA0, &segments);
            *node.at(CONTENT) = Node::parse(&segments);
            assert!(is_malformed(&fault(&node.der(), &peer.key)), "{tag:#X}");
        }
        // Where everything else is skipped.
        let mut node = Node::parse(&message);
        let parts = &node.at(BODY).parts;
        let tag = if parts.len() == 4 { 0xA2 } else { 0xA1 };
        let parts: Vec<_> = parts.iter().flat_map(Node::in_pieces).collect();
        let attributes = indefinite(tag, &[0, 1, 0]);
        let body = indefinite(0x30, &[parts, attributes].concat());
        let parts = [node.parts[0].der(), indefinite(0xA0, &body)];
        let message = indefinite(0x30, &parts.concat());
        assert!(is_malformed(&fault(&message, &peer.key)));
    }
}

#[test]
fn a_flood_of_recipients_is_refused() {
    for (message, peer) in two_samples(b"hello") {
        let flooded = |count: usize| {
            let mut node = Node::parse(&message);
            let recipients = &mut node.at(RECIPIENTS).parts;
            recipients.resize(count, recipients[0].clone());
            node.der()
        };
        assert!(open(&flooded(2000), &peer.key).unwrap().is_some());
        let expected = MessageFault::Malformed("it has too many recipients".into());
        assert_eq!(fault(&flooded(2001), &peer.key), expected);
    }
    // One key agreement for all of them.
    let (message, peer) = &samples(b"hello")[1];
    let flooded = |count: usize| {
        let mut node = Node::parse(message);
        let recipients = &mut node.at(&[1, 0, 1, 0, 3]).parts;
        recipients.resize(count, recipients[0].clone());
        node.der()
    };
    assert!(open(&flooded(2000), &peer.key).unwrap().is_some());
    assert!(is_malformed(&fault(&flooded(2001), &peer.key)));
}

#[test]
fn recipients_are_bounded_in_size() {
    let (message, peer) = &samples(b"hello")[0];
    let sized = |size: usize| {
        let mut node = Node::parse(message);
        let recipients = &mut node.at(RECIPIENTS).parts;
        let mut large = recipients[0].clone();
        large.at(&[3]).content = vec![7; size];
        recipients.insert(0, large);
        node.der()
    };
    assert!(open(&sized(3 << 20), &peer.key).unwrap().is_some());
    for size in [4 << 20, 5 << 20] {
        let expected = "its recipients are too large".into();
        let expected = MessageFault::Malformed(expected);
        assert_eq!(fault(&sized(size), &peer.key), expected);
    }
    let serial = |length: usize| {
        let mut node = Node::parse(message);
        node.at(&[1, 0, 1, 0, 1, 1]).content = vec![7; length];
        node.der()
    };
    assert!(open(&serial(64), &peer.key).unwrap().is_some());
    for length in [0, 65, 100_000] {
        assert!(is_malformed(&fault(&serial(length), &peer.key)));
    }
    // The recipient comes first, so the names after it may be anything.
    let issuers = |length: usize, count: usize| {
        let mut node = Node::parse(message);
        let recipients = &mut node.at(RECIPIENTS).parts;
        let mut other = recipients[0].clone();
        other.at(&[1]).parts[0] = Node::parse(&element(0x30, &[5, 0].repeat(length / 2)));
        recipients.extend(vec![other; count]);
        node.der()
    };
    assert!(open(&issuers(4000, 130), &peer.key).unwrap().is_some());
    assert!(is_malformed(&fault(&issuers(4096, 1), &peer.key)));
    let expected = MessageFault::Malformed("its recipients have very long names".into());
    assert_eq!(fault(&issuers(4000, 140), &peer.key), expected);
    let key_id = |length: usize| {
        let mut node = Node::parse(message);
        node.at(&[1, 0, 1, 0]).parts[1] = Node::parse(&element(0x80, &vec![7; length]));
        node.der()
    };
    assert!(open(&key_id(64), &peer.key).unwrap().is_some());
    assert!(is_malformed(&fault(&key_id(65), &peer.key)));
}

#[test]
fn data_that_only_starts_like_a_message_is_refused() {
    let peer = Peer::rsa();
    for octets in [
        element(0x30, &[]),
        element(0x30, &oid("1.2.840.113549.1.7")),
        element(0x30, &oid("1.2.840.113549.1.7.3.1")),
        element(0x30, &element(0x02, &[0])),
        element(0x30, &element(0x06, &[])),
        element(0x30, &element(0x06, &[0x2A; 65])),
        element(0x30, &element(0x06, &[0xFF; 9])),
        element(0x31, &oid("1.2.840.113549.1.7.3")),
        b"\x30\x84\xFF\xFF\xFF\xFF\x06\x80".to_vec(),
        b"\x30\x80\x06\x88\x7F\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x2A".to_vec(),
        b"0123456789012345678901234567890123456789".to_vec(),
    ] {
        assert_eq!(fault(&octets, &peer.key), MessageFault::NotAMessage);
    }
    let cut = element(0x30, &oid("1.2.840.113549.1.7.3"));
    assert!(is_malformed(&fault(&cut, &peer.key)));
}

/// Reads everything in a message that can be read with a key.
fn exhaust(message: &[u8], key: &ContentKey) {
    if let Ok(front) = CmsFront::read(message) {
        let _ = (front.cipher().to_string(), front.format());
        for recipient in &front.recipients {
            let _ = recipient.handle().to_string();
        }
        if let Ok(mut plaintext) = front.decrypt(key) {
            while let Ok(piece) = plaintext.fill_buf() {
                match piece.len() {
                    0 => break,
                    n => plaintext.consume(n),
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn no_input_makes_it_panic(tail: Vec<u8>, cut in 0_usize..600) {
        thread_local! {
            static SAMPLE: (Vec<u8>, Rc<Peer>) = samples(b"hello").swap_remove(0);
        }
        SAMPLE.with(|(message, peer)| {
            let key = content_key(message, &peer.key).unwrap();
            exhaust(&tail, &key);
            exhaust(&[&message[..cut.min(message.len())], &tail].concat(), &key);
        });
    }

    #[test]
    fn no_change_to_a_message_makes_it_panic(
        sample in 0_usize..8,
        pieces: bool,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..3), 1..6),
    ) {
        thread_local! {
            static SAMPLES: Vec<(Vec<u8>, Rc<Peer>)> = samples(b"hello");
        }
        SAMPLES.with(|samples| {
            let (message, peer) = &samples[sample];
            let mut altered = message.clone();
            if pieces {
                altered = Node::parse(message).in_pieces();
            }
            for (at, octet, how) in changes {
                let at = at.index(altered.len());
                match how {
                    0 => altered[at] = octet,
                    1 => altered.insert(at, octet),
                    _ => drop(altered.remove(at)),
                }
            }
            let _ = open(&altered, &peer.key);
            exhaust(&altered, &content_key(message, &peer.key).unwrap());
        });
    }
}

#[test]
fn equal_recipients_are_tried_once_and_a_message_costs_no_more_than_64_trials() {
    for (message, peer) in two_samples(b"hello") {
        let files = ["key", "crt"].map(|name| peer.path(name));
        let keyring = || Keyring::load(&files).unwrap();
        let good = Node::parse(&message).at(RECIPIENTS).parts[0].clone();
        // With another key that isn't one.
        let spoiled = |change: u8| {
            let mut recipient = good.clone();
            let mut last = &mut recipient;
            while !last.parts.is_empty() {
                last = last.parts.last_mut().unwrap();
            }
            *last.content.last_mut().unwrap() ^= change;
            recipient
        };
        let begin = |front: Vec<Node>| {
            let mut node = Node::parse(&message);
            node.at(RECIPIENTS).parts = [front, vec![good.clone()]].concat();
            let (keyring, limits) = (keyring(), Limits::default());
            let opener = Opener::new(&keyring).with_limits(&limits);
            OpenMessage::begin(&*node.der(), &opener).map(drop)
        };
        begin(vec![spoiled(1); 1500]).unwrap();
        begin((1..=63).map(spoiled).collect()).unwrap();
        let outcome = begin((1..=64).map(spoiled).collect());
        let too_many = NoIdentity::TooManyTrials { most: 64 }.to_string();
        assert_eq!(outcome.unwrap_err().to_string(), too_many);
    }
}
