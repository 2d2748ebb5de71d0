//! `callseal share` with CMS messages whose content is authenticated.

use crate::support::{P256, Scene, der_value};

/// Packs two calls for customer and vendor as CMS messages; there is a partner
/// as well.
fn packed() -> Scene {
    let scene = Scene::with_parties();
    scene.key_pair("partner", P256);
    scene.write("calls/a.txt", "first");
    scene.write("calls/b.txt", vec![7; 300_000]);
    scene.ok("pack -q -o calls.zip -r customer.crt -r vendor.crt calls --format cms-gcm");
    scene
}

/// Checks that callseal and openssl open a member with `NAME.key`.
#[track_caller]
fn opens(scene: &Scene, archive: &str, name: &str) {
    scene
        .ok(&format!("cat {archive} calls/a.txt -k {name}.key"))
        .prints("first");
    scene.tool(&format!("unzip -q -o {archive} -d split"));
    scene.cms_as("split/calls/a.txt.p7m", name).yields(b"first");
    scene
        .cms_as("split/calls/b.txt.p7m", name)
        .yields(&[7; 300_000]);
}

#[track_caller]
fn opens_nothing(scene: &Scene, archive: &str, key: &str) {
    scene
        .line(&format!("extract {archive} -k {key} -C none"))
        .exits(4);
    assert!(!scene.exists("none"));
}

#[test]
fn a_recipient_who_is_let_in_opens_every_member_with_openssl_as_well() {
    let scene = packed();
    opens_nothing(&scene, "calls.zip", "partner.key");
    scene
        .ok("share calls.zip -k customer.key -r partner.crt --in-place")
        .says("shared 2 members of calls.zip")
        .says("without an index")
        .says("2 members are CMS messages, which carry no name");
    for name in ["customer", "vendor", "partner"] {
        opens(&scene, "calls.zip", name);
    }
    scene.tool("unzip -tq calls.zip");
    // openssl writes DER, with the recipients in order.
    let file = "split/calls/b.txt.p7m";
    scene.tool(&format!(
        "openssl cms -cmsout -inform DER -in {file} -outform DER -out again.p7m"
    ));
    assert!(scene.read(file) == scene.read("again.p7m"));
}

#[test]
fn what_is_sealed_stays_byte_for_byte() {
    let scene = packed();
    scene.ok("share calls.zip -q -k customer.key -r partner.crt -o out.zip");
    for name in ["calls/a.txt.p7m", "calls/b.txt.p7m"] {
        let [old, new] = ["calls.zip", "out.zip"].map(|archive| scene.entry(archive, name));
        let [(_, [_, old], _), (_, [_, new], _)] = [parts(&old), parts(&new)];
        assert_eq!(old, new, "{name}");
    }
}

#[test]
fn who_is_taken_out_by_certificate_opens_nothing_any_more() {
    let scene = packed();
    scene
        .ok("share calls.zip -k customer.key --remove vendor.crt --in-place")
        .says("can still open the same members");
    opens(&scene, "calls.zip", "customer");
    opens_nothing(&scene, "calls.zip", "vendor.key");
    // It is no recipient any more.
    scene
        .line("share calls.zip -k customer.key --remove vendor.crt --in-place")
        .exits(2)
        .complains_with_hint(&["vendor.crt", "calls.zip"]);
    // Nobody would be left.
    scene
        .line("share calls.zip -k customer.key --remove customer.crt --in-place")
        .exits(2)
        .complains_with_hint(&["no recipient would be left"]);
}

#[test]
fn a_dry_run_lists_certificates() {
    let scene = packed();
    let line = "share calls.zip calls/a.txt -k customer.key -r partner.crt -r customer.crt --remove vendor.crt --dry-run";
    let listed = scene.ok(line).stdout();
    for (what, words) in [
        // Nothing proves that the certificate of that name has that key.
        ("added       ", 2),
        ("added again", 0),
        ("kept", 1),
        ("removed", 1),
    ] {
        assert_eq!(listed.matches(what).count(), words, "{what}: {listed}");
    }
    let listed = scene.ok("share calls.zip -k customer.key -r partner.crt --dry-run --json");
    let kept = &listed.json()["members"][0]["kept"];
    assert!(kept.to_string().contains("of vendor"), "{kept}");
}

#[test]
fn messages_of_openssl_are_shared_whatever_their_form() {
    let scene = packed();
    scene.key_pair("old", "rsa:2048");
    // PEM stays PEM; a message in a mail becomes DER.
    for (options, form) in [
        ("-aes-128-gcm -outform DER old.crt", "DER"),
        (
            "-aes-256-gcm -stream -outform DER old.crt vendor.crt",
            "DER",
        ),
        (
            "-aes-192-gcm -keyid -outform PEM old.crt partner.crt",
            "PEM",
        ),
        ("-aes-256-gcm -outform SMIME partner.crt old.crt", "DER"),
    ] {
        scene.cms_encrypt("calls/b.txt", "b.txt.p7m", options);
        scene
            .ok("share -f b.txt.p7m -k old.key -r customer.crt -o shared.p7m")
            .says("shared b.txt.p7m into shared.p7m");
        for name in ["old", "customer"] {
            let line = format!(
                "openssl cms -decrypt -inform {form} -in shared.p7m -inkey {name}.key -recip {name}.crt"
            );
            scene.tool_line(&line).outcome().yields(&[7; 300_000]);
        }
        scene.ok("open -f shared.p7m -k customer.key -o b.txt");
        assert_eq!(scene.read("b.txt"), [7; 300_000]);
        scene.write("in/b.txt.p7m", scene.read("b.txt.p7m"));
        scene.tool("rm -f zipped.zip");
        scene.tool("zip -q -r zipped.zip in");
        scene.ok("share zipped.zip -q -f -k old.key -r customer.crt -o out.zip");
        scene.ok("cat out.zip in/b.txt -k customer.key");
    }
}

#[test]
fn altered_content_is_not_shared() {
    let scene = packed();
    let message = scene.entry("calls.zip", "calls/a.txt.p7m");
    for back in [1, 20] {
        let mut altered = message.clone();
        let at = altered.len() - back;
        altered[at] ^= 1;
        scene.write("in/a.txt.p7m", altered);
        scene.tool("rm -f altered.zip");
        scene.tool("zip -q -r altered.zip in");
        scene
            .line("share altered.zip -k customer.key -r partner.crt -o out.zip")
            .exits(5)
            .complains(&["in/a.txt", "altered"])
            .says("nothing was written");
        scene
            .line("share in/a.txt.p7m -k customer.key -r partner.crt -o out.p7m")
            .exits(5);
        assert!(!scene.exists("out.zip") && !scene.exists("out.p7m"));
    }
}

#[test]
fn a_false_key_for_a_recipient_is_passed_over() {
    let scene = packed();
    scene.key_pair("old", "rsa:2048");
    scene.write("note.txt", "of a stranger");
    for file in ["note.txt", "calls/b.txt"] {
        scene.ok(&format!("seal -q -f -r old.crt {file} --format cms-gcm"));
    }
    let (_, _, stranger) = parts(&scene.read("note.txt.p7m"));
    let (front, data, recipients) = parts(&scene.read("calls/b.txt.p7m"));
    let [version, rest] = data;
    let both = element(0x31, &[stranger, recipients].concat());
    let data = element(0x30, &[version, both, rest].concat());
    let message = element(0x30, &[front, element(0xA0, &data)].concat());
    scene.write("in/b.txt.p7m", &message);
    scene.ok("open -f in/b.txt.p7m -k old.key -o b.txt");
    assert_eq!(scene.read("b.txt"), [7; 300_000]);
    scene.ok("share -q -f in/b.txt.p7m -k old.key -r partner.crt -o out.p7m");
    scene.cms_as("out.p7m", "partner").yields(&[7; 300_000]);
    scene.tool("rm -f in.zip");
    scene.tool("zip -q -r in.zip in");
    scene.ok("extract -q -f in.zip -k old.key -C opened");
    assert_eq!(scene.read("opened/in/b.txt"), [7; 300_000]);
}

/// Returns of a message what precedes its data, what precedes and follows the
/// recipients there, and the recipients.
fn parts(message: &[u8]) -> (Vec<u8>, [Vec<u8>; 2], Vec<u8>) {
    let (_, info, _) = der_value(message);
    let (kind, _, content) = der_value(info);
    let (_, content, _) = der_value(content);
    let (_, data, _) = der_value(content);
    let (version, _, recipients) = der_value(data);
    let (_, recipients, rest) = der_value(recipients);
    (
        kind.to_vec(),
        [version.to_vec(), rest.to_vec()],
        recipients.to_vec(),
    )
}

fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len()).unwrap().to_be_bytes();
    [&[tag, 0x84], &length[..], content].concat()
}

#[test]
fn an_openpgp_certificate_is_no_recipient_of_a_cms_message() {
    let scene = packed();
    scene.gpg("--quick-gen-key gnu rsa2048 encr never");
    scene.gpg("--export --output gnu.pgp gnu");
    for target in ["--in-place", "-o out.zip"] {
        scene
            .line(&format!(
                "share calls.zip -k customer.key -r gnu.pgp {target}"
            ))
            .exits(3)
            .complains_with_hint(&["gnu", "cms-gcm"]);
    }
    assert!(!scene.exists("out.zip"));
}

#[test]
fn an_index_lists_the_openpgp_messages_beside_them() {
    let scene = packed();
    scene.write("notes/a.txt", "one");
    scene.write("notes/b.txt", "two");
    scene.ok("seal -q -r customer.crt notes/a.txt");
    scene.ok("seal -q -r customer.crt notes/b.txt");
    scene.tool("rm notes/a.txt notes/b.txt");
    scene.tool("zip -q -r calls.zip notes");
    scene
        .ok("share calls.zip -k customer.key -r partner.crt --in-place")
        .says("shared 4 members")
        .says("with an index");
    scene.ok("extract calls.zip -q -k partner.key -C opened");
    assert_eq!(scene.text("opened/notes/b.txt"), "two");
    assert_eq!(scene.text("opened/calls/a.txt"), "first");
    scene.ok("list calls.zip").prints("4 members");
}

#[test]
fn a_grant_is_for_openpgp_messages_alone() {
    let scene = packed();
    scene
        .line("grant calls.zip calls/a.txt -k customer.key -r partner.crt -o a.grant")
        .exits(4)
        .complains_with_hint(&["calls/a.txt", "CMS message"])
        .says("share");
    assert!(!scene.exists("a.grant"));
}

#[test]
fn a_passphrase_can_not_be_told_from_others() {
    let scene = packed();
    scene.key_pair("old", "rsa:2048");
    let kek = "-secretkey 000102030405060708090A0B0C0D0E0F -secretkeyid C0FEE0";
    let options = format!("-aes-256-gcm {kek} -outform DER old.crt vendor.crt");
    scene.cms_encrypt("calls/a.txt", "a.txt.p7m", &options);
    scene
        .line("share a.txt.p7m -k old.key --remove vendor.crt -o out.p7m")
        .exits(2)
        .complains_with_hint(&["a.txt.p7m", "nobody can be taken out for certain"]);
    // If everybody who stays is named, all others go.
    scene.ok("share a.txt.p7m -q -k old.key --remove vendor.crt -r old.crt -o alone.p7m");
    scene.cms_as("alone.p7m", "old").yields(b"first");
    let recipients = &scene.inspect("alone.p7m")["recipients"];
    assert_eq!(recipients.as_array().unwrap().len(), 1);
    scene.ok("share a.txt.p7m -q -k old.key -r partner.crt -o out.p7m");
    scene.cms_as("out.p7m", "partner").yields(b"first");
    let line = format!("openssl cms -decrypt -inform DER -in out.p7m {kek}");
    scene.tool_line(&line).outcome().yields(b"first");
}

/// Makes certificates for the keys of two others that have the issuer and the
/// serial number of one who is there already, as a careless CA does it.
fn with_namesake() -> Scene {
    let scene = packed();
    let make = "openssl req -new -subj /CN=one";
    for name in ["ann", "bob"] {
        scene.tool(&format!(
            "{make} -newkey rsa:2048 -nodes -keyout {name}.key -x509 -set_serial 1 -days 9 -out {name}.crt"
        ));
    }
    scene
}

#[test]
fn who_has_the_issuer_and_serial_number_of_another_replaces_nobody() {
    let scene = with_namesake();
    for (sealed_for, shared_by) in [("ann", "ann"), ("ann -r vendor.crt", "vendor")] {
        let sealed_for = sealed_for.replacen("ann", "ann.crt", 1);
        scene.ok(&format!(
            "seal -q -f -r {sealed_for} calls/a.txt --format cms-gcm -o a.p7m"
        ));
        scene.ok(&format!(
            "share -q a.p7m -k {shared_by}.key -r bob.crt --in-place"
        ));
        for name in ["ann", "bob"] {
            scene
                .ok(&format!("open a.p7m -k {name}.key -o -"))
                .prints("first");
        }
    }
}

#[test]
fn nobody_is_taken_out_by_the_name_of_another_without_a_word() {
    let scene = with_namesake();
    scene.ok("seal -q -r ann.crt -r bob.crt -r vendor.crt calls/a.txt --format cms-gcm -o a.p7m");
    // It would be their own as well.
    scene
        .line("share a.p7m -k ann.key --remove bob.crt -o b.p7m")
        .exits(2)
        .complains_with_hint(&["a.p7m", "one issuer and serial number"])
        .says("seal what it holds anew");
    scene.write("in/a.p7m", scene.read("a.p7m"));
    scene.tool("zip -q -r in.zip in");
    scene
        .line("share in.zip -k ann.key --remove bob.crt -o out.zip")
        .exits(2)
        .complains_with_hint(&["in/a", "one issuer and serial number"])
        .says("`callseal convert`");
    // Who is named again stays.
    scene.ok("share -q a.p7m -k ann.key --remove bob.crt -r ann.crt -o b.p7m");
    scene.ok("open b.p7m -k ann.key -o -").prints("first");
    scene.line("open b.p7m -k bob.key -o -").fails();
    scene.tool("rm b.p7m");
    scene
        .ok("share a.p7m -k vendor.key --remove bob.crt -o b.p7m")
        .says("warning: 1 CMS message has several entries of one name: all of them go");
}

#[test]
fn whom_a_message_names_by_certificate_is_taken_out_by_certificate() {
    let scene = packed();
    scene.write("notes/a.txt", "one");
    scene.ok("seal -q -r customer.crt -r vendor.crt notes/a.txt");
    scene.tool("rm notes/a.txt");
    scene.tool("zip -q -r calls.zip notes");
    let vendor = scene.fingerprint("vendor.crt");
    scene.tool("openssl x509 -in vendor.crt -noout -pubkey -out vendor.pub");
    for given in [&vendor, "vendor.pub"] {
        scene
            .line(&format!(
                "share calls.zip -k customer.key --remove {given} -o out.zip"
            ))
            .exits(2)
            .complains_with_hint(&["calls/a.txt", "CMS message", given])
            .says("give the X.509 certificate");
        assert!(!scene.exists("out.zip"));
    }
    // Another certificate for the same key.
    scene.tool("openssl req -x509 -new -key vendor.key -passin pass:vendor -subj /CN=renewed -days 9 -out renewed.crt");
    scene
        .ok("share calls.zip -k customer.key --remove renewed.crt -o out.zip")
        .says("warning: 2 CMS messages do not name renewed.crt");
    scene
        .ok("share calls.zip -k customer.key --remove vendor.crt -o both.zip")
        .says("whoever has several goes only if --remove names each of them");
    opens_nothing(&scene, "both.zip", "vendor.key");
}

#[test]
fn a_message_gets_no_more_recipients_than_can_be_read() {
    let scene = packed();
    scene.ok("seal -q -r customer.crt calls/a.txt --format cms-gcm -o a.p7m");
    let (front, [version, rest], recipients) = parts(&scene.read("a.p7m"));
    let both = element(0x31, &recipients.repeat(2000));
    let data = element(0x30, &[version, both, rest].concat());
    let message = element(0x30, &[front, element(0xA0, &data)].concat());
    scene.write("many.p7m", message);
    scene
        .ok("open many.p7m -k customer.key -o -")
        .prints("first");
    scene
        .line("share many.p7m -k customer.key -r partner.crt --in-place")
        .exits(2)
        .complains_with_hint(&["many.p7m", "more recipients than callseal reads"]);
    scene
        .ok("open many.p7m -k customer.key -o -")
        .prints("first");
    scene.write("in/a.p7m", scene.read("many.p7m"));
    scene.tool("zip -q -r in.zip in");
    scene
        .line("share in.zip -k customer.key -r partner.crt --in-place --dry-run")
        .exits(2)
        .complains_with_hint(&["in/a", "more recipients than callseal reads"]);
}
