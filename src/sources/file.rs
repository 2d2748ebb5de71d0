//! One file to pack, and reading it.

use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::SourceError;

/// A regular file to pack, as the walk saw it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Where it is.
    pub path: PathBuf,
    /// Its member path: `/`-separated, relative, without `.` or `..`.
    pub name: String,
    /// Its size in bytes.
    pub size: u64,
    /// When it was last written to.
    pub modified: SystemTime,
    pub(super) stamp: Stamp,
    pub(super) follow_links: bool,
}

/// What, besides size and date, shows that a file is another or was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    /// Device and inode.
    #[cfg(unix)]
    inode: (u64, u64),
    /// Seconds and nanoseconds; unlike the date, nobody can set it back.
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

    /// Elsewhere the size and the date have to do.
    #[cfg(not(unix))]
    pub(super) fn of(_metadata: &Metadata) -> Self {
        Self {}
    }

    #[cfg(unix)]
    pub(super) fn same_file(&self, other: &Self) -> bool {
        self.inode == other.inode
    }

    #[cfg(not(unix))]
    pub(super) fn same_file(&self, _other: &Self) -> bool {
        false
    }
}

impl Source {
    /// Opens the file for reading. Never blocks on a FIFO, and never follows a
    /// link, that took its place.
    ///
    /// # Errors
    ///
    /// - [`SourceError::ChangedWhileRead`]: it is no longer what the walk saw.
    /// - [`SourceError::Io`]: it can't be opened, or is gone.
    pub fn open(&self) -> Result<SourceFile, SourceError> {
        let file = open(&self.path, self.follow_links).map_err(|error| self.io(error))?;
        self.check(&file)?;
        Ok(SourceFile {
            file,
            source: self.clone(),
            read: 0,
        })
    }

    /// Returns whether `file` is what the walk saw.
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
            path: self.path.clone(),
        }
    }

    fn io(&self, error: io::Error) -> SourceError {
        // What open(2) says of a link (with O_NOFOLLOW) and of a socket; the
        // walk saw neither.
        #[cfg(unix)]
        if matches!(
            rustix::io::Errno::from_io_error(&error),
            Some(rustix::io::Errno::LOOP | rustix::io::Errno::NXIO)
        ) {
            return self.changed();
        }
        SourceError::io(&self.path, error)
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

/// A file being read. Ends after the number of bytes that the walk saw, even
/// if the file goes on.
///
/// What was read counts only once [`finish`](Self::finish) has said so.
#[derive(Debug)]
#[must_use = "what was read may be half a file until `finish` says otherwise"]
pub struct SourceFile {
    file: File,
    source: Source,
    read: u64,
}

impl SourceFile {
    /// Says whether the bytes that were read are the whole file, and the file
    /// is what it was at the walk: its size, dates, device and inode.
    ///
    /// A change within the same tick of the file system's clock as the walk,
    /// that keeps the size, is beyond what these can show.
    ///
    /// # Errors
    ///
    /// - [`SourceError::ChangedWhileRead`]: it is not; the file was written
    ///   to, or not read to its end.
    /// - [`SourceError::Io`]: the file system failed.
    pub fn finish(mut self) -> Result<(), SourceError> {
        if self.read != self.source.size {
            return Err(self.source.changed());
        }
        // Files in /proc have bytes that their size knows nothing of.
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
        // A file that is written to faster than it is read would never end.
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
