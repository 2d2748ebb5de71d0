//! Writing the entries of an archive that is made from another one.

use std::io::{self, Read, Seek, Write};
use std::path::Path;
use std::time::SystemTime;

use super::archive_file::{ArchiveFile, member_error, open_cause};
use super::error::{Error, MemberCause};
use super::written_entry::{EntryHasher, EntryHashes};
use crate::archive::{
    ArchiveWriter, Member, MemberFault, MemberWriter, NameReading, without_ending,
};
use crate::message::{MessageSink, OpenError};

/// The bytes that are copied at a time.
const BUFFER: usize = 256 * 1024;

/// An archive with one more entry.
pub(super) struct NewEntry<W> {
    pub archive: ArchiveWriter<W>,
    pub stored: String,
    pub hashes: EntryHashes,
}

/// Writes an entry, and hashes it if that is needed.
pub(super) struct EntryWriter<W> {
    writer: MemberWriter<W>,
    stored: String,
    hasher: EntryHasher,
}

impl<W: Write + Seek> EntryWriter<W> {
    /// Begins an entry of at most so many bytes.
    pub fn begin(
        archive: ArchiveWriter<W>,
        stored: String,
        modified: SystemTime,
        at_most: u64,
        hasher: EntryHasher,
    ) -> io::Result<Self> {
        Ok(Self {
            writer: archive.begin_stored(&stored, modified, at_most)?,
            stored,
            hasher,
        })
    }

    pub fn end(self) -> io::Result<NewEntry<W>> {
        Ok(NewEntry {
            archive: self.writer.end()?,
            stored: self.stored,
            hashes: self.hasher.finish(),
        })
    }
}

impl<W: Write + Seek> Write for EntryWriter<W> {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        self.hasher.update(data);
        self.writer.write(data)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }
}

impl<W: Write + Seek> MessageSink for EntryWriter<W> {
    fn begin_sealed(&mut self) {
        self.hasher.begin_sealed();
    }
}

/// Copies an entry as it is.
pub(super) fn copy_entry<W: Write + Seek>(
    archive: ArchiveWriter<W>,
    from: &ArchiveFile,
    entry: &Member,
    path: &Path,
    hasher: EntryHasher,
) -> Result<NewEntry<W>, Error> {
    let fail = |cause| member_error(entry, cause);
    let write_error = |error| Error::writing(path, error);
    let stored = stored_name(entry).map_err(fail)?;
    let (modified, size) = (entry.modified(), entry.size());
    let copied = EntryWriter::begin(archive, stored, modified, size, hasher);
    let mut copied = copied.map_err(write_error)?;
    let mut source = from.read(entry).map_err(fail)?;
    let mut buffer = vec![0; BUFFER];
    loop {
        let read = source
            .read(&mut buffer)
            .map_err(|error| fail(open_cause(OpenError::Read(error))))?;
        let (piece, _) = buffer.split_at(read);
        if piece.is_empty() {
            break;
        }
        copied.write_all(piece).map_err(write_error)?;
    }
    let mut new = copied.end().map_err(write_error)?;
    if let Some(hashes) = &mut new.hashes.manifest {
        let again = from.hashes(entry).map_err(fail)?;
        if again.entry != hashes.entry {
            let changed = io::Error::other("the archive was changed while it was read");
            return Err(fail(open_cause(OpenError::Read(changed))));
        }
        hashes.sealed = again.sealed;
    }
    Ok(new)
}

/// Returns the name that an entry gets in the new archive: the one that it has,
/// unless that can be read in several ways.
pub(super) fn stored_name(entry: &Member) -> Result<String, MemberCause> {
    if let Some(fault) = entry.fault() {
        return Err(fault.into());
    }
    let stored = entry.stored_name();
    let is_plain = matches!(entry.name_reading(), None | Some(NameReading::Hidden));
    if is_plain {
        return Ok(stored.into_owned());
    }
    let name = entry.name().map_err(MemberFault::Name)?;
    let ending = match without_ending(&stored) {
        Some(path) => stored.get(path.len()..).unwrap_or_default(),
        None if entry.is_directory() => "/",
        None => "",
    };
    Ok(format!("{name}{ending}"))
}
