//! Messages whose signatures must not count, and messages that are not signed.

use std::time::{Duration, SystemTime};

use callseal::Job;
use callseal::keys::{NoPassphrases, Recipients, SigningKey};
use callseal::message::{SealOptions, SealPlan};
use callseal::sources::{SourceOptions, Sources};
use sequoia_openpgp as openpgp;

use openpgp::Profile;
use openpgp::cert::{Cert, CipherSuite};
use openpgp::packet::key::{Key4, PrimaryRole, SecretParts};
use openpgp::packet::signature::SignatureBuilder;
use openpgp::packet::{OnePassSig, Packet};
use openpgp::parse::Parse;
use openpgp::serialize::SerializeInto;
use openpgp::types::{DataFormat, HashAlgorithm, KeyFlags, ReasonForRevocation, SignatureType};

use crate::signing_peers::{
    decrypted, encrypted, encrypted_with, expired_signer, false_signature, literal, peer, signed,
    signed_as, signed_by_sequoia, signer, split, with_hash, write,
};
use crate::support::{Scene, content};

/// A scene with the signers `anna` and `bert`, and the recipients `vendor` and
/// `other`.
struct Office {
    scene: Scene,
    anna: Cert,
    bert: Cert,
    vendor: Cert,
    other: Cert,
}

impl Office {
    fn new() -> Self {
        let scene = Scene::new();
        let (old, curve) = (Profile::RFC4880, CipherSuite::P256);
        Self {
            anna: signer(&scene, "anna", old, curve),
            bert: signer(&scene, "bert", old, curve),
            vendor: peer(&scene, "vendor", old, curve),
            other: peer(&scene, "other", old, curve),
            scene,
        }
    }

    /// Checks that a message to the vendor is refused when Anna should have
    /// signed it, alone, in an archive and to a pipe, and that nothing of it
    /// is written.
    #[track_caller]
    fn refuses(&self, packets: &[u8], words: &[&str]) {
        self.refuses_message(&encrypted(packets, &self.vendor), words);
    }

    #[track_caller]
    fn refuses_message(&self, message: &[u8], words: &[&str]) {
        let scene = &self.scene;
        let options = "-k vendor.key --signer anna.asc";
        scene.write("call.wav.pgp", message);
        let alone = [&["call.wav.pgp: "], words].concat();
        scene
            .line(&format!("open call.wav.pgp -o gone {options}"))
            .exits(5)
            .complains_with_hint(&alone);
        let piped = scene.line(&format!("open call.wav.pgp -o - {options}"));
        let piped = piped.exits(5).complains_with_hint(&alone);
        assert!(piped.output.stdout.is_empty(), "{piped}");
        let _ = std::fs::remove_file(scene.path("calls.zip"));
        scene.tool("zip -q calls.zip call.wav.pgp");
        let member = [&["call.wav"], words].concat();
        scene
            .line(&format!("extract calls.zip -C out {options}"))
            .exits(5)
            .complains_with_hint(&member);
        assert!(!scene.exists("gone") && !scene.exists("out/call.wav"));
        let cat = scene.line(&format!("cat calls.zip call.wav {options}"));
        let cat = cat.exits(5).complains_with_hint(&member);
        assert!(cat.output.stdout.is_empty(), "{cat}");
        // It's the signature alone that is at fault.
        scene.ok("open -f call.wav.pgp -o fine -k vendor.key");
    }
}

#[test]
fn a_message_without_a_signature_is_refused() {
    let office = Office::new();
    let file = literal(b"said", DataFormat::Binary);
    office.refuses(&file, &["there is no signature inside of it"]);
}

#[test]
fn a_signature_that_was_removed_is_missed() {
    let office = Office::new();
    let parts = split(&signed(b"said", &[&office.anna, &office.bert]));
    let missing = ["signatures are malformed", "is missing"];
    // Anna's is the last packet.
    office.refuses(&parts[..4].concat(), &missing);
    office.refuses(&parts[..3].concat(), &missing);
    let behind = [&parts[2][..], &parts[3]].concat();
    office.refuses(&behind, &["signatures are malformed", "not announced"]);
}

#[test]
fn a_stranger_does_not_count() {
    let office = Office::new();
    let by = [office.bert.keys().last().unwrap().key().fingerprint()];
    office.refuses(
        &signed(b"said", &[&office.bert]),
        &[&by[0].to_hex(), "none of the named signers"],
    );
}

#[test]
fn a_false_signature_beside_a_strangers_good_one_is_an_error() {
    let office = Office::new();
    let false_one = split(&false_signature(b"said", &office.bert, &office.anna));
    let good = split(&signed(b"said", &[&office.bert]));
    let words = ["the signature of “anna”", "does not fit"];
    office.refuses(&false_one.concat(), &words);
    // The false one in front of the file, the good one around it.
    let beside = [&false_one[2][..], &good.concat()].concat();
    office.refuses(&beside, &words);
}

#[test]
fn altered_content_does_not_hold() {
    let office = Office::new();
    let call = content(400_000);
    let mut other = call.clone();
    other[300_000] ^= 1;
    let mut parts = split(&signed(&call, &[&office.anna]));
    parts[1] = literal(&other, DataFormat::Binary);
    office.refuses(
        &parts.concat(),
        &["the signature of “anna”", "does not fit"],
    );
    for length in [0, call.len() - 1] {
        parts[1] = literal(&call[..length], DataFormat::Binary);
        office.refuses(
            &parts.concat(),
            &["the signature of “anna”", "does not fit"],
        );
    }
}

#[test]
fn a_weak_hash_does_not_count() {
    let office = Office::new();
    for (hash, name) in [
        (HashAlgorithm::SHA1, "SHA-1"),
        (HashAlgorithm::RipeMD, "RIPEMD"),
    ] {
        let Ok(_) = hash.context() else { continue };
        let packets = signed_as(b"said", &[&office.anna], with_hash(hash));
        office.refuses(&packets, &["the signature of “anna”", name, "forged"]);
    }
}

#[test]
fn a_message_that_was_signed_for_others_is_refused() {
    let office = Office::new();
    let Office {
        scene,
        anna,
        bert,
        other,
        ..
    } = &office;
    let forwarded = ["“anna” signed it for others"];
    for intended in [&[other][..], &[other, bert]] {
        let packets = signed_by_sequoia(b"said", &[anna], intended);
        office.refuses(&packets, &forwarded);
    }
    // It opens for those for whom it was signed.
    let packets = signed_by_sequoia(b"said", &[anna], &[other]);
    scene.write("m.pgp", encrypted(&packets, other));
    scene.ok("open m.pgp -k other.key -k vendor.key --signer anna.asc -o theirs");
    // Callseal's own say for whom they are.
    scene.write("call.wav", "said");
    scene.key_pair("x", "rsa:2048");
    scene.ok("seal -r other.asc -r x.crt --sign anna.key call.wav -o sealed.pgp");
    for key in ["other.key", "x.key"] {
        scene.ok(&format!(
            "open -f sealed.pgp -k {key} --signer anna.asc -o out.wav"
        ));
    }
    let inner = decrypted(&scene.read("sealed.pgp"), other);
    office.refuses(&inner, &forwarded);
    // What is shared is sealed for others than it was signed for.
    scene.ok("share sealed.pgp -k other.key -r vendor.asc -o shared.pgp");
    let shared = scene.read("shared.pgp");
    office.refuses_message(&shared, &forwarded);
}

#[test]
fn a_passphrase_is_nobody_for_whom_a_message_was_signed() {
    let office = Office::new();
    let scene = &office.scene;
    scene.write_private("passphrase", "sesame");
    let open = "open -f m.pgp --signer anna.asc -o out.wav --passphrase-file passphrase";
    let packets = signed_by_sequoia(b"said", &[&office.anna], &[]);
    scene.write("m.pgp", encrypted_with(&packets, "sesame"));
    scene.ok(open).says("signed by “anna”");
    let packets = signed_by_sequoia(b"said", &[&office.anna], &[&office.vendor]);
    scene.write("m.pgp", encrypted_with(&packets, "sesame"));
    scene
        .line(open)
        .exits(5)
        .complains_with_hint(&["m.pgp", "“anna” signed it for others"]);
    // With the key at hand, whoever opens it is known to be meant.
    scene.ok(&format!("{open} -k vendor.key"));
}

#[test]
fn a_good_signature_under_another_name_does_not_help() {
    let office = Office::new();
    let scene = &office.scene;
    scene.write("call.wav", "said");
    scene.ok("seal -r vendor.asc --sign anna.key call.wav -o other.wav.pgp");
    scene.tool("zip -q calls.zip other.wav.pgp");
    scene
        .line("extract calls.zip -k vendor.key --signer anna.asc -C out")
        .exits(5)
        .complains_with_hint(&["other.wav", "sealed as \"call.wav\""]);
    assert!(!scene.exists("out/other.wav"));
}

#[test]
fn an_expired_certificate_does_not_count() {
    let office = Office::new();
    let anna = expired_signer(&office.scene, "anna");
    let then = SystemTime::now() - Duration::from_secs(500 * 24 * 3600);
    let packets = signed_as(b"said", &[&anna], |builder| {
        builder.set_signature_creation_time(then).unwrap()
    });
    office.refuses(&packets, &["the signature of “anna”", "expired on"]);
}

#[test]
fn a_revoked_certificate_does_not_count() {
    let office = Office::new();
    let packets = signed(b"said", &[&office.anna]);
    let anna = &office.anna;
    let mut primary = anna
        .primary_key()
        .key()
        .clone()
        .parts_into_secret()
        .unwrap();
    let mut pair = primary.clone().into_keypair().unwrap();
    let _ = &mut primary;
    let revocation = anna.revoke(&mut pair, ReasonForRevocation::KeyCompromised, b"stolen");
    let (anna, _) = anna.clone().insert_packets(revocation.unwrap()).unwrap();
    write(&office.scene, "anna", anna);
    office.refuses(&packets, &["the signature of “anna”", "revoked"]);
}

#[test]
fn a_signature_over_signatures_does_not_count() {
    let office = Office::new();
    let mut parts = split(&signed(b"said", &[&office.anna, &office.bert]));
    let Packet::OnePassSig(mut first) = Packet::from_bytes(&parts[0]).unwrap() else {
        panic!("no announcement");
    };
    first.set_last(true);
    parts[0] = Packet::from(first).to_vec().unwrap();
    let words = [
        "the signature of “anna”",
        "a signature over other signatures",
    ];
    office.refuses(&parts.concat(), &words);
}

#[test]
fn signatures_come_in_the_order_that_was_announced() {
    let office = Office::new();
    let parts = split(&signed_as(
        b"said",
        &[&office.anna],
        with_hash(HashAlgorithm::SHA256),
    ));
    let others = split(&signed_as(
        b"said",
        &[&office.bert],
        with_hash(HashAlgorithm::SHA512),
    ));
    let mut first = OnePassSig::try_from(&match Packet::from_bytes(&parts[2]).unwrap() {
        Packet::Signature(signature) => signature,
        _ => panic!("no signature"),
    })
    .unwrap();
    first.set_last(false);
    let first = Packet::from(first).to_vec().unwrap();
    let swapped = [&first[..], &others[0], &parts[1], &parts[2], &others[2]];
    let words = ["the signature of “anna”", "another one than was announced"];
    office.refuses(&swapped.concat(), &words);
}

#[test]
fn too_many_or_too_large_signatures_are_refused() {
    let office = Office::new();
    let parts = split(&signed(b"said", &[&office.anna]));
    let many = [parts[2].repeat(65), parts[1].clone()].concat();
    office.refuses(&many, &["signatures are malformed", "more than 64"]);
    let fine = [parts[2].repeat(64), parts[1].clone()].concat();
    office
        .scene
        .write("m.pgp", encrypted(&fine, &office.vendor));
    let open = "open -f m.pgp -o out.wav -k vendor.key --signer anna.asc";
    office.scene.ok(open);
    let mut large = vec![0xC2, 0xFF, 0, 3, 0, 0];
    large.resize(6 + 0x3_0000, 4);
    let large = [&large[..], &parts[1]].concat();
    office.refuses(&large, &["signatures are malformed", "larger than 128 KiB"]);
}

#[test]
fn a_signature_of_an_unknown_kind_is_a_strangers() {
    let office = Office::new();
    let parts = split(&signed(b"said", &[&office.anna]));
    let unknown = [0xC2, 3, 5, 0, 0];
    office.refuses(
        &[&unknown[..], &parts[1]].concat(),
        &["an unknown signer", "none of the named signers"],
    );
    let beside = [&unknown[..], &parts.concat()].concat();
    office
        .scene
        .write("m.pgp", encrypted(&beside, &office.vendor));
    office
        .scene
        .ok("open -f m.pgp -o out.wav -k vendor.key --signer anna.asc")
        .says("passed over a signature by an unknown signer");
}

#[test]
fn a_member_that_opens_by_the_index_is_checked_as_well() {
    let office = Office::new();
    let scene = &office.scene;
    scene.write("calls/a.wav", "said");
    scene.write("calls/b.wav", "said too");
    scene.ok("pack -q -o calls.zip -r vendor.asc calls");
    let extract = "extract calls.zip -k vendor.key --signer anna.asc -C out";
    scene
        .line(extract)
        .exits(5)
        .complains_with_hint(&["calls/a.wav", "there is no signature inside of it"]);
    assert!(!scene.exists("out/calls/a.wav"));
    // One operation of the private key opens these, and the index isn't signed.
    let key = SigningKey::load(&scene.path("anna.key"), &NoPassphrases, SystemTime::now());
    let recipients = Recipients::from_files(&[scene.path("vendor.asc")]).unwrap();
    let plan = SealPlan::new(recipients, SealOptions::default()).unwrap();
    let plan = plan.signed_by(vec![key.unwrap()]).unwrap();
    let found = Sources::collect(&[scene.path("calls")], &SourceOptions::default()).unwrap();
    let signed = scene.path("signed.zip");
    Job::new().pack(&found.files, &plan, &signed).unwrap();
    scene
        .ok("extract signed.zip -k vendor.key --signer anna.asc -C out")
        .says("2 files signed by “anna”");
    scene
        .ok("cat signed.zip **/b.wav -k vendor.key --signer anna.asc")
        .says("signed by “anna”")
        .prints("said too");
    // They were not signed for whoever gets a grant.
    scene.ok("grant signed.zip **/a.wav -k vendor.key -r other.asc -o b.grant");
    scene
        .line("extract signed.zip -k other.key --grant b.grant --signer anna.asc -C granted")
        .exits(5)
        .complains_with_hint(&["calls/a.wav", "“anna” signed it for others"]);
    scene.ok("grant calls.zip calls/a.wav -k vendor.key -r other.asc -o a.grant");
    scene
        .line("extract calls.zip -k other.key --grant a.grant --signer anna.asc -C out")
        .exits(5)
        .complains_with_hint(&["calls/a.wav", "there is no signature inside of it"]);
}

#[test]
fn a_single_key_that_signs_and_opens_a_message_does_not_count() {
    let office = Office::new();
    // As PGP's first keys are.
    let key: openpgp::packet::Key<SecretParts, PrimaryRole> =
        Key4::generate_rsa(2048).unwrap().into();
    let flags = KeyFlags::empty()
        .set_certification()
        .set_signing()
        .set_transport_encryption();
    let mut pair_of = key.clone().into_keypair().unwrap();
    let bare = Cert::try_from(vec![Packet::from(key.clone())]).unwrap();
    let user = openpgp::packet::UserID::from("anna");
    let builder = SignatureBuilder::new(SignatureType::PositiveCertification)
        .set_key_flags(flags)
        .unwrap();
    let binding = user.bind(&mut pair_of, &bare, builder).unwrap();
    let packets = vec![Packet::from(key), user.into(), binding.into()];
    let anna = write(&office.scene, "anna", Cert::try_from(packets).unwrap());
    let packets = signed(b"said", &[&anna]);
    let message = encrypted(&packets, &anna);
    office.scene.write("m.pgp", message);
    office
        .scene
        .line("open m.pgp -k anna.key --signer anna.asc -o out.wav")
        .exits(5)
        .complains_with_hint(&["“anna”", "the key that signs opens the message as well"]);
}
