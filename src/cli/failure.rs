//! The end of a command: a report or a failure.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt::Display;
use std::io;

use callseal::files::{self, record};
use callseal::{ErrorKind, MemberCause};
use serde::Serialize;

use super::exit;
use super::facts::Facts;
use super::hints;
use super::leftovers::warn_of_leftovers;
use super::nagios::{Datum, Line};
use super::printing::{Document, FailureFacts, Warning, print_json, print_text};
use super::ui::{SHOWN, Ui};
use crate::cli::error::Error;

/// The kind of the worst failure of a command that has printed its report, for
/// the exit status; `None` if nothing went wrong.
pub type Ended = Option<ErrorKind>;

/// The result of a command: what it prints, and what failed.
#[derive(Debug)]
pub struct Report<T = String, F = Facts> {
    /// For people, on standard output.
    pub text: T,
    /// The same facts for programs.
    pub facts: Option<F>,
    /// Warnings of failures to come, if the command looks for them.
    pub warnings: Option<Vec<Warning>>,
    /// The failures of single members or files.
    pub failures: Vec<Error>,
    /// The number of further failures, of which no details were kept.
    pub more_failures: usize,
    /// The failure of the command as a whole.
    pub outcome: Option<Error>,
}

impl<T: Default, F> Default for Report<T, F> {
    fn default() -> Self {
        Self::of(T::default(), None)
    }
}

impl<T, F> Report<T, F> {
    /// Creates the report of a command in which nothing failed.
    pub fn of(text: T, facts: impl Into<Option<F>>) -> Self {
        Self {
            text,
            facts: facts.into(),
            warnings: None,
            failures: Vec::new(),
            more_failures: 0,
            outcome: None,
        }
    }
}

/// The reason why a command did nothing.
#[derive(Debug)]
pub enum Failure {
    /// An error of the library.
    Library(Box<Error>),
    /// A mistake on the command line.
    Usage { message: String, hint: String },
    /// A failure of standard output.
    Stream(io::Error),
    /// The reader of standard output has closed it.
    ClosedPipe,
}

impl<T: Display, F: Serialize> Report<T, F> {
    /// Prints the report, shows what failed, and returns the kind of it for the
    /// exit status, or `None` if nothing went wrong. A reader that closes
    /// standard output early, as `head` does, doesn't change that.
    pub fn end(&self, json: bool, ui: &Ui) -> Ended {
        let failures = || self.failures.iter().chain(&self.outcome);
        let printed = match json {
            true => print_json(&Document::of(&self.facts, &self.warnings, failures)),
            false => print_text(&self.text),
        };
        warn_of_leftovers(ui);
        let of_report = self.conclude(ui);
        let failed = printed.map_err(Failure::from).err();
        let of_printing = failed.and_then(|failure| failure.conclude(ui));
        of_report.max(of_printing)
    }
}

impl<T, F> Report<T, F> {
    /// Shows the failures, each hint once, and returns their kind for the exit
    /// status, or `None` if nothing went wrong.
    fn conclude(&self, ui: &Ui) -> Option<ErrorKind> {
        let most = match ui.is_verbose() {
            true => usize::MAX,
            // What stops them all is reported once.
            false if self.has_one_cause() => 1,
            false => SHOWN,
        };
        let mut shown = Shown::new(ui);
        for error in self.failures.iter().take(most) {
            shown.error(error);
        }
        let more = self.failures.len().saturating_sub(most) + self.more_failures;
        if more > 0 {
            let remedy = match (self.more_failures, ui.is_verbose()) {
                (0, _) => "; -v or --json lists them all",
                (_, false) => "; -v lists more of them",
                (_, true) => "",
            };
            ui.error(&format!("{more} more like these{remedy}"));
        }
        if let Some(error) = &self.outcome {
            shown.error(error);
        }
        let warnings = self.warnings.as_deref().unwrap_or_default();
        for warning in warnings {
            ui.warning(&warning.message);
            if let Some(hint) = &warning.hint {
                shown.hint(hint.clone());
            }
        }
        self.kind()
    }

    /// Returns the kind of what failed, or `None` if nothing went wrong.
    fn kind(&self) -> Option<ErrorKind> {
        // Of several kinds, the one that says most about the files themselves.
        let worst = self.failures.iter().map(Error::kind).max();
        let warnings = self.warnings.as_deref().unwrap_or_default();
        let warned = (!warnings.is_empty()).then_some(ErrorKind::Partial);
        self.outcome.as_ref().map(Error::kind).or(worst).or(warned)
    }

    /// Returns the line of a plugin: what failed, or what it warns of, or else that all is
    /// well.
    pub fn line(&self, service: &'static str, well: String, data: Vec<Datum>) -> Line {
        let warnings = self.warnings.iter().flatten();
        let failed = self.failures.iter().chain(&self.outcome);
        let words = failed.map(Error::to_string);
        let words = words.chain(warnings.map(|warning| warning.message.clone()));
        let mut words: Vec<String> = words.collect();
        let more = (words.len() + self.more_failures).saturating_sub(SHOWN);
        words.truncate(SHOWN);
        if more > 0 {
            words.push(format!("{more} more like these"));
        }
        Line {
            service,
            ended: self.kind(),
            text: match words.is_empty() {
                true => well,
                false => words.join("; "),
            },
            data,
        }
    }

    /// Returns whether several members failed, all of them for the same reason.
    fn has_one_cause(&self) -> bool {
        let mut causes = self.failures.iter().map(|error| match error.of_library() {
            Some(callseal::Error::Member { cause, .. }) => Some(match cause {
                // Their paths differ.
                MemberCause::Write { error, .. } => files::cause(error),
                MemberCause::Exists(_) => "it already exists".into(),
                cause => cause.to_string(),
            }),
            _ => None,
        });
        let first = causes.next().flatten();
        first.is_some() && self.failures.len() > 2 && causes.all(|cause| cause == first)
    }
}

impl Failure {
    /// Returns a mistake on the command line with its remedy.
    pub fn usage(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Usage {
            message: message.into(),
            hint: hint.into(),
        }
    }

    /// Returns the failure as one JSON document.
    pub fn document(&self) -> impl Serialize + '_ {
        let facts = self.words().map(|(error, hint, kind)| FailureFacts {
            error,
            hint: hint.map(Cow::Owned),
            exit_status: exit::status(kind),
            archive: self.archive(),
        });
        Document::of_failure(facts)
    }

    /// Returns the archive, where there may be several.
    fn archive(&self) -> Option<String> {
        let Self::Library(error) = self else {
            return None;
        };
        error.archive().map(|path| path.display().to_string())
    }

    /// Returns what is wrong, the remedy, and the kind for the exit status. A closed pipe
    /// isn't a failure: it returns `None`.
    pub fn words(&self) -> Option<(String, Option<String>, ErrorKind)> {
        match self {
            Self::Library(error) => {
                let hint = hints::of(error).map(|hint| hint.into_owned());
                Some((error.to_string(), hint, error.kind()))
            }
            Self::Usage { message, hint } => {
                let hint = Some(hint.clone()).filter(|hint| !hint.is_empty());
                Some((message.clone(), hint, ErrorKind::Usage))
            }
            Self::Stream(error) => Some((stream_message(error), None, ErrorKind::Io)),
            Self::ClosedPipe => None,
        }
    }

    /// Shows the failure and returns its kind for the exit status. A closed
    /// pipe isn't a failure: it returns `None`.
    pub fn conclude(&self, ui: &Ui) -> Option<ErrorKind> {
        let (message, hint, kind) = self.words()?;
        ui.error(&message);
        if let Some(hint) = hint {
            ui.hint(&hint);
        }
        Some(kind)
    }
}

/// Returns the message with the files that were written before. They stay.
fn stream_message(error: &io::Error) -> String {
    let mut message = format!("standard output: {}", files::cause(error));
    let record::Written { first, more } = record::written();
    for (n, path) in first.iter().enumerate() {
        message.push_str(if n == 0 { "; already complete: " } else { ", " });
        message.push_str(&path.display().to_string());
    }
    if more > 0 {
        message.push_str(&format!(" and {more} more"));
    }
    message
}

/// A display of errors that shows each hint once.
pub struct Shown<'u> {
    ui: &'u Ui,
    hinted: BTreeSet<String>,
}

impl<'u> Shown<'u> {
    pub fn new(ui: &'u Ui) -> Self {
        Self {
            ui,
            hinted: BTreeSet::new(),
        }
    }

    pub fn error(&mut self, error: &Error) {
        self.ui.error(&error.to_string());
        if let Some(hint) = hints::of(error) {
            self.hint(hint.into_owned());
        }
    }

    fn hint(&mut self, hint: String) {
        if !self.hinted.contains(&hint) {
            self.ui.hint(&hint);
            self.hinted.insert(hint);
        }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::ClosedPipe,
            _ => Self::Stream(error),
        }
    }
}

impl From<callseal::Error> for Failure {
    fn from(error: callseal::Error) -> Self {
        Error::from(error).into()
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Library(Box::new(error))
    }
}
