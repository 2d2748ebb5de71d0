//! The kinds of the errors of a document's fields.

use super::ErrorKind;
use super::opening::open_kind;
use crate::fields::DocumentError;

pub(super) fn document_kind(error: &DocumentError) -> ErrorKind {
    match error {
        DocumentError::SessionKey(error) | DocumentError::Value { error, .. } => open_kind(error),
        DocumentError::Seal(_) | DocumentError::Internal(_) => ErrorKind::Io,
        _ => ErrorKind::Integrity,
    }
}
