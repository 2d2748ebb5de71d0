//! The lines of a manifest.

use std::time::SystemTime;

use crate::hex;
use crate::timestamp::Timestamp;

/// The first line, before its fields.
const HEAD: &str = "# callseal-manifest 1 archive=";

/// The first line, between its fields.
const TIME: &str = " time=";

/// The beginning of the line with the hash of a member's sealed data.
const SEALED: &str = "# sealed ";

/// The hexadecimal digits of a SHA-256.
const DIGITS: usize = 64;

/// The octets of an archive's random identifier.
const RANDOM: usize = 16;

/// Returns why a line can't hold a name, if it can't: `sha256sum` writes it in
/// another way, or reads it as another.
pub(crate) fn unfit_name(name: &str) -> Option<&'static str> {
    match name {
        "" => Some("it has no name"),
        "-" => Some("sha256sum would take its name for standard input"),
        name => name
            .contains(['\\', '\n', '\r', '\0'])
            .then_some("its name has a backslash, a line end or a NUL"),
    }
}

/// What the first line says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    /// The random number that tells two archives apart.
    pub archive: [u8; RANDOM],
    /// When it was signed, as its signer claims.
    pub time: SystemTime,
}

impl Head {
    pub fn line(&self) -> String {
        let archive = hex::lower(&self.archive);
        format!("{HEAD}{archive}{TIME}{}\n", Timestamp(self.time))
    }

    pub fn parse(line: &str) -> Option<Self> {
        let (number, time) = line.strip_prefix(HEAD)?.split_once(TIME)?;
        let mut archive = [0; RANDOM];
        hex::read(number, &mut archive)?;
        let Timestamp(time) = time.parse().ok()?;
        let head = Self { archive, time };
        // There is one way to write it.
        (head.line().strip_suffix('\n') == Some(line)).then_some(head)
    }
}

/// One of the lines after the first one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Line<'a> {
    /// The hash of an entry.
    Entry([u8; 32], &'a str),
    /// The hash of the sealed data of the member in the line before.
    Sealed([u8; 32], &'a str),
}

impl<'a> Line<'a> {
    pub fn push(self, text: &mut String) {
        let (prefix, hash, name) = match self {
            Self::Entry(hash, name) => ("", hash, name),
            Self::Sealed(hash, name) => (SEALED, hash, name),
        };
        text.push_str(prefix);
        text.push_str(&hex::lower(&hash));
        text.push_str("  ");
        text.push_str(name);
        text.push('\n');
    }

    pub fn parse(line: &'a str) -> Option<Self> {
        let (is_sealed, rest) = match line.strip_prefix(SEALED) {
            Some(rest) => (true, rest),
            None => (false, line),
        };
        let (digits, name) = rest.split_at_checked(DIGITS)?;
        let name = name
            .strip_prefix("  ")
            .filter(|name| unfit_name(name).is_none())?;
        if digits.bytes().any(|digit| digit.is_ascii_uppercase()) {
            return None;
        }
        let mut hash = [0; 32];
        hex::read(digits, &mut hash)?;
        Some(match is_sealed {
            true => Self::Sealed(hash, name),
            false => Self::Entry(hash, name),
        })
    }
}
