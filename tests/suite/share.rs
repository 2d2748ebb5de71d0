//! `callseal share`: who can open an archive changes, and nothing that is
//! sealed.

use std::fs;

use serde_json::{Value, json};

use crate::archive_support::{Member, zip};
use crate::support::packets::{PKESK, packets};
use crate::support::{P256, Scene};

const INDEX: &str = "META-INF/callseal/index.pgp";

const CALLS: [(&str, &str); 3] = [
    ("calls/a.txt", "first"),
    ("calls/b.txt", "second"),
    ("calls/sub/c.txt", "third"),
];

/// Packs three calls for customer and vendor into `calls.zip`; there is a
/// partner as well.
fn packed() -> Scene {
    packed_as("")
}

/// Does the same with more arguments.
fn packed_as(arguments: &str) -> Scene {
    let scene = with_calls();
    scene.ok(&format!(
        "pack -q -o calls.zip -r customer.crt -r vendor.crt calls {arguments}"
    ));
    scene
}

fn with_calls() -> Scene {
    let scene = Scene::with_parties();
    scene.key_pair("partner", P256);
    for (name, content) in CALLS {
        scene.write(name, content);
    }
    scene
}

/// Checks that a key opens these members of an archive, and that they are what
/// was packed.
#[track_caller]
fn opens(scene: &Scene, archive: &str, key: &str, members: &[(&str, &str)]) {
    let names: Vec<&str> = members.iter().map(|(name, _)| *name).collect();
    let names = names.join(" ");
    for options in ["", "--ignore-index"] {
        scene.ok(&format!(
            "extract {archive} {names} -q -k {key} -C opened {options}"
        ));
        for (name, content) in members {
            assert_eq!(scene.text(format!("opened/{name}")), *content, "{options}");
        }
        fs::remove_dir_all(scene.path("opened")).unwrap();
    }
}

/// Checks that a key opens no member of an archive.
#[track_caller]
fn opens_nothing(scene: &Scene, archive: &str, key: &str) {
    for options in ["", "--ignore-index"] {
        scene
            .line(&format!("extract {archive} -k {key} -C none {options}"))
            .exits(4);
        assert!(!scene.exists("none"));
    }
}

/// Returns the lines of an archive's index, as a recipient of it reads them.
#[track_caller]
fn index(scene: &Scene, archive: &str, key: &str) -> Vec<Value> {
    scene.write("index.pgp", scene.entry(archive, INDEX));
    let opened = scene.ok(&format!("open index.pgp -k {key} -o -")).stdout();
    let lines = opened
        .lines()
        .map(|line| serde_json::from_str(line).unwrap());
    lines.collect()
}

/// Returns the stored names in an index.
#[track_caller]
fn listed(scene: &Scene, archive: &str, key: &str) -> Vec<String> {
    let lines = index(scene, archive, key);
    let members = lines.iter().skip(1).map(|line| &line["member"]);
    members.map(|name| name.as_str().unwrap().into()).collect()
}

/// Returns the names of an archive's entries besides its index.
fn names(scene: &Scene, archive: &str) -> Vec<String> {
    let entries = scene.entries(archive).into_iter();
    let names = entries.map(|(name, _)| name);
    names.filter(|name| name != INDEX).collect()
}

/// Checks that a line is refused, and that no file is new or changed.
#[track_caller]
fn changes_nothing(scene: &Scene, line: &str, status: i32, words: &[&str]) {
    let before = snapshot(scene);
    scene.line(line).exits(status).complains_with_hint(words);
    assert!(snapshot(scene) == before, "{line}");
}

fn snapshot(scene: &Scene) -> Vec<(String, Vec<u8>)> {
    let files = scene.tree("").into_iter();
    let files = files.filter(|name| !name.ends_with('/') && !name.starts_with("gnupg/"));
    files.map(|name| (name.clone(), scene.read(name))).collect()
}

#[test]
fn a_recipient_who_is_let_in_opens_every_member() {
    for options in ["", "--format rfc4880", "--index none", "--hide-names"] {
        let scene = packed_as(options);
        opens_nothing(&scene, "calls.zip", "partner.key");
        scene
            .ok("share calls.zip -k customer.key -r partner.crt --in-place")
            .says("shared 3 members of calls.zip in place")
            .says("with an index");
        for key in ["partner.key", "customer.key"] {
            scene.ok(&format!("extract calls.zip -q -k {key} -C opened"));
            for (name, content) in CALLS {
                assert_eq!(scene.text(format!("opened/{name}")), content, "{options}");
            }
            fs::remove_dir_all(scene.path("opened")).unwrap();
        }
        // The vendor isn't named in this run, so the index isn't for it, and it
        // opens the members by its own packets.
        scene.ok("extract calls.zip -q -k vendor.key -C opened");
        let lists = listed(&scene, "calls.zip", "partner.key");
        assert_eq!(lists, names(&scene, "calls.zip"), "{options}");
    }
}

#[test]
fn sealed_data_and_the_packets_of_others_stay_byte_for_byte() {
    for options in ["", "--format rfc4880", "--hidden-recipients"] {
        let scene = packed_as(options);
        scene.ok("share calls.zip -q -k customer.key -r partner.crt -o shared.zip");
        let before = scene.entries("calls.zip");
        let after = scene.entries("shared.zip");
        assert_eq!(before.len(), after.len());
        for ((name, old), (new_name, new)) in before.iter().zip(&after) {
            assert_eq!(name, new_name);
            let (old, new) = (packets(old), packets(new));
            if name == INDEX {
                assert!(
                    old.sealed != new.sealed,
                    "the index has a fresh session key"
                );
                continue;
            }
            assert!(old.sealed == new.sealed, "{name} {options}");
            assert!(new.front[..2] == old.front[..], "{name} {options}");
            assert_eq!((old.front.len(), new.front.len()), (2, 3), "{options}");
            assert_eq!(new.front[2].0, PKESK);
            let same_kind = new.front[2].1.len().abs_diff(new.front[1].1.len()) < 4;
            assert!(same_kind, "{options}: {:?}", new.front);
        }
    }
}

#[test]
fn long_members_keep_their_sealed_data_too() {
    let scene = with_calls();
    scene.write("calls/long.wav", crate::support::content(3 << 20));
    for format in ["rfc4880", "rfc9580"] {
        scene.ok(&format!(
            "pack -q -f -o calls.zip -r customer.crt calls --compress none --format {format}"
        ));
        scene.ok("share calls.zip -q -f -k customer.key -r partner.crt -o shared.zip");
        let name = "calls/long.wav.pgp";
        let old = packets(&scene.entry("calls.zip", name));
        let new = packets(&scene.entry("shared.zip", name));
        assert!(old.sealed == new.sealed, "{format}");
        scene.ok("extract -q -f shared.zip -k partner.key -C opened");
        assert!(scene.read("opened/calls/long.wav") == scene.read("calls/long.wav"));
    }
}

#[test]
fn chosen_members_with_an_output_make_an_archive_of_just_these() {
    let scene = packed();
    let before = scene.read("calls.zip");
    scene.ok("share calls.zip calls/sub calls/a.txt -k customer.key -r partner.crt -o some.zip");
    assert_eq!(
        names(&scene, "some.zip"),
        ["calls/a.txt.pgp", "calls/sub/c.txt.pgp"]
    );
    opens(&scene, "some.zip", "partner.key", &[CALLS[0], CALLS[2]]);
    opens(&scene, "some.zip", "vendor.key", &[CALLS[0], CALLS[2]]);
    assert!(scene.read("calls.zip") == before);
    scene.ok("share calls.zip --exclude calls/b.txt -k customer.key -r partner.crt -o others.zip");
    assert_eq!(
        names(&scene, "others.zip"),
        ["calls/a.txt.pgp", "calls/sub/c.txt.pgp"]
    );
}

#[test]
fn chosen_members_in_place_leave_the_others_as_they_are() {
    let scene = packed();
    let before = scene.entries("calls.zip");
    scene.ok("share calls.zip calls/a.txt calls/sub -k customer.key -r partner.crt --in-place");
    let after = scene.entries("calls.zip");
    assert_eq!(after.len(), 4);
    for (old, new) in before.iter().zip(&after).take(3) {
        assert_eq!(old.0, new.0);
        assert_eq!(old.1 == new.1, old.0 == "calls/b.txt.pgp", "{}", old.0);
    }
    // Everybody who reads the index opens all that it lists.
    for key in ["customer.key", "partner.key"] {
        assert_eq!(
            listed(&scene, "calls.zip", key),
            ["calls/a.txt.pgp", "calls/sub/c.txt.pgp"]
        );
    }
    opens(&scene, "calls.zip", "partner.key", &[CALLS[0], CALLS[2]]);
    opens(&scene, "calls.zip", "customer.key", &CALLS);
    opens(&scene, "calls.zip", "vendor.key", &CALLS);
    scene
        .line("extract calls.zip -k partner.key -C some")
        .exits(6);
    assert!(!scene.exists("some/calls/b.txt"));
}

#[test]
fn an_index_lists_only_members_of_which_all_its_readers_are_recipients() {
    let scene = with_calls();
    // The vendor is no recipient of one of them.
    scene.ok("pack -q -o all.zip -r customer.crt -r vendor.crt calls");
    scene.ok("pack -q -o own.zip -r customer.crt calls");
    let members = [
        ("all.zip", "calls/a.txt.pgp"),
        ("own.zip", "calls/b.txt.pgp"),
        ("all.zip", "calls/sub/c.txt.pgp"),
    ];
    let members = members.map(|(archive, name)| Member::new(name, &scene.entry(archive, name)));
    scene.write("calls.zip", zip(members).bytes());
    // All three are the customer's.
    scene.ok("share calls.zip -q -k customer.key -o all-listed.zip");
    assert_eq!(listed(&scene, "all-listed.zip", "customer.key").len(), 3);
    scene.write("before.zip", scene.read("calls.zip"));
    scene.ok("share calls.zip calls/a.txt calls/sub -q -k vendor.key -r partner.crt --in-place");
    let lists = listed(&scene, "calls.zip", "vendor.key");
    assert_eq!(lists, ["calls/a.txt.pgp", "calls/sub/c.txt.pgp"]);
    scene.ok("share calls.zip -q -k customer.key -r partner.crt -o again.zip");
    assert_eq!(listed(&scene, "again.zip", "partner.key").len(), 3);
    scene.write("vendor-index.pgp", scene.entry("again.zip", INDEX));
    scene.line("open vendor-index.pgp -k vendor.key").exits(4);
}

#[test]
fn members_that_open_with_several_keys_are_listed_for_who_opens_them() {
    let scene = with_calls();
    scene.ok("pack -q -o customer.zip -r customer.crt calls");
    scene.ok("pack -q -o vendor.zip -r vendor.crt calls");
    let archives = ["customer.zip", "vendor.zip", "customer.zip"];
    let members = CALLS.iter().zip(archives).map(|((name, _), archive)| {
        let name = format!("{name}.pgp");
        Member::new(&name, &scene.entry(archive, &name))
    });
    scene.write("calls.zip", zip(members).bytes());
    scene.ok("share calls.zip -q -k customer.key -k vendor.key -r partner.crt --in-place");
    // The customer, whose key opened the first one, reads the index as well.
    for key in ["customer.key", "partner.key"] {
        let lists = listed(&scene, "calls.zip", key);
        assert_eq!(lists, ["calls/a.txt.pgp", "calls/sub/c.txt.pgp"]);
    }
    opens(&scene, "calls.zip", "partner.key", &CALLS);
    opens(&scene, "calls.zip", "vendor.key", &CALLS[1..2]);
    scene
        .line("cat calls.zip calls/b.txt -k customer.key")
        .exits(4);
}

#[test]
fn somebody_is_taken_out_by_certificate_fingerprint_or_key_id() {
    for format in ["rfc9580", "rfc4880"] {
        let scene = packed_as(&format!("--format {format}"));
        let fingerprint = scene.fingerprint("vendor.crt");
        let key_id = &fingerprint[24..];
        for (number, given) in [
            "vendor.crt",
            &fingerprint,
            &fingerprint.to_lowercase(),
            key_id,
        ]
        .into_iter()
        .enumerate()
        {
            let out = format!("{number}.zip");
            scene
                .ok(&format!(
                    "share calls.zip -k customer.key --remove {given} -o {out}"
                ))
                .says("whoever has the old archive can still open the same members")
                .says("convert");
            opens_nothing(&scene, &out, "vendor.key");
            opens(&scene, &out, "customer.key", &CALLS);
            scene.write("index.pgp", scene.entry(&out, INDEX));
            scene.line("open index.pgp -k vendor.key -o -").exits(4);
            let listing = scene.ok(&format!("list {out}")).stdout();
            assert!(!listing.contains(key_id), "{listing}");
            for (name, old) in scene.entries("calls.zip") {
                if name != INDEX {
                    let new = packets(&scene.entry(&out, &name));
                    let old = packets(&old);
                    assert!(old.sealed == new.sealed);
                    assert!(old.front[..1] == new.front[..]);
                }
            }
        }
    }
}

#[test]
fn a_fingerprint_may_have_blanks() {
    let scene = packed();
    let fingerprint = scene.fingerprint("vendor.crt");
    let spaced: Vec<&str> = (0..10).map(|n| &fingerprint[n * 4..n * 4 + 4]).collect();
    let spaced = spaced.join(" ");
    let line = "share calls.zip -k customer.key -o out.zip --remove".split(' ');
    scene.callseal(line.chain([&*spaced])).exits(0);
    opens_nothing(&scene, "out.zip", "vendor.key");
}

#[test]
fn an_expired_certificate_can_be_taken_out_but_not_let_in() {
    let scene = with_calls();
    scene.ok("pack -q -o calls.zip -r customer.crt -r vendor.crt calls");
    scene.expired_certificate("vendor");
    changes_nothing(
        &scene,
        "share calls.zip -k customer.key -r vendor.crt --in-place",
        3,
        &["vendor.crt", "expired"],
    );
    scene.ok("share calls.zip -q -k customer.key --remove vendor.crt --in-place");
    opens_nothing(&scene, "calls.zip", "vendor.key");
}

#[test]
fn an_unusable_recipient_among_good_ones_lets_nobody_in() {
    let scene = packed();
    scene.dated_certificate("old.crt", "old", -800, 365);
    for target in ["--in-place", "-o out.zip"] {
        changes_nothing(
            &scene,
            &format!("share calls.zip -k customer.key -r partner.crt -r old.crt {target}"),
            3,
            &["old.crt", "expired"],
        );
    }
}

#[test]
fn the_removal_of_somebody_who_is_no_recipient_is_refused() {
    let scene = packed();
    let fingerprint = scene.fingerprint("partner.crt");
    for given in ["partner.crt", &fingerprint, "0123456789ABCDEF"] {
        for target in ["--in-place", "-o out.zip", "--dry-run"] {
            changes_nothing(
                &scene,
                &format!("share calls.zip -k customer.key --remove {given} {target}"),
                2,
                &["calls.zip", given, "is not a recipient"],
            );
        }
    }
    // Others named with it stay in, too.
    changes_nothing(
        &scene,
        "share calls.zip -k customer.key --remove vendor.crt --remove partner.crt --in-place",
        2,
        &["partner.crt", "is not a recipient"],
    );
}

#[test]
fn the_last_recipient_is_not_taken_out() {
    let scene = packed();
    let before = snapshot(&scene);
    scene
        .line(
            "share calls.zip -k customer.key --remove vendor.crt --remove customer.crt --in-place",
        )
        .exits(2)
        .complains(&["no recipient would be left"]);
    assert!(snapshot(&scene) == before);
    // One's own key is taken out if others stay.
    scene.ok("share calls.zip -q -k customer.key --remove customer.crt --in-place");
    opens_nothing(&scene, "calls.zip", "customer.key");
    opens(&scene, "calls.zip", "vendor.key", &CALLS);
    assert_eq!(
        names(&scene, "calls.zip").len(),
        scene.entries("calls.zip").len()
    );
}

#[test]
fn nobody_is_let_in_and_taken_out_at_once() {
    let scene = packed();
    let fingerprint = scene.fingerprint("vendor.crt");
    for given in ["vendor.crt", &fingerprint, &fingerprint[24..]] {
        changes_nothing(
            &scene,
            &format!("share calls.zip -k customer.key -r vendor.crt --remove {given} -o out.zip"),
            2,
            &[given, "both let in and taken out"],
        );
    }
}

#[test]
fn who_is_let_in_again_gets_one_new_packet() {
    let scene = packed();
    let listing = scene.ok("share calls.zip -k customer.key -r vendor.crt --dry-run");
    listing.prints(&format!("added again {}", scene.fingerprint("vendor.crt")));
    scene.ok("share calls.zip -q -k customer.key -r vendor.crt --in-place");
    for (name, content) in scene.entries("calls.zip") {
        assert_eq!(packets(&content).front.len(), 2, "{name}");
    }
    opens(&scene, "calls.zip", "vendor.key", &CALLS);
    assert_eq!(listed(&scene, "calls.zip", "vendor.key").len(), 3);
}

#[test]
fn recipients_are_exchanged_in_one_run() {
    let scene = packed();
    scene.ok("share calls.zip -q -k vendor.key -r partner.crt --remove vendor.crt --in-place");
    opens_nothing(&scene, "calls.zip", "vendor.key");
    opens(&scene, "calls.zip", "partner.key", &CALLS);
    opens(&scene, "calls.zip", "customer.key", &CALLS);
}

#[test]
fn somebody_among_hidden_recipients_is_taken_out_only_if_all_who_stay_are_named() {
    for format in ["rfc9580", "rfc4880"] {
        let scene = packed_as(&format!("--hidden-recipients --format {format}"));
        changes_nothing(
            &scene,
            "share calls.zip -k customer.key --remove vendor.crt --in-place",
            2,
            &["it hides recipients", "nobody can be taken out"],
        );
        // One's own key goes only if it's named.
        changes_nothing(
            &scene,
            "share calls.zip -k customer.key --remove vendor.crt -r partner.crt --in-place",
            2,
            &["it hides recipients", "nobody can be taken out"],
        );
        scene.ok("share calls.zip -q -k customer.key -r partner.crt -o more.zip");
        for key in ["customer.key", "vendor.key", "partner.key"] {
            opens(&scene, "more.zip", key, &CALLS);
        }
        // The new one is hidden like the others, also in the index.
        let listing = scene.ok("list more.zip").stdout();
        let key_id = &scene.fingerprint("partner.crt")[24..];
        assert!(!listing.contains(key_id), "{listing}");
        scene.write("index.pgp", scene.entry("more.zip", INDEX));
        let shown = scene.inspect("index.pgp").to_string();
        assert!(!shown.contains(key_id), "{shown}");
        scene.ok(
            "share calls.zip -q -k customer.key --remove vendor.crt -r customer.crt -r partner.crt \
             -o fewer.zip",
        );
        opens_nothing(&scene, "fewer.zip", "vendor.key");
        opens(&scene, "fewer.zip", "customer.key", &CALLS);
        opens(&scene, "fewer.zip", "partner.key", &CALLS);
    }
}

/// Makes a message with a key and a passphrase by GnuPG, and a zip of it.
fn with_passphrase(scene: &Scene) {
    scene.gpg("--quick-gen-key gnu rsa2048 encr never");
    scene.gpg("--export --output gnu.pgp gnu");
    scene.gpg("--export-secret-keys --output gnu.key gnu");
    scene.gpg_with_passphrase(
        "sesame",
        "--output calls/a.txt.pgp --symmetric --encrypt -r gnu calls/a.txt",
    );
    scene.gpg_with_passphrase(
        "sesame",
        "--output calls/b.txt.pgp --symmetric --encrypt -r gnu calls/b.txt",
    );
    scene.tool("zip -q gnu.zip calls/a.txt.pgp calls/b.txt.pgp");
    scene.write("phrase", "sesame\n");
}

#[test]
fn a_message_with_a_passphrase_is_shared_and_keeps_it() {
    let scene = with_calls();
    with_passphrase(&scene);
    scene.ok("share gnu.zip -q -k gnu.key -r partner.crt -o more.zip");
    opens(&scene, "more.zip", "partner.key", &CALLS[..2]);
    scene.ok("extract -q more.zip -C by-phrase --passphrase-file phrase");
    assert_eq!(scene.text("by-phrase/calls/a.txt"), "first");
    // Others could have the same passphrase as whoever is taken out.
    changes_nothing(
        &scene,
        "share more.zip -k gnu.key --remove partner.crt --in-place",
        2,
        &["opens with a passphrase", "nobody can be taken out"],
    );
    scene
        .ok("share more.zip -k gnu.key -r gnu.pgp --remove partner.crt -o fewer.zip")
        .says("whoever was a hidden recipient of 2 members or had a passphrase");
    opens(&scene, "fewer.zip", "gnu.key", &CALLS[..2]);
    opens_nothing(&scene, "fewer.zip", "partner.key");
    scene
        .line("extract fewer.zip -C by-phrase-2 --passphrase-file phrase")
        .exits(4);
}

#[test]
fn what_only_a_passphrase_has_opened_is_not_shared() {
    let scene = with_calls();
    with_passphrase(&scene);
    changes_nothing(
        &scene,
        "share gnu.zip --passphrase-file phrase -r partner.crt -o more.zip",
        4,
        &["it was opened with a passphrase"],
    );
}

#[test]
fn a_single_message_is_shared_as_well() {
    for options in [
        "",
        "--armor",
        "--format rfc4880",
        "--format rfc4880 --armor",
    ] {
        let scene = with_calls();
        scene.ok(&format!(
            "seal -q -r customer.crt -r vendor.crt calls/a.txt -o a.pgp {options}"
        ));
        scene.ok("share a.pgp -k customer.key -r partner.crt -o more.pgp");
        for key in ["customer.key", "vendor.key", "partner.key"] {
            scene
                .ok(&format!("open more.pgp -k {key} -o -"))
                .prints("first");
        }
        if !options.contains("armor") {
            let (old, new) = (
                packets(&scene.read("a.pgp")),
                packets(&scene.read("more.pgp")),
            );
            assert!(old.sealed == new.sealed && new.front[..2] == old.front[..]);
        }
        scene
            .ok("share more.pgp -k partner.key --remove vendor.crt --in-place")
            .says("whoever has the old message can still open it");
        scene.line("open more.pgp -k vendor.key -o -").exits(4);
        scene
            .ok("open more.pgp -k partner.key -o -")
            .prints("first");
        changes_nothing(
            &scene,
            "share more.pgp -k partner.key --remove vendor.crt --in-place",
            2,
            &["more.pgp", "vendor.crt is not a recipient"],
        );
        scene
            .ok("share more.pgp -k partner.key -r vendor.crt --dry-run")
            .prints(&format!("added       {}", scene.fingerprint("vendor.crt")));
        let report = scene.ok("share more.pgp -k partner.key -r vendor.crt -o again.pgp --json");
        let added = json!([scene.fingerprint("vendor.crt")]);
        assert_eq!(report.json()["members"][0]["added"], added);
        let before = snapshot(&scene);
        scene
            .line("share more.pgp -k partner.key -r vendor.crt -o again.pgp")
            .exits(1)
            .complains_with_hint(&["again.pgp", "already exists"]);
        assert!(snapshot(&scene) == before);
    }
}

#[test]
fn an_archive_without_an_index_gets_one_if_nobody_is_named() {
    let scene = packed_as("--index none");
    assert_eq!(scene.entries("calls.zip").len(), 3);
    let before = scene.entries("calls.zip");
    scene
        .ok("share calls.zip -k customer.key --in-place")
        .says("with an index");
    let after = scene.entries("calls.zip");
    assert!(after[..3] == before[..]);
    assert_eq!(after[3].0, INDEX);
    assert_eq!(listed(&scene, "calls.zip", "customer.key").len(), 3);
    // It's for the key that opened the archive alone.
    scene.write("index.pgp", scene.entry("calls.zip", INDEX));
    scene.line("open index.pgp -k vendor.key -o -").exits(4);
    opens(&scene, "calls.zip", "vendor.key", &CALLS);
}

/// Makes `gnu.zip` by GnuPG and zip, deflated: two armored messages and a binary
/// one, and files that were never sealed.
fn by_gnupg(scene: &Scene) {
    scene.gpg("--quick-gen-key gnu rsa2048 encr never");
    scene.gpg("--export-secret-keys --output gnu.key gnu");
    scene.gpg("--export --output gnu.pgp gnu");
    scene.gpg("--armor --output calls/a.txt.asc --encrypt -r gnu calls/a.txt");
    scene.gpg("--output calls/b.txt.gpg --encrypt -r gnu calls/b.txt");
    scene.gpg("--armor --output calls/sub/c.txt.asc --encrypt -r gnu calls/sub/c.txt");
    scene.write("calls/README", "what these are ".repeat(50));
    for (name, _) in CALLS {
        fs::remove_file(scene.path(name)).unwrap();
    }
    scene.tool("zip -q -D -r gnu.zip calls");
}

#[test]
fn an_archive_by_gnupg_and_zip_is_shared_with_its_other_files() {
    let scene = with_calls();
    by_gnupg(&scene);
    let stored = names(&scene, "gnu.zip");
    scene
        .ok("share gnu.zip -k gnu.key -r partner.crt -o shared.zip")
        .says("1 file that was never sealed: copied as it is");
    opens(&scene, "shared.zip", "partner.key", &CALLS);
    opens(&scene, "shared.zip", "gnu.key", &CALLS);
    assert_eq!(names(&scene, "shared.zip"), stored);
    let readme = scene.entry("shared.zip", "calls/README");
    assert!(readme == scene.read("calls/README"));
    let old = packets(&scene.read("calls/b.txt.gpg"));
    let new = packets(&scene.entry("shared.zip", "calls/b.txt.gpg"));
    assert!(old.sealed == new.sealed && old.front[..] == new.front[..1]);
    tools_are_content(&scene, "shared.zip");
    // In place, and its messages by GnuPG itself.
    scene.ok("share gnu.zip -q -k gnu.key -r partner.crt --in-place");
    opens(&scene, "gnu.zip", "partner.key", &CALLS);
    scene.tool("unzip -q gnu.zip -d split");
    let said = scene.gpg("--decrypt split/calls/a.txt.asc");
    assert_eq!(said.output.stdout, b"first");
}

#[test]
fn directories_are_kept_as_directories() {
    let scene = with_calls();
    by_gnupg(&scene);
    fs::create_dir(scene.path("calls/empty")).unwrap();
    scene.tool("zip -q -r gnu.zip calls");
    for target in ["-o shared.zip", "--in-place"] {
        scene.ok(&format!(
            "share gnu.zip -q -k gnu.key -r partner.crt {target}"
        ));
    }
    for archive in ["shared.zip", "gnu.zip"] {
        let stored = names(&scene, archive);
        for name in ["calls/", "calls/empty/", "calls/sub/"] {
            assert!(stored.contains(&name.to_owned()), "{stored:?}");
        }
        opens(&scene, archive, "partner.key", &CALLS);
        scene.ok(&format!(
            "extract -q {archive} -k partner.key -C {archive}.d"
        ));
        let listing = scene.tool(&format!("unzip -Z {archive} calls/empty/"));
        assert!(listing.stdout().starts_with('d'), "{listing}");
        tools_are_content(&scene, archive);
    }
}

/// Checks that other tools find an archive sound.
#[track_caller]
fn tools_are_content(scene: &Scene, archive: &str) {
    scene.tool(&format!("unzip -tqq {archive}"));
    scene.tool(&format!("7zz t {archive}"));
    let check = "import sys, zipfile; sys.exit(zipfile.ZipFile(sys.argv[1]).testzip())";
    scene.python(check, &[archive]);
}

#[test]
fn messages_of_both_versions_in_one_archive_are_shared() {
    let scene = with_calls();
    scene.ok("pack -q -o v1.zip -r customer.crt calls --format rfc4880");
    scene.ok("pack -q -o v2.zip -r customer.crt calls");
    let members = CALLS.iter().zip(["v1.zip", "v2.zip", "v1.zip"]);
    let members = members.map(|((name, _), archive)| {
        let name = format!("{name}.pgp");
        Member::new(&name, &scene.entry(archive, &name))
    });
    scene.write("calls.zip", zip(members).bytes());
    scene.ok("share calls.zip -q -k customer.key -r partner.crt --in-place");
    opens(&scene, "calls.zip", "partner.key", &CALLS);
    opens(&scene, "calls.zip", "customer.key", &CALLS);
    let formats: Vec<u8> = scene.entries("calls.zip")[..3]
        .iter()
        .map(|(_, message)| {
            let parts = packets(message);
            // The version of the new packet fits that of its container.
            let (header, _) = parts.body();
            let container = parts.sealed[header];
            let new = &parts.front[1].1;
            assert_eq!(new[2], if container == 1 { 3 } else { 6 });
            container
        })
        .collect();
    assert_eq!(formats, [1, 2, 1]);
    tools_are_content(&scene, "calls.zip");
}

#[test]
fn names_that_are_not_ascii_are_kept() {
    let scene = Scene::with_parties();
    scene.key_pair("partner", P256);
    let calls = [("calls/ünï/日本 😀.txt", "said"), ("calls/é.txt", "then")];
    for (name, content) in calls {
        scene.write(name, content);
    }
    for options in ["", "--hide-names"] {
        scene.ok(&format!(
            "pack -q -f -o calls.zip -r customer.crt calls {options}"
        ));
        let stored = names(&scene, "calls.zip");
        scene.ok("share calls.zip -q -k customer.key -r partner.crt --in-place");
        assert_eq!(names(&scene, "calls.zip"), stored);
        scene.ok("extract -q -f calls.zip -k partner.key -C opened");
        for (name, content) in calls {
            assert_eq!(scene.text(format!("opened/{name}")), content);
        }
        tools_are_content(&scene, "calls.zip");
    }
}

#[test]
fn cms_messages_that_are_not_authenticated_are_refused_with_convert_as_the_remedy() {
    let scene = Scene::with_parties();
    scene.key_pair("gir", "rsa:2048");
    scene.genesys_archive("gir.crt");
    let before = scene.read("GIR.zip");
    scene
        .line("share GIR.zip -k gir.key -r vendor.crt --in-place")
        .exits(4)
        .complains_with_hint(&["GIR/1001.wav", "not authenticated"])
        .says("convert");
    assert!(scene.read("GIR.zip") == before);
    // One of them is enough.
    scene.write("note.txt", "of our own");
    scene.ok("seal -q -r gir.crt note.txt");
    scene.tool("zip -q GIR.zip note.txt.pgp");
    changes_nothing(
        &scene,
        "share GIR.zip -k gir.key -r vendor.crt -o out.zip",
        4,
        &["2 of 3 members", "nothing was written"],
    );
    scene.ok("share GIR.zip note.txt -q -k gir.key -r vendor.crt -o out.zip");
    scene
        .line("share GIR/1001.wav.p7m -k gir.key -r vendor.crt -o out.p7m")
        .exits(4)
        .complains_with_hint(&["1001.wav.p7m", "not authenticated"]);
    assert!(!scene.exists("out.p7m"));
}

#[test]
fn who_can_not_read_the_version_of_a_message_is_refused() {
    let scene = packed();
    scene.gpg("--quick-gen-key gnu rsa2048 encr never");
    scene.gpg("--export --output gnu.pgp gnu");
    for target in ["--in-place", "-o out.zip"] {
        changes_nothing(
            &scene,
            &format!("share calls.zip -k customer.key -r gnu.pgp {target}"),
            3,
            &["gnu", "can't read rfc9580 messages"],
        );
    }
    // A key of version 6 can't be named in a message of version 1.
    crate::peers_rpgp::version_6(&scene);
    scene.ok("pack -q -o v1.zip -r customer.crt calls --format rfc4880");
    for target in ["--in-place", "-o out.zip"] {
        changes_nothing(
            &scene,
            &format!("share v1.zip -k customer.key -r a.crt {target}"),
            3,
            &["can't read rfc4880 messages"],
        );
    }
    scene.ok("seal -q -r customer.crt calls/a.txt -o a.pgp");
    changes_nothing(
        &scene,
        "share a.pgp -k customer.key -r gnu.pgp --in-place",
        3,
        &["gnu", "can't read rfc9580 messages"],
    );
    // The other way round, both can be let in.
    scene.ok("share v1.zip -q -k customer.key -r gnu.pgp --in-place");
    scene.ok("share calls.zip -q -k customer.key -r a.crt --in-place");
    opens(&scene, "calls.zip", "a.key", &CALLS);
}

#[test]
fn gnupg_opens_with_the_new_key() {
    let scene = packed_as("--format rfc4880");
    scene.gpg("--quick-gen-key gnu rsa2048 encr never");
    scene.gpg("--export --output gnu.pgp gnu");
    scene.ok("export --gpg partner.key -o partner.asc");
    scene.ok("share calls.zip -q -k customer.key -r gnu.pgp -r partner.crt --in-place");
    scene.tool("unzip -q calls.zip -d split");
    for (name, content) in CALLS {
        let said = scene.gpg(&format!("--decrypt split/{name}.pgp"));
        assert_eq!(said.stdout(), content);
    }
    let fingerprint = scene.gpg_fingerprint("gnu");
    scene.gpg(&format!("--delete-secret-keys {fingerprint}"));
    scene.gpg("--import partner.asc");
    let said = scene.gpg("--decrypt split/calls/a.txt.pgp");
    assert_eq!(said.stdout(), "first");
}

#[test]
fn the_pgp_crate_opens_with_the_new_key() {
    use pgp::composed::Message;
    use pgp::types::Password;
    let scene = packed();
    let key = crate::peers_rpgp::version_6(&scene);
    scene.ok("share calls.zip -q -k customer.key -r a.crt --in-place");
    for (name, content) in CALLS {
        let message = scene.entry("calls.zip", &format!("{name}.pgp"));
        let sealed = Message::from_bytes(std::io::Cursor::new(message)).unwrap();
        let mut message = sealed.decrypt(&Password::empty(), &key).unwrap();
        if message.is_compressed() {
            message = message.decompress().unwrap();
        }
        assert_eq!(message.as_data_vec().unwrap(), content.as_bytes());
    }
}

#[test]
fn other_tools_find_a_shared_archive_sound() {
    for options in ["", "--format rfc4880", "--hide-names", "--index none"] {
        let scene = packed_as(options);
        scene.ok("share calls.zip -q -k customer.key -r partner.crt --in-place");
        tools_are_content(&scene, "calls.zip");
        scene.ok("share calls.zip -q -k partner.key --remove vendor.crt --in-place");
        tools_are_content(&scene, "calls.zip");
        if options != "--hide-names" {
            scene.ok("share calls.zip calls/a.txt -q -k partner.key -r vendor.crt --in-place");
            tools_are_content(&scene, "calls.zip");
        }
    }
}

/// Flips a bit in the last octet of the second recipient's packet of a member,
/// in the archive's bytes.
fn damage_the_second_recipient(scene: &Scene, archive: &str, stored: &str) {
    let message = scene.entry(archive, stored);
    let parts = packets(&message);
    let end = parts.front[0].1.len() + parts.front[1].1.len();
    let mut bytes = scene.read(archive);
    let start = bytes.windows(message.len()).position(|at| at == message);
    bytes[start.unwrap() + end - 1] ^= 1;
    scene.write(archive, bytes);
}

#[test]
fn a_damaged_packet_of_another_recipient_does_not_damage_the_new_archive() {
    for options in ["", "--format rfc4880"] {
        for line in [
            "share calls.zip -q -k customer.key -r partner.crt --in-place",
            "share calls.zip -q -k customer.key --remove vendor.crt -r partner.crt --in-place",
        ] {
            let scene = packed_as(options);
            damage_the_second_recipient(&scene, "calls.zip", "calls/a.txt.pgp");
            scene.tool_line("unzip -tqq calls.zip").fails();
            scene.ok(line);
            tools_are_content(&scene, "calls.zip");
            opens(&scene, "calls.zip", "partner.key", &CALLS);
            opens(&scene, "calls.zip", "customer.key", &CALLS);
        }
    }
}

#[test]
fn sharing_in_place_keeps_mode_owner_and_access_list() {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    let scene = packed();
    let archive = scene.path("calls.zip");
    fs::set_permissions(&archive, fs::Permissions::from_mode(0o640)).unwrap();
    let is_root = rustix::process::geteuid().is_root();
    if is_root {
        std::os::unix::fs::chown(&archive, Some(1234), Some(4321)).unwrap();
    }
    // A list that lets one more user read it. (setfacl isn't everywhere.)
    let set = "
import errno, os, struct, sys
entries = [(1, 6, -1), (2, 4, 1235), (4, 0, -1), (16, 4, -1), (32, 0, -1)]
acl = struct.pack('<I', 2) + b''.join(struct.pack('<HHi', *entry) for entry in entries)
try:
    os.setxattr(sys.argv[1], 'system.posix_acl_access', acl)
except OSError as error:
    if error.errno != errno.EOPNOTSUPP: raise
";
    let get = "
import os, sys
print(os.getxattr(sys.argv[1], 'system.posix_acl_access') if 'system.posix_acl_access' in os.listxattr(sys.argv[1]) else '')
";
    scene.python(set, &["calls.zip"]);
    let list = scene.python(get, &["calls.zip"]).stdout();
    let before = fs::metadata(&archive).unwrap();
    scene.ok("share calls.zip -q -k customer.key -r partner.crt --in-place");
    let after = fs::metadata(&archive).unwrap();
    assert!(before.ino() != after.ino());
    assert_eq!(before.mode(), after.mode());
    assert_eq!((before.uid(), before.gid()), (after.uid(), after.gid()));
    assert_eq!(scene.python(get, &["calls.zip"]).stdout(), list);
    if is_root {
        assert_eq!((after.uid(), after.gid()), (1234, 4321));
    }
    // A new file has the mode of new files.
    scene.ok("share calls.zip -q -k customer.key -r partner.crt -o new.zip");
    let new = fs::metadata(scene.path("new.zip")).unwrap();
    assert_eq!(new.uid(), rustix::process::geteuid().as_raw());
}

#[test]
fn sharing_in_place_keeps_a_mode_that_lets_nobody_else_read() {
    use std::os::unix::fs::PermissionsExt;
    for mode in [0o600, 0o400, 0o664, 0o444] {
        let scene = packed();
        let archive = scene.path("calls.zip");
        fs::set_permissions(&archive, fs::Permissions::from_mode(mode)).unwrap();
        scene.ok("share calls.zip -q -k customer.key -r partner.crt --in-place");
        let now = fs::metadata(&archive).unwrap().permissions().mode();
        assert_eq!(now & 0o7777, mode);
    }
}

#[test]
fn a_link_to_the_archive_stays_a_link() {
    let scene = packed();
    fs::create_dir(scene.path("store")).unwrap();
    fs::rename(scene.path("calls.zip"), scene.path("store/calls.zip")).unwrap();
    std::os::unix::fs::symlink("store/calls.zip", scene.path("calls.zip")).unwrap();
    let message = scene.path("a.pgp");
    scene.ok("seal -q -r customer.crt calls/a.txt -o store/a.pgp");
    std::os::unix::fs::symlink("store/a.pgp", &message).unwrap();
    for file in ["calls.zip", "a.pgp"] {
        let before = scene.read(format!("store/{file}"));
        scene.ok(&format!(
            "share {file} -q -k customer.key -r partner.crt --in-place"
        ));
        let link = fs::read_link(scene.path(file)).unwrap();
        assert_eq!(link.to_str().unwrap(), format!("store/{file}"));
        assert!(scene.read(format!("store/{file}")) != before);
    }
    assert_eq!(scene.tree("store"), ["a.pgp", "calls.zip"]);
    opens(&scene, "calls.zip", "partner.key", &CALLS);
}

#[test]
fn an_archive_that_another_process_changes_is_left_alone() {
    let scene = packed();
    scene.write("a.pgp", scene.entry("calls.zip", "calls/a.txt.pgp"));
    for file in ["calls.zip", "a.pgp"] {
        let before = scene.read(file);
        let share = format!("callseal share {file} -k customer.key -r partner.crt");
        scene
            .bash(&format!("flock {file} {share} --in-place"))
            .exits(1)
            .complains(&[file, "another process is changing it"]);
        assert!(scene.read(file) == before);
        // It can be read meanwhile.
        scene
            .bash(&format!("flock {file} {share} -o new-{file}"))
            .exits(0);
        scene.bash(&format!("{share} --in-place")).exits(0);
    }
}

#[test]
fn of_two_who_share_at_the_same_time_none_undoes_what_the_other_did() {
    let scene = packed();
    for name in ["p1", "p2", "p3", "p4"] {
        scene.key_pair(name, P256);
    }
    let script = "
for n in 1 2 3 4; do
  callseal share calls.zip -q -k customer.key -r p$n.crt --in-place 2>said.$n && touch done.$n &
done
wait";
    scene.bash(script).exits(0);
    let done: Vec<u8> = (1..=4)
        .filter(|n| scene.exists(format!("done.{n}")))
        .collect();
    assert!(!done.is_empty());
    for n in 1..=4 {
        let opened = scene.line(&format!("cat calls.zip calls/a.txt -k p{n}.key"));
        match done.contains(&n) {
            true => drop(opened.exits(0)),
            false => {
                let said = scene.text(format!("said.{n}"));
                assert!(said.contains("another process is changing it"), "{said}");
                opened.exits(4);
            }
        }
    }
    tools_are_content(&scene, "calls.zip");
}

#[test]
fn a_dry_run_lists_what_would_change_and_writes_nothing() {
    let scene = packed();
    let fingerprint = |name: &str| scene.fingerprint(&format!("{name}.crt"));
    let before = snapshot(&scene);
    for target in ["", "--in-place", "-o out.zip"] {
        scene
            .ok(&format!(
                "share calls.zip -k customer.key -r partner.crt --remove vendor.crt --dry-run {target}"
            ))
            .says("would share 3 members; nothing was written")
            .prints(&format!(
                "calls/a.txt\n  added       {}\n  kept        {}\n  removed     {}\ncalls/b.txt\n",
                fingerprint("partner"),
                fingerprint("customer"),
                fingerprint("vendor")
            ));
        assert!(snapshot(&scene) == before, "{target}");
    }
    scene
        .line("share calls.zip -k partner.key -r partner.crt --dry-run")
        .exits(4);
}

#[test]
fn the_json_report_says_who_is_let_in_stays_and_is_taken_out() {
    let scene = packed();
    let fingerprint = |name: &str| scene.fingerprint(&format!("{name}.crt"));
    let line = "share calls.zip -k customer.key -r partner.crt --remove vendor.crt --json";
    let dry = scene.ok(&format!("{line} --dry-run")).json();
    assert_eq!(dry["output"], Value::Null);
    assert_eq!(dry["archive_bytes"], 0);
    let report = scene.ok(&format!("{line} -o out.zip")).json();
    assert_eq!(report["archive"], "calls.zip");
    assert_eq!(report["output"], "out.zip");
    assert_eq!(report["archive_bytes"], scene.read("out.zip").len());
    assert_eq!(report["indexed"], 3);
    assert_eq!(report["members"].as_array().unwrap().len(), 3);
    assert_eq!(report["members"], dry["members"]);
    assert_eq!(
        report["members"][0],
        json!({
            "name": "calls/a.txt",
            "added": [fingerprint("partner")],
            "renewed": [],
            "kept": [fingerprint("customer")],
            "removed": [fingerprint("vendor")],
            "anonymous": 0,
            "anonymous_removed": false,
        })
    );
    let refused = scene
        .line("share calls.zip -k partner.key -r partner.crt --json --in-place")
        .exits(4)
        .json();
    assert_eq!(refused["output"], Value::Null);
    assert_eq!(refused["failures"].as_array().unwrap().len(), 4);
}

#[test]
fn a_default_profile_lets_nobody_in() {
    let scene = packed();
    scene.write(
        "callseal.toml",
        "default-profile = \"p\"\n[profiles.p]\nrecipients = [\"partner.crt\"]\n",
    );
    scene.ok("share calls.zip -q -k customer.key --config callseal.toml -o same.zip");
    opens_nothing(&scene, "same.zip", "partner.key");
    scene.ok(
        "share calls.zip -q -k customer.key --config callseal.toml --remove vendor.crt -o less.zip",
    );
    opens_nothing(&scene, "less.zip", "partner.key");
    scene.ok("share calls.zip -q -k customer.key --config callseal.toml -p p -o more.zip");
    opens(&scene, "more.zip", "partner.key", &CALLS);
}

#[test]
fn an_output_is_never_overwritten_and_never_the_input() {
    let scene = packed();
    scene.write("out.zip", "mine");
    let share = "share calls.zip -k customer.key -r partner.crt";
    changes_nothing(
        &scene,
        &format!("{share} -o out.zip"),
        1,
        &["out.zip", "already exists"],
    );
    let before = snapshot(&scene);
    for options in ["", "--force"] {
        let line = format!("{share} -o calls.zip {options}");
        scene.line(&line).fails().says("calls.zip");
        assert!(snapshot(&scene) == before, "{options}");
    }
    scene.ok(&format!("{share} -q -o out.zip --force"));
    opens(&scene, "out.zip", "partner.key", &CALLS);
    scene.line(share).exits(2);
    scene.line(&format!("{share} -o x.zip --in-place")).exits(2);
    assert!(!scene.exists("x.zip"));
}

#[test]
fn all_members_that_can_not_be_shared_are_named_and_nothing_is_written() {
    let scene = packed();
    scene.ok("pack -q -o other.zip -r vendor.crt calls --index none");
    let members = ["calls.zip", "other.zip", "other.zip"];
    let members = CALLS.iter().zip(members).map(|((name, _), archive)| {
        let name = format!("{name}.pgp");
        Member::new(&name, &scene.entry(archive, &name))
    });
    scene.write("mixed.zip", zip(members).bytes());
    for jobs in [1, 4] {
        let line = format!("share mixed.zip -k customer.key -r partner.crt --in-place -j {jobs}");
        let before = snapshot(&scene);
        scene
            .line(&line)
            .exits(4)
            .complains(&["calls/b.txt", "it isn't sealed to your key"])
            .complains_with_hint(&["2 of 3 members can't be shared", "nothing was written"]);
        assert!(snapshot(&scene) == before);
    }
    scene.ok("share mixed.zip calls/a.txt -q -k customer.key -r partner.crt --in-place");
    opens(&scene, "mixed.zip", "partner.key", &CALLS[..1]);
}

#[test]
fn sharing_over_and_over_adds_up() {
    let scene = packed();
    for name in ["p1", "p2", "p3"] {
        scene.key_pair(name, P256);
        scene.ok(&format!(
            "share calls.zip -q -k customer.key -r {name}.crt --in-place"
        ));
    }
    for key in ["p1.key", "p2.key", "p3.key", "customer.key", "vendor.key"] {
        opens(&scene, "calls.zip", key, &CALLS);
    }
    scene.ok("share calls.zip -q -k p1.key --remove p2.crt --remove customer.crt --in-place");
    opens_nothing(&scene, "calls.zip", "p2.key");
    opens_nothing(&scene, "calls.zip", "customer.key");
    opens(&scene, "calls.zip", "p3.key", &CALLS);
    assert_eq!(scene.entries("calls.zip").len(), 4);
}
