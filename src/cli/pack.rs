//! `callseal pack`

use std::fmt::{self, Display, Formatter};
use std::io::Read;
use std::path::{Path, PathBuf};

use callseal::Job;
use callseal::output::{Access, PendingFile};
use callseal::sources::{Source, SourceNotice, SourceOptions, Sources, read_file_list, total_size};
use clap::Args;
use serde::Serialize;

use super::args::{JobsArgs, OverwriteArgs, SealArgs};
use super::facts::{FormatFacts, PathFact, RecipientFacts, recipient_facts};
use super::failure::{Ended, Failure, Report};
use super::global::Global;
use super::known_recipients::recipients_line;
use super::layout_args::LayoutArgs;
use super::passphrases::PassphraseArgs;
use super::printing::Each;
use super::sha256sum::{Sha256Sums, hex};
use super::signing_args::{SignArgs, SigningFacts, signed_by, signer_facts};
use super::streams::{check_archive_output, input_name, open_input};
use super::suspects::{self, Suspect, SuspectFacts};
use super::ui::{Bar, Ui, Waiting, bytes, count, safe};
use crate::cli::error::Error;

/// Seal files and directories into one archive
#[derive(Debug, Args)]
#[command(after_help = "\
A GLOB without / matches the file name in any directory, one with / the whole
path.

Examples:
  callseal pack -o calls.zip -r customer.crt -r vendor.crt calls/
  callseal pack --config /etc/lumenvox/client_property.conf -o calls.zip calls/
  find calls -type f -mtime -1 -print0 | callseal pack -p acme -o today.zip --files-from - -0")]
pub struct Arguments {
    /// The archive to write
    #[arg(short, long, value_name = "OUT.zip")]
    output: PathBuf,
    /// Files and directories to pack
    #[arg(value_name = "PATH", required_unless_present = "files_from")]
    paths: Vec<PathBuf>,
    /// Read the paths of more files from a file (or - for standard input), one
    /// per line
    #[arg(long, value_name = "FILE")]
    files_from: Option<PathBuf>,
    /// Read --files-from as paths that end with NUL instead of a line end
    #[arg(short = '0', long = "null", requires = "files_from")]
    null: bool,
    /// Pack only paths that match one of these patterns
    #[arg(long, value_name = "GLOB")]
    include: Vec<String>,
    /// Leave out paths that match one of these patterns
    #[arg(long, value_name = "GLOB")]
    exclude: Vec<String>,
    /// Follow symbolic links instead of leaving them out
    #[arg(long)]
    follow_links: bool,
    /// Print the SHA-256 of each file, in the format of sha256sum
    #[arg(long, conflicts_with = "dry_run")]
    sha256: bool,
    /// Check everything and list what would be packed, but write nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    seal: SealArgs,
    #[command(flatten)]
    layout: LayoutArgs,
    #[command(flatten)]
    sign: SignArgs,
    #[command(flatten)]
    passphrases: PassphraseArgs,
    #[command(flatten)]
    overwrite: OverwriteArgs,
    #[command(flatten)]
    jobs: JobsArgs,
}

pub fn run(arguments: &Arguments, global: &Global, ui: &Ui) -> Result<Ended, Failure> {
    check_archive_output(
        &arguments.output,
        "--dry-run checks everything and writes nothing",
    )?;
    let config = global.config()?;
    let plan = arguments.seal.plan(global, ui)?;
    let bar = Bar::new(ui, "packing");
    let passphrases = arguments.passphrases.source(bar.handle(), ui)?;
    let keys = arguments.sign.load(config.as_ref(), &*passphrases, ui)?;
    let job = Job::new()
        .signing(&keys)
        .overwrite(arguments.overwrite.overwrite())
        .workers(arguments.jobs.jobs());
    let mut job = arguments.layout.apply(job, &plan, config.as_ref(), ui)?;
    let mut inputs = arguments.paths.clone();
    if let Some(list) = &arguments.files_from {
        let mut text = Vec::new();
        let read = open_input(list)?.read_to_end(&mut text);
        read.map_err(|error| Error::reading(input_name(list), error))?;
        inputs.extend(read_file_list(&text, arguments.null).map_err(Error::from)?);
    }
    let options = SourceOptions {
        follow_links: arguments.follow_links,
        include: arguments.include.clone(),
        exclude: arguments.exclude.clone(),
        output: Some(arguments.output.clone()),
    };
    let waiting = Waiting::new(ui, "looking for files".into());
    let found = Sources::collect(&inputs, &options).map_err(Error::from)?;
    drop(waiting);
    let left_out = show_notices(&found, ui);
    let suspects = suspects::find(&found.files, &arguments.paths);
    suspects::warn(&suspects, ui);
    drop(inputs);
    let about = About {
        archive: PathFact(&arguments.output),
        format: plan.format().into(),
        recipients: recipient_facts(plan.recipients()),
        signers: signer_facts(&keys),
        suspects: suspects.iter().map(Suspect::facts).collect(),
        unmatched_patterns: unmatched(&found),
        left_out: left_out.iter().copied().map(PathFact).collect(),
    };
    let overwrite = arguments.overwrite.overwrite();
    let recipients = recipients_line(plan.recipients());

    if arguments.dry_run {
        job.check(&found.files, &plan)?;
        // Make it and drop it: this finds the errors that a real run would
        // begin with.
        PendingFile::create(&arguments.output, Access::Shared, overwrite)
            .map_err(|source| Error::writing(&arguments.output, source))?;
        for file in &found.files {
            drop(file.open().map_err(Error::from)?);
        }
        let total = total_size(&found.files);
        ui.summary(&format!(
            "would pack {} ({}) for {recipients}{}; nothing was written",
            count(found.files.len() as u64, "file"),
            bytes(total),
            signed_by(&keys)
        ));
        let members = found.files.iter().map(|file| MemberFacts::of(file, None));
        let facts = PackFacts {
            about,
            dry_run: Some(true),
            members: Each(|| members.clone()),
            plain_bytes: total,
            archive_bytes: None,
        };
        return Ok(Report::of(Names(&found.files), &facts).end(global.json, ui));
    }

    job = job.progress(&bar);
    if arguments.sha256 {
        job = job.hashing();
    }
    let packed = job.pack(&found.files, &plan, &arguments.output);
    bar.finish();
    let packed = packed?;
    ui.summary(&format!(
        "packed {} ({}) for {recipients} into {} ({}){}",
        count(packed.members as u64, "file"),
        bytes(packed.plain),
        arguments.output.display(),
        bytes(packed.archive),
        signed_by(&keys)
    ));
    // There are as many hashes as files, or none.
    let hashes = packed
        .hashes
        .iter()
        .zip(found.files.iter().map(Source::name));
    let members = found.files.iter().enumerate();
    let members = members.map(|(i, file)| MemberFacts::of(file, packed.hashes.get(i)));
    let facts = PackFacts {
        about,
        dry_run: None,
        members: Each(|| members.clone()),
        plain_bytes: packed.plain,
        archive_bytes: Some(packed.archive),
    };
    let report = Report::of(Sha256Sums(|| hashes.clone()), &facts);
    Ok(report.end(global.json, ui))
}

/// The names of the files that would be packed, one on a line.
struct Names<'a>(&'a [Source]);

impl Display for Names<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mut files = self.0.iter();
        files.try_for_each(|file| writeln!(f, "{}", safe(file.name())))
    }
}

#[derive(Serialize)]
struct PackFacts<'a, M> {
    #[serde(flatten)]
    about: About<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dry_run: Option<bool>,
    members: M,
    plain_bytes: u64,
    /// Missing if no archive was written.
    #[serde(skip_serializing_if = "Option::is_none")]
    archive_bytes: Option<u64>,
}

/// What is known of an archive before it's written.
#[derive(Serialize)]
struct About<'a> {
    archive: PathFact<'a>,
    #[serde(flatten)]
    format: FormatFacts,
    recipients: Vec<RecipientFacts<'a>>,
    signers: Vec<SigningFacts<'a>>,
    suspects: Vec<SuspectFacts<'a>>,
    unmatched_patterns: Vec<&'a str>,
    left_out: Vec<PathFact<'a>>,
}

#[derive(Serialize)]
struct MemberFacts<'a> {
    name: &'a str,
    plain_bytes: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    sha256: Option<String>,
}

impl<'a> MemberFacts<'a> {
    fn of(file: &'a Source, hash: Option<&[u8; 32]>) -> Self {
        Self {
            name: file.name(),
            plain_bytes: file.size(),
            sha256: hash.map(|hash| hex(hash)),
        }
    }
}

/// Shows which files are packed under another name or left out. Returns those
/// left out without a request.
fn show_notices<'a>(found: &'a Sources, ui: &Ui) -> Vec<&'a Path> {
    let mut left_out = Vec::new();
    for notice in &found.notices {
        match notice {
            SourceNotice::Renamed { path, name } => {
                ui.notice(&format!("{} is packed as {name:?}", path.display()));
            }
            SourceNotice::Output { path } => {
                let path = path.display();
                ui.notice(&format!("{path}: the archive of an earlier run, left out"));
            }
            SourceNotice::Unmatched { pattern, included } => ui.warning(&format!(
                "--{} {pattern:?} matches nothing",
                if *included { "include" } else { "exclude" }
            )),
            SourceNotice::Link { path } => {
                ui.warning(&format!("{}: a symbolic link, left out", path.display()));
                left_out.push(path.as_path());
            }
            SourceNotice::Special { path, kind } => {
                ui.warning(&format!("{}: {kind}, left out", path.display()));
                left_out.push(path.as_path());
            }
            _ => {}
        }
    }
    left_out
}

/// Returns the patterns that match nothing.
fn unmatched(found: &Sources) -> Vec<&str> {
    let patterns = found.notices.iter().filter_map(|notice| match notice {
        SourceNotice::Unmatched { pattern, .. } => Some(pattern.as_str()),
        _ => None,
    });
    patterns.collect()
}
