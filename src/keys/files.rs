//! The files of a directory of keys or certificates.

use std::io;
use std::path::{Path, PathBuf};

use walkdir::{DirEntry, WalkDir};

/// The regular files below a directory, down to some depth, in the order of
/// their names. Links to files count: secret stores mount their files that
/// way.
///
/// # Errors
///
/// A directory that can't be read, with the reason.
pub(super) fn below(
    directory: &Path,
    max_depth: usize,
) -> Result<Vec<PathBuf>, (PathBuf, io::Error)> {
    walk(
        WalkDir::new(directory).max_depth(max_depth),
        directory,
        &|_| true,
    )
}

/// The regular files in a directory itself, without hidden ones.
///
/// # Errors
///
/// A directory that can't be read, with the reason.
pub(super) fn of_directory(directory: &Path) -> Result<Vec<PathBuf>, (PathBuf, io::Error)> {
    let is_visible = |entry: &DirEntry| !entry.file_name().to_string_lossy().starts_with('.');
    walk(WalkDir::new(directory).max_depth(1), directory, &is_visible)
}

fn walk(
    walk: WalkDir,
    root: &Path,
    counts: &dyn Fn(&DirEntry) -> bool,
) -> Result<Vec<PathBuf>, (PathBuf, io::Error)> {
    let mut files = Vec::new();
    for entry in walk.follow_root_links(true).sort_by_file_name() {
        let entry = entry.map_err(|e| {
            let path = e.path().unwrap_or(root).to_owned();
            let source = e.into_io_error();
            (path, source.unwrap_or_else(|| io::ErrorKind::Other.into()))
        })?;
        // Special files are left alone: opening a FIFO would wait for ever.
        let is_file = entry.file_type().is_file()
            || (entry.file_type().is_symlink()
                && std::fs::metadata(entry.path()).is_ok_and(|m| m.is_file()));
        if is_file && counts(&entry) {
            files.push(entry.into_path());
        }
    }
    Ok(files)
}
