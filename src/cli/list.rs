//! `callseal list`

use std::borrow::Cow;
use std::fmt::Write;
use std::path::PathBuf;

use callseal::archive::Member;
use callseal::{ArchiveFile, Timestamp};
use clap::Args;
use serde::Serialize;

use super::archive_overview::{Overview, SealedFacts};
use super::args::{IdentityArgs, LimitArgs};
use super::facts::{Facts, PathFact};
use super::failure::{Failure, Report};
use super::global::Global;
use super::known_recipients::KnownKeys;
use super::member_args::{ExcludeArgs, PATTERNS};
use super::recipient_args::KnownArgs;
use super::ui::{Ui, Waiting, bytes, safe};

/// Show the members of an archive and who can open it; no key is needed
#[derive(Debug, Args)]
#[command(after_help = format!("\
{PATTERNS}

Sizes are those of the sealed members. Certificates given with -r, and those of
the config, give the recipients their names; keys given with -k show which of
yours fit. CMS members with AES-CBC or 3DES are marked as not authenticated:
they may have been changed in transit.

Examples:
  callseal list calls.zip
  callseal list calls.zip -r customer.crt -k keys/"))]
pub struct Arguments {
    /// The archive
    archive: PathBuf,
    /// Show only these members
    #[arg(value_name = "MEMBER")]
    members: Vec<String>,
    #[command(flatten)]
    exclude: ExcludeArgs,
    #[command(flatten)]
    known: KnownArgs,
    #[command(flatten)]
    identities: IdentityArgs,
    #[command(flatten)]
    limits: LimitArgs,
}

pub fn run(arguments: &Arguments, global: &Global, ui: &Ui) -> Result<Report, Failure> {
    let config = global.config()?;
    let waiting = Waiting::new(ui, "reading the archive".into());
    let archive = ArchiveFile::open(&arguments.archive)?;
    let members = arguments.exclude.choose(&archive, &arguments.members, ui)?;
    let keyring = arguments.identities.keyring(config.as_ref(), ui)?;
    let files = arguments.known.files(config.as_ref(), ui)?;
    let known = KnownKeys::load(&files, keyring, ui)?;
    let overview = Overview::of(&archive, members.as_slice(), &arguments.limits.limits());
    drop(waiting);

    let mut text = String::new();
    let _ = writeln!(text, "{:>14}  {:<20}  NAME", "SEALED BYTES", "MODIFIED");
    for (index, (member, marked)) in members.iter().zip(overview.marks()).enumerate() {
        let _ = writeln!(
            text,
            "{:>14}  {:<20}  {}{}",
            member.size(),
            Timestamp(member.modified()).to_string(),
            safe(&member.shown_name()),
            match (marked, overview.is_other_file(index)) {
                (_, true) => "  (not sealed)",
                (true, false) => "  (not authenticated)",
                (false, false) => "",
            }
        );
    }
    let _ = writeln!(
        text,
        "{:>14}  {:<20}  {}",
        bytes(members.total_size()),
        "",
        overview.counted()
    );
    text.push_str(&overview.text(&known));
    let strangers = overview.strangers(&known);
    for stranger in &strangers {
        let source = stranger.source().display().to_string();
        let label = safe(stranger.label());
        let _ = writeln!(text, "\nnot a recipient: {label} ({})", safe(&source));
    }

    let facts = global.json.then(|| {
        Facts::of(&ListFacts {
            archive: PathFact(&arguments.archive),
            sealed: overview.facts(&known),
            not_recipients: strangers.iter().map(|s| PathFact(s.source())).collect(),
            members: member_facts(members.as_slice(), &overview),
        })
    });
    let mut report = Report {
        text,
        facts,
        ..Report::default()
    };
    overview.conclude(&arguments.archive, &mut report);
    Ok(report)
}

#[derive(Serialize)]
struct ListFacts<'a> {
    archive: PathFact<'a>,
    sealed: Vec<SealedFacts<'a>>,
    /// The given certificates that open none of the members.
    not_recipients: Vec<PathFact<'a>>,
    members: Vec<MemberFacts<'a>>,
}

#[derive(Serialize)]
struct MemberFacts<'a> {
    name: Cow<'a, str>,
    stored_name: Cow<'a, str>,
    sealed_bytes: u64,
    modified: Timestamp,
    /// The index of the member's format and recipients in the list of that
    /// name; null if the member isn't a message.
    sealed: Option<usize>,
}

fn member_facts<'a>(members: &[&'a Member], overview: &Overview) -> Vec<MemberFacts<'a>> {
    let members = members.iter().zip(overview.set_of());
    members
        .map(|(member, sealed)| MemberFacts {
            name: member.shown_name(),
            stored_name: member.stored_name(),
            sealed_bytes: member.size(),
            modified: Timestamp(member.modified()),
            sealed,
        })
        .collect()
}
