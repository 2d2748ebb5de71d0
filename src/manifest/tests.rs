use std::io::{Read, Write};
use std::time::{Duration, UNIX_EPOCH};

use super::*;
use crate::message::MessageSink;

fn written(entries: &[(&str, Hashes)]) -> String {
    let directory = tempfile::tempdir().unwrap();
    let time = UNIX_EPOCH + Duration::from_secs(1_800_000_000);
    let mut writer = ManifestWriter::new(time, directory.path()).unwrap();
    for (name, hashes) in entries {
        writer.push(name, hashes).unwrap();
    }
    let (mut manifest, length) = writer.finish().unwrap();
    let mut text = String::new();
    manifest.read_to_string(&mut text).unwrap();
    assert_eq!(text.len() as u64, length);
    text
}

fn read(text: &str) -> Result<Vec<ListedEntry>, ManifestFault> {
    let mut reader = ManifestReader::new(text.as_bytes())?;
    let mut entries = Vec::new();
    while let Some(entry) = reader.next()? {
        entries.push(entry);
    }
    Ok(entries)
}

const MESSAGE: Hashes = Hashes {
    entry: [0xA1; 32],
    sealed: Some([0xB2; 32]),
};
const FILE: Hashes = Hashes {
    entry: [0xC3; 32],
    sealed: None,
};

#[test]
fn what_is_written_is_read() {
    let text = written(&[
        ("a.wav.pgp", MESSAGE),
        ("read me.txt", FILE),
        ("b.pgp", MESSAGE),
    ]);
    let names: Vec<_> = read(&text).unwrap();
    assert_eq!(names.len(), 3);
    assert_eq!(names[0].name, "a.wav.pgp");
    assert_eq!(names[0].hashes, MESSAGE);
    assert_eq!(names[1].name, "read me.txt");
    assert_eq!(names[1].hashes, FILE);
    let reader = ManifestReader::new(text.as_bytes()).unwrap();
    let time = UNIX_EPOCH + Duration::from_secs(1_800_000_000);
    assert_eq!(reader.head().time, time);
}

#[test]
fn two_manifests_of_the_same_entries_differ() {
    assert_ne!(written(&[("a", FILE)]), written(&[("a", FILE)]));
}

#[test]
fn a_manifest_longer_than_the_memory_for_it_is_read() {
    let names: Vec<String> = (0..20_000).map(|i| format!("calls/{i}.wav.pgp")).collect();
    let entries: Vec<_> = names.iter().map(|name| (name.as_str(), MESSAGE)).collect();
    let read = read(&written(&entries)).unwrap();
    assert!(read.iter().map(|entry| &entry.name).eq(&names));
}

#[test]
fn a_name_that_sha256sum_would_read_as_another_is_not_held() {
    for name in ["", "-", "a\\b", "a\nb", "a\r", "a\0b"] {
        assert!(unfit_name(name).is_some(), "{name:?}");
    }
    for name in ["a", " a", "*a", "# sealed", "Gespräch 1.wav.pgp"] {
        assert!(unfit_name(name).is_none(), "{name:?}");
        let text = written(&[(name, MESSAGE)]);
        assert_eq!(read(&text).unwrap()[0].name, name);
    }
}

#[test]
fn anything_else_is_refused_with_its_line() {
    let text = written(&[("a", MESSAGE), ("b", FILE)]);
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let without = |number: usize| {
        let mut lines = lines.clone();
        lines.remove(number - 1);
        lines.concat()
    };
    let fault = |text: &str| read(text).unwrap_err().to_string();
    assert_eq!(fault(""), "doesn't begin as a manifest of callseal does");
    assert_eq!(
        fault(&without(1)),
        "doesn't begin as a manifest of callseal does"
    );
    // A line of sealed data belongs to the line before.
    assert_eq!(fault(&without(2)), "is malformed in line 2");
    assert_eq!(fault(&text.replace("  b", " b")), "is malformed in line 4");
    assert_eq!(
        fault(&text.replace("c3c3c3", "C3c3c3")),
        "is malformed in line 4"
    );
    assert_eq!(
        fault(&format!("{text}# a remark\n")),
        "is malformed in line 5"
    );
    assert_eq!(
        fault(text.strip_suffix('\n').unwrap()),
        "ends in the middle of line 4"
    );
    let head = text.replace(" 1 archive", " 2 archive");
    assert_eq!(fault(&head), "doesn't begin as a manifest of callseal does");
    let long = format!("{text}{}", "a".repeat(100_000));
    assert_eq!(fault(&long), "is malformed in line 5");
}

#[test]
fn sealed_data_are_hashed_from_where_they_begin() {
    let mut hasher = Hasher::new();
    hasher.write_all(b"front").unwrap();
    hasher.begin_sealed();
    hasher.write_all(b"sealed").unwrap();
    let hashes = hasher.finish();
    assert_eq!(hashes.entry, openssl::sha::sha256(b"frontsealed"));
    assert_eq!(hashes.sealed, Some(openssl::sha::sha256(b"sealed")));
    let mut hasher = Hasher::new();
    hasher.write_all(&[7; 100_000]).unwrap();
    let hashes = hasher.finish();
    assert_eq!(hashes.entry, openssl::sha::sha256(&[7; 100_000]));
    assert_eq!(hashes.sealed, None);
}
