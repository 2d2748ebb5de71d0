//! The arguments that select fields.

use callseal::fields::{self, Selection, SelectionError};
use clap::{Args, ValueEnum};

use crate::cli::failure::Failure;

/// The selection of fields.
#[derive(Debug, Args)]
#[group(skip)]
pub struct SelectionArgs {
    /// The paths of the fields, separated by commas: caller.number,
    /// cards[*].pan, **.pan, ["a.b"]
    #[arg(long, value_name = "PATHS", conflicts_with = "fields_regex")]
    fields: Vec<String>,
    /// All fields, at any depth, whose key contains a match of a regular
    /// expression
    #[arg(long, value_name = "REGEX")]
    fields_regex: Option<String>,
    /// How to treat a document that lacks one of the fields [default: error]
    #[arg(long, value_name = "WHAT")]
    missing: Option<Missing>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Missing {
    /// Fail the document
    Error,
    /// Use the fields that are present
    Ignore,
}

impl SelectionArgs {
    /// Returns whether any of these options is given.
    pub fn is_given(&self) -> bool {
        !self.fields.is_empty() || self.fields_regex.is_some() || self.missing.is_some()
    }

    pub fn missing(&self) -> fields::Missing {
        match self.missing {
            None | Some(Missing::Error) => fields::Missing::Error,
            Some(Missing::Ignore) => fields::Missing::Ignore,
        }
    }

    /// Returns the fields, at least one.
    pub fn selection(&self) -> Result<Selection, Failure> {
        let selection = match &self.fields_regex {
            Some(pattern) if pattern.is_empty() => {
                return Err(Failure::usage(
                    "the pattern of --fields-regex is empty and would match every key",
                    "give a part of the names of the keys",
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
                _ => "write a regular expression as for grep -E, without back-references",
            };
            Failure::usage(error.to_string(), hint)
        })
    }
}

/// Returns the hint for a path that is written in another way.
fn path_hint(expression: &str) -> &'static str {
    if expression.is_empty() {
        "remove the extra comma, or name a field"
    } else if expression.starts_with('$') {
        "leave out the $ at the start: caller.number, not $.caller.number"
    } else if expression.contains('/') {
        "separate keys with dots: caller.number, not /caller/number"
    } else if expression.contains("[]") {
        "write [*] for all elements of an array, [0] for the first: cards[*].pan, cards[0].pan"
    } else if expression.starts_with('.') {
        "leave out the dot at the start: caller.number, not .caller.number"
    } else {
        "write fields as in --fields 'caller.number,cards[*].pan,**.pan,[\"a.b\"]'"
    }
}
