//! Signers and recipients by sequoia, and messages in which anything may be
//! signed by them.

use std::io::Write;
use std::time::{Duration, SystemTime};

use sequoia_openpgp as openpgp;

use openpgp::cert::{Cert, CertBuilder, CipherSuite};
use openpgp::crypto::KeyPair;
use openpgp::packet::signature::SignatureBuilder;
use openpgp::packet::{OnePassSig, PKESK, Packet, Tag};
use openpgp::parse::{PacketParser, PacketParserResult, Parse};
use openpgp::policy::StandardPolicy;
use openpgp::serialize::stream::{Encryptor, LiteralWriter, Message, Recipient, Signer};
use openpgp::serialize::{Serialize, SerializeInto};
use openpgp::types::{DataFormat, HashAlgorithm, KeyFlags, SignatureType};
use openpgp::{PacketPile, Profile};

use crate::support::Scene;

/// Makes a key that signs and one that opens, of the version that the profile
/// has, in `NAME.key`, and their certificate `NAME.asc`.
pub fn peer(scene: &Scene, name: &str, profile: Profile, suite: CipherSuite) -> Cert {
    let builder = CertBuilder::new()
        .set_profile(profile)
        .unwrap()
        .set_cipher_suite(suite)
        .add_userid(name)
        .add_signing_subkey()
        .add_subkey(
            KeyFlags::empty()
                .set_transport_encryption()
                .set_storage_encryption(),
            None,
            None,
        );
    write(scene, name, builder.generate().unwrap().0)
}

/// Makes a key that signs and opens nothing.
pub fn signer(scene: &Scene, name: &str, profile: Profile, suite: CipherSuite) -> Cert {
    let builder = CertBuilder::new()
        .set_profile(profile)
        .unwrap()
        .set_cipher_suite(suite)
        .add_userid(name)
        .add_signing_subkey();
    write(scene, name, builder.generate().unwrap().0)
}

/// Makes such a key two years ago, which was valid for a year.
pub fn expired_signer(scene: &Scene, name: &str) -> Cert {
    let year = Duration::from_secs(365 * 24 * 3600);
    let builder = CertBuilder::new()
        .set_creation_time(SystemTime::now() - 2 * year)
        .set_validity_period(year)
        .add_userid(name)
        .add_signing_subkey();
    write(scene, name, builder.generate().unwrap().0)
}

/// Writes the files of a certificate anew.
pub fn write(scene: &Scene, name: &str, cert: Cert) -> Cert {
    let key = cert.as_tsk().armored().to_vec().unwrap();
    scene.write_private(format!("{name}.key"), key);
    scene.write(format!("{name}.asc"), cert.armored().to_vec().unwrap());
    cert
}

/// Returns the key of a certificate that signs, even if it has expired.
pub fn pair(cert: &Cert) -> KeyPair {
    let keys = cert.keys().secret();
    let key = keys.filter(|key| key.key().pk_algo().for_signing()).last();
    let key = key.unwrap().key().clone();
    key.into_keypair().unwrap()
}

/// Returns the packets of a signed file, outside of any encryption.
pub fn signed(content: &[u8], signers: &[&Cert]) -> Vec<u8> {
    signed_as(content, signers, |signer| signer)
}

/// Does the same with other choices for each signature.
pub fn signed_as(
    content: &[u8],
    signers: &[&Cert],
    choose: impl Fn(SignatureBuilder) -> SignatureBuilder,
) -> Vec<u8> {
    signed_literal(content, signers, DataFormat::Binary, choose)
}

pub fn signed_literal(
    content: &[u8],
    signers: &[&Cert],
    format: DataFormat,
    choose: impl Fn(SignatureBuilder) -> SignatureBuilder,
) -> Vec<u8> {
    let mut packets = Vec::new();
    let literal = literal(content, format);
    let signatures = signers.iter().map(|cert| {
        let builder = choose(SignatureBuilder::new(SignatureType::Binary));
        builder.sign_message(&mut pair(cert), content).unwrap()
    });
    let signatures: Vec<_> = signatures.collect();
    for (number, signature) in signatures.iter().enumerate() {
        let mut announced = OnePassSig::try_from(signature).unwrap();
        announced.set_last(number + 1 == signatures.len());
        Packet::from(announced).serialize(&mut packets).unwrap();
    }
    packets.extend(literal);
    for signature in signatures.into_iter().rev() {
        Packet::from(signature).serialize(&mut packets).unwrap();
    }
    packets
}

/// Returns a file's packet, with `call.wav` as its name.
pub fn literal(content: &[u8], format: DataFormat) -> Vec<u8> {
    let mut literal = openpgp::packet::Literal::new(format);
    literal.set_filename("call.wav").unwrap();
    literal.set_body(content.to_vec());
    Packet::from(literal).to_vec().unwrap()
}

/// Returns what sequoia's own signer makes, for these recipients.
pub fn signed_by_sequoia(content: &[u8], signers: &[&Cert], intended: &[&Cert]) -> Vec<u8> {
    let mut packets = Vec::new();
    let message = Message::new(&mut packets);
    let mut signer = Signer::new(message, pair(signers[0])).unwrap();
    for cert in &signers[1..] {
        signer = signer.add_signer(pair(cert)).unwrap();
    }
    for cert in intended {
        signer = signer.add_intended_recipient(cert);
    }
    let message = signer.build().unwrap();
    let mut literal = LiteralWriter::new(message)
        .filename("call.wav")
        .unwrap()
        .build()
        .unwrap();
    literal.write_all(content).unwrap();
    literal.finalize().unwrap();
    packets
}

/// Encrypts packets to a certificate.
pub fn encrypted(packets: &[u8], cert: &Cert) -> Vec<u8> {
    let mut message = Vec::new();
    let policy = StandardPolicy::new();
    let keys = cert.keys().with_policy(&policy, None).supported();
    let recipients: Vec<Recipient> = keys.for_transport_encryption().map(Into::into).collect();
    let sink = Message::new(&mut message);
    let mut sink = Encryptor::for_recipients(sink, recipients).build().unwrap();
    sink.write_all(packets).unwrap();
    sink.finalize().unwrap();
    message
}

/// Encrypts packets with a passphrase.
pub fn encrypted_with(packets: &[u8], passphrase: &str) -> Vec<u8> {
    let mut message = Vec::new();
    let sink = Message::new(&mut message);
    let sink = Encryptor::with_passwords(sink, [passphrase]);
    let mut sink = sink.build().unwrap();
    sink.write_all(packets).unwrap();
    sink.finalize().unwrap();
    message
}

/// Returns the packets one by one.
pub fn split(packets: &[u8]) -> Vec<Vec<u8>> {
    let pile = PacketPile::from_bytes(packets).unwrap();
    pile.into_children().map(|p| p.to_vec().unwrap()).collect()
}

/// Returns a signature that is said to be another's: by the key of one
/// certificate, with the names of the other.
pub fn false_signature(content: &[u8], by: &Cert, said: &Cert) -> Vec<u8> {
    let said = pair(said);
    let mut packets = signed_as(content, &[by], |builder| {
        let builder = builder.set_issuer(said.public().keyid()).unwrap();
        builder
            .set_issuer_fingerprint(said.public().fingerprint())
            .unwrap()
    });
    // The announcement names the same.
    let mut parts = split(&packets);
    let Packet::Signature(signature) = Packet::from_bytes(&parts[2]).unwrap() else {
        panic!("no signature");
    };
    parts[0] = Packet::from(OnePassSig::try_from(&signature).unwrap())
        .to_vec()
        .unwrap();
    packets = parts.concat();
    packets
}

/// A choice for [`signed_as`]: a hash.
pub fn with_hash(hash: HashAlgorithm) -> impl Fn(SignatureBuilder) -> SignatureBuilder {
    move |builder| builder.set_hash_algo(hash)
}

/// Returns the packets inside of a message.
pub fn decrypted(message: &[u8], cert: &Cert) -> Vec<u8> {
    let mut next = PacketParser::from_bytes(message).unwrap();
    let mut pkesks = Vec::new();
    let mut packets = Vec::new();
    while let PacketParserResult::Some(mut parser) = next {
        if let Packet::SEIP(_) = &parser.packet {
            let opened = pkesks.iter().any(|pkesk: &PKESK| {
                cert.keys().secret().any(|key| {
                    let mut pair = key.key().clone().into_keypair().unwrap();
                    let opened = pkesk.decrypt(&mut pair, None);
                    opened.is_some_and(|(cipher, key)| parser.decrypt(cipher, &key).is_ok())
                })
            });
            assert!(opened);
        }
        // What is compressed, and its signatures, stay as they are.
        if parser.recursion_depth() == 1 {
            parser.buffer_unread_content().unwrap();
        }
        let depth = parser.recursion_depth();
        let (packet, after) = match depth {
            0 => parser.recurse().unwrap(),
            _ => parser.next().unwrap(),
        };
        match packet {
            Packet::PKESK(pkesk) => pkesks.push(pkesk),
            Packet::SEIP(_) => {}
            packet if packet.tag() == Tag::MDC => {}
            packet => packets.extend(packet.to_vec().unwrap()),
        }
        next = after;
    }
    packets
}

/// What signatures inside of messages don't cover.
const NOT_NAME: &str = "the content is signed, the name is not";

/// Checks that a message opens with a signer, alone, zipped and to a pipe.
#[track_caller]
pub fn opens(scene: &Scene, message: &str, options: &str, call: &[u8]) {
    let by = scene
        .ok(&format!("open -f {message} -o opened.wav {options}"))
        .says("signed by “")
        .says(NOT_NAME);
    assert!(scene.read("opened.wav") == call, "{by}");
    let piped = scene.ok(&format!("open {message} -o - {options}"));
    assert!(piped.says(NOT_NAME).output.stdout == call);
    std::fs::copy(scene.path(message), scene.path("call.wav.pgp")).unwrap();
    let _ = std::fs::remove_file(scene.path("calls.zip"));
    scene.tool("zip -q calls.zip call.wav.pgp");
    scene
        .ok(&format!("extract -f calls.zip -C out {options}"))
        .says("1 file signed by “");
    assert!(scene.read("out/call.wav") == call);
    let cat = scene.ok(&format!("cat calls.zip call.wav {options}"));
    assert!(cat.says(NOT_NAME).output.stdout == call);
}
