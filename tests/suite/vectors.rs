//! Old messages always open: every entry of `testdata/vectors/*/index.toml`
//! still does what the index says.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use openssl::sha::sha256;
use serde::Deserialize;

use crate::support::{Outcome, Run, Scene};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Index {
    vector: Vec<Vector>,
}

/// One entry: a message, an archive or a certificate.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Vector {
    file: String,
    /// Its purpose, in a sentence.
    shows: String,
    /// The keys, each of which must open it alone.
    #[serde(default)]
    keys: Vec<String>,
    passphrase: Option<String>,
    #[serde(default)]
    arguments: Vec<String>,
    /// The exit status.
    status: i32,
    /// The SHA-256 of a message's content.
    sha256: Option<String>,
    /// The SHA-256 of the members that must come out of an archive; no others
    /// may.
    #[serde(default)]
    members: BTreeMap<String, String>,
    /// The fingerprint of the certificate's key.
    fingerprint: Option<String>,
    /// The signers, for each of whom alone the archive is verified without a key.
    #[serde(default)]
    signers: Vec<String>,
    /// Who has signed the archive.
    #[serde(default)]
    signed_by: Vec<String>,
    /// Who has signed the archive that it was shared from.
    #[serde(default)]
    origin_signed_by: Vec<String>,
    /// The number of members that they have signed and that are missing.
    origin_missing: Option<u64>,
}

struct Set {
    directory: PathBuf,
    vectors: Vec<Vector>,
}

fn sets() -> Vec<Set> {
    let vectors = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/vectors");
    let mut sets: Vec<Set> = std::fs::read_dir(vectors)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .map(|directory| {
            let text = std::fs::read_to_string(directory.join("index.toml")).unwrap();
            let index: Index = toml::from_str(&text).unwrap();
            Set {
                directory,
                vectors: index.vector,
            }
        })
        .collect();
    sets.sort_by(|a, b| a.directory.cmp(&b.directory));
    assert!(!sets.is_empty());
    sets
}

/// Runs the program, which must neither panic nor die of a signal.
#[track_caller]
fn callseal(directory: &Path, arguments: &[&str]) -> Outcome {
    run(Run::new(Run::CALLSEAL, directory), arguments)
}

/// Runs it on a day on which the certificates are valid, whatever the current
/// day is.
#[track_caller]
fn callseal_in_their_time(directory: &Path, arguments: &[&str]) -> Outcome {
    let clock = ["-f", "@2030-01-02 12:00:00", Run::CALLSEAL];
    run(Run::new("faketime", directory).args(clock), arguments)
}

#[track_caller]
fn run(program: Run, arguments: &[&str]) -> Outcome {
    let outcome = program
        .env("CALLSEAL_CONFIG", "/dev/null")
        .args(arguments)
        .outcome();
    assert!(!outcome.stderr().contains("panicked"), "{outcome}");
    outcome
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Returns the files below a directory with the SHA-256 of their content.
fn files_below(directory: &Path) -> BTreeMap<String, String> {
    walkdir::WalkDir::new(directory)
        .into_iter()
        .filter_map(Result::ok)
        .filter(|entry| entry.file_type().is_file())
        .map(|entry| {
            let name = entry.path().strip_prefix(directory).unwrap();
            let content = std::fs::read(entry.path()).unwrap();
            (name.to_str().unwrap().to_owned(), hex(&sha256(&content)))
        })
        .collect()
}

/// Opens a message or extracts an archive with one key, and compares what
/// came out, and with which status.
fn check(set: &Set, vector: &Vector, key: &str) {
    let scene = Scene::new();
    // The directory is deeper than needed, so that `..` leads to a place that
    // is checked.
    let out = scene.path("deep/out");
    std::fs::create_dir_all(&out).unwrap();
    let passphrase = scene.path("passphrase");
    let is_archive = vector.file.ends_with(".zip");
    let target = if is_archive {
        out.clone()
    } else {
        out.join("message")
    };
    let target = target.to_str().unwrap();
    let mut arguments = vec![vector.file.as_str(), "-k", key];
    arguments.splice(
        0..0,
        if is_archive {
            ["extract", "-C", target]
        } else {
            ["open", "-o", target]
        },
    );
    if let Some(text) = &vector.passphrase {
        scene.write("passphrase", text);
        arguments.extend(["--passphrase-file", passphrase.to_str().unwrap()]);
    }
    arguments.extend(vector.arguments.iter().map(String::as_str));
    let outcome = callseal(&set.directory, &arguments);

    let what = format!(
        "{} with {key} ({}): {outcome}",
        set.directory.join(&vector.file).display(),
        vector.shows,
    );
    assert_eq!(outcome.status(), Some(vector.status), "{what}");
    let mut expected = vector.members.clone();
    if let Some(sha256) = &vector.sha256 {
        expected.insert("message".into(), sha256.clone());
    }
    assert_eq!(files_below(&out), expected, "{what}");
    std::fs::remove_file(&passphrase).ok();
    assert_eq!(files_below(scene.root()).len(), expected.len(), "{what}");
}

/// Seals to a certificate, and compares its fingerprint: messages name it, so a
/// key with a changed fingerprint no longer finds its messages.
fn check_certificate(set: &Set, vector: &Vector) {
    let scene = Scene::new();
    let message = scene.path("message");
    let arguments = [
        "seal",
        "--json",
        "-r",
        &vector.file,
        "index.toml",
        "-o",
        message.to_str().unwrap(),
    ];
    let outcome = callseal_in_their_time(&set.directory, &arguments);
    let what = format!("{} ({}): {outcome}", vector.file, vector.shows);
    assert_eq!(outcome.status(), Some(vector.status), "{what}");
    assert_eq!(message.exists(), vector.status == 0, "{what}");
    if vector.status != 0 {
        assert!(outcome.stderr().contains(&vector.file), "{what}");
        return;
    }
    let facts = outcome.json();
    let fingerprint = facts.pointer("/recipients/0/fingerprint");
    assert_eq!(
        fingerprint.and_then(|value| value.as_str()),
        vector.fingerprint.as_deref(),
        "{what}"
    );
}

/// Verifies an archive for one signer, without a key.
fn check_signatures(set: &Set, vector: &Vector, signer: &str) {
    let arguments = ["verify", "--json", &vector.file, "--signer", signer];
    let outcome = callseal_in_their_time(&set.directory, &arguments);
    let what = format!("{} by {signer} ({}): {outcome}", vector.file, vector.shows);
    assert_eq!(outcome.status(), Some(vector.status), "{what}");
    let facts = outcome.json();
    let fact = |name: &str| &facts["archives"][0][name];
    let names = |name: &str| -> Vec<String> {
        let signers = fact(name).as_array().into_iter().flatten();
        let names = signers.map(|signer| signer["signer"].as_str().unwrap().to_owned());
        names.collect()
    };
    assert_eq!(fact("holds"), vector.status == 0, "{what}");
    assert_eq!(names("signed_by"), vector.signed_by, "{what}");
    assert_eq!(names("origin_signed_by"), vector.origin_signed_by, "{what}");
    assert_eq!(
        fact("origin_missing").as_u64(),
        vector.origin_missing,
        "{what}"
    );
}

#[test]
fn every_message_and_archive_matches_its_index() {
    for set in sets() {
        for vector in &set.vectors {
            for key in &vector.keys {
                check(&set, vector, key);
            }
        }
    }
}

#[test]
fn every_certificate_matches_its_index() {
    for set in sets() {
        let without = |vector: &&Vector| vector.keys.is_empty() && vector.signers.is_empty();
        for vector in set.vectors.iter().filter(without) {
            check_certificate(&set, vector);
        }
    }
}

#[test]
fn every_signature_matches_its_index() {
    let mut refused = 0;
    for set in sets() {
        for vector in &set.vectors {
            for signer in &vector.signers {
                check_signatures(&set, vector, signer);
                refused += u32::from(vector.status == 5);
            }
        }
    }
    assert!(refused > 20, "{refused}");
}

#[test]
fn every_file_is_in_its_index_or_is_a_key_of_it() {
    for set in sets() {
        for file in files_below(&set.directory).keys() {
            let listed = set.vectors.iter().any(|vector| {
                let keys = vector.keys.iter().chain(&vector.signers);
                let others = keys.chain(&vector.arguments);
                vector.file == *file || others.into_iter().any(|other| other == file)
            });
            assert!(
                listed || file == "index.toml",
                "{}/{file} is in no entry",
                set.directory.display()
            );
        }
    }
}

#[test]
fn messages_by_openpgp_js_open() {
    let scene = Scene::new();
    let vectors = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/openpgpjs");
    for entry in std::fs::read_dir(&vectors).unwrap() {
        let entry = entry.unwrap();
        let content = std::fs::read(entry.path()).unwrap();
        scene.write_private(Path::new(&entry.file_name()), content);
    }
    scene.write_private("secret", "secret");
    for (message, key) in [
        ("m5-ocb.pgp", "-k a5.key"),
        ("m6-ocb.pgp", "-k a6.key"),
        ("m6-gcm.pgp", "-k a6.key"),
        ("m6-ocb.pgp", "-k a6-iter.key --passphrase-file secret"),
        ("m6-gcm.pgp", "-k a6-argon.key --passphrase-file secret"),
        ("m6-pw-iter.pgp", "--passphrase-file secret"),
        ("m6-pw-argon.pgp", "--passphrase-file secret"),
    ] {
        let opened = scene.ok(&format!("open {message} {key} -o -"));
        assert_eq!(opened.stdout(), "hello\n", "{message} {key}");
    }
    scene
        .line("open m5-eax.pgp -k a5.key -o -")
        .exits(4)
        .complains_with_hint(&["m5-eax.pgp: it uses AES-256 with EAX, which is not supported"]);
}
