//! Plaintext that awaits its authentication.

use std::env;
use std::io::{self, Seek, SeekFrom, Write};

use tempfile::SpooledTempFile;

use super::fault::OpenError;

/// The amount that is kept in memory, in bytes; more is kept in an unnamed
/// temporary file.
const IN_MEMORY: usize = 8 * 1024 * 1024;

/// Plaintext that awaits its authentication.
pub(super) struct Spool {
    file: SpooledTempFile,
}

impl Spool {
    pub fn new() -> Self {
        Self {
            file: tempfile::spooled_tempfile(IN_MEMORY),
        }
    }

    /// Returns the error that it can't be kept: a fault of the directory, not
    /// of the message.
    pub fn error(&self, error: io::Error) -> OpenError {
        OpenError::Spool {
            directory: env::temp_dir(),
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

impl Write for Spool {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}
