//! `callseal export`

use std::io::{self, Write};
use std::path::PathBuf;

use callseal::Error;
use callseal::keys::export_secret_key;
use callseal::output::{Access, PendingFile};
use clap::Args;
use serde_json::json;

use super::Global;
use super::args::OverwriteArgs;
use super::passphrases::PassphraseArgs;
use super::streams::{is_stream, refuse_json};
use crate::failure::{Failure, Report};
use crate::ui::{Bar, Ui};

/// Write a PEM private key as an OpenPGP key, to open archives without
/// callseal
#[derive(Debug, Args)]
#[command(after_help = "\
The key keeps its passphrase, if it has one. GnuPG opens what was packed with
--format rfc4880.

Example:
  callseal export --gpg customer.key -o customer.asc
  gpg --import customer.asc")]
pub struct Arguments {
    /// The private key to write for GnuPG
    #[arg(long, value_name = "KEY")]
    gpg: PathBuf,
    /// The file to write [default: standard output]
    #[arg(short, long, value_name = "OUT")]
    output: Option<PathBuf>,
    #[command(flatten)]
    passphrases: PassphraseArgs,
    #[command(flatten)]
    overwrite: OverwriteArgs,
}

pub fn run(arguments: &Arguments, global: &Global, ui: &Ui) -> Result<Report, Failure> {
    let output = arguments
        .output
        .as_ref()
        .filter(|output| !is_stream(output));
    if output.is_none() {
        refuse_json(global)?;
    }
    let passphrases = arguments.passphrases.source(Bar::new(ui, "").handle())?;
    let key = export_secret_key(&arguments.gpg, &*passphrases).map_err(Error::from)?;
    let Some(output) = output else {
        let mut stdout = io::stdout().lock();
        stdout.write_all(&key)?;
        stdout.flush()?;
        return Ok(Report::default());
    };
    let write_error = |source| Error::writing(output, source);
    let mut pending = PendingFile::create(output, Access::Private, arguments.overwrite.overwrite())
        .map_err(write_error)?;
    pending
        .write_all(&key)
        .and_then(|()| pending.commit())
        .map_err(write_error)?;
    ui.summary(&format!(
        "exported {} to {}",
        arguments.gpg.display(),
        output.display()
    ));
    Ok(Report {
        facts: json!({ "key": output.to_string_lossy() }),
        ..Report::default()
    })
}
