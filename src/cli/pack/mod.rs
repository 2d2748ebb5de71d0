//! `callseal pack`

mod facts;
mod moving;
mod notices;
mod sealed;

use std::io::Read;
use std::path::PathBuf;
use std::time::SystemTime;

use callseal::Job;
use callseal::config::TimeSpan;
use callseal::output::{Access, PendingFile};
use callseal::sources::{Source, SourceOptions, Sources, read_file_list, total_size};
use clap::Args;

use crate::cli::args::{JobsArgs, OverwriteArgs, SealArgs};
use crate::cli::error::Error;
use crate::cli::expiry::EndingFacts;
use crate::cli::facts::{PathFact, recipient_facts};
use crate::cli::failure::{Ended, Failure, Report};
use crate::cli::global::Global;
use crate::cli::known_recipients::recipients_line;
use crate::cli::layout_args::LayoutArgs;
use crate::cli::passphrases::PassphraseArgs;
use crate::cli::printing::Each;
use crate::cli::sha256sum::Sha256Sums;
use crate::cli::signing_args::{SignArgs, signed_by, signer_facts};
use crate::cli::streams::{check_archive_output, input_name, open_input};
use crate::cli::suspects::{self, Suspect};
use crate::cli::ui::{Bar, Ui, Waiting, bytes, count};
use facts::{About, MemberFacts, MovingFacts, Names, PackFacts};
use moving::Stays;
use notices::{show_notices, unmatched, young};

/// Seal files and directories into one archive
#[derive(Debug, Args)]
#[command(after_help = "\
A GLOB without / matches the file name in any directory, one with / the whole
path.

With --sealed, a member is called as its file is, with the ending. The name that
is sealed in a message can't be checked without a key: extracting does that.

Examples:
  callseal pack -o calls.zip -r customer.crt -r vendor.crt calls/
  callseal pack --config /etc/lumenvox/client_property.conf -o calls.zip calls/
  callseal pack --sealed -o day.zip -r customer.crt -r vendor.crt sealed/
  callseal pack -p acme -o \"$(date +%F-%H%M).zip\" calls/ --min-age 10m --move --allow-empty
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
    /// Leave out files that were written to within this time, such as 90s, 10m,
    /// 2h or 1d
    #[arg(long, value_name = "AGE")]
    min_age: Option<TimeSpan>,
    /// Remove the files that were packed, once the archive has been read back from
    /// the disk; a file that has changed meanwhile stays
    #[arg(long = "move", conflicts_with = "follow_links")]
    moves: bool,
    /// If there are no files to pack, succeed and write no archive
    #[arg(long)]
    allow_empty: bool,
    /// Print the SHA-256 of each file, in the format of sha256sum
    #[arg(long, conflicts_with = "dry_run")]
    sha256: bool,
    /// Check everything and list what would be packed, but write nothing
    #[arg(long)]
    dry_run: bool,
    /// Pack files that are sealed already, and end in .pgp or .p7m: each is one
    /// message, sealed to exactly the recipients; no key is needed
    #[arg(long, conflicts_with_all = sealed::CONFLICTS)]
    sealed: bool,
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

/// What is said if there may be no files, and there are none.
const NOTHING: &str = "no files to pack, so no archive is written";

pub fn run(arguments: &Arguments, global: &Global, ui: &Ui) -> Result<Ended, Failure> {
    check_archive_output(
        &arguments.output,
        "--dry-run checks everything and writes nothing",
    )?;
    if arguments.sealed {
        return sealed::run(arguments, global, ui);
    }
    let config = global.config()?;
    let plan = arguments.seal.plan(global, ui)?;
    let ending = arguments.seal.warn_of_ends(&plan, global, ui)?;
    let bar = Bar::new(ui, "packing");
    let passphrases = arguments.passphrases.source(bar.handle(), ui)?;
    let keys = arguments.sign.load(config.as_ref(), &*passphrases, ui)?;
    let job = Job::new()
        .signing(&keys)
        .overwrite(arguments.overwrite.overwrite())
        .workers(arguments.jobs.jobs());
    let mut job = arguments.layout.apply(job, &plan, config.as_ref(), ui)?;
    let (inputs, options) = inputs(arguments)?;
    let mut found = collect(&inputs, &options, ui)?;
    let mut put_back = Vec::new();
    if arguments.moves && !arguments.dry_run {
        put_back = moving::put_back_claimed(&found.notices, ui);
        if !put_back.is_empty() {
            found = collect(&inputs, &options, ui)?;
        }
    }
    let left_out = show_notices(&found, arguments.min_age, ui);
    if !arguments.allow_empty {
        found.refuse_nothing(&options).map_err(Error::from)?;
    }
    let mut stays = match arguments.moves {
        true => Stays::of_inputs(&found.files),
        false => Stays::default(),
    };
    let suspects = suspects::find(&found.files, &arguments.paths);
    suspects::warn(&suspects, ui);
    if arguments.moves {
        stays.add_keys(&found.files, &suspects);
    }
    drop(inputs);
    let about = About {
        archive: PathFact(&arguments.output),
        format: plan.format().into(),
        recipients: recipient_facts(plan.recipients()),
        signers: signer_facts(&keys),
        suspects: suspects.iter().map(Suspect::facts).collect(),
        unmatched_patterns: unmatched(&found),
        left_out: left_out.iter().copied().map(PathFact).collect(),
        young: young(&found),
        put_back: put_back.iter().map(|path| PathFact(path)).collect(),
        ending_soon: ending.iter().map(EndingFacts::from).collect(),
    };
    let overwrite = arguments.overwrite.overwrite();
    let recipients = recipients_line(plan.recipients());

    if found.files.is_empty() {
        ui.notice(NOTHING);
        let facts = PackFacts {
            about,
            dry_run: arguments.dry_run.then_some(true),
            members: [(); 0],
            moving: None::<()>,
            plain_bytes: 0,
            archive_bytes: None,
        };
        return Ok(Report::of(String::new(), facts).end(global.json, ui));
    }

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
            "would pack {} ({}) for {recipients}{}{}; nothing was written",
            count(found.files.len() as u64, "file"),
            bytes(total),
            signed_by(&keys),
            match arguments.moves {
                true => stays.summary(&found.files, "remove"),
                false => String::new(),
            }
        ));
        stays.warn(&found.files, ui);
        let members = found.files.iter().map(|file| MemberFacts::of(file, None));
        let facts = PackFacts {
            about,
            dry_run: Some(true),
            members: Each(|| members.clone()),
            moving: arguments.moves.then_some(MovingFacts {
                moved: Each(|| stays.others(&found.files)),
                not_moved: Each(|| stays.facts(&found.files)),
                not_flushed: [(); 0],
            }),
            plain_bytes: total,
            archive_bytes: None,
        };
        let ended = Report::of(Names(&found.files), &facts).end(global.json, ui);
        return Ok(ended.or(stays.kind()));
    }

    job = job.progress(&bar);
    if arguments.sha256 {
        job = job.hashing();
    }
    if arguments.moves {
        job = job.removing();
    }
    let packed = job.pack(&found.files, &plan, &arguments.output);
    bar.finish();
    let packed = packed?;
    let mut removal = None;
    if arguments.moves {
        let what = "reading the archive back, and removing the files";
        let waiting = Waiting::new(ui, what.into());
        let numbers = stays.numbers();
        removal = Some(job.remove_packed(&found.files, &packed, &arguments.output, &numbers));
        drop(waiting);
    }
    let (removal, failure) = match removal.transpose() {
        Ok(removal) => (removal, None),
        Err(error) => (None, Some(error)),
    };
    if let Some(removal) = &removal {
        stays.add_removal(removal);
    }
    ui.summary(&format!(
        "packed {} ({}) for {recipients} into {} ({}){}{}",
        count(packed.members as u64, "file"),
        bytes(packed.plain),
        arguments.output.display(),
        bytes(packed.archive),
        signed_by(&keys),
        match removal {
            Some(_) => stays.summary(&found.files, "removed"),
            None => String::new(),
        }
    ));
    if let Some(removal) = &removal {
        stays.warn(&found.files, ui);
        moving::warn_of_unflushed(removal, ui);
    }
    // There are as many hashes as files, or none.
    let hashes = packed.hashes.iter().filter(|_| arguments.sha256);
    let sums = hashes.clone().zip(found.files.iter().map(Source::name));
    let members = found.files.iter().enumerate();
    let members = members.map(|(i, file)| {
        let hash = packed.hashes.get(i).filter(|_| arguments.sha256);
        MemberFacts::of(file, hash)
    });
    let facts = PackFacts {
        about,
        dry_run: None,
        members: Each(|| members.clone()),
        moving: removal.as_ref().map(|removal| MovingFacts {
            moved: Each(|| stays.others(&found.files)),
            not_moved: Each(|| stays.facts(&found.files)),
            not_flushed: Each(|| moving::unflushed(removal)),
        }),
        plain_bytes: packed.plain,
        archive_bytes: Some(packed.archive),
    };
    let report = Report {
        outcome: failure.map(Error::from),
        ..Report::of(Sha256Sums(|| sums.clone()), &facts)
    };
    let is_partial = removal.as_ref().and_then(moving::kind).or(stays.kind());
    Ok(report.end(global.json, ui).or(is_partial))
}

/// Returns the paths to pack, and how their files are chosen.
fn inputs(arguments: &Arguments) -> Result<(Vec<PathBuf>, SourceOptions), Failure> {
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
        // If the span is longer than the calendar, no file is old enough.
        unchanged_since: arguments.min_age.map(|age| {
            let then = SystemTime::now().checked_sub(age.length());
            then.unwrap_or(SystemTime::UNIX_EPOCH)
        }),
        may_be_empty: true,
    };
    Ok((inputs, options))
}

/// Finds the files to pack.
fn collect(inputs: &[PathBuf], options: &SourceOptions, ui: &Ui) -> Result<Sources, Failure> {
    let _waiting = Waiting::new(ui, "looking for files".into());
    Ok(Sources::collect(inputs, options).map_err(Error::from)?)
}
