//! Which fields are meant: the arguments.

use callseal::fields::{self, Selection, SelectionError};
use clap::{Args, ValueEnum};

use crate::failure::Failure;

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
            let hint = match error {
                SelectionError::Pattern { .. } => "a regular expression is as in grep -E",
                _ => {
                    "fields are written as in --fields 'caller.number,cards[*].pan,**.pan,[\"a.b\"]'"
                }
            };
            Failure::usage(error.to_string(), hint)
        })
    }
}
