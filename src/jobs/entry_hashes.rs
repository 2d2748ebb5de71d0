//! The hashes of the entries that an archive has.

use std::io::{self, BufReader, Read};

use openssl::sha::Sha256;

use super::archive_file::{ArchiveFile, bytes_cause, open_cause};
use super::error::{ErrorKind, MemberCause};
use super::hashed::Hashed;
use crate::archive::Member;
use crate::manifest::Hashes;
use crate::message::SharedMessage;

/// The bytes that are read at a time.
const BUFFER: usize = 256 * 1024;

impl ArchiveFile {
    /// Reads an entry to its end, which checks it, also against what was signed.
    pub(super) fn read_all(&self, entry: &Member) -> Result<(), MemberCause> {
        let mut source = BufReader::with_capacity(capacity(entry), self.read(entry)?);
        let read = io::copy(&mut source, &mut io::sink());
        read.map(drop).map_err(|error| open_cause(error.into()))
    }

    /// Reads an entry to its end, and returns both of its hashes, which are of the
    /// same bytes. They aren't compared with anything.
    pub(super) fn hashes(&self, entry: &Member) -> Result<Hashes, MemberCause> {
        let mut source = Hashed::new(self.archive.read(entry).map_err(bytes_cause)?);
        let sealed = sealed_hash(&mut source)?;
        // A text may go on after its message.
        io::copy(&mut source, &mut io::sink()).map_err(|error| open_cause(error.into()))?;
        Ok(Hashes {
            entry: source.finish().1.finish(),
            sealed,
        })
    }
}

/// Returns the bytes of an entry that are read at a time: most are small.
fn capacity(entry: &Member) -> usize {
    usize::try_from(entry.size()).map_or(BUFFER, |size| size.clamp(1, BUFFER))
}

/// Returns the SHA-256 of the sealed data of a message; `None` if it isn't one, or
/// isn't authenticated.
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
