//! The properties by which a change of a file shows.

use rustix::fs::{FileType, Stat};

/// The properties of a file that are compared to see whether it was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Stamp {
    /// Device and inode.
    id: (u64, u64),
    size: i64,
    modified: (i64, i64),
    /// Unlike the date, it can't be set back. Renaming sets it.
    changed: (i64, i64),
}

impl Stamp {
    #[allow(
        clippy::unnecessary_cast,
        reason = "the types differ from system to system"
    )]
    pub fn of(stat: &Stat) -> Self {
        Self {
            id: (stat.st_dev as u64, stat.st_ino as u64),
            size: stat.st_size as i64,
            modified: (stat.st_mtime as i64, stat.st_mtime_nsec as i64),
            changed: (stat.st_ctime as i64, stat.st_ctime_nsec as i64),
        }
    }

    /// Returns whether this is the same file with the same content, which may have
    /// been renamed meanwhile.
    pub fn is_content_of(&self, other: &Self) -> bool {
        let renamed = Self {
            changed: other.changed,
            ..*self
        };
        renamed == *other
    }

    /// Returns whether both are of the same file.
    pub fn is_file_of(&self, other: &Self) -> bool {
        self.id == other.id
    }

    /// Returns the size in bytes.
    pub fn size(&self) -> u64 {
        u64::try_from(self.size).unwrap_or_default()
    }
}

/// Returns whether it's a regular file.
pub(super) fn is_file(stat: &Stat) -> bool {
    FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile
}

/// Returns whether it's a directory.
pub(super) fn is_directory(stat: &Stat) -> bool {
    FileType::from_raw_mode(stat.st_mode) == FileType::Directory
}
