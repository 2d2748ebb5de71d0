//! Directories below another one, reached without following links.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::io;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use crate::files::FileId;
use crate::output::Directory;

/// A directory and those below it.
///
/// It is held open, and each directory below is opened from the one above. So
/// nobody can lead out of it by a link, even while it is worked in.
#[derive(Debug)]
pub(super) struct Tree {
    root: Arc<Directory>,
    /// The directory that was used last: most files are in the same one.
    last: Option<(PathBuf, Arc<Directory>)>,
    /// The directories in which names have appeared or gone since the last flush.
    touched: HashMap<FileId, Arc<Directory>>,
}

impl Tree {
    pub fn new(root: Arc<Directory>) -> Self {
        Self {
            root,
            last: None,
            touched: HashMap::new(),
        }
    }

    /// Returns the directory with this path.
    pub fn open(&mut self, path: &Path) -> io::Result<Arc<Directory>> {
        self.enter(path, false)
    }

    /// Returns the directory with this path, and makes those that are missing.
    pub fn make(&mut self, path: &Path) -> io::Result<Arc<Directory>> {
        self.enter(path, true)
    }

    /// Returns the directory in which a file is, and the file's name.
    pub fn parent_of<'p>(&mut self, path: &'p Path) -> io::Result<(Arc<Directory>, &'p OsStr)> {
        let (above, name) = split(path)?;
        Ok((self.open(above)?, name))
    }

    /// Returns the same, and makes the directories that are missing.
    pub fn make_parent_of<'p>(
        &mut self,
        path: &'p Path,
    ) -> io::Result<(Arc<Directory>, &'p OsStr)> {
        let (above, name) = split(path)?;
        Ok((self.make(above)?, name))
    }

    /// Notes that names in a directory have changed.
    pub fn touch(&mut self, directory: &Arc<Directory>) {
        if !self.touched.contains_key(directory.id()) {
            let id = directory.id().clone();
            self.touched.insert(id, directory.clone());
        }
    }

    /// Returns the number of directories that are held open to be flushed.
    pub fn touched(&self) -> usize {
        self.touched.len()
    }

    /// Flushes the directories that were touched: all of them, whichever fails.
    pub fn flush(&mut self) -> io::Result<()> {
        // One that couldn't be flushed isn't flushed again: the system may say then
        // that all is well.
        let touched = std::mem::take(&mut self.touched);
        let flushed = touched.values().map(|directory| directory.flush());
        flushed.fold(Ok(()), io::Result::and)
    }

    fn enter(&mut self, path: &Path, make: bool) -> io::Result<Arc<Directory>> {
        if let Some((last, directory)) = &self.last
            && last == path
        {
            return Ok(directory.clone());
        }
        let mut directory = self.root.clone();
        for component in path.components() {
            let Component::Normal(name) = component else {
                return Err(io::ErrorKind::InvalidInput.into());
            };
            let below = match directory.below(name) {
                Err(error) if make && error.kind() == io::ErrorKind::NotFound => {
                    directory.make(name)?;
                    self.touch(&directory);
                    directory.below(name)?
                }
                other => other?,
            };
            directory = Arc::new(below);
        }
        self.last = Some((path.to_owned(), directory.clone()));
        Ok(directory)
    }
}

fn split(path: &Path) -> io::Result<(&Path, &OsStr)> {
    match (path.parent(), path.file_name()) {
        (Some(above), Some(name)) => Ok((above, name)),
        _ => Err(io::ErrorKind::InvalidInput.into()),
    }
}

/// Removes the empty directories below this one. Those that can't be read stay.
pub(super) fn remove_empty(directory: &Directory) {
    for name in directory.names().unwrap_or_default() {
        if let Ok(below) = directory.below(&name) {
            remove_empty(&below);
            // This fails for one that isn't empty.
            let _ = directory.remove_directory(&name);
        }
    }
}
