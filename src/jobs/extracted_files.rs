//! The files of an extraction, from their first byte to their names.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError};

use crate::archive::Member;
use crate::jobs::archive_file::open_cause;
use crate::jobs::error::MemberCause;
use crate::message::OpenError;
use crate::output::{Access, Batch, Failed, Overwrite, PendingFile, Place, PlaceError, TargetDir};
use crate::output::{is_input, is_lack_of_descriptors};

/// The files of an extraction. A file that is complete waits for others, and is
/// flushed to disk together with them. So it may fail after its member is done.
pub(super) struct ExtractedFiles<'a> {
    directory: &'a TargetDir,
    overwrite: Overwrite,
    batch: Batch<'a, Owner>,
    late: Mutex<LateFailures>,
    /// The error of a disk on which nothing more can be written.
    full: OnceLock<io::Error>,
}

/// The failures after their members were done, by the members' offsets.
pub(super) type LateFailures = HashMap<u64, MemberCause>;

/// The offset of the member of a file, and the file's path.
type Owner = (u64, PathBuf);

impl<'a> ExtractedFiles<'a> {
    pub fn new(directory: &'a TargetDir, overwrite: Overwrite) -> Self {
        Self {
            directory,
            overwrite,
            batch: Batch::new(directory),
            late: Mutex::default(),
            full: OnceLock::new(),
        }
    }

    /// Writes the file of a member, which is complete or absent.
    pub fn write<T>(
        &self,
        member: &Member,
        name: &str,
        content: impl FnOnce(&mut PendingFile) -> Result<T, OpenError>,
    ) -> Result<T, MemberCause> {
        let place = self.place(name)?;
        let path = place.path().to_owned();
        let mut pending = self
            .create(place)
            .map_err(|error| self.cause(&path, error))?;
        let written = content(&mut pending).map_err(|error| match error {
            OpenError::Write(error) => self.cause(&path, error),
            other => open_cause(other),
        })?;
        self.note(self.batch.add(pending, (member.offset(), path)));
        Ok(written)
    }

    /// Returns the reason why nothing more can be written to the disk, if there
    /// is one.
    pub fn full(&self) -> Option<io::Error> {
        self.full.get().map(again)
    }

    /// Flushes all files to disk. Returns the failures of those whose members
    /// were done.
    pub fn finish(self) -> LateFailures {
        self.note(self.batch.flush());
        let late = self.late.into_inner();
        late.unwrap_or_else(PoisonError::into_inner)
    }

    fn place(&self, name: &str) -> Result<Place, PlaceError> {
        match self.directory.place(name) {
            Err(PlaceError::Io { error, .. }) if self.makes_room(&error) => {
                self.directory.place(name)
            }
            other => other,
        }
    }

    fn create(&self, place: Place) -> io::Result<PendingFile> {
        let create = |place| PendingFile::create_at(place, Access::Private, self.overwrite);
        match create(place.clone()) {
            Err(error) if self.makes_room(&error) => create(place),
            other => other,
        }
    }

    /// Closes the files that wait if an error was for want of descriptors.
    fn makes_room(&self, error: &io::Error) -> bool {
        let makes_room = is_lack_of_descriptors(error);
        if makes_room {
            self.note(self.batch.flush());
        }
        makes_room
    }

    fn note(&self, failed: Failed<Owner>) {
        let failed = failed.into_iter();
        let failed: Vec<_> = failed
            .map(|((member, path), error)| (member, self.cause(&path, error)))
            .collect();
        if !failed.is_empty() {
            // It is intact after any panic: each change is one insertion.
            let late = self.late.lock();
            late.unwrap_or_else(PoisonError::into_inner).extend(failed);
        }
    }

    /// Returns the cause of a member's failure, which is the error of its file.
    fn cause(&self, path: &Path, error: io::Error) -> MemberCause {
        if is_of_full_disk(&error) {
            self.full.get_or_init(|| again(&error));
        }
        match error.kind() {
            io::ErrorKind::AlreadyExists => MemberCause::Exists(path.to_owned()),
            _ if is_input(&error) => MemberCause::IsInput(path.to_owned()),
            _ => MemberCause::Write {
                path: path.to_owned(),
                error,
            },
        }
    }
}

/// Returns whether the error is that of a disk, or of a share of it, on which
/// nothing more can be written.
fn is_of_full_disk(error: &io::Error) -> bool {
    use io::ErrorKind::{QuotaExceeded, ReadOnlyFilesystem, StorageFull};
    matches!(
        error.kind(),
        StorageFull | QuotaExceeded | ReadOnlyFilesystem
    )
}

/// Returns an error of the system once more.
fn again(error: &io::Error) -> io::Error {
    match error.raw_os_error() {
        Some(number) => io::Error::from_raw_os_error(number),
        None => error.kind().into(),
    }
}
