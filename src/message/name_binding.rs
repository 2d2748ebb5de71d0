//! The names that are sealed with the content, and bind it to its place.
//!
//! | member | literal name |
//! |---|---|
//! | `calls/a.wav` | `calls/a.wav` |
//! | `a.wav` | `./a.wav`, so that it shows that the path has no directory |
//! | a path that would exceed 255 bytes | `sha256:` and the path's SHA-256 in 64 hexadecimal digits |
//!
//! Other tools seal the file's own name alone or none, and so did callseal
//! 0.1.0 in the second and third case.

use std::borrow::Cow;

use super::MAX_LITERAL_NAME;
use crate::hex;

/// The prefix of a hash that replaces a path.
const SHA256: &str = "sha256:";

/// The prefix of a path without a directory.
const HERE: &str = "./";

/// The placeholder that GnuPG and others write for content that must not be
/// saved to a disk
/// ([RFC 4880, section 5.9](https://www.rfc-editor.org/rfc/rfc4880#section-5.9)).
/// It is not a name.
const CONSOLE: &[u8] = b"_CONSOLE";

/// Returns the name that is sealed with the member of that path.
pub(crate) fn literal_name(path: &str) -> Cow<'_, str> {
    let literal = match path.contains('/') {
        true => Cow::Borrowed(path),
        false => Cow::Owned(format!("{HERE}{path}")),
    };
    match literal.len() <= MAX_LITERAL_NAME {
        true => literal,
        false => Cow::Owned(hash_name(path)),
    }
}

/// Returns `sha256:` and the SHA-256 of a path, in 64 lower-case hexadecimal
/// digits.
pub(crate) fn hash_name(path: &str) -> String {
    let digest = openssl::sha::sha256(path.as_bytes());
    format!("{SHA256}{}", hex::lower(&digest))
}

/// Returns whether a message with that literal name belongs to the member of
/// that path.
pub(crate) fn fits(literal: &[u8], path: &str) -> bool {
    if literal.is_empty() || literal == CONSOLE {
        return true;
    }
    if is_hash_name(literal) {
        return literal == hash_name(path).as_bytes();
    }
    if literal.contains(&b'/') {
        return literal.strip_prefix(HERE.as_bytes()).unwrap_or(literal) == path.as_bytes();
    }
    let last = path.rsplit('/').next().unwrap_or(path);
    literal == last.as_bytes()
}

/// Returns whether a literal name is that of this path and of no other one. Others
/// fit many members.
pub(crate) fn binds(literal: &[u8], path: &str) -> bool {
    fits(literal, path) && (literal.contains(&b'/') || is_hash_name(literal))
}

/// Returns the path that a literal name states, if it is one that callseal
/// writes. It may be unsafe.
pub(crate) fn path_of(literal: &[u8]) -> Option<&str> {
    let literal = std::str::from_utf8(literal).ok()?;
    let is_path = literal.contains('/');
    is_path.then(|| literal.strip_prefix(HERE).unwrap_or(literal))
}

/// Returns whether a literal name is the hash of a path.
pub(crate) fn is_hash_name(literal: &[u8]) -> bool {
    literal
        .strip_prefix(SHA256.as_bytes())
        .is_some_and(|digits| digits.len() == 64 && digits.iter().all(u8::is_ascii_hexdigit))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_short_path_with_a_directory_is_sealed_as_it_is() {
        assert_eq!(literal_name("calls/a.wav"), "calls/a.wav");
        let longest = format!("d/{}", "a".repeat(253));
        assert_eq!(literal_name(&longest), longest);
    }

    #[test]
    fn a_path_without_a_directory_shows_that() {
        assert_eq!(literal_name("a.wav"), "./a.wav");
        let longest = "a".repeat(253);
        assert_eq!(literal_name(&longest), format!("./{longest}"));
    }

    #[test]
    fn a_longer_path_is_sealed_as_its_hash() {
        for path in [format!("d/{}", "a".repeat(254)), "a".repeat(254)] {
            let digest = openssl::sha::sha256(path.as_bytes());
            let digits: String = digest.iter().map(|b| format!("{b:02x}")).collect();
            assert_eq!(literal_name(&path), format!("sha256:{digits}"));
        }
    }

    #[test]
    fn names_sealed_for_another_place_do_not_fit() {
        let long = format!("{}/b/call.json", "d".repeat(250));
        let other = format!("{}/a/call.json", "d".repeat(250));
        for (literal, member) in [
            (literal_name("a.wav"), "d/a.wav"),
            (literal_name("d/a.wav"), "a.wav"),
            (literal_name("d/a.wav"), "e/a.wav"),
            (literal_name(&long), &other),
            (literal_name(&long), "call.json"),
            ("b.wav".into(), "d/a.wav"),
            ("./d/b.wav".into(), "d/a.wav"),
            ("_CONSOLE/a".into(), "d/a"),
        ] {
            assert!(!fits(literal.as_bytes(), member), "{literal} {member}");
        }
    }

    #[test]
    fn only_a_whole_path_binds_a_message_to_its_place() {
        let long = format!("d/{}", "a".repeat(254));
        for path in ["a.wav", "d/a.wav", &long] {
            assert!(binds(literal_name(path).as_bytes(), path), "{path}");
        }
        for literal in ["", "_CONSOLE", "a.wav", "./a.wav", "e/a.wav"] {
            assert!(!binds(literal.as_bytes(), "d/a.wav"), "{literal}");
        }
    }

    #[test]
    fn names_of_other_tools_and_older_versions_fit() {
        let long = format!("{}/call.json", "d".repeat(250));
        for (literal, member) in [
            ("", "d/a.wav"),
            ("_CONSOLE", "d/a.wav"),
            ("a.wav", "d/a.wav"),
            ("a.wav", "a.wav"),
            ("./d/a.wav", "d/a.wav"),
            ("call.json", &long),
            // A name, not a hash.
            ("sha256:", "d/sha256:"),
        ] {
            assert!(fits(literal.as_bytes(), member), "{literal} {member}");
        }
    }

    proptest! {
        #[test]
        fn a_member_fits_its_own_name_and_no_other_path(
            one in "[ab]{1,3}(/[ab]{1,3}){0,2}(/[ab]{250})?",
            other in "[ab]{1,3}(/[ab]{1,3}){0,2}(/[ab]{250})?",
        ) {
            let literal = literal_name(&one).into_owned();
            prop_assert!(literal.len() <= MAX_LITERAL_NAME);
            prop_assert!(fits(literal.as_bytes(), &one));
            prop_assert_eq!(fits(literal.as_bytes(), &other), one == other);
        }
    }
}
