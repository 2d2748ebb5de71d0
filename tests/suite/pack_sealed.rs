//! `pack --sealed`: messages that are sealed already become an archive, without a
//! key that opens them; and nothing else does.

use crate::index_support::{entries, names};
use crate::support::packets::packets;
use crate::support::{Outcome, P256, Scene, content};

/// The recipients of nearly all messages here.
const BOTH: &str = "-r customer.crt -r vendor.crt";

/// The sealed files, with the lengths of what is in them and the formats.
const MESSAGES: [(&str, usize, &str); 4] = [
    ("calls/a.wav.pgp", 700_000, "rfc9580"),
    ("calls/b/empty.json.pgp", 0, "rfc9580"),
    ("calls/b/old.wav.pgp", 5000, "rfc4880"),
    ("calls/b/open.wav.p7m", 5000, "cms-gcm"),
];

impl Scene {
    /// Seals content as a file of its own for both parties, with more options.
    #[track_caller]
    fn seal_as(&self, name: &str, length: usize, options: &str) {
        let plain = format!("plain/{name}");
        let plain = plain.rsplit_once('.').unwrap().0;
        self.write(plain, content(length));
        self.write(name, "");
        self.ok(&format!("seal -q -f {options} {plain} -o {name}"));
    }

    /// Makes the parties, and messages of three formats.
    #[track_caller]
    fn with_messages() -> Self {
        let scene = Self::with_parties();
        for (name, length, format) in MESSAGES {
            scene.seal_as(name, length, &format!("{BOTH} --format {format}"));
        }
        scene
    }

    /// Makes the parties, and one message: `calls/a.wav.pgp`.
    #[track_caller]
    fn with_a_message() -> Self {
        let scene = Self::with_parties();
        scene.seal_as("calls/a.wav.pgp", 5000, BOTH);
        scene
    }

    /// Packs the messages, or says what is wrong.
    fn pack_sealed(&self, options: &str) -> crate::support::Run {
        self.line(&format!("pack --sealed -o all.zip {BOTH} {options} calls"))
    }

    /// Checks that the messages aren't packed, and why; nor by a dry run.
    #[track_caller]
    fn packs_nothing(&self, status: i32, words: &[&str]) -> Outcome {
        self.pack_sealed("--dry-run").exits(status).complains(words);
        let refused = self.pack_sealed("").exits(status).complains(words);
        assert!(!self.exists("all.zip"));
        assert!(!self.names().iter().any(|name| name.ends_with(".tmp")));
        refused
    }
}

#[test]
fn what_was_sealed_file_by_file_is_packed_and_each_key_extracts_it() {
    let scene = Scene::with_messages();
    scene.make_signer("server");
    scene
        .pack_sealed("--sign server.key")
        .exits(0)
        .says("packed 4 sealed messages (")
        .says(") for 2 recipients (customer, vendor) into all.zip (")
        .says(", signed by “server”");
    let mut packed = entries(&scene, "all.zip");
    packed.retain(|(name, _)| !name.starts_with("META-INF/"));
    assert_eq!(names(&packed), MESSAGES.map(|(name, ..)| name));
    for (name, message) in &packed {
        assert!(*message == scene.read(name), "{name}");
    }
    for key in ["customer.key", "vendor.key"] {
        scene.ok(&format!(
            "extract all.zip -k {key} --signer server.crt -C {key}.out"
        ));
        for (name, length, _) in MESSAGES {
            let file = name.rsplit_once('.').unwrap().0;
            assert!(
                scene.read(format!("{key}.out/{file}")) == content(length),
                "{name}"
            );
        }
    }
    scene.verifies("all.zip");
    scene.ok("verify all.zip -k vendor.key");
    scene.tool("unzip -tq all.zip");
}

#[test]
fn an_archive_that_was_taken_apart_is_packed_again() {
    let scene = Scene::with_parties();
    for name in ["calls/a.wav", "calls/sub/b.wav"] {
        scene.write(name, content(3000));
    }
    scene.ok(&format!("pack -q --index none {BOTH} calls -o first.zip"));
    scene.tool("unzip -q first.zip -d apart");
    scene
        .bash(&format!(
            "cd apart && callseal pack --sealed -q -o ../all.zip {} *",
            BOTH.replace("-r ", "-r ../")
        ))
        .exits(0);
    assert!(entries(&scene, "all.zip") == entries(&scene, "first.zip"));
    // The whole path is sealed in each of them.
    scene.ok("extract all.zip -k vendor.key -C out");
    assert_eq!(scene.read("out/calls/sub/b.wav"), content(3000));
}

#[test]
fn messages_of_gpg_and_openssl_are_packed() {
    let scene = Scene::with_parties();
    let file = content(100_000);
    scene.write("call.wav", &file);
    for name in ["customer", "vendor"] {
        scene.ok(&format!("export {name}.crt -k {name}.key -o {name}.asc"));
        scene.gpg(&format!("--import {name}.asc"));
    }
    std::fs::create_dir(scene.path("calls")).unwrap();
    for (name, options) in [("plain", "--compress-algo none"), ("zipped", "")] {
        scene.gpg(&format!(
            "{options} -r customer -r vendor --output calls/{name}.pgp --encrypt call.wav"
        ));
    }
    for (name, options) in [("der", ""), ("ber", "-stream")] {
        scene.tool(&format!(
            "openssl cms -encrypt -binary -aes-256-gcm {options} -in call.wav -outform DER \
             -out calls/{name}.p7m customer.crt vendor.crt"
        ));
    }
    scene
        .pack_sealed("")
        .exits(0)
        .says("packed 4 sealed messages");
    for key in ["customer.key", "vendor.key"] {
        scene.ok(&format!(
            "extract all.zip -k {key} -C {key}.out --accept-renamed"
        ));
        for name in ["plain", "zipped", "der", "ber"] {
            assert!(
                scene.read(format!("{key}.out/calls/{name}")) == file,
                "{name}"
            );
        }
    }
}

#[test]
fn what_is_not_sealed_is_never_packed() {
    let scene = Scene::with_a_message();
    let message = scene.read("calls/a.wav.pgp");
    let front = packets(&message).join().len() - packets(&message).sealed.len();
    scene.gpg("--quick-gen-key old rsa2048 encr never");
    scene.gpg("--export --output old.pub old");
    scene.write("call.wav", "a call");
    scene.gpg("--output store.pgp --store call.wav");
    scene.ok("pack -q -r customer.crt call.wav -o one.zip");
    let sed = [&message[..front], b"\xC9\x20", &[7; 32]].concat();
    let not_a_message = "neither an OpenPGP nor a CMS message";
    for (bytes, status, why) in [
        (b"RIFF....WAVEfmt ".to_vec(), 5, not_a_message),
        (content(5000), 5, not_a_message),
        (Vec::new(), 5, "the file is empty"),
        (
            scene.read("customer.crt"),
            5,
            "it is a certificate or public key, not a sealed message",
        ),
        (
            scene.read("customer.key"),
            5,
            "it is a private key, not a sealed message",
        ),
        (
            scene.read("old.pub"),
            5,
            "it is an OpenPGP certificate, not a sealed message",
        ),
        (
            scene.read("one.zip"),
            5,
            "it is a ZIP archive, not a sealed message",
        ),
        (scene.read("store.pgp"), 5, "it is not encrypted"),
        (message[..front].to_vec(), 5, "it is truncated"),
        ([&message[..front], b"a call"].concat(), 5, not_a_message),
        (message[..message.len() - 1].to_vec(), 5, "it is truncated"),
        (
            [&message[..], b"a call"].concat(),
            5,
            "something follows its sealed data",
        ),
        (
            [&message[..], &message].concat(),
            5,
            "something follows its sealed data",
        ),
        (sed, 5, "it has no integrity protection"),
    ] {
        scene.write("calls/b.wav.pgp", bytes);
        scene.packs_nothing(status, &["calls/b.wav.pgp: ", why]);
    }
}

#[test]
fn cms_messages_that_are_not_authenticated_or_not_whole_are_refused() {
    let scene = Scene::with_a_message();
    scene.seal_as("b.wav.p7m", 5000, &format!("{BOTH} --format cms-gcm"));
    let message = scene.read("b.wav.p7m");
    scene.rsa_pair("rsa");
    scene.seal_as("cbc.p7m", 10, "-r rsa.crt --format cms");
    scene.write("note", "signed");
    scene.make_signer("server");
    scene.tool("openssl cms -sign -nodetach -in note -outform DER -out signed -signer server.crt -inkey server.key");
    for (bytes, status, why) in [
        (scene.read("cbc.p7m"), 5, "it has no integrity protection"),
        (
            scene.read("signed"),
            4,
            "it is signed CMS data, not a sealed message",
        ),
        (message[..message.len() - 1].to_vec(), 5, "it is truncated"),
        (message[..message.len() / 2].to_vec(), 5, "it is truncated"),
        ([&message[..], b"\n"].concat(), 5, "something follows it"),
        (
            [&message[..], &message].concat(),
            5,
            "a second message follows the first",
        ),
    ] {
        scene.write("calls/b.wav.p7m", bytes);
        scene.packs_nothing(status, &["calls/b.wav.p7m: ", why]);
    }
}

#[test]
fn a_message_that_is_cut_off_anywhere_is_refused() {
    let scene = Scene::with_a_message();
    let message = scene.read("calls/a.wav.pgp");
    for length in (0..message.len()).step_by(message.len() / 24) {
        scene.write("calls/a.wav.pgp", &message[..length]);
        scene
            .pack_sealed("")
            .exits(5)
            .complains(&["calls/a.wav.pgp: "]);
        assert!(!scene.exists("all.zip"), "{length}");
    }
}

#[test]
fn only_names_of_messages_are_packed() {
    let scene = Scene::with_a_message();
    let message = scene.read("calls/a.wav.pgp");
    for name in [
        "calls/b.wav",
        "calls/b.wav.gpg",
        "calls/b.asc",
        "calls/.pgp",
    ] {
        scene.write(name, &message);
        scene
            .packs_nothing(
                2,
                &[
                    name,
                    "its name ends neither in .pgp (OpenPGP) nor in .p7m (CMS)",
                ],
            )
            .says("--include");
        scene.tool(&format!("rm {name}"));
    }
    scene.write("calls/b.wav.p7m", &message);
    scene.packs_nothing(2, &["calls/b.wav.p7m: ", "an OpenPGP message"]);
    scene.tool("rm calls/b.wav.p7m");
    // What a name ends in is read in any case.
    scene.write("calls/B.WAV.PGP", &message);
    scene.pack_sealed("").exits(0);
    assert_eq!(
        names(&entries(&scene, "all.zip")),
        ["calls/B.WAV.PGP", "calls/a.wav.pgp"]
    );
}

#[test]
fn a_message_as_text_is_refused_with_the_way_to_octets() {
    let scene = Scene::with_parties();
    for (name, options) in [
        ("calls/a.pgp", "--armor"),
        ("calls/a.pgp", "--armor=base64"),
        ("calls/a.p7m", "--armor --format cms-gcm"),
    ] {
        scene.seal_as(name, 100, &format!("{BOTH} {options}"));
        scene
            .packs_nothing(2, &[name, "it is a message as text, in armor or base64"])
            .says("gpg --dearmor");
        scene.tool(&format!("rm {name}"));
    }
    scene.seal_as("a.asc", 100, &format!("{BOTH} --armor --format rfc4880"));
    scene.tool("gpg --batch -o calls/a.pgp --dearmor a.asc");
    scene.pack_sealed("").exits(0);
}

#[test]
fn every_message_is_sealed_to_all_recipients_and_to_nobody_else() {
    let scene = Scene::with_a_message();
    scene.key_pair("stranger", P256);
    let stranger = scene.fingerprint("stranger.crt");
    let key_id = &stranger[24..];
    let serial = scene
        .tool("openssl x509 -noout -serial -in stranger.crt")
        .stdout();
    let serial = serial.trim().strip_prefix("serial=").unwrap();
    for (name, format, handle) in [
        ("calls/b.pgp", "rfc9580", &*stranger),
        ("calls/b.pgp", "rfc4880", key_id),
        ("calls/b.p7m", "cms-gcm", serial),
    ] {
        let with = |recipients: &str| {
            scene.seal_as(name, 100, &format!("{recipients} --format {format}"));
        };
        with("-r customer.crt");
        scene.packs_nothing(3, &[name, "it is not sealed to “vendor”"]);
        with(&format!("{BOTH} -r stranger.crt"));
        scene.packs_nothing(3, &[name, "it is also sealed to", handle]);
        with("-r customer.crt -r stranger.crt");
        scene.packs_nothing(3, &[name, "it is sealed to", handle, "and not to “vendor”"]);
        scene.tool(&format!("rm {name}"));
    }
}

#[test]
fn recipients_without_a_name_are_refused() {
    let scene = Scene::with_a_message();
    for format in ["rfc9580", "rfc4880"] {
        let options = format!("{BOTH} --hidden-recipients --format {format}");
        scene.seal_as("calls/b.pgp", 100, &options);
        scene.packs_nothing(3, &["calls/b.pgp: it hides a recipient"]);
    }
}

#[test]
fn a_message_that_a_passphrase_opens_is_refused() {
    let scene = Scene::with_a_message();
    scene.write("b", "a call");
    for name in ["customer", "vendor"] {
        scene.ok(&format!("export {name}.crt -k {name}.key -o {name}.asc"));
        scene.gpg(&format!("--import {name}.asc"));
    }
    scene.gpg_with_passphrase(
        "sesame",
        "--symmetric -r customer -r vendor --output calls/b.pgp --encrypt b",
    );
    scene.packs_nothing(3, &["calls/b.pgp: a passphrase opens it as well"]);
}

#[test]
fn another_certificate_over_the_same_key_is_the_same_recipient() {
    let scene = Scene::with_a_message();
    scene.tool("openssl req -x509 -key customer.key -days 9 -subj /CN=renewed -out renewed.crt");
    scene.ok("pack --sealed -q -o all.zip -r renewed.crt -r vendor.crt calls");
    // Those of CMS name the certificate.
    scene.seal_as("calls/a.p7m", 9, &format!("{BOTH} --format cms-gcm"));
    scene.tool("rm calls/a.wav.pgp");
    scene
        .line("pack --sealed -o cms.zip -r renewed.crt -r vendor.crt calls")
        .exits(3)
        .complains(&["calls/a.p7m: it is sealed to", "and not to “renewed”"]);
}

#[test]
fn recipients_are_required_and_checked_as_for_sealing() {
    let scene = Scene::with_a_message();
    scene
        .line("pack --sealed -o all.zip calls")
        .exits(2)
        .complains_with_hint(&["no recipient is given"]);
    scene.key_pair("gone", P256);
    scene.expired_certificate("gone");
    scene
        .line("pack --sealed -o all.zip -r customer.crt -r gone.crt calls")
        .exits(3)
        .complains(&["gone.crt"]);
    assert!(!scene.exists("all.zip"));
    scene.write(
        "callseal.toml",
        "[profiles.acme]\nrecipients = [\"customer.crt\", \"vendor.crt\"]\n",
    );
    scene.ok("pack --sealed -q -o all.zip --config callseal.toml -p acme calls");
}

#[test]
fn whoever_can_open_a_message_does_not_sign_the_archive() {
    let scene = Scene::with_parties();
    scene.self_signed("both").saying("").make();
    let line = "-r customer.crt -r both.crt";
    scene.seal_as("calls/a.pgp", 9, line);
    scene
        .line(&format!(
            "pack --sealed -o all.zip {line} --sign both.key calls"
        ))
        .exits(2)
        .complains_with_hint(&["both.key: its key belongs to the recipient “both”"]);
    assert!(!scene.exists("all.zip"));
}

#[test]
fn names_that_some_system_takes_for_one_are_refused() {
    let scene = Scene::with_a_message();
    let message = scene.read("calls/a.wav.pgp");
    scene.seal_as("sealed.p7m", 9, &format!("{BOTH} --format cms-gcm"));
    let cms = scene.read("sealed.p7m");
    for (other, bytes) in [
        ("calls/A.wav.pgp", &message),
        ("calls/a.wav.p7m", &cms),
        ("calls/a.wav.PGP", &message),
        ("calls/a.wav/b.pgp", &message),
    ] {
        scene.write(other, bytes);
        scene.packs_nothing(2, &["calls/a.wav.pgp", other, "would be the same member"]);
        scene.tool(&format!("rm -r {other}"));
        if other.ends_with("/b.pgp") {
            scene.tool("rmdir calls/a.wav");
        }
    }
    scene.write("META-INF/callseal/index.pgp", &message);
    scene
        .line(&format!("pack --sealed -o all.zip {BOTH} META-INF"))
        .exits(2)
        .complains_with_hint(&["META-INF/callseal/index.pgp: the name is in META-INF/callseal"]);
    scene
        .line(&format!("pack --sealed -o all.zip {BOTH} calls calls"))
        .exits(2)
        .complains(&["calls/a.wav.pgp: it is given twice"]);
    assert!(!scene.exists("all.zip"));
}

#[test]
fn options_for_sealing_and_hiding_have_no_meaning() {
    let scene = Scene::with_a_message();
    for option in [
        "--index none",
        "--hide-names",
        "--compress none",
        "--format rfc4880",
        "--hidden-recipients",
        "--sha256",
    ] {
        let name = option.split(' ').next().unwrap();
        scene
            .pack_sealed(option)
            .exits(2)
            .complains(&["--sealed", "cannot be used with", name]);
    }
    assert!(!scene.exists("all.zip"));
}

#[test]
fn no_messages_may_be_success() {
    let scene = Scene::with_a_message();
    scene
        .pack_sealed("--include *.none")
        .exits(1)
        .complains(&["no files to pack"])
        .says("--allow-empty");
    let outcome = scene
        .pack_sealed("--include *.none --allow-empty --json")
        .exits(0)
        .says("note: no files to pack, so no archive is written");
    assert_eq!(outcome.json()["members"].as_array().unwrap().len(), 0);
    assert!(!scene.exists("all.zip"));
    scene.pack_sealed("--allow-empty").exits(0);
    assert!(scene.exists("all.zip"));
}

#[test]
fn the_files_are_chosen_as_for_sealing() {
    let scene = Scene::with_messages();
    scene.write("calls/notes.txt", "not sealed");
    let packed = |options: &str| {
        scene.pack_sealed(&format!("-q -f {options}")).exits(0);
        let entries = entries(&scene, "all.zip");
        names(&entries).join(" ")
    };
    assert_eq!(packed("--include *.p7m"), "calls/b/open.wav.p7m");
    assert_eq!(packed("--exclude notes.txt --exclude b"), "calls/a.wav.pgp");
    scene
        .pack_sealed("--exclude notes.txt")
        .exits(1)
        .complains_with_hint(&["all.zip: it already exists"]);
    scene
        .line(&format!(
            "pack --sealed -qf -o all.zip {BOTH} --files-from -"
        ))
        .stdin("calls/a.wav.pgp\ncalls/b/old.wav.pgp\n")
        .exits(0);
    assert_eq!(entries(&scene, "all.zip").len(), 2);
    scene
        .pack_sealed("--include none")
        .exits(1)
        .complains(&["no files to pack"]);
}

#[test]
fn a_dry_run_lists_what_would_be_packed() {
    let scene = Scene::with_messages();
    let listed = scene
        .pack_sealed("--dry-run")
        .exits(0)
        .says("would pack 4 sealed messages")
        .says("nothing was written");
    let expected = MESSAGES.map(|(name, ..)| format!("{name}\n"));
    assert_eq!(listed.stdout(), expected.concat());
    assert!(!scene.exists("all.zip"));
}

#[test]
fn the_json_document_has_the_messages_and_their_formats() {
    let scene = Scene::with_messages();
    for option in ["", "--dry-run"] {
        let packed = scene
            .pack_sealed(&format!("-f --json {option}"))
            .exits(0)
            .json();
        let members = packed["members"].as_array().unwrap();
        assert_eq!(members.len(), 4);
        let bytes = scene.read("calls/a.wav.pgp").len();
        assert_eq!(members[0]["stored_name"], "calls/a.wav.pgp");
        assert_eq!(members[0]["sealed_bytes"], bytes);
        let formats = serde_json::json!(["rfc9580", "rfc4880", "cms-gcm"]);
        assert_eq!(packed["formats"], formats);
        assert_eq!(packed["recipients"][1]["label"], "vendor");
        let all: u64 = MESSAGES
            .map(|(name, ..)| scene.read(name).len() as u64)
            .iter()
            .sum();
        assert_eq!(packed["sealed_bytes"], all);
        match option {
            "" => assert_eq!(packed["archive_bytes"], scene.read("all.zip").len()),
            _ => assert_eq!(packed["dry_run"], true),
        }
    }
}

#[test]
fn an_earlier_archive_among_the_messages_is_left_out() {
    let scene = Scene::with_a_message();
    let line = format!("pack --sealed -o calls/all.zip {BOTH} calls");
    scene.ok(&line);
    scene.line(&format!("{line} -f")).exits(0).says("left out");
    assert_eq!(entries(&scene, "calls/all.zip").len(), 1);
}
