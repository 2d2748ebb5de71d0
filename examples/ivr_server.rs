//! An IVR server seals the calls of a directory for two parties, unattended:
//! `cargo run --example ivr_server customer.crt vendor.crt calls outbox.zip`.

use std::error::Error;

use callseal::keys::Recipients;
use callseal::message::{SealOptions, SealPlan};
use callseal::sources::{SourceOptions, Sources};
use callseal::{Job, Packed};

/// Seals all calls below a directory, to all of the certificates.
pub fn pack(certificates: &[&str], calls: &str, archive: &str) -> Result<Packed, Box<dyn Error>> {
    // All recipients or none: one that can't be used is an error that names it.
    let recipients = Recipients::from_files(certificates)?;
    let plan = SealPlan::new(recipients, SealOptions::default())?;
    let found = Sources::collect(&[calls], &SourceOptions::default())?;
    for notice in &found.notices {
        eprintln!("not packed, or under another name: {notice:?}");
    }
    // The archive is there, complete and on disk, or it isn't.
    Ok(Job::new().pack(&found.files, &plan, archive)?)
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [customer, vendor, calls, archive] = arguments.as_slice() else {
        return Err("expected: CERTIFICATE CERTIFICATE DIRECTORY ARCHIVE".into());
    };
    let packed = pack(&[customer, vendor], calls, archive)?;
    println!("{} calls, {} bytes", packed.members, packed.archive);
    Ok(())
}
