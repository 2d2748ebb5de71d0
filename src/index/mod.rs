//! The index: the sealed list of an archive's members with their session keys.
//! A key that opens it
//! opens every member that it lists, with no further private key operation.
//!
//! It is an entry of the archive, [`ENTRY`]: an OpenPGP message, whose content is
//! text of one JSON document per line. The first line says how many lines
//! follow; then comes one for each member, in the order of the central
//! directory. `docs/format.md` has the details.

use crate::archive::MemberName;

mod grant;
mod line;
mod reader;
mod writer;

pub(crate) use grant::Grant;
pub use reader::Entry;
pub(crate) use reader::{Index, IndexFault};
pub(crate) use writer::{IndexWriter, Listed};

/// The directory of archives whose entries are not members.
const DIRECTORY: &str = "META-INF/callseal";

/// The stored name of the entry that holds the index.
pub(crate) const ENTRY: &str = "META-INF/callseal/index.pgp";

/// The same without its ending: the name that is sealed with it.
pub(crate) const NAME: &str = "META-INF/callseal/index";

/// The digits of a stored name that hides the member's name, at least.
pub(crate) const HIDDEN_DIGITS: usize = 6;

/// Returns whether a name stands for one that is hidden.
pub(crate) fn is_number(name: &MemberName) -> bool {
    let name = name.as_str();
    name.len() >= HIDDEN_DIGITS && name.bytes().all(|octet| octet.is_ascii_digit())
}

/// The name that is sealed with a grant: an index of some members, as a file of
/// its own.
pub(crate) const GRANT_NAME: &str = "META-INF/callseal/grant";

/// Returns whether a literal name is that of an index or a grant. What is sealed
/// under it are session keys, whatever the member is called.
pub(crate) fn is_sealed_list(literal: &[u8]) -> bool {
    literal == NAME.as_bytes() || literal == GRANT_NAME.as_bytes()
}

/// Returns whether a member of that name would be among the entries that are not
/// members, on some file system.
pub(crate) fn is_reserved(name: &MemberName) -> bool {
    // Only these letters become the first one of the directory's name.
    name.as_str().starts_with(['M', 'm'])
        && name
            .collision_key()
            .strip_prefix(&DIRECTORY.to_lowercase())
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn six_digits_or_more_hide_a_name() {
        let is_number = |name| is_number(&MemberName::parse(name).unwrap());
        for name in ["000001", "123456", "1234567890"] {
            assert!(is_number(name), "{name}");
        }
        for name in ["00001", "000001a", "a/000001", "٠٠٠٠٠١", "-00001"] {
            assert!(!is_number(name), "{name}");
        }
    }

    #[test]
    fn names_in_the_directory_are_reserved_in_any_case() {
        let is_reserved = |name| is_reserved(&MemberName::parse(name).unwrap());
        for name in [
            NAME,
            "meta-inf/CallSeal/a/b",
            "META-INF/callseal",
            // Some file systems take the dotless and the long letter for these.
            "meta-ınf/callſeal/x",
        ] {
            assert!(is_reserved(name), "{name}");
        }
        for name in [
            "META-INF/callseals",
            "META-INF/other/index",
            "a/META-INF/callseal/x",
        ] {
            assert!(!is_reserved(name), "{name}");
        }
    }
}
