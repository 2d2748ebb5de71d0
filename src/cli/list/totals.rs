//! Sums over members.

use std::time::SystemTime;

use callseal::archive::Member;
use callseal::{ArchiveFile, Timestamp};
use serde::Serialize;

use super::modified;

/// Sums over some members.
#[derive(Clone, Copy, Debug, Default)]
pub struct Totals {
    pub members: u64,
    pub sealed: u64,
    /// The size of the files, as far as an opened index lists them.
    plain: u64,
    pub listed: u64,
    pub oldest: Option<SystemTime>,
    pub newest: Option<SystemTime>,
}

impl Totals {
    pub fn of(archive: &ArchiveFile, member: &Member) -> Self {
        let listed = archive.listed(member);
        let modified = Some(modified(archive, member).0);
        Self {
            members: 1,
            sealed: member.size(),
            plain: listed.map_or(0, |listed| listed.size),
            listed: u64::from(listed.is_some()),
            oldest: modified,
            newest: modified,
        }
    }

    pub fn add(&mut self, more: &Self) {
        self.members += more.members;
        // The sizes are whatever the archive states.
        self.sealed = self.sealed.saturating_add(more.sealed);
        self.plain = self.plain.saturating_add(more.plain);
        self.listed += more.listed;
        self.oldest = self.oldest.into_iter().chain(more.oldest).min();
        self.newest = self.newest.max(more.newest);
    }

    /// Returns the size of the files, if the index lists all of them: the sum of some would
    /// pass for that of all.
    pub fn plain(&self) -> Option<u64> {
        (self.listed == self.members).then_some(self.plain)
    }

    pub fn facts(&self) -> TotalFacts {
        TotalFacts {
            members: self.members,
            sealed_bytes: self.sealed,
            plain_bytes: self.plain(),
            oldest: self.oldest.map(Timestamp),
            newest: self.newest.map(Timestamp),
        }
    }
}

#[derive(Serialize)]
pub struct TotalFacts {
    members: u64,
    sealed_bytes: u64,
    /// Null if an opened index doesn't list all of them.
    plain_bytes: Option<u64>,
    oldest: Option<Timestamp>,
    newest: Option<Timestamp>,
}
