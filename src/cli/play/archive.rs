//! An archive whose bytes are served. It's held open, and its bytes are only those that it
//! had at the start.

use std::fs::{File, Metadata};
use std::io;
use std::path::Path;
use std::time::SystemTime;

use callseal::ArchiveFile;
use callseal::archive::ReadAt;

use crate::cli::error::Error;

/// An open archive.
pub struct ServedArchive {
    /// How it is called in the page.
    pub name: String,
    pub size: u64,
    /// The entity tag of these bytes.
    pub tag: String,
    file: File,
    state: State,
}

/// What shows that a file is another one, or was changed.
#[derive(Debug, PartialEq)]
struct State {
    size: u64,
    modified: SystemTime,
    /// The device, and the number of the file on it.
    #[cfg(unix)]
    inode: (u64, u64),
}

impl State {
    fn of(metadata: &Metadata) -> io::Result<Self> {
        #[cfg(unix)]
        use std::os::unix::fs::MetadataExt;
        Ok(Self {
            size: metadata.len(),
            modified: metadata.modified()?,
            #[cfg(unix)]
            inode: (metadata.dev(), metadata.ino()),
        })
    }

    /// Returns a strong entity tag, which doesn't show what it's made from.
    fn tag(&self) -> String {
        let hash = blake3::hash(format!("{self:?}").as_bytes()).to_hex();
        format!("\"{hash:.32}\"")
    }
}

impl ServedArchive {
    /// Opens an archive, which has to be one sound ZIP archive.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let file = ArchiveFile::open(path)?.into_file();
        let state = file.metadata().and_then(|metadata| State::of(&metadata));
        let state = state.map_err(|error| Error::reading(path, error))?;
        let name = path.file_name().unwrap_or(path.as_os_str());
        Ok(Self {
            name: name.to_string_lossy().into_owned(),
            size: state.size,
            tag: state.tag(),
            file,
            state,
        })
    }

    /// Returns whether it's still as it was at the start, as far as the system knows.
    pub fn is_unchanged(&self) -> bool {
        let now = self.file.metadata();
        let now = now.and_then(|metadata| State::of(&metadata));
        now.is_ok_and(|now| now == self.state)
    }

    /// Returns whether it is the same file as another one, as far as the system knows.
    pub fn is_same_file(&self, other: &Self) -> bool {
        #[cfg(unix)]
        return self.state.inode == other.state.inode;
        #[cfg(not(unix))]
        {
            let _ = other;
            false
        }
    }

    /// Reads some of its bytes from this position.
    ///
    /// # Errors
    ///
    /// They can't be read, or are no longer those of the start.
    pub fn read(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.file.read_at(buffer, offset) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                // A change before the reading shows after it.
                Ok(_) if !self.is_unchanged() => return Err(io::Error::other("it has changed")),
                Ok(read) => return Ok(read),
            }
        }
    }
}
