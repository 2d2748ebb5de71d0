//! The fuzz targets, called with every kept input: `fuzz/seeds/` has one
//! directory for each target, and one archive of what fuzzing has found.

#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that can't go on has failed"
)]

use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use callseal::archive::Archive;

mod make_sealed;
#[path = "../../fuzz/src/lib.rs"]
mod targets;

/// Runs one at a time: the memory of one must not count for another.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

fn seeds() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds")
}

/// Returns the inputs of a target, each with its name.
fn inputs(target: &str) -> Vec<(String, Vec<u8>)> {
    let mut inputs = Vec::new();
    for entry in std::fs::read_dir(seeds().join(target)).unwrap() {
        let path = entry.unwrap().path();
        inputs.push((path.display().to_string(), std::fs::read(path).unwrap()));
    }
    let found = seeds().join(format!("{target}.zip"));
    let archive = Archive::open(std::fs::File::open(&found).unwrap()).unwrap();
    for member in archive.members() {
        let mut input = Vec::new();
        archive
            .read(member)
            .unwrap()
            .read_to_end(&mut input)
            .unwrap();
        inputs.push((
            format!("{}: {}", found.display(), member.stored_name()),
            input,
        ));
    }
    inputs
}

/// Checks that everything holds for every input.
#[track_caller]
fn holds(target: &str) {
    let _one = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let inputs = inputs(target);
    assert!(!inputs.is_empty());
    for (name, input) in inputs {
        let outcome = std::panic::catch_unwind(|| targets::check(target, &input));
        assert!(outcome.is_ok(), "{target} fails with {name}");
    }
}

macro_rules! targets {
    ($($test:ident: $target:literal,)*) => {
        $(#[test]
        fn $test() {
            holds($target);
        })*

        #[test]
        fn every_target_is_tested() {
            assert!(targets::targets().eq([$($target),*]));
        }
    };
}

targets! {
    archives_read_the_same_each_time: "archive",
    changed_archives_open_to_what_was_sealed_or_fail: "sealed_archive",
    changed_archives_count_as_signed_with_what_was_signed: "signed_archive",
    messages_read_the_same_each_time: "message",
    changed_messages_open_to_what_was_sealed_or_fail: "sealed_message",
    texts_open_in_every_layout_and_changed_ones_as_sealed_or_not: "text",
    key_files_read_the_same_each_time: "key_file",
    certificates_are_sealed_to_as_they_are_read: "certificate",
    configs_read_the_same_each_time: "config",
    fields_open_to_what_was_sealed: "fields",
    changed_documents_open_to_what_was_sealed_or_fail: "sealed_fields",
}

#[test]
#[should_panic(expected = "bytes of memory were taken")]
fn memory_over_the_cap_is_noticed() {
    let _one = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    targets::within(1000, || drop(std::hint::black_box(vec![0_u8; 2000])));
}
