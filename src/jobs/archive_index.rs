//! The index of an archive, before and after it is opened.

use std::sync::OnceLock;

use crate::archive::{Archive, ReadAt};
use crate::index::{ENTRY, Index, IndexFault};
use crate::keys::NoIdentity;

/// The index of an archive, if it has one, and what came of opening it.
#[derive(Debug, Default)]
pub(super) struct ArchiveIndex {
    /// The place of its entry among the archive's.
    pub place: Option<usize>,
    pub opened: OnceLock<Result<OpenedIndex, IndexFault>>,
    /// Whether a grant is used in its place.
    is_grant: bool,
}

impl ArchiveIndex {
    pub fn of(archive: &Archive<impl ReadAt>) -> Self {
        let mut entries = archive.members().iter();
        Self {
            // It is the last one.
            place: entries.rposition(|entry| entry.is_stored_as(ENTRY)),
            opened: OnceLock::new(),
            is_grant: false,
        }
    }

    /// Uses a grant instead.
    pub fn replace_by_grant(&mut self, grant: Index) {
        self.opened = OnceLock::from(Ok(OpenedIndex::Open {
            index: grant,
            is_signed: false,
        }));
        self.is_grant = true;
    }

    /// Returns the word for what lists the members.
    pub fn kind(&self) -> &'static str {
        match self.is_grant {
            true => "grant",
            false => "index",
        }
    }

    /// Returns whether the entry at this place holds the index.
    pub fn is_at(&self, place: usize) -> bool {
        self.place == Some(place)
    }
}

/// What came of opening an index that isn't damaged.
#[derive(Debug)]
pub(super) enum OpenedIndex {
    Open {
        index: Index,
        /// Whether it has been compared with a manifest that counts.
        is_signed: bool,
    },
    /// No key opens it.
    Closed(NoIdentity),
    /// There is none.
    Missing,
}
