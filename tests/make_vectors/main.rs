//! Writes this version's set of test vectors. An existing set stays as it is:
//! it shows that later versions still open what an earlier one wrote.
//!
//! For a new version: `cargo test --test make_vectors -- --ignored`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that can't go on has failed"
)]

mod bad_archives;
mod bad_messages;
mod bad_signatures;
mod good;
mod keys;
mod maker;
mod sharing;
mod signing;
#[path = "../support/mod.rs"]
mod support;

use std::path::Path;

use maker::Maker;
use support::Scene;

/// The passphrase of every locked key.
const PASSPHRASE: &str = "correct horse";

/// The days to 2046 and beyond: the vectors should outlive us.
const DAYS: &str = "7300";

#[test]
#[ignore = "writes testdata/vectors anew"]
fn write_the_vectors_of_this_version() {
    let mut maker = maker(env!("CARGO_PKG_VERSION"));
    keys::keys(&maker);
    keys::certificates(&mut maker);
    let text = "2026-03-14 09:15:02 agent-17 recognised \"yes\" confidence 0.93\n"
        .repeat(8)
        .into_bytes();
    good::messages(&mut maker, &text);
    good::archives(&mut maker, &text);
    bad_messages::messages(&mut maker, &text);
    bad_archives::archives(&mut maker, &text);
    maker.write("index.toml", &maker.index);
}

#[test]
#[ignore = "writes testdata/vectors/sharing anew"]
fn write_the_vectors_of_sharing() {
    let mut maker = maker("sharing");
    sharing::archives(&mut maker);
    maker.write("index.toml", &maker.index);
}

#[test]
#[ignore = "writes testdata/vectors/signing anew"]
fn write_the_vectors_of_signing() {
    let mut maker = maker("signing");
    signing::keys(&maker);
    signing::good(&mut maker);
    bad_signatures::archives(&mut maker);
    signing::remove_keys(&maker);
    maker.write("index.toml", &maker.index);
}

/// Begins a new set.
fn maker(set: &str) -> Maker {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("testdata/vectors")
        .join(set);
    assert!(
        !directory.exists(),
        "{} is there already, and is to stay as it is",
        directory.display()
    );
    std::fs::create_dir_all(&directory).unwrap();
    let scratch = Scene::new();
    // No special settings: keys are locked as GnuPG does it by default.
    std::fs::create_dir(scratch.path("gnupg")).unwrap();
    Maker {
        directory,
        scratch,
        index: format!(
            "# Written by callseal {}. Every later version does with each file what stands\n\
             # here: with each of the keys alone, or without keys as a recipient. status is\n\
             # the exit status, sha256 that of the content, members those that come out. With\n\
             # signers, it verifies the archive without a key.\n",
            env!("CARGO_PKG_VERSION")
        ),
    }
}
