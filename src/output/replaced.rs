//! A file that a new version of itself replaces.

use std::ffi::OsStr;
use std::fs::{File, Metadata};
use std::io;
use std::path::Path;

use super::directory::Directory;
use crate::files::{FileId, input};

/// A file that a new version of itself is about to replace. It is locked until
/// then: the changes of two processes would not add up.
#[derive(Debug)]
pub(super) struct Replaced {
    file: File,
    metadata: Metadata,
    id: FileId,
}

impl Replaced {
    /// Opens and locks the file at a path, which must be the one that was read.
    pub fn open(path: &Path, read: &File) -> io::Result<Self> {
        let file = input::open(path)?;
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "not a regular file",
            ));
        }
        #[cfg(unix)]
        lock(&file)?;
        let replaced = Self {
            id: FileId::of(path, &metadata)?,
            file,
            metadata,
        };
        // It may have been replaced since it was read, or before it was locked.
        let was_read = FileId::of(path, &read.metadata()?)?;
        let is_there = FileId::of(path, &path.metadata()?)?;
        match was_read == replaced.id && is_there == replaced.id {
            true => Ok(replaced),
            false => Err(busy()),
        }
    }

    /// Refuses to replace what another process has put there since.
    pub fn check(&self, directory: &Directory, name: &OsStr) -> io::Result<()> {
        let entry = directory.entry(name, false)?;
        match entry.id == self.id {
            true => Ok(()),
            false => Err(busy()),
        }
    }

    /// Gives a file the owner, mode and access control list of this one. A file
    /// of another owner than this process's can be replaced only with the right
    /// to give files away.
    #[cfg(unix)]
    pub fn pass_on_access(&self, new: &File) -> io::Result<()> {
        use std::os::unix::fs::{MetadataExt, fchown};
        let now = new.metadata()?;
        let (uid, gid) = (self.metadata.uid(), self.metadata.gid());
        if (now.uid(), now.gid()) != (uid, gid) {
            fchown(new, Some(uid), Some(gid))?;
        }
        new.set_permissions(self.metadata.permissions())?;
        #[cfg(target_os = "linux")]
        pass_on_acl(&self.file, new)?;
        Ok(())
    }

    #[cfg(not(unix))]
    pub fn pass_on_access(&self, new: &File) -> io::Result<()> {
        new.set_permissions(self.metadata.permissions())
    }
}

/// Locks a file until it's closed. Where files can't be locked, the check before
/// the replacement finds most changes.
#[cfg(unix)]
fn lock(file: &File) -> io::Result<()> {
    use rustix::fs::{FlockOperation, flock};
    use rustix::io::Errno;
    match flock(file, FlockOperation::NonBlockingLockExclusive) {
        Err(Errno::WOULDBLOCK) => Err(busy()),
        _ => Ok(()),
    }
}

/// Copies the POSIX access control list, which Linux keeps in an extended
/// attribute.
#[cfg(target_os = "linux")]
fn pass_on_acl(old: &File, new: &File) -> io::Result<()> {
    use rustix::fs::{XattrFlags, fgetxattr, fsetxattr};
    use rustix::io::Errno;
    const ACL: &std::ffi::CStr = c"system.posix_acl_access";
    let mut acl = vec![0; 64 * 1024];
    let length = match fgetxattr(old, ACL, acl.as_mut_slice()) {
        // There is none, or the file system has none.
        Err(Errno::NODATA | Errno::OPNOTSUPP | Errno::NOSYS) => return Ok(()),
        length => length?,
    };
    acl.truncate(length);
    Ok(fsetxattr(new, ACL, &acl, XattrFlags::empty())?)
}

fn busy() -> io::Error {
    io::Error::new(
        io::ErrorKind::ResourceBusy,
        "another process is changing it",
    )
}
