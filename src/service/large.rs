//! Files that are so large that others don't wait for them.

use super::Service;
use super::ahead::Sealing;
use super::error::ServiceError;
use super::releasing::Releasing;
use super::settling::Candidate;
use super::stamp::Stamp;

/// The size from which a file is sealed beside the batches, in bytes: that takes more than
/// some tenths of a second.
pub(super) const LARGE: u64 = 256 << 20;

/// The large files. One at a time is sealed, in a batch for itself.
#[derive(Debug, Default)]
pub(super) struct Large {
    pub sealing: Option<Sealing>,
    /// The one that is being let go: it's read again before.
    pub releasing: Option<Releasing>,
    /// Those that had settled meanwhile.
    next: Vec<(Candidate, Stamp)>,
}

impl Large {
    /// Keeps a file that has settled until there is a place for it. Returns `false` if it
    /// is to be sealed now.
    pub fn keep(&mut self, file: &Candidate, stamp: &Stamp) -> bool {
        let is_kept = self.sealing.is_some() && stamp.size() >= LARGE;
        if is_kept {
            self.next.retain(|(known, _)| known != file);
            self.next.push((file.clone(), *stamp));
        }
        is_kept
    }

    /// Returns the number of files that wait for their place.
    pub fn waiting(&self) -> usize {
        self.next.len()
    }

    /// Returns whether anything is done beside the service.
    pub fn is_busy(&self) -> bool {
        self.sealing.is_some() || self.releasing.is_some()
    }

    /// Takes a batch that is being sealed if it has a large file, beside the others.
    /// Otherwise, returns it.
    pub fn take(&mut self, sealing: Sealing) -> Option<Sealing> {
        if self.sealing.is_some() || sealing.bytes() < LARGE || sealing.is_over() {
            return Some(sealing);
        }
        self.sealing = Some(sealing);
        None
    }
}

impl Service<'_> {
    /// Keeps the claim of a large file for a grace once it's sealed.
    pub(super) fn end_large(&mut self) -> Result<(), ServiceError> {
        let is_over = |sealing: &mut Sealing| sealing.is_over();
        let Some(sealing) = self.large.sealing.take_if(is_over) else {
            return Ok(());
        };
        self.let_large_go_on();
        self.keep_sealed(sealing.end())
    }

    /// Puts the large files back that were kept, in the order in which they had settled.
    pub(super) fn let_large_go_on(&mut self) {
        for (file, stamp) in std::mem::take(&mut self.large.next) {
            self.settling.put_back(file, stamp);
        }
    }
}
