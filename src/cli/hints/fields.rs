//! Hints for the fields of JSON documents.

use callseal::fields::DocumentError;

use super::messages::of_open;
use super::{Hint, some};

pub fn of_document(error: &DocumentError) -> Hint {
    some(match error {
        DocumentError::SessionKey(error) | DocumentError::Value { error, .. } => {
            return of_open(error);
        }
        DocumentError::NotJson { line, .. } if *line > 1 => {
            "if there are several documents, put each on a separate line"
        }
        DocumentError::NotAnObject => {
            "give JSON objects, { … }; `jq -c .[]` puts each element of an array on a line"
        }
        DocumentError::Missing {
            element: Some(path),
            ..
        } => return some(format!("write elements of an array in brackets: {path}")),
        DocumentError::Missing { .. } | DocumentError::NoSuchKey { .. } => {
            "check its spelling; if it may be missing, give --missing ignore"
        }
        DocumentError::Sealed { .. } => "open it first, or seal it with another --attribute",
        DocumentError::HasAttribute { .. } => "choose another --attribute",
        DocumentError::WrongKey { .. } => {
            "check the key, and that --key-form is the sender's; 32 hexadecimal digits are a valid key in every form"
        }
        DocumentError::Removed { .. }
        | DocumentError::NotSealed { .. }
        | DocumentError::Moved { .. } => "don't trust it; get it again from its source",
        _ => return None,
    })
}
