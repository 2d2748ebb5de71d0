//! Standard input and output instead of files.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use callseal::MemberCause;
use callseal::files::input;
use callseal::message::OpenError;

use super::failure::Failure;
use crate::cli::error::Error;

/// Returns whether a path means standard input or output.
pub fn is_stream(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// Returns the name of the input for errors.
pub fn input_name(path: &Path) -> PathBuf {
    match is_stream(path) {
        true => PathBuf::from("standard input"),
        false => path.to_owned(),
    }
}

/// Opens a file or standard input for reading.
pub fn open_input(path: &Path) -> Result<Box<dyn Read + Send + Sync>, Error> {
    if is_stream(path) {
        input::note_stdin();
        return Ok(Box::new(io::stdin()));
    }
    match input::open(path) {
        Ok(file) => Ok(Box::new(file)),
        Err(error) => Err(Error::reading(path, error)),
    }
}

/// Distinguishes failures of standard output from those of its content. A
/// closed pipe isn't a failure.
pub fn writing_stdout(error: impl Into<Error>) -> Failure {
    let error = match error.into() {
        Error::Library(error) => error,
        other => return other.into(),
    };
    match error {
        callseal::Error::Open {
            error: OpenError::Write(e),
            ..
        }
        | callseal::Error::Member {
            cause: MemberCause::Open(OpenError::Write(e)),
            ..
        } => e.into(),
        error if error.is_closed_pipe() => Failure::ClosedPipe,
        error => error.into(),
    }
}
