//! What is searched for.

use regex::bytes::{Regex, RegexBuilder};

/// A pattern that can't be searched for.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct BadSearch(String);

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
    pub(super) wanted: Wanted,
}

impl LineSearch {
    /// Searches for a pattern. One of several lines means any of these lines, as for grep.
    ///
    /// # Errors
    ///
    /// It is no regular expression, or one that takes too much memory.
    pub fn new(pattern: &str, text: SearchedText, wanted: Wanted) -> Result<Self, BadSearch> {
        let part = |line: &str| match text.is_fixed {
            true => regex::escape(line),
            false => line.to_owned(),
        };
        let regex = match pattern.contains('\n') {
            false => part(pattern),
            true => {
                // Each of them has to be one by itself.
                for line in pattern.split('\n') {
                    built(&part(line), text)?;
                }
                let parts = pattern
                    .split('\n')
                    .map(|line| format!("(?:{})", part(line)));
                parts.collect::<Vec<_>>().join("|")
            }
        };
        let regex = built(&regex, text)?;
        Ok(Self { regex, wanted })
    }

    /// Returns whether a line matches, in time that is linear in its length.
    pub(super) fn matches(&self, line: &[u8]) -> bool {
        self.regex.is_match(line)
    }
}

/// The limits of the regex crate's own builder apply to the memory.
fn built(regex: &str, text: SearchedText) -> Result<Regex, BadSearch> {
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
