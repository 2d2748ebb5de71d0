//! What is signed of an archive, by whom, and what `verify` says of it.

use crate::archive_support::{Member, zip};
use crate::evidence_support::{CMS, MANIFEST, OPENPGP};
use crate::index_support::{INDEX, entries, entry, names, put_together};
use crate::support::Scene;

/// The formats in which archives are packed, as options.
const FORMATS: [&str; 6] = [
    "",
    "--format rfc4880",
    "--index none",
    "--hide-names",
    "--format cms",
    "--format cms-gcm",
];

/// Returns the manifest of an archive.
fn manifest(scene: &Scene, archive: &str) -> String {
    String::from_utf8(scene.entry(archive, MANIFEST)).unwrap()
}

#[test]
fn an_archive_is_signed_while_it_is_packed() {
    for options in FORMATS {
        let scene = Scene::with_a_signer();
        scene.rsa_pair("gir");
        scene
            .ok(&format!(
                "pack -o calls.zip -r gir.crt --sign server.key {options} calls"
            ))
            .says("signed by “server”");
        scene
            .verifies("calls.zip")
            .prints("sound (")
            .prints("signed by “server” on 20")
            .prints("not opened: no -k");
        scene
            .ok("verify calls.zip --signer server.crt -k gir.key")
            .prints("signed by “server”")
            .prints("opened to the end: 3 members");
    }
}

#[test]
fn the_manifest_lists_what_unzip_writes_in_the_order_of_the_archive() {
    for options in FORMATS {
        let scene = Scene::with_a_signer();
        scene.rsa_pair("gir");
        scene.ok(&format!(
            "pack -q -o calls.zip -r gir.crt --sign server.key {options} calls"
        ));
        let manifest = manifest(&scene, "calls.zip");
        let (head, lines) = manifest.split_once('\n').unwrap();
        let (archive, time) = head
            .strip_prefix("# callseal-manifest 1 archive=")
            .and_then(|rest| rest.split_once(" time="))
            .unwrap();
        assert_eq!(archive.len(), 32);
        assert!(time.parse::<callseal::Timestamp>().is_ok(), "{time}");
        let mut expected = String::new();
        for (name, content) in entries(&scene, "calls.zip") {
            if name == MANIFEST || name == CMS {
                continue;
            }
            scene.write("entry", &content);
            let sum = scene.tool("sha256sum entry").stdout();
            let (sum, _) = sum.split_once(' ').unwrap();
            expected += &format!("{sum}  {name}\n");
            // Nothing authenticates what is in a message of format cms.
            if name == INDEX || options == "--format cms" {
                continue;
            }
            let sealed = sealed_data(&content);
            scene.write("entry", sealed);
            let sum = scene.tool("sha256sum entry").stdout();
            let (sum, _) = sum.split_once(' ').unwrap();
            expected += &format!("# sealed {sum}  {name}\n");
        }
        assert_eq!(lines, expected, "{options}");
    }
}

/// Returns the packet of sealed data of an OpenPGP message. Of a CMS message
/// (without indefinite lengths), what follows the recipients.
fn sealed_data(message: &[u8]) -> Vec<u8> {
    if message[0] & 0xC0 == 0xC0 {
        return crate::support::packets::packets(message).sealed;
    }
    let data = b"\x06\x09\x2A\x86\x48\x86\xF7\x0D\x01\x07\x01";
    let mut places = message.windows(data.len());
    let at = places.position(|octets| octets == data).unwrap();
    // The header of the sequence that it begins.
    let header = (2..8).find(|length| message[at - length] == 0x30);
    message[at - header.unwrap()..].to_vec()
}

#[test]
fn an_archive_without_signers_has_no_manifest() {
    let scene = Scene::with_a_signer();
    scene.ok("pack -q -o calls.zip -r customer.crt calls");
    let entries = entries(&scene, "calls.zip");
    assert!(!names(&entries).contains(&MANIFEST));
    scene.ok("verify calls.zip").prints("not signed");
    scene.refuses("calls.zip", &["calls.zip: it is not signed"]);
}

#[test]
fn several_signers_of_both_kinds_sign_at_once() {
    let scene = Scene::with_a_signer();
    scene
        .self_signed("rsa")
        .with_key("rsa:2048")
        .saying(crate::evidence_support::OF_A_SIGNER)
        .make();
    scene.make_openpgp_signer("ivr");
    scene.ok(
        "pack -q -o calls.zip -r customer.crt --sign server.key --sign rsa.key --sign ivr.gpg calls",
    );
    let entries = entries(&scene, "calls.zip");
    let names = names(&entries);
    assert_eq!(names[names.len() - 4..], [INDEX, MANIFEST, CMS, OPENPGP]);
    for (signer, name) in [
        ("server.crt", "server"),
        ("rsa.crt", "rsa"),
        ("ivr.asc", "ivr"),
    ] {
        let verified = scene.verifies_for(signer, "calls.zip");
        verified.prints(&format!("signed by “{name}” on 20"));
    }
    scene
        .ok("verify calls.zip --signer server.crt --signer rsa.crt --signer ivr.asc")
        .prints("“server”")
        .prints("“rsa”")
        .prints("“ivr”");
    // Twice the same is once.
    scene
        .ok("sign calls.zip --drop-signatures --sign ivr.gpg --sign ivr.gpg -o twice.zip")
        .says("given twice, counted once");
    scene.verifies_for("ivr.asc", "twice.zip");
}

#[test]
fn a_signer_is_named_by_fingerprint_as_well() {
    let scene = Scene::with_signed_calls("");
    let print = scene.tool("openssl x509 -in server.crt -noout -fingerprint -sha256");
    let print = print.stdout();
    let (_, print) = print.trim().split_once('=').unwrap();
    let digits = print.replace(':', "");
    scene.verifies_for(&digits, "calls.zip");
    scene.verifies_for(&digits.to_lowercase(), "calls.zip");
    let other = format!("{}{}", &digits[1..], &digits[..1]);
    scene
        .line(&format!("verify calls.zip --signer {other}"))
        .exits(5)
        .complains(&["it has no signature of a signer that you named"]);
}

#[test]
fn without_a_signer_nothing_is_said_to_be_signed() {
    let scene = Scene::with_signed_calls("");
    scene
        .ok("verify calls.zip")
        .prints("claims to be signed by “server” on 20")
        .prints("not checked: no --signer");
    scene
        .ok("list calls.zip -k customer.key")
        .prints("claims to be signed by “server”");
    let facts = scene.ok("verify calls.zip --json").json();
    assert!(facts["archives"][0]["signed_by"].is_null(), "{facts}");
    let facts = scene
        .ok("verify calls.zip --json --signer server.crt")
        .json();
    let signer = &facts["archives"][0]["signed_by"][0];
    assert_eq!(signer["signer"], "server", "{facts}");
}

#[test]
fn names_of_signers_do_nothing_to_a_terminal() {
    let scene = Scene::with_a_signer();
    let name = "\u{1b}[31mred\u{1b}]0;title\u{7}";
    let subject = format!("/CN={name}");
    let request = "req -x509 -days 9 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
                   -keyout odd.key -out odd.crt -addext keyUsage=critical,digitalSignature -subj";
    let request = request.split_whitespace().chain([&*subject]);
    scene.program("openssl", request).exits(0);
    scene.ok("pack -q -o calls.zip -r customer.crt --sign odd.key calls");
    for line in [
        "verify calls.zip",
        "verify calls.zip --signer odd.crt",
        "verify calls.zip --signer server.crt",
        "list calls.zip",
        "extract calls.zip -k customer.key --signer odd.crt -C out",
        "share calls.zip -k customer.key -r vendor.crt --signer odd.crt -o shared.zip",
        "verify shared.zip",
        "sign calls.zip --drop-signatures --sign odd.key -o signed.zip",
    ] {
        let outcome = scene.line(line).outcome();
        let said = outcome.stdout() + &outcome.stderr();
        assert!(!said.contains(['\u{1b}', '\u{7}']), "{outcome}");
        assert!(said.contains("\\u{1b}[31mred"), "{outcome}");
    }
}

#[test]
fn a_key_opens_every_member_that_is_verified() {
    let scene = Scene::with_signed_calls("");
    scene
        .ok("verify calls.zip -k customer.key")
        .prints("opened to the end: 3 members (")
        .prints("as the index lists them");
    scene
        .line("verify calls.zip -k vendor.key")
        .exits(4)
        .prints("calls.zip: NOT OPENED (3 of 3 members can't be opened with your key; ")
        .complains(&["calls.zip: not opened"]);
    // That the signature holds is said all the same.
    scene
        .line("verify calls.zip -k vendor.key --signer server.crt")
        .exits(4)
        .prints("; the signature holds: signed by “server” on 20");
    // What the server has sealed falsely is as it signed it, and doesn't open.
    let mut forged = entries(&scene, "calls.zip");
    let message = entry(&mut forged, "calls/b.txt.pgp");
    let at = message.len() - 1;
    message[at] ^= 1;
    put_together(&scene, "damaged.zip", &forged);
    scene.ok("sign damaged.zip --sign server.key --drop-signatures -o signed.zip");
    scene.verifies("signed.zip");
    scene
        .line("verify signed.zip --signer server.crt -k customer.key")
        .exits(5)
        .complains(&["calls/b.txt"]);
}

#[test]
fn several_archives_are_verified_each_on_its_own() {
    let scene = Scene::with_signed_calls("");
    scene.ok("pack -q -o unsigned.zip -r customer.crt calls");
    scene
        .line("verify calls.zip unsigned.zip missing.zip --signer server.crt")
        .fails()
        .prints("calls.zip: sound")
        .prints("unsigned.zip: NOT VERIFIED")
        .complains(&["unsigned.zip: it is not signed"])
        .complains(&["missing.zip"]);
}

#[test]
fn archives_of_other_tools_are_signed_as_they_stand() {
    let scene = Scene::with_a_signer();
    scene.ok("pack -q -o ours.zip -r customer.crt --index none calls");
    let ours = entries(&scene, "ours.zip");
    scene.ok("seal -q --armor -r customer.crt calls/a.txt -o armored.asc");
    let zip = zip([
        Member::deflated(&ours[0].0, &ours[0].1),
        Member::new("calls/armored.asc", &scene.read("armored.asc")),
        Member::deflated("notes.txt", "never sealed ".repeat(100).as_bytes()),
        Member::deflated("empty.txt", b""),
    ]);
    scene.write("theirs.zip", zip.bytes());
    // No key that opens is needed.
    scene
        .ok("sign theirs.zip --sign server.key -o calls.zip")
        .says("as it stands (4 entries)");
    scene.verifies("calls.zip");
    let lines = manifest(&scene, "calls.zip");
    for (name, is_sealed) in [
        ("calls/a.txt.pgp", true),
        ("calls/armored.asc", true),
        ("notes.txt", false),
        ("empty.txt", false),
    ] {
        assert!(lines.contains(&format!("  {name}\n")), "{lines}");
        let mut sealed = lines.lines().filter(|line| line.starts_with("# sealed"));
        assert_eq!(sealed.any(|line| line.ends_with(name)), is_sealed, "{name}");
    }
    for name in [
        "calls/a.txt.pgp",
        "calls/armored.asc",
        "notes.txt",
        "empty.txt",
    ] {
        let mut forged = entries(&scene, "calls.zip");
        entry(&mut forged, name).push(b'\n');
        put_together(&scene, "forged.zip", &forged);
        scene
            .line("verify forged.zip --signer server.crt")
            .exits(5)
            .complains(&["it was altered or replaced"]);
    }
}

#[test]
fn names_that_a_manifest_can_not_hold_are_not_signed() {
    let scene = Scene::with_a_signer();
    scene.ok("pack -q -o ours.zip -r customer.crt calls/a.txt");
    let (_, message) = &entries(&scene, "ours.zip")[0];
    for (name, words) in [
        ("calls\\a.txt.pgp", ["calls", "backslash"]),
        ("calls/a\nb.txt.pgp", ["calls/a", "control character"]),
        ("calls/a\rb.txt.pgp", ["calls/a", "control character"]),
        ("calls/", ["calls", "directory"]),
    ] {
        let member = match name.ends_with('/') {
            true => Member::new(name, b""),
            false => Member::new(name, message),
        };
        let zip = zip([Member::new("calls/b.txt.pgp", message), member]);
        scene.write("theirs.zip", zip.bytes());
        let refused = scene
            .line("sign theirs.zip --sign server.key -o no.zip")
            .fails();
        refused.complains(&words);
        assert!(!scene.exists("no.zip"), "{name:?}");
    }
    scene.write("odd/a\\b.txt", "a file");
    scene
        .line("pack -o no.zip -r customer.crt --sign server.key odd")
        .fails();
    assert!(!scene.exists("no.zip"));
}

#[test]
fn what_is_damaged_is_not_signed() {
    let scene = Scene::with_a_signer();
    scene.ok("pack -q -o calls.zip -r customer.crt calls");
    let mut archive = scene.read("calls.zip");
    let message = scene.entry("calls.zip", "calls/b.txt.pgp");
    let mut places = archive.windows(message.len());
    let at = places.position(|octets| octets == message).unwrap();
    archive[at + 50] ^= 1;
    scene.write("damaged.zip", archive);
    scene
        .line("sign damaged.zip --sign server.key -o no.zip")
        .exits(5)
        .complains_with_hint(&["calls/b.txt"]);
    assert!(!scene.exists("no.zip"));
    scene
        .line("verify damaged.zip")
        .exits(5)
        .complains(&["calls/b.txt"]);
}

#[test]
fn an_archive_is_signed_in_its_own_place() {
    let scene = Scene::with_a_signer();
    scene.ok("pack -q -o calls.zip -r customer.crt calls");
    let before = entries(&scene, "calls.zip");
    scene.line("sign calls.zip --sign server.key").exits(2);
    scene
        .line("sign calls.zip --in-place")
        .exits(2)
        .says("no key to sign with");
    scene.ok("sign calls.zip --sign server.key --in-place");
    scene.verifies("calls.zip");
    let after = entries(&scene, "calls.zip");
    assert_eq!(after[..before.len()], before);
    scene.ok("extract -q calls.zip -k customer.key -C out");
    crate::index_support::has_the_calls(&scene, "out");
}

#[test]
fn a_signed_archive_opens_as_any_other_does() {
    for options in ["", "--hide-names", "--format rfc4880"] {
        let scene = Scene::with_signed_calls(options);
        let listed = scene.ok("list calls.zip -k customer.key");
        assert!(!listed.stdout().contains("META-INF"), "{listed}");
        scene.ok("extract calls.zip -k customer.key -C out");
        crate::index_support::has_the_calls(&scene, "out");
        scene.ok("extract calls.zip -k customer.key -C all --plain");
        crate::index_support::has_the_calls(&scene, "all");
    }
}
