//! The error queue of OpenSSL.

/// Forgets the errors in OpenSSL's queue. sequoia leaves those of bad
/// signatures and unfit keys there, and a later failure would be reported with
/// them.
pub(crate) fn forget_openssl_errors() {
    drop(openssl::error::ErrorStack::get());
}

/// Returns OpenSSL's own reason, without its error codes and file names.
pub(crate) fn openssl_reason(e: &openssl::error::ErrorStack) -> String {
    e.errors()
        .iter()
        .find_map(openssl::error::Error::reason)
        .unwrap_or("unknown cause")
        .to_owned()
}
