//! `callseal grant`

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use super::error::Error;
use super::facts::{PathFact, RecipientFacts, recipient_facts};
use super::failure::{Ended, Failure, Report};
use super::global::Global;
use super::hints::Task;
use super::known_recipients::recipients_line;
use super::member_args::{ExcludeArgs, PATTERNS, open_archive};
use super::recipient_args::RecipientArgs;
use super::sharing_args::SharingArgs;
use super::streams::is_stream;
use super::ui::{Bar, Ui, count};

/// Let somebody open a few members of an archive that they have already
#[derive(Debug, Args)]
#[command(after_help = format!("\
A grant is a small file with the session keys of these members, sealed to the
recipients. With it, their key opens these members and no others. The archive
stays as it is.

{PATTERNS}

Examples:
  callseal grant calls.zip 'calls/100*.wav' -k customer.key -r vendor.crt -o three-calls.grant
  callseal extract calls.zip --grant three-calls.grant -k vendor.key -C opened/"))]
pub struct Arguments {
    /// The archive
    archive: PathBuf,
    /// The members to grant
    #[arg(value_name = "MEMBER", required = true)]
    members: Vec<String>,
    #[command(flatten)]
    exclude: ExcludeArgs,
    #[command(flatten)]
    recipients: RecipientArgs,
    /// The grant to write
    #[arg(short, long, value_name = "OUT.grant")]
    output: PathBuf,
    #[command(flatten)]
    sharing: SharingArgs,
}

pub fn run(arguments: &Arguments, global: &Global, ui: &Ui) -> Result<Ended, Failure> {
    if is_stream(&arguments.output) {
        return Err(Failure::usage(
            "a grant can't be written to standard output",
            "name a file with -o",
        ));
    }
    let config = global.config()?;
    let recipients = arguments.recipients.load(config.as_ref(), ui)?;
    let bar = Bar::new(ui, "granting");
    let opening = arguments.sharing.load(config.as_ref(), &bar, ui)?;
    let opener = arguments.sharing.opener(&opening);
    let during = |error| Error::during(Task::Grant, error);
    let archive = open_archive(&arguments.archive, &opener).map_err(during)?;
    let members = arguments.exclude.choose(&archive, &arguments.members, ui)?;
    opening.expect_key(&archive, &members)?;
    let job = arguments.sharing.job(&bar);
    let granted = job.grant(&members, &opener, recipients.clone(), &arguments.output);
    bar.finish();
    let facts = |members, output| GrantFacts {
        archive: PathFact(&arguments.archive),
        output,
        recipients: recipient_facts(&recipients),
        members,
    };
    let (members, index_error) = match granted {
        Ok(granted) => granted,
        Err(mut error) => {
            let failures = match &mut error {
                callseal::Error::NotShared { failures, .. } => std::mem::take(failures),
                _ => Vec::new(),
            };
            let report = Report {
                failures: failures.into_iter().map(during).collect(),
                outcome: Some(during(error)),
                ..Report::of(String::new(), facts(&[], None))
            };
            return Ok(report.end(global.json, ui));
        }
    };
    ui.summary(&format!(
        "granted {} of {} to {} with {}",
        count(members.len() as u64, "member"),
        arguments.archive.display(),
        recipients_line(&recipients),
        arguments.output.display(),
    ));
    let facts = facts(&members, Some(PathFact(&arguments.output)));
    let report = Report {
        outcome: index_error.map(during),
        ..Report::of(String::new(), facts)
    };
    Ok(report.end(global.json, ui))
}

#[derive(Serialize)]
struct GrantFacts<'a> {
    archive: PathFact<'a>,
    /// Null if nothing was written.
    output: Option<PathFact<'a>>,
    recipients: Vec<RecipientFacts<'a>>,
    members: &'a [String],
}
