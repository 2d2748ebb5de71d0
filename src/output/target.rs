//! An extraction directory that files can't leave.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::directory::{Directory, EntryKind};
use super::recent::Recent;
use super::{Place, directory_of};
use crate::files::FileId;
use crate::files::cause;

/// A directory that receives the members of an archive.
///
/// An archive decides only where below the directory a file goes: no name leads
/// out of it, and no symbolic link in it is followed. On Unix that holds
/// whatever happens in it meanwhile: it is held open, and so is each directory
/// below it while a file is made there, reached from the one above without
/// following links.
///
/// The directories that it makes are accessible to their owner alone (mode 0700
/// less the umask), since they hold plaintext. [`finish`](Self::finish) removes
/// those of them that got no file.
#[derive(Debug)]
pub struct TargetDir {
    root: Arc<Directory>,
    recent: Recent,
    /// The root and the directories above it that didn't exist before.
    made_above: Vec<PathBuf>,
    below: Mutex<Below>,
}

/// The limit of a path. Longer paths could be made step by step, but no system
/// call accepts them as a whole, so nobody could use them.
const MAX_PATH: usize = 4095;

/// The changes in the directory and below it: their paths, and the directories'
/// identities.
#[derive(Debug, Default)]
struct Below {
    /// The directories that didn't exist before.
    made: BTreeMap<PathBuf, FileId>,
    /// The directories in which names have appeared.
    written: BTreeMap<PathBuf, FileId>,
}

/// Why a member can't be placed below the target directory.
#[derive(Debug, thiserror::Error)]
pub enum PlaceError {
    /// The name leads out of the directory, or is not a name at all.
    #[error("{relative:?}: not a path below the target directory")]
    Outside {
        /// The name as it was given.
        relative: String,
    },
    /// A directory on the way is a symbolic link, which may lead anywhere.
    #[error("{}: a symbolic link on the way to an extracted file", path.display())]
    Link {
        /// The link.
        path: PathBuf,
    },
    /// Something on the way exists and is not a directory.
    #[error("{}: not a directory, on the way to an extracted file", path.display())]
    NotADirectory {
        /// Its path.
        path: PathBuf,
    },
    /// A directory on the way could not be opened or made.
    #[error("{}: {}", path.display(), cause(error))]
    Io {
        /// The directory.
        path: PathBuf,
        /// The operating system's reason.
        error: io::Error,
    },
}

impl TargetDir {
    /// Opens the directory `path` for extraction. Makes it and its parents if
    /// they are missing. `path` itself may be a symbolic link: it comes from
    /// the user, not from an archive.
    ///
    /// # Errors
    ///
    /// Any error of making the directory, and
    /// [`NotADirectory`](io::ErrorKind::NotADirectory) if `path` is something
    /// else.
    pub fn create(path: &Path) -> io::Result<Self> {
        let path = match path.as_os_str().is_empty() {
            true => Path::new("."),
            false => path,
        };
        let made_above: Vec<PathBuf> = path
            .ancestors()
            .take_while(|path| !path.as_os_str().is_empty() && !path.exists())
            .map(Path::to_path_buf)
            .collect();
        let root = make_and_open(path).inspect_err(|_| {
            // Children before their parents. This fails for those that somebody
            // else has made meanwhile and put something into.
            for made in &made_above {
                let _ = fs::remove_dir(made);
            }
        })?;
        Ok(Self {
            root: Arc::new(root),
            recent: Recent::default(),
            made_above,
            below: Mutex::default(),
        })
    }

    /// Returns the place for the member path `relative` (`/`-separated), after
    /// making the directories on the way to it. Threads may call this at the
    /// same time.
    ///
    /// The last component is not checked: [`PendingFile`](super::PendingFile)
    /// neither follows a link there nor overwrites unasked.
    ///
    /// # Errors
    ///
    /// [`PlaceError`]; nothing is made for a `relative` that leads outside.
    pub fn place(&self, relative: &str) -> Result<Place, PlaceError> {
        // All of it is checked before the first directory is made.
        if !relative.split('/').all(is_plain) {
            return Err(PlaceError::Outside {
                relative: relative.to_owned(),
            });
        }
        let path = self.root.path().join(relative);
        if path.as_os_str().len() > MAX_PATH {
            let error = io::Error::new(io::ErrorKind::InvalidFilename, "file name too long");
            return Err(PlaceError::Io { path, error });
        }
        let (directory, name) = match relative.rsplit_once('/') {
            Some((directory, name)) => (self.enter(&self.root.path().join(directory), true)?, name),
            None => (self.root.clone(), relative),
        };
        Ok(Place::new(directory, name.into(), path))
    }

    /// Ends the extraction. Removes the directories that were made but got no
    /// file, and flushes to disk every other one that was made or written to.
    ///
    /// # Errors
    ///
    /// The first directory that could not be flushed. The others are flushed
    /// nevertheless.
    pub fn finish(self) -> Result<(), (PathBuf, io::Error)> {
        let Below { made, mut written } = std::mem::take(&mut *self.below());
        // Children before their parents.
        for (path, id) in made.iter().rev() {
            if self.remove(path, id).unwrap_or(false) {
                written.remove(path);
            }
        }
        self.recent.clear();
        let mut outcome = Ok(());
        for (path, id) in written {
            if let Err(error) = self.flush(&path, &id) {
                outcome = outcome.and(Err((path, error)));
            }
        }
        for made in self.made_above {
            // This fails for one that isn't empty, as intended.
            if fs::remove_dir(&made).is_ok() {
                continue;
            }
            let path = directory_of(&made);
            if let Err(error) = Directory::open(&path).and_then(|above| above.flush()) {
                outcome = outcome.and(Err((path, error)));
            }
        }
        outcome
    }

    /// Notes that names have appeared in a directory.
    pub(super) fn note(&self, directory: &Directory) {
        let mut below = self.below();
        // Looked up first: most files of an archive share a directory, and this
        // avoids copying the path.
        if !below.written.contains_key(directory.path()) {
            let path = directory.path().to_owned();
            below.written.insert(path, directory.id().clone());
        }
    }

    /// Removes a directory below the root, if it's the one that was made and is
    /// empty.
    fn remove(&self, path: &Path, id: &FileId) -> io::Result<bool> {
        let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
            return Ok(false);
        };
        let parent = self.enter(parent, false).map_err(io::Error::other)?;
        let is_it = parent.entry(name, false)?.id == *id;
        if is_it {
            parent.remove_directory(name)?;
        }
        Ok(is_it)
    }

    fn flush(&self, path: &Path, id: &FileId) -> io::Result<()> {
        let directory = self.enter(path, false).map_err(|error| match error {
            PlaceError::Io { error, .. } => error,
            other => io::Error::other(other),
        })?;
        if directory.id() != id {
            return Err(io::Error::other("another directory has taken its place"));
        }
        directory.flush()
    }

    /// Opens the directory `path`, which is the root or below it, step by step.
    /// Makes missing ones if `may_make` is set.
    fn enter(&self, path: &Path, may_make: bool) -> Result<Arc<Directory>, PlaceError> {
        let mut to_enter = Vec::new();
        let mut directory = None;
        for above in path.ancestors() {
            if above == self.root.path() {
                directory = Some(self.root.clone());
            } else {
                directory = self.recent.get(above);
            }
            if directory.is_some() {
                break;
            }
            to_enter.extend(above.file_name());
        }
        let mut directory = directory.ok_or_else(|| PlaceError::Outside {
            relative: path.display().to_string(),
        })?;
        for name in to_enter.into_iter().rev() {
            directory = Arc::new(self.step(&directory, name, may_make)?);
            self.recent.keep(directory.clone());
        }
        Ok(directory)
    }

    /// Goes from one directory to one in it.
    fn step(
        &self,
        directory: &Directory,
        name: &OsStr,
        may_make: bool,
    ) -> Result<Directory, PlaceError> {
        let opened = match directory.below(name) {
            Err(error) if may_make && error.kind() == io::ErrorKind::NotFound => {
                match directory.make(name) {
                    Ok(()) => {
                        self.note(directory);
                        // Not removed if it can't be opened: another worker may
                        // have done so, and use it.
                        match directory.entry(name, false) {
                            Ok(made) => {
                                let path = directory.path().join(name);
                                self.below().made.insert(path, made.id);
                                directory.below(name)
                            }
                            Err(error) => {
                                // Refused if something has come into it.
                                let _ = directory.remove_directory(name);
                                Err(error)
                            }
                        }
                    }
                    // Another worker or program was faster: its directory is
                    // checked like all existing ones.
                    Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                        directory.below(name)
                    }
                    Err(error) => Err(error),
                }
            }
            other => other,
        };
        opened.map_err(|error| {
            let path = directory.path().join(name);
            match directory.entry(name, false).map(|entry| entry.kind) {
                Ok(EntryKind::Link) => PlaceError::Link { path },
                Ok(EntryKind::File | EntryKind::Special) => PlaceError::NotADirectory { path },
                Ok(EntryKind::Directory) | Err(_) => PlaceError::Io { path, error },
            }
        })
    }

    fn below(&self) -> MutexGuard<'_, Below> {
        // It is intact after any panic of another thread: only insertions
        // happen under this lock.
        self.below.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Opens a directory. Makes it and its parents if they are missing.
fn make_and_open(path: &Path) -> io::Result<Directory> {
    let made = private_directory().recursive(true).create(path);
    match made {
        // Something there is not a directory, or can't be checked.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            match fs::metadata(path)?.is_dir() {
                true => Directory::open(path),
                false => Err(io::ErrorKind::NotADirectory.into()),
            }
        }
        made => made.and_then(|()| Directory::open(path)),
    }
}

/// Returns whether `component` is one plain name on this system. The parser of
/// member names has refused the others already; this is the last check.
fn is_plain(component: &str) -> bool {
    let mut parsed = Path::new(component).components();
    let one_name =
        matches!(parsed.next(), Some(Component::Normal(name)) if name.to_str() == Some(component));
    // On Windows a colon opens an alternate stream of another file.
    let stream = cfg!(windows) && component.contains(':');
    one_name && parsed.next().is_none() && !component.contains('\0') && !stream
}

fn private_directory() -> fs::DirBuilder {
    #[cfg_attr(not(unix), expect(unused_mut))]
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
}
