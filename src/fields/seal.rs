//! Sealing: converting a document to one in which some values can't be read.

use std::borrow::Cow;

use zeroize::Zeroizing;

use super::document::{self, Edit, span};
use super::envelope::{Envelope, Top, to_base64};
use super::error::{AttributeFault, DocumentError};
use super::select::{Finder, Missing, Selection};
use super::{Convert, Document};
use crate::keys::{MessageVersion, RecipientError, Recipients, Refusal};
use crate::message::name_binding::hash_name;
use crate::message::{MAX_LITERAL_NAME, PartsSealer, SealError};

/// The recipients of fields, and the name of the attribute that lists them.
#[derive(Clone, Debug)]
pub struct FieldPlan {
    recipients: Recipients,
    attribute: String,
}

impl FieldPlan {
    /// Takes recipients and the name of the reserved attribute, which is
    /// [`ATTRIBUTE`](super::ATTRIBUTE) unless the documents use that name for
    /// something else.
    ///
    /// # Errors
    ///
    /// A recipient can't read version 2 messages, which sealed values need.
    pub fn new(
        recipients: Recipients,
        attribute: impl Into<String>,
    ) -> Result<Self, RecipientError> {
        if let Some(older) = recipients.iter().find(|r| !r.reads(MessageVersion::V2)) {
            return Err(RecipientError::Refused {
                path: older.source().to_owned(),
                refusal: Refusal::SealedFields {
                    subject: older.label().to_owned(),
                },
            });
        }
        Ok(Self {
            recipients,
            attribute: attribute.into(),
        })
    }

    /// Returns the recipients.
    pub fn recipients(&self) -> &Recipients {
        &self.recipients
    }
}

/// Seals fields of documents. One serves any number of threads.
#[derive(Clone, Debug)]
pub struct FieldSealer<'a> {
    plan: &'a FieldPlan,
    finder: Finder<'a>,
}

impl<'a> FieldSealer<'a> {
    /// Seals the selected fields. `missing` says what happens to documents
    /// that lack one.
    pub fn new(plan: &'a FieldPlan, selection: &'a Selection, missing: Missing) -> Self {
        Self {
            plan,
            finder: Finder::new(selection, missing),
        }
    }

    /// Seals the selected fields of one document, a JSON object, under a new
    /// session key. A document without any stays as it is.
    ///
    /// # Errors
    ///
    /// It's not a JSON object, is already sealed, has an attribute of the
    /// reserved name, lacks a field, has one twice
    /// or too many of them, or is too large or nested too deep.
    pub fn seal(&self, text: &str) -> Result<Document, DocumentError> {
        let attribute = &self.plan.attribute;
        let root = document::parse(text)?;
        let top = Top::read(text, root, attribute)?.ok_or(DocumentError::NotAnObject)?;
        if let Some(reserved) = top.reserved {
            let attribute = attribute.clone();
            return Err(match Envelope::read(reserved.value) {
                Err(AttributeFault::Malformed) => DocumentError::HasAttribute { attribute },
                _ => DocumentError::Sealed { attribute },
            });
        }
        let places = self.finder.find(root)?;
        if places.is_empty() {
            return Ok(Document::unchanged(text));
        }
        let (parts, pkesks) = PartsSealer::new(&self.plan.recipients)?;
        let mut edits = Vec::with_capacity(places.len() + 1);
        let mut sealed = Vec::with_capacity(places.len());
        for place in places {
            let content = place.value.get();
            let part = parts.seal(&literal_name(&place.path), content.as_bytes())?;
            edits.push(Edit {
                at: span(text, content)?,
                with: Zeroizing::new(format!("\"{}\"", to_base64(&part))),
            });
            sealed.push(place.path);
        }
        let fields = sealed.len();
        let envelope = Envelope::new(&pkesks, sealed);
        let envelope = envelope.attribute(attribute);
        edits.push(Edit {
            at: top.end..top.end,
            with: envelope
                .map_err(|e| SealError::Write(e.into()))
                .map(Zeroizing::new)?,
        });
        Ok(Document {
            text: document::edited(text, &edits)?,
            fields,
        })
    }
}

impl Convert for FieldSealer<'_> {
    fn convert(&self, text: &str) -> Result<Document, DocumentError> {
        self.seal(text)
    }

    fn unmatched(&self) -> Vec<String> {
        self.finder.unmatched()
    }
}

/// Returns the name of the literal packet around a value: its path, or if that
/// is too long, the path's SHA-256. No path has that form, since `:` occurs
/// only in quotes.
pub(super) fn literal_name(path: &str) -> Cow<'_, str> {
    if path.len() <= MAX_LITERAL_NAME {
        return Cow::Borrowed(path);
    }
    Cow::Owned(hash_name(path))
}
