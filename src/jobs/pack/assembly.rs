//! An archive that is being written, with what follows its members.

use std::io::{self, Seek, Write};
use std::path::Path;
use std::time::SystemTime;

use crate::archive::{ArchiveWriter, MemberName, MemberWriter};
use crate::index::{HIDDEN_DIGITS, IndexWriter, Listed, NAME};
use crate::jobs::error::Error;
use crate::jobs::job::Job;
use crate::jobs::layout::Layout;
use crate::jobs::tail::Tail;
use crate::jobs::written_entry::{EntryHasher, EntryHashes};
use crate::keys::SigningKey;
use crate::message::SealPlan;
use crate::output::directory_of;

/// The name of a member, and when its file was last changed.
pub(crate) struct NextMember {
    pub name: MemberName,
    pub modified: SystemTime,
    /// An upper estimate of its size in bytes.
    pub at_most: u64,
}

/// What is known of a member when it has been sealed.
pub(crate) struct Sealed {
    /// What the index says of it.
    pub listed: Option<Listed>,
    pub hashes: EntryHashes,
}

/// An archive and what follows its members.
pub(crate) struct Assembly<W> {
    archive: ArchiveWriter<W>,
    list: List,
}

/// What is kept of the members that are in the archive.
struct List {
    tail: Tail,
    hidden_at: Option<SystemTime>,
    members: u64,
}

/// A member that is being written.
pub(crate) struct OpenMember<W> {
    pub writer: MemberWriter<W>,
    list: List,
}

impl<W: Write + Seek> Assembly<W> {
    /// Begins an archive of that many members, which the job signs if it has keys.
    /// What doesn't fit in memory of its index goes to an unnamed file in
    /// the directory of the `output`, sealed; and so does its manifest.
    pub fn new(
        sink: W,
        plan: &SealPlan,
        members: usize,
        layout: Layout,
        job: &Job<'_>,
        output: &Path,
    ) -> Result<Self, Error> {
        let directory = &directory_of(output);
        let hides_names = layout.hidden_at.is_some();
        let index = match layout.index {
            true => IndexWriter::new(plan, NAME, members as u64, hides_names, directory)
                .map_err(|error| Error::sealing(output, output, error))?,
            false => None,
        };
        let tail = Tail::new(index)
            .reading_back(job.is_read_back)
            .signed_by(job.signing, directory);
        Ok(Self {
            archive: ArchiveWriter::new(sink).with_ending(plan.format().into()),
            list: List {
                tail: tail.map_err(|error| Error::writing(output, error))?,
                hidden_at: layout.hidden_at,
                members: 0,
            },
        })
    }

    /// Begins an archive without an index.
    #[cfg(test)]
    pub fn bare(sink: W) -> Self {
        Self {
            archive: ArchiveWriter::new(sink),
            list: List {
                tail: Tail::new(None),
                hidden_at: None,
                members: 0,
            },
        }
    }

    /// Returns what hashes each member, as far as that is needed.
    pub fn hasher(&self) -> EntryHasher {
        self.list.tail.hasher()
    }

    /// Adds a whole member that is in memory, with its CRC-32.
    pub fn add(
        &mut self,
        member: &NextMember,
        sealed: &Sealed,
        message: &[u8],
        crc: u32,
    ) -> io::Result<()> {
        let (name, modified) = self.list.shown(member)?;
        let name = name.as_ref().unwrap_or(&member.name);
        self.archive.add_checked(name, modified, message, crc)?;
        self.list.enter(&self.archive, name, member, sealed)
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

    /// Adds what follows the members, completes the archive, and returns the sink;
    /// and the hash of all entries, if the archive is to be read back.
    pub fn finish(
        self,
        keys: &[SigningKey],
        output: &Path,
    ) -> Result<(W, Option<blake3::Hash>), Error> {
        let tail = self.list.tail;
        let (archive, entries) = tail.write(self.archive, keys, Vec::new(), output)?;
        let finished = archive.finish();
        let sink = finished.map_err(|error| Error::writing(output, error))?;
        Ok((sink, entries))
    }
}

impl<W: Write + Seek> OpenMember<W> {
    /// Completes the member.
    pub fn end(self, member: &NextMember, sealed: &Sealed) -> io::Result<Assembly<W>> {
        let (name, _) = self.list.shown(member)?;
        let name = name.as_ref().unwrap_or(&member.name);
        let mut assembly = Assembly {
            archive: self.writer.end()?,
            list: self.list,
        };
        let Assembly { archive, list } = &mut assembly;
        list.enter(archive, name, member, sealed)?;
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
        sealed: &Sealed,
    ) -> io::Result<()> {
        self.members += 1;
        let stored = archive.stored_name(name);
        let modified = self.hidden_at.unwrap_or(member.modified);
        self.tail.note(&stored, modified, &sealed.hashes)?;
        if let (Some(index), Some(listed)) = (&mut self.tail.index, &sealed.listed) {
            index.push(&stored, member.name.as_str(), listed)?;
        }
        Ok(())
    }
}
