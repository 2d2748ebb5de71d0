//! Writing a manifest while its archive is written.

use std::io::{self, Read, Seek, Write};
use std::path::Path;
use std::time::SystemTime;

use openssl::rand::rand_bytes;
use tempfile::SpooledTempFile;

use super::hashes::Hashes;
use super::line::{Head, Line, unfit_name};

/// The amount that is kept in memory, in bytes; more is kept in an unnamed
/// temporary file.
const IN_MEMORY: usize = 1024 * 1024;

/// Writes a manifest entry by entry.
pub(crate) struct ManifestWriter {
    spool: SpooledTempFile,
    text: String,
}

/// The octets that are collected before they are written.
const COLLECTED: usize = 32 * 1024;

impl ManifestWriter {
    /// Begins the manifest of an archive. What doesn't fit in memory goes to an
    /// unnamed file in `directory`.
    pub fn new(time: SystemTime, directory: &Path) -> io::Result<Self> {
        let mut archive = [0; 16];
        rand_bytes(&mut archive)?;
        Ok(Self {
            spool: tempfile::spooled_tempfile_in(IN_MEMORY, directory),
            text: Head { archive, time }.line(),
        })
    }

    /// Adds the next entry, by its stored name.
    ///
    /// # Errors
    ///
    /// A line can't hold the name; or the temporary file can't be written.
    pub fn push(&mut self, name: &str, hashes: &Hashes) -> io::Result<()> {
        if unfit_name(name).is_some() {
            let what = "a manifest can't hold the name of an entry";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, what));
        }
        Line::Entry(hashes.entry, name).push(&mut self.text);
        if let Some(sealed) = hashes.sealed {
            Line::Sealed(sealed, name).push(&mut self.text);
        }
        match self.text.len() >= COLLECTED {
            true => self.flush(),
            false => Ok(()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.spool.write_all(self.text.as_bytes())?;
        self.text.clear();
        Ok(())
    }

    /// Ends the manifest. Returns it from its beginning, and its length in bytes.
    pub fn finish(mut self) -> io::Result<(impl Read + Seek, u64)> {
        self.flush()?;
        let length = self.spool.stream_position()?;
        self.spool.rewind()?;
        Ok((self.spool, length))
    }
}
