//! Plaintext that awaits its authentication.

use std::io::{self, Seek, SeekFrom, Write};
use std::path::Path;

use tempfile::SpooledTempFile;

use super::fault::OpenError;

/// The amount that is kept in memory, in bytes; more is kept in an unnamed
/// temporary file.
const IN_MEMORY: usize = 8 * 1024 * 1024;

/// Plaintext that awaits its authentication.
pub(super) struct Spool<'d> {
    file: SpooledTempFile,
    directory: &'d Path,
}

impl<'d> Spool<'d> {
    /// The temporary file is made in the directory.
    pub fn new(directory: &'d Path) -> Self {
        Self {
            file: tempfile::spooled_tempfile_in(IN_MEMORY, directory),
            directory,
        }
    }

    /// Returns the error that it can't be kept: a fault of the directory, not
    /// of the message.
    pub fn error(&self, error: io::Error) -> OpenError {
        OpenError::Spool {
            directory: self.directory.to_owned(),
            error,
        }
    }

    /// Writes all of it to `sink`.
    pub fn copy_to(mut self, sink: &mut dyn Write) -> Result<(), OpenError> {
        if let Err(source) = self.file.seek(SeekFrom::Start(0)) {
            return Err(self.error(source));
        }
        io::copy(&mut self.file, sink).map_err(OpenError::Write)?;
        Ok(())
    }
}

impl Write for Spool<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}
