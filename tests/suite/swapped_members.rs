//! Members that changed places, went missing or came from elsewhere.

use std::time::SystemTime;

use callseal::archive::{ArchiveWriter, MemberName};

use crate::support::Scene;

/// Packs three calls into `calls.zip`.
fn packed() -> Scene {
    let scene = Scene::with_parties();
    for (name, content) in [("a", "first"), ("b", "second"), ("sub/c", "third")] {
        scene.write(format!("calls/{name}.txt"), content);
    }
    scene.ok("pack -q -o calls.zip -r customer.crt calls");
    scene
}

/// Returns the message that an archive has under a name, extracted by stock
/// unzip.
fn message(scene: &Scene, archive: &str, name: &str) -> Vec<u8> {
    let stored = format!("{name}.pgp");
    let unzip = scene.program("unzip", ["-p", archive, &stored]);
    unzip.exits(0).output.stdout
}

/// Makes an archive of messages under the given names.
fn repacked(scene: &Scene, members: &[(&str, Vec<u8>)]) {
    let mut writer = ArchiveWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, message) in members {
        let name = MemberName::parse(name).unwrap();
        writer.add(&name, SystemTime::now(), message).unwrap();
    }
    let bytes = writer.finish().unwrap().into_inner();
    scene.write("forged.zip", bytes);
}

#[test]
fn two_members_that_changed_places_are_both_refused() {
    let scene = packed();
    let message = |name| message(&scene, "calls.zip", name);
    repacked(
        &scene,
        &[
            ("calls/a.txt", message("calls/b.txt")),
            ("calls/b.txt", message("calls/a.txt")),
        ],
    );
    scene
        .line("extract forged.zip -k customer.key -C out")
        .exits(5)
        .complains_with_hint(&[r#"calls/a.txt: it was sealed as "calls/b.txt""#])
        .says(r#"calls/b.txt: it was sealed as "calls/a.txt""#);
    assert!(!scene.exists("out"));
    scene
        .line("cat forged.zip calls/a.txt -k customer.key")
        .exits(5)
        .says("it was moved or swapped in the archive, or sealed under another name");
}

#[test]
fn unmoved_members_come_out_despite_swapped_ones() {
    let scene = packed();
    let message = |name| message(&scene, "calls.zip", name);
    repacked(
        &scene,
        &[
            ("calls/a.txt", message("calls/a.txt")),
            ("calls/b.txt", message("calls/sub/c.txt")),
            ("calls/sub/c.txt", message("calls/b.txt")),
        ],
    );
    let outcome = scene
        .line("extract forged.zip -k customer.key -C out --json")
        .exits(6)
        .says("2 of 3 members failed, the others are done");
    assert_eq!(outcome.json()["extracted"], 1);
    assert_eq!(outcome.json()["failures"].as_array().unwrap().len(), 3);
    assert_eq!(scene.tree("out"), ["calls/", "calls/a.txt"]);
    assert_eq!(scene.read("out/calls/a.txt"), b"first");
}

#[test]
fn a_member_moved_to_another_directory_is_refused() {
    let scene = packed();
    let sealed = message(&scene, "calls.zip", "calls/a.txt");
    repacked(&scene, &[("elsewhere/a.txt", sealed)]);
    scene
        .line("extract forged.zip -k customer.key -C out")
        .exits(5)
        .says(r#"elsewhere/a.txt: it was sealed as "calls/a.txt""#);
    assert!(!scene.exists("out"));
}

#[test]
fn a_message_sealed_under_its_last_component_opens_in_any_directory() {
    let scene = packed();
    scene.ok("seal -q -r customer.crt calls/a.txt -o a.pgp");
    repacked(&scene, &[("deep/down/a.txt", scene.read("a.pgp"))]);
    scene.ok("extract forged.zip -k customer.key -C out");
    assert_eq!(scene.read("out/deep/down/a.txt"), b"first");
}

#[test]
fn a_member_that_was_moved_to_or_from_the_root_is_refused() {
    let scene = packed();
    scene.write("root.txt", "at the root");
    scene.ok("pack -q -o root.zip -r customer.crt root.txt");
    scene.ok("extract root.zip -k customer.key -C out");
    assert_eq!(scene.read("out/root.txt"), b"at the root");

    let root = message(&scene, "root.zip", "root.txt");
    repacked(&scene, &[("agent-7/2026/root.txt", root)]);
    scene
        .line("extract forged.zip -k customer.key -C no")
        .exits(5)
        .complains_with_hint(&[r#"agent-7/2026/root.txt: it was sealed as "./root.txt""#]);

    let below = message(&scene, "calls.zip", "calls/a.txt");
    repacked(&scene, &[("a.txt", below)]);
    scene
        .line("extract forged.zip -k customer.key -C no")
        .exits(5)
        .complains_with_hint(&[r#"a.txt: it was sealed as "calls/a.txt""#]);
    assert!(!scene.exists("no"));
}

#[test]
fn members_below_long_directories_that_changed_places_are_refused() {
    let scene = Scene::with_parties();
    let directory = ["d".repeat(100).as_str(); 3].join("/");
    let (a, b) = (
        format!("{directory}/a/call.json"),
        format!("{directory}/b/call.json"),
    );
    scene.write(&a, "first");
    scene.write(&b, "second");
    let top = "d".repeat(100);
    scene.ok(&format!("pack -q -o long.zip -r customer.crt {top}"));
    scene.ok("extract long.zip -k customer.key -C out");
    assert_eq!(scene.read(format!("out/{a}")), b"first");

    let (first, second) = (
        message(&scene, "long.zip", &a),
        message(&scene, "long.zip", &b),
    );
    repacked(&scene, &[(&a, second), (&b, first.clone())]);
    scene
        .line("extract forged.zip -k customer.key -C no")
        .exits(5)
        .complains_with_hint(&["/a/call.json: it was sealed as \"sha256:"]);
    // Not under their own name elsewhere, either.
    repacked(&scene, &[("call.json", first)]);
    scene
        .line("extract forged.zip -k customer.key -C no")
        .exits(5)
        .complains_with_hint(&["call.json: it was sealed as \"sha256:"]);
    assert!(!scene.exists("no"));
}

#[test]
fn convert_binds_members_to_their_whole_path() {
    let scene = Scene::with_parties();
    scene.write("root.txt", "at the root");
    scene.ok("pack -q -o root.zip -r customer.crt root.txt");
    scene.ok("convert root.zip -o again.zip -k customer.key -r vendor.crt");
    let root = message(&scene, "again.zip", "root.txt");
    repacked(&scene, &[("below/root.txt", root)]);
    scene
        .line("extract forged.zip -k vendor.key -C no")
        .exits(5);
}

/// Makes archives with moved and swapped members, which doesn't show.
#[test]
fn messages_of_version_0_1_0_with_the_last_component_still_open() {
    let scene = Scene::new();
    let written =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/written-by-0.1.0");
    scene.write_private("ec.key", std::fs::read(written.join("ec.key")).unwrap());
    for (archive, files) in [("root_moved.zip", 1), ("swap_long.zip", 2)] {
        scene.write(archive, std::fs::read(written.join(archive)).unwrap());
        scene
            .ok(&format!("extract {archive} -k ec.key -C out"))
            .says(&format!("extracted {files} file"));
    }
}

#[test]
fn accept_renamed_accepts_a_renamed_member_with_a_warning() {
    let scene = packed();
    let sealed = message(&scene, "calls.zip", "calls/a.txt");
    repacked(&scene, &[("new/name.txt", sealed)]);
    scene
        .line("extract forged.zip -k customer.key -C out")
        .exits(5)
        .says("--accept-renamed");
    let extracted = scene
        .ok("extract --json --accept-renamed forged.zip -k customer.key -C out")
        .says(r#"warning: new/name.txt: it was sealed as "calls/a.txt""#);
    assert_eq!(scene.read("out/new/name.txt"), b"first");
    assert_eq!(extracted.json()["renamed"][0]["name"], "new/name.txt");
    assert_eq!(extracted.json()["renamed"][0]["sealed_as"], "calls/a.txt");

    scene
        .ok("cat --accept-renamed forged.zip new/name.txt -k customer.key")
        .prints("first")
        .says(r#"it was sealed as "calls/a.txt""#);
    let converted = scene
        .ok("convert --json --accept-renamed forged.zip -o kept.zip -k customer.key -r vendor.crt")
        .says(r#"it was sealed as "calls/a.txt""#);
    assert_eq!(converted.json()["members"][0]["sealed_as"], "calls/a.txt");
    // From then on it is bound to the name that it has.
    scene.ok("extract kept.zip -k vendor.key -C kept");
}

#[test]
fn a_for_your_eyes_only_message_of_gnupg_has_no_name() {
    let scene = Scene::with_parties();
    scene.gpg("--quick-gen-key ann@example.org rsa2048 encr never");
    scene.gpg("--export-secret-keys --output ann.gpg ann@example.org");
    scene.write("a.txt", "for your eyes only");
    scene.gpg("--for-your-eyes-only -r ann@example.org --output a.pgp --encrypt a.txt");
    repacked(&scene, &[("deep/down/a.txt", scene.read("a.pgp"))]);
    scene.ok("extract forged.zip -k ann.gpg -C out");
    assert_eq!(scene.read("out/deep/down/a.txt"), b"for your eyes only");
}

#[test]
fn a_member_of_another_archive_is_accepted_only_under_its_own_name() {
    let scene = packed();
    scene.write("calls/a.txt", "another day");
    scene.ok("pack -q -o other.zip -r customer.crt calls/a.txt");
    let own = message(&scene, "calls.zip", "calls/b.txt");
    let foreign = message(&scene, "other.zip", "calls/a.txt");
    repacked(
        &scene,
        &[("calls/a.txt", foreign.clone()), ("calls/b.txt", own)],
    );
    scene.ok("extract forged.zip -k customer.key -C out");
    assert_eq!(scene.read("out/calls/a.txt"), b"another day");

    repacked(&scene, &[("calls/b.txt", foreign)]);
    scene
        .line("extract forged.zip -k customer.key -C no")
        .exits(5);
    assert!(!scene.exists("no"));
}

#[test]
fn removing_a_member_leaves_the_others_whole() {
    let scene = packed();
    let rest = message(&scene, "calls.zip", "calls/b.txt");
    repacked(&scene, &[("calls/b.txt", rest)]);
    scene.ok("extract forged.zip -k customer.key -C out");
    assert_eq!(scene.tree("out"), ["calls/", "calls/b.txt"]);
    // A request for the missing member is an error.
    scene
        .line("extract forged.zip calls/a.txt -k customer.key -C no")
        .exits(1)
        .complains_with_hint(&[r#"no member is called "calls/a.txt""#]);
    scene
        .line("extract forged.zip *.wav -k customer.key -C no")
        .exits(1)
        .complains_with_hint(&[r#"no member matches "*.wav""#]);
    assert!(!scene.exists("no"));
}

#[test]
fn a_duplicate_member_is_refused() {
    let scene = packed();
    let a = message(&scene, "calls.zip", "calls/a.txt");
    let member = |name: &str| crate::archive_support::Member::new(name, &a);
    // Exactly the same name: two readers would choose different ones.
    let twice = crate::archive_support::zip([member("calls/a.txt.pgp"), member("calls/a.txt.pgp")]);
    scene.write("forged.zip", twice.bytes());
    scene
        .line("extract forged.zip -k customer.key -C out")
        .exits(5)
        .says("two members have the same name");
    assert!(!scene.exists("out"));
    // Two names for one path.
    let twice = crate::archive_support::zip([member("calls/a.txt.pgp"), member("calls/a.txt.gpg")]);
    scene.write("forged.zip", twice.bytes());
    scene
        .line("extract forged.zip -k customer.key -C out")
        .exits(5)
        .says("another member has the same path");
    assert!(!scene.exists("out"));
}

#[test]
fn a_member_cut_out_of_an_archive_s_bytes_is_noticed() {
    let scene = packed();
    let whole = scene.read("calls.zip");
    let second = whole
        .windows(4)
        .enumerate()
        .filter(|(_, window)| window == b"PK\x03\x04")
        .nth(1)
        .unwrap()
        .0;
    scene.write("forged.zip", whole.get(second..).unwrap());
    scene
        .line("extract forged.zip -k customer.key -C out")
        .exits(5)
        .complains_with_hint(&["the archive is malformed"]);
    assert!(!scene.exists("out"));
}
