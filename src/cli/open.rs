//! `callseal open`

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use callseal::archive::without_ending;
use callseal::keys::FileKind;
use callseal::message::{
    Envelope, MessageFault, OpenError, OpenMessage, Opened, Opener, with_proven_key,
};
use callseal::output::{Access, PendingFile};
use clap::Args;
use serde::Serialize;

use super::args::OverwriteArgs;
use super::facts::{Facts, FormatFacts, PathFact};
use super::failure::{Failure, Report};
use super::global::Global;
use super::open_args::{
    NOT_AUTHENTICATED, OpenArgs, authenticity, notice_old_ciphers, notice_padding,
    warn_of_not_authenticated, warn_of_tried,
};
use super::signatures::{SignatureFacts, notice_unchecked, report_signatures};
use super::signer_args::SignerArgs;
use super::streams::{input_name, is_stream, open_input, writing_stdout};
use super::ui::{Ui, Waiting, bytes, safe};
use crate::cli::error::Error;

/// Open one message
#[derive(Debug, Args)]
#[command(after_help = "\
Without -o, FILE.pgp (or .gpg, .asc, .b64, .p7m, .p7, .cms, .der) becomes FILE,
and standard input goes to standard output.

Examples:
  callseal open note.txt.pgp -k vendor.key -o note.txt
  callseal open note.txt.pgp -k vendor.key --signer ivr.asc")]
pub struct Arguments {
    /// The message, or - for standard input
    #[arg(default_value = "-")]
    file: PathBuf,
    /// The file to write, or - for standard output
    #[arg(short, long, value_name = "OUT")]
    output: Option<PathBuf>,
    #[command(flatten)]
    opening: OpenArgs,
    #[command(flatten)]
    signer: SignerArgs,
    #[command(flatten)]
    overwrite: OverwriteArgs,
}

pub fn run(arguments: &Arguments, global: &Global, ui: &Ui) -> Result<Report, Failure> {
    if is_stream(&arguments.file) && arguments.opening.passphrases.uses_stdin() {
        return Err(Failure::usage(
            "standard input can't hold both the message and the passphrase",
            "give the message as a file, or the passphrase on another descriptor",
        ));
    }
    let output = match &arguments.output {
        Some(output) if is_stream(output) => None,
        Some(output) => Some(output.clone()),
        None if is_stream(&arguments.file) => None,
        None => Some(opened_name(&arguments.file)?),
    };
    if output.is_none() {
        global.refuse_json()?;
    }
    let config = global.config()?;
    let name = input_name(&arguments.file);
    let what = format!("opening {}", safe(&name.display().to_string()));
    let waiting = Waiting::new(ui, what);
    let opening = arguments
        .opening
        .load(config.as_ref(), waiting.handle(), ui)?;
    let signers = arguments.signer.signers(ui)?;
    let opener = opening.opener().with_signers(signers);
    match output {
        None => {
            let mut stdout = waiting.until_written(io::stdout().lock());
            let opened = with_proven_key(&opener, is_of_message, |opener| {
                begin(&arguments.file, opener)?
                    .stream_to(&mut stdout, std::env::temp_dir())
                    .map_err(|error| not_opened(&arguments.file, error))
            });
            let opened = opened.map_err(writing_stdout)?;
            stdout.flush()?;
            if !opened.format.is_authenticated() {
                ui.warning(&format!("{}: {NOT_AUTHENTICATED}", name.display()));
            }
            warn_of_tried(&opened.tried_key, ui);
            notice_old_ciphers(opened.old_cipher.as_deref(), ui);
            notice_padding(usize::from(opened.padding > 0), ui);
            report_signatures(&opened.signatures, ui);
            notice_unchecked(usize::from(opened.unchecked_signatures > 0), ui);
            Ok(Report::default())
        }
        Some(output) => {
            let opened = with_proven_key(&opener, is_of_message, |opener| {
                publish(begin(&arguments.file, opener)?, arguments, &output)
            })?;
            drop(waiting);
            ui.summary(&format!(
                "opened {} into {} ({}){}",
                arguments.file.display(),
                output.display(),
                bytes(opened.length),
                authenticity(usize::from(!opened.format.is_authenticated()), 1)
            ));
            warn_of_not_authenticated(usize::from(!opened.format.is_authenticated()), ui);
            warn_of_tried(&opened.tried_key, ui);
            notice_old_ciphers(opened.old_cipher.as_deref(), ui);
            notice_padding(usize::from(opened.padding > 0), ui);
            report_signatures(&opened.signatures, ui);
            notice_unchecked(usize::from(opened.unchecked_signatures > 0), ui);
            let signatures = opened.signatures.iter().map(SignatureFacts::from);
            Ok(Report {
                facts: Some(Facts::of(&OpenFacts {
                    file: PathFact(&output),
                    plain_bytes: opened.length,
                    format: opened.format.into(),
                    tried_key: opened.tried_key.as_deref().map(PathFact),
                    old_cipher: opened.old_cipher.as_deref(),
                    signatures: signatures.collect(),
                    unchecked_signatures: opened.unchecked_signatures,
                })),
                ..Report::default()
            })
        }
    }
}

#[derive(Serialize)]
struct OpenFacts<'a> {
    file: PathFact<'a>,
    plain_bytes: u64,
    #[serde(flatten)]
    format: FormatFacts,
    tried_key: Option<PathFact<'a>>,
    old_cipher: Option<&'a str>,
    signatures: Vec<SignatureFacts<'a>>,
    unchecked_signatures: u64,
}

/// Begins to read the message. Standard input can be read only once: there, the
/// first session key that seems to fit is the only one.
fn begin<'a>(file: &Path, opener: &Opener<'_>) -> Result<OpenMessage<'a>, Error> {
    let source = open_input(file)?;
    OpenMessage::begin(source, opener).map_err(|error| not_opened(file, error))
}

/// Returns whether it is a fault of the message, which a wrong session key
/// causes as well.
fn is_of_message(error: &Error) -> bool {
    match error {
        Error::Library(callseal::Error::Open { error, .. }) => {
            matches!(error, OpenError::Fault(_))
        }
        Error::OtherKind { .. } => true,
        _ => false,
    }
}

fn publish(
    message: OpenMessage<'_>,
    arguments: &Arguments,
    output: &Path,
) -> Result<Opened, Error> {
    let write_error = |source| Error::writing(output, source);
    let modified = message.modified();
    let mut pending = PendingFile::create(output, Access::Private, arguments.overwrite.overwrite())
        .map_err(write_error)?;
    let opened = message.copy_to(&mut pending).map_err(|error| match error {
        OpenError::Write(source) => write_error(source),
        error => callseal::Error::Open {
            path: arguments.file.clone(),
            error,
        }
        .into(),
    })?;
    if let Some(modified) = modified {
        pending.set_modified(modified);
    }
    pending.commit().map_err(write_error)?;
    Ok(opened)
}

/// Returns the error of a file that doesn't open: if it isn't a message, what it
/// is.
fn not_opened(file: &Path, error: OpenError) -> Error {
    let path = input_name(file);
    let kind = match error {
        OpenError::Fault(MessageFault::NotAMessage | MessageFault::NotEncrypted) => {
            FileKind::of_file(file)
        }
        _ => None,
    };
    match kind {
        Some(kind) => Error::OtherKind { path, kind },
        None => callseal::Error::Open { path, error }.into(),
    }
}

/// The endings of messages, which an output's name drops.
const ENDINGS: &str = ".pgp, .gpg, .asc, .b64, .p7m, .p7, .cms or .der";

fn opened_name(path: &Path) -> Result<PathBuf, Failure> {
    let name = path.file_name().unwrap_or_default().to_str();
    if let Some(name) = name.and_then(without_ending) {
        return Ok(path.with_file_name(name));
    }
    let metadata = std::fs::metadata(path).map_err(|error| Error::reading(path, error))?;
    if metadata.is_dir() {
        let error = io::ErrorKind::IsADirectory.into();
        return Err(Error::reading(path, error).into());
    }
    // What isn't a message doesn't open under any name.
    let file = open_input(path)?;
    if let Err(error @ OpenError::Fault(_)) = Envelope::read(file) {
        return Err(not_opened(path, error).into());
    }
    Err(Failure::usage(
        format!(
            "{}: can't derive an output name: the name doesn't end in {ENDINGS}",
            path.display()
        ),
        "give one with -o, or -o - for standard output",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_listed_endings_are_those_that_are_dropped() {
        for ending in ENDINGS
            .split([',', ' '])
            .filter(|word| word.starts_with('.'))
        {
            assert_eq!(without_ending(&format!("a{ending}")), Some("a"), "{ending}");
        }
    }
}
