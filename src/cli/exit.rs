//! The exit status.

use std::process::ExitCode;

use callseal::ErrorKind;

/// The table in the help, the man page and docs/guide.md.
pub const TABLE: &str = "\
Exit status:
  0  all done
  1  input/output or other run-time failure
  2  usage or configuration error
  3  a recipient certificate was refused
  4  nothing opens it: no key fits, a wrong passphrase, or an unsupported kind of message or key
  5  integrity failure: altered, truncated, unsafe or malformed, or a signature that does not hold
  6  partial: some members, documents or files failed, the others are done; or only warnings";

/// Returns the exit status of a failure.
pub fn status(kind: ErrorKind) -> u8 {
    match kind {
        ErrorKind::Io => 1,
        ErrorKind::Usage => 2,
        ErrorKind::Recipient => 3,
        ErrorKind::NoIdentity => 4,
        ErrorKind::Integrity => 5,
        ErrorKind::Partial => 6,
    }
}

/// Returns the same for `main`.
pub fn code(kind: ErrorKind) -> ExitCode {
    status(kind).into()
}

/// Returns the status of a search, which has grep's: whether anything was found, or
/// something failed.
pub fn of_search(failed: Option<ErrorKind>, is_found: bool) -> ExitCode {
    match (failed, is_found) {
        (Some(_), _) => 2.into(),
        (None, true) => 0.into(),
        (None, false) => 1.into(),
    }
}
