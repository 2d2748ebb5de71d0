//! `callseal sign`

use std::path::PathBuf;

use callseal::{ArchiveFile, Job};
use clap::{ArgGroup, Args};
use serde::Serialize;

use super::args::{JobsArgs, OverwriteArgs};
use super::error::Error;
use super::evidence_report::{
    EvidenceFacts, is_signed, kept_evidence, kept_word, not_as_signed, notice_kept, old_signatures,
};
use super::facts::PathFact;
use super::failure::{Ended, Failure, Report};
use super::global::Global;
use super::hints::Task;
use super::passphrases::PassphraseArgs;
use super::signer_args::ArchiveSignerArgs;
use super::signing_args::{SignArgs, SigningFacts, signed_by, signer_facts};
use super::streams::{check_archive_output, place};
use super::ui::{Bar, Ui, bytes, entries};

/// Sign an archive as it stands; no key that opens it is needed
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("target").args(["output", "in_place"]).required(true)))]
#[command(after_help = "\
The signature says: these entries, these bytes, in this order, are what I had at
the time that it claims. Nothing is opened. Whoever packs an archive signs it at
once with `callseal pack --sign`.

An archive that is signed already has to be as one of the named signers signed
it. Their signature stays with it, as the origin of what is sealed in it.

Examples:
  callseal sign calls.zip --sign server.key --in-place
  callseal sign calls.zip --sign customer.key --signer server.crt -o signed.zip")]
pub struct Arguments {
    /// The archive
    archive: PathBuf,
    #[command(flatten)]
    sign: SignArgs,
    #[command(flatten)]
    passphrases: PassphraseArgs,
    #[command(flatten)]
    signers: ArchiveSignerArgs,
    /// Leave out the signatures that the archive has, whether they hold or not
    #[arg(long, conflicts_with = "signers")]
    drop_signatures: bool,
    /// The archive to write
    #[arg(short, long, value_name = "OUT.zip")]
    output: Option<PathBuf>,
    /// Replace the archive itself, in one step, when the new one is complete
    #[arg(long)]
    in_place: bool,
    #[command(flatten)]
    overwrite: OverwriteArgs,
    #[command(flatten)]
    jobs: JobsArgs,
}

pub fn run(arguments: &Arguments, global: &Global, ui: &Ui) -> Result<Ended, Failure> {
    if let Some(output) = &arguments.output {
        check_archive_output(output, "name a file")?;
    }
    let config = global.config()?;
    let bar = Bar::new(ui, "signing");
    let passphrases = arguments.passphrases.source(bar.handle(), ui)?;
    let keys = arguments.sign.load(config.as_ref(), &*passphrases, ui)?;
    if keys.is_empty() {
        return Err(Failure::usage(
            "no key to sign with is given",
            "give one with --sign KEY; `callseal keygen --sign` makes one",
        ));
    }
    let signers = arguments.signers.load(config.as_ref(), ui)?;
    let archive = ArchiveFile::open(&arguments.archive)?;
    // A profile says what may be opened, and nothing is opened.
    let signers = signers.filter(|chosen| chosen.are_given() || is_signed(&archive));
    let job = Job::new()
        .overwrite(arguments.overwrite.overwrite())
        .workers(arguments.jobs.jobs())
        .progress(&bar)
        .signing(&keys)
        .old_signatures(old_signatures(
            &archive,
            signers.as_ref(),
            arguments.drop_signatures,
        ));
    let signed = job.sign(&archive, arguments.output.as_deref());
    bar.finish();
    let during = |error| Error::of_archive(archive.path(), Error::during(Task::Sign, error));
    let signed = match signed {
        Ok(signed) => signed,
        Err(error) => return Ok(not_as_signed(error, during).end(global.json, ui)),
    };
    let output = arguments.output.as_ref().unwrap_or(&arguments.archive);
    ui.summary(&format!(
        "signed {} as it stands ({}) {} ({}){}",
        arguments.archive.display(),
        entries(signed.entries),
        place(arguments.output.as_deref()),
        bytes(signed.archive),
        signed_by(&keys)
    ));
    notice_kept(&signed.old, true, ui);
    let facts = SignFacts {
        archive: PathFact(&arguments.archive),
        output: PathFact(output),
        archive_bytes: signed.archive,
        entries: signed.entries,
        signers: signer_facts(&keys),
        old_signatures: kept_word(&signed.old),
        evidence: EvidenceFacts::of(kept_evidence(&signed.old)),
    };
    Ok(Report::of(String::new(), facts).end(global.json, ui))
}

#[derive(Serialize)]
struct SignFacts<'a> {
    archive: PathFact<'a>,
    output: PathFact<'a>,
    archive_bytes: u64,
    entries: usize,
    signers: Vec<SigningFacts<'a>>,
    old_signatures: &'static str,
    /// Who signed the old archive.
    #[serde(flatten)]
    evidence: EvidenceFacts,
}
