//! Checks that must hold for callseal whatever bytes it is given.
//!
//! Each target is one function that takes the bytes and panics if something
//! does not hold. libFuzzer calls it (`fuzz_targets/`), and so do the ordinary
//! tests (`tests/fuzz_corpus/`) with all inputs that are kept.
//!
//! | target | the input is | what must hold |
//! |---|---|---|
//! | `archive` | an archive | reading it twice, and in pieces, gives the same; what was read can be written and read again; names are safe |
//! | `sealed_archive` | changes to an archive that callseal packed | a member opens to what was sealed under its name, or fails |
//! | `signed_archive` | changes to an archive that was signed | it counts as signed only with the entries and the sealed data that were signed |
//! | `message` | a message | as for archives; what opens as authentic is known to have been sealed |
//! | `sealed_message` | changes to a sealed message | it opens to what was sealed, or fails |
//! | `text` | a layout, and changes to a message in it | every layout opens; changed, as for messages |
//! | `key_file` | a private key file | reading it twice gives the same; what it exports is the same key; it opens a message to what was sealed, or not |
//! | `certificate` | a certificate, a CA or a CRL | reading it twice gives the same; what is sealed to it names each of its keys |
//! | `config` | a config | reading it twice gives the same, as do marks and comments around it |
//! | `fields` | a selection and JSON documents | what was sealed opens to the same bytes |
//! | `sealed_fields` | changes to a sealed document | required values are what was sealed, or it fails |
//!
//! All of them hold memory under a cap, which grows with the input at most in
//! proportion.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a target that can't go on has found something"
)]

use openssl::error::ErrorStack;

mod archive;
mod certificate;
mod config;
mod edits;
mod fields;
mod key_file;
mod memory;
mod message;
mod opening;
mod pieces;
mod scratch;
pub mod sealed;
mod sealed_archive;
mod sealed_fields;
mod sealed_message;
mod signed_archive;
mod text;

pub use memory::within;

/// One target.
struct Target {
    name: &'static str,
    check: fn(&[u8]),
    /// The memory that it may take: a number of bytes, and a number for each
    /// byte of the input.
    memory: (usize, usize),
}

const KIB: usize = 1 << 10;
const MIB: usize = 1 << 20;

const TARGETS: [Target; 11] = [
    Target {
        name: "archive",
        check: archive::check,
        memory: (8 * MIB, 32),
    },
    Target {
        name: "sealed_archive",
        check: sealed_archive::check,
        memory: (8 * MIB, 32),
    },
    Target {
        name: "signed_archive",
        check: signed_archive::check,
        memory: (16 * MIB, 64),
    },
    Target {
        name: "message",
        check: message::check,
        memory: (16 * MIB, 32),
    },
    Target {
        name: "sealed_message",
        check: sealed_message::check,
        memory: (16 * MIB, 32),
    },
    Target {
        name: "text",
        check: text::check,
        memory: (16 * MIB, 32),
    },
    Target {
        name: "key_file",
        check: key_file::check,
        memory: (MIB, 64),
    },
    Target {
        name: "certificate",
        check: certificate::check,
        memory: (MIB, 64),
    },
    Target {
        name: "config",
        check: config::check,
        memory: (256 * KIB, 256),
    },
    Target {
        name: "fields",
        check: fields::check,
        memory: (16 * MIB, 256),
    },
    Target {
        name: "sealed_fields",
        check: sealed_fields::check,
        memory: (MIB, 64),
    },
];

/// Checks an input of the target with this name.
///
/// # Panics
///
/// If a check fails.
pub fn check(target: &str, input: &[u8]) {
    let target = TARGETS.iter().find(|known| known.name == target);
    let target = target.expect("a target");
    sealed::prepare();
    let (fixed, per_byte) = target.memory;
    memory::within(fixed + per_byte * input.len(), || (target.check)(input));
    // The queue of one input must not change the errors of the next.
    drop(ErrorStack::get());
}

/// Returns the names of the targets.
pub fn targets() -> impl Iterator<Item = &'static str> {
    TARGETS.iter().map(|target| target.name)
}
