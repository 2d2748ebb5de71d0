//! Which fields are meant: the arguments.

use callseal::fields::{self, Selection, SelectionError};
use clap::{Args, ValueEnum};

use crate::cli::failure::Failure;

/// Which fields are meant.
#[derive(Debug, Args)]
#[group(skip)]
pub struct SelectionArgs {
    /// The fields, by paths with commas between them: caller.number,
    /// cards[*].pan, **.pan, ["a.b"]
    #[arg(long, value_name = "PATHS", conflicts_with = "fields_regex")]
    fields: Vec<String>,
    /// All fields, at any depth, whose key has a match of a regular expression
    /// in it
    #[arg(long, value_name = "REGEX")]
    fields_regex: Option<String>,
    /// What happens to a document that lacks one of the fields [default: error]
    #[arg(long, value_name = "WHAT")]
    missing: Option<Missing>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Missing {
    /// It fails
    Error,
    /// Those of the fields count that are there
    Ignore,
}

impl SelectionArgs {
    /// Whether anything is said of fields.
    pub fn is_given(&self) -> bool {
        !self.fields.is_empty() || self.fields_regex.is_some() || self.missing.is_some()
    }

    pub fn missing(&self) -> fields::Missing {
        match self.missing {
            None | Some(Missing::Error) => fields::Missing::Error,
            Some(Missing::Ignore) => fields::Missing::Ignore,
        }
    }

    /// The fields, of which there must be some.
    pub fn selection(&self) -> Result<Selection, Failure> {
        let selection = match &self.fields_regex {
            Some(pattern) if pattern.is_empty() => {
                return Err(Failure::usage(
                    "the pattern of --fields-regex is empty, and would fit every key",
                    "give a part of the keys that are meant",
                ));
            }
            Some(pattern) => Selection::key_names(pattern),
            None if self.fields.is_empty() => {
                return Err(Failure::usage(
                    "no fields are given",
                    "give them with --fields or --fields-regex",
                ));
            }
            None => Selection::paths(&self.fields.join(",")),
        };
        selection.map_err(|error| {
            let hint = match &error {
                SelectionError::Path { expression, .. } => path_hint(expression),
                _ => "a regular expression is as in grep -E, without references back to groups",
            };
            Failure::usage(error.to_string(), hint)
        })
    }
}

/// How the same is written here, for those who know other ways.
fn path_hint(expression: &str) -> &'static str {
    if expression.is_empty() {
        "there is a comma too many, or no field at all"
    } else if expression.starts_with('$') {
        "leave out the $ at the start: caller.number, not $.caller.number"
    } else if expression.contains('/') {
        "dots stand between keys: caller.number, not /caller/number"
    } else if expression.contains("[]") {
        "all elements of an array are [*], the first one is [0]: cards[*].pan, cards[0].pan"
    } else if expression.starts_with('.') {
        "leave out the dot at the start: caller.number, not .caller.number"
    } else {
        "fields are written as in --fields 'caller.number,cards[*].pan,**.pan,[\"a.b\"]'"
    }
}
