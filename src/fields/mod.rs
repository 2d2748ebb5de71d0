//! Fields of JSON documents, sealed one by one while the rest stays readable.
//!
//! ```no_run
//! use callseal::fields::{ATTRIBUTE, FieldOpener, FieldPlan, FieldSealer, Missing, Selection};
//! use callseal::keys::{Keyring, Recipients};
//!
//! fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let recipients = Recipients::from_files(&["customer.crt", "vendor.crt"])?;
//!     let plan = FieldPlan::new(recipients, ATTRIBUTE)?;
//!     let selection = Selection::paths("caller.number,cards[*].pan")?;
//!     let sealer = FieldSealer::new(&plan, &selection, Missing::Error);
//!     let call = r#"{"caller": {"number": "+431234"}, "cards": [], "seconds": 30.50}"#;
//!     let sealed = sealer.seal(call)?;
//!
//!     let keyring = Keyring::load(&["vendor.key"])?;
//!     let opener = FieldOpener::new(&keyring, ATTRIBUTE);
//!     assert_eq!(opener.open(sealed.text())?.text(), call);
//!     Ok(())
//! }
//! ```
//!
//! A [`StreamConverter`] does that for all documents of a stream, such as a file
//! of newline-delimited JSON, on several threads:
//!
//! ```no_run
//! # use std::fs::File;
//! # use callseal::fields::{FieldSealer, StreamConverter};
//! # fn seal_all(sealer: FieldSealer<'_>) -> Result<(), Box<dyn std::error::Error>> {
//! let (mut calls, mut sealed) = (File::open("calls.ndjson")?, File::create("sealed.ndjson")?);
//! let workers = std::thread::available_parallelism()?;
//! let converter = StreamConverter::new(&sealer).workers(workers);
//! let done = converter.convert(&mut calls, &mut sealed, &mut |line, error| {
//!     eprintln!("calls.ndjson: line {line}: {error}");
//! })?;
//! println!("{} fields in {} documents", done.fields, done.changed);
//! # Ok(())
//! # }
//! ```
//!
//! # The format
//!
//! A sealed document has one additional attribute, at its end:
//!
//! ```json
//! {"caller": {"number": "0l0CCQIM…"}, "cards": [],
//!  "_callseal": {"version": 1, "keys": "wcBaBhUE…", "sealed": ["caller.number"]}}
//! ```
//!
//! - `version` is 1.
//! - `keys` has the PKESK packets of the document's session key, of version 6
//!   ([RFC 9580, section 5.1.2](https://www.rfc-editor.org/rfc/rfc9580#section-5.1.2)),
//!   one for each recipient.
//! - `sealed` lists the paths of the sealed values, each as in a [`Selection`],
//!   without stars, and with quotes only around keys that need them.
//! - A sealed value is a string with one SEIPD packet of version 2 (AES-256 in
//!   OCB mode) under that session key, with its own salt. It contains one literal
//!   packet and nothing else: format `b`, date 0, the value's path as its name,
//!   and the value's JSON text as its content. A path longer than the 255 bytes
//!   of a name is replaced by `sha256:` and the 64 lower-case hexadecimal digits
//!   of its SHA-256.
//! - Both are in base64 with padding and without line breaks
//!   ([RFC 4648, section 4](https://www.rfc-editor.org/rfc/rfc4648#section-4)).
//!
//! The PKESKs and any one of the values are a complete OpenPGP message.
//!
//! Content that is not sealed is neither hidden nor protected from change; nor
//! are the paths, the number of sealed values, and the approximate length of
//! each. A whole document can be replaced by an older one, or by one that
//! somebody else has sealed: it is not signed.

mod document;
mod envelope;
mod error;
mod expression;
pub mod legacy;
mod lines;
mod open;
mod path;
mod seal;
mod select;
mod stream;
mod walk;

use zeroize::Zeroizing;

pub use error::{AttributeFault, DocumentError, SelectionError, StreamError};
pub use open::FieldOpener;
pub use seal::{FieldPlan, FieldSealer};
pub use select::{Missing, Selection};
pub use stream::{StreamConverter, Streamed};

/// The usual name of the attribute of sealed documents.
pub const ATTRIBUTE: &str = "_callseal";

/// The largest document, in bytes: 64 MiB.
pub const MAX_DOCUMENT: usize = 64 << 20;

/// A document with fields sealed or opened, wiped from memory when dropped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    text: Zeroizing<String>,
    fields: usize,
}

impl Document {
    fn unchanged(text: &str) -> Self {
        Self {
            text: Zeroizing::new(text.to_owned()),
            fields: 0,
        }
    }

    /// Returns the same without line breaks, except for one at its end, for a
    /// stream in which each line is a document. The line breaks are only white
    /// space.
    fn on_one_line(self) -> Self {
        let (body, end) = match self.text.strip_suffix('\n') {
            Some(body) => (body, "\n"),
            None => (self.text.as_str(), ""),
        };
        if !body.contains('\n') {
            return self;
        }
        let mut text = Zeroizing::new(body.replace('\n', " "));
        text.push_str(end);
        Self {
            text,
            fields: self.fields,
        }
    }

    /// Returns the JSON text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns the JSON text, which is no longer wiped from memory.
    pub fn into_text(mut self) -> String {
        std::mem::take(&mut self.text)
    }

    /// Returns how many fields have been sealed or opened; 0 if the document is
    /// unchanged.
    pub fn fields(&self) -> usize {
        self.fields
    }
}

/// A conversion of each document of a stream.
pub trait Convert: Sync {
    /// Converts a document to another.
    ///
    /// # Errors
    ///
    /// It can't be converted, and nothing of the result is available.
    fn convert(&self, text: &str) -> Result<Document, DocumentError>;

    /// Returns whether each line of a stream is a document, whatever is in it.
    fn takes_lines(&self) -> bool {
        false
    }

    /// Returns the selected paths that none of the documents had so far. With
    /// [`Missing::Ignore`] only this shows that a path is misspelt, and its
    /// field left in the clear.
    fn unmatched(&self) -> Vec<String> {
        Vec::new()
    }
}
