//! One file to pack, and reading it.

use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::SourceError;
use crate::files::{FileId, record};

/// A regular file to pack, as the walk saw it. It takes 88 bytes and the path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    pub(super) place: Place,
    pub(super) size: u64,
    pub(super) modified: SystemTime,
    pub(super) stamp: Stamp,
    pub(super) follow_links: bool,
}

/// A file's path, and its member path. There may be a million of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// The member path is the end of the path, as it is for most files.
    Within {
        path: Box<str>,
        /// The start of the member path.
        start: u32,
    },
    Apart(Box<(PathBuf, String)>),
}

impl Place {
    pub(super) fn new(path: PathBuf, name: String) -> Self {
        let within = path.to_str().and_then(|text| {
            let start = text.strip_suffix(&name)?.len();
            Some(Self::Within {
                path: text.into(),
                start: start.try_into().ok()?,
            })
        });
        within.unwrap_or_else(|| Self::Apart((path, name).into()))
    }
}

/// The properties besides size and date that show whether a file is another or
/// was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    /// Device and inode.
    #[cfg(unix)]
    inode: (u64, u64),
    /// Seconds and nanoseconds; unlike the date, they can't be set back.
    #[cfg(unix)]
    changed: (i64, i64),
}

impl Stamp {
    #[cfg(unix)]
    pub(super) fn of(metadata: &Metadata) -> Self {
        use std::os::unix::fs::MetadataExt;
        Self {
            inode: (metadata.dev(), metadata.ino()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }

    /// Other systems use only the size and the date.
    #[cfg(not(unix))]
    pub(super) fn of(_metadata: &Metadata) -> Self {
        Self {}
    }

    #[cfg(unix)]
    pub(super) fn same_file(&self, other: &Self) -> bool {
        self.inode == other.inode
    }

    #[cfg(unix)]
    fn id(&self) -> FileId {
        FileId::of_inode(self.inode)
    }

    #[cfg(not(unix))]
    pub(super) fn same_file(&self, _other: &Self) -> bool {
        false
    }
}

impl Source {
    /// Returns a file with the name that it'll have in an archive, as `found`
    /// describes it. Links at its path are not followed.
    pub(crate) fn new(path: PathBuf, name: String, found: &Metadata) -> io::Result<Self> {
        Ok(Self {
            place: Place::new(path, name),
            size: found.len(),
            modified: found.modified()?,
            stamp: Stamp::of(found),
            follow_links: false,
        })
    }

    /// Returns its path.
    pub fn path(&self) -> &Path {
        match &self.place {
            Place::Within { path, .. } => Path::new(&**path),
            Place::Apart(both) => &both.0,
        }
    }

    /// Returns its member path: `/`-separated, relative, without `.` or `..`.
    pub fn name(&self) -> &str {
        match &self.place {
            Place::Within { path, start } => {
                let start = usize::try_from(*start).ok();
                start
                    .and_then(|start| path.get(start..))
                    .unwrap_or_default()
            }
            Place::Apart(both) => &both.1,
        }
    }

    /// Returns its size in bytes.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Returns when it was last written to.
    pub fn modified(&self) -> SystemTime {
        self.modified
    }

    /// Returns the identity of the file that the walk saw.
    pub(super) fn id(&self) -> io::Result<FileId> {
        #[cfg(unix)]
        return Ok(self.stamp.id());
        #[cfg(not(unix))]
        return FileId::of(self.path(), &std::fs::symlink_metadata(self.path())?);
    }

    /// Returns whether this process has read the file as an input of another kind: as
    /// a certificate, a key or a config.
    #[doc(hidden)]
    pub fn is_input(&self) -> bool {
        self.id().is_ok_and(|id| record::has_read(&id))
    }

    /// Returns whether `file` is what the walk saw, as far as other names of it don't
    /// matter: these change its inode too.
    pub(super) fn is_same(&self, file: &File) -> io::Result<bool> {
        let now = file.metadata()?;
        let is_other = cfg!(unix) && !Stamp::of(&now).same_file(&self.stamp);
        Ok(
            !is_other
                && now.is_file()
                && now.len() == self.size
                && now.modified()? == self.modified,
        )
    }

    /// Opens the file for reading. Never blocks on a FIFO, and never follows a
    /// link, that replaced it.
    ///
    /// # Errors
    ///
    /// - [`SourceError::ChangedWhileRead`]: it is no longer the file that the
    ///   walk saw.
    /// - [`SourceError::Io`]: it can't be opened, or is gone.
    pub fn open(&self) -> Result<SourceFile, SourceError> {
        let file = open(self.path(), self.follow_links).map_err(|error| self.io(error))?;
        self.read(file)
    }

    /// Reads it through a file that was opened already.
    ///
    /// # Errors
    ///
    /// As for [`open`](Self::open).
    pub(crate) fn read(&self, file: File) -> Result<SourceFile, SourceError> {
        self.check(&file)?;
        Ok(SourceFile {
            file,
            source: self.clone(),
            read: 0,
        })
    }

    /// Checks that `file` is what the walk saw.
    fn check(&self, file: &File) -> Result<(), SourceError> {
        let now = file.metadata().map_err(|error| self.io(error))?;
        let same = now.is_file()
            && now.len() == self.size
            && now.modified().is_ok_and(|time| time == self.modified)
            && Stamp::of(&now) == self.stamp;
        if same { Ok(()) } else { Err(self.changed()) }
    }

    fn changed(&self) -> SourceError {
        SourceError::ChangedWhileRead {
            path: self.path().to_owned(),
        }
    }

    fn io(&self, error: io::Error) -> SourceError {
        // The errors of open(2) for a link (with O_NOFOLLOW) and for a socket;
        // the walk saw neither.
        #[cfg(unix)]
        if matches!(
            rustix::io::Errno::from_io_error(&error),
            Some(rustix::io::Errno::LOOP | rustix::io::Errno::NXIO)
        ) {
            return self.changed();
        }
        SourceError::io(self.path(), error)
    }
}

#[cfg(unix)]
pub(super) fn open(path: &Path, follow_links: bool) -> io::Result<File> {
    use rustix::fs::{Mode, OFlags, open};
    let mut flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
    flags.set(OFlags::NOFOLLOW, !follow_links);
    let opened = rustix::io::retry_on_intr(|| open(path, flags, Mode::empty()))?;
    Ok(File::from(opened))
}

#[cfg(not(unix))]
pub(super) fn open(path: &Path, _follow_links: bool) -> io::Result<File> {
    File::open(path)
}

/// A file being read. It ends after the number of bytes that the walk saw, even
/// if the file is longer.
///
/// The bytes count only once [`finish`](Self::finish) has succeeded.
#[derive(Debug)]
#[must_use = "the bytes may be half a file until `finish` succeeds"]
pub struct SourceFile {
    file: File,
    source: Source,
    read: u64,
}

impl SourceFile {
    /// Checks that the bytes that were read are the whole file, and that the
    /// file is what it was at the walk: its size, dates, device and inode.
    ///
    /// They can't show a change that keeps the size and happens within the same
    /// tick of the file system's clock as the walk.
    ///
    /// # Errors
    ///
    /// - [`SourceError::ChangedWhileRead`]: the file was written to, or not
    ///   read to its end.
    /// - [`SourceError::Io`]: the file system failed.
    pub fn finish(mut self) -> Result<(), SourceError> {
        if self.read != self.source.size {
            return Err(self.source.changed());
        }
        // Files in /proc have more bytes than their size says.
        let beyond = loop {
            match self.file.read(&mut [0]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => break other.map_err(|error| self.source.io(error))?,
            }
        };
        if beyond != 0 {
            return Err(self.source.changed());
        }
        self.source.check(&self.file)
    }
}

impl Read for SourceFile {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        // Otherwise a file that is written to faster than it is read would
        // never end.
        let left = usize::try_from(self.source.size - self.read).unwrap_or(usize::MAX);
        let wanted = left.min(buffer.len());
        let Some(buffer) = buffer.get_mut(..wanted).filter(|part| !part.is_empty()) else {
            return Ok(0);
        };
        let count = self.file.read(buffer)?;
        self.read += count as u64;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_and_its_member_path_are_held_once() {
        for (path, name, is_once) in [
            ("calls/a.wav", "calls/a.wav", true),
            ("/var/calls/ä.wav", "var/calls/ä.wav", true),
            ("a/../b/c.wav", "b/c.wav", true),
            ("a/b/../c.wav", "a/c.wav", false),
        ] {
            let source = Source {
                place: Place::new(path.into(), name.into()),
                size: 0,
                modified: SystemTime::UNIX_EPOCH,
                stamp: Stamp::of(&std::fs::metadata(".").unwrap()),
                follow_links: false,
            };
            assert_eq!(source.path(), Path::new(path));
            assert_eq!(source.name(), name);
            assert_eq!(
                matches!(source.place, Place::Within { .. }),
                is_once,
                "{path}"
            );
        }
    }

    #[test]
    #[cfg(all(unix, target_pointer_width = "64"))]
    fn a_source_takes_as_little_memory_as_documented() {
        assert_eq!(size_of::<Source>(), 88);
    }
}
