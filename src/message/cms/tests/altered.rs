//! Alteration and loss in transit are detected.

use std::io::{self, BufReader};

use super::encode::{Node, algorithm, element};
use super::forms::{BODY, CIPHER, CONTENT, samples, two_samples};
use super::*;
use crate::message::cms::content::Plaintext;

#[test]
fn a_truncated_message_is_an_error_wherever_it_ends() {
    for (message, peer) in two_samples(b"hello") {
        for message in [&message, &Node::parse(&message).in_pieces()] {
            for length in 0..message.len() {
                let fault = fault(&message[..length], &peer.key);
                let early = fault == MessageFault::NotAMessage && length < 20;
                assert!(
                    early || fault == MessageFault::Truncated,
                    "{length}: {fault}"
                );
            }
        }
    }
}

#[test]
fn a_cut_at_the_end_of_the_content_is_detected() {
    let (message, peer) = &samples(&content(100))[0];
    for length in 0..112 {
        let mut node = Node::parse(message);
        node.at(CONTENT).content.truncate(length);
        let expected = match length % 16 {
            0 if length > 0 => MessageFault::Altered,
            _ => MessageFault::Truncated,
        };
        let found = fault(&node.der(), &peer.key);
        // No block of this content ends like padding.
        assert_eq!(found, expected, "{length}");
    }
}

#[test]
fn a_flipped_bit_never_yields_other_content_where_there_is_a_tag() {
    for (message, peer) in two_samples(b"hello, world") {
        let is_gcm = Node::parse(&message).at(BODY).parts.len() == 4;
        for message in [&message, &Node::parse(&message).in_pieces()] {
            for at in 0..message.len() * 8 {
                let mut altered = message.clone();
                altered[at / 8] ^= 1 << (at % 8);
                if let Ok(Some(plain)) = open(&altered, &peer.key)
                    && is_gcm
                {
                    assert_eq!(plain, b"hello, world", "bit {at}");
                }
            }
        }
    }
}

#[test]
fn every_octet_of_the_padding_is_checked() {
    let (message, peer) = &samples(&content(20))[0];
    // Of 32 octets, 12 are padding: the same octets of the block before are
    // added to it.
    for at in 4..16 {
        let mut node = Node::parse(message);
        node.at(CONTENT).content[at] ^= 1;
        assert_eq!(fault(&node.der(), &peer.key), MessageFault::Altered, "{at}");
    }
    let mut node = Node::parse(message);
    node.at(CONTENT).content[3] ^= 1;
    assert_ne!(open(&node.der(), &peer.key).unwrap(), Some(content(20)));
}

#[test]
fn a_wrong_tag_is_an_error_at_the_end_and_stays_one() {
    let (message, peer) = &samples(&content(200_000))[4];
    let mut node = Node::parse(message);
    node.at(BODY).parts[3].content[15] ^= 1;
    let message = node.der();
    let key = content_key(&message, &peer.key).unwrap();
    let mut plaintext = CmsFront::read(&*message).unwrap().decrypt(&key).unwrap();
    let mut plain = Vec::new();
    for _ in 0..3 {
        let error = plaintext.read_to_end(&mut plain).unwrap_err();
        let OpenError::Fault(fault) = error.into() else {
            panic!("no fault");
        };
        assert_eq!(fault, MessageFault::Altered);
    }
    // The last piece isn't released.
    assert!(plain == content(196_608));
}

#[test]
fn a_tag_is_as_long_as_it_has_to_be() {
    let (message, peer) = &samples(b"hello")[4];
    let shape = |parameter: Option<u8>, length: usize| {
        let mut node = Node::parse(message);
        node.at(BODY).parts[3].content.resize(length, 0);
        let mut parameters = node.at(CIPHER).parts[1].parts[0].der();
        parameters.extend(parameter.map(|n| [2, 1, n]).iter().flatten());
        node.at(CIPHER).parts[1] = Node::parse(&element(0x30, &parameters));
        node.der()
    };
    let opened = open(&shape(Some(16), 16), &peer.key).unwrap();
    assert_eq!(opened.as_deref(), Some(&b"hello"[..]));
    // A tag of 12 octets is the start of the longer one.
    for (parameter, length) in [(None, 12), (Some(12), 12), (Some(15), 15)] {
        let opened = open(&shape(parameter, length), &peer.key).unwrap();
        assert_eq!(opened.as_deref(), Some(&b"hello"[..]));
    }
    for (parameter, length) in [
        (None, 16),
        (None, 0),
        (Some(16), 12),
        (Some(16), 17),
        (Some(12), 4),
        (Some(4), 4),
        (Some(0), 0),
        (Some(17), 17),
    ] {
        let fault = fault(&shape(parameter, length), &peer.key);
        assert!(is_malformed(&fault), "{parameter:?} {length}: {fault}");
    }
}

#[test]
fn an_iv_is_as_long_as_it_has_to_be() {
    for (message, peer) in samples(b"hello") {
        let mut node = Node::parse(&message);
        let is_gcm = node.at(BODY).parts.len() == 4;
        let parameters = &mut node.at(CIPHER).parts[1];
        let iv = if is_gcm {
            &mut parameters.parts[0]
        } else {
            parameters
        };
        let right = iv.content.len();
        for length in [0, 1, 7, 9, 11, 13, 15, 16, 17, 32, 129, 1 << 20] {
            if length == right {
                continue;
            }
            let mut node = node.clone();
            let parameters = &mut node.at(CIPHER).parts[1];
            let iv = if is_gcm {
                &mut parameters.parts[0]
            } else {
                parameters
            };
            iv.content = vec![7; length];
            let fault = fault(&node.der(), &peer.key);
            if is_gcm && (1..=16).contains(&length) {
                assert_eq!(fault, MessageFault::Altered);
            } else {
                assert!(is_malformed(&fault), "{length}: {fault}");
            }
        }
    }
}

#[test]
fn a_cipher_is_accepted_only_in_its_kind_of_message() {
    let samples = samples(b"hello");
    let gcm = algorithm(
        "2.16.840.1.101.3.4.1.46",
        &element(0x30, &element(4, &[7; 12])),
    );
    let cbc = algorithm("2.16.840.1.101.3.4.1.42", &element(4, &[7; 16]));
    let unknown = algorithm("1.2.3.4.5", &[]);
    for (sample, cipher, name) in [
        (0, &gcm, "AES-256 with GCM outside of AuthEnvelopedData"),
        (4, &cbc, "AES-256 with CBC in AuthEnvelopedData"),
        (0, &unknown, "the algorithm 1.2.3.4.5"),
        (4, &unknown, "the algorithm 1.2.3.4.5"),
    ] {
        let (message, peer) = &samples[sample];
        let mut node = Node::parse(message);
        *node.at(CIPHER) = Node::parse(cipher);
        let expected = MessageFault::Unsupported(name.into());
        assert_eq!(fault(&node.der(), &peer.key), expected);
        node.at(CIPHER).parts[0].content = vec![0x2A; 65];
        assert!(is_malformed(&fault(&node.der(), &peer.key)));
    }
}

#[test]
fn authenticated_attributes_are_refused_by_name() {
    let (message, peer) = &samples(b"hello")[4];
    let mut node = Node::parse(message);
    let attributes = Node::parse(&element(0xA1, &element(0x30, &[])));
    node.at(BODY).parts.insert(3, attributes);
    let expected = MessageFault::Unsupported("authenticated attributes".into());
    assert_eq!(fault(&node.der(), &peer.key), expected);
}

#[test]
fn a_version_that_nobody_has_defined_is_refused() {
    let (message, peer) = &samples(b"hello")[0];
    for (octets, expected) in [
        (&[5][..], "CMS of version 5"),
        (&[1, 0], "CMS of version 256"),
    ] {
        let mut node = Node::parse(message);
        node.at(BODY).parts[0].content = octets.to_vec();
        let expected = MessageFault::Unsupported(expected.into());
        assert_eq!(fault(&node.der(), &peer.key), expected);
    }
    for octets in [&[][..], &[0xFF], &[1; 9]] {
        let mut node = Node::parse(message);
        node.at(BODY).parts[0].content = octets.to_vec();
        assert!(is_malformed(&fault(&node.der(), &peer.key)));
    }
}

#[test]
fn an_error_of_the_source_is_passed_on() {
    struct Broken<'a>(&'a [u8]);
    impl Read for Broken<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            match self.0.read(buffer)? {
                0 => Err(io::Error::from_raw_os_error(5)),
                n => Ok(n),
            }
        }
    }
    let (message, peer) = &samples(&content(1000))[0];
    let key = content_key(message, &peer.key).unwrap();
    for length in [0, 1, 10, 100, message.len() - 900, message.len()] {
        let source = BufReader::new(Broken(&message[..length]));
        let opened = CmsFront::read(source).and_then(|front| {
            let mut plaintext: Plaintext<_> = front.decrypt(&key)?;
            plaintext.read_to_end(&mut Vec::new())?;
            Ok(())
        });
        assert!(matches!(opened, Err(OpenError::Read(_))), "{length}");
    }
}

#[test]
fn a_key_for_another_cipher_is_refused() {
    let samples = samples(b"hello");
    let (cbc, gcm) = (&samples[0], &samples[4]);
    let key = content_key(&cbc.0, &cbc.1.key).unwrap();
    let front = CmsFront::read(&*gcm.0).unwrap();
    assert!(matches!(front.decrypt(&key), Err(OpenError::Fault(fault)) if is_malformed(&fault)));
}
