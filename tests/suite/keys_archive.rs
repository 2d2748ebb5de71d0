//! `callseal keys --archive`: how many members each key opens.

use std::time::SystemTime;

use callseal::archive::{ArchiveWriter, MemberName};
use serde_json::{Value, json};

use crate::support::{P256, Scene};

/// Makes the keys of a customer (EC), a vendor (RSA), an auditor (EC) and a
/// stranger (EC), and a locked one without a certificate next to it.
fn parties() -> Scene {
    let scene = Scene::new();
    for (name, kind) in [
        ("customer", P256),
        ("vendor", "rsa:2048"),
        ("auditor", P256),
        ("stranger", P256),
    ] {
        scene.key_pair(name, kind);
    }
    scene.tool("openssl pkcs8 -topk8 -in auditor.key -passout pass:secret -out locked.key");
    scene
}

/// Packs `calls.zip`, each member sealed with its own arguments.
fn archive(scene: &Scene, members: &[&str]) {
    let mut writer = ArchiveWriter::new(std::io::Cursor::new(Vec::new()));
    for (number, arguments) in members.iter().enumerate() {
        let name = format!("{number}.txt");
        scene.write(&name, "said");
        scene.ok(&format!("seal -q -f {arguments} {name} -o message"));
        let name = MemberName::parse(&name).unwrap();
        let message = scene.read("message");
        writer.add(&name, SystemTime::now(), &message).unwrap();
    }
    let bytes = writer.finish().unwrap().into_inner();
    scene.write("calls.zip", bytes);
}

const BOTH: &str = "-r customer.crt -r vendor.crt";

/// Returns what each key and all keys together open of `calls.zip`.
#[track_caller]
fn reach(scene: &Scene, keys: &str) -> (Vec<Value>, Value) {
    let document = scene
        .ok(&format!("keys --json --archive calls.zip {keys}"))
        .json();
    let keys = document["keys"].as_array().unwrap();
    let each = keys.iter().map(|key| {
        let reach = &key["archives"][0];
        assert_eq!(reach["path"], "calls.zip");
        json!({ "opens": reach["opens"], "may_open": reach["may_open"] })
    });
    let each = each.collect();
    (each, document["archives"][0].clone())
}

#[test]
fn each_key_is_shown_with_the_number_of_members_it_opens() {
    let scene = parties();
    archive(
        &scene,
        &[
            BOTH,
            "-r vendor.crt -r customer.crt --format rfc4880",
            "-r vendor.crt",
            "-r vendor.crt --format rfc4880",
            "-r auditor.crt",
        ],
    );
    let keys = "-k customer.key -k vendor.key -k stranger.key -k locked.key";
    let (each, _) = reach(&scene, keys);
    assert_eq!(
        json!(each),
        json!([
            { "opens": 2, "may_open": 0 },
            { "opens": 4, "may_open": 0 },
            { "opens": 0, "may_open": 0 },
            { "opens": null, "may_open": null },
        ])
    );
    let text = scene
        .ok(&format!("keys --archive calls.zip {keys}"))
        .stdout();
    let lines: Vec<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("  archive      "))
        .collect();
    assert_eq!(
        lines,
        [
            "opens 2 of 5 members",
            "opens 4 of 5 members",
            "opens 0 of 5 members",
            "unknown while locked",
        ]
    );
    // Extraction agrees with the report.
    for (name, members) in [("customer", 2), ("vendor", 4)] {
        let line = format!("extract calls.zip -k {name}.key -C {name} --json");
        let extracted = scene.line(&line).exits(6).json();
        assert_eq!(extracted["extracted"], members, "{name}");
    }
}

#[test]
fn the_last_line_shows_what_all_keys_together_open() {
    let scene = parties();
    archive(&scene, &[BOTH, "-r vendor.crt", "-r auditor.crt"]);
    for (keys, line, facts) in [
        (
            "-k customer.key -k vendor.key",
            "your keys open 2 of 3 members; none of your keys opens 1",
            [2, 0, 1],
        ),
        (
            "-k customer.key -k locked.key",
            "your keys open 1 of 3 members; your locked keys may open 2 more",
            [1, 2, 0],
        ),
        (
            "-k auditor.key -k vendor.key",
            "your keys open 3 of 3 members",
            [3, 0, 0],
        ),
    ] {
        let text = scene
            .ok(&format!("keys --archive calls.zip {keys}"))
            .stdout();
        assert!(
            text.ends_with(&format!("\n\ncalls.zip: {line}\n")),
            "{text}"
        );
        let [opens, may_open, no_key] = facts;
        assert_eq!(
            reach(&scene, keys).1,
            json!({
                "path": "calls.zip",
                "members": 3,
                "opens": opens,
                "may_open": may_open,
                "no_key": no_key,
            })
        );
    }
}

#[test]
fn members_that_hide_their_recipients_are_counted_separately() {
    let scene = parties();
    scene.gpg("--quick-gen-key curve future-default - never");
    scene.gpg("--export-secret-keys --output gpg.key curve");
    archive(
        &scene,
        &[
            BOTH,
            "--hidden-recipients -r vendor.crt",
            "--hidden-recipients -r vendor.crt --format rfc4880",
            "--hidden-recipients -r customer.crt",
            "-r auditor.crt",
        ],
    );
    // An EC key can't open what is sealed only to an RSA key.
    let keys = "-k customer.key -k vendor.key -k stranger.key -k gpg.key";
    assert_eq!(
        json!(reach(&scene, keys).0),
        json!([
            { "opens": 1, "may_open": 1 },
            { "opens": 1, "may_open": 2 },
            { "opens": 0, "may_open": 1 },
            { "opens": 0, "may_open": 1 },
        ])
    );
    scene.ok("keys --archive calls.zip -k vendor.key").prints(
        "  archive      opens 1 of 5 members\n               \
         may open 2 more, which hide their recipients\n",
    );
    scene.ok("keys --archive calls.zip -k customer.key").prints(
        "  archive      opens 1 of 5 members\n               \
         may open 1 more, which hides its recipients\n",
    );
}

#[test]
fn a_key_named_next_to_a_hidden_one_opens_for_certain() {
    let scene = parties();
    for name in ["named", "hidden"] {
        scene.gpg(&format!("--quick-gen-key {name} rsa2048 encr never"));
        scene.gpg(&format!("--export-secret-keys --output {name}.gpg {name}"));
    }
    scene.write("a.txt", "said");
    scene.gpg("-r named -R hidden --output a.txt.pgp --encrypt a.txt");
    scene.tool("zip -q -0 calls.zip a.txt.pgp");
    let (each, _) = reach(&scene, "-k named.gpg -k hidden.gpg");
    assert_eq!(
        json!(each),
        json!([{ "opens": 1, "may_open": 0 }, { "opens": 0, "may_open": 1 }])
    );
}

#[test]
fn a_locked_key_counts_by_the_certificate_next_to_it() {
    let scene = parties();
    archive(
        &scene,
        &[
            "-r auditor.crt",
            "-r vendor.crt",
            "--hidden-recipients -r vendor.crt",
        ],
    );
    scene.write("locked.crt", scene.read("auditor.crt"));
    let (each, all) = reach(&scene, "-k locked.key");
    assert_eq!(json!(each), json!([{ "opens": 1, "may_open": 0 }]));
    assert_eq!(all["no_key"], 2);
}

#[test]
fn several_archives_are_shown_one_by_one() {
    let scene = parties();
    archive(&scene, &[BOTH, BOTH]);
    std::fs::rename(scene.path("calls.zip"), scene.path("a.zip")).unwrap();
    archive(&scene, &["-r vendor.crt"]);
    scene.write("broken.zip", "PK\x03\x04");
    let keys = "-k customer.key -k vendor.key";
    scene
        .ok(&format!("keys --archive a.zip --archive calls.zip {keys}"))
        .prints("  archive      a.zip: opens 2 of 2 members\n")
        .prints("  archive      calls.zip: opens 0 of 1 member\n")
        .prints(
            "\n\na.zip: your keys open 2 of 2 members\ncalls.zip: your keys open 1 of 1 member\n",
        );
    scene
        .line("keys -k customer.key --archive a.zip --archive calls.zip")
        .exits(4)
        .complains_with_hint(&["calls.zip: it isn't sealed to your key"]);
    // One that can't be read doesn't hide the others.
    scene
        .line(&format!("keys --archive broken.zip --archive a.zip {keys}"))
        .exits(5)
        .complains(&["broken.zip: "])
        .prints("a.zip: your keys open 2 of 2 members\n");
}

#[test]
fn an_archive_that_no_key_opens_is_status_4() {
    let scene = parties();
    archive(
        &scene,
        &[BOTH, "-r vendor.crt", "--hidden-recipients -r vendor.crt"],
    );
    for (keys, words) in [
        ("-k stranger.key", "it isn't sealed to your key"),
        (
            "-k stranger.key -k auditor.key",
            "it isn't sealed to any of your 2 keys",
        ),
    ] {
        let outcome = scene
            .line(&format!("keys --archive calls.zip {keys}"))
            .exits(4)
            .complains_with_hint(&["calls.zip: ", words, &scene.fingerprint("vendor.crt")])
            .says("hint: give the key of one of these recipients");
        // The keys are still listed.
        outcome
            .prints("stranger.key\n  private key, ")
            .prints("opens 0 of 3 members\n")
            .prints("calls.zip: your keys open none of the 3 members\n");
    }
    // One that may open it is enough.
    scene.ok("keys --archive calls.zip -k stranger.key -k locked.key");
    scene.key_pair("other", "rsa:2048");
    scene.ok("keys --archive calls.zip -k other.key").prints(
        "1 member hides its recipients; your keys may open it; none of your keys opens 2\n",
    );
    // A wrong certificate next to a locked key may be the cause, so it's a
    // hint.
    scene.write("locked.crt", scene.read("stranger.crt"));
    scene
        .line("keys --archive calls.zip -k locked.key")
        .exits(4)
        .says("; locked.key was judged by the certificate next to it");
}

#[test]
fn no_key_opens_a_message_for_a_passphrase_alone() {
    let scene = parties();
    scene.write("a.txt", "said");
    scene.gpg_with_passphrase("secret", "--symmetric --output a.txt.pgp a.txt");
    scene.tool("zip -q -0 calls.zip a.txt.pgp");
    scene
        .line("keys --archive calls.zip -k locked.key")
        .exits(4)
        .complains_with_hint(&["calls.zip: it is sealed with a passphrase and not to a key"]);
}

#[test]
fn an_archive_without_members_needs_no_key() {
    let scene = parties();
    archive(&scene, &[]);
    scene
        .ok("keys --archive calls.zip -k stranger.key")
        .prints("calls.zip: it has no members\n");
}

#[test]
fn a_damaged_member_is_reported_as_in_list() {
    let scene = parties();
    archive(&scene, &[BOTH, BOTH, BOTH]);
    let mut bytes = scene.read("calls.zip");
    let name = bytes.windows(9).position(|at| at == b"1.txt.pgp").unwrap();
    // The message comes after the local header's name and extra field.
    let extra = u16::from_le_bytes([bytes[name - 2], bytes[name - 1]]);
    bytes[name + 9 + usize::from(extra)] = b'x';
    scene.write("calls.zip", bytes);
    let listed = scene.line("list calls.zip -k vendor.key").exits(6);
    let outcome = scene
        .line("keys --archive calls.zip -k vendor.key")
        .exits(6)
        .complains(&["1.txt: "])
        .prints("opens 2 of 3 members\n")
        .prints("calls.zip: your keys open 2 of 3 members\n");
    assert_eq!(outcome.stderr(), listed.stderr());
    // The error that no key opens the others takes precedence.
    scene
        .line("keys --archive calls.zip -k stranger.key")
        .exits(4)
        .complains(&["1.txt: "])
        .complains_with_hint(&["calls.zip: it isn't sealed to your key"])
        .prints("calls.zip: your keys open none of the 3 members\n");
}

#[test]
fn an_archive_that_can_not_be_read_ends_the_command() {
    let scene = parties();
    scene
        .line("keys --archive missing.zip -k vendor.key")
        .exits(1)
        .complains(&["missing.zip"]);
    scene
        .line("keys --archive vendor.crt -k vendor.key")
        .exits(5)
        .complains_with_hint(&["vendor.crt"]);
}
