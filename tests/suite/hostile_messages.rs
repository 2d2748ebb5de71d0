//! Messages made by an attacker.

use std::io::Write;

use flate2::write::DeflateEncoder;
use openpgp::cert::{CertBuilder, CipherSuite};
use openpgp::crypto::SessionKey;
use openpgp::packet::pkesk::{PKESK3, PKESK6};
use openpgp::packet::{Key, Tag, key};
use openpgp::serialize::stream::{Encryptor, Message, Recipient};
use openpgp::serialize::{Serialize, SerializeInto};
use openpgp::types::{Features, KeyFlags, SymmetricAlgorithm};
use openpgp::{Cert, KeyHandle, Packet};
use sequoia_openpgp as openpgp;

use crate::archive_support::{Member, zip};
use crate::support::{Outcome, P256, Scene};

type PublicKey = Key<key::PublicParts, key::UnspecifiedRole>;

/// The key of the victim.
struct Target {
    scene: Scene,
    cert: Cert,
}

impl Target {
    fn new(suite: CipherSuite) -> Self {
        let (cert, _) = CertBuilder::new()
            .add_userid("target")
            .set_cipher_suite(suite)
            .add_subkey(KeyFlags::empty().set_storage_encryption(), None, None)
            .generate()
            .unwrap();
        let scene = Scene::with_parties();
        let mut secret = Vec::new();
        cert.as_tsk().serialize(&mut secret).unwrap();
        scene.write_private("target.key", secret);
        Self { scene, cert }
    }

    fn key(&self) -> PublicKey {
        self.cert
            .keys()
            .subkeys()
            .next()
            .unwrap()
            .key()
            .clone()
            .role_into_unspecified()
    }

    /// Returns a message with any content that is sealed correctly.
    fn seal(&self, content: &[u8]) -> Vec<u8> {
        self.seal_as(&Features::sequoia(), content)
    }

    /// Returns the same, of the version for these features.
    fn seal_as(&self, features: &Features, content: &[u8]) -> Vec<u8> {
        let key = self.key();
        let handle = match features.supports_seipdv2() {
            true => KeyHandle::from(key.fingerprint()),
            false => KeyHandle::from(key.keyid()),
        };
        let recipient = Recipient::new(features.clone(), Some(handle), &key);
        let mut message = Vec::new();
        let mut writer = Encryptor::for_recipients(Message::new(&mut message), [recipient])
            .build()
            .unwrap();
        writer.write_all(content).unwrap();
        writer.finalize().unwrap();
        message
    }

    /// Opens a message, and as the member of an archive.
    #[track_caller]
    fn open(&self, message: &[u8], status: i32) -> Outcome {
        self.scene.write("m.pgp", message);
        let archive = zip([Member::new("m.txt.pgp", message)]);
        self.scene.write("m.zip", archive.bytes());
        self.scene
            .line("extract m.zip -k target.key -C out -f")
            .exits(status);
        self.scene
            .line("cat m.zip m.txt -k target.key")
            .exits(status);
        let outcome = self
            .scene
            .line("open m.pgp -k target.key -o out/m -f")
            .outcome();
        if status != 0 {
            assert!(!self.scene.exists("out"), "{outcome}");
            // The output has no directory then, which may show first or last
            // but doesn't matter.
            return self
                .scene
                .line("open m.pgp -k target.key -o m")
                .exits(status);
        }
        assert_eq!(self.scene.read("out/m.txt"), PLAIN);
        outcome.exits(0)
    }
}

const PLAIN: &[u8] = b"a call";

fn packet(tag: Tag, body: &[u8]) -> Vec<u8> {
    let mut packet = vec![0xC0 | u8::from(tag), 0xFF];
    packet.extend((body.len() as u32).to_be_bytes());
    packet.extend(body);
    packet
}

/// Returns a literal packet without a name and a date.
fn literal(content: &[u8]) -> Vec<u8> {
    packet(Tag::Literal, &[b"b\0\0\0\0\0", content].concat())
}

/// Returns a packet compressed with Deflate (algorithm 1).
fn compressed(content: &[u8]) -> Vec<u8> {
    let mut deflate = DeflateEncoder::new(vec![1], flate2::Compression::best());
    deflate.write_all(content).unwrap();
    packet(Tag::CompressedData, &deflate.finish().unwrap())
}

/// PKESKs whose plaintext is this long, of both versions, naming the key and
/// nobody.
fn pkesks(key: &PublicKey, length: usize) -> Vec<Vec<u8>> {
    let plain = SessionKey::from(vec![9; length]);
    let encrypted = || key.encrypt(&plain).unwrap();
    let algorithm = key.pk_algo();
    let v3 = [Some(key.keyid()), None].map(|recipient| {
        let pkesk = PKESK3::new(recipient, algorithm, encrypted()).unwrap();
        Packet::from(openpgp::packet::PKESK::from(pkesk))
    });
    let v6 = [Some(key.fingerprint()), None].map(|recipient| {
        let pkesk = PKESK6::new(recipient, algorithm, encrypted()).unwrap();
        Packet::from(openpgp::packet::PKESK::from(pkesk))
    });
    v3.into_iter()
        .chain(v6)
        .map(|packet| packet.to_vec().unwrap())
        .collect()
}

/// Returns the data after the PKESKs: only the sealed data.
fn without_pkesks(message: &[u8]) -> Vec<u8> {
    assert_eq!(message[0], 0xC0 | u8::from(Tag::PKESK));
    let (header, length) = match message[1] {
        short @ 0..192 => (2, usize::from(short)),
        long => (
            3,
            ((usize::from(long) - 192) << 8) + usize::from(message[2]) + 192,
        ),
    };
    message[header + length..].to_vec()
}

fn short_session_keys(suite: CipherSuite) {
    let target = Target::new(suite);
    let versions = [Features::empty().set_seipdv1(), Features::sequoia()];
    let messages = versions.map(|features| target.seal_as(&features, &literal(PLAIN)));
    for length in (0..6).chain([16, 17, 31, 34, 36]) {
        let hostile = pkesks(&target.key(), length);
        // PKESKs of version 3 belong to one kind of message, of 6 to the other.
        for (message, hostile) in messages.iter().zip(hostile.chunks(2)) {
            // Before a good one.
            let all = [hostile.concat(), message.clone()].concat();
            target.open(&all, 0);
            // Alone: any error must be in order.
            for pkesk in hostile {
                let alone = [&pkesk[..], &without_pkesks(message)].concat();
                target.scene.write("m.pgp", &alone);
                let outcome = target.scene.line("open m.pgp -k target.key -o m").outcome();
                let status = outcome.status().unwrap_or_default();
                assert!([4, 5].contains(&status), "{length} bytes\n{outcome}");
                assert!(outcome.stderr().starts_with("error: m.pgp: "), "{outcome}");
                assert!(!target.scene.exists("m"), "{outcome}");
            }
        }
        std::fs::remove_dir_all(target.scene.path("out")).unwrap();
    }
}

#[test]
fn an_empty_or_short_rsa_session_key_is_harmless() {
    short_session_keys(CipherSuite::RSA2k);
}

#[test]
fn an_empty_or_short_ecdh_session_key_is_harmless() {
    short_session_keys(CipherSuite::P256);
}

#[test]
fn unencrypted_messages_are_refused() {
    let target = Target::new(CipherSuite::P256);
    for message in [literal(PLAIN), compressed(&literal(PLAIN))] {
        target.open(&message, 5).says("m.pgp: it is not encrypted");
    }
    target
        .open(b"a call", 5)
        .says("neither an OpenPGP nor a CMS message");
    target.open(b"", 5).says("the file is empty");
}

#[test]
fn messages_without_integrity_protection_are_refused() {
    let target = Target::new(CipherSuite::P256);
    let message = target.seal(&literal(PLAIN));
    let pkesk = &message[..message.len() - without_pkesks(&message).len()];
    for (tag, status, reason) in [
        (Tag::SED, 5, "it has no integrity protection"),
        (
            Tag::AED,
            4,
            "encrypted data of version 7, which is not supported",
        ),
    ] {
        let old = [pkesk, &packet(tag, &[7; 100])].concat();
        target.open(&old, status).says(reason);
    }
}

#[test]
fn packets_in_the_wrong_place_are_refused() {
    let target = Target::new(CipherSuite::P256);
    let good = literal(PLAIN);
    target.open(&target.seal(&good), 0);
    std::fs::remove_dir_all(target.scene.path("out")).unwrap();
    let inner = target.seal(&good);
    for content in [
        // Empty, or not a packet.
        vec![],
        b"a call".to_vec(),
        // Two files, in every way to pack them.
        [good.clone(), good.clone()].concat(),
        compressed(&[good.clone(), good.clone()].concat()),
        [compressed(&good), good.clone()].concat(),
        // Data after the end of the compressed data.
        {
            let mut packet = compressed(&good);
            packet.push(0);
            packet[5] += 1;
            packet
        },
        compressed(&compressed(&good)),
        compressed(&[]),
        inner,
        // A file whose packet announces more than there is.
        packet(Tag::Literal, b"b\xffabc"),
        packet(Tag::Literal, b""),
        [&good[..], b"\xCB"].concat(),
    ] {
        let outcome = target.open(&target.seal(&content), 5);
        assert!(outcome.stderr().starts_with("error: m.pgp: "), "{outcome}");
    }
    // Outside of the sealed data.
    let message = target.seal(&good);
    for trailing in [&good[..], b"\xCB", b"x", &message] {
        let long = [&message[..], trailing].concat();
        target.open(&long, 5);
    }
}

#[test]
fn a_message_for_a_passphrase_alone_needs_one() {
    let target = Target::new(CipherSuite::P256);
    let mut message = Vec::new();
    let mut writer = Encryptor::with_passwords(Message::new(&mut message), ["secret"])
        .symmetric_algo(SymmetricAlgorithm::AES256)
        .build()
        .unwrap();
    writer.write_all(&literal(PLAIN)).unwrap();
    writer.finalize().unwrap();
    target
        .open(&message, 4)
        .complains_with_hint(&["sealed with a passphrase, and none was given"]);
}

#[test]
fn hidden_recipients_do_not_keep_a_named_locked_key_from_opening() {
    let target = Target::new(CipherSuite::P256);
    let scene = &target.scene;
    scene.locked_key_pair("locked", P256, "secret");
    // Nothing next to the key shows which one it is.
    scene.tool("openssl pkey -in locked.key -passin pass:secret -pubout -out public.pem");
    scene.tool("rm locked.crt");
    scene.write("phrase", "secret");
    scene.write("m.txt", PLAIN);
    scene.ok("seal -r public.pem m.txt -o one.pgp");
    let hidden = (0..65).map(|_| pkesks(&target.key(), 3).swap_remove(3));
    let message = [hidden.collect::<Vec<_>>().concat(), scene.read("one.pgp")].concat();
    scene.write("many.pgp", message);
    for keys in ["-k locked.key", "-k target.key -k locked.key"] {
        scene.ok(&format!(
            "open many.pgp {keys} --passphrase-file phrase -f -o opened.txt"
        ));
        assert_eq!(scene.read("opened.txt"), PLAIN);
    }
}

#[test]
fn two_files_with_the_same_key_cost_the_trials_of_one() {
    let target = Target::new(CipherSuite::P256);
    let scene = &target.scene;
    scene.key_pair("fitting", P256);
    scene.tool("cp target.key again.key");
    scene.write("m.txt", PLAIN);
    scene.ok("seal --hidden-recipients -r fitting.crt m.txt -o one.pgp");
    let hidden = (0..30).map(|_| pkesks(&target.key(), 3).swap_remove(3));
    let message = [hidden.collect::<Vec<_>>().concat(), scene.read("one.pgp")].concat();
    scene.write("many.pgp", message);
    scene.ok("open many.pgp -k target.key -k again.key -k fitting.key -o opened.txt");
    assert_eq!(scene.read("opened.txt"), PLAIN);
}

#[test]
fn thousands_of_hidden_recipients_cost_no_more_than_the_cap() {
    let target = Target::new(CipherSuite::P256);
    let hidden = || pkesks(&target.key(), 3).swap_remove(3);
    let message = target.seal(&literal(PLAIN));
    // They all differ, though they hold the same.
    let many: Vec<_> = (0..65).map(|_| hidden()).collect();
    let many = [many.concat(), without_pkesks(&message)].concat();
    target
        .open(&many, 4)
        .complains_with_hint(&["gave up after 64 private key operations"]);
    // Equal ones are tried once, and don't close the message.
    let equal = [hidden().repeat(1990), message.clone()].concat();
    target.open(&equal, 0);
    std::fs::remove_dir_all(target.scene.path("out")).unwrap();
    // More of them than fit in the room there is for them.
    let flood = packet(Tag::PKESK, &vec![3; 5 << 20]);
    target
        .open(&[flood, message].concat(), 5)
        .says("too many recipients");
}

#[test]
fn a_marker_hides_no_second_message() {
    let target = Target::new(CipherSuite::P256);
    let message = target.seal(&literal(PLAIN));
    let marked = [&message[..], &packet(Tag::Marker, b"PGP")].concat();
    target.open(&marked, 0);
    std::fs::remove_dir_all(target.scene.path("out")).unwrap();
    for marker in [
        packet(Tag::Marker, &message),
        // In the legacy format, without a length.
        [&[0xAB][..], &message].concat(),
        packet(Tag::Marker, b"PGP "),
        packet(Tag::Marker, b""),
    ] {
        target.open(&[&message[..], &marker].concat(), 5);
        target.open(&[&marker[..], &message].concat(), 5);
    }
}

#[test]
fn a_short_container_is_truncated_whatever_the_key_yields() {
    let target = Target::new(CipherSuite::P256);
    for features in [Features::empty().set_seipdv1(), Features::sequoia()] {
        let message = target.seal_as(&features, &literal(PLAIN));
        let front = message.len() - without_pkesks(&message).len();
        let short = |front: &[u8]| [front, &packet(Tag::SEIP, &[1, 7, 7, 7, 7])].concat();
        let mut other = message[..front].to_vec();
        *other.last_mut().unwrap() ^= 1;
        let said = [&message[..front], &other].map(|front| target.open(&short(front), 5).stderr());
        assert_eq!(said[0], said[1]);
    }
}
