//! Hands a private key over, sealed to the bare public key of its new owner, as
//! a base64 file: `cargo run --example key_envelope public.pem mine.pem out.b64`.

use std::error::Error;
use std::fs::File;

use callseal::keys::Recipients;
use callseal::message::{Armor, SealOptions, SealPlan, SealedFile};
use callseal::output::{Access, Overwrite, PendingFile};

/// Seals a file to a public key.
pub fn seal(recipient: &str, content: &str, envelope: &str) -> Result<(), Box<dyn Error>> {
    let plan = SealPlan::new(
        Recipients::from_files(&[recipient])?,
        SealOptions::default(),
    )?;
    let mut source = File::open(content)?;
    let modified = source.metadata()?.modified()?;
    let file = SealedFile {
        name: "",
        modified,
        length: None,
    };
    let mut sink = PendingFile::create(envelope.as_ref(), Access::Shared, Overwrite::Refuse)?;
    let mut sealer = plan.sealer();
    sealer.seal_armored(&mut source, &file, Armor::Base64, &mut sink)?;
    // Until here there is no file of that name.
    Ok(sink.commit()?)
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.as_slice() {
        [recipient, content, envelope] => seal(recipient, content, envelope),
        _ => Err("expected: PUBLIC-KEY FILE OUTPUT".into()),
    }
}
