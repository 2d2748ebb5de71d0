//! See `src/signed_archive.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| callseal_fuzz::check("signed_archive", input));
