//! The way down into a document, as far as a guide leads.

use std::borrow::Cow;
use std::collections::HashSet;

use serde_json::value::RawValue;

use super::document::{self, Kind};
use super::error::DocumentError;
use super::path::{Step, written};

/// Leads to the values that are looked for.
pub(super) trait Guide {
    /// What is still looked for below a value.
    type State;

    /// What is looked for in a document.
    fn start(&self) -> Self::State;

    /// What is looked for one step further down; `None` if nothing is.
    fn step(&self, above: &mut Self::State, step: &Step<'_>) -> Option<Self::State>;

    /// Whether this value is one of them. Told to the guide once for each.
    fn arrive(&mut self, state: &Self::State) -> bool;

    /// Whether there may be others below.
    fn leads_on(&self, state: &Self::State) -> bool;

    /// Whether there should be one below that isn't, once all steps from here
    /// have been asked for; `path` goes on to it then.
    fn unmet(&self, state: &Self::State, kind: Kind, path: &mut String) -> bool;
}

/// A value that was looked for.
#[derive(Debug)]
pub(super) struct Place<'a> {
    /// Its path.
    pub path: String,
    /// How many steps that has.
    pub steps: usize,
    /// The value, as it stands in the document.
    pub value: &'a RawValue,
}

/// The values that a guide leads to, in the order of the document. What is in
/// one of them is covered by it, and not listed.
///
/// # Errors
///
/// A value that should be there and isn't; or one whose path fits several
/// values, as an object on its way has a key twice.
pub(super) fn walk<'a, G: Guide>(
    root: &'a RawValue,
    guide: &mut G,
) -> Result<Vec<Place<'a>>, DocumentError> {
    let start = guide.start();
    let mut walk = Walk {
        guide,
        path: Vec::new(),
        found: Vec::new(),
    };
    walk.visit(root, start, false)?;
    Ok(walk.found)
}

struct Walk<'a, 'g, G> {
    guide: &'g mut G,
    path: Vec<Step<'a>>,
    found: Vec<Place<'a>>,
}

impl<'a, G: Guide> Walk<'a, '_, G> {
    fn visit(
        &mut self,
        value: &'a RawValue,
        mut state: G::State,
        covered: bool,
    ) -> Result<(), DocumentError> {
        let arrived = self.guide.arrive(&state);
        if arrived && !covered {
            self.found.push(Place {
                path: written(&self.path),
                steps: self.path.len(),
                value,
            });
        }
        if !self.guide.leads_on(&state) {
            return Ok(());
        }
        let covered = covered || arrived;
        let kind = document::kind(value);
        match kind {
            Kind::Object => self.object(value, &mut state, covered)?,
            Kind::Array => self.array(value, &mut state, covered)?,
            Kind::Scalar => {}
        }
        let mut path = written(&self.path);
        if self.guide.unmet(&state, kind, &mut path) {
            return Err(DocumentError::Missing { path });
        }
        Ok(())
    }

    fn object(
        &mut self,
        object: &'a RawValue,
        state: &mut G::State,
        covered: bool,
    ) -> Result<(), DocumentError> {
        let mut led = HashSet::new();
        let mut twice = None;
        document::members(object, &mut |key, value| {
            let key = key_of(key)?;
            let step = Step::Key(key.clone());
            let Some(next) = self.guide.step(state, &step) else {
                return Ok(());
            };
            let before = self.found.len();
            self.path.push(step);
            self.visit(value, next, covered)?;
            if self.found.len() > before {
                led.insert(key);
            }
            self.path.pop();
            Ok(())
        })?;
        if led.is_empty() {
            return Ok(());
        }
        // Every key that led somewhere must be there once.
        let mut seen = HashSet::new();
        document::members(object, &mut |key, _| {
            let key = key_of(key)?;
            if led.contains(&key) && !seen.insert(key.clone()) {
                twice.get_or_insert(key);
            }
            Ok(())
        })?;
        match twice {
            Some(key) => {
                self.path.push(Step::Key(key));
                Err(DocumentError::Ambiguous {
                    path: written(&self.path),
                })
            }
            None => Ok(()),
        }
    }

    fn array(
        &mut self,
        array: &'a RawValue,
        state: &mut G::State,
        covered: bool,
    ) -> Result<(), DocumentError> {
        let mut index = 0;
        document::elements(array, &mut |value| {
            let step = Step::Element(index);
            index += 1;
            if let Some(next) = self.guide.step(state, &step) {
                self.path.push(step);
                self.visit(value, next, covered)?;
                self.path.pop();
            }
            Ok(())
        })
    }
}

fn key_of(key: &RawValue) -> Result<Cow<'_, str>, DocumentError> {
    document::unquoted(key.get()).ok_or(DocumentError::KeyNotText)
}
