//! See `src/text.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| callseal_fuzz::check("text", input));
