//! `callseal list`

mod folded;
mod summary;
mod totals;
mod tree;

use std::borrow::Cow;
use std::fmt::{self, Display, Formatter};
use std::path::PathBuf;

use callseal::archive::Member;
use callseal::keys::{NoPassphrases, Passphrases, Recipient};
use callseal::message::Opener;
use callseal::{ArchiveFile, Members, Timestamp};
use clap::Args;
use serde::Serialize;

use super::archive_overview::{Overview, SealedFacts};
use super::args::{IdentityArgs, LimitArgs};
use super::error::Error;
use super::facts::PathFact;
use super::failure::{Ended, Failure, Report};
use super::global::Global;
use super::hints::Task;
use super::known_recipients::KnownKeys;
use super::member_args::{ExcludeArgs, PATTERNS};
use super::open_args::{GrantArgs, IgnoreIndexArgs};
use super::passphrases::PassphraseArgs;
use super::printing::Each;
use super::recipient_args::KnownArgs;
use super::ui::{Ui, Waiting, bytes, safe};
use super::verify::claims;
use summary::Summary;
use totals::Totals;
use tree::{Leaf, Tree};

/// Show the members of an archive and who can open it; no key is needed
#[derive(Debug, Args)]
#[command(after_help = format!("\
{PATTERNS}

Sizes are those of the sealed members; a key that opens the index of the archive
also shows those of the files. Certificates given with -r, and those of the
config, give the recipients their names; keys given with -k show which of yours
fit. CMS members with AES-CBC or 3DES are marked as not authenticated:
they may have been changed in transit.

A kind is the ending of a name. A sum for a directory in --summary is without
those below it, and in --tree with them. Beyond 40 directories, --summary sums
those that lie deep: calls/** is calls/ with all below it. With --json it sums
none, and --tree makes no difference.

Examples:
  callseal list calls.zip
  callseal list calls.zip --summary
  callseal list calls.zip --summary 'calls/2026-03-14/**'
  callseal list calls.zip -r customer.crt -k keys/"))]
pub struct Arguments {
    /// The archive
    archive: PathBuf,
    /// Show only these members
    #[arg(value_name = "MEMBER")]
    members: Vec<String>,
    #[command(flatten)]
    exclude: ExcludeArgs,
    /// Show sums by directory and by kind instead of the members
    #[arg(long)]
    summary: bool,
    /// Show the members as a tree of directories, with sums
    #[arg(long, conflicts_with = "summary")]
    tree: bool,
    #[command(flatten)]
    known: KnownArgs,
    #[command(flatten)]
    identities: IdentityArgs,
    #[command(flatten)]
    passphrases: PassphraseArgs,
    #[command(flatten)]
    grant: GrantArgs,
    #[command(flatten)]
    index: IgnoreIndexArgs,
    #[command(flatten)]
    limits: LimitArgs,
}

pub fn run(arguments: &Arguments, global: &Global, ui: &Ui) -> Result<Ended, Failure> {
    let config = global.config()?;
    let waiting = Waiting::new(ui, "reading the archive".into());
    let keyring = arguments.identities.keyring(config.as_ref(), ui)?;
    let files = arguments.known.files(config.as_ref(), ui)?;
    let known = KnownKeys::load(&files, keyring, ui)?;
    let mut archive = ArchiveFile::open(&arguments.archive)?;
    // Nobody asked to unlock the keys of the config.
    let passphrases: Box<dyn Passphrases> = match arguments.identities.is_given() {
        true => arguments.passphrases.source(waiting.handle(), ui)?,
        false => Box::new(NoPassphrases),
    };
    let opener = Opener::new(known.keyring())
        .with_passphrases(&*passphrases)
        .with_limits(&arguments.limits.limits());
    let opener = arguments.index.apply(opener);
    arguments.grant.apply(&mut archive, &opener)?;
    archive.read_names(&opener);
    let archive = archive;
    if let Some(closed) = archive.closed_names() {
        ui.notice(&closed.to_string());
    }
    let members = arguments.exclude.choose(&archive, &arguments.members, ui)?;
    let members = arguments
        .grant
        .granted(&archive, members, &arguments.members)?;
    let mut overview = Overview::of(&archive, members.as_slice(), &arguments.limits.limits());
    drop(waiting);

    let task = arguments.grant.task().unwrap_or(Task::List);
    let during = |error| Error::during(task, error);
    let removed = archive.removed_members().map(during).collect();
    let (mut failures, outcome) = overview.take_failures(&arguments.archive, removed);
    failures.extend(archive.index_error().map(during));
    let layout = match (arguments.summary, arguments.tree) {
        (true, _) => Layout::Sums(Summary::of(&archive, &members)),
        (_, true) if !global.json => Layout::Tree,
        _ => Layout::Members,
    };
    let listing = Listing {
        archive: &archive,
        members: &members,
        overview: &overview,
        layout,
        known: &known,
        strangers: overview.strangers(&known),
    };
    let strangers = listing.strangers.iter();
    let facts = ListFacts {
        archive: PathFact(&arguments.archive),
        index: archive.has_index(),
        claims_to_be_signed_by: claimed(&archive),
        sealed: overview.facts(&known),
        not_recipients: strangers.map(|s| PathFact(s.source())).collect(),
        shown: match &listing.layout {
            Layout::Sums(summary) => ShownFacts::Sums(summary.facts()),
            _ => ShownFacts::Members {
                members: Each(|| listing.members()),
            },
        },
    };
    let report = Report {
        failures,
        outcome,
        ..Report::of(&listing, &facts)
    };
    Ok(report.end(global.json, ui))
}

/// How the members are shown.
enum Layout {
    Members,
    Tree,
    Sums(Summary),
}

/// Members, and who can open them. It is shown as text.
struct Listing<'a> {
    archive: &'a ArchiveFile,
    members: &'a Members<'a>,
    overview: &'a Overview,
    layout: Layout,
    known: &'a KnownKeys,
    /// The given certificates that open none of the members.
    strangers: Vec<&'a Recipient>,
}

impl<'a> Listing<'a> {
    /// Returns the facts of each member.
    fn members(&self) -> impl Iterator<Item = MemberFacts<'a>> {
        let archive = self.archive;
        let members = self.members.as_slice().iter().zip(self.overview.set_of());
        members.map(move |(member, sealed)| MemberFacts {
            name: member.shown_name(),
            stored_name: member.stored_name(),
            sealed_bytes: member.size(),
            plain_bytes: archive.listed(member).map(|listed| listed.size),
            modified: modified(archive, member),
            sealed,
        })
    }
}

impl Listing<'_> {
    fn has_sizes(&self) -> bool {
        let is_listed = |member| self.archive.listed(member).is_some();
        self.members.iter().any(is_listed)
    }

    /// Returns the members, each with what isn't plain about it.
    fn marked(&self) -> impl Iterator<Item = (&Member, &'static str)> {
        let marks = self.overview.marks().enumerate();
        self.members
            .iter()
            .zip(marks)
            .map(|(member, (index, is_marked))| {
                let mark = match (is_marked, self.overview.is_other_file(index)) {
                    (_, true) => "  (not sealed)",
                    (true, false) => "  (not authenticated)",
                    (false, false) => "",
                };
                (member, mark)
            })
    }

    fn write_members(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let has_sizes = self.has_sizes();
        let column = match has_sizes {
            true => format!("{:>14}", "BYTES"),
            false => String::new(),
        };
        writeln!(
            f,
            "{:>14}{column}  {:<20}  NAME",
            "SEALED BYTES", "MODIFIED"
        )?;
        for (member, mark) in self.marked() {
            write!(f, "{:>14}", member.size())?;
            match self.archive.listed(member) {
                Some(listed) => write!(f, "{:>14}", listed.size)?,
                None if has_sizes => write!(f, "{:>14}", "")?,
                None => {}
            }
            writeln!(
                f,
                "  {:<20}  {}{mark}",
                modified(self.archive, member).to_string(),
                safe(&member.shown_name()),
            )?;
        }
        Ok(())
    }

    fn tree(&self) -> Tree<'_> {
        let leaves = self.marked().map(|(member, mark)| Leaf {
            name: member.shown_name(),
            member,
            mark,
        });
        Tree::of(self.archive, leaves.collect())
    }

    /// Writes the line of all members together.
    fn write_total(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mut totals = Totals::default();
        for member in self.members.iter() {
            totals.add(&Totals::of(self.archive, member));
        }
        let total = bytes(totals.sealed);
        let column = match totals.listed {
            0 => String::new(),
            _ => {
                let plain = totals.plain().map(|plain| bytes(plain).to_string());
                format!("{:>14}", plain.unwrap_or_default())
            }
        };
        let counted = self.overview.counted(self.archive);
        match &self.layout {
            Layout::Members => writeln!(f, "{total:>14}{column}  {:<20}  {counted}", ""),
            Layout::Tree => writeln!(f, "{total:>14}{column}  {counted}"),
            Layout::Sums(summary) => summary.write_total(f, &counted),
        }
    }
}

impl Display for Listing<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let overview = self.overview;
        match &self.layout {
            Layout::Members => self.write_members(f)?,
            Layout::Tree => self.tree().write(f)?,
            Layout::Sums(summary) => summary.write(f)?,
        }
        self.write_total(f)?;
        if let Some(claims) = claims(self.archive) {
            writeln!(f, "{claims} (`callseal verify --signer CERT` checks it)")?;
        }
        f.write_str(&overview.text(self.known))?;
        for stranger in &self.strangers {
            let source = stranger.source().display().to_string();
            let label = safe(stranger.label());
            writeln!(f, "\nnot a recipient: {label} ({})", safe(&source))?;
        }
        Ok(())
    }
}

fn claimed(archive: &ArchiveFile) -> Vec<String> {
    let [manifest, _] = archive.claimed_signers();
    manifest.into_iter().map(|claim| claim.signer).collect()
}

/// Returns when the file of a member was last changed, by the index if that says
/// so: the archive doesn't show it if names are hidden.
fn modified(archive: &ArchiveFile, member: &Member) -> Timestamp {
    let listed = archive.listed(member).and_then(|listed| listed.modified);
    Timestamp(listed.unwrap_or_else(|| member.modified()))
}

#[derive(Serialize)]
struct ListFacts<'a, M, S> {
    archive: PathFact<'a>,
    index: bool,
    /// Nothing of it was checked.
    claims_to_be_signed_by: Vec<String>,
    sealed: Vec<SealedFacts<'a>>,
    /// The given certificates that open none of the members.
    not_recipients: Vec<PathFact<'a>>,
    #[serde(flatten)]
    shown: ShownFacts<M, S>,
}

/// The members, or sums over them.
#[derive(Serialize)]
#[serde(untagged)]
enum ShownFacts<M, S> {
    Members { members: M },
    Sums(S),
}

#[derive(Serialize)]
struct MemberFacts<'a> {
    name: Cow<'a, str>,
    stored_name: Cow<'a, str>,
    sealed_bytes: u64,
    /// Null if no key opens the index, or it doesn't list the member.
    plain_bytes: Option<u64>,
    modified: Timestamp,
    /// The index of the member's format and recipients in the list of that
    /// name; null if the member isn't a message.
    sealed: Option<usize>,
}
