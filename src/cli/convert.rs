//! `callseal convert`

use std::path::PathBuf;

use callseal::{ConvertedMember, Job, Timestamp};
use clap::Args;
use serde::Serialize;

use super::args::{JobsArgs, OverwriteArgs, SealArgs};
use super::evidence_report::{EvidenceFacts, is_signed, not_as_signed};
use super::facts::{FormatFacts, PathFact, RecipientFacts, recipient_facts};
use super::failure::{Ended, Failure, Report};
use super::global::Global;
use super::known_recipients::recipients_line;
use super::layout_args::LayoutArgs;
use super::member_args::{ExcludeArgs, PATTERNS, notice_other_files, open_required};
use super::open_args::{
    MemberOpenArgs, OpenArgs, notice_old_ciphers, warn_of_not_authenticated, warn_of_renamed,
    warn_of_tried,
};
use super::printing::Each;
use super::sha256sum::{Sha256Sums, hex};
use super::signer_args::ArchiveSignerArgs;
use super::signing_args::{SignArgs, signed_by};
use super::streams::check_archive_output;
use super::ui::{Bar, Ui, bytes, count};
use crate::cli::error::Error;

/// Open the members of an archive and seal each of them anew into another
/// archive
#[derive(Debug, Args)]
#[command(after_help = format!("\
Use it for archives in another format (Genesys: CMS, formerly PKCS#7), or to add
or change recipients. No plaintext is written anywhere. Names and times are kept.

The SHA-256 of each member's content is printed in the format of sha256sum, or
as part of the JSON document: `sha256sum -c` checks the files that are extracted
from the new archive. If any member can't be converted, no archive is written
and all such members are named; leave them out with --exclude.

{PATTERNS}

Examples:
  callseal convert GIR.zip -o calls.zip -r customer.crt -r vendor.crt -k gir.key > calls.sha256
  callseal convert GIR.zip -o calls.zip -r vendor.crt -k gir.key --force --json > calls.json"))]
pub struct Arguments {
    /// The archive
    archive: PathBuf,
    /// Convert only these members
    #[arg(value_name = "MEMBER")]
    members: Vec<String>,
    #[command(flatten)]
    exclude: ExcludeArgs,
    /// The archive to write
    #[arg(short, long, value_name = "OUT.zip")]
    output: PathBuf,
    #[command(flatten)]
    seal: SealArgs,
    #[command(flatten)]
    layout: LayoutArgs,
    #[command(flatten)]
    sign: SignArgs,
    #[command(flatten)]
    signers: ArchiveSignerArgs,
    #[command(flatten)]
    opening: OpenArgs,
    #[command(flatten)]
    member_opening: MemberOpenArgs,
    #[command(flatten)]
    overwrite: OverwriteArgs,
    #[command(flatten)]
    jobs: JobsArgs,
}

pub fn run(arguments: &Arguments, global: &Global, ui: &Ui) -> Result<Ended, Failure> {
    check_archive_output(
        &arguments.output,
        "`callseal cat ARCHIVE '*' > /dev/null` checks that every member opens",
    )?;
    let config = global.config()?;
    let plan = arguments.seal.plan(global, ui)?;
    let bar = Bar::new(ui, "converting");
    let opening = arguments.opening.load(config.as_ref(), bar.handle(), ui)?;
    let opener = arguments.member_opening.apply(opening.opener());
    let keys = arguments
        .sign
        .load(config.as_ref(), opening.passphrases(), ui)?;
    let signers = arguments.signers.load(config.as_ref(), ui)?;
    let opened = open_required(&arguments.archive, &opener, signers.as_ref(), ui);
    let (archive, evidence) = match opened {
        Ok(opened) => opened,
        Err(error) => return Ok(not_as_signed(error, Error::from).end(global.json, ui)),
    };
    let members = arguments.exclude.choose(&archive, &arguments.members, ui)?;
    let (members, others) = members.without_other_files();
    notice_other_files(&others, false, ui);
    if members.as_slice().is_empty() {
        return Err(Failure::usage(
            format!("{}: the archive is empty", archive.path().display()),
            "there is nothing to convert",
        ));
    }
    opening.expect_key(&archive, &members)?;
    let job = Job::new()
        .signing(&keys)
        .overwrite(arguments.overwrite.overwrite())
        .workers(arguments.jobs.jobs())
        .progress(&bar);
    let job = arguments.layout.apply(job, &plan, config.as_ref(), ui)?;
    let converted = job.convert(&members, &opener, &plan, &arguments.output);
    bar.finish();
    let facts = |archive_bytes, members| ConvertFacts {
        archive: PathFact(&arguments.archive),
        output: PathFact(&arguments.output),
        format: plan.format().into(),
        recipients: recipient_facts(plan.recipients()),
        archive_bytes,
        members: Each(move || member_facts(members)),
        other_files: &others,
        evidence: EvidenceFacts::of(evidence.as_ref()),
    };
    let mut converted = match converted {
        Ok(converted) => converted,
        Err(error) => {
            let facts = facts(None, &[]);
            return Ok(nothing_written(error, &facts).end(global.json, ui));
        }
    };
    let total = converted.members.iter().map(|member| member.plain);
    let not_authenticated = converted.members.iter();
    let not_authenticated = not_authenticated.filter(|m| !m.format.is_authenticated());
    let not_authenticated = not_authenticated.count();
    warn_of_not_authenticated(not_authenticated, ui);
    if is_signed(&archive) {
        ui.notice(
            "everything was sealed anew: the signatures of the old archive are not in the new one",
        );
    }
    ui.summary(&format!(
        "converted {} ({}) for {} into {} ({}){}{}",
        count(converted.members.len() as u64, "member"),
        bytes(total.fold(0, u64::saturating_add)),
        recipients_line(plan.recipients()),
        arguments.output.display(),
        bytes(converted.archive),
        match not_authenticated {
            0 => String::new(),
            some => format!("; {some} of them were not authenticated"),
        },
        signed_by(&keys)
    ));
    let tried = converted.members.iter();
    warn_of_tried(tried.filter_map(|member| member.tried_key.as_ref()), ui);
    let old = converted.members.iter();
    notice_old_ciphers(old.filter_map(|member| member.old_cipher.as_deref()), ui);
    let renamed = converted.members.iter();
    let renamed = renamed.filter_map(|m| Some((m.name.as_str(), m.sealed_as.as_deref()?)));
    warn_of_renamed(renamed, ui);
    let hashes = || {
        let members = converted.members.iter();
        members.map(|member| (&member.sha256, &*member.name))
    };
    let index_error = converted.index_error.take();
    let facts = facts(Some(converted.archive), &converted.members);
    let report = Report {
        outcome: index_error.map(Error::from),
        ..Report::of(Sha256Sums(hashes), &facts)
    };
    Ok(report.end(global.json, ui))
}

/// Reports each member that can't be converted. No archive was written.
fn nothing_written<F>(mut error: callseal::Error, facts: F) -> Report<&'static str, F> {
    let failures = match &mut error {
        callseal::Error::NotConverted { failures, .. } => std::mem::take(failures),
        _ => Vec::new(),
    };
    Report {
        failures: failures.into_iter().map(Error::from).collect(),
        outcome: Some(error.into()),
        ..Report::of("", facts)
    }
}

#[derive(Serialize)]
struct ConvertFacts<'a, M> {
    archive: PathFact<'a>,
    output: PathFact<'a>,
    #[serde(flatten)]
    format: FormatFacts,
    recipients: Vec<RecipientFacts<'a>>,
    /// Missing if no archive was written.
    #[serde(skip_serializing_if = "Option::is_none")]
    archive_bytes: Option<u64>,
    members: M,
    /// Files that were never sealed, and aren't in the new archive.
    other_files: &'a [String],
    /// Who signed the old archive.
    #[serde(flatten)]
    evidence: EvidenceFacts,
}

#[derive(Serialize)]
struct MemberFacts<'a> {
    name: &'a str,
    sha256: String,
    plain_bytes: u64,
    modified: Timestamp,
    #[serde(flatten)]
    format: FormatFacts,
    tried_key: Option<PathFact<'a>>,
    sealed_as: Option<&'a str>,
    old_cipher: Option<&'a str>,
}

fn member_facts(members: &[ConvertedMember]) -> impl Iterator<Item = MemberFacts<'_>> {
    members.iter().map(MemberFacts::from)
}

impl<'a> From<&'a ConvertedMember> for MemberFacts<'a> {
    fn from(member: &'a ConvertedMember) -> Self {
        Self {
            name: &member.name,
            sha256: hex(&member.sha256),
            plain_bytes: member.plain,
            modified: Timestamp(member.modified),
            format: member.format.into(),
            tried_key: member.tried_key.as_deref().map(PathFact),
            sealed_as: member.sealed_as.as_deref(),
            old_cipher: member.old_cipher.as_deref(),
        }
    }
}
