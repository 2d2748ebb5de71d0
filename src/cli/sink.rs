//! A file or standard output, for what is written at once.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use callseal::output::{Access, PendingFile};

use super::args::OverwriteArgs;
use super::failure::Failure;
use crate::cli::error::Error;

/// An output. It's made before anything is asked for.
pub enum Sink {
    Stdout,
    File(PathBuf, PendingFile),
}

impl Sink {
    pub fn open(
        output: Option<&Path>,
        access: Access,
        overwrite: &OverwriteArgs,
    ) -> Result<Self, Failure> {
        let Some(path) = output else {
            return Ok(Self::Stdout);
        };
        let pending = PendingFile::create(path, access, overwrite.overwrite())
            .map_err(|source| Error::writing(path, source))?;
        Ok(Self::File(path.to_owned(), pending))
    }

    pub fn write(self, content: &[u8]) -> Result<(), Failure> {
        match self {
            Self::Stdout => {
                let mut stdout = io::stdout().lock();
                stdout.write_all(content)?;
                stdout.flush()?;
            }
            Self::File(path, mut pending) => pending
                .write_all(content)
                .and_then(|()| pending.commit())
                .map_err(|source| Error::writing(&path, source))?,
        }
        Ok(())
    }
}
