//! The errors of documents and of streams of them.

use std::io;

use thiserror::Error;

use crate::files::cause;
use crate::message::{OpenError, SealError};

/// Why a document can't be sealed or opened. The text contains no value of it.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DocumentError {
    /// It is not a JSON text.
    #[error("it is not JSON: {reason} at {}", spot(*.line, *.column))]
    NotJson {
        /// The parser's reason.
        reason: String,
        /// The line in the document, counted from 1.
        line: usize,
        /// The byte in that line, counted from 1.
        column: usize,
    },
    /// It is not UTF-8.
    #[error("it is not UTF-8 text")]
    NotUtf8,
    /// It is JSON, but has no fields.
    #[error("it is not a JSON object")]
    NotAnObject,
    /// Its values are nested too deep.
    #[error("it is nested deeper than {limit} levels")]
    TooDeep {
        /// The largest allowed depth.
        limit: usize,
    },
    /// It is too large, or would be once it's sealed.
    #[error("it has more than {} MiB, or would have once it is sealed", .limit >> 20)]
    TooLarge {
        /// The limit in bytes.
        limit: usize,
    },
    /// A key has half of a surrogate pair in it.
    #[error("a key in it is not Unicode text")]
    KeyNotText,
    /// A string whose text is needed has half of a surrogate pair in it.
    #[error("{path}: it is not Unicode text")]
    NotText {
        /// The field.
        path: String,
    },
    /// A selected field is missing.
    #[error("{path}: it is missing")]
    Missing {
        /// The field.
        path: String,
        /// The path that may be meant, if it uses a number as a key of an
        /// array.
        element: Option<String>,
    },
    /// No key matches the pattern.
    #[error("no key matches the pattern {pattern:?}")]
    NoSuchKey {
        /// The pattern.
        pattern: String,
    },
    /// A field exists twice.
    #[error("{path}: it exists more than once")]
    Ambiguous {
        /// The field, or the object on the way to it.
        path: String,
    },
    /// Too many fields of one document are selected, or their paths are too
    /// long together: a million steps, or 64 MiB.
    #[error("more than {limit} of its fields are selected, or their paths are too long together")]
    TooMany {
        /// The largest allowed number.
        limit: usize,
    },
    /// It already has the attribute of sealed documents.
    #[error("{attribute}: it is already sealed")]
    Sealed {
        /// The attribute's name.
        attribute: String,
    },
    /// It has an attribute of that name, which doesn't describe a sealing.
    #[error("it already has an attribute {attribute:?}")]
    HasAttribute {
        /// The attribute's name.
        attribute: String,
    },
    /// The session key could not be sealed to a recipient, or a value could not
    /// be sealed.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// The attribute that describes its sealing is invalid.
    #[error("{attribute}: {fault}")]
    Attribute {
        /// The attribute's name.
        attribute: String,
        /// The cause.
        fault: AttributeFault,
    },
    /// Its session key can't be opened.
    #[error(transparent)]
    SessionKey(OpenError),
    /// A field that was sealed is missing.
    #[error("{path}: it was sealed, and has been removed")]
    Removed {
        /// The field.
        path: String,
    },
    /// A field that was sealed holds something else.
    #[error("{path}: it does not hold a sealed value")]
    NotSealed {
        /// The field.
        path: String,
    },
    /// A field's value doesn't open, or the keys have a fault.
    #[error("{path}: {error}")]
    Value {
        /// The field, or `keys` in the attribute.
        path: String,
        /// The cause.
        error: OpenError,
    },
    /// The value was sealed as another field.
    #[error("{path}: it was sealed as {sealed:?}, and has been moved or swapped")]
    Moved {
        /// The field.
        path: String,
        /// The field that it was sealed as.
        sealed: String,
    },
    /// A field in the legacy layout doesn't open.
    #[error("{path}: it doesn't open with this key, or was altered")]
    WrongKey {
        /// The field.
        path: String,
    },
    /// It is not a sealed string of the legacy layout.
    #[error("it is not a sealed string: base64 of 32 bytes or more, on one line")]
    BareNotSealed,
    /// A string in the legacy layout doesn't open.
    #[error("it doesn't open with this key, or was altered")]
    BareWrongKey,
    /// A bug in the program: going on would lose something.
    #[error("internal error: {0}")]
    Internal(&'static str),
    /// The sealed content is not a JSON value.
    #[error("{path}: the sealed content is not a JSON value")]
    NotAValue {
        /// The field.
        path: String,
    },
}

/// A fault of the attribute of a sealed document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum AttributeFault {
    /// Its form is wrong.
    #[error("it is malformed")]
    Malformed,
    /// Its version is unknown.
    #[error("it is of version {0}, which is not supported")]
    Version(u64),
    /// It exists twice.
    #[error("it exists more than once")]
    Repeated,
    /// It names too many fields.
    #[error("it lists more than {limit} fields")]
    TooMany {
        /// The largest allowed number.
        limit: usize,
    },
}

/// Why a selection is invalid.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SelectionError {
    /// A path is invalid.
    #[error("invalid field {expression:?}: {fault} (character {at})")]
    Path {
        /// The path.
        expression: String,
        /// The place in it, counted from 1.
        at: usize,
        /// The fault there.
        fault: &'static str,
    },
    /// A pattern is not a regular expression.
    #[error("{pattern:?} is not a regular expression: {reason}")]
    Pattern {
        /// The pattern.
        pattern: String,
        /// The cause.
        reason: String,
    },
}

impl DocumentError {
    /// Returns the parser's error, without the text at its place.
    pub(super) fn not_json(error: &serde_json::Error) -> Self {
        let text = error.to_string();
        let reason = text.split(" at line ").next().unwrap_or_default();
        Self::NotJson {
            reason: plain(reason),
            line: error.line(),
            column: error.column(),
        }
    }
}

/// Returns the parser's words for users.
fn plain(reason: &str) -> String {
    match reason {
        "EOF while parsing a value" => "it ends where a value is expected".into(),
        "expected value" => "expected a value".into(),
        "expected ident" => "expected true, false or null".into(),
        "key must be a string" => "expected a name in double quotes".into(),
        "trailing characters" => "there is more after its end".into(),
        _ => match reason.strip_prefix("EOF while parsing ") {
            Some(what) => format!("it ends inside {what}"),
            None => reason.to_owned(),
        },
    }
}

fn spot(line: usize, column: usize) -> String {
    match line {
        0 | 1 => format!("column {column}"),
        _ => format!("its line {line}, column {column}"),
    }
}

/// Why a stream of documents ended early.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StreamError {
    /// It can't be read.
    #[error("{}", cause(.0))]
    Read(io::Error),
    /// The results can't be written.
    #[error("{}", cause(.0))]
    Write(io::Error),
}
