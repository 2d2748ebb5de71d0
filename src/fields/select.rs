//! The selection of a document's fields.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use regex::Regex;
use serde_json::value::RawValue;

use super::document::ValueKind;
use super::error::DocumentError;
use super::error::SelectionError;
use super::expression::{self, Expression, Pattern};
use super::path::Step;
use super::walk::{self, Guide, Place};

/// The treatment of a document that lacks a field.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Missing {
    /// It's an error.
    #[default]
    Error,
    /// The fields that are present are sealed, or opened.
    Ignore,
}

/// A selection of a document's fields: by paths, or by the names of keys.
///
/// A path consists of the keys on the way, with dots between them:
///
/// | path | selected value |
/// |---|---|
/// | `caller.number` | the value of `number` in the object `caller` |
/// | `cards[0].pan` | `pan` in the first element of the array `cards` |
/// | `cards[*].pan` | `pan` in each element |
/// | `*.number` | `number` in each object of the document |
/// | `**.pan` | `pan` at any depth, at the top too |
/// | `["a.b"].c` | a key in quotes, as in JSON: needed if it has other characters than letters, digits, `_` and `-` |
///
/// A selected value includes everything inside it.
#[derive(Clone, Debug)]
pub struct Selection(By);

#[derive(Clone, Debug)]
enum By {
    Paths(Vec<Expression>),
    KeyNames(Regex),
}

impl Selection {
    /// Selects the fields at these paths, separated by commas.
    ///
    /// # Errors
    ///
    /// The first invalid path, and the place of the fault.
    pub fn paths(paths: &str) -> Result<Self, SelectionError> {
        expression::list(paths).map(|list| Self(By::Paths(list)))
    }

    /// Selects every field, at any depth, whose key has a match of a regular
    /// expression in it. (`^` and `$` stand for the key's start and end.)
    ///
    /// # Errors
    ///
    /// It is not a regular expression.
    pub fn key_names(pattern: &str) -> Result<Self, SelectionError> {
        match Regex::new(pattern) {
            Ok(regex) => Ok(Self(By::KeyNames(regex))),
            Err(error) => Err(SelectionError::Pattern {
                pattern: pattern.to_owned(),
                reason: last_line(&error),
            }),
        }
    }
}

/// The search for the selected values of documents.
#[derive(Clone, Debug)]
pub(super) struct Finder<'a> {
    selection: &'a Selection,
    missing: Missing,
    /// Whether each path has selected anything in any document so far.
    found: Arc<[AtomicBool]>,
}

impl<'a> Finder<'a> {
    /// `missing` says what happens to documents that lack a field.
    pub fn new(selection: &'a Selection, missing: Missing) -> Self {
        let paths = match &selection.0 {
            By::Paths(expressions) => expressions.len(),
            By::KeyNames(_) => 0,
        };
        Self {
            selection,
            missing,
            found: (0..paths).map(|_| AtomicBool::new(false)).collect(),
        }
    }

    /// Returns the paths that have selected nothing so far.
    pub fn unmatched(&self) -> Vec<String> {
        let By::Paths(expressions) = &self.selection.0 else {
            return Vec::new();
        };
        let paths = expressions.iter().zip(self.found.iter());
        paths
            .filter(|(_, found)| !found.load(Ordering::Relaxed))
            .map(|(expression, _)| expression.to_string())
            .collect()
    }

    /// Returns the selected values of a document, in its order.
    pub fn find<'d>(&self, root: &'d RawValue) -> Result<Vec<Place<'d>>, DocumentError> {
        let missing = self.missing;
        match &self.selection.0 {
            By::Paths(expressions) => {
                let mut guide = Paths {
                    expressions,
                    missing,
                    found: vec![false; expressions.len()],
                };
                let places = walk::walk(root, &mut guide);
                for (ever, now) in self.found.iter().zip(&guide.found) {
                    if *now {
                        ever.store(true, Ordering::Relaxed);
                    }
                }
                let places = places?;
                match guide.nowhere() {
                    Some(path) => Err(DocumentError::Missing {
                        path,
                        element: None,
                    }),
                    None => Ok(places),
                }
            }
            By::KeyNames(regex) => {
                let found = walk::walk(root, &mut KeyNames(regex))?;
                if found.is_empty() && missing == Missing::Error {
                    return Err(DocumentError::NoSuchKey {
                        pattern: regex.as_str().to_owned(),
                    });
                }
                Ok(found)
            }
        }
    }
}

/// Returns the text of an error; the regex crate puts it after a drawing of
/// some lines.
fn last_line(error: &regex::Error) -> String {
    let text = error.to_string();
    let last = text.lines().last().unwrap_or_default();
    last.trim_start_matches("error: ").to_owned()
}

/// Follows paths.
struct Paths<'e> {
    expressions: &'e [Expression],
    missing: Missing,
    /// Whether each expression has led to anything.
    found: Vec<bool>,
}

/// The progress of one expression.
#[derive(Clone, Copy, Debug)]
struct Position {
    expression: usize,
    /// The next step.
    step: usize,
    /// Whether that step was found.
    met: bool,
}

impl Paths<'_> {
    fn pattern(&self, position: &Position) -> Option<&Pattern> {
        let expression = self.expressions.get(position.expression)?;
        expression.step(position.step)
    }

    /// Adds a position, and those that are reached from it without a step.
    fn add(&self, positions: &mut Vec<Position>, expression: usize, mut step: usize) {
        loop {
            let is_there = |p: &Position| p.expression == expression && p.step == step;
            if positions.iter().any(is_there) {
                return;
            }
            let position = Position {
                expression,
                step,
                met: false,
            };
            positions.push(position);
            if self.pattern(&position) != Some(&Pattern::AnyDepth) {
                return;
            }
            step += 1;
        }
    }

    /// Returns an expression that isn't definite and has led nowhere.
    fn nowhere(&self) -> Option<String> {
        let mut all = self.expressions.iter().zip(&self.found);
        let (expression, _) =
            all.find(|(expression, found)| !**found && !expression.is_definite())?;
        (self.missing == Missing::Error).then(|| expression.to_string())
    }
}

impl Guide for Paths<'_> {
    type State = Vec<Position>;

    fn start(&self) -> Vec<Position> {
        let mut positions = Vec::with_capacity(self.expressions.len());
        for expression in 0..self.expressions.len() {
            self.add(&mut positions, expression, 0);
        }
        positions
    }

    fn step(&self, above: &mut Vec<Position>, step: &Step<'_>) -> Option<Vec<Position>> {
        let mut below = Vec::new();
        for position in above {
            match self.pattern(position) {
                Some(Pattern::AnyDepth) => {
                    self.add(&mut below, position.expression, position.step);
                }
                Some(pattern) if pattern.fits(step) => {
                    position.met = true;
                    self.add(&mut below, position.expression, position.step + 1);
                }
                _ => {}
            }
        }
        (!below.is_empty()).then_some(below)
    }

    fn arrive(&mut self, state: &Vec<Position>) -> bool {
        let mut arrived = false;
        for position in state {
            if self.pattern(position).is_none() {
                arrived = true;
                if let Some(found) = self.found.get_mut(position.expression) {
                    *found = true;
                }
            }
        }
        arrived
    }

    fn leads_on(&self, state: &Vec<Position>) -> bool {
        state
            .iter()
            .any(|position| self.pattern(position).is_some())
    }

    fn unmet(&self, state: &Vec<Position>, kind: ValueKind, path: &mut String) -> bool {
        if self.missing == Missing::Ignore {
            return false;
        }
        let unmet = state.iter().find_map(|position| {
            let expression = self.expressions.get(position.expression)?;
            let satisfied = match self.pattern(position) {
                None => true,
                // An empty array has no elements that could be missing.
                Some(Pattern::AnyElement) => kind == ValueKind::Array,
                Some(_) => position.met,
            };
            (!satisfied && expression.is_definite()).then_some((expression, position.step))
        });
        if let Some((expression, step)) = unmet {
            expression.written_from(step, path);
        }
        unmet.is_some()
    }
}

/// Follows the keys whose names match.
struct KeyNames<'r>(&'r Regex);

impl Guide for KeyNames<'_> {
    /// Whether the value's own key matches.
    type State = bool;

    fn start(&self) -> bool {
        false
    }

    fn step(&self, _: &mut bool, step: &Step<'_>) -> Option<bool> {
        Some(match step {
            Step::Key(key) => self.0.is_match(key),
            Step::Element(_) => false,
        })
    }

    fn arrive(&mut self, fits: &bool) -> bool {
        *fits
    }

    fn leads_on(&self, fits: &bool) -> bool {
        !fits
    }

    fn unmet(&self, _: &bool, _: ValueKind, _: &mut String) -> bool {
        false
    }
}
