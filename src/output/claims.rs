//! Files that are taken out of their directory before they are removed.
//!
//! Whoever removes a file by its name may remove another one that has just got that
//! name. So a file is first renamed into a new directory next to it, under its own
//! name. There nobody else looks for it, and it can be read once more in peace: it is
//! removed then, or put back.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use super::directory::{Directory, EntryKind, Lock};
use super::directory_of;
use super::temporary::{PREFIX, TRIES, random_name};
use crate::files::FileId;

/// The end of the names of these directories.
const SUFFIX: &str = ".moving";

/// Returns whether a directory's name is that of a directory for claimed files.
pub(crate) fn is_claim(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().as_encoded_bytes();
    name.starts_with(PREFIX.as_bytes()) && name.ends_with(SUFFIX.as_bytes())
}

/// The files of one directory that are claimed: they are in a directory below it that
/// belongs to this process alone, and is locked as long as this exists.
#[derive(Debug)]
pub(crate) struct Claims {
    parent: Directory,
    own: Directory,
    name: OsString,
    _lock: Lock,
}

impl Claims {
    /// Makes ready to claim files of the directory at `path`.
    pub fn begin(path: &Path) -> io::Result<Self> {
        let parent = Directory::open(path)?;
        for _ in 0..TRIES {
            let name = random_name(SUFFIX);
            match parent.make(&name) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
                made => made?,
            }
            match Self::hold(&parent, &name) {
                Ok((own, lock)) => {
                    return Ok(Self {
                        parent,
                        own,
                        name,
                        _lock: lock,
                    });
                }
                // Before it was locked, another run took it for a leftover.
                Err(error) if is_of_another_run(&error) => {}
                Err(error) => {
                    // It is empty.
                    let _ = parent.remove_directory(&name);
                    return Err(error);
                }
            }
        }
        Err(io::Error::other("no free name for a directory"))
    }

    /// Opens and locks a directory for claimed files.
    fn hold(parent: &Directory, name: &OsStr) -> io::Result<(Directory, Lock)> {
        let own = parent.below(name)?;
        let lock = own.lock()?;
        // It may have been removed before it was locked.
        match parent.entry(name, false)?.id == *own.id() {
            true => Ok((own, lock)),
            false => Err(io::ErrorKind::NotFound.into()),
        }
    }

    /// Returns the identity of the regular file that has this name now, if it is one.
    pub fn file_id(&self, name: &OsStr) -> io::Result<Option<FileId>> {
        let entry = self.parent.entry(name, false)?;
        Ok((entry.kind == EntryKind::File).then_some(entry.id))
    }

    /// Claims a file, whichever has this name now.
    pub fn take(&self, name: &OsStr) -> io::Result<()> {
        self.parent.rename_out(name, &self.own)
    }

    /// Opens a claimed file for reading.
    pub fn open(&self, name: &OsStr) -> io::Result<File> {
        self.own.open_file(name)
    }

    /// Removes a claimed file.
    pub fn remove(&self, name: &OsStr) -> io::Result<()> {
        self.own.remove(name)
    }

    /// Gives a claimed file its place again, unless another one has its name by now.
    pub fn put_back(&self, name: &OsStr) -> io::Result<()> {
        self.own.rename_into(name, &self.parent, name)
    }

    /// Returns where a claimed file is.
    pub fn path(&self, name: &OsStr) -> PathBuf {
        self.own.path().join(name)
    }

    /// Ends it: what was removed and put back is flushed to disk. A file that could
    /// not be put back stays claimed.
    pub fn end(self) -> io::Result<()> {
        // This fails if a file is in it, as intended.
        let _ = self.parent.remove_directory(&self.name);
        self.parent.flush()
    }
}

fn is_of_another_run(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::ResourceBusy
    )
}

/// Files that a run had claimed when it was killed.
#[derive(Debug, Default)]
pub struct PutBack {
    /// Those that have their places again.
    pub files: Vec<PathBuf>,
    /// Those that are still claimed, and why.
    pub refused: Vec<(PathBuf, io::Error)>,
}

/// Puts the files in a directory for claimed files back, and removes it. If another
/// run is using it, nothing happens.
///
/// # Errors
///
/// The directory can't be read or locked.
pub fn put_back(claim: &Path) -> io::Result<PutBack> {
    let parent = Directory::open(&directory_of(claim))?;
    let name = claim.file_name().unwrap_or_default().to_owned();
    let (own, lock) = match Claims::hold(&parent, &name) {
        Err(error) if is_of_another_run(&error) => return Ok(PutBack::default()),
        held => held?,
    };
    let names = own.names()?;
    let claims = Claims {
        parent,
        own,
        name,
        _lock: lock,
    };
    let mut done = PutBack::default();
    for name in names {
        match claims.put_back(&name) {
            Ok(()) => done.files.push(claim.with_file_name(name)),
            Err(error) => done.refused.push((claim.join(name), error)),
        }
    }
    // Unless this is flushed, a power failure claims them again.
    let _ = claims.end();
    Ok(done)
}
