//! One JSON text ([RFC 8259](https://www.rfc-editor.org/rfc/rfc8259)): the
//! places of its values, and their replacement. Everything else stays
//! unchanged, to the byte.

use std::borrow::Cow;
use std::fmt;
use std::io;
use std::ops::Range;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use zeroize::Zeroizing;

use super::MAX_DOCUMENT;
use super::error::DocumentError;

/// The limit of nesting. Other software has such limits too, and this is a
/// common one.
pub(super) const MAX_DEPTH: usize = 128;

/// Reads a document, which must be a JSON text.
pub(super) fn parse(text: &str) -> Result<&RawValue, DocumentError> {
    // It ends with its text, not at the start of the next line.
    let body = text.trim_end_matches([' ', '\t', '\r', '\n']);
    let root: &RawValue = serde_json::from_str(body).map_err(|e| DocumentError::not_json(&e))?;
    if depth(root.get()) > MAX_DEPTH {
        return Err(DocumentError::TooDeep { limit: MAX_DEPTH });
    }
    Ok(root)
}

/// Returns whether a text is one complete JSON value.
pub(super) fn is_complete(text: &[u8]) -> bool {
    serde_json::from_slice::<&RawValue>(text).is_ok()
}

/// Returns whether all of the source is one JSON value. Stops as soon as it
/// can't be one.
///
/// # Errors
///
/// Reading fails.
pub(super) fn is_text(source: impl io::Read) -> io::Result<bool> {
    let mut parser = serde_json::Deserializer::from_reader(io::BufReader::new(source));
    let read = IgnoredAny::deserialize(&mut parser).and_then(|_| parser.end());
    match read {
        Err(error) if error.is_io() => Err(error.into()),
        read => Ok(read.is_ok()),
    }
}

/// Returns the nesting depth of a valid JSON text.
fn depth(text: &str) -> usize {
    let (mut now, mut most) = (0usize, 0);
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'{' | b'[' => {
                now += 1;
                most = most.max(now);
            }
            b'}' | b']' => now = now.saturating_sub(1),
            b'"' => loop {
                match bytes.next() {
                    Some(b'\\') => drop(bytes.next()),
                    Some(b'"') | None => break,
                    Some(_) => {}
                }
            },
            _ => {}
        }
    }
    most
}

/// The kind of a value, as far as other values can be below it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ValueKind {
    Object,
    Array,
    Scalar,
}

pub(super) fn kind(value: &RawValue) -> ValueKind {
    match value.get().as_bytes().first() {
        Some(b'{') => ValueKind::Object,
        Some(b'[') => ValueKind::Array,
        _ => ValueKind::Scalar,
    }
}

/// Returns the place of a part in its text.
pub(super) fn span(text: &str, part: &str) -> Result<Range<usize>, DocumentError> {
    let start = part.as_ptr().addr().checked_sub(text.as_ptr().addr());
    let span = start.map(|start| start..start.saturating_add(part.len()));
    span.filter(|span| span.end <= text.len())
        .ok_or(DocumentError::Internal("a part is outside of its text"))
}

/// Returns the text of a JSON string; `None` if it has half of a surrogate
/// pair.
pub(super) fn unquoted(string: &str) -> Option<Cow<'_, str>> {
    let inner = string.strip_prefix('"')?.strip_suffix('"')?;
    if inner.contains('\\') {
        serde_json::from_str(string).ok().map(Cow::Owned)
    } else {
        Some(Cow::Borrowed(inner))
    }
}

/// Visits an object's members: the key as it is written, and the value.
pub(super) fn members<'a>(
    object: &'a RawValue,
    each: &mut dyn FnMut(&'a RawValue, &'a RawValue) -> Result<(), DocumentError>,
) -> Result<(), DocumentError> {
    let mut outcome = Ok(());
    let mut parser = serde_json::Deserializer::from_str(object.get());
    let read = parser.deserialize_map(Each {
        each: &mut |key, value| match key {
            Some(key) => each(key, value),
            None => Ok(()),
        },
        outcome: &mut outcome,
    });
    conclude(read, outcome)
}

/// Visits an array's elements.
pub(super) fn elements<'a>(
    array: &'a RawValue,
    each: &mut dyn FnMut(&'a RawValue) -> Result<(), DocumentError>,
) -> Result<(), DocumentError> {
    let mut outcome = Ok(());
    let mut parser = serde_json::Deserializer::from_str(array.get());
    let read = parser.deserialize_seq(Each {
        each: &mut |_, value| each(value),
        outcome: &mut outcome,
    });
    conclude(read, outcome)
}

fn conclude(
    read: Result<(), serde_json::Error>,
    outcome: Result<(), DocumentError>,
) -> Result<(), DocumentError> {
    outcome?;
    read.map_err(|e| DocumentError::not_json(&e))
}

/// Passes on the parts of an object or array, one by one.
struct Each<'f, 'a> {
    each: &'f mut dyn FnMut(Option<&'a RawValue>, &'a RawValue) -> Result<(), DocumentError>,
    /// Why it stopped early: serde's errors hold only text.
    outcome: &'f mut Result<(), DocumentError>,
}

impl<'a> Each<'_, 'a> {
    fn hand_on<E: serde::de::Error>(
        &mut self,
        key: Option<&'a RawValue>,
        value: &'a RawValue,
    ) -> Result<(), E> {
        (self.each)(key, value).map_err(|error| {
            *self.outcome = Err(error);
            E::custom("broken off")
        })
    }
}

impl<'de> Visitor<'de> for Each<'_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object or array")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        while let Some((key, value)) = map.next_entry()? {
            self.hand_on(Some(key), value)?;
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut list: A) -> Result<(), A::Error> {
        while let Some(value) = list.next_element()? {
            self.hand_on(None, value)?;
        }
        Ok(())
    }
}

/// A part of a text, and its replacement.
pub(super) struct Edit {
    pub at: Range<usize>,
    pub with: Zeroizing<String>,
}

/// Returns the text with all edits made. They are in its order and don't
/// overlap.
///
/// # Errors
///
/// The result would be too large to be processed again.
pub(super) fn edited(text: &str, edits: &[Edit]) -> Result<Zeroizing<String>, DocumentError> {
    let more: usize = edits.iter().map(|edit| edit.with.len()).sum();
    let less: usize = edits.iter().map(|edit| edit.at.len()).sum();
    // The capacity is exact: growing would leave a copy of plaintext behind.
    let capacity = (text.len() + more).saturating_sub(less);
    if capacity > MAX_DOCUMENT {
        return Err(DocumentError::TooLarge {
            limit: MAX_DOCUMENT,
        });
    }
    let mut result = Zeroizing::new(String::with_capacity(capacity));
    let overlap = || DocumentError::Internal("edits that overlap");
    let mut done = 0;
    for edit in edits {
        result.push_str(text.get(done..edit.at.start).ok_or_else(overlap)?);
        result.push_str(&edit.with);
        done = edit.at.end;
    }
    result.push_str(text.get(done..).ok_or_else(overlap)?);
    Ok(result)
}
