//! A file that is complete or absent.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use super::directory::{Directory, EntryKind};
use super::replaced::Replaced;
use super::temporary::Temporary;
use super::writeback::Writeback;
use super::{TargetDir, directory_of};
use crate::files::cause;
use crate::files::input::is_open_already;
use crate::files::record;

/// The readers of an output file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// The owner alone (mode 0600 whatever the umask): plaintext and keys.
    Private,
    /// Anyone whom the umask allows (mode 0666 less the umask): archives and
    /// messages.
    Shared,
}

/// The fate of a file that already has the target's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overwrite {
    /// It stays as it is, and writing is an error.
    Refuse,
    /// The new file takes its name, in one step, when it is complete. The new
    /// file also takes the name of a symbolic link; the link's target stays as
    /// it is.
    Replace,
}

/// The place of a file: a name in a directory. On Unix the directory is held
/// open, so that the file gets there even if the path has changed by then.
#[derive(Debug, Clone)]
pub struct Place {
    pub(super) directory: Arc<Directory>,
    pub(super) name: OsString,
    path: PathBuf,
}

/// An output file that nobody sees until it is committed.
///
/// On Linux it has no name while it is written, so that even a killed process
/// leaves nothing behind. If the file system can't do that, it is called
/// `.callseal-XXXXXX.tmp`, in the target's directory, and is removed on drop
/// and by [`remove_temporaries`](super::remove_temporaries). A file that
/// replaces another always has such a name for an instant, when it is already
/// complete.
///
/// Writes are not buffered. Dropping it discards it.
#[derive(Debug)]
pub struct PendingFile {
    place: Place,
    overwrite: Overwrite,
    modified: Option<SystemTime>,
    temporary: Temporary,
    writeback: Writeback,
    /// The file that it replaces, if that is an input.
    replaced: Option<Box<Replaced>>,
}

impl Place {
    /// Returns the place of a file that will be called `path`. Its directory
    /// must exist.
    ///
    /// # Errors
    ///
    /// [`IsADirectory`](io::ErrorKind::IsADirectory) for a path that can only
    /// be that of a directory, and any error of using the file's directory.
    pub fn at(path: &Path) -> io::Result<Self> {
        // "calls/" and "calls/." name a directory, but `file_name` drops their
        // endings.
        let text = path.as_os_str().as_encoded_bytes();
        let name = path
            .file_name()
            .filter(|name| text.ends_with(name.as_encoded_bytes()))
            .ok_or(io::ErrorKind::IsADirectory)?;
        let directory = Arc::new(Directory::open(&directory_of(path))?);
        Ok(Self::new(directory, name.to_owned(), path.to_owned()))
    }

    /// Returns the place of a file in a directory that is held open, and its path for
    /// people.
    pub(crate) fn new(directory: Arc<Directory>, name: OsString, path: PathBuf) -> Self {
        Self {
            directory,
            name,
            path,
        }
    }

    /// Returns the file's path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Refuses a file that can't be published here.
    fn check(&self, overwrite: Overwrite) -> io::Result<()> {
        let existing = match self.directory.entry(&self.name, false) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            other => other?,
        };
        let existing_is_link = existing.kind == EntryKind::Link;
        if existing.kind == EntryKind::Directory {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        // The target of a link stays, but the link takes its kind.
        let replaced = match existing.kind {
            EntryKind::Link => self.directory.entry(&self.name, true).ok(),
            _ => Some(existing),
        };
        if replaced
            .as_ref()
            .is_some_and(|file| record::has_read(&file.id))
        {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, IsInput));
        }
        // For example /dev/stdout, wherever that leads. A dangling link may be
        // replaced.
        let is_special = replaced.is_some_and(|file| file.kind != EntryKind::File);
        if is_special || existing_is_link && is_open_already(&self.path) {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "not a regular file",
            ));
        }
        if overwrite == Overwrite::Refuse {
            return Err(already_exists());
        }
        Ok(())
    }
}

impl PendingFile {
    /// Starts a file that [`commit`](Self::commit) will call `target`. Its
    /// directory must exist.
    ///
    /// # Errors
    ///
    /// - [`AlreadyExists`](io::ErrorKind::AlreadyExists): with
    ///   [`Overwrite::Refuse`], the name is taken, even by a dangling link.
    /// - [`IsADirectory`](io::ErrorKind::IsADirectory): `target` is or names a
    ///   directory.
    /// - [`InvalidInput`](io::ErrorKind::InvalidInput): with
    ///   [`Overwrite::Replace`], the name belongs to a device, FIFO or socket
    ///   (replacing `/dev/null` helps nobody), to a link to anything but a
    ///   regular file, or to an input (see
    ///   [`remember`](crate::files::record::remember)).
    /// - Any other error of making a file in that directory.
    pub fn create(target: &Path, access: Access, overwrite: Overwrite) -> io::Result<Self> {
        Self::create_at(Place::at(target)?, access, overwrite)
    }

    /// Does the same in a place that is held open.
    ///
    /// # Errors
    ///
    /// As for [`create`](Self::create).
    pub fn create_at(place: Place, access: Access, overwrite: Overwrite) -> io::Result<Self> {
        // This comes before any work for it is done.
        place.check(overwrite)?;
        let temporary = Temporary::create(&place.directory, access)?;
        Ok(Self::over(temporary, place, overwrite))
    }

    pub(super) fn over(temporary: Temporary, place: Place, overwrite: Overwrite) -> Self {
        Self {
            place,
            overwrite,
            modified: None,
            temporary,
            writeback: Writeback::default(),
            replaced: None,
        }
    }

    /// Starts a file that will replace `target`, which was read through `read`,
    /// with the owner, mode and access control list of that file.
    ///
    /// # Errors
    ///
    /// [`ResourceBusy`](io::ErrorKind::ResourceBusy): another process does the
    /// same, or has done it since. Any other error of making a file in its
    /// directory.
    pub fn replacing(target: &Path, read: &File) -> io::Result<Self> {
        // A link to it stays.
        let target = target.canonicalize()?;
        let replaced = Replaced::open(&target, read)?;
        let place = Place::at(&target)?;
        let temporary = Temporary::create(&place.directory, Access::Private)?;
        Ok(Self {
            replaced: Some(Box::new(replaced)),
            ..Self::over(temporary, place, Overwrite::Replace)
        })
    }

    /// Returns the file itself, open for reading and writing.
    pub fn as_file(&self) -> &File {
        self.temporary.as_file()
    }

    /// Sets the modification time that the file will have once it is committed,
    /// whatever is written after this call.
    pub fn set_modified(&mut self, time: SystemTime) {
        self.modified = Some(time);
    }

    /// Flushes the file to disk, gives it its name in one step, and flushes
    /// the directory.
    ///
    /// # Errors
    ///
    /// - [`AlreadyExists`](io::ErrorKind::AlreadyExists): with
    ///   [`Overwrite::Refuse`], the name was taken since
    ///   [`create`](Self::create). The file that took it stays.
    /// - Any other error of the file system. The file is then absent, unless
    ///   the flush of the directory failed: then it is present and complete, but
    ///   may not survive a power failure.
    pub fn commit(self) -> io::Result<()> {
        let directory = self.publish()?;
        directory
            .flush()
            .map_err(|error| io::Error::new(error.kind(), NotFlushed(error)))
    }

    /// Commits as [`commit`](Self::commit) does, but leaves the directory to
    /// `target`, which contains the place.
    ///
    /// # Errors
    ///
    /// Those of [`commit`](Self::commit). After each of them the file is
    /// absent.
    pub fn commit_into(self, target: &TargetDir) -> io::Result<()> {
        target.note(&*self.publish()?);
        Ok(())
    }

    fn publish(self) -> io::Result<Arc<Directory>> {
        self.sync()?;
        self.take_name()
    }

    /// Returns whether it is gone with the process, however that ends.
    pub(super) fn is_unnamed(&self) -> bool {
        self.temporary.is_unnamed()
    }

    /// Flushes the file to disk. It must not be written to any more.
    pub(super) fn sync(&self) -> io::Result<()> {
        if let Some(time) = self.modified {
            self.as_file().set_modified(time)?;
        }
        if let Some(replaced) = &self.replaced {
            replaced.pass_on_access(self.as_file())?;
        }
        self.as_file().sync_all()
    }

    /// Gives the file its name, after [`sync`](Self::sync) has succeeded: a
    /// power failure must not leave a name without the content. Returns the
    /// directory in which it has its name.
    pub(super) fn take_name(self) -> io::Result<Arc<Directory>> {
        match &self.replaced {
            Some(replaced) => replaced.check(&self.place.directory, &self.place.name)?,
            // An input may have been read since.
            None if self.overwrite == Overwrite::Replace => self.place.check(self.overwrite)?,
            None => {}
        }
        let Place {
            directory,
            name,
            path,
        } = self.place;
        self.temporary
            .publish(&directory, &name, self.overwrite)
            .map_err(|error| match error.kind() {
                io::ErrorKind::AlreadyExists => already_exists(),
                _ => error,
            })?;
        record::note_written(&path);
        Ok(directory)
    }
}

impl Write for PendingFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.as_file().write(bytes)?;
        self.writeback.note(self.temporary.as_file(), count);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.as_file().flush()
    }
}

impl Seek for PendingFile {
    fn seek(&mut self, position: SeekFrom) -> io::Result<u64> {
        self.as_file().seek(position)
    }
}

fn already_exists() -> io::Error {
    io::Error::new(io::ErrorKind::AlreadyExists, "already exists")
}

/// The file to be replaced is an input of the same run.
#[derive(Debug, thiserror::Error)]
#[error("it is both an input and the output")]
struct IsInput;

/// Returns whether a file could not be written because it is an input of the
/// same run.
pub(crate) fn is_input(error: &io::Error) -> bool {
    error.get_ref().is_some_and(|inner| inner.is::<IsInput>())
}

/// The directory in which a complete file has its name could not be flushed.
#[derive(Debug, thiserror::Error)]
#[error("{}", cause(.0))]
struct NotFlushed(io::Error);

/// Returns whether an error concerns a complete file whose directory could not
/// be flushed.
pub(crate) fn is_not_flushed(error: &io::Error) -> bool {
    error
        .get_ref()
        .is_some_and(|inner| inner.is::<NotFlushed>())
}
