//! An archive that is being written, with its index.

use std::io::{self, Read, Seek, Write};
use std::path::Path;
use std::time::SystemTime;

use crate::archive::{ArchiveWriter, MemberName, MemberWriter};
use crate::index::{HIDDEN_DIGITS, IndexWriter, Listed, NAME};
use crate::jobs::layout::Layout;
use crate::message::{SealError, SealPlan};

/// The bytes of the index that are copied at a time.
const BUFFER: usize = 64 * 1024;

/// The name of a member, and when its file was last changed.
pub(crate) struct NextMember {
    pub name: MemberName,
    pub modified: SystemTime,
    /// An upper estimate of its size in bytes.
    pub at_most: u64,
}

/// An archive and its index.
pub(crate) struct Assembly<W> {
    archive: ArchiveWriter<W>,
    list: List,
}

/// What is kept of the members that are in the archive.
struct List {
    index: Option<IndexWriter>,
    hidden_at: Option<SystemTime>,
    members: u64,
    newest: SystemTime,
}

/// A member that is being written.
pub(crate) struct OpenMember<W> {
    pub writer: MemberWriter<W>,
    list: List,
}

impl<W: Write + Seek> Assembly<W> {
    /// Begins an archive of that many members. What doesn't fit in memory of the
    /// index goes to an unnamed file in `directory`, sealed.
    pub fn new(
        sink: W,
        plan: &SealPlan,
        members: usize,
        layout: Layout,
        directory: &Path,
    ) -> Result<Self, SealError> {
        let hides_names = layout.hidden_at.is_some();
        let index = match layout.index {
            true => IndexWriter::new(plan, NAME, members as u64, hides_names, directory)?,
            false => None,
        };
        Ok(Self {
            archive: ArchiveWriter::new(sink).with_ending(plan.format().into()),
            list: List {
                index,
                hidden_at: layout.hidden_at,
                members: 0,
                newest: SystemTime::UNIX_EPOCH,
            },
        })
    }

    /// Begins an archive without an index.
    #[cfg(test)]
    pub fn bare(sink: W) -> Self {
        Self {
            archive: ArchiveWriter::new(sink),
            list: List {
                index: None,
                hidden_at: None,
                members: 0,
                newest: SystemTime::UNIX_EPOCH,
            },
        }
    }

    /// Adds a whole member that is in memory, with its CRC-32.
    pub fn add(
        &mut self,
        member: &NextMember,
        listed: Option<&Listed>,
        message: &[u8],
        crc: u32,
    ) -> io::Result<()> {
        let (name, modified) = self.list.shown(member)?;
        let name = name.as_ref().unwrap_or(&member.name);
        self.archive.add_checked(name, modified, message, crc)?;
        self.list.enter(&self.archive, name, member, listed)
    }

    /// Begins a member whose length isn't known yet.
    pub fn begin(self, member: &NextMember) -> io::Result<OpenMember<W>> {
        let (name, modified) = self.list.shown(member)?;
        let name = name.as_ref().unwrap_or(&member.name);
        Ok(OpenMember {
            writer: self.archive.begin(name, modified, member.at_most)?,
            list: self.list,
        })
    }

    /// Adds the index, completes the archive, and returns the sink.
    pub fn finish(mut self) -> io::Result<W> {
        if let Some(index) = self.list.index {
            let (mut index, length) = index.finish()?;
            let name = MemberName::parse(NAME).map_err(io::Error::other)?;
            let mut entry = self.archive.begin(&name, self.list.newest, length)?;
            let mut buffer = vec![0; BUFFER];
            loop {
                let read = index.read(&mut buffer)?;
                let (piece, _) = buffer.split_at(read);
                if piece.is_empty() {
                    break;
                }
                entry.write_all(piece)?;
            }
            self.archive = entry.end()?;
        }
        self.archive.finish()
    }
}

impl<W: Write + Seek> OpenMember<W> {
    /// Completes the member.
    pub fn end(self, member: &NextMember, listed: Option<&Listed>) -> io::Result<Assembly<W>> {
        let (name, _) = self.list.shown(member)?;
        let name = name.as_ref().unwrap_or(&member.name);
        let mut assembly = Assembly {
            archive: self.writer.end()?,
            list: self.list,
        };
        let Assembly { archive, list } = &mut assembly;
        list.enter(archive, name, member, listed)?;
        Ok(assembly)
    }
}

impl List {
    /// Returns the name and the time that the archive shows of the next member;
    /// no name if it shows its own.
    fn shown(&self, member: &NextMember) -> io::Result<(Option<MemberName>, SystemTime)> {
        let Some(time) = self.hidden_at else {
            return Ok((None, member.modified));
        };
        let number = format!("{:0width$}", self.members + 1, width = HIDDEN_DIGITS);
        let name = MemberName::parse(&number).map_err(io::Error::other)?;
        Ok((Some(name), time))
    }

    fn enter<W>(
        &mut self,
        archive: &ArchiveWriter<W>,
        name: &MemberName,
        member: &NextMember,
        listed: Option<&Listed>,
    ) -> io::Result<()> {
        self.members += 1;
        self.newest = self.newest.max(self.hidden_at.unwrap_or(member.modified));
        if let (Some(index), Some(listed)) = (&mut self.index, listed) {
            let stored = archive.stored_name(name);
            index.push(&stored, member.name.as_str(), listed)?;
        }
        Ok(())
    }
}
