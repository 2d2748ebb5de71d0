//! `callseal pack --sealed`

use callseal::keys::{FileKind, Recipients};
use callseal::message::{MessageFault, OpenError};
use callseal::output::{Access, PendingFile};
use callseal::sources::Source;
use callseal::{Job, MemberCause, MessagePlace, Sealed};
use serde::Serialize;

use super::facts::Names;
use super::notices::{show_notices, unmatched};
use super::{Arguments, NOTHING, collect, inputs};
use crate::cli::error::Error;
use crate::cli::facts::{PathFact, RecipientFacts, recipient_facts};
use crate::cli::failure::{Ended, Failure, Report};
use crate::cli::global::Global;
use crate::cli::known_recipients::recipients_line;
use crate::cli::printing::Each;
use crate::cli::signing_args::{SigningFacts, signed_by, signer_facts};
use crate::cli::ui::{Bar, Ui, bytes, count};

/// The options that have no meaning for what is sealed already.
pub const CONFLICTS: [&str; 7] = [
    "moves",
    "compress",
    "format",
    "hidden_recipients",
    "hide_names",
    "sha256",
    "without_index",
];

pub fn run(arguments: &Arguments, global: &Global, ui: &Ui) -> Result<Ended, Failure> {
    let config = global.config()?;
    let recipients: Recipients = arguments.seal.recipients(config.as_ref(), ui)?;
    let bar = Bar::new(ui, "packing");
    let passphrases = arguments.passphrases.source(bar.handle(), ui)?;
    let keys = arguments.sign.load(config.as_ref(), &*passphrases, ui)?;
    let (inputs, options) = inputs(arguments)?;
    let found = collect(&inputs, &options, ui)?;
    let left_out = show_notices(&found, arguments.min_age, ui);
    if !arguments.allow_empty {
        found.refuse_nothing(&options).map_err(Error::from)?;
    }
    let (output, overwrite) = (&arguments.output, arguments.overwrite.overwrite());
    let members = found.files.iter().map(MemberFacts::from);
    let facts = SealedFacts {
        archive: PathFact(output),
        formats: Vec::new(),
        recipients: recipient_facts(&recipients),
        signers: signer_facts(&keys),
        unmatched_patterns: unmatched(&found),
        left_out: left_out.iter().copied().map(PathFact).collect(),
        dry_run: arguments.dry_run.then_some(true),
        members: Each(|| members.clone()),
        sealed_bytes: 0,
        archive_bytes: None,
    };
    if found.files.is_empty() {
        ui.notice(NOTHING);
        return Ok(Report::of(String::new(), facts).end(global.json, ui));
    }
    let from: Vec<Sealed<'_>> = found.files.iter().map(Sealed::File).collect();
    let job = Job::new()
        .signing(&keys)
        .overwrite(overwrite)
        .workers(arguments.jobs.jobs())
        .progress(&bar);
    let done = match arguments.dry_run {
        true => job.check_bundle(&from, Some(&recipients)),
        false => job.bundle(&from, Some(&recipients), output),
    };
    bar.finish();
    let done = done.map_err(not_a_message)?;
    let messages = format!(
        "{} ({})",
        count(done.members as u64, "sealed message"),
        bytes(done.sealed)
    );
    let to = recipients_line(&recipients);
    if arguments.dry_run {
        // As a real run would.
        PendingFile::create(output, Access::Shared, overwrite)
            .map_err(|source| Error::writing(output, source))?;
        ui.summary(&format!(
            "would pack {messages} for {to}; nothing was written"
        ));
    } else {
        ui.summary(&format!(
            "packed {messages} for {to} into {} ({}){}",
            output.display(),
            bytes(done.archive),
            signed_by(&keys)
        ));
    }
    let formats = done.formats.iter().map(|format| format.name());
    let facts = SealedFacts {
        formats: formats.collect(),
        sealed_bytes: done.sealed,
        archive_bytes: (!arguments.dry_run).then_some(done.archive),
        ..facts
    };
    let listed: &[Source] = match arguments.dry_run {
        true => &found.files,
        false => &[],
    };
    Ok(Report::of(Names(listed), &facts).end(global.json, ui))
}

/// Returns the error of a file that isn't a message: what it is, if that is known.
fn not_a_message(error: callseal::Error) -> Error {
    if let callseal::Error::NotBundled {
        message: MessagePlace::File(path),
        cause,
    } = &error
        && let MemberCause::Open(OpenError::Fault(
            MessageFault::NotAMessage | MessageFault::NotEncrypted,
        )) = &**cause
        && let Some(kind) = FileKind::of_file(path)
    {
        let path = path.clone();
        return Error::OtherKind { path, kind };
    }
    error.into()
}

#[derive(Serialize)]
struct SealedFacts<'a, M> {
    archive: PathFact<'a>,
    formats: Vec<&'static str>,
    recipients: Vec<RecipientFacts<'a>>,
    signers: Vec<SigningFacts<'a>>,
    unmatched_patterns: Vec<&'a str>,
    left_out: Vec<PathFact<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dry_run: Option<bool>,
    members: M,
    sealed_bytes: u64,
    /// Missing if no archive was written.
    #[serde(skip_serializing_if = "Option::is_none")]
    archive_bytes: Option<u64>,
}

#[derive(Serialize)]
struct MemberFacts<'a> {
    stored_name: &'a str,
    sealed_bytes: u64,
}

impl<'a> From<&'a Source> for MemberFacts<'a> {
    fn from(file: &'a Source) -> Self {
        Self {
            stored_name: file.name(),
            sealed_bytes: file.size(),
        }
    }
}
