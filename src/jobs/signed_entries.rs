//! The entries of an archive that say who signed it.

use crate::archive::{Archive, Member, ReadAt};
use crate::manifest::{EntryNames, MANIFEST, ORIGIN};

/// The places of the signed lists of an archive, and of their signatures.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct SignedEntries {
    pub manifest: SignedList,
    pub origin: SignedList,
}

/// The places of one list and its signatures among the entries of an archive.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct SignedList {
    pub list: Option<usize>,
    pub cms: Option<usize>,
    pub openpgp: Option<usize>,
}

impl SignedEntries {
    pub fn of(archive: &Archive<impl ReadAt>) -> Self {
        let mut found = Self::default();
        // They follow the members, but others may have added entries.
        for (place, entry) in archive.members().iter().enumerate() {
            found.manifest.note(MANIFEST, place, entry);
            found.origin.note(ORIGIN, place, entry);
        }
        found
    }

    /// Returns whether the entry at this place is one of them.
    pub fn is_at(&self, place: usize) -> bool {
        let lists = [self.manifest, self.origin].into_iter();
        lists
            .flat_map(SignedList::places)
            .any(|own| own == Some(place))
    }
}

impl SignedList {
    fn note(&mut self, names: EntryNames, place: usize, entry: &Member) {
        let [list, cms, openpgp] = names.all();
        for (name, own) in [
            (list, &mut self.list),
            (cms, &mut self.cms),
            (openpgp, &mut self.openpgp),
        ] {
            if entry.is_stored_as(name) {
                *own = Some(place);
            }
        }
    }

    /// Returns the places of the list, its CMS signatures and its OpenPGP
    /// signatures.
    pub fn places(self) -> [Option<usize>; 3] {
        [self.list, self.cms, self.openpgp]
    }

    /// Returns whether there is anything of it.
    pub fn is_there(self) -> bool {
        self.places().iter().any(Option::is_some)
    }
}
