//! `callseal grant` and `--grant`: a few members of an archive, for somebody who
//! is no recipient.

use std::fs;

use serde_json::Value;

use crate::archive_support::{Member, zip};
use crate::support::packets::packets;
use crate::support::{P256, Scene};

const INDEX: &str = "META-INF/callseal/index.pgp";

const CALLS: [(&str, &str); 4] = [
    ("calls/a.txt", "first"),
    ("calls/b.txt", "second"),
    ("calls/c.txt", "third"),
    ("calls/sub/d.txt", "fourth"),
];

/// Makes two parties, a partner who is no recipient, and four calls in
/// `calls.zip`.
fn packed(options: &str) -> Scene {
    Scene::with_packed_calls(&CALLS, options)
}

/// Grants b and d to the partner with `bd.grant`.
fn grant(scene: &Scene, archive: &str) {
    scene
        .ok(&format!(
            "grant {archive} calls/b.txt calls/sub -k customer.key -r partner.crt -o bd.grant"
        ))
        .says("granted 2 members of")
        .says("to 1 recipient (partner) with bd.grant");
}

const WITH: &str = "--grant bd.grant -k partner.key";

/// Checks that the grant opens these calls and no others, by all commands.
#[track_caller]
fn opens_only(scene: &Scene, archive: &str, granted: &[(&str, &str)]) {
    scene.ok(&format!("extract -q {archive} {WITH} -C granted"));
    let mut files = scene.tree("granted");
    files.retain(|name| !name.ends_with('/'));
    let names: Vec<&str> = granted.iter().map(|(name, _)| *name).collect();
    assert_eq!(files, names);
    let listing = scene.ok(&format!("list {archive} {WITH}")).stdout();
    for (name, content) in CALLS {
        let is_granted = granted.iter().any(|(granted, _)| *granted == name);
        assert_eq!(listing.contains(name), is_granted, "{listing}");
        let cat = scene.line(&format!("cat {archive} {name} {WITH}"));
        let extract = scene.line(&format!("extract {archive} {name} {WITH} -C other"));
        let list = scene.line(&format!("list {archive} {name} {WITH}"));
        if is_granted {
            assert_eq!(scene.text(format!("granted/{name}")), content);
            assert_eq!(cat.exits(0).stdout(), content);
            extract.exits(0);
            list.exits(0).prints(name);
            fs::remove_dir_all(scene.path("other")).unwrap();
        } else {
            assert!(cat.fails().output.stdout.is_empty(), "{name}");
            extract.fails();
            list.fails();
            assert!(!scene.exists("other"), "{name}");
        }
    }
    fs::remove_dir_all(scene.path("granted")).unwrap();
}

/// Checks that the grant is refused by all commands, with these words.
#[track_caller]
fn refused(scene: &Scene, archive: &str, grant: &str, key: &str, status: i32, words: &[&str]) {
    for line in [
        format!("extract {archive} --grant {grant} -k {key} -C granted"),
        format!("list {archive} --grant {grant} -k {key}"),
        format!("cat {archive} calls/b.txt --grant {grant} -k {key}"),
    ] {
        let outcome = scene.line(&line).exits(status).complains_with_hint(words);
        assert!(outcome.output.stdout.is_empty(), "{outcome}");
        assert!(!scene.exists("granted"), "{line}");
    }
}

/// Writes `forged.zip` from these entries.
fn forge(scene: &Scene, entries: &[(String, Vec<u8>)]) {
    let members = entries.iter().map(|(name, bytes)| Member::new(name, bytes));
    scene.write("forged.zip", zip(members).bytes());
}

#[test]
fn a_grant_opens_its_members_and_no_others() {
    for options in [
        "",
        "--format rfc4880",
        "--index none",
        "--hidden-recipients",
    ] {
        let scene = packed(options);
        let before = scene.read("calls.zip");
        grant(&scene, "calls.zip");
        assert!(scene.read("calls.zip") == before);
        opens_only(&scene, "calls.zip", &[CALLS[1], CALLS[3]]);
        // The grant alone opens nothing, and neither does its reader's key.
        scene
            .line("extract calls.zip -k partner.key -C no")
            .exits(4);
        scene
            .line("extract calls.zip --grant bd.grant -k vendor.key -C no")
            .exits(4)
            .complains_with_hint(&["bd.grant", "it isn't sealed to your key"]);
        scene
            .line("extract calls.zip --grant bd.grant -C no")
            .exits(4);
        assert!(!scene.exists("no"));
    }
}

#[test]
fn a_grant_holds_the_session_keys_of_its_members_alone() {
    let scene = packed("");
    grant(&scene, "calls.zip");
    let opened = scene.ok("open bd.grant -k partner.key -o -").stdout();
    let lines: Vec<Value> = opened
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines[0]["members"], 2);
    assert_eq!(lines.len(), 3);
    assert_eq!(lines[1]["name"], "calls/b.txt");
    assert_eq!(lines[1]["member"], "calls/b.txt.pgp");
    assert_eq!(lines[1]["size"], 6);
    assert_eq!(lines[2]["name"], "calls/sub/d.txt");
    let message = packets(&scene.entry("calls.zip", "calls/b.txt.pgp"));
    let (header, _) = message.body();
    let salt: String = message.sealed[header + 4..header + 36]
        .iter()
        .map(|octet| format!("{octet:02x}"))
        .collect();
    assert_eq!(lines[1]["id"], salt.as_str());
    let whole = scene.inspect("bd.grant").to_string();
    assert!(
        !whole.contains(&scene.fingerprint("customer.crt")),
        "{whole}"
    );
}

#[test]
fn a_grant_is_for_several_recipients_and_from_any_recipient() {
    let scene = packed("");
    scene.key_pair("other", P256);
    let report = scene.ok(
        "grant calls.zip calls/a.txt -k vendor.key -r partner.crt -r other.crt -o a.grant --json",
    );
    let report = report.json();
    assert_eq!(report["archive"], "calls.zip");
    assert_eq!(report["output"], "a.grant");
    assert_eq!(report["members"], serde_json::json!(["calls/a.txt"]));
    assert_eq!(report["recipients"].as_array().unwrap().len(), 2);
    for key in ["partner.key", "other.key"] {
        scene
            .ok(&format!(
                "cat calls.zip calls/a.txt --grant a.grant -k {key}"
            ))
            .prints("first");
    }
}

#[test]
fn a_grant_opens_an_archive_that_was_shared_since() {
    for options in ["", "--format rfc4880", "--index none"] {
        let scene = packed(options);
        grant(&scene, "calls.zip");
        scene.key_pair("new", P256);
        scene.ok("share calls.zip -q -k customer.key -r new.crt --remove vendor.crt --in-place");
        opens_only(&scene, "calls.zip", &[CALLS[1], CALLS[3]]);
        scene.ok(
            "share calls.zip calls/sub calls/a.txt -q -k customer.key -r vendor.crt -o some.zip",
        );
        scene
            .line("extract some.zip --grant bd.grant -k partner.key -C some")
            .exits(6)
            .complains(&["calls/b.txt", "the grant lists it"]);
        assert_eq!(scene.text("some/calls/sub/d.txt"), "fourth");
        // What was sealed anew is closed to it.
        scene.ok("convert calls.zip -q -k customer.key -r customer.crt -o anew.zip");
        refused(
            &scene,
            "anew.zip",
            "bd.grant",
            "partner.key",
            5,
            &["bd.grant", "it grants no member of anew.zip"],
        );
    }
}

#[test]
fn a_grant_is_made_of_archives_by_gnupg_and_zip_and_by_callseal_with_numbers() {
    let scene = packed("");
    scene.gpg("--quick-gen-key gnu rsa2048 encr never");
    scene.gpg("--export-secret-keys --output gnu.key gnu");
    for (name, _) in CALLS {
        scene.gpg(&format!(
            "--armor --output {name}.asc --encrypt -r gnu {name}"
        ));
        fs::remove_file(scene.path(name)).unwrap();
    }
    scene.write("calls/README", "what these are ".repeat(50));
    scene.tool("zip -q -r gnu.zip calls");
    scene.ok("grant gnu.zip calls/b.txt calls/sub -k gnu.key -r partner.crt -o bd.grant");
    opens_only(&scene, "gnu.zip", &[CALLS[1], CALLS[3]]);
}

#[test]
fn hidden_names_are_granted_with_their_members_alone() {
    for options in ["--hide-names", "--hide-names --format rfc4880"] {
        let scene = packed(options);
        grant(&scene, "calls.zip");
        let granted = scene.ok("open bd.grant -k partner.key -o -").stdout();
        assert!(granted.contains("\"hidden-names\":true"), "{granted}");
        assert!(!granted.contains("calls/a.txt"), "{granted}");
        opens_only(&scene, "calls.zip", &[CALLS[1], CALLS[3]]);
        scene.ok("share calls.zip -q -k customer.key -r vendor.crt --in-place");
        opens_only(&scene, "calls.zip", &[CALLS[1], CALLS[3]]);
    }
}

#[test]
fn a_grant_of_another_archive_is_refused() {
    let scene = packed("");
    scene.ok("pack -q -o again.zip -r customer.crt calls");
    grant(&scene, "again.zip");
    // The same files and names, but not the same sealed data.
    refused(
        &scene,
        "calls.zip",
        "bd.grant",
        "partner.key",
        5,
        &["bd.grant", "it grants no member of calls.zip"],
    );
}

#[test]
fn a_changed_grant_is_refused() {
    for options in ["", "--format rfc4880"] {
        let scene = packed(options);
        grant(&scene, "calls.zip");
        let whole = scene.read("bd.grant");
        let start = packets(&whole);
        let front: usize = start.front.iter().map(|(_, packet)| packet.len()).sum();
        for at in [front + 40, front + 80, whole.len() - 1] {
            let mut bytes = whole.clone();
            bytes[at] ^= 1;
            scene.write("bad.grant", bytes);
            refused(
                &scene,
                "calls.zip",
                "bad.grant",
                "partner.key",
                5,
                &["bad.grant"],
            );
        }
    }
}

#[test]
fn a_truncated_grant_is_refused() {
    for options in ["", "--format rfc4880"] {
        let scene = packed(options);
        grant(&scene, "calls.zip");
        let whole = scene.read("bd.grant");
        for length in [whole.len() - 1, whole.len() - 30, whole.len() / 2, 1, 0] {
            scene.write("bad.grant", &whole[..length]);
            for line in [
                "extract calls.zip --grant bad.grant -k partner.key -C granted",
                "list calls.zip --grant bad.grant -k partner.key",
            ] {
                let outcome = scene.line(line).fails();
                assert!(outcome.stderr().contains("bad.grant"), "{outcome}");
                assert!(!scene.exists("granted"), "{length}");
            }
        }
    }
}

#[test]
fn what_is_no_grant_is_refused_as_one() {
    let scene = packed("");
    scene.write("index.pgp", scene.entry("calls.zip", INDEX));
    refused(
        &scene,
        "calls.zip",
        "index.pgp",
        "customer.key",
        5,
        &["index.pgp", "not as a grant"],
    );
    scene.ok("seal -q -r customer.crt calls/a.txt -o a.pgp");
    refused(
        &scene,
        "calls.zip",
        "a.pgp",
        "customer.key",
        5,
        &["a.pgp", "not as a grant"],
    );
    for (file, status) in [("calls.zip", 5), ("calls/a.txt", 5), ("missing.grant", 1)] {
        scene
            .line(&format!("list calls.zip --grant {file} -k customer.key"))
            .exits(status)
            .complains(&[file]);
    }
}

#[test]
fn a_grant_is_no_archive_and_no_index() {
    let scene = packed("");
    grant(&scene, "calls.zip");
    for line in ["list bd.grant", "extract bd.grant -k partner.key -C no"] {
        scene
            .line(line)
            .exits(5)
            .complains_with_hint(&["bd.grant", "not an archive"]);
    }
    scene.ok("grant calls.zip calls -k customer.key -r customer.crt -o all.grant");
    let mut entries = scene.entries("calls.zip");
    entries.last_mut().unwrap().1 = scene.read("all.grant");
    forge(&scene, &entries);
    scene
        .line("extract forged.zip -k customer.key -C out")
        .exits(6)
        .complains(&[
            "forged.zip",
            "its index is damaged",
            "META-INF/callseal/grant",
        ]);
    assert_eq!(scene.text("out/calls/a.txt"), "first");
}

#[test]
fn a_pattern_or_a_directory_means_the_granted_members() {
    let scene = packed("");
    grant(&scene, "calls.zip");
    for (what, content) in [
        ("*", "secondfourth"),
        ("calls", "secondfourth"),
        ("calls/?.txt", "second"),
        ("calls/sub calls/b.txt", "secondfourth"),
    ] {
        scene
            .ok(&format!("cat calls.zip {what} {WITH}"))
            .prints(content);
        let listed = scene.ok(&format!("list calls.zip {what} {WITH}")).stdout();
        assert!(!listed.contains("calls/a.txt"), "{listed}");
        scene.ok(&format!("extract -q -f calls.zip {what} {WITH} -C out"));
        assert!(!scene.exists("out/calls/a.txt"), "{what}");
    }
    // What means no granted member isn't passed over.
    for (what, named) in [
        ("calls/a.txt", "calls/a.txt"),
        ("* calls/[ac].txt", "calls/[ac].txt"),
        ("calls/b.txt calls/c.txt", "calls/c.txt"),
    ] {
        for command in ["cat", "list", "extract"] {
            scene
                .line(&format!("{command} calls.zip {what} {WITH}"))
                .exits(2)
                .complains_with_hint(&["bd.grant", "it doesn't grant", named]);
        }
    }
    scene
        .line(&format!(
            "cat calls.zip * --exclude b.txt --exclude sub {WITH}"
        ))
        .exits(2)
        .complains_with_hint(&["bd.grant", "it doesn't grant calls/a.txt"]);
}

#[test]
fn a_file_called_a_grant_is_shown_as_one() {
    let scene = packed("");
    grant(&scene, "calls.zip");
    let hint = "`callseal list ARCHIVE --grant bd.grant -k KEY` shows what it grants";
    scene.ok("inspect bd.grant").prints(hint);
    scene.tool("cp bd.grant bd.pgp");
    let said = scene.ok("inspect bd.pgp").stdout();
    assert!(!said.contains("grant"), "{said}");
}

#[test]
fn a_granted_member_that_was_removed_since_is_missed() {
    let scene = packed("");
    grant(&scene, "calls.zip");
    let mut entries = scene.entries("calls.zip");
    entries.retain(|(name, _)| name != "calls/b.txt.pgp");
    forge(&scene, &entries);
    scene
        .line(&format!("extract forged.zip {WITH} -C out"))
        .exits(6)
        .complains(&[
            "calls/b.txt",
            "it isn't in the archive",
            "the grant lists it",
        ]);
    assert_eq!(scene.text("out/calls/sub/d.txt"), "fourth");
    scene
        .line(&format!("cat forged.zip calls/b.txt {WITH}"))
        .exits(1);
}

#[test]
fn a_granted_member_that_was_renamed_or_replaced_since_is_refused() {
    for options in ["", "--format rfc4880"] {
        let scene = packed(options);
        grant(&scene, "calls.zip");
        let mut entries = scene.entries("calls.zip");
        entries[1].0 = "calls/new.txt.pgp".into();
        forge(&scene, &entries);
        refused(
            &scene,
            "forged.zip",
            "bd.grant",
            "partner.key",
            5,
            &["bd.grant", "calls/b.txt", "has another name"],
        );
        // In its place another message, sealed to the same recipients.
        let mut entries = scene.entries("calls.zip");
        scene.write("calls/b.txt", "another");
        scene.ok(&format!(
            "pack -q -f -o other.zip -r customer.crt calls/b.txt {options}"
        ));
        entries[1].1 = scene.entry("other.zip", "calls/b.txt.pgp");
        forge(&scene, &entries);
        scene
            .line(&format!("cat forged.zip calls/b.txt {WITH}"))
            .fails();
        // The same beginning of the sealed data, and others behind it.
        let mut entries = scene.entries("calls.zip");
        let octets = entries[1].1.len();
        entries[1].1[octets - 2] ^= 1;
        forge(&scene, &entries);
        scene
            .line(&format!("extract forged.zip {WITH} -C out"))
            .exits(6)
            .complains(&["calls/b.txt"]);
        assert!(!scene.exists("out/calls/b.txt"));
        assert_eq!(scene.text("out/calls/sub/d.txt"), "fourth");
    }
}

#[test]
fn a_member_that_does_not_open_is_not_granted_and_nothing_is_written() {
    let scene = packed("");
    scene.write("calls/a.txt", "of the vendor alone");
    scene.ok("pack -q -o own.zip -r vendor.crt calls/a.txt");
    let mut entries = scene.entries("calls.zip");
    entries[0].1 = scene.entry("own.zip", "calls/a.txt.pgp");
    entries.pop();
    forge(&scene, &entries);
    let names = scene.names();
    for jobs in [1, 4] {
        let outcome = scene
            .line(&format!(
                "grant forged.zip calls -k customer.key -r partner.crt -o x.grant --json -j {jobs}"
            ))
            .exits(4)
            .complains(&["calls/a.txt", "it isn't sealed to your key"])
            .complains(&["1 of 4 members can't be granted", "no grant was written"]);
        assert_eq!(outcome.json()["output"], Value::Null);
        assert_eq!(scene.names(), names);
    }
    for line in [
        "grant forged.zip calls -k partner.key -r partner.crt -o x.grant",
        "grant forged.zip calls/b.txt calls/nothing -k customer.key -r partner.crt -o x.grant",
        "grant forged.zip -k customer.key -r partner.crt -o x.grant",
        "grant forged.zip calls/b.txt -k customer.key -o x.grant",
        "grant forged.zip calls/b.txt -k customer.key -r calls/a.txt -o x.grant",
        "grant forged.zip calls/b.txt -k customer.key -r partner.crt",
    ] {
        scene.line(line).fails();
        assert_eq!(scene.names(), names, "{line}");
    }
    scene.ok("grant forged.zip calls/b.txt -q -k customer.key -r partner.crt -o x.grant");
}

#[test]
fn an_expired_recipient_gets_no_grant() {
    let scene = packed("");
    scene.dated_certificate("old.crt", "old", -800, 365);
    scene
        .line("grant calls.zip calls/b.txt -k customer.key -r old.crt -o x.grant")
        .exits(3)
        .complains_with_hint(&["old.crt", "expired"]);
    assert!(!scene.exists("x.grant"));
}

#[test]
fn a_grant_is_not_overwritten() {
    let scene = packed("");
    scene.write("x.grant", "mine");
    let line = "grant calls.zip calls/b.txt -q -k customer.key -r partner.crt -o x.grant";
    scene
        .line(line)
        .exits(1)
        .complains_with_hint(&["x.grant", "already exists"]);
    assert_eq!(scene.text("x.grant"), "mine");
    scene.ok(&format!("{line} --force"));
    let before = scene.read("calls.zip");
    scene
        .line("grant calls.zip calls/b.txt -k customer.key -r partner.crt -o calls.zip --force")
        .fails()
        .says("calls.zip");
    assert!(scene.read("calls.zip") == before);
}

#[test]
fn cms_members_are_not_granted() {
    let scene = Scene::with_parties();
    scene.key_pair("gir", "rsa:2048");
    scene.genesys_archive("gir.crt");
    scene
        .line("grant GIR.zip GIR/1001.wav -k gir.key -r vendor.crt -o x.grant")
        .exits(4)
        .complains_with_hint(&["GIR/1001.wav", "CMS message"])
        .says("`callseal convert` seals it anew");
    assert!(!scene.exists("x.grant"));
}

#[test]
fn a_grant_of_version_1_messages_is_used_with_gnupg_alone() {
    let scene = packed("--format rfc4880");
    scene.gpg("--quick-gen-key gnu rsa2048 encr never");
    scene.gpg("--export --output gnu.pgp gnu");
    scene.ok("grant calls.zip calls/b.txt calls/sub -k customer.key -r gnu.pgp -o bd.grant");
    let lines = scene.gpg("--decrypt bd.grant").stdout();
    scene.tool("unzip -q calls.zip -d split");
    let mut opened = 0;
    for line in lines.lines().skip(1) {
        let line: Value = serde_json::from_str(line).unwrap();
        let text = |key: &str| line[key].as_str().unwrap().to_owned();
        scene.write("key", text("session-key"));
        let said = scene
            .bash(&format!(
                "gpg --batch --quiet --override-session-key-fd 3 --decrypt 'split/{}' 3<key",
                text("member")
            ))
            .exits(0);
        let call = CALLS.iter().find(|(name, _)| *name == text("name"));
        assert_eq!(said.stdout(), call.unwrap().1);
        opened += 1;
    }
    assert_eq!(opened, 2);
    let refused = scene
        .bash("gpg --batch --override-session-key-fd 3 --decrypt split/calls/a.txt.pgp 3<key")
        .fails();
    // With a wrong key, gpg may print what it takes for a file.
    let printed = String::from_utf8_lossy(&refused.output.stdout);
    let call = CALLS.iter().find(|(name, _)| *name == "calls/a.txt");
    assert!(!printed.contains(call.unwrap().1), "{refused}");
}

#[test]
fn a_grant_of_messages_of_version_2_is_one_itself() {
    let scene = packed("");
    grant(&scene, "calls.zip");
    assert_eq!(scene.inspect("bd.grant")["format"], "rfc9580");
    // Somebody with GnuPG alone gets what GnuPG reads.
    scene.gpg("--quick-gen-key gnu rsa2048 encr never");
    scene.gpg("--export --output gnu.pgp gnu");
    scene.gpg("--export-secret-keys --output gnu.key gnu");
    scene.ok("grant calls.zip calls/b.txt -q -k customer.key -r gnu.pgp -o gnu.grant");
    assert_eq!(scene.inspect("gnu.grant")["format"], "rfc4880");
    scene
        .ok("cat calls.zip calls/b.txt --grant gnu.grant -k gnu.key")
        .prints("second");
}

#[test]
fn a_grant_of_a_grant_is_not_possible() {
    let scene = packed("");
    grant(&scene, "calls.zip");
    scene
        .line("share bd.grant -k partner.key -r vendor.crt --in-place")
        .exits(5)
        .complains_with_hint(&["bd.grant", "or a grant"]);
    scene
        .line("grant calls.zip calls/b.txt --grant bd.grant -k partner.key -r vendor.crt -o x")
        .exits(2);
    assert!(!scene.exists("x"));
}
