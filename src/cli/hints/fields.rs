//! Hints for the fields of JSON documents.

use callseal::fields::DocumentError;
use callseal::message::{MessageFault, OpenError};

use super::messages::of_open;
use super::{Hint, some};

pub fn of_document(error: &DocumentError) -> Hint {
    some(match error {
        // Only callseal makes such documents: what isn't known was altered.
        DocumentError::SessionKey(OpenError::Fault(fault))
        | DocumentError::Value {
            error: OpenError::Fault(fault),
            ..
        } if !is_of_size(fault) => "get it again from its source",
        DocumentError::SessionKey(error) | DocumentError::Value { error, .. } => {
            return of_open(error);
        }
        DocumentError::NotJson { .. } => {
            "if there are several documents, put each on a separate line"
        }
        DocumentError::NotAnObject => {
            "give JSON objects, { … }; `jq -c '.[]'` puts each element of an array on a line"
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
        DocumentError::BareNotSealed => {
            "write each sealed string on one line; for JSON documents, leave out --bare and name their --fields"
        }
        DocumentError::WrongKey { .. } | DocumentError::BareWrongKey => {
            "check the key, and that --key-form is the sender's; 32 hexadecimal digits are a valid key in every form"
        }
        DocumentError::Removed { .. }
        | DocumentError::NotSealed { .. }
        | DocumentError::Moved { .. } => "don't trust it; get it again from its source",
        _ => return None,
    })
}

fn is_of_size(fault: &MessageFault) -> bool {
    use MessageFault::{TooLarge, TotalTooLarge};
    matches!(fault, TooLarge { .. } | TotalTooLarge { .. })
}
