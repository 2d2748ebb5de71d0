//! Bytes that are read twice and have to be the same: what is certain of a message
//! is certain of the bytes that have shown it, and the file may change between two
//! readings.

use std::io::{self, Read};
use std::sync::{Arc, Mutex, PoisonError};

use openssl::sha::Sha256;

/// The beginning of a source, as far as it was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    length: u64,
    hash: [u8; 32],
}

/// Notes what is read of a source, if that is needed.
pub(super) struct Noting<R> {
    source: R,
    notes: Option<Notes>,
}

/// What a [`Noting`] has read so far, also if that is somewhere else by now.
#[derive(Clone)]
pub(super) struct Notes(Arc<Mutex<(u64, Sha256)>>);

impl<R> Noting<R> {
    pub fn new(source: R, is_needed: bool) -> (Self, Option<Notes>) {
        let new = || Notes(Arc::new(Mutex::new((0, Sha256::new()))));
        let notes = is_needed.then(new);
        let noting = Self {
            source,
            notes: notes.clone(),
        };
        (noting, notes)
    }
}

impl Notes {
    /// Returns what has been read.
    pub fn seen(&self) -> Seen {
        let notes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (length, hash) = &*notes;
        Seen {
            length: *length,
            hash: hash.clone().finish(),
        }
    }
}

impl<R: Read> Read for Noting<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.source.read(buffer)?;
        if let Some(notes) = &self.notes {
            let mut notes = notes.0.lock().unwrap_or_else(PoisonError::into_inner);
            let (all, hash) = &mut *notes;
            hash.update(first(buffer, length)?);
            *all = all.saturating_add(length as u64);
        }
        Ok(length)
    }
}

/// Reads a source again. What was seen has to be its beginning: else the read that
/// would go beyond it fails.
pub(super) struct Again<R> {
    source: R,
    /// How much is left of what was seen, its hash so far, and what that has to be.
    awaited: Option<(u64, Sha256, [u8; 32])>,
}

impl<R> Again<R> {
    /// Of a source of which nothing was seen, anything is right.
    pub fn new(source: R, seen: Option<Seen>) -> Self {
        let seen = seen.filter(|seen| seen.length > 0);
        Self {
            source,
            awaited: seen.map(|seen| (seen.length, Sha256::new(), seen.hash)),
        }
    }
}

impl<R: Read> Read for Again<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Some((left, hash, _)) = &mut self.awaited else {
            return self.source.read(buffer);
        };
        let most = usize::try_from(*left).unwrap_or(usize::MAX);
        let most = most.min(buffer.len());
        let buffer = buffer.get_mut(..most).unwrap_or_default();
        let length = self.source.read(buffer)?;
        if length == 0 && !buffer.is_empty() {
            return Err(changed());
        }
        hash.update(first(buffer, length)?);
        *left = left.saturating_sub(length as u64);
        if *left == 0
            && let Some((_, hash, expected)) = self.awaited.take()
            && hash.finish() != expected
        {
            return Err(changed());
        }
        Ok(length)
    }
}

/// Returns the error of a file that is another one when it's read again.
pub(super) fn changed() -> io::Error {
    // Of another kind, it would be taken for a fault of the message.
    io::Error::new(
        io::ErrorKind::InvalidData,
        "it was changed while it was read",
    )
}

fn first(buffer: &[u8], length: usize) -> io::Result<&[u8]> {
    buffer
        .get(..length)
        .ok_or_else(|| io::Error::other("more was read than there is room for"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads so many bytes of a content, and returns what was seen of it.
    fn seen(content: &[u8], length: u64) -> Seen {
        let (noting, notes) = Noting::new(content, true);
        io::copy(&mut noting.take(length), &mut io::sink()).unwrap();
        notes.unwrap().seen()
    }

    fn read_again(content: &[u8], seen: Option<Seen>) -> io::Result<Vec<u8>> {
        let mut read = Vec::new();
        let read_all = Again::new(content, seen).read_to_end(&mut read);
        read_all.map(|_| read)
    }

    #[test]
    fn a_source_that_stays_as_it_is_reads_to_its_end() {
        for length in [0, 1, 3, 6, 9] {
            let seen = seen(b"a call", length);
            assert_eq!(read_again(b"a call", Some(seen)).unwrap(), b"a call");
        }
        assert_eq!(read_again(b"a call", None).unwrap(), b"a call");
    }

    #[test]
    fn a_source_that_changes_between_two_readings_is_not_read_beyond_what_was_seen() {
        let seen = seen(b"a call", 4);
        for changed in ["b call", "a ball", "a c", ""] {
            let refused = read_again(changed.as_bytes(), Some(seen)).unwrap_err();
            assert_eq!(refused.to_string(), "it was changed while it was read");
        }
        // Nothing is known of the rest.
        assert_eq!(read_again(b"a calm", Some(seen)).unwrap(), b"a calm");
    }
}
