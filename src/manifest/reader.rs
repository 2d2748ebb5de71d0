//! Reading a manifest line by line.

use std::io::{self, BufRead, Read};

use thiserror::Error;

use super::hashes::Hashes;
use super::line::Head;
use super::line::Line;

/// The longest line in octets: ZIP has room for 65,535 octets of a name.
const MAX_LINE: u64 = 65_535 + 128;

/// Why a manifest can't be read.
#[derive(Debug, Error)]
pub(crate) enum ManifestFault {
    #[error("can't be read: {0}")]
    Unreadable(io::Error),
    #[error("doesn't begin as a manifest of callseal does")]
    NotAManifest,
    /// With the number of the line.
    #[error("is malformed in line {0}")]
    Malformed(u64),
    #[error("ends in the middle of line {0}")]
    Truncated(u64),
}

impl From<io::Error> for ManifestFault {
    fn from(error: io::Error) -> Self {
        Self::Unreadable(error)
    }
}

/// An entry that a manifest lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ListedEntry {
    /// Its stored name.
    pub name: String,
    pub hashes: Hashes,
}

/// Reads a manifest. Nothing of it is kept but the next line.
pub(crate) struct ManifestReader<R> {
    source: R,
    head: Head,
    number: u64,
    next: Option<(String, [u8; 32])>,
}

impl<R: BufRead> ManifestReader<R> {
    /// Reads the first line.
    ///
    /// # Errors
    ///
    /// It isn't a manifest, or can't be read.
    pub fn new(mut source: R) -> Result<Self, ManifestFault> {
        let line = match next_line(&mut source, 1) {
            Ok(line) => line.ok_or(ManifestFault::NotAManifest)?,
            Err(error @ ManifestFault::Unreadable(_)) => return Err(error),
            Err(_) => return Err(ManifestFault::NotAManifest),
        };
        let head = Head::parse(&line).ok_or(ManifestFault::NotAManifest)?;
        let mut reader = Self {
            source,
            head,
            number: 1,
            next: None,
        };
        reader.advance(None)?;
        Ok(reader)
    }

    /// Returns what its first line says.
    pub fn head(&self) -> &Head {
        &self.head
    }

    /// Returns the next entry; `None` at the end.
    pub fn next(&mut self) -> Result<Option<ListedEntry>, ManifestFault> {
        let Some((name, entry)) = self.next.take() else {
            return Ok(None);
        };
        let sealed = self.advance(Some(&name))?;
        let hashes = Hashes { entry, sealed };
        Ok(Some(ListedEntry { name, hashes }))
    }

    /// Reads on to the line of the next entry. Returns the hash of the sealed
    /// data of the one before, if there is a line of it.
    fn advance(&mut self, before: Option<&str>) -> Result<Option<[u8; 32]>, ManifestFault> {
        let mut sealed = None;
        while let Some(line) = next_line(&mut self.source, self.number + 1)? {
            self.number += 1;
            match Line::parse(&line) {
                Some(Line::Entry(hash, name)) => {
                    self.next = Some((name.to_owned(), hash));
                    break;
                }
                Some(Line::Sealed(hash, name)) if sealed.is_none() && before == Some(name) => {
                    sealed = Some(hash);
                }
                _ => return Err(ManifestFault::Malformed(self.number)),
            }
        }
        Ok(sealed)
    }
}

fn next_line(source: &mut impl BufRead, number: u64) -> Result<Option<String>, ManifestFault> {
    let mut line = Vec::new();
    source
        .by_ref()
        .take(MAX_LINE)
        .read_until(b'\n', &mut line)?;
    if line.is_empty() {
        return Ok(None);
    }
    if line.pop() != Some(b'\n') {
        return Err(match line.len() as u64 + 1 == MAX_LINE {
            true => ManifestFault::Malformed(number),
            false => ManifestFault::Truncated(number),
        });
    }
    let line = String::from_utf8(line).map_err(|_| ManifestFault::Malformed(number))?;
    Ok(Some(line))
}
