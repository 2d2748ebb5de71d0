//! Paths that may select several values: `cards[*].pan`, `**.pan`.

use std::fmt;

use super::document::MAX_DEPTH;
use super::error::SelectionError;
use super::path::{self, Step};

/// A path that may select several values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Expression(Vec<Pattern>);

/// One step of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Pattern {
    Key(String),
    AnyKey,
    Element(usize),
    AnyElement,
    /// Any number of steps, or none.
    AnyDepth,
}

impl Pattern {
    pub fn fits(&self, step: &Step<'_>) -> bool {
        match (self, step) {
            (Self::Key(wanted), Step::Key(key)) => wanted == key,
            (Self::Element(wanted), Step::Element(index)) => wanted == index,
            (Self::AnyKey, Step::Key(_)) | (Self::AnyElement, Step::Element(_)) => true,
            _ => false,
        }
    }
}

impl Expression {
    /// Returns the step with that number, of which the first is 0.
    pub fn step(&self, number: usize) -> Option<&Pattern> {
        self.0.get(number)
    }

    /// Returns whether it states where its values must be, so that missing ones
    /// can be detected.
    pub fn is_definite(&self) -> bool {
        let vague = |p: &Pattern| matches!(p, Pattern::AnyKey | Pattern::AnyDepth);
        !self.0.iter().any(vague)
    }

    /// Writes its steps from that one on.
    pub fn written_from(&self, step: usize, path: &mut String) {
        for pattern in self.0.iter().skip(step) {
            match pattern {
                Pattern::Key(key) => path::push_key(path, key),
                Pattern::Element(index) => path::push_element(path, *index),
                Pattern::AnyElement => path.push_str("[*]"),
                Pattern::AnyKey | Pattern::AnyDepth => {
                    if !path.is_empty() {
                        path.push('.');
                    }
                    path.push_str(match pattern {
                        Pattern::AnyKey => "*",
                        _ => "**",
                    });
                }
            }
        }
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut path = String::new();
        self.written_from(0, &mut path);
        f.write_str(&path)
    }
}

/// Returns the paths in a list, with commas between them.
pub(super) fn list(text: &str) -> Result<Vec<Expression>, SelectionError> {
    Parser { rest: text }.list()
}

/// Returns the steps of a path for a single value, in its only valid spelling.
pub(super) fn steps(path: &str) -> Option<Vec<Step<'static>>> {
    let mut parser = Parser { rest: path };
    let patterns = parser.expression().ok()?;
    let steps = patterns.into_iter().map(|pattern| match pattern {
        Pattern::Key(key) => Some(Step::Key(key.into())),
        Pattern::Element(index) => Some(Step::Element(index)),
        _ => None,
    });
    let steps: Vec<_> = steps.collect::<Option<_>>()?;
    (path::written(&steps) == path).then_some(steps)
}

/// Parses paths.
struct Parser<'t> {
    /// The rest of the text, still to be parsed.
    rest: &'t str,
}

impl<'t> Parser<'t> {
    fn takes(&mut self, token: &str) -> bool {
        let rest = self.rest.strip_prefix(token);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn skip_blanks(&mut self) {
        while self.takes(" ") || self.takes("\t") {}
    }

    fn list(&mut self) -> Result<Vec<Expression>, SelectionError> {
        let mut list = Vec::new();
        loop {
            self.skip_blanks();
            let start = self.rest;
            let steps = self
                .expression()
                .map_err(|fault| self.error(start, fault))?;
            list.push(Expression(steps));
            self.skip_blanks();
            if self.rest.is_empty() {
                return Ok(list);
            }
            if !self.takes(",") {
                return Err(self.error(
                    start,
                    "a key has only letters, digits, _ and - in it, or is in brackets and quotes: [\"…\"]",
                ));
            }
        }
    }

    /// Returns the error of the expression that starts at `start`.
    fn error(&self, start: &str, fault: &'static str) -> SelectionError {
        let before = start.strip_suffix(self.rest).unwrap_or(start);
        let after = self.rest.split(',').next().unwrap_or_default();
        SelectionError::Path {
            expression: format!("{before}{after}").trim_end().to_owned(),
            at: before.chars().count() + 1,
            fault,
        }
    }

    fn expression(&mut self) -> Result<Vec<Pattern>, &'static str> {
        let mut steps = Vec::new();
        if !self.rest.starts_with('[') {
            steps.push(self.name()?);
        }
        loop {
            if steps.len() > MAX_DEPTH {
                return Err("it is deeper than documents may be nested");
            } else if self.takes("[") {
                steps.push(self.bracket()?);
            } else if self.takes(".") {
                steps.push(self.name()?);
            } else if steps.last() == Some(&Pattern::AnyDepth) {
                return Err("a key must follow **");
            } else {
                return Ok(steps);
            }
        }
    }

    fn name(&mut self) -> Result<Pattern, &'static str> {
        if self.takes("**") {
            return Ok(Pattern::AnyDepth);
        }
        if self.takes("*") {
            return Ok(Pattern::AnyKey);
        }
        let end = self.rest.find(|c| !path::is_bare(c));
        let (key, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        if key.is_empty() {
            return Err("a key is missing, or must be in brackets and quotes: [\"…\"]");
        }
        self.rest = rest;
        Ok(Pattern::Key(key.to_owned()))
    }

    /// Parses what follows an opening bracket.
    fn bracket(&mut self) -> Result<Pattern, &'static str> {
        let pattern = if self.takes("*") {
            Pattern::AnyElement
        } else if self.rest.starts_with('"') {
            let mut strings = serde_json::Deserializer::from_str(self.rest).into_iter::<String>();
            let key = strings.next();
            let rest = self.rest.split_at_checked(strings.byte_offset());
            let (Some(Ok(key)), Some((_, rest))) = (key, rest) else {
                return Err("a key in quotes is written as a JSON string");
            };
            self.rest = rest;
            Pattern::Key(key)
        } else {
            let end = self.rest.find(|c: char| !c.is_ascii_digit());
            let (digits, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
            let Ok(index) = digits.parse() else {
                return Err("expected a number, * or a key in quotes in brackets");
            };
            self.rest = rest;
            Pattern::Element(index)
        };
        if self.takes("]") {
            Ok(pattern)
        } else {
            Err("a closing bracket is missing")
        }
    }
}
