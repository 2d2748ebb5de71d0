//! The way down into a document, guided by a selection.

use std::borrow::Cow;
use std::collections::HashSet;

use serde_json::value::RawValue;

use super::MAX_DOCUMENT;
use super::document::{self, ValueKind};
use super::envelope::{MAX_FIELDS, MAX_STEPS};
use super::error::DocumentError;
use super::path::{Step, push_step, with_element};

/// Leads to the selected values.
pub(super) trait Guide {
    /// The part of the selection that is still open below a value.
    type State;

    /// Returns the state at the document itself.
    fn start(&self) -> Self::State;

    /// Returns the state one step further down; `None` if nothing is selected
    /// there.
    fn step(&self, above: &mut Self::State, step: &Step<'_>) -> Option<Self::State>;

    /// Returns whether this value is selected. Called once for each value.
    fn arrive(&mut self, state: &Self::State) -> bool;

    /// Returns whether values below it may be selected.
    fn leads_on(&self, state: &Self::State) -> bool;

    /// Returns whether a selected value below it is missing, once all steps
    /// from here have been tried. Then extends `path` to it.
    fn unmet(&self, state: &Self::State, kind: ValueKind, path: &mut String) -> bool;
}

/// A selected value.
#[derive(Debug)]
pub(super) struct Place<'a> {
    /// Its path.
    pub path: String,
    /// The value, as it is in the document.
    pub value: &'a RawValue,
}

/// Returns the values that a guide leads to, in the order of the document. A
/// value includes everything inside it, which is not listed separately.
///
/// # Errors
///
/// A selected value is missing; a path matches several values, because an
/// object on its way has a key twice; or there are more values, or longer
/// paths, than a sealed document can list.
pub(super) fn walk<'a, G: Guide>(
    root: &'a RawValue,
    guide: &mut G,
) -> Result<Vec<Place<'a>>, DocumentError> {
    let start = guide.start();
    let mut walk = Walk {
        guide,
        path: String::new(),
        depth: 0,
        found: Vec::new(),
        steps: 0,
        bytes: 0,
    };
    walk.visit(root, start, false)?;
    Ok(walk.found)
}

struct Walk<'a, 'g, G> {
    guide: &'g mut G,
    /// The path of the current value, and the number of its steps.
    path: String,
    depth: usize,
    found: Vec<Place<'a>>,
    /// The number of steps and bytes of their paths together.
    steps: usize,
    bytes: usize,
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
            self.add(value)?;
        }
        if !self.guide.leads_on(&state) {
            return Ok(());
        }
        let covered = covered || arrived;
        let kind = document::kind(value);
        match kind {
            ValueKind::Object => self.object(value, &mut state, covered)?,
            ValueKind::Array => self.array(value, &mut state, covered)?,
            ValueKind::Scalar => {}
        }
        let above = self.path.len();
        if self.guide.unmet(&state, kind, &mut self.path) {
            let path = std::mem::take(&mut self.path);
            let element = match kind {
                ValueKind::Array => with_element(&path, above),
                _ => None,
            };
            return Err(DocumentError::Missing { path, element });
        }
        Ok(())
    }

    /// Lists a value. A long key above many of them is in each path, so the
    /// paths can be far larger than the document.
    fn add(&mut self, value: &'a RawValue) -> Result<(), DocumentError> {
        self.steps += self.depth;
        self.bytes += self.path.len();
        let is_full = self.found.len() == MAX_FIELDS;
        if is_full || self.steps > MAX_STEPS || self.bytes > MAX_DOCUMENT {
            return Err(DocumentError::TooMany { limit: MAX_FIELDS });
        }
        let path = self.path.clone();
        self.found.push(Place { path, value });
        Ok(())
    }

    /// Visits the values one step further down.
    fn descend(
        &mut self,
        step: &Step<'_>,
        value: &'a RawValue,
        state: G::State,
        covered: bool,
    ) -> Result<(), DocumentError> {
        let above = self.path.len();
        push_step(&mut self.path, step);
        self.depth += 1;
        self.visit(value, state, covered)?;
        self.depth -= 1;
        self.path.truncate(above);
        Ok(())
    }

    fn object(
        &mut self,
        object: &'a RawValue,
        state: &mut G::State,
        covered: bool,
    ) -> Result<(), DocumentError> {
        let mut led = HashSet::new();
        document::members(object, &mut |key, value| {
            let key = key_of(key)?;
            let step = Step::Key(key.clone());
            let Some(next) = self.guide.step(state, &step) else {
                return Ok(());
            };
            // Every key that led somewhere must occur once.
            if led.contains(&key) {
                return Err(self.ambiguous(&step));
            }
            let before = self.found.len();
            self.descend(&step, value, next, covered)?;
            if self.found.len() > before {
                led.insert(key);
            }
            Ok(())
        })?;
        if led.is_empty() {
            return Ok(());
        }
        // A key may also have led nowhere at first.
        let mut seen = HashSet::new();
        document::members(object, &mut |key, _| {
            let key = key_of(key)?;
            if led.contains(&key) && !seen.insert(key.clone()) {
                return Err(self.ambiguous(&Step::Key(key)));
            }
            Ok(())
        })
    }

    fn ambiguous(&mut self, step: &Step<'_>) -> DocumentError {
        let mut path = std::mem::take(&mut self.path);
        push_step(&mut path, step);
        DocumentError::Ambiguous { path }
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
                self.descend(&step, value, next, covered)?;
            }
            Ok(())
        })
    }
}

fn key_of(key: &RawValue) -> Result<Cow<'_, str>, DocumentError> {
    document::unquoted(key.get()).ok_or(DocumentError::KeyNotText)
}
