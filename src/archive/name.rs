//! Member names: paths that are safe on extraction.

use std::fmt;

use thiserror::Error;
use unicode_normalization::UnicodeNormalization;

use super::ending::{self, Ending};

/// The longest stored name in bytes: the length field has 16 bits
/// (APPNOTE 4.4.10).
const MAX_STORED_BYTES: usize = u16::MAX as usize;

/// The devices that Windows finds in every directory.
const WINDOWS_DEVICES: [&str; 6] = ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"];

/// A member's path: relative, `/`-separated, UTF-8, safe on extraction.
///
/// It is the path as packed, `calls/2026/a.wav`, without the [`Ending`] of the
/// stored name. It is made only by [`parse`](Self::parse) and
/// [`from_stored`](Self::from_stored).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MemberName(Box<str>);

impl MemberName {
    /// Checks a path.
    ///
    /// # Errors
    ///
    /// A [`NameFault`] for any path that could leave the target directory, mean
    /// different files on different systems, or not fit the ZIP name field.
    pub fn parse(path: &str) -> Result<Self, NameFault> {
        if path.is_empty() {
            return Err(NameFault::Empty);
        }
        let bytes = path.len().saturating_add(ending::LONGEST);
        if bytes > MAX_STORED_BYTES {
            return Err(NameFault::TooLong { bytes });
        }
        // An archive may have a million names, and nearly all of them are such.
        if !is_plain(path) {
            // C0, DEL and C1: a line feed or an escape sequence in a name has no
            // honest use.
            if path.chars().any(char::is_control) {
                return Err(NameFault::ControlCharacter);
            }
            // Some readers treat it as a separator, others as part of the name.
            if path.contains('\\') {
                return Err(NameFault::Backslash);
            }
            if path.starts_with('/') {
                return Err(NameFault::Absolute);
            }
            for component in path.split('/') {
                match component {
                    "" | "." => return Err(NameFault::EmptyComponent),
                    ".." => return Err(NameFault::Parent),
                    _ => {}
                }
            }
        }
        if cfg!(windows) {
            path.split('/').try_for_each(check_for_windows)?;
        }
        Ok(Self(path.into()))
    }

    /// Takes a stored name without one final `.pgp`, `.gpg`, `.asc`, `.p7m`,
    /// `.p7`, `.cms`, `.der` or `.b64` in any ASCII case, if a file name is
    /// left; else as it is.
    ///
    /// # Errors
    ///
    /// As for [`parse`](Self::parse).
    pub fn from_stored(stored: &str) -> Result<Self, NameFault> {
        Self::parse(ending::without_ending(stored).unwrap_or(stored))
    }

    /// Returns the path, without the ending.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the file's own name: what follows the last `/`.
    #[must_use]
    pub fn last_component(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or(&self.0)
    }

    /// Returns the key by which names collide on a file system that ignores
    /// case or Unicode normalisation: equal keys mean the same file.
    ///
    /// Upper case comes first since several letters share one upper-case form
    /// (`ß` and `ss`, `ς` and `σ`).
    #[must_use]
    pub fn collision_key(&self) -> String {
        Self::key_of(&self.0)
    }

    /// Returns the same of a name that was checked.
    pub(crate) fn key_of(name: &str) -> String {
        if name.is_ascii() {
            return name.to_ascii_lowercase();
        }
        let decomposed: String = name.nfd().collect();
        decomposed.to_uppercase().to_lowercase().nfc().collect()
    }

    /// Returns the stored name: the path and an ending. At most 65,535 bytes.
    #[must_use]
    pub fn stored(&self, ending: Ending) -> String {
        format!("{}{}", self.0, ending.as_str())
    }
}

impl fmt::Display for MemberName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why a path is not a [`MemberName`]. The phrases continue "the member name".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum NameFault {
    /// It is empty.
    #[error("is empty")]
    Empty,
    /// It is in the directory of entries that are not members.
    #[error("is in META-INF/callseal, where archives have their index")]
    Reserved,
    /// It hides a path that is too long for its message to hold.
    #[error("can't be hidden: its message doesn't hold a path of more than 255 bytes")]
    TooLongToHide,
    /// It starts with `/`.
    #[error("is an absolute path")]
    Absolute,
    /// It has a `..` component.
    #[error("has a parent component (..)")]
    Parent,
    /// It has an empty or a `.` component: `a//b`, `./a`, `a/`.
    #[error("has an empty component or a single dot as one")]
    EmptyComponent,
    /// It has a C0 or C1 control character or DEL.
    #[error("has a control character")]
    ControlCharacter,
    /// It has a backslash.
    #[error("has a backslash")]
    Backslash,
    /// Its stored form doesn't fit the ZIP name field.
    #[error("is {bytes} bytes long as stored, more than 65,535")]
    TooLong {
        /// Length of the stored form in bytes.
        bytes: usize,
    },
    /// The archive's bytes aren't UTF-8.
    #[error("is not valid UTF-8")]
    NotUtf8,
    /// On Windows only: a drive letter or an alternate data stream.
    #[error("has a colon, which Windows reads as a drive or a data stream")]
    Colon,
    /// On Windows only: the name of a device, such as `NUL` or `com1.txt`.
    #[error("is the name of a Windows device")]
    Device,
    /// On Windows only: a component's final dots and spaces would vanish.
    #[error("has a component that ends in a dot or a space, which Windows drops")]
    TrailingDotOrSpace,
}

/// Returns whether a path has nothing in it that could be wrong: only printable
/// characters of ASCII, no backslash, and no component that is empty or begins
/// with a dot.
fn is_plain(path: &str) -> bool {
    let octets = path.as_bytes();
    let pairs = octets.iter().zip(octets.iter().skip(1));
    // All octets are looked at, since that is quicker than to stop early.
    let are_plain = pairs.fold(true, |are_plain, (octet, next)| {
        are_plain & is_plain_octet(*next) & !(*octet == b'/' && matches!(next, b'/' | b'.'))
    });
    let begins_plainly = octets
        .first()
        .is_some_and(|first| is_plain_octet(*first) && !matches!(first, b'/' | b'.'));
    are_plain && begins_plainly && !path.ends_with('/')
}

fn is_plain_octet(octet: u8) -> bool {
    matches!(octet, b' '..=b'~') & (octet != b'\\')
}

/// Checks for names that Windows reads differently.
fn check_for_windows(component: &str) -> Result<(), NameFault> {
    if component.contains(':') {
        return Err(NameFault::Colon);
    }
    if component.ends_with(['.', ' ']) {
        return Err(NameFault::TrailingDotOrSpace);
    }
    // The device is found whatever extension follows, even after spaces.
    let stem = component.split('.').next().unwrap_or(component).trim_end();
    // COM1 to COM9 and LPT1 to LPT9, with superscript digits too.
    let numbered = |device: &str| {
        stem.split_at_checked(device.len())
            .is_some_and(|(start, number)| {
                start.eq_ignore_ascii_case(device)
                    && number.chars().count() == 1
                    && number
                        .contains(|digit: char| digit.is_ascii_digit() || "¹²³".contains(digit))
            })
    };
    let named = WINDOWS_DEVICES
        .iter()
        .any(|device| stem.eq_ignore_ascii_case(device));
    if named || numbered("COM") || numbered("LPT") {
        return Err(NameFault::Device);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault_of(path: &str) -> Option<NameFault> {
        MemberName::parse(path).err()
    }

    fn key_of(path: &str) -> String {
        MemberName::parse(path)
            .expect("a good name")
            .collision_key()
    }

    fn from_stored(stored: &str) -> String {
        MemberName::from_stored(stored)
            .expect("a good name")
            .to_string()
    }

    #[test]
    fn plain_names_are_accepted_unchanged() {
        for path in [
            "a",
            "calls/2026/a.wav",
            "...",
            ".hidden",
            "a..b/c",
            "ünï/日本",
            "a:b",
            "con",
        ] {
            if cfg!(windows) && (path.contains(':') || path == "con" || path.ends_with('.')) {
                continue;
            }
            let name = MemberName::parse(path).expect("a good name");
            assert_eq!(name.as_str(), path);
            assert_eq!(name.stored(Ending::Pgp), format!("{path}.pgp"));
            assert_eq!(name.stored(Ending::P7m), format!("{path}.p7m"));
        }
    }

    #[test]
    fn the_quick_look_passes_over_no_fault() {
        let characters = ["a", ".", "/", "\\", "\u{7f}", "\u{85}", "ü"];
        let mut paths = vec![String::new()];
        for _ in 0..4 {
            let longer = |path: &String| characters.map(|c| format!("{path}{c}"));
            paths = paths.iter().flat_map(longer).collect();
            for path in &paths {
                let is_faulty = path.chars().any(char::is_control)
                    || path.contains('\\')
                    || path.split('/').any(|part| matches!(part, "" | "." | ".."));
                assert_eq!(MemberName::parse(path).is_err(), is_faulty, "{path:?}");
            }
        }
        assert!(is_plain("calls/2026/a.wav") && !is_plain("a/.b") && !is_plain(""));
    }

    #[test]
    fn an_empty_member_name_is_refused() {
        assert_eq!(fault_of(""), Some(NameFault::Empty));
    }

    #[test]
    fn an_absolute_member_name_is_refused() {
        assert_eq!(fault_of("/etc/passwd"), Some(NameFault::Absolute));
        assert_eq!(fault_of("/"), Some(NameFault::Absolute));
    }

    #[test]
    fn a_member_name_with_a_parent_component_is_refused() {
        for path in ["..", "../a", "a/../b", "a/.."] {
            assert_eq!(fault_of(path), Some(NameFault::Parent), "{path}");
        }
    }

    #[test]
    fn a_member_name_with_an_empty_component_is_refused() {
        for path in ["a//b", "./a", "a/./b", "a/", "."] {
            assert_eq!(fault_of(path), Some(NameFault::EmptyComponent), "{path}");
        }
    }

    #[test]
    fn a_member_name_with_a_control_character_is_refused() {
        for path in ["a\0", "a\nb", "\u{1b}[2J", "a\u{7f}", "a\u{9b}b"] {
            assert_eq!(
                fault_of(path),
                Some(NameFault::ControlCharacter),
                "{path:?}"
            );
        }
    }

    #[test]
    fn a_member_name_with_a_backslash_is_refused() {
        assert_eq!(fault_of("..\\a"), Some(NameFault::Backslash));
    }

    #[test]
    fn a_member_name_that_does_not_fit_the_field_once_stored_is_refused() {
        let longest = MemberName::parse(&"a".repeat(65_531)).expect("a good name");
        assert_eq!(longest.stored(Ending::Pgp).len(), 65_535);
        assert_eq!(longest.stored(Ending::P7m).len(), 65_535);
        assert_eq!(
            fault_of(&"a".repeat(65_532)),
            Some(NameFault::TooLong { bytes: 65_536 })
        );
    }

    #[test]
    fn names_that_windows_reads_differently_are_recognised() {
        for (component, fault) in [
            ("C:", NameFault::Colon),
            ("a:stream", NameFault::Colon),
            ("nul", NameFault::Device),
            ("Con.txt", NameFault::Device),
            ("aux .a.b", NameFault::Device),
            ("COM1", NameFault::Device),
            ("lpt9.wav", NameFault::Device),
            ("com²", NameFault::Device),
            ("a.", NameFault::TrailingDotOrSpace),
            ("a ", NameFault::TrailingDotOrSpace),
        ] {
            assert_eq!(check_for_windows(component), Err(fault), "{component:?}");
        }
        for component in ["console", "com", "com10", "nul-a", "a.nul", "cöm1", "日本"] {
            assert_eq!(check_for_windows(component), Ok(()), "{component:?}");
        }
    }

    #[test]
    fn one_known_suffix_is_dropped_from_a_stored_name() {
        assert_eq!(from_stored("a.wav.pgp"), "a.wav");
        assert_eq!(from_stored("a.wav.GPG"), "a.wav");
        assert_eq!(from_stored("a.asc"), "a");
        assert_eq!(from_stored("a.wav.p7m"), "a.wav");
        assert_eq!(from_stored("a.wav.P7"), "a.wav");
        assert_eq!(from_stored("a.wav.cms"), "a.wav");
        assert_eq!(from_stored("a.wav.Der"), "a.wav");
        assert_eq!(from_stored("a.p7m.pgp"), "a.p7m");
        assert_eq!(from_stored("a.pem"), "a.pem");
        assert_eq!(from_stored("a.pgp.pgp"), "a.pgp");
        assert_eq!(from_stored("a.wav"), "a.wav");
        assert_eq!(from_stored("ü.pgp"), "ü");
        assert_eq!(from_stored("日本"), "日本");
    }

    #[test]
    fn a_suffix_with_nothing_before_it_is_the_name() {
        assert_eq!(from_stored(".pgp"), ".pgp");
        assert_eq!(from_stored("d/.pgp"), "d/.pgp");
        assert_eq!(from_stored("d/.der"), "d/.der");
    }

    #[test]
    fn names_collide_up_to_case_and_normalisation() {
        assert_eq!(key_of("Ärger/A.WAV"), key_of("a\u{308}rger/a.wav"));
        assert_eq!(key_of("straße"), key_of("STRASSE"));
        assert_eq!(key_of("ΛΟΓΟΣ"), key_of("λογος"));
        assert_ne!(key_of("a"), key_of("b"));
    }

    #[test]
    fn the_last_component_is_the_file_name() {
        let name = MemberName::parse("calls/2026/a.wav").expect("a good name");
        assert_eq!(name.last_component(), "a.wav");
        let name = MemberName::parse("a.wav").expect("a good name");
        assert_eq!(name.last_component(), "a.wav");
    }
}
