//! Standard input and output in the place of files.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use callseal::Error;

use super::Global;
use crate::failure::Failure;

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
pub fn input(path: &Path) -> Result<Box<dyn Read + Send + Sync>, Error> {
    if is_stream(path) {
        return Ok(Box::new(io::stdin()));
    }
    let file = File::open(path).and_then(|file| match file.metadata()?.is_dir() {
        true => Err(io::ErrorKind::IsADirectory.into()),
        false => Ok(file),
    });
    match file {
        Ok(file) => Ok(Box::new(file)),
        Err(source) => Err(Error::Io {
            path: path.to_owned(),
            source,
        }),
    }
}

/// Whether two paths lead to the same file.
pub fn same_file(a: &Path, b: &Path) -> bool {
    match (a.canonicalize(), b.canonicalize()) {
        (Ok(a), Ok(b)) => a == b,
        _ => false,
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

/// A reader that has gone is no failure of ours.
pub fn closed_pipe(error: Error) -> Failure {
    if error.is_closed_pipe() {
        Failure::ClosedPipe
    } else {
        error.into()
    }
}
