//! The endings of members' stored names.

use crate::message::Format;

/// The ending of a stored name, after the member's path.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ending {
    /// `.pgp`, of an OpenPGP message.
    #[default]
    Pgp,
    /// `.p7m`, of a CMS message
    /// ([RFC 8551, section 3.2.1](https://www.rfc-editor.org/rfc/rfc8551#section-3.2.1)).
    P7m,
}

impl Ending {
    /// Returns the ending with its dot.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pgp => ".pgp",
            Self::P7m => ".p7m",
        }
    }

    /// Returns the one that a stored name has, in any ASCII case, if a file name is
    /// left.
    pub(crate) fn of(stored: &str) -> Option<Self> {
        without_ending(stored)?;
        let mut endings = [Self::Pgp, Self::P7m].into_iter();
        endings.find(|ending| strip_suffix_ignoring_case(stored, ending.as_str()).is_some())
    }
}

impl From<Format> for Ending {
    fn from(format: Format) -> Self {
        match format {
            Format::Rfc4880 | Format::Rfc9580 | Format::LibrePgp => Self::Pgp,
            Format::Cms | Format::CmsGcm => Self::P7m,
        }
    }
}

/// The longest ending of messages, in bytes.
pub(super) const LONGEST: usize = 4;

/// The endings of messages, as written by callseal and by other tools.
const KNOWN: [&str; 8] = [
    ".pgp", ".gpg", ".asc", ".p7m", ".p7", ".cms", ".der", ".b64",
];

/// Returns the name without one final ending of messages (`.pgp`, `.gpg`,
/// `.asc`, `.p7m`, `.p7`, `.cms`, `.der` or `.b64`), in any ASCII case, if it
/// has one and a file name is left.
pub fn without_ending(name: &str) -> Option<&str> {
    KNOWN
        .iter()
        .find_map(|ending| strip_suffix_ignoring_case(name, ending))
        .filter(|path| !path.is_empty() && !path.ends_with('/'))
}

fn strip_suffix_ignoring_case<'a>(text: &'a str, suffix: &str) -> Option<&'a str> {
    let (start, end) = text.split_at_checked(text.len().checked_sub(suffix.len())?)?;
    end.eq_ignore_ascii_case(suffix).then_some(start)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn written_endings_are_known_and_no_longer_than_the_longest() {
        for ending in [Ending::Pgp, Ending::P7m] {
            assert!(KNOWN.contains(&ending.as_str()), "{ending:?}");
        }
        assert!(KNOWN.iter().all(|ending| ending.len() <= LONGEST));
    }
}
