//! See `src/sealed_message.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| callseal_fuzz::check("sealed_message", input));
