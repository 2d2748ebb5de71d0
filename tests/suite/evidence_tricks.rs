//! Tricks with what signatures don't cover, or cover elsewhere.

use std::io::Write;

use crate::evidence_support::{MANIFEST, OPENPGP, ORIGIN, ORIGIN_CMS, place, replace};
use crate::index_support::{Entries, entries, entry, put_together};
use crate::support::Scene;
use crate::support::packets::packets;

/// Returns the entries of a signed archive with its manifest as an origin, and
/// without its index.
fn as_origin(scene: &Scene, archive: &str) -> Entries {
    entries(scene, archive)
        .into_iter()
        .filter(|(name, _)| !name.ends_with("/index.pgp"))
        .map(|(name, content)| (name.replace("/manifest", "/origin"), content))
        .collect()
}

#[test]
fn an_origin_that_anybody_adds_does_not_take_the_place_of_a_signature() {
    let scene = Scene::with_signed_calls("");
    scene.make_signer("stranger");
    scene.ok("sign calls.zip --drop-signatures --sign stranger.key -q -o strange.zip");
    let strange = as_origin(&scene, "strange.zip");
    let junk = vec![(ORIGIN.to_owned(), b"junk".to_vec())];
    let strangers = [ORIGIN, ORIGIN_CMS].map(|name| strange[place(&strange, name)].clone());
    for origin in [junk, strangers.to_vec()] {
        let mut all = entries(&scene, "calls.zip");
        all.extend(origin);
        put_together(&scene, "more.zip", &all);
        scene
            .verifies("more.zip")
            .prints("signed by “server”")
            .prints("its origin is not signed by a signer that you named");
        for line in [
            "sign more.zip --signer server.crt --sign stranger.key --in-place",
            "share more.zip -k customer.key -r vendor.crt --signer server.crt --in-place",
        ] {
            let refused = scene.line(line).exits(5);
            refused.complains_with_hint(&["more.zip: its origin", "no signature of a signer"]);
            assert_eq!(entries(&scene, "more.zip"), all, "{line}");
        }
    }
}

#[test]
fn an_archive_that_has_only_an_origin_is_not_shared_unchecked() {
    let scene = Scene::with_signed_calls("");
    scene.ok("share calls.zip -k customer.key -r vendor.crt --signer server.crt -q -o one.zip");
    scene
        .line("share one.zip -k vendor.key --remove customer.crt -o two.zip")
        .exits(2)
        .complains_with_hint(&["one.zip: it is signed, and no signer is named to check that"]);
    scene.ok("share one.zip -k vendor.key --remove customer.crt --signer server.crt -q -o two.zip");
    scene.verifies("two.zip");
}

/// The origin is genuine, and the calls that the manifest lists are others.
#[test]
fn a_false_origin_beside_a_good_manifest_is_found_on_opening() {
    let scene = Scene::with_signed_calls("");
    scene.make_signer("other");
    scene.write("calls/a.txt", "never said");
    scene.ok("pack -q -f -o forged.zip -r customer.crt --sign other.key calls");
    let genuine = as_origin(&scene, "calls.zip");
    let mut forged = entries(&scene, "forged.zip");
    forged.extend([ORIGIN, ORIGIN_CMS].map(|name| genuine[place(&genuine, name)].clone()));
    put_together(&scene, "both.zip", &forged);
    const BOTH: &str = "both.zip -k customer.key --signer server.crt --signer other.crt";
    scene
        .line("verify both.zip --signer server.crt --signer other.crt")
        .exits(5)
        .complains(&["calls/a.txt: what is sealed in it was altered or replaced"]);
    scene
        .line(&format!("extract {BOTH} -C out"))
        .exits(5)
        .complains(&["calls/a.txt: what is sealed in it was altered or replaced"]);
    assert!(!scene.exists("out/calls/a.txt"));
    let shown = scene.line(&format!("cat {BOTH}").replace(".zip", ".zip calls/a.txt"));
    assert_eq!(shown.exits(5).stdout(), "");
    scene
        .line(&format!("convert {BOTH} -r customer.crt -o new.zip"))
        .exits(5);
    assert!(!scene.exists("new.zip"));
}

#[test]
fn a_signature_from_inside_of_a_message_signs_no_archive() {
    let scene = Scene::with_signed_calls("--index none");
    scene.ok("keygen --sign --openpgp --no-passphrase --name anna -q");
    let list = entries(&scene, "calls.zip");
    let manifest = list[place(&list, MANIFEST)].1.clone();
    scene.write("list", &manifest);
    scene
        .line("seal -r customer.crt --sign anna.key list -o list.pgp")
        .exits(1)
        .complains(&["list: it begins as the manifest of an archive does"]);
    // Other programs sign it; recipients can take the signature out.
    let signature = signature_for(&scene, "anna.key", "customer.crt", &manifest);
    let mut all = list;
    all.retain(|(name, _)| !name.ends_with(".p7s"));
    all.push((OPENPGP.to_owned(), signature));
    put_together(&scene, "taken.zip", &all);
    scene.refuses_for("anna.asc", "taken.zip", &["from inside of a message"]);
}

/// Returns a detached signature that is made for a recipient.
fn signature_for(scene: &Scene, signer: &str, recipient: &str, content: &[u8]) -> Vec<u8> {
    use callseal::keys::Recipient;
    use sequoia_openpgp::Cert;
    use sequoia_openpgp::packet::signature::SignatureBuilder;
    use sequoia_openpgp::parse::Parse;
    use sequoia_openpgp::serialize::SerializeInto;
    use sequoia_openpgp::types::SignatureType;

    let cert = Cert::from_file(scene.path(signer)).unwrap();
    let policy = sequoia_openpgp::policy::StandardPolicy::new();
    let key = cert
        .keys()
        .secret()
        .with_policy(&policy, None)
        .for_signing();
    let key = key.into_iter().next().unwrap().key().clone();
    let mut pair = key.into_keypair().unwrap();
    let recipients = Recipient::load_any_age(&scene.path(recipient)).unwrap();
    let fingerprint = recipients[0].fingerprint().to_string().parse().unwrap();
    let signature = SignatureBuilder::new(SignatureType::Binary)
        .set_intended_recipients([fingerprint])
        .unwrap()
        .sign_message(&mut pair, content)
        .unwrap();
    sequoia_openpgp::Packet::from(signature).to_vec().unwrap()
}

#[test]
fn what_nothing_authenticates_has_no_sealed_line_and_is_compared_as_a_whole() {
    let scene = Scene::with_a_signer();
    scene.rsa_pair("gir");
    scene.ok("pack -q --format cms -o calls.zip -r gir.crt --sign server.key calls");
    let mut all = as_origin(&scene, "calls.zip");
    assert!(!String::from_utf8_lossy(entry(&mut all, ORIGIN)).contains("# sealed"));
    put_together(&scene, "origin.zip", &all);
    scene.verifies("origin.zip");
    // Another key in front of the same encrypted content.
    scene.ok("pack -q -f --format cms -o again.zip -r gir.crt calls");
    let again = entries(&scene, "again.zip");
    replace(&mut all, &again, &["calls/a.txt.p7m"]);
    put_together(&scene, "origin.zip", &all);
    scene.refuses("origin.zip", &["calls/a.txt", "altered or replaced"]);
}

#[test]
fn files_that_were_never_sealed_count_among_what_is_missing() {
    let scene = Scene::with_a_signer();
    scene.ok("pack -q -o calls.zip -r customer.crt calls");
    scene.write("readme.txt", "read me");
    scene.tool("zip -q calls.zip readme.txt");
    scene.ok("sign calls.zip --sign server.key --in-place -q");
    let mut all = as_origin(&scene, "calls.zip");
    all.retain(|(name, _)| name != "readme.txt");
    put_together(&scene, "less.zip", &all);
    scene
        .verifies("less.zip")
        .prints("but 1 entry that they signed is not in it");
}

#[test]
fn a_fingerprint_is_never_a_file_of_that_name() {
    let scene = Scene::with_signed_calls("");
    scene.make_signer("stranger");
    let shown = scene.tool("openssl x509 -in server.crt -noout -fingerprint -sha256");
    let shown = shown.stdout();
    let (_, fingerprint) = shown.trim().split_once('=').unwrap();
    scene.write(fingerprint, scene.read("stranger.crt"));
    scene
        .ok(&format!("verify calls.zip --signer {fingerprint}"))
        .prints("signed by “server”");
}

#[test]
fn the_name_of_a_stranger_does_not_seem_to_end_before_its_end() {
    let scene = Scene::with_signed_calls("");
    scene.ok("sign calls.zip --drop-signatures --sign server.key -q -o fresh.zip");
    let request = "req -x509 -newkey rsa:2048 -nodes -keyout x.key -out x.crt -days 30 -utf8";
    let usage = "keyUsage=critical,digitalSignature";
    let subject = "/CN=x”; signed by “server” on 2026-01-01";
    let arguments = request
        .split(' ')
        .chain(["-addext", usage, "-subj", subject]);
    scene.program("openssl", arguments).exits(0);
    scene.ok("sign calls.zip --drop-signatures --sign x.key -q -o strange.zip");
    let shown = scene.ok("verify strange.zip").stdout();
    assert!(!shown.contains("signed by “server”"), "{shown}");
    let refused = scene
        .line("verify strange.zip --signer server.crt")
        .exits(5);
    assert!(!refused.stderr().contains("by “server”"));
}

#[test]
fn plain_files_are_not_extracted_where_messages_are_signed() {
    let scene = Scene::with_a_signer();
    scene.ok("keygen --sign --openpgp --no-passphrase --name anna -q");
    scene.ok("seal -q -r customer.crt --sign anna.key calls/a.txt -o a.txt.pgp");
    scene.write("run.sh", "rm -rf /");
    scene.tool("zip -q mixed.zip a.txt.pgp run.sh");
    scene
        .line("extract mixed.zip --plain -k customer.key --signer anna.asc -C out")
        .exits(2)
        .complains_with_hint(&["mixed.zip: the archive is not signed"]);
    assert!(!scene.exists("out"));
    scene.ok("extract mixed.zip -k customer.key --signer anna.asc -C out -q");
    assert_eq!(scene.tree("out"), ["a.txt"]);
}

#[test]
fn one_message_is_not_shared_by_the_signers_of_an_archive() {
    let scene = Scene::with_a_signer();
    scene.ok("seal -q -r customer.crt calls/a.txt -o a.pgp");
    for option in ["--signer server.crt", "--drop-signatures"] {
        let line = format!("share a.pgp -k customer.key -r vendor.crt -o b.pgp {option}");
        let refused = scene.line(&line).exits(2);
        refused.complains_with_hint(&["a.pgp: it is one message"]);
    }
}

#[test]
fn whoever_opens_as_a_hidden_recipient_does_not_sign() {
    let scene = Scene::with_a_signer();
    scene.self_signed("both").make();
    scene.ok("pack -q --hidden-recipients -o calls.zip -r both.crt calls");
    scene
        .line("share calls.zip -k both.key -r vendor.crt --sign both.key -o new.zip")
        .exits(2)
        .complains_with_hint(&["both.key: its key belongs to the recipient"]);
}

/// The padding of a text holds another text with another message. Behind it is
/// what was signed.
#[test]
fn a_message_is_taken_out_of_a_text_once() {
    let scene = Scene::with_signed_calls("");
    let mut all = as_origin(&scene, "calls.zip");
    for name in scene
        .tree("calls")
        .iter()
        .filter(|name| !name.ends_with('/'))
    {
        scene.write(format!("calls/{name}"), "a call that never took place");
    }
    scene.ok("pack -q -o false.zip -r customer.crt calls");
    let mut others = entries(&scene, "false.zip");
    for (name, content) in &mut all {
        if name.ends_with(".pgp") {
            let other = armored(entry(&mut others, name));
            let padding = [b"\n", other.as_slice(), b"- end -"].concat();
            let length = (padding.len() as u32).to_be_bytes();
            let sealed = packets(content).sealed;
            *content = armored(&[&[0xD5, 0xFF], length.as_slice(), &padding, &sealed].concat());
        }
    }
    put_together(&scene, "twice.zip", &all);
    for line in [
        "extract twice.zip -k customer.key --signer server.crt -C out",
        "cat twice.zip ** -k customer.key --signer server.crt",
        "convert twice.zip -o no.zip -k customer.key -r vendor.crt --signer server.crt",
        "share twice.zip -o no.zip -k customer.key -r vendor.crt --signer server.crt",
        "verify twice.zip -k customer.key --signer server.crt",
    ] {
        let refused = scene.line(line).fails();
        assert!(!refused.stdout().contains("took place"), "{refused}");
        assert!(!scene.exists("no.zip"), "{line}");
    }
    assert!(!scene.exists("out/calls/a.txt"));
}

/// Other text around a message belongs to the archive as it stands.
#[test]
fn signing_leaves_texts_as_they_are() {
    let scene = Scene::with_signed_calls("");
    let mut all = as_origin(&scene, "calls.zip");
    for (name, content) in &mut all {
        if name.ends_with(".pgp") {
            let text = armored(content);
            *content = [b"As we said on the telephone:\n\n", text.as_slice()].concat();
        }
    }
    put_together(&scene, "texts.zip", &all);
    scene.verifies("texts.zip");
    scene.make_signer("vendor-signs");
    let signing = "sign texts.zip --signer server.crt --sign vendor-signs.key -q -o signed.zip";
    scene.ok(signing);
    scene.verifies("signed.zip");
    scene.verifies_for("vendor-signs.crt", "signed.zip");
    let mut signed = entries(&scene, "signed.zip");
    for (name, content) in all {
        assert!(*entry(&mut signed, &name) == content, "{name}");
    }
}

/// What is there already isn't compared.
#[test]
fn files_that_exist_are_not_said_to_be_as_signed() {
    let scene = Scene::with_signed_calls("");
    scene.write("out/calls/a.txt", "something else");
    let extracted =
        scene.ok("extract calls.zip -k customer.key --signer server.crt -C out --skip-existing");
    assert!(!extracted.stdout().contains("as signed"), "{extracted}");
    extracted.says("whose files exist: they were not compared with what was signed");
}

/// Returns octets as an OpenPGP text.
fn armored(octets: &[u8]) -> Vec<u8> {
    use sequoia_openpgp::armor::{Kind, Writer};

    let mut writer = Writer::new(Vec::new(), Kind::Message).unwrap();
    writer.write_all(octets).unwrap();
    writer.finalize().unwrap()
}
