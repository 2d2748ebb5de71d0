//! `callseal share`

use std::path::{Path, PathBuf};

use callseal::keys::{KeyHandle, Recipient, RecipientError, Recipients};
use callseal::{ArchiveFile, Change, Difference, Job, ShareTarget, Shared, SharedMember};
use clap::Args;
use serde::Serialize;

use super::args::{JobsArgs, OverwriteArgs};
use super::error::Error;
use super::facts::PathFact;
use super::failure::{Ended, Failure, Report};
use super::global::Global;
use super::member_args::{ExcludeArgs, PATTERNS, notice_other_files, open_archive};
use super::open_args::{IgnoreIndexArgs, OpenArgs};
use super::printing::Each;
use super::recipient_args::RecipientArgs;
use super::streams::check_archive_output;
use super::ui::{Bar, Ui, bytes, count, safe};

/// Let others open an archive, or take somebody out
#[derive(Debug, Args)]
#[command(after_help = format!("\
Nothing that is sealed changes: each member gets other recipients in front of
the same sealed data, and the archive a new index. No plaintext is written
anywhere. If any member can't be shared, nothing is written. One message, which
is in no archive, is shared as well.

With MEMBERs and -o, the new archive has just these. With --in-place, the
others stay in it as they are. Without -r and --remove, an archive that has no
index gets one.

Whoever has been taken out can still open the old archive, and with its index
the same members of the new one. `callseal convert` seals them anew.

{PATTERNS}

Examples:
  callseal share calls.zip -k customer.key -r vendor.crt --in-place
  callseal share calls.zip calls/1001.wav -k customer.key -r vendor.crt -o one.zip
  callseal share calls.zip -k customer.key --remove vendor.crt -o without.zip"))]
pub struct Arguments {
    /// The archive, or one message
    archive: PathBuf,
    /// Share only these members
    #[arg(value_name = "MEMBER")]
    members: Vec<String>,
    #[command(flatten)]
    exclude: ExcludeArgs,
    #[command(flatten)]
    recipients: RecipientArgs,
    /// Take a recipient out: a certificate, or the fingerprint of its key
    #[arg(long, value_name = "CERT")]
    remove: Vec<String>,
    /// The file to write
    #[arg(
        short,
        long,
        value_name = "OUT",
        required_unless_present_any = ["in_place", "dry_run"],
        conflicts_with = "in_place"
    )]
    output: Option<PathBuf>,
    /// Replace the archive itself, in one step, when the new one is complete
    #[arg(long)]
    in_place: bool,
    /// Check everything and list what would change, but write nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    opening: OpenArgs,
    #[command(flatten)]
    index: IgnoreIndexArgs,
    #[command(flatten)]
    overwrite: OverwriteArgs,
    #[command(flatten)]
    jobs: JobsArgs,
}

pub fn run(arguments: &Arguments, global: &Global, ui: &Ui) -> Result<Ended, Failure> {
    if let Some(output) = &arguments.output {
        check_archive_output(output, "--dry-run checks everything and writes nothing")?;
    }
    let config = global.config()?;
    let mut change = Change::default();
    // Nobody is let in by a default profile.
    let is_added = arguments.recipients.is_given();
    let added = match is_added {
        true => Some(arguments.recipients.load(config.as_ref(), ui)?),
        false => None,
    };
    for given in &arguments.remove {
        let keys = keys_of(given)?;
        let is_named = |added: &Recipient| keys.iter().any(|key| added.is_named_by(key));
        if added.iter().flat_map(Recipients::iter).any(is_named) {
            return Err(Failure::usage(
                format!("{given} is both let in and taken out"),
                "leave out --remove, or name it as no recipient",
            ));
        }
        change = change.removing(given, keys);
    }
    if let Some(added) = added {
        change = change.adding(added);
    }
    let target = match (&arguments.output, arguments.in_place) {
        _ if arguments.dry_run => ShareTarget::Nowhere,
        (Some(output), _) => ShareTarget::File(output),
        (None, _) => ShareTarget::InPlace,
    };
    let bar = Bar::new(ui, "sharing");
    let opening = arguments.opening.load(config.as_ref(), bar.handle(), ui)?;
    let opener = arguments.index.apply(opening.opener());
    let job = Job::new()
        .overwrite(arguments.overwrite.overwrite())
        .workers(arguments.jobs.jobs())
        .progress(&bar);
    let archive = match open_archive(&arguments.archive, &opener) {
        Err(callseal::Error::IsMessage { .. }) if arguments.members.is_empty() => {
            let shared = job.share_message(&arguments.archive, &opener, &change, target)?;
            bar.finish();
            return Ok(conclude_message(shared, arguments, global, ui));
        }
        archive => archive?,
    };
    let members = arguments.exclude.choose(&archive, &arguments.members, ui)?;
    let (members, others) = members.without_other_files();
    if arguments.in_place || arguments.members.is_empty() {
        notice_kept(&others, ui);
    } else {
        notice_other_files(&others, false, ui);
    }
    opening.expect_key(&archive, &members)?;
    let shared = job.share(&members, &opener, &change, target);
    bar.finish();
    match shared {
        Ok(shared) => Ok(conclude(shared, &archive, arguments, global, ui)),
        Err(error) => Ok(nothing_written(error, &archive, global, ui)),
    }
}

/// Says which files stay in the archive as they are.
fn notice_kept(files: &[String], ui: &Ui) {
    if !files.is_empty() {
        ui.notice(&format!(
            "{} that {} never sealed: copied as {}",
            count(files.len() as u64, "file"),
            if files.len() == 1 { "was" } else { "were" },
            if files.len() == 1 {
                "it is"
            } else {
                "they are"
            },
        ));
    }
}

/// Returns the keys of a certificate, or the key with that fingerprint.
fn keys_of(given: &str) -> Result<Vec<KeyHandle>, Failure> {
    let path = Path::new(given);
    if !path.exists()
        && let Some(handle) = KeyHandle::parse(given)
    {
        return Ok(vec![handle]);
    }
    let found = Recipient::load_any_age(path).map_err(|refusal| {
        let path = path.to_owned();
        Error::from(RecipientError::Refused { path, refusal })
    })?;
    Ok(found.iter().flat_map(Recipient::handles).collect())
}

fn conclude(
    mut shared: Shared,
    archive: &ArchiveFile,
    arguments: &Arguments,
    global: &Global,
    ui: &Ui,
) -> Ended {
    let output = arguments.output.as_ref().unwrap_or(&arguments.archive);
    let members = count(shared.members.len() as u64, "member");
    if arguments.dry_run {
        ui.summary(&format!("would share {members}; nothing was written"));
    } else {
        ui.summary(&format!(
            "shared {members} of {} into {} ({}){}",
            arguments.archive.display(),
            output.display(),
            bytes(shared.archive),
            match shared.listed {
                Some(_) => ", with an index",
                None => ", without an index",
            }
        ));
    }
    let left = archive.members().count() - shared.members.len();
    if arguments.in_place && left > 0 {
        let index = match shared.listed {
            Some(_) => "the index lists these alone",
            None => "there is no index any more",
        };
        ui.notice(&format!(
            "{index}; {} by their own recipients",
            match left {
                1 => "the other member opens".into(),
                left => format!("the {left} others open"),
            }
        ));
    }
    let unnamed = shared.members.iter().filter(|m| !m.format.is_open_pgp());
    notice_unnamed(unnamed.count(), ui);
    notice_removal(shared.members.iter().map(|m| &m.difference), arguments, ui);
    let index_error = shared.index_error.take();
    let facts = ShareFacts {
        archive: PathFact(archive.path()),
        output: (!arguments.dry_run).then_some(PathFact(output)),
        archive_bytes: shared.archive,
        indexed: shared.listed.unwrap_or(0),
        members: Each(|| shared.members.iter().map(MemberFacts::from)),
    };
    let text = match arguments.dry_run {
        true => lines(&shared.members),
        false => String::new(),
    };
    let report = Report {
        outcome: index_error.map(Error::from),
        ..Report::of(text, &facts)
    };
    report.end(global.json, ui)
}

fn conclude_message(shared: Shared, arguments: &Arguments, global: &Global, ui: &Ui) -> Ended {
    let output = arguments.output.as_ref().unwrap_or(&arguments.archive);
    match arguments.dry_run {
        true => ui.summary("would share 1 message; nothing was written"),
        false => ui.summary(&format!(
            "shared {} into {}",
            arguments.archive.display(),
            output.display()
        )),
    }
    let members = shared.members;
    notice_removal(members.iter().map(|m| &m.difference), arguments, ui);
    let facts = ShareFacts {
        archive: PathFact(&arguments.archive),
        output: (!arguments.dry_run).then_some(PathFact(output)),
        archive_bytes: shared.archive,
        indexed: 0,
        members: Each(|| members.iter().map(MemberFacts::from)),
    };
    let text = match arguments.dry_run {
        true => lines(&members),
        false => String::new(),
    };
    Report::of(text, &facts).end(global.json, ui)
}

/// Says that CMS messages carry no name that could show a renamed member.
fn notice_unnamed(members: usize, ui: &Ui) {
    if members > 0 {
        let (are, were) = match members {
            1 => ("is a CMS message, which carries", "it was"),
            _ => ("are CMS messages, which carry", "they were"),
        };
        ui.notice(&format!(
            "{} {are} no name: nothing shows whether {were} renamed",
            count(members as u64, "member")
        ));
    }
}

/// Says what the removal of somebody doesn't do.
fn notice_removal<'a>(
    differences: impl IntoIterator<Item = &'a Difference>,
    arguments: &Arguments,
    ui: &Ui,
) {
    let members = differences.into_iter().filter(|d| d.anonymous_go).count();
    if members > 0 {
        ui.notice(&format!(
            "whoever was a hidden recipient of {} or had a passphrase for it, and is not named with -r, {} taken out",
            count(members as u64, "member"),
            match arguments.dry_run {
                true => "would be",
                false => "is",
            }
        ));
    }
    if !arguments.remove.is_empty() {
        ui.notice(
            "whoever has the old archive can still open the same members; `callseal convert` seals them anew",
        );
    }
}

/// Reports each member that can't be shared. Nothing was written.
fn nothing_written(
    mut error: callseal::Error,
    archive: &ArchiveFile,
    global: &Global,
    ui: &Ui,
) -> Ended {
    let failures = match &mut error {
        callseal::Error::NotShared { failures, .. } => std::mem::take(failures),
        _ => Vec::new(),
    };
    let facts = ShareFacts {
        archive: PathFact(archive.path()),
        output: None,
        archive_bytes: 0,
        indexed: 0,
        members: Each(std::iter::empty::<MemberFacts<'_>>),
    };
    let report = Report {
        failures: failures.into_iter().map(Error::from).collect(),
        outcome: Some(error.into()),
        ..Report::of(String::new(), &facts)
    };
    report.end(global.json, ui)
}

/// Returns for each member the recipients that are added, kept and removed.
fn lines(members: &[SharedMember]) -> String {
    let mut text = String::new();
    for member in members {
        let difference = &member.difference;
        text.push_str(&safe(&member.name));
        text.push('\n');
        for (what, keys) in [
            ("added", names(&difference.added)),
            ("added again", names(&difference.renewed)),
            ("kept", names(&difference.kept)),
            ("removed", names(&difference.removed)),
        ] {
            for key in keys {
                text.push_str(&format!("  {what:<12}{key}\n"));
            }
        }
        let anonymous = difference.anonymous + difference.passphrases;
        if anonymous > 0 {
            let what = match difference.anonymous_go {
                true => "removed",
                false => "kept",
            };
            let anonymous = count(anonymous as u64, "hidden recipient or passphrase");
            text.push_str(&format!("  {what:<12}{anonymous}\n"));
        }
    }
    text
}

fn names(keys: &[impl ToString]) -> Vec<String> {
    keys.iter().map(ToString::to_string).collect()
}

#[derive(Serialize)]
struct ShareFacts<'a, M> {
    archive: PathFact<'a>,
    /// Null if nothing was written.
    output: Option<PathFact<'a>>,
    archive_bytes: u64,
    /// The number of members in the index.
    indexed: usize,
    members: M,
}

#[derive(Serialize)]
struct MemberFacts<'a> {
    name: &'a str,
    added: Vec<String>,
    renewed: Vec<String>,
    kept: Vec<String>,
    removed: Vec<String>,
    /// Hidden recipients and passphrases.
    anonymous: usize,
    anonymous_removed: bool,
}

impl<'a> From<&'a SharedMember> for MemberFacts<'a> {
    fn from(member: &'a SharedMember) -> Self {
        let difference = &member.difference;
        Self {
            name: &member.name,
            added: names(&difference.added),
            renewed: names(&difference.renewed),
            kept: names(&difference.kept),
            removed: names(&difference.removed),
            anonymous: difference.anonymous + difference.passphrases,
            anonymous_removed: difference.anonymous_go,
        }
    }
}
