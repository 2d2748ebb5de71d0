//! `callseal extract`

use std::path::PathBuf;

use callseal::Job;
use clap::Args;
use serde::Serialize;

use super::args::{JobsArgs, OverwriteArgs};
use super::error::Error;
use super::evidence_report::{EvidenceFacts, not_as_signed};
use super::facts::PathFact;
use super::failure::{Ended, Failure, Report};
use super::global::Global;
use super::member_args::{ExcludeArgs, PATTERNS, notice_other_files, open_signed};
use super::open_args::{
    GrantArgs, MemberOpenArgs, OpenArgs, authenticity, warn_of_not_authenticated,
};
use super::opened_members::OpenedMembers;
use super::signer_args::{ArchiveSignerArgs, Found};
use super::streams::is_stream;
use super::ui::{Bar, Ui, bytes, count};

/// Open the members of an archive and write them as files
#[derive(Debug, Args)]
#[command(after_help = format!("\
{PATTERNS}

Only their owner can read the files (mode 0600). The summary counts files from
CMS messages with AES-CBC or 3DES: these are not authenticated.

With --signer, the archive has to be as that signer signed it. If it isn't
signed by them, an OpenPGP signature inside of each message has to be theirs.

Examples:
  callseal extract calls.zip -k customer.key -C opened/
  callseal extract calls.zip '*.wav' -k vendor.key -C opened/"))]
pub struct Arguments {
    /// The archive
    archive: PathBuf,
    /// Extract only these members
    #[arg(value_name = "MEMBER")]
    members: Vec<String>,
    #[command(flatten)]
    exclude: ExcludeArgs,
    /// The directory to extract to; made if missing
    #[arg(
        short = 'C',
        long = "directory",
        value_name = "DIR",
        default_value = "."
    )]
    directory: PathBuf,
    #[command(flatten)]
    opening: OpenArgs,
    #[command(flatten)]
    grant: GrantArgs,
    #[command(flatten)]
    member_opening: MemberOpenArgs,
    #[command(flatten)]
    signers: ArchiveSignerArgs,
    #[command(flatten)]
    overwrite: OverwriteArgs,
    /// Pass over members whose files exist, to go on with an extraction
    #[arg(long, conflicts_with = "force")]
    skip_existing: bool,
    /// Also extract the files of the archive that were never sealed
    #[arg(long)]
    plain: bool,
    #[command(flatten)]
    jobs: JobsArgs,
}

pub fn run(arguments: &Arguments, global: &Global, ui: &Ui) -> Result<Ended, Failure> {
    if is_stream(&arguments.directory) {
        return Err(Failure::usage(
            "members can't be extracted to standard output",
            "`callseal cat ARCHIVE MEMBER` writes a member there; for a directory of that name, write -C ./-",
        ));
    }
    let config = global.config()?;
    let bar = Bar::new(ui, "extracting");
    let opening = arguments.opening.load(config.as_ref(), bar.handle(), ui)?;
    opening.before(arguments.overwrite.overwrite());
    let opener = arguments.member_opening.apply(opening.opener());
    let signers = arguments.signers.load(config.as_ref(), ui)?;
    let opened = open_signed(&arguments.archive, &opener, signers, ui);
    let (mut archive, Found { evidence, inside }) = match opened {
        Ok(opened) => opened,
        Err(error) => return Ok(not_as_signed(error, Error::from).end(global.json, ui)),
    };
    if inside.is_some() && arguments.plain {
        return Err(Failure::usage(
            format!(
                "{}: the archive is not signed, and nobody signs files that were never sealed",
                archive.path().display()
            ),
            "leave out --plain, or --signer",
        ));
    }
    arguments.grant.apply(&mut archive, &opener)?;
    let archive = archive;
    let opener = opener.with_signers(inside);
    let members = arguments.exclude.choose(&archive, &arguments.members, ui)?;
    let members = arguments
        .grant
        .granted(&archive, members, &arguments.members)?;
    opening.expect_key(&archive, &members)?;
    let mut job = Job::new();
    if arguments.skip_existing {
        job = job.skipping_existing();
    }
    if arguments.plain {
        job = job.with_other_files();
    }
    let job = job
        .overwrite(arguments.overwrite.overwrite())
        .workers(arguments.jobs.jobs())
        .progress(&bar);
    let extracted = job.extract(&members, &opener, &arguments.directory);
    bar.finish();
    let mut extracted = extracted?;
    let as_signed =
        archive.is_compared() && extracted.failures.is_empty() && extracted.skipped == 0;
    if extracted.done > 0 || extracted.failures.is_empty() {
        ui.summary(&format!(
            "extracted {} ({}) to {}{}{}",
            count(extracted.done as u64, "file"),
            bytes(extracted.plain),
            arguments.directory.display(),
            match as_signed && !extracted.not_authenticated.is_empty() {
                // All the same, they are what the signer had.
                true => String::new(),
                false => authenticity(extracted.not_authenticated.len(), extracted.done),
            },
            match (as_signed, extracted.not_authenticated.is_empty()) {
                (true, true) => ", as signed",
                (true, false) => ", as signed (the messages themselves are not authenticated)",
                (false, _) => "",
            }
        ));
    }
    if extracted.skipped > 0 {
        let skipped = count(extracted.skipped as u64, "member");
        let unchecked = match archive.is_compared() {
            true => ": they were not compared with what was signed",
            false => "",
        };
        ui.notice(&format!(
            "passed over {skipped} whose files exist{unchecked}"
        ));
    }
    notice_other_files(&extracted.other_files, arguments.plain, ui);
    warn_of_not_authenticated(extracted.not_authenticated.len(), ui);
    let seen = OpenedMembers::take(&mut extracted);
    seen.report(ui);
    let facts = ExtractFacts {
        archive: PathFact(&arguments.archive),
        directory: PathFact(&arguments.directory),
        extracted: extracted.done,
        plain_bytes: extracted.plain,
        skipped: extracted.skipped,
        opened: seen.facts(),
        evidence: EvidenceFacts::of(evidence.as_ref()),
    };
    let (failures, outcome) = extracted.outcome();
    let report = Report {
        failures: failures
            .into_iter()
            .map(|error| arguments.grant.explain(error.into()))
            .collect(),
        outcome: outcome.map(Error::from),
        ..Report::of("", &facts)
    };
    Ok(report.end(global.json, ui))
}

#[derive(Serialize)]
struct ExtractFacts<'a, F> {
    archive: PathFact<'a>,
    directory: PathFact<'a>,
    extracted: usize,
    plain_bytes: u64,
    skipped: usize,
    #[serde(flatten)]
    opened: F,
    #[serde(flatten)]
    evidence: EvidenceFacts,
}
