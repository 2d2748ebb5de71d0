//! Checksums in the format of sha256sum.

use std::fmt::Write;

use super::ui::safe;

/// Returns a line for each file, of its SHA-256 and its name.
pub fn sha256sum<'a>(files: impl Iterator<Item = (&'a [u8; 32], &'a str)>) -> String {
    files.fold(String::new(), |mut text, (hash, name)| {
        // Writing to a string does not fail.
        let _ = writeln!(text, "{}  {}", hex(hash), safe(name));
        text
    })
}

pub fn hex(octets: &[u8]) -> String {
    octets.iter().fold(String::new(), |mut digits, octet| {
        let _ = write!(digits, "{octet:02x}");
        digits
    })
}
