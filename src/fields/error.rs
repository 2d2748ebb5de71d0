//! What can be wrong with a document, and with a stream of them.

use std::io;

use thiserror::Error;

use crate::files::cause;
use crate::message::{OpenError, SealError};

/// Why a document can't be sealed or opened. No value of it is in the text.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DocumentError {
    /// It is no JSON text.
    #[error("it is not JSON: {reason} at {}", spot(*.line, *.column))]
    NotJson {
        /// What the parser says.
        reason: String,
        /// Where in the document, counted from 1.
        line: usize,
        /// Where in that line, in bytes, counted from 1.
        column: usize,
    },
    /// It is not UTF-8.
    #[error("it is not JSON: it is not UTF-8 text")]
    NotUtf8,
    /// It is JSON, but nothing that has fields.
    #[error("it is no JSON object")]
    NotAnObject,
    /// Its values are nested too deep.
    #[error("it is nested deeper than {limit} levels")]
    TooDeep {
        /// How deep they may be.
        limit: usize,
    },
    /// It is too large, or would be once it's sealed.
    #[error("it has more than {} MiB, or would have once it is sealed", .limit >> 20)]
    TooLarge {
        /// The limit in bytes.
        limit: usize,
    },
    /// A key has half of a surrogate pair in it.
    #[error("a key in it is no Unicode text")]
    KeyNotText,
    /// A string has half of a surrogate pair in it, where its text is needed.
    #[error("{path}: it is no Unicode text")]
    NotText {
        /// The field.
        path: String,
    },
    /// A field that was asked for isn't there.
    #[error("{path}: it is missing")]
    Missing {
        /// The field.
        path: String,
        /// What may be meant, where it asks an array for a number as a key.
        element: Option<String>,
    },
    /// No key fits the pattern.
    #[error("no key fits the pattern {pattern:?}")]
    NoSuchKey {
        /// The pattern.
        pattern: String,
    },
    /// A field is there twice.
    #[error("{path}: it is there more than once")]
    Ambiguous {
        /// The field, or the object on the way to it.
        path: String,
    },
    /// Too many fields of one document are meant, or their paths are too long
    /// together: a million steps, or 64 MiB.
    #[error("more than {limit} of its fields are meant, or their paths are too long together")]
    TooMany {
        /// How many may be.
        limit: usize,
    },
    /// It has the attribute that sealed documents have.
    #[error("{attribute}: it is sealed already")]
    Sealed {
        /// The attribute's name.
        attribute: String,
    },
    /// The session key could not be sealed to a recipient, or a value not be
    /// sealed.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// What the document says of its sealing makes no sense.
    #[error("{attribute}: {fault}")]
    Attribute {
        /// The attribute's name.
        attribute: String,
        /// The cause.
        fault: AttributeFault,
    },
    /// Its session key can't be had.
    #[error(transparent)]
    SessionKey(OpenError),
    /// A field that was sealed isn't there.
    #[error("{path}: it was sealed, and has been removed")]
    Removed {
        /// The field.
        path: String,
    },
    /// A field that was sealed holds something else.
    #[error("{path}: it holds no sealed value")]
    NotSealed {
        /// The field.
        path: String,
    },
    /// A field's value doesn't open, or there is something wrong with the keys.
    #[error("{path}: {error}")]
    Value {
        /// The field, or `keys` in the attribute.
        path: String,
        /// Why not.
        error: OpenError,
    },
    /// What was sealed as this field was another one.
    #[error("{path}: it was sealed as {sealed:?}, and has been moved or swapped")]
    Moved {
        /// The field.
        path: String,
        /// What it was sealed as.
        sealed: String,
    },
    /// A field in the legacy layout doesn't open.
    #[error("{path}: it doesn't open with this key, or was altered")]
    WrongKey {
        /// The field.
        path: String,
    },
    /// A fault of the program's own: to go on would lose something.
    #[error("internal error: {0}")]
    Internal(&'static str),
    /// What was sealed is no JSON value.
    #[error("{path}: what is sealed there is no JSON value")]
    NotAValue {
        /// The field.
        path: String,
    },
}

/// What is wrong with the attribute of a sealed document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum AttributeFault {
    /// It isn't made as it should be.
    #[error("it is malformed")]
    Malformed,
    /// It is of another version.
    #[error("it is of version {0}, which is not supported")]
    Version(u64),
    /// It's there twice.
    #[error("it is there more than once")]
    Repeated,
    /// It names too many fields.
    #[error("it lists more than {limit} fields")]
    TooMany {
        /// How many it may list.
        limit: usize,
    },
}

/// Why a selection can't be understood.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SelectionError {
    /// A path is none.
    #[error("the field {expression:?} can't be understood: {fault} (character {at})")]
    Path {
        /// The path.
        expression: String,
        /// Where in it, counted from 1.
        at: usize,
        /// What is wrong there.
        fault: &'static str,
    },
    /// A pattern is no regular expression.
    #[error("{pattern:?} is no regular expression: {reason}")]
    Pattern {
        /// The pattern.
        pattern: String,
        /// The cause.
        reason: String,
    },
}

impl DocumentError {
    /// What the parser found, without what stands there.
    pub(super) fn not_json(error: &serde_json::Error) -> Self {
        let text = error.to_string();
        let reason = text.split(" at line ").next().unwrap_or_default();
        Self::NotJson {
            reason: reason.to_owned(),
            line: error.line(),
            column: error.column(),
        }
    }
}

fn spot(line: usize, column: usize) -> String {
    match line {
        0 | 1 => format!("column {column}"),
        _ => format!("its line {line}, column {column}"),
    }
}

/// Why a stream of documents broke off.
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
