//! What follows the members of an archive: its index, and what is signed of it.

use std::io::{self, Read, Seek, Write};
use std::path::Path;
use std::time::SystemTime;

use crate::archive::ArchiveWriter;
use crate::index::{self, IndexWriter};
use crate::jobs::error::Error;
use crate::jobs::read_back::EntriesHash;
use crate::jobs::written_entry::{EntryHasher, EntryHashes};
use crate::keys::{SigningKey, sign_detached};
use crate::manifest::{Hasher, MANIFEST, ManifestWriter};

/// The bytes that are copied at a time.
const BUFFER: usize = 64 * 1024;

const NOT_HASHED: &str = "an entry was not hashed";

/// What follows the members of an archive, while these are written.
pub(super) struct Tail {
    pub index: Option<IndexWriter>,
    /// Present if the archive is signed.
    manifest: Option<ManifestWriter>,
    /// Present if the archive is to be read back.
    all: Option<EntriesHash>,
    /// The time of the newest member.
    newest: SystemTime,
}

impl Tail {
    pub fn new(index: Option<IndexWriter>) -> Self {
        Self {
            index,
            manifest: None,
            all: None,
            newest: SystemTime::UNIX_EPOCH,
        }
    }

    /// Begins a manifest if there are keys to sign it with. What doesn't fit in
    /// memory of it goes to an unnamed file in `directory`.
    pub fn signed_by(self, keys: &[SigningKey], directory: &Path) -> io::Result<Self> {
        let manifest = match keys {
            [] => None,
            _ => Some(ManifestWriter::new(SystemTime::now(), directory)?),
        };
        Ok(Self { manifest, ..self })
    }

    /// Hashes all entries together, if the archive is to be read back.
    pub fn reading_back(self, is_it: bool) -> Self {
        let all = is_it.then(EntriesHash::new);
        Self { all, ..self }
    }

    /// Returns what hashes an entry that is written, as far as that is needed.
    pub fn hasher(&self) -> EntryHasher {
        EntryHasher {
            manifest: self.manifest.as_ref().map(|_| Hasher::new()),
            digest: self.all.as_ref().map(|_| blake3::Hasher::new()),
        }
    }

    /// Notes an entry that is in the archive, with its stored name.
    pub fn note(
        &mut self,
        stored: &str,
        modified: SystemTime,
        hashes: &EntryHashes,
    ) -> io::Result<()> {
        self.newest = self.newest.max(modified);
        match (&mut self.all, &hashes.digest) {
            (Some(all), Some(digest)) => all.add(stored, digest),
            (Some(_), None) => return Err(io::Error::other(NOT_HASHED)),
            (None, _) => {}
        }
        match (&mut self.manifest, &hashes.manifest) {
            (Some(manifest), Some(hashes)) => manifest.push(stored, hashes),
            (Some(_), None) => Err(io::Error::other(NOT_HASHED)),
            (None, _) => Ok(()),
        }
    }

    /// Adds the index, the manifest and its signatures by these keys, and what is
    /// kept of another archive. Returns the hash of all entries, if the archive is to
    /// be read back.
    ///
    /// # Errors
    ///
    /// The archive at `output` can't be written, or a key doesn't sign.
    pub fn write<W: Write + Seek>(
        mut self,
        archive: ArchiveWriter<W>,
        keys: &[SigningKey],
        kept: Vec<Kept<'_>>,
        output: &Path,
    ) -> Result<(ArchiveWriter<W>, Option<blake3::Hash>), Error> {
        let write_error = |error| Error::writing(output, error);
        let mut archive = archive;
        if let Some(index) = self.index.take() {
            let (index, length) = index.finish().map_err(write_error)?;
            let mut hasher = self.hasher();
            let new = Entry {
                name: index::ENTRY,
                modified: self.newest,
                length,
            };
            let written = new.copy(archive, index, &mut hasher);
            archive = written.map_err(|failure| failure.error(output))?;
            self.note(index::ENTRY, self.newest, &hasher.finish())
                .map_err(write_error)?;
        }
        let (newest, mut all) = (self.newest, self.all);
        let mut copy = |archive, name, length, source: &mut dyn Read| {
            let entry = Entry {
                name,
                modified: newest,
                length,
            };
            let mut hasher = EntryHasher {
                manifest: None,
                digest: all.as_ref().map(|_| blake3::Hasher::new()),
            };
            let archive = entry.copy(archive, source, &mut hasher)?;
            if let (Some(all), Some(digest)) = (&mut all, hasher.finish().digest) {
                all.add(name, &digest);
            }
            Ok(archive)
        };
        if let Some(manifest) = self.manifest {
            let (mut manifest, length) = manifest.finish().map_err(write_error)?;
            let signatures = sign_detached(keys, &mut manifest, SystemTime::now())?;
            manifest.rewind().map_err(write_error)?;
            let written = copy(archive, MANIFEST.list, length, &mut manifest);
            archive = written.map_err(|failure: Failure| failure.error(output))?;
            let signatures = [
                (MANIFEST.cms, signatures.cms),
                (MANIFEST.openpgp, signatures.openpgp),
            ];
            for (name, signature) in signatures {
                let Some(signature) = signature else { continue };
                let length = signature.len() as u64;
                let written = copy(archive, name, length, &mut signature.as_slice());
                archive = written.map_err(|failure| failure.error(output))?;
            }
        }
        for Kept {
            name,
            length,
            mut source,
            read_error,
        } in kept
        {
            let written = copy(archive, name, length, &mut source);
            archive = written.map_err(|failure| match failure {
                Failure::Read(error) => read_error(error),
                Failure::Write(error) => write_error(error),
            })?;
        }
        Ok((archive, all.map(EntriesHash::finish)))
    }
}

/// An entry that is kept of another archive, under the name that it has now.
pub(super) struct Kept<'a> {
    pub name: &'static str,
    pub length: u64,
    pub source: Box<dyn Read + 'a>,
    /// Returns the error that it can't be read.
    pub read_error: Box<dyn Fn(io::Error) -> Error + 'a>,
}

/// An entry that is written.
struct Entry {
    name: &'static str,
    modified: SystemTime,
    length: u64,
}

enum Failure {
    Read(io::Error),
    Write(io::Error),
}

impl Failure {
    /// Returns the error of copying what was made for this archive.
    fn error(self, output: &Path) -> Error {
        let (Self::Read(error) | Self::Write(error)) = self;
        Error::writing(output, error)
    }
}

impl Entry {
    fn copy<W: Write + Seek>(
        self,
        archive: ArchiveWriter<W>,
        mut source: impl Read,
        hasher: &mut EntryHasher,
    ) -> Result<ArchiveWriter<W>, Failure> {
        let entry = archive.begin_stored(self.name, self.modified, self.length);
        let mut entry = entry.map_err(Failure::Write)?;
        let mut buffer = vec![0; BUFFER];
        loop {
            let read = source.read(&mut buffer).map_err(Failure::Read)?;
            let (piece, _) = buffer.split_at(read);
            if piece.is_empty() {
                return entry.end().map_err(Failure::Write);
            }
            hasher.update(piece);
            entry.write_all(piece).map_err(Failure::Write)?;
        }
    }
}
