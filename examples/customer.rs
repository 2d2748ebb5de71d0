//! A customer checks who can open an archive, without any key:
//! `cargo run --example customer batch.zip`.

use std::error::Error;

use callseal::ArchiveFile;
use callseal::message::Limits;

/// One line for each member: its name, whether it is authenticated, and whom it
/// is sealed to. Strangers' names are escaped.
pub fn list(archive: &str) -> Result<Vec<String>, callseal::Error> {
    let archive = ArchiveFile::open(archive)?;
    let limits = Limits::default();
    let line = |member| {
        let envelope = archive.envelope(member, &limits)?;
        let authenticated = match envelope.format.is_authenticated() {
            true => "authenticated",
            false => "not authenticated",
        };
        let recipients = envelope.recipients.iter().map(ToString::to_string);
        let recipients: Vec<String> = recipients.collect();
        let recipients = recipients.join(" or ").escape_debug().to_string();
        let name = member.shown_name();
        Ok(format!(
            "{name:?}: {authenticated}, opens with the key of {recipients}"
        ))
    };
    archive.members().map(line).collect()
}

fn main() -> Result<(), Box<dyn Error>> {
    let archive = std::env::args().nth(1).ok_or("expected: ARCHIVE")?;
    for line in list(&archive)? {
        println!("{line}");
    }
    Ok(())
}
