//! `callseal grep`

mod facts;
mod lines;

use std::io;
use std::mem::ManuallyDrop;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::process::ExitCode;

use callseal::message::Opener;
use callseal::{Found, Job, LineSearch, Members, SearchedText, Wanted};
use clap::Args;

use self::lines::{Printer, Shown};
use super::args::JobsArgs;
use super::error::{Error, SearchFault};
use super::evidence_report::not_as_signed;
use super::exit;
use super::failure::{Failure, Report};
use super::global::Global;
use super::member_args::{ExcludeArgs, PATTERNS, notice_other_files, open_signed};
use super::open_args::{GrantArgs, MemberOpenArgs, OpenArgs, say_not_authenticated};
use super::opened_members::OpenedMembers;
use super::signer_args::{ArchiveSignerArgs, Found as FoundSignatures};
use super::ui::{Ui, Waiting};

/// Show the lines of members that match a pattern; no plaintext is written to
/// disk
#[derive(Debug, Args)]
#[command(after_help = format!("\
PATTERN is a regular expression as for `grep -E`, without back-references (\\1).
As in other programs, \\d is a digit, \\t a tab, and (?i) ignores capitals from
there on. A pattern that begins with - goes behind --, after all options.

Lines are shown as MEMBER:LINE-NUMBER:LINE, those around them (-C) with - for :
and with -- between groups.

A member is searched to its authentic end before anything of it is shown. Text
in UTF-16 is shown as UTF-8, and lines that end as on Windows are shown without
that. Of a member that isn't text, such as sound, only a note says that it
matches: one with a zero in it, or with both control characters and octets that
aren't UTF-8. Control characters are escaped on a terminal.

{PATTERNS}

Exit status:
  0  a line was found
  1  none was found
  2  something failed, whatever was found

Examples:
  callseal grep -i 'refund|cancel' calls.zip '*.json' -k customer.key
  callseal grep -l -F '+49 30 1234' calls.zip -k keys/"))]
pub struct Arguments {
    /// What to search for
    #[arg(value_name = "PATTERN")]
    pattern: String,
    /// The archive
    archive: PathBuf,
    /// Search only these members
    #[arg(value_name = "MEMBER")]
    members: Vec<String>,
    #[command(flatten)]
    exclude: ExcludeArgs,
    /// Don't distinguish capitals from small letters
    #[arg(short, long)]
    ignore_case: bool,
    /// Take the pattern as the text itself, not as a regular expression
    #[arg(short = 'F', long)]
    fixed_strings: bool,
    /// Show the number of matching lines of each member, without the lines
    #[arg(short, long)]
    count: bool,
    /// Show only the names of the members that match, whatever -c and -C say
    #[arg(short = 'l', long)]
    files_with_matches: bool,
    /// Show line numbers; they are always shown
    #[arg(short = 'n', long)]
    line_number: bool,
    /// Show so many lines before and after each of them
    #[arg(short = 'C', long, value_name = "N")]
    context: Option<usize>,
    #[command(flatten)]
    opening: OpenArgs,
    #[command(flatten)]
    grant: GrantArgs,
    #[command(flatten)]
    member_opening: MemberOpenArgs,
    #[command(flatten)]
    signers: ArchiveSignerArgs,
    #[command(flatten)]
    jobs: JobsArgs,
}

impl Arguments {
    /// Returns what is shown.
    fn shown(&self, ui: &Ui) -> Shown {
        match (self.files_with_matches, self.count) {
            _ if ui.is_quiet() => Shown::Nothing,
            (true, _) => Shown::Names,
            (_, true) => Shown::Counts,
            _ => Shown::Lines {
                has_context: self.context.is_some(),
            },
        }
    }

    fn search(&self, shown: Shown) -> Result<LineSearch, Failure> {
        let text = SearchedText {
            is_fixed: self.fixed_strings,
            ignores_case: self.ignore_case,
        };
        let wanted = match shown {
            Shown::Nothing | Shown::Names => Wanted::Any,
            Shown::Counts => Wanted::Count,
            Shown::Lines { .. } => Wanted::Lines {
                context: self.context.unwrap_or(0),
            },
        };
        LineSearch::new(&self.pattern, text, wanted).map_err(|error| {
            Failure::usage(
                format!("the pattern {:?}: {error}", self.pattern),
                "-F takes it as the text itself; in a regular expression, write \\ before a character that stands for itself",
            )
        })
    }
}

pub fn run(arguments: &Arguments, global: &Global, ui: &Ui) -> Result<ExitCode, Failure> {
    let shown = arguments.shown(ui);
    let search = arguments.search(shown)?;
    if ui.is_verbose() {
        ui.notice("-v shows more details here, and doesn't invert the search");
    }
    let config = global.config()?;
    let waiting = Waiting::new(ui, "searching".into());
    let opening = arguments
        .opening
        .load(config.as_ref(), waiting.handle(), ui)?;
    let opener = arguments.member_opening.apply(opening.opener());
    let signers = arguments.signers.load(config.as_ref(), ui)?;
    let opened = open_signed(&arguments.archive, &opener, signers, ui);
    let (archive, FoundSignatures { evidence, inside }) = match opened {
        Ok(opened) => opened,
        Err(error) => {
            let ended = not_as_signed(error, Error::from).end(global.json, ui);
            return Ok(exit::of_search(ended, false));
        }
    };
    // The process ends after this. That frees a million names at once.
    let mut archive = ManuallyDrop::new(archive);
    arguments.grant.apply(&mut archive, &opener)?;
    let archive = archive;
    let opener = opener.with_signers(inside);
    let members = arguments.exclude.choose(&archive, &arguments.members, ui)?;
    let members = arguments
        .grant
        .granted(&archive, members, &arguments.members)?;
    opening.expect_key(&archive, &members)?;

    let searching = Searching {
        job: Job::new().workers(arguments.jobs.jobs()),
        members: &members,
        opener: &opener,
        search: &search,
        shown,
        grant: &arguments.grant,
    };
    let (searched, printed) = match global.json {
        true => facts::print(&arguments.archive, evidence.as_ref(), waiting, &searching)?,
        false => {
            let stdout = waiting.until_written(io::stdout().lock());
            let mut printer = Printer::new(stdout, shown, ui);
            let searched = searching.run(|name, found| printer.member(name, found));
            (searched, printer.finish())
        }
    };
    notice_other_files(searched.opened.other_files(), false, ui);
    say_not_authenticated(searched.opened.not_authenticated(), ui);
    searched.opened.report(ui);
    let report: Report = Report {
        failures: searched.failures,
        outcome: searched.outcome,
        ..Report::default()
    };
    let failed = report.end(false, ui);
    let printed = printed.map_err(Failure::from).err();
    let of_printing = printed.and_then(|failure| failure.conclude(ui));
    Ok(exit::of_search(failed.max(of_printing), searched.is_found))
}

/// A search that is ready to begin.
struct Searching<'a> {
    job: Job<'a>,
    members: &'a Members<'a>,
    opener: &'a Opener<'a>,
    search: &'a LineSearch,
    shown: Shown,
    grant: &'a GrantArgs,
}

/// What became of a search, besides what it has shown.
struct Searched {
    is_found: bool,
    /// The number of members that were searched, and that of their bytes.
    members: usize,
    plain: u64,
    opened: OpenedMembers,
    failures: Vec<Error>,
    outcome: Option<Error>,
}

impl Searching<'_> {
    /// Searches, and shows what is found in each member: until that returns `false`.
    fn run(&self, mut show: impl FnMut(&str, &Found) -> bool) -> Searched {
        let mut is_found = false;
        let mut left_out = Vec::new();
        let each = |name: &str, found: &Found| {
            is_found |= found.matches() > 0;
            left_out.extend(faults(found).map(|fault| Error::Search {
                member: name.to_owned(),
                fault,
            }));
            let goes_on = show(name, found);
            // As for grep, it makes no difference what else there is.
            let is_enough = is_found && self.shown == Shown::Nothing;
            match goes_on && !is_enough {
                true => ControlFlow::Continue(()),
                false => ControlFlow::Break(()),
            }
        };
        let mut extracted = self
            .job
            .search(self.members, self.opener, self.search, each);
        let opened = OpenedMembers::take(&mut extracted);
        let (members, plain) = (extracted.done, extracted.plain);
        let (failures, outcome) = extracted.outcome();
        let failures = failures.into_iter();
        Searched {
            is_found,
            members,
            plain,
            opened,
            failures: failures
                .map(|error| self.grant.explain(error.into()))
                .chain(left_out)
                .collect(),
            outcome: outcome.map(Error::from),
        }
    }
}

/// Returns what is left out of a member.
fn faults(found: &Found) -> impl Iterator<Item = SearchFault> {
    let long_line = found.long_line();
    let long_line = long_line.map(|line| SearchFault::LongLine { line });
    let more = Some(found.unkept()).filter(|more| *more > 0);
    let more = more.map(|more| SearchFault::NotShown { more });
    long_line.into_iter().chain(more)
}
