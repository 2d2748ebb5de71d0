//! Writing an archive of stored members.

use std::io::{self, Seek, Write};
use std::time::SystemTime;

use super::encode::{Stored, end_records};
use super::ending::Ending;
use super::name::MemberName;
use super::patched_writer::PatchedWriter;
use super::records::ZIP64_MARKER;
use super::written::WrittenMembers;
use crate::timestamp::unix_seconds;

/// Writes an archive: stored members, then the central directory.
///
/// The bytes depend on the arguments alone. Only [`finish`](Self::finish)
/// completes the archive: no reader accepts it before. After an error every
/// further call fails.
///
/// The caller ensures that no two members have the same name, best by
/// [`MemberName::collision_key`]: [`Archive`](super::Archive) refuses an
/// archive with exactly equal ones.
///
/// It keeps the facts of the members in memory until then: some 15 bytes for
/// each, and more for a name that is unlike the one before.
pub struct ArchiveWriter<W> {
    sink: PatchedWriter<W>,
    ending: Ending,
    members: WrittenMembers,
}

impl<W> ArchiveWriter<W> {
    /// Returns the name as it is stored.
    pub(crate) fn stored_name(&self, name: &MemberName) -> String {
        name.stored(self.ending)
    }
}

impl<W: Write + Seek> ArchiveWriter<W> {
    /// Creates an archive without members yet, whose names will end in `.pgp`.
    /// `sink` must be empty, at its position 0.
    pub fn new(sink: W) -> Self {
        Self {
            sink: PatchedWriter::new(sink),
            ending: Ending::default(),
            members: WrittenMembers::default(),
        }
    }

    /// Uses another ending of the names.
    #[must_use]
    pub fn with_ending(self, ending: Ending) -> Self {
        Self { ending, ..self }
    }

    /// Adds a whole member that is in memory.
    ///
    /// `modified` is stored in whole seconds; outside of 1901 to 2038 in even
    /// seconds, between 1980 and 2107.
    ///
    /// # Errors
    ///
    /// Any error of the sink.
    pub fn add(&mut self, name: &MemberName, modified: SystemTime, data: &[u8]) -> io::Result<()> {
        self.add_checked(name, modified, data, crc32fast::hash(data))
    }

    /// Does the same with data whose CRC-32 is known.
    pub(crate) fn add_checked(
        &mut self,
        name: &MemberName,
        modified: SystemTime,
        data: &[u8],
        crc: u32,
    ) -> io::Result<()> {
        self.add_stored(&name.stored(self.ending), modified, data, crc)
    }

    /// Adds a whole entry that is in memory, with a name that is stored as it is and
    /// data whose CRC-32 is known.
    pub(crate) fn add_stored(
        &mut self,
        stored: &str,
        modified: SystemTime,
        data: &[u8],
        crc: u32,
    ) -> io::Result<()> {
        let size = data.len() as u64;
        let member = Stored {
            name: stored.as_bytes().to_vec(),
            modified: unix_seconds(modified),
            crc,
            size,
            offset: self.sink.position(),
            zip64: size >= ZIP64_MARKER,
        };
        self.sink.write_all(&member.local_header()?)?;
        self.sink.write_all(data)?;
        self.members.push(&member);
        Ok(())
    }

    /// Begins an entry with a name that is stored as it is.
    ///
    /// # Errors
    ///
    /// Any error of the sink.
    pub(crate) fn begin_stored(
        self,
        stored: &str,
        modified: SystemTime,
        at_most: u64,
    ) -> io::Result<MemberWriter<W>> {
        self.begin_as(stored.as_bytes().to_vec(), modified, at_most)
    }

    /// Begins a member whose length isn't known yet.
    ///
    /// `at_most` is an upper estimate of its length in bytes. From 4 GiB - 1
    /// on, the local header gets a ZIP64 extra field (APPNOTE 4.5.3); without
    /// it the member must stay shorter.
    ///
    /// The checksum and the sizes are patched into the local header at the end.
    /// A data descriptor would avoid the patch, but some readers of streams
    /// refuse one after a stored member, since nothing shows them where the
    /// data ends.
    ///
    /// # Errors
    ///
    /// Any error of the sink.
    pub fn begin(
        self,
        name: &MemberName,
        modified: SystemTime,
        at_most: u64,
    ) -> io::Result<MemberWriter<W>> {
        let stored = name.stored(self.ending);
        self.begin_as(stored.into_bytes(), modified, at_most)
    }

    fn begin_as(
        mut self,
        name: Vec<u8>,
        modified: SystemTime,
        at_most: u64,
    ) -> io::Result<MemberWriter<W>> {
        let member = Stored {
            name,
            modified: unix_seconds(modified),
            crc: 0,
            size: 0,
            offset: self.sink.position(),
            zip64: at_most >= ZIP64_MARKER,
        };
        self.sink.write_all(&member.local_header()?)?;
        Ok(MemberWriter {
            archive: self,
            member,
            crc: crc32fast::Hasher::new(),
        })
    }

    /// Writes the central directory and the end records, flushes, and returns
    /// the sink.
    ///
    /// # Errors
    ///
    /// Any error of the sink.
    pub fn finish(mut self) -> io::Result<W> {
        let Self { sink, members, .. } = &mut self;
        let offset = sink.position();
        let mut header = Vec::new();
        members.for_each(|member| {
            header.clear();
            member.push_central_header(&mut header)?;
            sink.write_all(&header)
        })?;
        let size = sink.position().saturating_sub(offset);
        sink.write_all(&end_records(members.count(), size, offset))?;
        self.sink.into_inner()
    }
}

/// Writes one member's bytes into the archive that it holds.
///
/// Only [`end`](Self::end) returns the archive, so an incomplete member can't
/// be left in it.
#[must_use = "only `end` completes the member and returns the archive"]
pub struct MemberWriter<W> {
    archive: ArchiveWriter<W>,
    member: Stored,
    crc: crc32fast::Hasher,
}

impl<W: Write + Seek> MemberWriter<W> {
    /// Completes the member and returns the archive.
    ///
    /// # Errors
    ///
    /// Any error of the sink, and any call after a failed write.
    pub fn end(mut self) -> io::Result<ArchiveWriter<W>> {
        self.member.crc = self.crc.finalize();
        let header = self.member.local_header()?;
        self.archive.sink.patch(self.member.offset, &header)?;
        self.archive.members.push(&self.member);
        Ok(self.archive)
    }
}

impl<W: Write + Seek> Write for MemberWriter<W> {
    /// Takes all of `buf`, or fails: with the kind `FileTooLarge` if the member
    /// outgrows the `at_most` that it was begun with.
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        let size = self.member.size.saturating_add(buf.len() as u64);
        if size >= ZIP64_MARKER && !self.member.zip64 {
            self.archive.sink.break_off();
            return Err(io::Error::new(
                io::ErrorKind::FileTooLarge,
                "the member outgrows 4 GiB and its announced size",
            ));
        }
        self.archive.sink.write_all(buf)?;
        self.crc.update(buf);
        self.member.size = size;
        Ok(buf.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.archive.sink.flush()
    }
}
