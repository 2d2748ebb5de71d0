//! `callseal list`

use std::borrow::Cow;
use std::fmt::{self, Display, Formatter};
use std::path::PathBuf;

use callseal::keys::Recipient;
use callseal::{ArchiveFile, Members, Timestamp};
use clap::Args;
use serde::Serialize;

use super::archive_overview::{Overview, SealedFacts};
use super::args::{IdentityArgs, LimitArgs};
use super::facts::PathFact;
use super::failure::{Ended, Failure, Report};
use super::global::Global;
use super::known_recipients::KnownKeys;
use super::member_args::{ExcludeArgs, PATTERNS};
use super::printing::Each;
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

pub fn run(arguments: &Arguments, global: &Global, ui: &Ui) -> Result<Ended, Failure> {
    let config = global.config()?;
    let waiting = Waiting::new(ui, "reading the archive".into());
    let archive = ArchiveFile::open(&arguments.archive)?;
    let members = arguments.exclude.choose(&archive, &arguments.members, ui)?;
    let keyring = arguments.identities.keyring(config.as_ref(), ui)?;
    let files = arguments.known.files(config.as_ref(), ui)?;
    let known = KnownKeys::load(&files, keyring, ui)?;
    let mut overview = Overview::of(&archive, members.as_slice(), &arguments.limits.limits());
    drop(waiting);

    let (failures, outcome) = overview.take_failures(&arguments.archive);
    let listing = Listing {
        members: &members,
        overview: &overview,
        known: &known,
        strangers: overview.strangers(&known),
    };
    let strangers = listing.strangers.iter();
    let facts = ListFacts {
        archive: PathFact(&arguments.archive),
        sealed: overview.facts(&known),
        not_recipients: strangers.map(|s| PathFact(s.source())).collect(),
        members: Each(|| listing.members()),
    };
    let report = Report {
        failures,
        outcome,
        ..Report::of(&listing, &facts)
    };
    Ok(report.end(global.json, ui))
}

/// Members, and who can open them. It is shown as text.
struct Listing<'a> {
    members: &'a Members<'a>,
    overview: &'a Overview,
    known: &'a KnownKeys,
    /// The given certificates that open none of the members.
    strangers: Vec<&'a Recipient>,
}

impl<'a> Listing<'a> {
    /// Returns the facts of each member.
    fn members(&self) -> impl Iterator<Item = MemberFacts<'a>> {
        let members = self.members.as_slice().iter().zip(self.overview.set_of());
        members.map(|(member, sealed)| MemberFacts {
            name: member.shown_name(),
            stored_name: member.stored_name(),
            sealed_bytes: member.size(),
            modified: Timestamp(member.modified()),
            sealed,
        })
    }
}

impl Display for Listing<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let overview = self.overview;
        writeln!(f, "{:>14}  {:<20}  NAME", "SEALED BYTES", "MODIFIED")?;
        for (index, (member, marked)) in self.members.iter().zip(overview.marks()).enumerate() {
            writeln!(
                f,
                "{:>14}  {:<20}  {}{}",
                member.size(),
                Timestamp(member.modified()).to_string(),
                safe(&member.shown_name()),
                match (marked, overview.is_other_file(index)) {
                    (_, true) => "  (not sealed)",
                    (true, false) => "  (not authenticated)",
                    (false, false) => "",
                }
            )?;
        }
        let total = bytes(self.members.total_size());
        writeln!(f, "{total:>14}  {:<20}  {}", "", overview.counted())?;
        f.write_str(&overview.text(self.known))?;
        for stranger in &self.strangers {
            let source = stranger.source().display().to_string();
            let label = safe(stranger.label());
            writeln!(f, "\nnot a recipient: {label} ({})", safe(&source))?;
        }
        Ok(())
    }
}

#[derive(Serialize)]
struct ListFacts<'a, M> {
    archive: PathFact<'a>,
    sealed: Vec<SealedFacts<'a>>,
    /// The given certificates that open none of the members.
    not_recipients: Vec<PathFact<'a>>,
    members: M,
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
