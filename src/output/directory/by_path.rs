//! A directory as a path, for systems without handles of directories.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File, Metadata};
use std::io;
use std::path::{Path, PathBuf};

use tempfile::TempPath;

use super::{DirectoryEntry, EntryKind, Lock};
use crate::files::FileId;
use crate::output::Access;

/// A directory as a path.
#[derive(Debug)]
pub(in crate::output) struct Directory {
    path: PathBuf,
    id: FileId,
}

impl Directory {
    /// Opens the directory at `path`, following links.
    pub fn open(path: &Path) -> io::Result<Self> {
        Self::at(path.to_owned(), &fs::metadata(path)?)
    }

    /// Opens the directory `name` in this one; not a link.
    pub fn below(&self, name: &OsStr) -> io::Result<Self> {
        let path = self.path.join(name);
        let metadata = fs::symlink_metadata(&path)?;
        Self::at(path, &metadata)
    }

    fn at(path: PathBuf, metadata: &Metadata) -> io::Result<Self> {
        if !metadata.is_dir() {
            return Err(io::ErrorKind::NotADirectory.into());
        }
        let id = FileId::of(&path, metadata)?;
        Ok(Self { path, id })
    }

    /// Returns its path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns its identity.
    pub fn id(&self) -> &FileId {
        &self.id
    }

    /// Makes a directory in it.
    pub fn make(&self, name: &OsStr) -> io::Result<()> {
        fs::create_dir(self.path.join(name))
    }

    /// Returns the entry with that name: a link itself, or what it leads to.
    pub fn entry(&self, name: &OsStr, follow: bool) -> io::Result<DirectoryEntry> {
        let path = self.path.join(name);
        let metadata = match follow {
            true => fs::metadata(&path),
            false => fs::symlink_metadata(&path),
        }?;
        let kind = if metadata.is_symlink() {
            EntryKind::Link
        } else if metadata.is_dir() {
            EntryKind::Directory
        } else if metadata.is_file() {
            EntryKind::File
        } else {
            EntryKind::Special
        };
        let id = FileId::of(&path, &metadata)?;
        Ok(DirectoryEntry { kind, id })
    }

    /// Returns the names in it.
    pub fn names(&self) -> io::Result<Vec<OsString>> {
        let entries = fs::read_dir(&self.path)?;
        entries.map(|entry| Ok(entry?.file_name())).collect()
    }

    /// Opens a file for reading.
    pub fn open_file(&self, name: &OsStr) -> io::Result<File> {
        File::options().read(true).open(self.path.join(name))
    }

    /// Keeps nobody out.
    pub fn lock(&self) -> io::Result<Lock> {
        Ok(Lock(None))
    }

    /// Makes a new file, open for reading and writing. There are no modes.
    pub fn create(&self, name: &OsStr, _access: Access) -> io::Result<File> {
        let mut options = File::options();
        options.read(true).write(true).create_new(true);
        options.open(self.path.join(name))
    }

    /// Gives the file `from` the name `to`, which another file may have.
    pub fn replace(&self, from: &OsStr, to: &OsStr) -> io::Result<()> {
        fs::rename(self.path.join(from), self.path.join(to))
    }

    /// Gives the file `from` the name `to`, which must be free.
    pub fn rename(&self, from: &OsStr, to: &OsStr) -> io::Result<()> {
        let from = TempPath::try_from_path(self.path.join(from))?;
        from.persist_noclobber(self.path.join(to))
            .map_err(|refused| refused.error)
    }

    /// Gives the file `from` the name `to` in another directory, where it must be
    /// free.
    pub fn rename_into(&self, from: &OsStr, other: &Self, to: &OsStr) -> io::Result<()> {
        let from = TempPath::try_from_path(self.path.join(from))?;
        match from.persist_noclobber(other.path.join(to)) {
            Ok(()) => Ok(()),
            Err(refused) => {
                // It is no temporary file, which would be removed now.
                refused.path.keep()?;
                Err(refused.error)
            }
        }
    }

    /// Moves a file to a directory that nobody else uses.
    pub fn rename_out(&self, name: &OsStr, other: &Self) -> io::Result<()> {
        fs::rename(self.path.join(name), other.path.join(name))
    }

    /// Removes a file.
    pub fn remove(&self, name: &OsStr) -> io::Result<()> {
        fs::remove_file(self.path.join(name))
    }

    /// Removes an empty directory.
    pub fn remove_directory(&self, name: &OsStr) -> io::Result<()> {
        fs::remove_dir(self.path.join(name))
    }

    /// Does nothing: a directory can't be opened as a file, and its file system
    /// takes care of its names.
    pub fn flush(&self) -> io::Result<()> {
        Ok(())
    }

    /// Does nothing: without locks, the remains of a killed run can't be
    /// recognised.
    pub fn search(&self) {}
}

/// Does nothing: there are no locks that end with a killed process.
pub(in crate::output) fn lock(_file: &File) {}
