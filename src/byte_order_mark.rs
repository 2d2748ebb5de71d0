//! What Windows puts before text in UTF-8.

/// A byte order mark in UTF-8. It's no part of the text
/// ([RFC 8259, section 8.1](https://www.rfc-editor.org/rfc/rfc8259#section-8.1)).
pub(crate) const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";
