//! A directory, held open.

use std::ffi::{OsStr, OsString};
use std::fs::{File, Permissions};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use rustix::fs::{
    AtFlags, CWD, Dir, FileType, FlockOperation, Mode, OFlags, Stat, flock, fstat, linkat, mkdirat,
    openat, renameat, statat, unlinkat,
};
use rustix::io::{Errno, retry_on_intr};

use super::{DirectoryEntry, EntryKind, Lock};
use crate::files::FileId;
use crate::files::record;
use crate::output::Access;
use crate::output::temporary::is_temporary;

/// A directory, held open.
#[derive(Debug)]
pub(crate) struct Directory {
    path: PathBuf,
    handle: OwnedFd,
    id: FileId,
}

impl Directory {
    /// Opens the directory at `path`, following links.
    pub fn open(path: &Path) -> io::Result<Self> {
        let opened = retry_on_intr(|| openat(CWD, path, handle_flags(), Mode::empty()))?;
        Self::new(path.to_owned(), opened)
    }

    /// Opens the directory `name` in this one, and follows no link.
    pub fn below(&self, name: &OsStr) -> io::Result<Self> {
        let flags = handle_flags() | OFlags::NOFOLLOW;
        let opened = retry_on_intr(|| openat(&self.handle, name, flags, Mode::empty()))?;
        Self::new(self.path.join(name), opened)
    }

    fn new(path: PathBuf, handle: OwnedFd) -> io::Result<Self> {
        Ok(Self {
            path,
            id: FileId::of_stat(&fstat(&handle)?),
            handle,
        })
    }

    /// Returns its path when it was opened.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns its identity.
    pub fn id(&self) -> &FileId {
        &self.id
    }

    /// Makes a directory in it, accessible to its owner alone.
    pub fn make(&self, name: &OsStr) -> io::Result<()> {
        Ok(mkdirat(&self.handle, name, Mode::RWXU)?)
    }

    /// Returns the entry with that name: a link itself, or what it leads to.
    pub fn entry(&self, name: &OsStr, follow: bool) -> io::Result<DirectoryEntry> {
        let flags = match follow {
            true => AtFlags::empty(),
            false => AtFlags::SYMLINK_NOFOLLOW,
        };
        let stat = statat(&self.handle, name, flags)?;
        Ok(DirectoryEntry {
            kind: kind(&stat),
            id: FileId::of_stat(&stat),
        })
    }

    /// Returns the names in it.
    pub fn names(&self) -> io::Result<Vec<OsString>> {
        let mut names = Vec::new();
        self.each_name(|name| names.push(name.to_owned()))?;
        Ok(names)
    }

    /// Reports the names in it one by one: all of them may take a lot of memory.
    pub fn each_name(&self, mut on: impl FnMut(&OsStr)) -> io::Result<()> {
        for entry in Dir::new(self.read()?)? {
            let entry = entry?;
            let name = OsStr::from_bytes(entry.file_name().to_bytes());
            if name != "." && name != ".." {
                on(name);
            }
        }
        Ok(())
    }

    /// Opens a file for reading. Waits for nothing, and follows no link.
    pub fn open_file(&self, name: &OsStr) -> io::Result<File> {
        let flags =
            OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        let opened = retry_on_intr(|| openat(&self.handle, name, flags, Mode::empty()))?;
        Ok(opened.into())
    }

    /// Locks the directory for as long as the result is kept. Where directories
    /// can't be locked, nobody is kept out.
    ///
    /// # Errors
    ///
    /// [`ResourceBusy`](io::ErrorKind::ResourceBusy): another process has locked
    /// it.
    pub fn lock(&self) -> io::Result<Lock> {
        let handle = self.read()?;
        match flock(&handle, FlockOperation::NonBlockingLockExclusive) {
            Err(Errno::WOULDBLOCK) => Err(io::ErrorKind::ResourceBusy.into()),
            _ => Ok(Lock(Some(handle.into()))),
        }
    }

    /// Makes a new file, open for reading and writing.
    pub fn create(&self, name: &OsStr, access: Access) -> io::Result<File> {
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
        let made = retry_on_intr(|| openat(&self.handle, name, flags, mode(access)))?;
        restrict(made.into(), access).inspect_err(|_| {
            // It is of no use, and nobody knows of it yet.
            let _ = self.remove(name);
        })
    }

    /// Makes a file without a name, which the kernel frees with its last
    /// descriptor.
    #[cfg(target_os = "linux")]
    pub fn create_unnamed(&self, access: Access) -> io::Result<File> {
        let flags = OFlags::RDWR | OFlags::TMPFILE | OFlags::CLOEXEC;
        let made = retry_on_intr(|| openat(&self.handle, c".", flags, mode(access)))?;
        let file = restrict(made.into(), access)?;
        // Without /proc it could never get a name; this is better known now.
        std::fs::symlink_metadata(super::unnamed::path(&file))?;
        Ok(file)
    }

    /// Gives such a file a name, which must be free.
    #[cfg(target_os = "linux")]
    pub fn link_unnamed(&self, file: &File, name: &OsStr) -> io::Result<()> {
        let path = super::unnamed::path(file);
        Ok(linkat(
            CWD,
            path,
            &self.handle,
            name,
            AtFlags::SYMLINK_FOLLOW,
        )?)
    }

    /// Gives the file `from` the name `to`, which another file may have.
    pub fn replace(&self, from: &OsStr, to: &OsStr) -> io::Result<()> {
        Ok(renameat(&self.handle, from, &self.handle, to)?)
    }

    /// Gives the file `from` the name `to`, which must be free.
    pub fn rename(&self, from: &OsStr, to: &OsStr) -> io::Result<()> {
        self.rename_into(from, self, to)
    }

    /// Gives the file `from` the name `to` in another directory, where it must be
    /// free.
    pub fn rename_into(&self, from: &OsStr, other: &Self, to: &OsStr) -> io::Result<()> {
        match self.rename_in_one_step(from, other, to) {
            // The kernel or the file system can't do that, and has links
            // instead.
            Err(Errno::NOSYS | Errno::INVAL) => {}
            done => return Ok(done?),
        }
        linkat(&self.handle, from, &other.handle, to, AtFlags::empty())?;
        // It is complete under its name. A remaining other name is reported.
        if self.remove(from).is_err() {
            record::note_leftover(self.path.join(from));
        }
        Ok(())
    }

    /// Gives the file `from` the name `to` in another directory, where it must be
    /// free: in one step, or not at all. It never has both names.
    #[cfg(target_os = "linux")]
    pub fn rename_new(&self, from: &OsStr, other: &Self, to: &OsStr) -> io::Result<()> {
        Ok(self.rename_in_one_step(from, other, to)?)
    }

    /// Moves a file to a directory that nobody else uses, in one step: a file that
    /// gets its name meanwhile is never touched.
    pub fn rename_out(&self, name: &OsStr, other: &Self) -> io::Result<()> {
        match self.rename_in_one_step(name, other, name) {
            Err(Errno::NOSYS | Errno::INVAL) => {
                Ok(renameat(&self.handle, name, &other.handle, name)?)
            }
            done => Ok(done?),
        }
    }

    #[cfg(any(target_os = "linux", target_os = "macos"))]
    fn rename_in_one_step(&self, from: &OsStr, other: &Self, to: &OsStr) -> Result<(), Errno> {
        use rustix::fs::{RenameFlags, renameat_with};
        renameat_with(
            &self.handle,
            from,
            &other.handle,
            to,
            RenameFlags::NOREPLACE,
        )
    }

    #[cfg(not(any(target_os = "linux", target_os = "macos")))]
    fn rename_in_one_step(&self, _: &OsStr, _: &Self, _: &OsStr) -> Result<(), Errno> {
        Err(Errno::NOSYS)
    }

    /// Opens a file for writing, and makes it if it isn't there.
    #[cfg(target_os = "linux")]
    pub fn open_or_create(&self, name: &OsStr) -> io::Result<File> {
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let opened = retry_on_intr(|| openat(&self.handle, name, flags, mode(Access::Private)))?;
        Ok(opened.into())
    }

    /// Returns what the system knows of the entry with that name.
    #[cfg(target_os = "linux")]
    pub fn stat(&self, name: &OsStr) -> io::Result<Stat> {
        Ok(statat(&self.handle, name, AtFlags::SYMLINK_NOFOLLOW)?)
    }

    /// Returns what the system knows of the directory itself.
    #[cfg(target_os = "linux")]
    pub fn own_stat(&self) -> io::Result<Stat> {
        Ok(fstat(&self.handle)?)
    }

    /// Returns the handle, through which nothing can be read.
    #[cfg(target_os = "linux")]
    pub fn handle(&self) -> &OwnedFd {
        &self.handle
    }

    /// Removes a file.
    pub fn remove(&self, name: &OsStr) -> io::Result<()> {
        Ok(unlinkat(&self.handle, name, AtFlags::empty())?)
    }

    /// Removes an empty directory.
    pub fn remove_directory(&self, name: &OsStr) -> io::Result<()> {
        Ok(unlinkat(&self.handle, name, AtFlags::REMOVEDIR)?)
    }

    /// Flushes its names to disk, if that is possible.
    pub fn flush(&self) -> io::Result<()> {
        match self.flush_surely() {
            // This is a drop box: it can be written to but not read, and a
            // directory that can't be opened for reading can't be flushed.
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Ok(()),
            other => other,
        }
    }

    /// Flushes its names to disk. It must be readable.
    pub fn flush_surely(&self) -> io::Result<()> {
        match File::from(self.read()?).sync_all() {
            // The file system has no such operation for directories.
            Err(error)
                if matches!(
                    Errno::from_io_error(&error),
                    Some(Errno::INVAL | Errno::OPNOTSUPP | Errno::NOSYS)
                ) =>
            {
                Ok(())
            }
            other => other,
        }
    }

    fn read(&self) -> io::Result<OwnedFd> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        Ok(retry_on_intr(|| {
            openat(&self.handle, c".", flags, Mode::empty())
        })?)
    }

    /// Searches it, once, for the remains of a killed run.
    pub fn search(&self) {
        if record::is_first_search(&self.id) {
            // Nothing depends on it, so a directory that can't be read is
            // skipped.
            let Ok(directory) = self.read().and_then(|handle| Ok(Dir::new(handle)?)) else {
                return;
            };
            for entry in directory.map_while(Result::ok) {
                let name = OsStr::from_bytes(entry.file_name().to_bytes());
                if is_temporary(name.as_ref()) && self.is_leftover(name).unwrap_or(false) {
                    record::note_leftover(self.path.join(name));
                }
            }
        }
    }

    /// Returns whether nobody writes the temporary file any more: its writer
    /// locks it before its first byte.
    fn is_leftover(&self, name: &OsStr) -> io::Result<bool> {
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = openat(&self.handle, name, flags, Mode::empty())?;
        let stat = fstat(&file)?;
        if kind(&stat) != EntryKind::File || stat.st_size == 0 {
            return Ok(false);
        }
        flock(&file, FlockOperation::NonBlockingLockShared)?;
        // Its owner may just have given it its name.
        Ok(self.entry(name, false)?.id == FileId::of_stat(&stat))
    }
}

/// Locks a temporary file for as long as it is open.
pub(in crate::output) fn lock(file: &File) {
    // If files can't be locked, those left behind are not found.
    let _ = flock(file, FlockOperation::NonBlockingLockExclusive);
}

/// Returns the flags of a handle, which needs no right to read the directory if
/// the system allows that.
fn handle_flags() -> OFlags {
    let flags = OFlags::DIRECTORY | OFlags::CLOEXEC;
    #[cfg(target_os = "linux")]
    return flags | OFlags::PATH;
    #[cfg(not(target_os = "linux"))]
    return flags | OFlags::RDONLY;
}

fn kind(stat: &Stat) -> EntryKind {
    match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => EntryKind::File,
        FileType::Directory => EntryKind::Directory,
        FileType::Symlink => EntryKind::Link,
        _ => EntryKind::Special,
    }
}

fn mode(access: Access) -> Mode {
    match access {
        Access::Private => Mode::RUSR | Mode::WUSR,
        Access::Shared => Mode::from_raw_mode(0o666),
    }
}

/// Restricts the mode by the access: a umask can only remove bits from the mode
/// at creation, and the owner must be able to read what is extracted for them.
fn restrict(file: File, access: Access) -> io::Result<File> {
    if access == Access::Private {
        file.set_permissions(Permissions::from_mode(0o600))?;
    }
    Ok(file)
}
