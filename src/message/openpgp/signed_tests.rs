//! Whatever is done to a signed file inside of a message: what opens is what was
//! signed.

use std::io::Write;
use std::sync::OnceLock;
use std::time::SystemTime;

use flate2::write::DeflateEncoder;
use openpgp::cert::{Cert, CertBuilder, CipherSuite};
use openpgp::crypto::SessionKey;
use openpgp::packet::signature::SignatureBuilder;
use openpgp::packet::{Literal, OnePassSig, Packet, Tag};
use openpgp::serialize::SerializeInto;
use openpgp::types::{
    CompressionAlgorithm, DataFormat, HashAlgorithm, SignatureType, SymmetricAlgorithm,
};
use openpgp::{Profile, armor};
use proptest::prelude::*;
use sequoia_openpgp as openpgp;

use super::compress;
use super::encrypt::ContainerWriter;
use super::framing::PacketWriter;
use super::signed_hashes::{HashOf, Hashes};
use crate::keys::{Keyring, MessageVersion, SignerName, Signers, SigningTime};
use crate::message::session::MessageKey;
use crate::message::{MessageFault, OpenError, OpenMessage, Opened, Opener};

/// A signer, and packets with the signer's signature.
struct Signed {
    signers: Signers,
    binary: Vec<u8>,
    text: Vec<u8>,
    old: Vec<u8>,
    /// The packets of `binary`, one by one.
    parts: [Vec<u8>; 3],
}

const CONTENT: &[u8] = b"one\r\ntwo\r\nthree and some more of it\r\n";
const AS_TEXT: &[u8] = b"one\ntwo\nthree and some more of it\n";

fn signed(version: Profile) -> Signed {
    let builder = CertBuilder::new()
        .set_profile(version)
        .unwrap()
        .set_cipher_suite(CipherSuite::Cv25519)
        .add_userid("anna")
        .add_signing_subkey();
    let (cert, _) = builder.generate().unwrap();
    let file = tempfile::NamedTempFile::new().unwrap();
    let mut writer = armor::Writer::new(file.reopen().unwrap(), armor::Kind::PublicKey).unwrap();
    writer.write_all(&cert.to_vec().unwrap()).unwrap();
    writer.finalize().unwrap();
    let names = [SignerName::Certificate(file.path().to_owned())];
    let now = SystemTime::now();
    let signers = Signers::load(&names, None, SigningTime::Ignored, now).unwrap();
    let parts = packets(&cert, SignatureType::Binary, DataFormat::Binary);
    let [_, literal, signature] = &parts;
    Signed {
        signers,
        binary: parts.concat(),
        text: packets(&cert, SignatureType::Text, DataFormat::Unicode).concat(),
        old: [&signature[..], literal].concat(),
        parts,
    }
}

fn packets(cert: &Cert, typ: SignatureType, format: DataFormat) -> [Vec<u8>; 3] {
    let key = cert.keys().secret().last().unwrap().key().clone();
    let mut pair = key.into_keypair().unwrap();
    let signature = SignatureBuilder::new(typ);
    let signature = signature.sign_message(&mut pair, CONTENT).unwrap();
    let mut literal = Literal::new(format);
    literal.set_body(CONTENT.to_vec());
    let announced = OnePassSig::try_from(&signature).unwrap();
    let packets: [Packet; 3] = [announced.into(), literal.into(), signature.into()];
    packets.map(|packet| packet.to_vec().unwrap())
}

fn both() -> &'static [Signed; 2] {
    static BOTH: OnceLock<[Signed; 2]> = OnceLock::new();
    BOTH.get_or_init(|| [signed(Profile::RFC4880), signed(Profile::RFC9580)])
}

/// Opens these packets as the inside of a message.
fn open(
    packets: &[u8],
    version: MessageVersion,
    signers: &Signers,
) -> Result<(Opened, Vec<u8>), OpenError> {
    let key = SessionKey::from(vec![7; 32]);
    let mut container = ContainerWriter::new(Vec::new(), version, &key).unwrap();
    container.write_all(packets).unwrap();
    let (message, _) = container.finish().unwrap();
    let keyring = Keyring::default();
    let opener = Opener::new(&keyring).with_signers(Some(signers.clone()));
    let key = MessageKey::new(SymmetricAlgorithm::AES256, key);
    let message = OpenMessage::begin_for(&*message, &key, &opener)?.unwrap();
    let mut content = Vec::new();
    let opened = message.copy_to(&mut content)?;
    Ok((opened, content))
}

const VERSIONS: [MessageVersion; 2] = [MessageVersion::V1, MessageVersion::V2];

#[test]
fn what_is_signed_opens() {
    for signed in both() {
        for version in VERSIONS {
            for (packets, content) in [
                (&signed.binary, CONTENT),
                (&signed.old, CONTENT),
                (&signed.text, AS_TEXT),
            ] {
                let (opened, written) = open(packets, version, &signed.signers).unwrap();
                assert_eq!(written, content);
                assert_eq!(opened.signatures.len(), 1);
                assert!(opened.signatures.iter().all(|verdict| verdict.holds()));
            }
        }
    }
}

/// Returns a compressed packet around others.
fn compressed(packets: &[&[u8]]) -> Vec<u8> {
    let mut packet = PacketWriter::new(Vec::new(), Tag::CompressedData);
    packet
        .write_all(&[CompressionAlgorithm::Zip.into()])
        .unwrap();
    let mut deflate = DeflateEncoder::new(packet, compress::LEVEL);
    deflate.write_all(&packets.concat()).unwrap();
    deflate.finish().unwrap().finish().unwrap()
}

#[test]
fn a_signature_is_inside_of_the_compressed_packet_or_around_it() {
    for signed in both() {
        let [announced, literal, signature] = &signed.parts;
        let opens = |packets: &[u8]| open(packets, MessageVersion::V2, &signed.signers);
        for packets in [
            compressed(&[announced, literal, signature]),
            [announced, &compressed(&[literal])[..], signature].concat(),
            [signature, &compressed(&[literal])[..]].concat(),
            compressed(&[signature, literal]),
        ] {
            let (opened, written) = opens(&packets).unwrap();
            assert_eq!(written, CONTENT);
            assert_eq!(opened.signatures.len(), 1);
        }
        for packets in [
            [&compressed(&[announced, literal])[..], signature].concat(),
            [announced, &compressed(&[literal, signature])[..]].concat(),
            [&compressed(&[literal])[..], signature].concat(),
        ] {
            let error = opens(&packets).err();
            let is_malformed = |error| {
                matches!(
                    error,
                    OpenError::Fault(MessageFault::Signatures(_) | MessageFault::Malformed(_))
                )
            };
            assert!(error.is_some_and(is_malformed));
        }
    }
}

#[test]
fn a_hash_is_shared_by_the_signatures_that_need_it() {
    let mut hashes = Hashes::default();
    let of = |salt: Option<u8>| HashOf {
        algorithm: HashAlgorithm::SHA256,
        typ: SignatureType::Binary,
        is_v6: salt.is_some(),
        salt: salt.map(|octet| vec![octet; 16]),
    };
    for _ in 0..100 {
        hashes.add(&of(None)).unwrap();
    }
    for salt in 0..15 {
        hashes.add(&of(Some(salt))).unwrap();
    }
    hashes.add(&of(Some(3))).unwrap();
    hashes.add(&of(Some(15))).unwrap_err();
}

/// A change of packets.
#[derive(Clone, Debug)]
enum Change {
    Octet(usize, u8),
    Removed(usize, usize),
    Cut(usize),
    Repeated(usize, usize),
}

impl Change {
    fn of(&self, packets: &mut Vec<u8>) {
        let length = packets.len().max(1);
        match *self {
            Self::Octet(place, octet) => {
                if let Some(old) = packets.get_mut(place % length) {
                    *old ^= octet;
                }
            }
            Self::Removed(start, number) => {
                let start = start % length;
                packets.drain(start..(start + number).min(packets.len()));
            }
            Self::Cut(left) => packets.truncate(left % length),
            Self::Repeated(start, number) => {
                let start = start % length;
                let end = (start + number).min(packets.len());
                packets.extend_from_within(start..end);
            }
        }
    }
}

fn change() -> impl Strategy<Value = Change> {
    let place = 0_usize..1000;
    prop_oneof![
        4 => (place.clone(), any::<u8>()).prop_map(|(place, octet)| Change::Octet(place, octet)),
        1 => (place.clone(), 1_usize..9).prop_map(|(start, number)| Change::Removed(start, number)),
        1 => place.clone().prop_map(Change::Cut),
        1 => (place, 1_usize..400).prop_map(|(start, number)| Change::Repeated(start, number)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn what_opens_is_what_was_signed(
        changes in proptest::collection::vec(change(), 1..3),
        is_new: bool,
        which in 0..3,
    ) {
        let [first, second] = both();
        let signed = if is_new { second } else { first };
        let mut packets = match which {
            0 => signed.binary.clone(),
            1 => signed.text.clone(),
            _ => signed.old.clone(),
        };
        for change in &changes {
            change.of(&mut packets);
        }
        for version in VERSIONS {
            match open(&packets, version, &signed.signers) {
                Ok((_, written)) => {
                    prop_assert_eq!(&written, if which == 1 { AS_TEXT } else { CONTENT });
                }
                Err(OpenError::Fault(_)) => {}
                Err(other) => prop_assert!(false, "{}", other),
            }
        }
    }

    #[test]
    fn no_packets_make_it_panic(packets: Vec<u8>) {
        let [signed, _] = both();
        let opened = open(&packets, MessageVersion::V2, &signed.signers);
        prop_assert!(matches!(opened, Err(OpenError::Fault(_))));
    }
}

#[test]
fn a_file_without_a_signature_does_not_open() {
    let [signed, _] = both();
    let literal = Packet::from(Literal::new(DataFormat::Binary));
    let opened = open(
        &literal.to_vec().unwrap(),
        MessageVersion::V2,
        &signed.signers,
    );
    let fault = MessageFault::NotSigned {
        by: Vec::new(),
        more: 0,
    };
    assert!(matches!(opened, Err(OpenError::Fault(found)) if found == fault));
}
