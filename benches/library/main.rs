//! The time that the library needs for one file, in memory.
//! `scripts/compare.sh` measures whole programs.

#![allow(
    clippy::unwrap_used,
    reason = "a benchmark that can't go on has failed"
)]
#![allow(missing_docs, reason = "benchmarks have no readers of docs")]

mod archives;
mod common;
mod fields;
mod messages;
mod private_keys;

use criterion::{criterion_group, criterion_main};

criterion_group!(
    benches,
    messages::messages,
    archives::listing,
    fields::fields,
    private_keys::private_keys
);
criterion_main!(benches);
