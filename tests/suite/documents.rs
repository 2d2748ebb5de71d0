//! The documents: their examples and those of the help run as written, their
//! links work, and the JSON schemas describe the output.

mod json;
mod links;
mod schema;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use sequoia_openpgp::Profile;
use sequoia_openpgp::cert::CipherSuite;

use crate::signing_peers::signer;
use crate::support::packets::packets;
use crate::support::{Scene, content};

/// A directory to type commands in, with the sample calls, and perhaps the keys
/// and certificates of a customer and a vendor.
struct Desk {
    scene: Scene,
    /// Kept apart from the files.
    home: Scene,
}

impl Desk {
    /// Makes one without keys.
    fn bare() -> Self {
        let desk = Self {
            scene: Scene::new(),
            home: Scene::new(),
        };
        desk.home.make_gnupg_home();
        let calls = repository().join("testdata/calls");
        // Copied without their dates: some examples need new files.
        desk.run(&format!("cp -r {} calls", calls.display()));
        desk
    }

    /// Makes the vendor's key with the passphrase in `vendor.pass`, or without
    /// one.
    fn new(locked: bool) -> Self {
        let desk = Self::bare();
        desk.scene.write("vendor.pass", "secret\n");
        desk.scene.key_pair("customer", "rsa:2048");
        if locked {
            desk.scene.locked_key_pair("vendor", "rsa:2048", "secret");
        } else {
            desk.scene.key_pair("vendor", "rsa:2048");
        }
        desk
    }

    /// Makes one with the keys of another.
    fn with_keys_of(other: &Self) -> Self {
        let desk = Self::bare();
        let from = other.scene.root().display();
        desk.run(&format!("cp {from}/customer.* {from}/vendor.* ."));
        desk
    }

    /// Runs a script in which `callseal` is the built program, and no command
    /// may fail.
    #[track_caller]
    fn run(&self, script: &str) -> String {
        self.scene
            .bash(&format!("set -euo pipefail\n{script}"))
            .env("HOME", self.home.root())
            .env("GNUPGHOME", self.home.path("gnupg"))
            .exits(0)
            .stdout()
    }

    /// Runs the examples of a document in order and returns their output.
    /// `least` is the least number of examples.
    #[track_caller]
    fn run_examples_of(&self, document: &str, least: usize) -> String {
        let text = read(document);
        let blocks = blocks(&text, "sh");
        assert!(blocks.len() >= least, "{document}: {}", blocks.len());
        blocks.into_iter().map(|block| self.run(block)).collect()
    }

    fn has(&self, path: &str) -> bool {
        self.scene.path(path).exists()
    }
}

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[track_caller]
fn read(document: &str) -> String {
    let path = repository().join(document);
    std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// Returns the documents in `docs/`, by their names there.
fn in_docs() -> BTreeSet<String> {
    let entries = std::fs::read_dir(repository().join("docs")).unwrap();
    let paths = entries.map(|entry| PathBuf::from(entry.unwrap().file_name()));
    let documents = paths.filter(|path| path.extension().is_some_and(|ending| ending == "md"));
    documents.map(|path| path.display().to_string()).collect()
}

/// Returns the blocks with this word after the fence.
fn blocks<'a>(text: &'a str, language: &str) -> Vec<&'a str> {
    let fence = format!("```{language}\n");
    text.split(&fence)
        .skip(1)
        .map(|rest| rest.split_once("\n```").unwrap().0)
        .collect()
}

#[test]
fn the_examples_of_the_readme_run() {
    let desk = Desk::bare();
    desk.run_examples_of("README.md", 1);
}

#[test]
fn the_examples_of_the_guide_run() {
    let desk = Desk::new(true);
    let output = desk.run_examples_of("docs/guide.md", 22);
    assert!(output.contains("packed; the calls may be deleted"));
    assert!(desk.has("only-metadata/calls/2026-03-14/agent-17"));
    assert!(!desk.has("only-metadata/calls/2026-03-15"));
    assert!(!desk.has("ticket-4711/calls/2026-03-14/agent-23/20260314-102247-0118/agent note.txt"));
    assert!(desk.has("for-the-vendor/calls/2026-03-15"));
    for some in ["from-the-archive", "by-the-grant", "by-name"] {
        assert!(desk.has(&format!("{some}/calls/2026-03-14/agent-17")));
        assert!(!desk.has(&format!("{some}/calls/2026-03-15")));
    }
}

#[test]
fn the_examples_of_interoperability_run() {
    Desk::new(true).run_examples_of("docs/interoperability.md", 3);
}

#[test]
fn the_examples_of_fields_run() {
    Desk::new(true).run_examples_of("docs/fields.md", 2);
}

#[test]
fn the_examples_of_recipients_run() {
    Desk::new(true).run_examples_of("docs/recipients.md", 3);
}

#[test]
fn the_examples_of_keys_run() {
    Desk::new(true).run_examples_of("docs/keys.md", 6);
}

#[test]
fn the_examples_of_listening_run() {
    let desk = Desk::new(false);
    desk.run("callseal pack -q -o calls.zip -r customer.crt calls");
    desk.run_examples_of("docs/listening.md", 1);
    assert!(desk.has("player.html"));
}

#[test]
fn the_vendors_guides_can_be_followed() {
    let desk = Desk::new(true);
    desk.run_examples_of("docs/vendors.md", 3);
    assert!(desk.has("lumenvox/opened/calls/2026-03-14/agent-17"));
    assert!(!desk.has("genesys-guide/by-key/GIR/metadata.json"));
    assert_eq!(
        desk.scene.text("genesys-guide/recording.wav"),
        "RIFF a call\n"
    );
    assert!(desk.has("putty/opened/calls/2026-03-14/agent-17"));
}

#[test]
fn the_examples_of_evidence_run() {
    let desk = Desk::new(false);
    let output = desk.run_examples_of("docs/evidence.md", 10);
    let claims = [
        "the same names, in the same order",
        "16 members are as they were signed, 0 are missing",
        "opened to the end: 16 members",
    ];
    for claim in claims {
        assert!(output.contains(claim), "{claim}");
    }
}

/// A program that reads a message in another way than GnuPG does could take what
/// was signed out of a message that opens to something else.
#[test]
fn the_check_of_an_origin_takes_no_forged_layout() {
    let desk = Desk::new(false);
    desk.run_examples_of("docs/evidence.md", 10);
    // A long one has partial lengths.
    desk.scene.write("some/a.bin", content(600_000));
    desk.scene.write("some/b.txt", "what was said");
    desk.scene.write("false/b.txt", "what was never said");
    desk.run(
        "callseal pack -o some.zip --format rfc4880 -r customer.crt --sign ivr-1.key some
         callseal share some.zip -k customer.key -r vendor.crt --signer ivr-1.crt -o shared.zip
         callseal pack -o false.zip --format rfc4880 -r vendor.crt false
         mkdir forged && cd forged && unzip -q ../shared.zip
         printf 'some/a.bin.pgp\nsome/b.txt.pgp\n' > ../members",
    );
    let check = |message: &[u8]| {
        desk.scene.write("forged/some/b.txt.pgp", message);
        let script = "cd forged && python3 ../check-origin.py < ../members";
        let checked = desk.scene.bash(script).outcome();
        (checked.status(), checked.stdout())
    };
    let message = desk.scene.entry("shared.zip", "some/b.txt.pgp");
    let passed = "2 members are as they were signed, 0 are missing\n";
    assert_eq!(check(&message), (Some(0), passed.to_owned()));
    let sealed = packets(&message).sealed;
    let other = desk.scene.entry("false.zip", "false/b.txt.pgp");
    let padding = [&[0xD5, 0xFF][..], &(sealed.len() as u32).to_be_bytes()].concat();
    let hidden = [&other[..], &padding, &sealed].concat();
    let jump = |before: usize| ((before + other.len() + padding.len()) as u32).to_be_bytes();
    for (front, why) in [
        // Length octets of the old packet format are taken for some of the new one.
        (
            [&[0x85, 0, 10, 3, 0, 0, 0, 0xD5, 0xFF][..], &jump(0)].concat(),
            "the old packet format",
        ),
        (
            [&[0xD5, 0xE2][..], &jump(1), &[0]].concat(),
            "a partial length",
        ),
        (
            [&[0xC1, 0xE2][..], &jump(1), &[0]].concat(),
            "a partial length of a recipient",
        ),
        (vec![0xD5, 0], "padding in front"),
        (vec![], "another message in front"),
    ] {
        let (status, shown) = check(&[&front[..], &hidden].concat());
        assert_ne!(status, Some(0), "{why}: {shown}");
        assert!(!shown.contains("as they were signed"), "{why}: {shown}");
    }
    for (message, why) in [
        ([&message[..], b"\n"].concat(), "something behind it"),
        (
            message[..message.len() - 1].to_vec(),
            "an end that is missing",
        ),
    ] {
        assert_ne!(check(&message).0, Some(0), "{why}");
    }
}

#[test]
fn the_examples_of_the_config_run() {
    Desk::new(true).run_examples_of("docs/config.md", 1);
}

#[test]
fn the_examples_of_the_service_run() {
    let output = Desk::new(true).run_examples_of("docs/service.md", 1);
    assert!(output.contains("-0001.zip"), "{output}");
}

#[test]
fn the_examples_of_the_format_run() {
    Desk::new(true).run_examples_of("docs/format.md", 1);
}

#[test]
fn an_archive_opens_without_callseal() {
    // The first Python on the path may not be the one that the system's
    // packages are for.
    const IMPORT: &str = "import cryptography.hazmat.primitives.ciphers.aead";
    let desk = Desk::new(true);
    let has_it = |python: &&str| {
        let run = desk.scene.program(python, ["-c", IMPORT]);
        run.outcome().status() == Some(0)
    };
    let python = ["python3", "/usr/bin/python3"].into_iter().find(has_it);
    let python = python.expect(
        "Python's package cryptography is not installed. It is in Debian's package \
         python3-cryptography: `make test` installs what the tests need",
    );
    let mut examples = String::new();
    for block in blocks(&read("docs/without-callseal.md"), "sh") {
        examples += &block.replace("python3 ", &format!("{python} "));
        examples += "\n";
    }
    desk.run(&examples);
}

#[test]
fn no_document_is_skipped() {
    let known = [
        "config.md",
        "evidence.md",
        "fields.md",
        "format.md",
        "guide.md",
        "interoperability.md",
        "json.md",
        "keys.md",
        "listening.md",
        "recipients.md",
        "service-protocol.md",
        "service.md",
        "vendors.md",
        "without-callseal.md",
    ];
    let known = BTreeSet::from(known.map(String::from));
    assert_eq!(in_docs(), known, "its examples need a test");
    assert_eq!(blocks(&read("docs/json.md"), "sh"), [""; 0]);
    for document in ["ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md"] {
        assert_eq!(blocks(&read(document), "sh"), [""; 0], "{document}");
    }
}

#[test]
fn the_guide_has_the_table_of_exit_statuses() {
    let desk = Desk::new(false);
    let help = desk.run("callseal --help");
    let (_, table) = help.split_once("Exit status:\n").unwrap();
    assert_eq!(blocks(&read("docs/guide.md"), "text")[0], table.trim_end());
}

/// Returns the lines below `Example:` or `Examples:` in a command's help.
fn examples(desk: &Desk, command: &str) -> Vec<String> {
    let help = desk.run(&format!("callseal {command} --help"));
    let lines = |text: &str| -> Vec<String> {
        text.lines()
            .take_while(|line| line.starts_with("  "))
            .map(|line| line.trim_start().to_owned())
            .collect()
    };
    if let Some((_, several)) = help.split_once("\nExamples:\n") {
        lines(several)
    } else if let Some((_, one)) = help.split_once("\nExample:\n") {
        vec![lines(one).join("\n")]
    } else {
        Vec::new()
    }
}

/// A shell's function that ends a player when its page has been fetched.
const PLAY: &str = "play() {
    callseal play \"$@\" >address &
    until [ -s address ]; do sleep 0.01; done
    curl -fsS -o page \"$(cat address)\"
    kill -TERM $!
    wait $!
}";

#[test]
fn the_examples_of_the_help_run() {
    const COMMANDS: [&str; 24] = [
        "pack",
        "list",
        "extract",
        "cat",
        "grep",
        "share",
        "grant",
        "sign",
        "verify",
        "convert",
        "seal",
        "open",
        "play",
        "player",
        "inspect",
        "fields",
        "keygen",
        "keys",
        "export",
        "check",
        "config",
        "watch",
        "completions",
        "man",
    ];
    let help = Desk::new(false);
    let listed = help.run("callseal --help");
    let listed = listed.lines().filter_map(|line| {
        let name = line.strip_prefix("  ")?.split(' ').next()?;
        (!name.is_empty() && name.chars().all(|c| c.is_ascii_lowercase()) && name != "help")
            .then_some(name)
    });
    assert!(listed.eq(COMMANDS), "another command has come");

    let mut run = 0;
    let nested = ["fields seal", "fields open"];
    for command in COMMANDS.into_iter().chain(nested) {
        for example in examples(&help, command) {
            let desk = Desk::with_keys_of(&help);
            desk.run(
                "mkdir keys etc
                cp customer.key keys/
                echo 'LOGGING_ENCRYPTION_KEY = ../customer.crt,../vendor.crt' > etc/client_property.conf
                printf '[profiles.acme]\nrecipients = [\"customer.crt\"]\n' > callseal.toml
                echo '<call/>' > calls/1001.xml
                echo 'a note' > note.txt",
            );
            match command {
                "grep" => drop(desk.run(
                    "echo 'a refund, to +49 30 1234' > calls/1001.json
                    callseal pack -o calls.zip -r customer.crt -r vendor.crt calls",
                )),
                "watch" => drop(desk.run(
                    "mkdir spool outbox && cp note.txt spool
                    printf '[[watch]]\nname = \"calls\"\nspool = \"spool\"\noutbox = \"outbox\"\nsettle = \"1s\"\ngrace = \"0s\"\n' >> callseal.toml",
                )),
                "pack" => drop(desk.run(
                    "mkdir sealed
                    callseal seal -r customer.crt -r vendor.crt note.txt -o sealed/note.txt.pgp",
                )),
                "seal" => drop(signer(&desk.scene, "ivr", Profile::RFC4880, CipherSuite::P256)),
                "convert" => drop(desk.run(
                    "openssl req -x509 -newkey rsa:2048 -nodes -keyout gir.key -out gir.crt -subj /CN=GIR 2>&1
                    openssl smime -encrypt -binary -aes256 -outform DER -in note.txt -out note.p7m gir.crt
                    zip -q GIR.zip note.p7m",
                )),
                "sign" | "verify" => {
                    desk.run(
                        "callseal keygen --sign --name server --no-passphrase
                        mv customer.key customer-opens.key
                        callseal keygen --sign --name customer --out signing --no-passphrase
                        cp signing/customer.* .
                        printf '[profiles.acme]\nrecipients = [\"vendor.crt\"]\nsigners = [\"server.crt\"]\n' > callseal.toml
                        callseal pack -o calls.zip -r vendor.crt calls --sign server.key
                        cp calls.zip 2026-01.zip",
                    );
                    if example.contains("sign calls.zip --sign server.key") {
                        desk.run("callseal pack -f -o calls.zip -r vendor.crt calls");
                    }
                }
                "share" | "grant" => {
                    desk.run(
                        "echo a call > calls/1001.wav
                        callseal pack -o calls.zip -r customer.crt -r vendor.crt calls",
                    );
                    if example.starts_with("callseal extract") {
                        desk.run(
                            "callseal grant calls.zip 1001.wav -k customer.key -r vendor.crt \
                            -o three-calls.grant",
                        );
                    }
                }
                "open" => {
                    signer(&desk.scene, "ivr", Profile::RFC4880, CipherSuite::P256);
                    desk.run("callseal seal -r vendor.crt --sign ivr.key note.txt && rm note.txt");
                }
                "fields seal" => {
                    let call = r#"{"caller":{"number":1},"transcript":"","cards":[{"pan":1}]}"#;
                    desk.scene.write("calls.ndjson", format!("{call}\n"));
                }
                "fields open" => {
                    desk.run("echo '{\"transcript\":1}' | callseal fields seal --fields transcript -r vendor.crt >sealed.ndjson");
                }
                _ => {
                    drop(desk.run("callseal pack -o calls.zip -r customer.crt -r vendor.crt calls"))
                }
            }
            // Examples that write where only root may, that need a terminal, or that go on
            // until a signal.
            let example = example
                .replace("callseal play ", &format!("{PLAY}\nplay "))
                .replace("/etc/lumenvox/", "etc/")
                .replace("/etc/bash_completion.d/", "etc/")
                .replace("| less", "| cat")
                .replace("keygen ", "keygen --no-passphrase ");
            desk.run(&format!(
                "export CALLSEAL_CONFIG=$PWD/callseal.toml\n{example}"
            ));
            run += 1;
        }
    }
    assert!(run >= 31, "{run}");
}

#[test]
fn the_man_pages_are_up_to_date() {
    let desk = Desk::bare();
    desk.run("callseal man -q --out new");
    let pages = |directory: PathBuf| -> BTreeMap<String, String> {
        let files = std::fs::read_dir(directory).unwrap().map(|file| {
            let path = file.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            (name, std::fs::read_to_string(path).unwrap())
        });
        files.collect()
    };
    let (kept, new) = (
        pages(repository().join("man")),
        pages(desk.scene.path("new")),
    );
    assert!(
        kept == new,
        "the man pages are out of date: run `make man` and commit man/"
    );
}
