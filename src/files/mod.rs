//! The system's view of files: how inputs are opened, which file is which, and
//! what this process has read and written.

mod cause;
mod id;
pub mod input;
pub mod record;

#[doc(hidden)]
pub use cause::cause;
pub(crate) use id::FileId;

/// A byte order mark in UTF-8, which Windows puts before text. It isn't part of
/// the text ([RFC 8259, section 8.1](https://www.rfc-editor.org/rfc/rfc8259#section-8.1)).
pub(crate) const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";
