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

/// Refuses standard output and devices for an archive; `instead` is what does
/// the same without one.
pub fn check_archive_output(path: &Path, instead: &str) -> Result<(), Failure> {
    if is_stream(path) {
        return Err(Failure::usage(
            "an archive can't be written to standard output",
            "name a file with -o; `callseal seal` writes single messages to a pipe",
        ));
    }
    let is_special = |found: std::fs::Metadata| !found.is_file() && !found.is_dir();
    match std::fs::metadata(path).is_ok_and(is_special) {
        true => Err(Failure::usage(
            format!(
                "{}: an archive can't be written to a pipe or a device",
                path.display()
            ),
            format!("name a file with -o; {instead}"),
        )),
        false => Ok(()),
    }
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

/// Says where an archive is written: to a new file, or in place.
pub fn place(output: Option<&Path>) -> String {
    match output {
        Some(output) => format!("into {}", output.display()),
        None => "in place".into(),
    }
}
