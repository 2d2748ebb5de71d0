//! A file that is complete or absent.

use std::fs::{self, File};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use tempfile::{Builder, NamedTempFile};

use super::directory_of;
use super::flush::{DirectoryFlush, flush};

/// Who may read an output file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// The owner alone (mode 0600 whatever the umask): plaintext and keys.
    Private,
    /// Whoever the umask allows (mode 0666 less the umask): archives and
    /// messages.
    Shared,
}

/// What happens to a file that has the target's name already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overwrite {
    /// It stays as it is, and writing is an error.
    Refuse,
    /// The new file takes its name, in one step, when it is complete. A
    /// symbolic link loses its name to the new file; what it points to stays
    /// as it is.
    Replace,
}

/// An output file that nobody sees until it is committed.
///
/// On Linux it has no name while it is written, so that even a killed process
/// leaves nothing behind. Where the file system can't do that it is called
/// `.callseal-XXXXXX.tmp`, beside the target, and is removed on drop. A file
/// that replaces another has such a name for an instant in any case, complete
/// by then.
///
/// Writes are not buffered. Dropping it discards it.
#[derive(Debug)]
pub struct PendingFile {
    target: PathBuf,
    overwrite: Overwrite,
    modified: Option<SystemTime>,
    temporary: Temporary,
}

/// The file before it has its name.
#[derive(Debug)]
pub(super) enum Temporary {
    /// Reachable through its descriptor alone; the kernel frees it on close.
    #[cfg(target_os = "linux")]
    Unnamed(File),
    Named(NamedTempFile),
}

impl PendingFile {
    /// Starts a file that [`commit`](Self::commit) will call `target`. Its
    /// directory must exist.
    ///
    /// # Errors
    ///
    /// - [`AlreadyExists`](io::ErrorKind::AlreadyExists): with
    ///   [`Overwrite::Refuse`], something has the name, be it a dangling link.
    /// - [`IsADirectory`](io::ErrorKind::IsADirectory): `target` is or names a
    ///   directory.
    /// - [`InvalidInput`](io::ErrorKind::InvalidInput): with
    ///   [`Overwrite::Replace`], the name belongs to a device, FIFO or socket
    ///   (replacing `/dev/null` serves nobody), or to a link to anything but a
    ///   regular file.
    /// - Whatever else keeps a file from being made in that directory.
    pub fn create(target: &Path, access: Access, overwrite: Overwrite) -> io::Result<Self> {
        check_target(target, overwrite)?;
        let temporary = Temporary::create(&directory_of(target), access)?;
        Ok(Self::over(temporary, target, overwrite))
    }

    pub(super) fn over(temporary: Temporary, target: &Path, overwrite: Overwrite) -> Self {
        Self {
            target: target.to_path_buf(),
            overwrite,
            modified: None,
            temporary,
        }
    }

    /// The file itself, open for reading and writing.
    pub fn as_file(&self) -> &File {
        match &self.temporary {
            #[cfg(target_os = "linux")]
            Temporary::Unnamed(file) => file,
            Temporary::Named(named) => named.as_file(),
        }
    }

    /// Sets the modification time that the file has once it is committed,
    /// however much is written after this call.
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
    ///   [`create`](Self::create). What took it stays.
    /// - Whatever else the file system says. The file is then absent, unless
    ///   it was the flush of the directory that failed: then it is there and
    ///   complete, but may not survive a power failure.
    pub fn commit(self) -> io::Result<()> {
        let directory = directory_of(&self.target);
        self.publish()?;
        flush(&directory)
    }

    /// As [`commit`](Self::commit), but leaves the directory to `batch`.
    ///
    /// # Errors
    ///
    /// Those of [`commit`](Self::commit), after each of which the file is
    /// absent.
    pub fn commit_into(self, batch: &DirectoryFlush) -> io::Result<()> {
        let directory = directory_of(&self.target);
        self.publish()?;
        batch.note(&directory);
        Ok(())
    }

    fn publish(self) -> io::Result<()> {
        if let Some(time) = self.modified {
            self.as_file().set_modified(time)?;
        }
        self.as_file().sync_all()?;
        match self.temporary {
            #[cfg(target_os = "linux")]
            Temporary::Unnamed(file) => unnamed::publish(&file, &self.target, self.overwrite),
            Temporary::Named(named) => match self.overwrite {
                Overwrite::Refuse => named.persist_noclobber(&self.target),
                Overwrite::Replace => named.persist(&self.target),
            }
            .map(drop)
            .map_err(|refused| refused.error),
        }
        .map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => already_exists(),
            _ => error,
        })
    }
}

impl Write for PendingFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.as_file().write(bytes)
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

impl Temporary {
    fn create(directory: &Path, access: Access) -> io::Result<Self> {
        // Whatever kept the unnamed file from being made (a file system or a
        // kernel without O_TMPFILE, no /proc) either does not matter to a named
        // one, or stops that as well, with an error of its own.
        #[cfg(target_os = "linux")]
        if let Ok(file) = unnamed::create(directory, access) {
            return Ok(Self::Unnamed(file));
        }
        Self::named(directory, access)
    }

    pub(super) fn named(directory: &Path, access: Access) -> io::Result<Self> {
        let mut options = File::options();
        options.read(true).write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode(access));
        // Opened here and not by tempfile, whose errors name a temporary that
        // nobody has heard of.
        let named = named_temporary().make_in(directory, |path| options.open(path))?;
        ensure_private(named.as_file(), access)?;
        Ok(Self::Named(named))
    }
}

fn named_temporary() -> Builder<'static, 'static> {
    let mut builder = Builder::new();
    builder.prefix(".callseal-").suffix(".tmp");
    builder
}

/// Refuses before any work is done what `publish` would refuse in the end.
fn check_target(target: &Path, overwrite: Overwrite) -> io::Result<()> {
    let text = target.as_os_str().as_encoded_bytes();
    // "calls/" and "calls/." name a directory, though `file_name` leaves out
    // how they end.
    if !target
        .file_name()
        .is_some_and(|name| text.ends_with(name.as_encoded_bytes()))
    {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    let existing = match fs::symlink_metadata(target) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        other => other?.file_type(),
    };
    if existing.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    if overwrite == Overwrite::Refuse {
        return Err(already_exists());
    }
    let special = if existing.is_symlink() {
        // /dev/stdout is such a link. A dangling one may be replaced.
        fs::metadata(target).is_ok_and(|pointee| !pointee.is_file())
    } else {
        !existing.is_file()
    };
    if special {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "not a regular file",
        ));
    }
    Ok(())
}

fn already_exists() -> io::Error {
    io::Error::new(io::ErrorKind::AlreadyExists, "already exists")
}

#[cfg(unix)]
fn mode(access: Access) -> u32 {
    match access {
        Access::Private => 0o600,
        Access::Shared => 0o666,
    }
}

/// A umask can only take away from the mode a file is created with; its owner
/// must be able to read what is extracted for them.
#[cfg(unix)]
fn ensure_private(file: &File, access: Access) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    match access {
        Access::Private => file.set_permissions(fs::Permissions::from_mode(mode(access))),
        Access::Shared => Ok(()),
    }
}

#[cfg(not(unix))]
fn ensure_private(_file: &File, _access: Access) -> io::Result<()> {
    Ok(())
}

/// Files without a name: open(2), "O_TMPFILE".
#[cfg(target_os = "linux")]
mod unnamed {
    use std::fs::{self, File};
    use std::io;
    use std::os::fd::AsRawFd;
    use std::path::{Path, PathBuf};

    use rustix::fs::{AtFlags, CWD, Mode, OFlags, linkat, open};

    use super::{Access, Overwrite, ensure_private, mode, named_temporary};
    use crate::output::directory_of;

    pub(super) fn create(directory: &Path, access: Access) -> io::Result<File> {
        let flags = OFlags::TMPFILE | OFlags::RDWR | OFlags::CLOEXEC;
        let file = File::from(open(directory, flags, Mode::from_raw_mode(mode(access)))?);
        // Without /proc it could never get a name; better to know it now.
        fs::symlink_metadata(handle(&file))?;
        ensure_private(&file, access)?;
        Ok(file)
    }

    /// Links the file to its target, which is atomic and never overwrites.
    pub(super) fn publish(file: &File, target: &Path, overwrite: Overwrite) -> io::Result<()> {
        match link(file, target) {
            Err(error)
                if error.kind() == io::ErrorKind::AlreadyExists
                    && overwrite == Overwrite::Replace =>
            {
                // Only rename(2) replaces in one step, and it wants a name.
                let named =
                    named_temporary().make_in(directory_of(target), |path| link(file, path))?;
                named
                    .into_temp_path()
                    .persist(target)
                    .map_err(|refused| refused.error)
            }
            other => other,
        }
    }

    fn link(file: &File, path: &Path) -> io::Result<()> {
        linkat(CWD, handle(file), CWD, path, AtFlags::SYMLINK_FOLLOW)?;
        Ok(())
    }

    /// The one path by which an unprivileged process can link such a file:
    /// linkat(2), "AT_EMPTY_PATH".
    fn handle(file: &File) -> PathBuf {
        PathBuf::from(format!("/proc/self/fd/{}", file.as_raw_fd()))
    }
}
