//! The common settings of jobs.

use std::fmt;
use std::num::NonZeroUsize;
use std::thread;
use std::time::SystemTime;

use super::evidence::OldSignatures;
use super::layout::Layout;
use super::progress::{NoProgress, Progress};
use crate::keys::SigningKey;
use crate::output::Overwrite;

/// The settings of a job: [`pack`](Job::pack), [`extract`](Job::extract) or
/// [`convert`](Job::convert).
///
/// Each worker needs some 12 MiB of memory, whatever the sizes of the files.
#[derive(Clone, Copy)]
pub struct Job<'a> {
    pub(super) overwrite: Overwrite,
    pub(super) skip_existing: bool,
    pub(super) other_files: bool,
    pub(super) hashes: bool,
    pub(super) is_read_back: bool,
    pub(super) has_index: bool,
    pub(super) hides_names: bool,
    pub(super) signing: &'a [SigningKey],
    pub(super) old_signatures: OldSignatures<'a>,
    pub(super) workers: NonZeroUsize,
    pub(super) progress: &'a dyn Progress,
}

impl<'a> Job<'a> {
    /// Creates a job with a worker for each core, which overwrites nothing.
    pub fn new() -> Self {
        Self {
            overwrite: Overwrite::Refuse,
            skip_existing: false,
            other_files: false,
            hashes: false,
            is_read_back: false,
            has_index: true,
            hides_names: false,
            signing: &[],
            old_signatures: OldSignatures::Refuse,
            workers: thread::available_parallelism().unwrap_or(NonZeroUsize::MIN),
            progress: &NoProgress,
        }
    }

    /// Replaces files that exist, or not.
    #[must_use]
    pub fn overwrite(self, overwrite: Overwrite) -> Self {
        Self { overwrite, ..self }
    }

    /// Passes over members whose files exist: [`extract`](Job::extract) goes on
    /// where it ended before.
    #[must_use]
    pub fn skipping_existing(self) -> Self {
        Self {
            skip_existing: true,
            ..self
        }
    }

    /// Also extracts the files of an archive that were never sealed.
    #[must_use]
    pub fn with_other_files(self) -> Self {
        Self {
            other_files: true,
            ..self
        }
    }

    /// Takes the SHA-256 of each file that is [packed](Job::pack).
    #[must_use]
    pub fn hashing(self) -> Self {
        Self {
            hashes: true,
            ..self
        }
    }

    /// Takes what it needs to [remove](Job::remove_packed) the files that are
    /// [packed](Job::pack).
    #[doc(hidden)]
    #[must_use]
    pub fn removing(self) -> Self {
        Self {
            is_read_back: true,
            ..self
        }
    }

    /// Writes archives without an index. By default, an archive of two or more
    /// OpenPGP messages has one: a sealed list of their session keys, by which
    /// one private key operation opens them all.
    #[must_use]
    pub fn without_index(self) -> Self {
        Self {
            has_index: false,
            ..self
        }
    }

    /// Calls the members of the archive by numbers, and gives them all the time
    /// of the job. Their names and times are in their messages and in the index.
    #[must_use]
    pub fn hiding_names(self) -> Self {
        Self {
            hides_names: true,
            ..self
        }
    }

    /// Signs archives with these keys: adds a manifest, the list of the archive's
    /// entries with their SHA-256, and its signatures.
    #[doc(hidden)]
    #[must_use]
    pub fn signing(self, keys: &'a [SigningKey]) -> Self {
        Self {
            signing: keys,
            ..self
        }
    }

    /// Says what becomes of the signatures of an archive that is
    /// [shared](Job::share) or signed again.
    #[doc(hidden)]
    #[must_use]
    pub fn old_signatures(self, old_signatures: OldSignatures<'a>) -> Self {
        Self {
            old_signatures,
            ..self
        }
    }

    /// Returns what an archive shows of its members.
    pub(super) fn layout(&self) -> Layout {
        Layout {
            index: self.has_index,
            hidden_at: self.hides_names.then(SystemTime::now),
        }
    }

    /// Uses up to that many threads.
    #[must_use]
    pub fn workers(self, workers: NonZeroUsize) -> Self {
        Self { workers, ..self }
    }

    /// Reports the progress to `progress`, from all threads.
    #[must_use]
    pub fn progress(self, progress: &'a dyn Progress) -> Self {
        Self { progress, ..self }
    }
}

impl Default for Job<'_> {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Job<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Job")
            .field("overwrite", &self.overwrite)
            .field("workers", &self.workers)
            .finish_non_exhaustive()
    }
}
