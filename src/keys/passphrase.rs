//! Passphrases, and where they come from.

use std::fmt;
use std::io;
use std::path::Path;

use thiserror::Error;
use zeroize::Zeroizing;

use crate::files::BYTE_ORDER_MARK;

/// The longest new passphrase, in bytes. OpenSSL's programs read little more
/// than that, and refuse a longer one as wrong.
const MAX_NEW: usize = 1000;

/// A passphrase, wiped from memory when dropped and never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Passphrase(Zeroizing<Vec<u8>>);

impl Passphrase {
    /// Takes the bytes as they are, without any line end.
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// Takes the first line of `bytes` without its line end (LF or CRLF), as
    /// from a passphrase file.
    pub fn from_first_line(bytes: &[u8]) -> Self {
        let bytes = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
        let line = bytes.split(|&b| b == b'\n').next().unwrap_or_default();
        Self::new(line.strip_suffix(b"\r").unwrap_or(line).to_vec())
    }

    /// Takes the passphrases of a file with one on each line, as
    /// [`from_first_line`](Self::from_first_line) takes the first. Empty lines
    /// are skipped.
    pub fn from_lines(bytes: &[u8]) -> Vec<Self> {
        let bytes = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
        let lines = bytes.split(|&b| b == b'\n');
        let lines = lines.map(|line| line.strip_suffix(b"\r").unwrap_or(line));
        let lines = lines.filter(|line| !line.is_empty());
        lines.map(|line| Self::new(line.to_vec())).collect()
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

/// A passphrase to lock a key with. It can be given again, to other software as
/// well.
#[derive(Clone, Debug)]
pub struct NewPassphrase(Passphrase);

impl NewPassphrase {
    /// Takes a passphrase that a key can be locked with.
    ///
    /// # Errors
    ///
    /// The passphrase would not lock the key, or could not unlock it again.
    pub fn new(passphrase: Passphrase) -> Result<Self, UnfitPassphrase> {
        let bytes = passphrase.as_bytes();
        if bytes.is_empty() {
            Err(UnfitPassphrase::Empty)
        } else if bytes.len() > MAX_NEW {
            Err(UnfitPassphrase::TooLong)
        } else if bytes.contains(&0) {
            Err(UnfitPassphrase::NulByte)
        } else {
            Ok(Self(passphrase))
        }
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

/// Why a key can't be locked with a passphrase.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum UnfitPassphrase {
    /// It's empty.
    #[error("the new passphrase is empty")]
    Empty,
    /// OpenSSL's programs would not read all of it.
    #[error("the new passphrase is longer than {MAX_NEW} bytes")]
    TooLong,
    /// Other software ends the passphrase there. A file in UTF-16 is full of
    /// NUL bytes.
    #[error("the new passphrase has a NUL byte in it")]
    NulByte,
}

/// The locked key that a passphrase is asked for.
#[derive(Clone, Copy, Debug)]
pub struct LockedKey<'a> {
    /// The key's file.
    pub source: &'a Path,
    /// The owner's name, if known without unlocking the key.
    pub label: Option<&'a str>,
}

/// Where passphrases come from: a prompt, a file, a secret store.
///
/// It is asked for one key at a time, from whichever thread needs it.
pub trait Passphrases: Sync {
    /// Returns the passphrase for a key. `attempt` counts from 1; a higher
    /// number means that the previous answer was wrong. `None` gives up on the
    /// key.
    ///
    /// # Errors
    ///
    /// An error also gives up on the key, and is reported with it.
    fn ask(&self, key: LockedKey<'_>, attempt: usize) -> io::Result<Option<Passphrase>>;

    /// Returns a passphrase for a message that is sealed with one, as
    /// [`ask`](Self::ask) does for a key. Once it gives up, it isn't asked
    /// again for later messages of the job. By default it gives up at once.
    ///
    /// # Errors
    ///
    /// An error also gives up, and is reported with the message.
    fn ask_for_message(&self, attempt: usize) -> io::Result<Option<Passphrase>> {
        let _ = attempt;
        Ok(None)
    }

    /// Hears that a passphrase is going to take that much memory, in bytes,
    /// while it is tried (Argon2). By default it does nothing.
    fn note_memory(&self, bytes: u64) {
        let _ = bytes;
    }
}

/// No passphrase at all: only keys that aren't locked can be used.
#[derive(Clone, Copy, Debug)]
pub struct NoPassphrases;

impl Passphrases for NoPassphrases {
    fn ask(&self, _: LockedKey<'_>, _: usize) -> io::Result<Option<Passphrase>> {
        Ok(None)
    }
}

/// One passphrase for every key and message.
impl Passphrases for Passphrase {
    fn ask(&self, _: LockedKey<'_>, attempt: usize) -> io::Result<Option<Passphrase>> {
        self.ask_for_message(attempt)
    }

    fn ask_for_message(&self, attempt: usize) -> io::Result<Option<Passphrase>> {
        Ok((attempt == 1).then(|| self.clone()))
    }
}

/// Several passphrases, each of which is tried where it may be right.
impl Passphrases for Vec<Passphrase> {
    fn ask(&self, _: LockedKey<'_>, attempt: usize) -> io::Result<Option<Passphrase>> {
        self.ask_for_message(attempt)
    }

    fn ask_for_message(&self, attempt: usize) -> io::Result<Option<Passphrase>> {
        let number = attempt.checked_sub(1);
        Ok(number.and_then(|number| self.get(number)).cloned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_passphrase_file_is_read_up_to_its_first_line_end() {
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
    fn a_file_may_have_a_passphrase_on_each_line() {
        let lines = Passphrase::from_lines(b"\xEF\xBB\xBFone two\r\n\n three\nfour");
        let lines: Vec<_> = lines.iter().map(Passphrase::as_bytes).collect();
        assert_eq!(lines, [&b"one two"[..], b" three", b"four"]);
        assert!(Passphrase::from_lines(b"\r\n\n").is_empty());
    }

    #[test]
    fn a_new_passphrase_is_one_that_can_be_given_again() {
        let taken = |bytes: &[u8]| NewPassphrase::new(Passphrase::new(bytes.to_vec())).map(drop);
        assert_eq!(taken(b""), Err(UnfitPassphrase::Empty));
        assert_eq!(taken(b"h\0u\0"), Err(UnfitPassphrase::NulByte));
        assert_eq!(taken(&[b'x'; 1001]), Err(UnfitPassphrase::TooLong));
        assert_eq!(taken(&[b'x'; 1000]), Ok(()));
        assert_eq!(taken(b" "), Ok(()));
    }

    #[test]
    fn a_passphrase_is_not_shown() {
        let shown = format!("{:?}", Passphrase::new(b"hunter2".to_vec()));
        assert!(!shown.contains("hunter2"));
    }
}
