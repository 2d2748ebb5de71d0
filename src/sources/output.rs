//! Telling the output of a run from its inputs.

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
    /// What has the name now.
    stamp: Option<Stamp>,
}

impl OutputEntry {
    /// `None` where no output can be made at `path`, so that it is no input
    /// either; making it will say why.
    pub(super) fn locate(path: &Path) -> Option<Self> {
        let name = path.file_name()?.to_os_string();
        let directory = crate::output::directory_of(path).canonicalize().ok()?;
        // Not what a link points to: the output takes the link's place.
        let stamp = fs::symlink_metadata(path)
            .ok()
            .map(|found| Stamp::of(&found));
        Some(Self {
            directory,
            name,
            stamp,
        })
    }

    /// Returns whether a file that was named as an input is the output, by
    /// whatever name.
    pub(super) fn is_file(&self, metadata: &Metadata) -> bool {
        self.stamp
            .is_some_and(|stamp| stamp.same_file(&Stamp::of(metadata)))
    }

    /// Returns whether `path`, of which `metadata` is known, is the output. By
    /// the file, which also knows it under a name of another case; and by the
    /// name, for an output that has appeared since. A hard link to it is a file
    /// in its own right, which replacing the output leaves as it is.
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
/// in each member. Other archives are files like all others, which only an
/// input can be.
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
