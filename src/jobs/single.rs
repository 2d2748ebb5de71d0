//! Single messages: one file sealed, or one message opened.

use std::path::Path;

use super::error::Error;
use super::job::Job;
use crate::files::input;
use crate::message::{
    Armor, OpenError, OpenMessage, Opened, Opener, SealPlan, SealedFile, with_proven_key,
};
use crate::output::{Access, PendingFile};
use crate::sources::{SourceError, SourceOptions, Sources};

impl Job<'_> {
    /// Seals one file into one message at `output`, and returns the length of
    /// the file in bytes. The message carries the file's name without its
    /// directory.
    ///
    /// # Errors
    ///
    /// The file can't be read or changes meanwhile, or the message can't be
    /// written. Nothing is at `output` then.
    pub fn seal(
        &self,
        file: impl AsRef<Path>,
        plan: &SealPlan,
        armor: Armor,
        output: impl AsRef<Path>,
    ) -> Result<u64, Error> {
        let output = output.as_ref();
        let options = SourceOptions {
            follow_links: true,
            ..SourceOptions::default()
        };
        let found = Sources::collect(&[file], &options)?;
        let source = found.files.first().ok_or(SourceError::Nothing {
            filtered: false,
            young: 0,
        })?;
        let mut content = source.open()?;
        let name = source.name().rsplit('/').next().unwrap_or_default();
        let sealed_file = SealedFile {
            name,
            modified: source.modified(),
            length: Some(source.size()),
        };
        let write_error = |error| Error::writing(output, error);
        let mut pending =
            PendingFile::create(output, Access::Shared, self.overwrite).map_err(write_error)?;
        let mut sealer = plan.sealer();
        let length = sealer
            .seal_armored(&mut content, &sealed_file, armor, &mut pending)
            .map_err(|error| Error::sealing(source.path(), output, error))?;
        content.finish()?;
        pending.commit().map_err(write_error)?;
        Ok(length)
    }

    /// Opens one message into a file at `output`, for its owner alone. The file
    /// appears when it is authentic to its last byte, or not at all.
    ///
    /// # Errors
    ///
    /// The message can't be read or doesn't open, or the file can't be written.
    pub fn open(
        &self,
        message: impl AsRef<Path>,
        opener: &Opener<'_>,
        output: impl AsRef<Path>,
    ) -> Result<Opened, Error> {
        let (path, output) = (message.as_ref(), output.as_ref());
        let open_error = |error| Error::Open {
            path: path.to_owned(),
            error,
        };
        let write_error = |error| Error::writing(output, error);
        let is_fault = |error: &Error| {
            let is_fault = |error| matches!(error, &OpenError::Fault(_));
            matches!(error, Error::Open { error, .. } if is_fault(error))
        };
        with_proven_key(opener, is_fault, |opener| {
            let file = input::open(path).map_err(|error| Error::reading(path, error))?;
            let message = OpenMessage::begin(file, opener).map_err(open_error)?;
            let modified = message.modified();
            let mut pending = PendingFile::create(output, Access::Private, self.overwrite)
                .map_err(write_error)?;
            let opened = message.copy_to(&mut pending).map_err(|error| match error {
                OpenError::Write(error) => write_error(error),
                error => open_error(error),
            })?;
            if let Some(modified) = modified {
                pending.set_modified(modified);
            }
            pending.commit().map_err(write_error)?;
            Ok(opened)
        })
    }
}
