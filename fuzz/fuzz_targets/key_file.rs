//! See `src/key_file.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| callseal_fuzz::check("key_file", input));
