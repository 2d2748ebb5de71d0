//! Hands a private key over, sealed to the bare public key of its new owner, as
//! a base64 file: `cargo run --example key_envelope public.pem mine.pem out.b64`.

use std::error::Error;

use callseal::Job;
use callseal::keys::{Keyring, Recipients};
use callseal::message::{Armor, Opener, SealOptions, SealPlan};

/// Seals a file to a public key.
pub fn seal(recipient: &str, content: &str, envelope: &str) -> Result<(), Box<dyn Error>> {
    let recipients = Recipients::from_files(&[recipient])?;
    let plan = SealPlan::new(recipients, SealOptions::default())?;
    Job::new().seal(content, &plan, Armor::Base64, envelope)?;
    Ok(())
}

/// Opens an envelope with a private key.
pub fn open(key: &str, envelope: &str, content: &str) -> Result<(), Box<dyn Error>> {
    let keyring = Keyring::load(&[key])?;
    // There is no file before its content is authentic to its last byte.
    Job::new().open(envelope, &Opener::new(&keyring), content)?;
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.as_slice() {
        [recipient, content, envelope] => seal(recipient, content, envelope),
        _ => Err("expected: PUBLIC-KEY FILE OUTPUT".into()),
    }
}
