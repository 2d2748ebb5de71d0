//! The conversion of one stream of documents to another.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use callseal::ErrorKind;
use callseal::fields::{Convert, DocumentError, StreamConverter, StreamError, Streamed};
use callseal::files::input::is_same_file;
use callseal::keys::Recipients;
use callseal::output::{Access, PendingFile};
use callseal::sources::SourceError;
use clap::Args;
use serde::Serialize;

use crate::cli::args::{JobsArgs, OverwriteArgs};
use crate::cli::error::Error;
use crate::cli::facts::{Facts, PathFact, RecipientFacts, recipient_facts};
use crate::cli::failure::{Failure, Report, Shown};
use crate::cli::global::Global;
use crate::cli::streams::{input_name, is_stream, open_input, writing_stdout};
use crate::cli::ui::{SHOWN, Ui, count};

/// The input and output of documents.
#[derive(Debug, Args)]
#[group(skip)]
pub struct StreamArgs {
    /// The documents, or - for standard input
    #[arg(default_value = "-")]
    file: PathBuf,
    /// The file to write, or - for standard output
    #[arg(short, long, value_name = "OUT", default_value = "-")]
    output: PathBuf,
    #[command(flatten)]
    overwrite: OverwriteArgs,
    #[command(flatten)]
    jobs: JobsArgs,
}

impl StreamArgs {
    /// Returns whether the documents come from standard input.
    pub fn uses_stdin(&self) -> bool {
        is_stream(&self.file)
    }

    /// Returns whether the input exists.
    pub fn is_there(&self) -> bool {
        self.uses_stdin() || self.file.exists()
    }

    /// Refuses what can't be done before anything is read or written.
    pub fn check(&self, global: &Global) -> Result<(), Failure> {
        if is_stream(&self.output) {
            return global.refuse_json();
        }
        if is_same_file(&self.file, &self.output) {
            let path = self.output.clone();
            return Err(Error::from(SourceError::IsOutput { path }).into());
        }
        Ok(())
    }

    /// Converts all documents. Those that fail are left out; if all fail, no
    /// file is written. `recipients` can open the fields, if they are sealed to
    /// anybody.
    pub fn convert(
        &self,
        converter: &dyn Convert,
        recipients: Option<&Recipients>,
        global: &Global,
        ui: &Ui,
    ) -> Result<(Streamed, Report), Failure> {
        let mut source = open_input(&self.file)?;
        let mut failures = Failures::new(input_name(&self.file), global.json, ui);
        let mut convert = |sink: &mut dyn Write| {
            let jobs = self.jobs.jobs();
            let mut failed = |line, error| failures.add(line, error);
            let converter = StreamConverter::new(converter).workers(jobs);
            converter
                .convert(&mut *source, sink, &mut failed)
                .map_err(|error| match error {
                    StreamError::Write(error) => Error::writing(output_name(&self.output), error),
                    StreamError::Read(error) => Error::reading(input_name(&self.file), error),
                    _ => {
                        let error = io::Error::other(error.to_string());
                        Error::reading(input_name(&self.file), error)
                    }
                })
        };
        let done = if is_stream(&self.output) {
            convert(&mut io::stdout().lock()).map_err(writing_stdout)?
        } else {
            let write_error = |source| Error::writing(&self.output, source);
            let overwrite = self.overwrite.overwrite();
            // The rest of the documents isn't for everybody, either.
            let mut pending = PendingFile::create(&self.output, Access::Private, overwrite)
                .map_err(write_error)?;
            let done = convert(&mut pending)?;
            if done.failed == 0 || done.failed < done.documents {
                pending.commit().map_err(write_error)?;
            }
            done
        };
        let facts = Facts::of(&StreamFacts {
            output: PathFact(&self.output),
            documents: done.documents,
            changed: done.changed,
            fields: done.fields,
            failed: done.failed,
            unmatched_fields: &done.unmatched,
            recipients: recipients.map(recipient_facts),
        });
        let report = Report {
            facts: Some(facts),
            ..failures.report(&done)
        };
        Ok((done, report))
    }
}

/// Warns of paths that no document has: a mistake in a path would leave its
/// field as it is.
pub fn warn_of_unmatched(done: &Streamed, ui: &Ui) {
    // If nothing was changed at all, there is another warning.
    if done.changed == 0 || done.unmatched.is_empty() {
        return;
    }
    for path in &done.unmatched {
        ui.warning(&match done.failed {
            0 => format!("no document has the field {path}"),
            _ => format!("no document that could be read has the field {path}"),
        });
    }
    ui.hint("check its spelling");
}

/// Returns the warning that no document had anything to do, of those that
/// didn't fail.
pub fn nothing_done(done: &str, streamed: &Streamed, what: &str) -> String {
    let which = match (streamed.documents - streamed.failed, streamed.failed) {
        (1, 0) => "in the only document".to_owned(),
        (1, _) => "in the other document".to_owned(),
        (n, 0) => format!("in any of the {n} documents"),
        (n, _) => format!("in any of the other {n} documents"),
    };
    format!("nothing {done}: {what} {which}")
}

/// Returns what a summary says about documents that stayed as they were.
pub fn of_the_others(done: &Streamed) -> String {
    match done.documents - done.failed - done.changed {
        0 => String::new(),
        others => format!("; {} had none", count(others, "other")),
    }
}

/// The number of failures that are kept for the JSON document.
const KEPT: usize = 1000;

/// A collector of failures. It shows them as they come, or keeps them for the
/// JSON document, up to a limit since a stream may have no end.
struct Failures<'u> {
    path: PathBuf,
    kept: Option<Vec<Error>>,
    worst: Option<ErrorKind>,
    shown: Shown<'u>,
    room: usize,
    more: usize,
}

impl<'u> Failures<'u> {
    fn new(path: PathBuf, keep: bool, ui: &'u Ui) -> Self {
        Self {
            path,
            kept: keep.then(Vec::new),
            worst: None,
            shown: Shown::new(ui),
            room: match (keep, ui.is_verbose()) {
                (true, _) => KEPT,
                (false, true) => usize::MAX,
                (false, false) => SHOWN,
            },
            more: 0,
        }
    }

    fn add(&mut self, line: u64, error: DocumentError) {
        let error = Error::Document {
            path: self.path.clone(),
            line,
            error: Box::new(error),
        };
        self.worst = self.worst.max(Some(error.kind()));
        let Some(room) = self.room.checked_sub(1) else {
            self.more += 1;
            return;
        };
        self.room = room;
        match &mut self.kept {
            Some(kept) => kept.push(error),
            None => self.shown.error(&error),
        }
    }

    fn report(self, done: &Streamed) -> Report {
        Report {
            failures: self.kept.unwrap_or_default(),
            more_failures: self.more,
            outcome: self.worst.map(|worst| Error::PartialDocuments {
                path: self.path,
                failed: usize::try_from(done.failed).unwrap_or(usize::MAX),
                total: usize::try_from(done.documents).unwrap_or(usize::MAX),
                worst,
            }),
            ..Report::default()
        }
    }
}

#[derive(Serialize)]
struct StreamFacts<'a> {
    output: PathFact<'a>,
    documents: u64,
    changed: u64,
    fields: u64,
    failed: u64,
    unmatched_fields: &'a [String],
    /// Those who can open the fields, if they are sealed to anybody.
    #[serde(skip_serializing_if = "Option::is_none")]
    recipients: Option<Vec<RecipientFacts<'a>>>,
}

fn output_name(path: &Path) -> &Path {
    match is_stream(path) {
        true => Path::new("standard output"),
        false => path,
    }
}
