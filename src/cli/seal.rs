//! `callseal seal`

use std::io::{self, IsTerminal, Read, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use callseal::archive::Ending;
use callseal::files::input::{is_same_file, note_stdin};
use callseal::message::{Armor, SealPlan, SealedFile};
use callseal::output::{Access, PendingFile};
use callseal::sources::{SourceError, SourceOptions, Sources};
use clap::Args;
use serde::Serialize;

use super::args::{OverwriteArgs, SealArgs, words};
use super::expiry::EndingFacts;
use super::facts::{Facts, FormatFacts, PathFact, RecipientFacts, recipient_facts};
use super::failure::{Failure, Report};
use super::global::Global;
use super::known_recipients::recipients_line;
use super::signing_args::{MessageSignArgs, SigningFacts, signed_by, signer_facts};
use super::streams::{input_name, is_stream, writing_stdout};
use super::suspects;
use super::ui::{Ui, bytes};
use crate::cli::error::Error;

/// Seal one file as one message
#[derive(Debug, Args)]
#[command(after_help = "\
Without -o, FILE becomes FILE.pgp (FILE.asc with --armor), FILE.p7m with
--format cms or cms-gcm, or FILE.b64 with --armor=base64; standard input goes to
standard output.

Examples:
  callseal seal -r vendor.crt note.txt
  callseal seal -r vendor.crt --sign ivr.key note.txt")]
pub struct Arguments {
    /// The file, or - for standard input
    #[arg(default_value = "-")]
    file: PathBuf,
    /// The message to write, or - for standard output
    #[arg(short, long, value_name = "OUT")]
    output: Option<PathBuf>,
    /// Write the message as text: as OpenPGP armor or PEM, or with =base64 as
    /// bare base64
    #[arg(
        short,
        long,
        value_name = "KIND",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "ascii",
        value_parser = words([("ascii", Armor::Ascii), ("base64", Armor::Base64)]),
    )]
    armor: Option<Armor>,
    #[command(flatten)]
    seal: SealArgs,
    #[command(flatten)]
    sign: MessageSignArgs,
    #[command(flatten)]
    overwrite: OverwriteArgs,
}

pub fn run(arguments: &Arguments, global: &Global, ui: &Ui) -> Result<Report, Failure> {
    if arguments.file.is_dir() {
        return Err(Failure::usage(
            format!("{}: a directory", arguments.file.display()),
            "`callseal pack` seals directories",
        ));
    }
    let special = |metadata: std::fs::Metadata| !metadata.is_file();
    if !is_stream(&arguments.file) && std::fs::metadata(&arguments.file).is_ok_and(special) {
        return Err(Failure::usage(
            format!("{}: not a regular file", arguments.file.display()),
            "pipe its content: `… | callseal seal -r CERT > OUT.pgp`",
        ));
    }
    if is_stream(&arguments.file) && arguments.sign.passphrases.uses_stdin() {
        return Err(Failure::usage(
            "standard input can't hold both the file and the passphrase",
            "give the file by its name, or the passphrase on another descriptor",
        ));
    }
    let plan = arguments.seal.plan(global, ui)?;
    let ending = arguments.seal.warn_of_ends(&plan, global, ui)?;
    let plan = plan.signed_by(arguments.sign.load(ui)?);
    let plan = plan.map_err(Error::from)?;
    let armor = arguments.armor.unwrap_or(Armor::Binary);
    let output = match &arguments.output {
        Some(output) if is_stream(output) => None,
        Some(output) => Some(output.clone()),
        None if is_stream(&arguments.file) => None,
        None => Some(with_ending(
            &arguments.file,
            match (armor, Ending::from(plan.format())) {
                (Armor::Base64, _) => ".b64",
                (Armor::Ascii, Ending::Pgp) => ".asc",
                (_, ending) => ending.as_str(),
            },
        )),
    };
    let Some(output) = output else {
        global.refuse_json()?;
        if io::stdout().is_terminal() && armor == Armor::Binary && arguments.output.is_none() {
            return Err(Failure::usage(
                "a binary message is not written to the terminal",
                "give -o FILE, or --armor, or -o - to write it there anyway",
            ));
        }
        let mut stdout = io::stdout().lock();
        seal_into(
            &arguments.file,
            &plan,
            armor,
            Path::new("standard output"),
            &mut stdout,
            ui,
        )?;
        stdout.flush()?;
        return Ok(Report::default());
    };
    if is_same_file(&arguments.file, &output) {
        return Err(Error::from(SourceError::IsOutput { path: output }).into());
    }
    let write_error = |source| Error::writing(&output, source);
    let mut pending = PendingFile::create(&output, Access::Shared, arguments.overwrite.overwrite())
        .map_err(write_error)?;
    let length = seal_into(&arguments.file, &plan, armor, &output, &mut pending, ui)?;
    pending.commit().map_err(write_error)?;
    ui.summary(&format!(
        "sealed {} ({}) for {} into {}{}",
        arguments.file.display(),
        bytes(length),
        recipients_line(plan.recipients()),
        output.display(),
        signed_by(plan.signers())
    ));
    Ok(Report {
        facts: Some(Facts::of(&SealFacts {
            message: PathFact(&output),
            plain_bytes: length,
            format: plan.format().into(),
            recipients: recipient_facts(plan.recipients()),
            signers: signer_facts(plan.signers()),
            ending_soon: ending.iter().map(EndingFacts::from).collect(),
        })),
        ..Report::default()
    })
}

#[derive(Serialize)]
struct SealFacts<'a> {
    message: PathFact<'a>,
    plain_bytes: u64,
    #[serde(flatten)]
    format: FormatFacts,
    recipients: Vec<RecipientFacts<'a>>,
    signers: Vec<SigningFacts<'a>>,
    ending_soon: Vec<EndingFacts<'a>>,
}

/// Seals a file or standard input. The error says which of the two sides
/// failed.
fn seal_into(
    file: &Path,
    plan: &SealPlan,
    armor: Armor,
    output: &Path,
    sink: &mut dyn Write,
    ui: &Ui,
) -> Result<u64, Failure> {
    let mut seal = |source: &mut dyn Read, content: SealedFile<'_>| {
        let mut sealer = plan.sealer();
        let sealed = sealer.seal_armored(source, &content, armor, &mut *sink);
        sealed.map_err(|error| callseal::Error::sealing(&input_name(file), output, error).into())
    };
    let sealed = if is_stream(file) {
        let content = SealedFile {
            name: "",
            modified: SystemTime::now(),
            length: None,
        };
        note_stdin();
        seal(&mut io::stdin().lock(), content)
    } else {
        seal_file(file, ui, seal)
    };
    sealed.map_err(writing_stdout)
}

/// Seals a file as `callseal pack` would find it, to notice if it changes
/// meanwhile.
fn seal_file(
    file: &Path,
    ui: &Ui,
    seal: impl FnOnce(&mut dyn Read, SealedFile<'_>) -> Result<u64, Error>,
) -> Result<u64, Error> {
    let options = SourceOptions {
        follow_links: true,
        ..SourceOptions::default()
    };
    let found = Sources::collect(&[file], &options)?;
    suspects::warn(&suspects::find(&found.files, &[file.to_owned()]), ui);
    let source = found.files.first().ok_or(SourceError::Nothing {
        filtered: false,
        young: 0,
    })?;
    let mut content = source.open()?;
    let name = Path::new(source.name()).file_name().unwrap_or_default();
    let sealed = SealedFile {
        name: name.to_str().unwrap_or_default(),
        modified: source.modified(),
        length: Some(source.size()),
    };
    let length = seal(&mut content, sealed)?;
    content.finish()?;
    Ok(length)
}

fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}
