//! The reserved attribute of a sealed document: the PKESKs of its session key,
//! and the list of sealed fields.

use std::ops::Range;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::document::{self, ValueKind, span};
use super::error::{AttributeFault, DocumentError};
use super::path::quoted;

/// The version of the format.
const VERSION: u64 = 1;

/// The limit of the fields of one document that can be sealed, or opened.
pub(super) const MAX_FIELDS: usize = 100_000;

/// The limit of the steps of all their paths together.
pub(super) const MAX_STEPS: usize = 1_000_000;

/// The attribute's value.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Envelope {
    version: u64,
    keys: String,
    sealed: Vec<String>,
}

/// The part of the attribute that is the same in every version.
#[derive(Deserialize)]
struct Version {
    version: u64,
}

impl Envelope {
    /// Creates it from PKESKs, and the paths of the fields that are sealed
    /// under their session key.
    pub fn new(pkesks: &[u8], sealed: Vec<String>) -> Self {
        Self {
            version: VERSION,
            keys: to_base64(pkesks),
            sealed,
        }
    }

    /// Reads an attribute's value.
    pub fn read(value: &RawValue) -> Result<Self, AttributeFault> {
        let malformed = |_| AttributeFault::Malformed;
        let Version { version } = serde_json::from_str(value.get()).map_err(malformed)?;
        if version != VERSION {
            return Err(AttributeFault::Version(version));
        }
        let envelope: Self = serde_json::from_str(value.get()).map_err(malformed)?;
        match envelope.sealed.len() {
            0 => Err(AttributeFault::Malformed),
            1..=MAX_FIELDS => Ok(envelope),
            _ => Err(AttributeFault::TooMany { limit: MAX_FIELDS }),
        }
    }

    /// Returns the PKESKs, as OpenPGP packets.
    pub fn pkesks(&self) -> Option<Vec<u8>> {
        from_base64(&self.keys)
    }

    /// Returns the paths of the sealed fields.
    pub fn sealed(&self) -> &[String] {
        &self.sealed
    }

    /// Returns the attribute as it's added after other attributes.
    pub fn attribute(&self, name: &str) -> Result<String, serde_json::Error> {
        let value = serde_json::to_string(self)?;
        Ok(format!(",{}:{value}", quoted(name)))
    }
}

/// Encodes as base64 with padding and without line breaks
/// ([RFC 4648, section 4](https://www.rfc-editor.org/rfc/rfc4648#section-4)).
pub(super) fn to_base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

pub(super) fn from_base64(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}

/// The attributes of a document itself.
pub(super) struct Top<'a> {
    /// The end of the last one.
    pub end: usize,
    /// The reserved one, if there is one.
    pub reserved: Option<Reserved<'a>>,
}

/// The reserved attribute, and its place.
pub(super) struct Reserved<'a> {
    pub value: &'a RawValue,
    /// The attribute with the comma that belongs to it.
    pub at: Range<usize>,
}

impl<'a> Top<'a> {
    /// Looks for the reserved attribute in a document. `None` if it's not an
    /// object, which can't have any.
    pub fn read(
        text: &str,
        root: &'a RawValue,
        reserved: &str,
    ) -> Result<Option<Self>, DocumentError> {
        if document::kind(root) != ValueKind::Object {
            return Ok(None);
        }
        let mut top = Self {
            end: span(text, root.get())?.start + 1,
            reserved: None,
        };
        let mut count = 0usize;
        let mut is_first_of_several = false;
        document::members(root, &mut |key, value| {
            let (key_span, value_span) = (span(text, key.get())?, span(text, value.get())?);
            if document::unquoted(key.get()).is_some_and(|key| key == reserved) {
                if top.reserved.is_some() {
                    return Err(DocumentError::Attribute {
                        attribute: reserved.to_owned(),
                        fault: AttributeFault::Repeated,
                    });
                }
                // With the comma before it, if there is one.
                let start = if count == 0 { key_span.start } else { top.end };
                top.reserved = Some(Reserved {
                    value,
                    at: start..value_span.end,
                });
                is_first_of_several = count == 0;
            } else if std::mem::take(&mut is_first_of_several)
                && let Some(reserved) = &mut top.reserved
            {
                // Otherwise with the one after it.
                reserved.at.end = key_span.start;
            }
            top.end = value_span.end;
            count += 1;
            Ok(())
        })?;
        Ok(Some(top))
    }
}
