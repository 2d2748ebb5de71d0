//! Signatures inside of messages: callseal's hold for its peers, and theirs for
//! callseal.

use std::io::Read;

use pgp::composed::{
    ArmorOptions, KeyType, Message as PgpMessage, MessageBuilder, SecretKeyParamsBuilder,
    SignedPublicKey, SignedSecretKey,
};
use pgp::crypto::hash::HashAlgorithm as PgpHash;
use pgp::crypto::sym::SymmetricKeyAlgorithm;
use pgp::types::{KeyVersion, Password};
use rand::thread_rng;
use sequoia_openpgp as openpgp;

use openpgp::Profile;
use openpgp::cert::{Cert, CipherSuite};
use openpgp::parse::Parse;
use openpgp::parse::stream::DecryptorBuilder;
use openpgp::policy::StandardPolicy;
use openpgp::types::{DataFormat, SignatureType};

use crate::sequoia_reader::Reader;
use crate::signing_peers::{
    encrypted, literal, opens, peer, signed, signed_by_sequoia, signed_literal, signer, split,
};
use crate::support::{P256, Scene, content};

const KINDS: [(Profile, CipherSuite); 6] = [
    (Profile::RFC4880, CipherSuite::RSA2k),
    (Profile::RFC4880, CipherSuite::P256),
    (Profile::RFC4880, CipherSuite::Cv25519),
    (Profile::RFC9580, CipherSuite::RSA2k),
    (Profile::RFC9580, CipherSuite::P384),
    (Profile::RFC9580, CipherSuite::Cv25519),
];

#[test]
fn sequoia_finds_the_signatures_of_callseal_good() {
    let call = content(600_000);
    for (profile, suite) in KINDS {
        let scene = Scene::new();
        scene.write("call.wav", &call);
        let key = peer(&scene, "vendor", profile, CipherSuite::Cv25519);
        let first = signer(&scene, "anna", profile, suite);
        let second = signer(&scene, "bert", profile, CipherSuite::Cv25519);
        let formats = match profile {
            Profile::RFC4880 => &["rfc4880", "auto"][..],
            _ => &["rfc9580"],
        };
        for format in formats {
            scene.ok(&format!(
                "seal -f --format {format} -r vendor.asc --sign anna.key --sign bert.key \
                 call.wav -o call.pgp"
            ));
            let policy = StandardPolicy::new();
            let reader = Reader {
                key: key.clone(),
                signers: vec![first.clone(), second.clone()],
            };
            let message = scene.read("call.pgp");
            let message = DecryptorBuilder::from_bytes(&message).unwrap();
            let mut message = message.with_policy(&policy, None, reader).unwrap();
            let mut opened = Vec::new();
            message.read_to_end(&mut opened).unwrap();
            assert!(opened == call, "{profile:?} {suite:?} {format}");
            let signers = "-k vendor.key --signer anna.asc --signer bert.asc";
            opens(&scene, "call.pgp", signers, &call);
        }
    }
}

#[test]
fn signatures_of_sequoia_inside_of_messages_hold() {
    let call = content(300_000);
    for (profile, suite) in KINDS {
        let scene = Scene::new();
        let anna = signer(&scene, "anna", profile, suite);
        let bert = signer(&scene, "bert", Profile::RFC4880, CipherSuite::P256);
        for version in [Profile::RFC4880, Profile::RFC9580] {
            let vendor = peer(&scene, "vendor", version, CipherSuite::Cv25519);
            for intended in [&[][..], &[&bert, &vendor]] {
                let packets = signed_by_sequoia(&call, &[&bert, &anna], intended);
                scene.write("m.pgp", encrypted(&packets, &vendor));
                opens(&scene, "m.pgp", "-k vendor.key --signer anna.asc", &call);
                opens(&scene, "m.pgp", "-k vendor.key --signer bert.asc", &call);
            }
        }
    }
}

#[test]
fn signatures_for_a_certificate_that_callseal_exports_hold() {
    for kind in [P256, "rsa:2048"] {
        let scene = Scene::new();
        let anna = signer(&scene, "anna", Profile::RFC4880, CipherSuite::P256);
        scene.key_pair("vendor", kind);
        scene.ok("export vendor.crt -k vendor.key -o elsewhere.gpg");
        let vendor = Cert::from_bytes(&scene.read("elsewhere.gpg")).unwrap();
        let packets = signed_by_sequoia(b"said", &[&anna], &[&vendor]);
        scene.write("m.pgp", encrypted(&packets, &vendor));
        opens(&scene, "m.pgp", "-k vendor.key --signer anna.asc", b"said");
    }
}

#[test]
fn a_signature_in_front_of_the_file_holds_as_old_software_has_it() {
    let scene = Scene::new();
    for (profile, suite) in KINDS {
        let anna = signer(&scene, "anna", profile, suite);
        let vendor = peer(&scene, "vendor", Profile::RFC4880, CipherSuite::P256);
        let parts = split(&signed(b"said", &[&anna]));
        let packets = [&parts[2][..], &parts[1]].concat();
        scene.write("m.pgp", encrypted(&packets, &vendor));
        opens(&scene, "m.pgp", "-k vendor.key --signer anna.asc", b"said");
        let packets = [&parts[2][..], &literal(b"sad", DataFormat::Binary)].concat();
        scene.write("m.pgp", encrypted(&packets, &vendor));
        scene
            .line("open m.pgp -k vendor.key --signer anna.asc -o gone")
            .exits(5)
            .complains_with_hint(&["m.pgp", "“anna”", "does not fit what it is said to sign"]);
        assert!(!scene.exists("gone"));
    }
}

#[test]
fn octets_that_are_signed_and_marked_as_text_stay_as_they_are() {
    let scene = Scene::new();
    let anna = signer(&scene, "anna", Profile::RFC4880, CipherSuite::P256);
    let vendor = peer(&scene, "vendor", Profile::RFC4880, CipherSuite::P256);
    // Anybody could mark them so: the mark isn't signed.
    let packets = signed_literal(b"RIFF\r\n\r\n", &[&anna], DataFormat::Unicode, |b| b);
    scene.write("m.pgp", encrypted(&packets, &vendor));
    opens(
        &scene,
        "m.pgp",
        "-k vendor.key --signer anna.asc",
        b"RIFF\r\n\r\n",
    );
    let as_text = |builder: openpgp::packet::signature::SignatureBuilder| {
        builder.set_type(SignatureType::Text)
    };
    let packets = signed_literal(b"one\r\ntwo\r\n", &[&anna], DataFormat::Unicode, as_text);
    scene.write("m.pgp", encrypted(&packets, &vendor));
    opens(
        &scene,
        "m.pgp",
        "-k vendor.key --signer anna.asc",
        b"one\ntwo\n",
    );
    let packets = signed_literal(b"one\r\ntwo\r\n", &[&anna], DataFormat::Binary, as_text);
    scene.write("m.pgp", encrypted(&packets, &vendor));
    scene
        .line("open m.pgp -k vendor.key --signer anna.asc -o gone")
        .exits(5)
        .complains_with_hint(&["“anna”", "a signature of text", "not marked as text"]);
}

/// Makes a key that signs with `pgp`.
fn pgp_signer(scene: &Scene, version: KeyVersion, kind: KeyType) -> SignedSecretKey {
    let key = SecretKeyParamsBuilder::default()
        .version(version)
        .key_type(kind)
        .can_certify(true)
        .can_sign(true)
        .primary_user_id("anna".into())
        .build()
        .unwrap()
        .generate(thread_rng())
        .unwrap();
    let armored = key.to_armored_string(ArmorOptions::default()).unwrap();
    scene.write_private("anna.key", armored);
    let public = key.to_public_key();
    let armored = public.to_armored_string(ArmorOptions::default()).unwrap();
    scene.write("anna.asc", armored);
    key
}

#[test]
fn signatures_of_pgp_hold_and_it_finds_those_of_callseal_good() {
    let call = content(300_000);
    for (version, kind) in [
        (KeyVersion::V4, KeyType::Ed25519Legacy),
        (KeyVersion::V4, KeyType::Rsa(2048)),
        (KeyVersion::V6, KeyType::Ed25519),
    ] {
        let scene = Scene::new();
        scene.write("call.wav", &call);
        let anna = pgp_signer(&scene, version, kind);
        let vendor = crate::peers_rpgp::version_6(&scene);
        let recipient = &vendor.to_public_key().public_subkeys[0].key;
        let mut builder = MessageBuilder::from_bytes("call.wav", call.clone());
        builder.sign(&anna.primary_key, Password::empty(), PgpHash::Sha256);
        let mut builder = builder.seipd_v2(
            thread_rng(),
            SymmetricKeyAlgorithm::AES256,
            pgp::crypto::aead::AeadAlgorithm::Ocb,
            pgp::crypto::aead::ChunkSize::C4KiB,
        );
        builder.encrypt_to_key(thread_rng(), recipient).unwrap();
        scene.write("m.pgp", builder.to_vec(thread_rng()).unwrap());
        opens(&scene, "m.pgp", "-k a.key --signer anna.asc", &call);

        scene.ok("seal -r a.crt --sign anna.key call.wav -o call.pgp");
        let message = scene.read("call.pgp");
        let message = PgpMessage::from_bytes(&message[..]).unwrap();
        let message = message.decrypt(&Password::empty(), &vendor).unwrap();
        let mut message = match message.is_compressed() {
            true => message.decompress().unwrap(),
            false => message,
        };
        assert!(message.as_data_vec().unwrap() == call);
        let public: SignedPublicKey = anna.to_public_key();
        message.verify(&public.primary_key).unwrap();
    }
}

#[test]
fn signatures_that_nobody_asks_about_are_passed_over_with_a_note() {
    let scene = Scene::with_parties();
    signer(&scene, "anna", Profile::RFC4880, CipherSuite::P256);
    scene.write("call.wav", "said");
    scene.ok("seal -r vendor.crt --sign anna.key call.wav -o call.wav.pgp");
    scene
        .ok("open -f call.wav.pgp -k vendor.key")
        .says("note: it carries a signature that was not checked; --signer CERT checks it");
    let opened = scene.ok("open -f --json call.wav.pgp -k vendor.key").json();
    assert_eq!(opened["unchecked_signatures"], 1);
    assert_eq!(opened["signatures"].as_array().unwrap().len(), 0);
    let opened = "open -f --json call.wav.pgp -k vendor.key --signer anna.asc";
    let opened = scene.ok(opened).json();
    assert_eq!(opened["unchecked_signatures"], 0);
    assert_eq!(opened["signatures"][0]["signer"], "anna");
    assert_eq!(opened["signatures"][0]["holds"], true);
    scene.tool("zip -q calls.zip call.wav.pgp");
    let extracted = scene
        .ok("extract --json calls.zip -k vendor.key -C a")
        .json();
    assert_eq!(extracted["unchecked_signatures"], 1);
    let extracted = scene
        .ok("extract --json calls.zip -k vendor.key -C b --signer anna.asc")
        .json();
    assert_eq!(extracted["signatures"][0]["files"], 1);
    assert_eq!(extracted["unchecked_signatures"], 0);
    let sealed = scene
        .ok("seal -f --json -r vendor.crt --sign anna.key call.wav -o call.wav.pgp")
        .json();
    assert_eq!(sealed["signers"][0]["signer"], "anna");
}
