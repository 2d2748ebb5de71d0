//! An admin moves an archive to another recipient, and keeps the SHA-256 of
//! each file: `cargo run --example admin GIR.zip gir.key customer.crt new.zip`.

use std::error::Error;

use callseal::keys::{Keyring, Recipients};
use callseal::message::{Opener, SealOptions, SealPlan};
use callseal::{ArchiveFile, Converted, Job};

/// Seals all members of an archive anew into another one.
pub fn convert(
    archive: &str,
    key: &str,
    certificate: &str,
    output: &str,
) -> Result<Converted, Box<dyn Error>> {
    let plan = SealPlan::new(
        Recipients::from_files(&[certificate])?,
        SealOptions::default(),
    )?;
    let keyring = Keyring::load(&[key])?;
    let archive = ArchiveFile::open(archive)?;
    // Plaintext goes from message to message, and touches no disk.
    Ok(Job::new().convert(&archive.all(), &Opener::new(&keyring), &plan, output)?)
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [archive, key, certificate, output] = arguments.as_slice() else {
        return Err("expected: ARCHIVE KEY CERTIFICATE OUTPUT".into());
    };
    for member in convert(archive, key, certificate, output)?.members {
        let hash = member.sha256.map(|byte| format!("{byte:02x}"));
        println!("{}  {:?}", hash.concat(), member.name);
    }
    Ok(())
}
