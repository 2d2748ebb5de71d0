//! What is searched for.

use regex::bytes::{Regex, RegexBuilder};

use super::ere::translated;

/// A pattern that can't be searched for.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct BadSearch(pub(super) String);

/// How a pattern is meant.
#[derive(Clone, Copy, Debug, Default)]
pub struct SearchedText {
    /// It is the text itself, and no regular expression.
    pub is_fixed: bool,
    /// Capitals and small letters are the same.
    pub ignores_case: bool,
}

/// What is to be known of the lines that match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// The lines themselves, and so many lines before and after each of them.
    Lines {
        /// The number of lines around each.
        context: usize,
    },
    /// Their number.
    Count,
    /// Whether there is any.
    Any,
}

/// A search for lines.
#[derive(Debug)]
pub struct LineSearch {
    regex: Regex,
    /// Whether a line without a text matches. A small message may have millions of them.
    matches_empty: bool,
    pub(super) wanted: Wanted,
}

impl LineSearch {
    /// Searches for a pattern: a regular expression as for `grep -E`. One of several lines
    /// means any of these lines, as for grep.
    ///
    /// # Errors
    ///
    /// It is no regular expression, or one that takes too much memory.
    pub fn new(pattern: &str, text: SearchedText, wanted: Wanted) -> Result<Self, BadSearch> {
        let part = |line: &str| match text.is_fixed {
            true => Ok(regex::escape(line)),
            false => translated(line),
        };
        let regex = match pattern.contains('\n') {
            false => part(pattern)?,
            true => {
                let mut parts = Vec::new();
                for (line, number) in pattern.split('\n').zip(1_u64..) {
                    let part =
                        part(line).map_err(|error| BadSearch(format!("line {number}: {error}")));
                    parts.push(format!("(?:{})", part?));
                }
                parts.join("|")
            }
        };
        let regex = built(&regex, text)?;
        Ok(Self {
            // With one caller alone, `is_match` becomes a part of the loop over the lines.
            matches_empty: regex.find(b"").is_some(),
            regex,
            wanted,
        })
    }

    /// Returns whether a line matches, in time that is linear in its length.
    pub(super) fn matches(&self, line: &[u8]) -> bool {
        match line.is_empty() {
            true => self.matches_empty,
            false => self.regex.is_match(line),
        }
    }
}

/// The limits of the regex crate's own builder apply to the memory.
pub(super) fn built(regex: &str, text: SearchedText) -> Result<Regex, BadSearch> {
    let mut builder = RegexBuilder::new(regex);
    builder.case_insensitive(text.ignores_case);
    builder.build().map_err(|error| BadSearch(cause(&error)))
}

/// Returns the cause in one line. The crate's own text also draws the pattern.
fn cause(error: &regex::Error) -> String {
    match error {
        regex::Error::CompiledTooBig(limit) => {
            format!("it takes more than {} MiB of memory", limit >> 20)
        }
        error => {
            let text = error.to_string();
            let last = text.lines().last().unwrap_or_default();
            last.trim_start_matches("error: ").to_owned()
        }
    }
}
