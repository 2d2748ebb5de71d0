//! The files of a directory of keys or certificates.

use std::io;
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

/// The endings that files of certificates and public keys have.
pub(super) const CERTIFICATE_ENDINGS: [&str; 8] =
    ["crt", "cer", "pem", "der", "pub", "asc", "pgp", "gpg"];

/// A path that can't be read, and why.
type Obstacle = (PathBuf, io::Error);

/// Returns the regular files below a directory, down to some depth, sorted by
/// name, hidden ones included. Links to files count: secret stores mount their
/// files that way. Anything else is skipped: opening a FIFO would block for
/// ever.
///
/// # Errors
///
/// A directory that can't be read.
pub(super) fn below(directory: &Path, max_depth: usize) -> Result<Vec<PathBuf>, Obstacle> {
    let mut files = Vec::new();
    let walk = WalkDir::new(directory).follow_root_links(true);
    for entry in walk.max_depth(max_depth).sort_by_file_name() {
        let entry = entry.map_err(|e| obstacle(e, directory))?;
        let is_file = entry.file_type().is_file()
            || (entry.file_type().is_symlink()
                && std::fs::metadata(entry.path()).is_ok_and(|m| m.is_file()));
        if is_file {
            files.push(entry.into_path());
        }
    }
    Ok(files)
}

/// Returns the files below a directory, down to some depth, whose names are
/// accepted, sorted by name. Links count as what they lead to.
///
/// # Errors
///
/// A file with an accepted name isn't a regular file (a link that leads
/// nowhere, say), or a directory can't be read.
pub(super) fn wanted(
    directory: &Path,
    max_depth: usize,
    is_wanted: &dyn Fn(&Path) -> bool,
) -> Result<Vec<PathBuf>, Obstacle> {
    let mut files = Vec::new();
    let walk = WalkDir::new(directory).follow_links(true);
    for entry in walk.min_depth(1).max_depth(max_depth).sort_by_file_name() {
        match entry {
            Ok(entry) if !is_wanted(entry.path()) => {}
            Ok(entry) if entry.file_type().is_file() => files.push(entry.into_path()),
            Ok(entry) => {
                let what = match entry.file_type().is_dir() {
                    true => io::ErrorKind::IsADirectory.into(),
                    false => io::Error::other("it isn't a regular file"),
                };
                return Err((entry.into_path(), what));
            }
            Err(e) => {
                let (path, source) = obstacle(e, directory);
                let leads_nowhere = source.kind() == io::ErrorKind::NotFound && path != directory;
                if !leads_nowhere || is_wanted(&path) {
                    return Err((path, source));
                }
            }
        }
    }
    Ok(files)
}

/// Returns whether the name ends as those of certificates and public keys do.
pub(super) fn is_certificate(file: &Path) -> bool {
    file.extension().is_some_and(|ending| {
        CERTIFICATE_ENDINGS
            .iter()
            .any(|known| ending.eq_ignore_ascii_case(known))
    })
}

/// Returns whether the name begins with a dot.
pub(super) fn is_hidden(file: &Path) -> bool {
    let name = file.file_name().unwrap_or_default();
    name.to_string_lossy().starts_with('.')
}

fn obstacle(e: walkdir::Error, directory: &Path) -> Obstacle {
    let path = e.path().unwrap_or(directory).to_owned();
    let source = match e.loop_ancestor() {
        Some(_) => io::Error::other("it leads back to a directory above it"),
        None => e
            .into_io_error()
            .unwrap_or_else(|| io::ErrorKind::Other.into()),
    };
    (path, source)
}
