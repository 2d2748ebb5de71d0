//! Why a document's fields can't be sealed or opened: what that means, and what
//! to do.

use super::ErrorKind;
use super::opening::{open_hint, open_kind};
use crate::fields::DocumentError;

pub(super) fn document_kind(error: &DocumentError) -> ErrorKind {
    match error {
        DocumentError::SessionKey(error) | DocumentError::Value { error, .. } => open_kind(error),
        DocumentError::Seal(_) | DocumentError::Internal(_) => ErrorKind::Io,
        _ => ErrorKind::Integrity,
    }
}

pub(super) fn document_hint(error: &DocumentError) -> Option<String> {
    let hint = match error {
        DocumentError::SessionKey(error) | DocumentError::Value { error, .. } => {
            return open_hint(error);
        }
        DocumentError::NotJson { line, .. } if *line > 1 => {
            "where there are several documents, each stands on a line of its own"
        }
        DocumentError::NotAnObject => {
            "fields are what JSON objects have: { … }; `jq -c .[]` makes a line of each element of an array"
        }
        DocumentError::Missing {
            element: Some(path),
            ..
        } => return Some(format!("elements of an array stand in brackets: {path}")),
        DocumentError::Missing { .. } | DocumentError::NoSuchKey { .. } => {
            "check its spelling; if it may be missing, give --missing ignore"
        }
        DocumentError::Sealed { .. } => {
            "open it first, or seal it with an --attribute of another name"
        }
        DocumentError::WrongKey { .. } => {
            "check the key, and that --key-form is the one that the sender uses: 32 hexadecimal digits are a key in each of them"
        }
        DocumentError::Removed { .. }
        | DocumentError::NotSealed { .. }
        | DocumentError::Moved { .. } => "don't trust it; get it again from where it came from",
        _ => return None,
    };
    Some(hint.into())
}
