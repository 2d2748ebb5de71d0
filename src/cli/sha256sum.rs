//! Checksums in the format of sha256sum.

use std::fmt::Write;
use std::io::IsTerminal;

use super::ui::safe;

/// Returns a line for each file, of its SHA-256 and its name: as it is, unless a
/// terminal would show it. (Control characters are in no member's name.)
pub fn sha256sum<'a>(files: impl Iterator<Item = (&'a [u8; 32], &'a str)>) -> String {
    let is_shown = std::io::stdout().is_terminal();
    files.fold(String::new(), |mut text, (hash, name)| {
        let name = match is_shown {
            true => safe(name),
            false => name.into(),
        };
        // Writing to a string does not fail.
        let _ = writeln!(text, "{}  {name}", hex(hash));
        text
    })
}

pub fn hex(octets: &[u8]) -> String {
    octets.iter().fold(String::new(), |mut digits, octet| {
        let _ = write!(digits, "{octet:02x}");
        digits
    })
}
