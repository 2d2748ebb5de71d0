//! Distinguishing the output of a run from its inputs.

use std::ffi::OsString;
use std::fs::{self, Metadata};
use std::path::{Path, PathBuf};

use super::file::{Stamp, open};
use crate::archive::{Archive, ArchiveError, Member};
use crate::message::Envelope;

/// The directory entry that the output has or will have.
pub(super) struct OutputEntry {
    directory: PathBuf,
    name: OsString,
    /// The file that has the name now.
    stamp: Option<Stamp>,
}

impl OutputEntry {
    /// Returns `None` if no output can be made at `path`, so that it is not an
    /// input either; making it will report why.
    pub(super) fn locate(path: &Path) -> Option<Self> {
        let name = path.file_name()?.to_os_string();
        let directory = crate::output::directory_of(path).canonicalize().ok()?;
        // This is not the target of a link: the output replaces the link.
        let stamp = fs::symlink_metadata(path)
            .ok()
            .map(|found| Stamp::of(&found));
        Some(Self {
            directory,
            name,
            stamp,
        })
    }

    /// Returns whether a file that was named as an input is the output, by any
    /// name.
    pub(super) fn is_file(&self, metadata: &Metadata) -> bool {
        self.stamp
            .is_some_and(|stamp| stamp.same_file(&Stamp::of(metadata)))
    }

    /// Returns whether `path`, whose metadata is `metadata`, is the output.
    /// Compares the file, which also finds it under a name in another case, and
    /// the name, which finds an output that has appeared since. A hard link to
    /// it is a separate file, which stays as it is when the output is replaced.
    pub(super) fn is(&self, path: &Path, metadata: &Metadata) -> bool {
        let same_file = self.is_file(metadata) && !has_other_names(metadata);
        same_file
            || path.file_name() == Some(&self.name)
                && crate::output::directory_of(path)
                    .canonicalize()
                    .is_ok_and(|directory| directory == self.directory)
    }
}

/// Returns whether a file is an archive as callseal writes it, with a message
/// in each member. Other archives can only be inputs, like all other files.
pub(super) fn is_sealed_archive(path: &Path) -> bool {
    let archive = open(path, false).map_err(ArchiveError::from);
    archive.and_then(Archive::open).is_ok_and(|archive| {
        let members = archive.members();
        let is_message = |member: &Member| {
            let reader = archive.read(member);
            reader.is_ok_and(|reader| Envelope::read(reader).is_ok())
        };
        !members.is_empty() && members.iter().all(is_message)
    })
}

/// Returns whether a file has more than one name.
fn has_other_names(metadata: &Metadata) -> bool {
    #[cfg(unix)]
    {
        std::os::unix::fs::MetadataExt::nlink(metadata) > 1
    }
    #[cfg(not(unix))]
    {
        let _ = metadata;
        false
    }
}
