//! Output that is complete or absent, and stays inside its directory.
//!
//! [`PendingFile`] is a file that nobody sees before [`PendingFile::commit`].
//! [`TargetDir`] is a directory that members of an archive can't leave. It
//! makes the names of all its files durable at its end, so that extracting
//! 100,000 files flushes each directory once. `Batch` flushes their contents
//! many at a time.
//! `Claims` takes files out of their directory before they are removed.

mod batch;
mod claims;
mod descriptors;
mod directory;
mod pending;
mod recent;
mod replaced;
mod target;
mod temporary;
mod writeback;

pub(crate) use batch::{Batch, Failed};
pub(crate) use claims::{Claims, is_claim};
#[doc(hidden)]
pub use claims::{PutBack, put_back};
pub(crate) use descriptors::is_lack_of_descriptors;
#[cfg(target_os = "linux")]
pub(crate) use directory::{Directory, unnamed};
pub use pending::Overwrite;
#[doc(hidden)]
pub use pending::{Access, PendingFile, Place};
pub(crate) use pending::{is_input, is_not_flushed};
#[doc(hidden)]
pub use target::{PlaceError, TargetDir};
#[doc(hidden)]
pub use temporary::{NoTemporaries, is_temporary, remove_temporaries};

use std::path::{Path, PathBuf};

/// Returns the directory of `path`, in a form that can be opened.
pub(crate) fn directory_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_path_buf(),
        _ => PathBuf::from("."),
    }
}

#[cfg(test)]
mod tests;
