//! The path of a value in a document: `cards[0].pan`.
//!
//! A key is bare if it has only ASCII letters and digits, `_`, `-` and
//! characters beyond ASCII in it; any other is quoted as in JSON, `["a.b"]`. So
//! each path has one spelling, and no two values of a document have the same
//! path.

use std::borrow::Cow;
use std::fmt::Write;

/// One step down in a document.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Step<'a> {
    /// To an object's value with that key.
    Key(Cow<'a, str>),
    /// To an array's element, counted from 0.
    Element(usize),
}

/// Returns whether a character is allowed in a key that isn't quoted.
pub(super) fn is_bare(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-') || !c.is_ascii()
}

/// Adds a key to a path.
pub(super) fn push_key(path: &mut String, key: &str) {
    if !key.is_empty() && key.chars().all(is_bare) {
        if !path.is_empty() {
            path.push('.');
        }
        path.push_str(key);
    } else {
        path.push('[');
        path.push_str(&quoted(key));
        path.push(']');
    }
}

/// Adds an element to a path.
pub(super) fn push_element(path: &mut String, index: usize) {
    // Writing to a string does not fail.
    let _ = write!(path, "[{index}]");
}

/// Adds a step to a path.
pub(super) fn push_step(path: &mut String, step: &Step<'_>) {
    match step {
        Step::Key(key) => push_key(path, key),
        Step::Element(index) => push_element(path, *index),
    }
}

/// Returns the path that may be meant if a key of an array is asked for; the
/// array's path has `array` bytes: `cards[0].pan` for `cards.0.pan`.
pub(super) fn with_element(path: &str, array: usize) -> Option<String> {
    let (array, below) = path.split_at_checked(array)?;
    let key = below.strip_prefix('.')?;
    let end = key.find(|c: char| !c.is_ascii_digit()).unwrap_or(key.len());
    let (index, below) = key.split_at_checked(end)?;
    let is_key = below.is_empty() || below.starts_with(['.', '[']);
    (is_key && !index.is_empty()).then(|| format!("{array}[{index}]{below}"))
}

/// Writes a path.
pub(super) fn written(steps: &[Step<'_>]) -> String {
    let mut path = String::new();
    for step in steps {
        push_step(&mut path, step);
    }
    path
}

/// Returns a text as a JSON string.
pub(super) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
