//! An extraction directory out of which nothing can be written.

use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use super::directory_of;
use super::flush::DirectoryFlush;
use crate::cause::cause;

/// A directory that receives the members of an archive.
///
/// What an archive says decides where below the directory a file goes, and
/// never anything else: no name leads out of it, and no symbolic link that is
/// already in it is followed. It does not guard against another process of
/// the same user that swaps a directory for a link at the same moment.
///
/// The directories that it makes are for their owner alone (mode 0700 less
/// the umask), since plaintext goes into them. Those of them that no file came
/// into are gone after [`finish`](Self::finish).
#[derive(Debug)]
pub struct TargetDir {
    root: PathBuf,
    batch: DirectoryFlush,
    /// The directories that were not there before.
    made: Mutex<Vec<PathBuf>>,
}

/// Why a member has no place below the target directory.
#[derive(Debug, thiserror::Error)]
pub enum PlaceError {
    /// The name does not stay below the directory, or is no name at all.
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
        /// What is there.
        path: PathBuf,
    },
    /// A directory on the way could not be read or made.
    #[error("{}: {}", path.display(), cause(source))]
    Io {
        /// The directory.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
}

impl PlaceError {
    /// The remedy, where there is one.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Link { .. } => {
                Some("extract into an empty directory, or remove the link".to_owned())
            }
            Self::NotADirectory { .. } => Some("extract into an empty directory".to_owned()),
            Self::Outside { .. } | Self::Io { .. } => None,
        }
    }
}

impl TargetDir {
    /// Opens the directory `path` for extraction; makes it, and its parents,
    /// where they are missing. `path` itself may be a symbolic link: it is the
    /// user's word, not an archive's.
    ///
    /// # Errors
    ///
    /// Whatever keeps the directory from being made, and
    /// [`NotADirectory`](io::ErrorKind::NotADirectory) where `path` is
    /// something else.
    pub fn create(path: &Path) -> io::Result<Self> {
        let root = match path.as_os_str().is_empty() {
            true => PathBuf::from("."),
            false => path.to_path_buf(),
        };
        let batch = DirectoryFlush::new();
        let made: Vec<PathBuf> = root
            .ancestors()
            .take_while(|path| !path.as_os_str().is_empty() && !path.exists())
            .map(Path::to_path_buf)
            .collect();
        for missing in &made {
            batch.note(&directory_of(missing));
        }
        private_directory()
            .recursive(true)
            .create(&root)
            .map_err(|error| match error.kind() {
                io::ErrorKind::AlreadyExists => io::ErrorKind::NotADirectory.into(),
                _ => error,
            })?;
        Ok(Self {
            root,
            batch,
            made: Mutex::new(made),
        })
    }

    /// The directories that have received names: where extracted files are
    /// [committed into](super::PendingFile::commit_into).
    pub fn batch(&self) -> &DirectoryFlush {
        &self.batch
    }

    /// Ends the extraction: removes the directories that were made for files
    /// which never came, and flushes to disk every other one that was made or
    /// written to.
    ///
    /// # Errors
    ///
    /// The first directory that could not be flushed.
    pub fn finish(self) -> Result<(), super::FlushError> {
        let mut made = self
            .made
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        // Threads may have entered a child before its parent.
        made.sort();
        for directory in made.iter().rev() {
            // Refused for one that has something in it, which is what counts.
            if fs::remove_dir(directory).is_ok() {
                self.batch.forget(directory);
            }
        }
        self.batch.finish()
    }

    /// The full path for the member path `relative` (`/`-separated), after
    /// making the directories on the way to it. Threads may call this at the
    /// same time.
    ///
    /// The last component is not looked at: [`PendingFile`](super::PendingFile)
    /// neither follows a link there nor overwrites unasked.
    ///
    /// # Errors
    ///
    /// [`PlaceError`]; nothing is made for a `relative` that leads outside.
    pub fn place(&self, relative: &str) -> Result<PathBuf, PlaceError> {
        // All of it, before the first directory is made.
        if !relative.split('/').all(is_plain) {
            return Err(PlaceError::Outside {
                relative: relative.to_owned(),
            });
        }
        let mut path = self.root.clone();
        let mut components = relative.split('/').peekable();
        while let Some(component) = components.next() {
            path.push(component);
            if components.peek().is_some() {
                self.ensure_directory(&path)?;
            }
        }
        Ok(path)
    }

    fn ensure_directory(&self, path: &Path) -> Result<(), PlaceError> {
        let io = |source| PlaceError::Io {
            path: path.to_path_buf(),
            source,
        };
        let found = match fs::symlink_metadata(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                match private_directory().create(path) {
                    Ok(()) => {
                        self.batch.note(&directory_of(path));
                        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
                        made.push(path.to_path_buf());
                        return Ok(());
                    }
                    // Another worker was faster, or somebody else altogether:
                    // what they made is looked at like all that was there.
                    Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                        fs::symlink_metadata(path)
                    }
                    Err(error) => Err(error),
                }
            }
            other => other,
        };
        let found = found.map_err(io)?;
        let path = path.to_path_buf();
        if found.is_symlink() {
            Err(PlaceError::Link { path })
        } else if !found.is_dir() {
            Err(PlaceError::NotADirectory { path })
        } else {
            Ok(())
        }
    }
}

/// Whether `component` is one plain name on this system. The parser of member
/// names has refused the others already; this is the last door.
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
