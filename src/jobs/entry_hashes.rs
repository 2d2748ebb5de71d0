//! The hashes of the entries that an archive has.

use std::io::{self, BufReader, Read};
use std::sync::{Arc, Mutex, PoisonError};

use openssl::sha::Sha256;

use super::archive_file::{ArchiveFile, open_cause};
use super::error::{ErrorKind, MemberCause};
use crate::archive::Member;
use crate::manifest::Hashes;
use crate::message::SharedMessage;

/// The bytes that are read at a time.
const BUFFER: usize = 256 * 1024;

impl ArchiveFile {
    /// Reads an entry to its end, which checks it.
    pub(super) fn read_all(&self, entry: &Member) -> Result<(), MemberCause> {
        let mut source = self.read(entry)?;
        let read = io::copy(&mut source, &mut io::sink());
        read.map(drop).map_err(|error| open_cause(error.into()))
    }

    /// Reads an entry to its end, and returns the SHA-256 of what unzip would
    /// write.
    pub(super) fn hash(&self, entry: &Member) -> Result<[u8; 32], MemberCause> {
        let mut hash = Sha256::new();
        let mut source = self.read(entry)?;
        let mut buffer = vec![0; BUFFER];
        loop {
            let read = source.read(&mut buffer);
            let read = read.map_err(|error| open_cause(error.into()))?;
            let (piece, _) = buffer.split_at(read);
            if piece.is_empty() {
                return Ok(hash.finish());
            }
            hash.update(piece);
        }
    }

    /// Returns the SHA-256 of the sealed data of an entry; `None` if it isn't a
    /// message.
    pub(super) fn sealed_hash(&self, entry: &Member) -> Result<Option<[u8; 32]>, MemberCause> {
        sealed_hash(self.read(entry)?)
    }

    /// Returns both hashes of an entry.
    pub(super) fn hashes(&self, entry: &Member) -> Result<Hashes, MemberCause> {
        let tap = Tap::default();
        let sealed = sealed_hash(tap.on(self.read(entry)?))?;
        // A text may go on after its message.
        let all = tap.hash_of(entry.size());
        Ok(Hashes {
            entry: all.map_or_else(|| self.hash(entry), Ok)?,
            sealed,
        })
    }
}

fn sealed_hash(source: impl Read + Send + Sync) -> Result<Option<[u8; 32]>, MemberCause> {
    let mut hash = Sha256::new();
    let message = SharedMessage::open(BufReader::with_capacity(BUFFER, source));
    let read = message.and_then(|message| {
        let is_bound = message.is_authenticated();
        message.for_each_sealed(|octets| hash.update(octets))?;
        Ok(is_bound)
    });
    match read.map_err(open_cause) {
        Ok(is_bound) => Ok(is_bound.then(|| hash.finish())),
        Err(MemberCause::Open(error)) if ErrorKind::from(&error) != ErrorKind::Io => Ok(None),
        Err(cause) => Err(cause),
    }
}

/// Hashes what is read from a source that somebody else owns.
#[derive(Clone, Default)]
struct Tap(Arc<Mutex<(Sha256, u64)>>);

impl Tap {
    fn on<R>(&self, source: R) -> Tapped<R> {
        let tap = self.clone();
        Tapped { source, tap }
    }

    /// Returns the hash, if so many bytes were read.
    fn hash_of(self, length: u64) -> Option<[u8; 32]> {
        let read = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (hash, read) = &*read;
        (*read == length).then(|| hash.clone().finish())
    }
}

struct Tapped<R> {
    source: R,
    tap: Tap,
}

impl<R: Read> Read for Tapped<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.source.read(buffer)?;
        let (piece, _) = buffer
            .split_at_checked(length)
            .ok_or_else(|| io::Error::other("more was read than there is room for"))?;
        let mut read = self.tap.0.lock().unwrap_or_else(PoisonError::into_inner);
        read.0.update(piece);
        read.1 = read.1.saturating_add(length as u64);
        Ok(length)
    }
}
