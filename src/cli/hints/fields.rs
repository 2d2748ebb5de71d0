//! For the fields of JSON documents.

use callseal::fields::DocumentError;

use super::messages::of_open;
use super::{Hint, some};

pub fn of_document(error: &DocumentError) -> Hint {
    some(match error {
        DocumentError::SessionKey(error) | DocumentError::Value { error, .. } => {
            return of_open(error);
        }
        DocumentError::NotJson { line, .. } if *line > 1 => {
            "if there are several documents, put each on a line of its own"
        }
        DocumentError::NotAnObject => {
            "only JSON objects, { … }, have fields; `jq -c .[]` makes a line of each element of an array"
        }
        DocumentError::Missing {
            element: Some(path),
            ..
        } => return some(format!("write elements of an array in brackets: {path}")),
        DocumentError::Missing { .. } | DocumentError::NoSuchKey { .. } => {
            "check its spelling; if it may be missing, give --missing ignore"
        }
        DocumentError::Sealed { .. } => {
            "open it first, or seal it with an --attribute of another name"
        }
        DocumentError::WrongKey { .. } => {
            "check the key, and that --key-form is the one that the sender uses: 32 hexadecimal digits are a valid key in each form"
        }
        DocumentError::Removed { .. }
        | DocumentError::NotSealed { .. }
        | DocumentError::Moved { .. } => "don't trust it; get it again from where it came from",
        _ => return None,
    })
}
