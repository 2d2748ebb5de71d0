//! A file in the spool's own directory in which the program says how the service does.

use std::ffi::OsStr;
use std::fs::{File, Metadata};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;

use super::OWN;
use super::error::ServiceError;
use super::places::Place;

/// The name of the file.
pub(super) const STATUS: &str = "status";

/// The size of the file in bytes. It never changes: a full disk doesn't keep a service from
/// saying so.
pub(super) const SIZE: usize = 64 * 1024;

/// What the file is filled up with.
const FILLER: u8 = b' ';

/// A file that says how a service does, also after its end.
///
/// It's for people, and the service never reads it. So it isn't flushed.
#[derive(Debug)]
pub struct StatusFile {
    path: PathBuf,
    file: File,
}

impl StatusFile {
    /// The longest text that it holds, in bytes.
    pub const LONGEST: usize = SIZE;

    pub(super) fn open(spool: &Place) -> Result<Self, ServiceError> {
        let status = Self {
            path: spool.path.join(OWN).join(STATUS),
            file: spool.own_file(OsStr::new(STATUS))?,
        };
        let is_filled = |found: Metadata| found.len() >= SIZE as u64;
        if !status.file.metadata().is_ok_and(is_filled) {
            // Without room for it, the service begins all the same. Each report tries again.
            let _ = status.write(&[]);
        }
        Ok(status)
    }

    /// Returns its path.
    pub fn path(&self) -> &std::path::Path {
        &self.path
    }

    /// Writes a text in the place of the one before. Whoever reads it meanwhile may get
    /// parts of both.
    ///
    /// # Errors
    ///
    /// The text is too long, or the file can't be written.
    pub fn write(&self, text: &[u8]) -> io::Result<()> {
        if text.len() > SIZE {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let mut filled = text.to_vec();
        filled.resize(SIZE, FILLER);
        self.file.write_all_at(&filled, 0)
    }
}
