//! Standard input and output in the place of files.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::cli::error::Error;
use callseal::MemberCause;
use callseal::files::input;
use callseal::message::OpenError;

use super::Global;
use super::failure::Failure;

/// Whether a path stands for standard input or output.
pub fn is_stream(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// What errors call the input.
pub fn input_name(path: &Path) -> PathBuf {
    match is_stream(path) {
        true => PathBuf::from("standard input"),
        false => path.to_owned(),
    }
}

/// A file, or standard input, to read from.
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

/// Plaintext and JSON can't both go to standard output.
pub fn refuse_json(global: &Global) -> Result<(), Failure> {
    if global.json {
        return Err(Failure::usage(
            "standard output can't take both the content and --json",
            "leave out --json, or write the content to a file",
        ));
    }
    Ok(())
}

/// Tells failures of standard output from those of what is written to it. A
/// reader that has gone is not a failure.
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
