//! A vendor extracts some members of a stranger's archive:
//! `cargo run --example vendor batch.zip vendor.key 'calls/**/*.wav' opened`.

use std::error::Error;

use callseal::keys::Keyring;
use callseal::message::Opener;
use callseal::{ArchiveFile, Extracted, Job};

/// Extracts the members that fit a pattern.
pub fn extract(
    archive: &str,
    key: &str,
    members: &str,
    target: &str,
) -> Result<Extracted, callseal::Error> {
    let keyring = Keyring::load(&[key])?;
    let archive = ArchiveFile::open(archive)?;
    let members = archive.select(&[members])?;
    // Nothing is written outside of the target, and no file before its content
    // is authentic. One bad member doesn't stop the others.
    Job::new().extract(&members, &Opener::new(&keyring), target)
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [archive, key, members, target] = arguments.as_slice() else {
        return Err("expected: ARCHIVE KEY PATTERN DIRECTORY".into());
    };
    let extracted = extract(archive, key, members, target)?;
    println!("{} files, {} bytes", extracted.done, extracted.plain);
    let (failures, outcome) = extracted.outcome();
    for failure in failures {
        eprintln!("{failure}");
    }
    outcome.map_or(Ok(()), |error| Err(error.into()))
}
