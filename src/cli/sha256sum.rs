//! Checksums in the format of sha256sum.

use std::fmt::{self, Display, Formatter, Write};
use std::io::IsTerminal;

use super::ui::safe;

/// A line for each file, of its SHA-256 and its name: as it is, unless a terminal
/// would show it. (Control characters are in no member's name.)
pub struct Sha256Sums<F>(pub F);

impl<'a, F, I> Display for Sha256Sums<F>
where
    F: Fn() -> I,
    I: Iterator<Item = (&'a [u8; 32], &'a str)>,
{
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let is_shown = std::io::stdout().is_terminal();
        for (hash, name) in (self.0)() {
            let name = match is_shown {
                true => safe(name),
                false => name.into(),
            };
            writeln!(f, "{}  {name}", hex(hash))?;
        }
        Ok(())
    }
}

pub fn hex(octets: &[u8]) -> String {
    octets.iter().fold(String::new(), |mut digits, octet| {
        let _ = write!(digits, "{octet:02x}");
        digits
    })
}
