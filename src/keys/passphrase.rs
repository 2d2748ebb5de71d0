//! Passphrases, and where they come from.

use std::fmt;
use std::io;
use std::path::Path;

use zeroize::Zeroizing;

/// A passphrase, wiped from memory when dropped and never shown.
#[derive(Clone)]
pub struct Passphrase(Zeroizing<Vec<u8>>);

impl Passphrase {
    /// Takes the bytes as they are, without any line end.
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The passphrase on the first line of `bytes`, its line end (LF or CRLF)
    /// dropped: how passphrase files are read.
    pub fn from_first_line(bytes: &[u8]) -> Self {
        let line = bytes.split(|&b| b == b'\n').next().unwrap_or_default();
        Self::new(line.strip_suffix(b"\r").unwrap_or(line).to_vec())
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passphrase(…)")
    }
}

/// The locked key that a passphrase is asked for.
#[derive(Clone, Copy, Debug)]
pub struct LockedKey<'a> {
    /// The key's file.
    pub source: &'a Path,
    /// Whose key it is, where that shows without unlocking it.
    pub label: Option<&'a str>,
}

/// Where passphrases come from: a prompt, a file, a secret store.
///
/// One key at a time is asked for, from whichever thread needs it.
pub trait Passphrases: Sync {
    /// The passphrase for a key; `attempt` counts from 1, and a higher one
    /// means that the answer before was wrong. `None` gives up on the key.
    ///
    /// # Errors
    ///
    /// An error gives up on the key as well, and is reported with it.
    fn ask(&self, key: LockedKey<'_>, attempt: usize) -> io::Result<Option<Passphrase>>;
}

/// No passphrase at all: only keys that aren't locked can be used.
#[derive(Clone, Copy, Debug)]
pub struct NoPassphrases;

impl Passphrases for NoPassphrases {
    fn ask(&self, _: LockedKey<'_>, _: usize) -> io::Result<Option<Passphrase>> {
        Ok(None)
    }
}

/// One passphrase for every key, as from a passphrase file.
impl Passphrases for Passphrase {
    fn ask(&self, _: LockedKey<'_>, attempt: usize) -> io::Result<Option<Passphrase>> {
        Ok((attempt == 1).then(|| self.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_passphrase_file_counts_to_its_first_line_end() {
        for file in [
            &b"one two"[..],
            b"one two\n",
            b"one two\r\n",
            b"one two\nmore\n",
        ] {
            assert_eq!(Passphrase::from_first_line(file).as_bytes(), b"one two");
        }
        assert_eq!(Passphrase::from_first_line(b"").as_bytes(), b"");
    }

    #[test]
    fn a_passphrase_is_not_shown() {
        let shown = format!("{:?}", Passphrase::new(b"hunter2".to_vec()));
        assert!(!shown.contains("hunter2"));
    }
}
