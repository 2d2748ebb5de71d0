//! `callseal export`

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use callseal::keys::{
    ExportError, Party, Recipient, RecipientError, Recipients, Refusal, Requirements,
    SecretKeyExport, export_certificate,
};
use callseal::output::Access;
use clap::{ArgGroup, Args};
use serde::Serialize;

use super::args::{IdentityArgs, OverwriteArgs};
use super::exposed_keys::warn_of_file;
use super::facts::{Facts, PathFact};
use super::failure::{Failure, Report};
use super::global::Global;
use super::new_passphrases::NewPassphraseArgs;
use super::passphrases::PassphraseArgs;
use super::sink::Sink;
use super::streams::is_stream;
use super::ui::{Bar, Ui};
use crate::cli::error::Error;

/// Write a PEM private key or a certificate for GnuPG and other OpenPGP
/// software
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("what").required(true), after_help = "\
A private key keeps its passphrase, if it has one, unless you set a new one.
With the exported key, GnuPG opens what was packed with --format rfc4880.

A certificate is signed anew in its OpenPGP form, by its own private key.

Examples:
  callseal export --gpg customer.key -o customer-secret.asc && gpg --import customer-secret.asc
  callseal export customer.crt -k customer.key -o customer-public.asc")]
pub struct Arguments {
    /// The certificate or public key to write as an OpenPGP certificate
    #[arg(value_name = "CERT", group = "what")]
    certificate: Option<PathBuf>,
    /// The private key to write for GnuPG
    #[arg(long, value_name = "KEY", group = "what", conflicts_with = "keys")]
    gpg: Option<PathBuf>,
    /// The file to write [default: standard output]
    #[arg(short, long, value_name = "OUT")]
    output: Option<PathBuf>,
    #[command(flatten)]
    identities: IdentityArgs,
    #[command(flatten)]
    passphrases: PassphraseArgs,
    #[command(flatten)]
    new_passphrase: NewPassphraseArgs,
    #[command(flatten)]
    overwrite: OverwriteArgs,
}

pub fn run(arguments: &Arguments, global: &Global, ui: &Ui) -> Result<Report, Failure> {
    let output = arguments
        .output
        .as_deref()
        .filter(|output| !is_stream(output));
    if output.is_none() {
        global.refuse_json()?;
    }
    match (&arguments.gpg, &arguments.certificate) {
        (Some(key), _) => export_key(key, output, arguments, ui),
        (None, Some(certificate)) => export_public(certificate, output, arguments, global, ui),
        // The parser rules this out.
        (None, None) => Err(Failure::usage(
            "nothing to export is given",
            "give a certificate, or a private key with --gpg",
        )),
    }
}

fn export_key(
    key: &Path,
    output: Option<&Path>,
    arguments: &Arguments,
    ui: &Ui,
) -> Result<Report, Failure> {
    arguments.new_passphrase.check(&arguments.passphrases)?;
    let sink = Sink::open(output, Access::Private, &arguments.overwrite)?;
    let passphrases = arguments.passphrases.source(Bar::none(), ui)?;
    let mut export = SecretKeyExport::unlock(key, &*passphrases).map_err(Error::from)?;
    if export.is_exposed() {
        warn_of_file(key, ui);
    }
    if let Some(passphrase) = arguments.new_passphrase.for_export(key)? {
        export.lock_with(&passphrase);
    }
    if arguments.passphrases.is_given() && !export.is_locked() {
        ui.warning(&format!(
            "{}: neither this key nor the exported one has a passphrase; set one with --new-passphrase-file",
            key.display()
        ));
    }
    sink.write(&export.armored().map_err(Error::from)?)?;
    let what = match export.is_locked() {
        true => "an OpenPGP private key, locked by a passphrase",
        false => "an OpenPGP private key, not locked by a passphrase",
    };
    summarise(key, output, what, ui);
    Ok(Report {
        facts: Some(Facts::of(&ExportFacts {
            key: output.map(PathFact),
            ..ExportFacts::default()
        })),
        ..Report::default()
    })
}

fn export_public(
    certificate: &Path,
    output: Option<&Path>,
    arguments: &Arguments,
    global: &Global,
    ui: &Ui,
) -> Result<Report, Failure> {
    // Fail before asking for a key.
    if let Err(refusal) = Recipient::load_any_age(certificate) {
        let path = certificate.to_owned();
        return Err(Error::from(ExportError::Certificate { path, refusal }).into());
    }
    let sink = Sink::open(output, Access::Shared, &arguments.overwrite)?;
    let config = global.config()?;
    let keyring = arguments.identities.some_keyring(config.as_ref(), ui)?;
    let passphrases = arguments.passphrases.source(Bar::none(), ui)?;
    let exported = export_certificate(certificate, &keyring, &*passphrases).map_err(Error::from)?;
    sink.write(&exported)?;
    let party = Party::with_certificate(certificate);
    let loaded = Recipients::load(&[party], &Requirements::listed(SystemTime::now()));
    // The exported certificate keeps the key and its validity, but no keyUsage.
    if let Err(RecipientError::Refused { refusal, .. }) = &loaded
        && matches!(refusal, Refusal::KeyUsage { .. })
    {
        ui.warning(&format!(
            "{}: {refusal}; the exported certificate doesn't show that",
            certificate.display()
        ));
    }
    summarise(certificate, output, "an OpenPGP certificate", ui);
    Ok(Report {
        facts: Some(Facts::of(&ExportFacts {
            certificate: output.map(PathFact),
            ..ExportFacts::default()
        })),
        ..Report::default()
    })
}

/// The file that was written.
#[derive(Default, Serialize)]
struct ExportFacts<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<PathFact<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    certificate: Option<PathFact<'a>>,
}

fn summarise(source: &Path, output: Option<&Path>, what: &str, ui: &Ui) {
    if let Some(output) = output {
        let (from, to) = (source.display(), output.display());
        ui.summary(&format!("exported {from} to {to}: {what}"));
    }
}
