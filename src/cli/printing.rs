//! What a command prints on standard output: a text, or a JSON document.
//!
//! Both are written while they are made. A list of a million members takes no
//! memory so.

use std::fmt::Display;
use std::io::{self, BufWriter, Write};

use serde::{Serialize, Serializer};

use super::exit;
use super::hints::{self, Hint};
use crate::cli::error::Error;

/// The bytes that are collected before they are written.
const CAPACITY: usize = 64 * 1024;

/// Prints a text.
pub fn print_text(text: &impl Display) -> io::Result<()> {
    let mut stdout = BufWriter::with_capacity(CAPACITY, io::stdout().lock());
    write!(stdout, "{text}")?;
    stdout.flush()
}

/// Prints a JSON document.
pub fn print_json(document: &impl Serialize) -> io::Result<()> {
    let mut stdout = BufWriter::with_capacity(CAPACITY, io::stdout().lock());
    serde_json::to_writer_pretty(&mut stdout, document)?;
    stdout.write_all(b"\n")?;
    stdout.flush()
}

/// A list in a document. Its items are made one by one, as they are written.
pub struct Each<F>(pub F);

impl<F, I> Serialize for Each<F>
where
    F: Fn() -> I,
    I: Iterator<Item: Serialize>,
{
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq((self.0)())
    }
}

/// A warning of a failure to come.
#[derive(Debug, Serialize)]
pub struct Warning {
    /// The failure and its time.
    #[serde(rename = "warning")]
    pub message: String,
    /// The remedy.
    pub hint: Option<String>,
}

/// The document of a command: its facts, and what failed.
#[derive(Serialize)]
pub struct Document<'a, F, L> {
    #[serde(flatten)]
    facts: Option<&'a F>,
    #[serde(skip_serializing_if = "Option::is_none")]
    warnings: Option<&'a [Warning]>,
    failures: L,
}

impl Document<'_, (), ()> {
    /// Returns the document of a command that has ended.
    pub fn of<'a, F: Serialize, I: Iterator<Item = &'a Error>>(
        facts: &'a Option<F>,
        warnings: &'a Option<Vec<Warning>>,
        failures: impl Fn() -> I + 'a,
    ) -> impl Serialize + 'a {
        Document {
            facts: facts.as_ref(),
            warnings: warnings.as_deref(),
            failures: Each(move || failures().map(FailureFacts::from)),
        }
    }

    /// Returns the document of a command that could not begin.
    pub fn of_failure(failure: Option<FailureFacts>) -> impl Serialize {
        let facts: Option<&()> = None;
        Document {
            facts,
            warnings: None,
            failures: Vec::from_iter(failure),
        }
    }
}

/// A failure, with the remedy and the exit status to which it alone would lead.
#[derive(Serialize)]
pub struct FailureFacts {
    pub error: String,
    pub hint: Hint,
    pub exit_status: u8,
    /// The archive, where there may be several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub archive: Option<String>,
}

impl From<&Error> for FailureFacts {
    fn from(error: &Error) -> Self {
        Self {
            error: error.to_string(),
            hint: hints::of(error),
            exit_status: exit::status(error.kind()),
            archive: error.archive().map(|path| path.display().to_string()),
        }
    }
}
