//! Takes over an archive of CMS messages (PKCS#7), as Genesys Interaction
//! Recording exports them: shows who can open it, takes one recording out, and
//! seals all of them anew for the owner of a certificate.
//!
//! ```text
//! cargo run --example genesys -- GIR.zip gir.key customer.crt taken-over
//! ```
//!
//! CMS names certificates and not keys: that of the key (here `gir.crt`) must
//! lie beside it. Afterwards the first recording lies in the directory
//! `taken-over`, and all of them in `taken-over/sealed.zip`.

use std::error::Error;
use std::num::NonZeroUsize;
use std::path::Path;
use std::time::SystemTime;

use callseal::archive::Member;
use callseal::keys::{Keyring, NoPassphrases, Party, Recipients, Requirements};
use callseal::message::{Compression, Format};
use callseal::message::{Expansion, Opener, SealPlan};
use callseal::output::Overwrite;
use callseal::{ArchiveFile, Converted, Extracted, NoProgress};

/// One line for each member: its name, whether it's authenticated, and whom
/// it's sealed to. No key is needed for that. What strangers have written is
/// escaped.
pub fn list(archive: &ArchiveFile) -> Result<Vec<String>, callseal::Error> {
    let limits = Expansion::default();
    let members = archive.members();
    members
        .map(|member| {
            let envelope = archive.envelope(member, &limits)?;
            let authenticated = match envelope.format.is_authenticated() {
                true => "authenticated",
                false => "not authenticated",
            };
            let recipients: Vec<String> = envelope
                .recipients
                .iter()
                .map(|recipient| recipient.to_string().escape_debug().to_string())
                .collect();
            Ok(format!(
                "{:?}: {authenticated}, opens with the key of {}",
                member.shown_name(),
                recipients.join(" or ")
            ))
        })
        .collect()
}

/// Extracts one member below `directory`, under its path in the archive.
pub fn extract(
    archive: &ArchiveFile,
    member: &Member,
    keyring: &Keyring,
    directory: &Path,
) -> Result<Extracted, callseal::Error> {
    let limits = Expansion::default();
    let opener = Opener::new(keyring, &NoPassphrases, &limits);
    let (overwrite, jobs) = (Overwrite::Refuse, NonZeroUsize::MIN);
    let mut done = archive.extract(&[member], directory, overwrite, opener, jobs, &NoProgress)?;
    match done.outcome(archive.path()) {
        None => Ok(done),
        Some(error) => Err(error),
    }
}

/// Seals all members anew, as OpenPGP messages to the owner of `certificate`,
/// into the archive `output`. No plaintext is written anywhere.
pub fn convert(
    archive: &ArchiveFile,
    keyring: &Keyring,
    certificate: &Path,
    output: &Path,
) -> Result<Converted, Vec<callseal::Error>> {
    let parties = [Party::with_certificate(certificate)];
    let requirements = Requirements::listed(SystemTime::now());
    let plan = Recipients::load(&parties, &requirements, &mut |_| {})
        .map_err(callseal::Error::from)
        .and_then(|recipients| {
            Ok(SealPlan::new(
                recipients,
                Format::Auto,
                Compression::Auto,
                false,
            )?)
        })
        .map_err(|error| vec![error])?;
    let limits = Expansion::default();
    let opener = Opener::new(keyring, &NoPassphrases, &limits);
    let members: Vec<&Member> = archive.members().collect();
    archive.convert(
        &members,
        opener,
        &plan,
        output,
        Overwrite::Refuse,
        std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN),
        &NoProgress,
    )
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [archive, key, certificate, output] = arguments.as_slice() else {
        return Err("usage: genesys ARCHIVE KEY CERTIFICATE OUTPUT-DIRECTORY".into());
    };
    let output = Path::new(output);
    let archive = ArchiveFile::open(archive.as_ref())?;
    for line in list(&archive)? {
        println!("{line}");
    }

    let keyring = Keyring::load(&[key.into()], &mut |_| {})?;
    if let Some(first) = archive.members().next() {
        let done = extract(&archive, first, &keyring, output)?;
        println!("extracted {:?}: {} bytes", first.shown_name(), done.plain);
    }

    let sealed = output.join("sealed.zip");
    let done = convert(&archive, &keyring, certificate.as_ref(), &sealed).map_err(|errors| {
        let errors: Vec<String> = errors.iter().map(ToString::to_string).collect();
        errors.join("\n")
    })?;
    // The evidence of the migration: what each recording was.
    for member in &done.members {
        let sum: String = member
            .sha256
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        println!("{sum}  {:?}", member.name);
    }
    Ok(())
}
