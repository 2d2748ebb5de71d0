//! The manifest: the public list of an archive's entries with their SHA-256,
//! which is signed.
//!
//! It is text that `sha256sum --check` reads. A comment line for each member
//! holds the SHA-256 of its sealed data, which sharing leaves as they are. So the
//! manifest of an archive stays with those that are shared from it, as their
//! *origin*. `docs/format.md` has the details.

mod hashes;
mod line;
mod reader;
mod writer;

pub(crate) use hashes::{Hasher, Hashes};
pub(crate) use line::unfit_name;
pub(crate) use reader::{ListedEntry, ManifestFault, ManifestReader};
pub(crate) use writer::ManifestWriter;

/// The stored names of the entries that hold a list and its signatures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct EntryNames {
    /// The list.
    pub list: &'static str,
    /// The signatures of X.509 signers: CMS.
    pub cms: &'static str,
    /// The signatures of OpenPGP signers.
    pub openpgp: &'static str,
}

impl EntryNames {
    /// Returns them as an array.
    pub fn all(self) -> [&'static str; 3] {
        [self.list, self.cms, self.openpgp]
    }
}

/// The manifest of the archive itself.
pub(crate) const MANIFEST: EntryNames = EntryNames {
    list: "META-INF/callseal/manifest",
    cms: "META-INF/callseal/manifest.p7s",
    openpgp: "META-INF/callseal/manifest.sig",
};

/// The manifest of the archive that it was shared from.
pub(crate) const ORIGIN: EntryNames = EntryNames {
    list: "META-INF/callseal/origin",
    cms: "META-INF/callseal/origin.p7s",
    openpgp: "META-INF/callseal/origin.sig",
};

#[cfg(test)]
mod tests;
