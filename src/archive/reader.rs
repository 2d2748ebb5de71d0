//! Reading an archive: the list of its members.

use std::time::SystemTime;

use super::directory::{self, Entry};
use super::dos_time::system_time;
use super::fault::{ArchiveError, MemberFault};
use super::member_reader::MemberReader;
use super::name::{MemberName, NameFault};
use super::read_at::ReadAt;
use super::records::{
    END_SIGNATURE, FLAG_ENCRYPTED, FLAG_MASKED_HEADERS, FLAG_STRONG_ENCRYPTION, LOCAL_SIGNATURE,
    METHOD_DEFLATED, METHOD_STORED,
};

/// The file type bits of a Unix mode, and two of their values.
const MODE_TYPE: u16 = 0o170_000;
const MODE_DIRECTORY: u16 = 0o040_000;
const MODE_REGULAR: u16 = 0o100_000;

/// Whether a file that starts with these bytes may be a ZIP archive: it has a
/// local header first (APPNOTE 4.3.7), or is an empty archive (4.3.16).
#[must_use]
pub fn looks_like_zip(prefix: &[u8]) -> bool {
    [LOCAL_SIGNATURE, END_SIGNATURE]
        .iter()
        .any(|signature| prefix.starts_with(&signature.to_le_bytes()))
}

/// An open archive.
///
/// It is strict: an archive that two readers could understand differently is
/// refused. What [`open`](Self::open) reads is the end records and the central
/// directory, so it is quick however large the archive. They divide the file
/// among the members, so that none can overlap. Whether a member's own header
/// says the same, and whether the member fills its part of the file without a
/// gap, is checked when it is [`read`](Self::read): a damaged header costs one
/// member instead of all.
#[derive(Debug)]
pub struct Archive<R> {
    source: R,
    members: Box<[Member]>,
}

impl<R: ReadAt> Archive<R> {
    /// Reads and checks the central directory.
    ///
    /// Memory: the members' names twice and about 150 bytes for each, whatever
    /// the archive declares.
    ///
    /// # Errors
    ///
    /// [`ArchiveError::Malformed`] where the archive breaks the format or could
    /// be understood in two ways; [`ArchiveError::Io`] where it can't be read.
    pub fn open(source: R) -> Result<Self, ArchiveError> {
        let location = directory::locate(&source)?;
        let entries = directory::read_entries(&source, &location)?;
        let members = entries.into_iter().map(Member::new).collect();
        Ok(Self { source, members })
    }

    /// The members, in the order of the central directory; directories that
    /// have an entry of their own are among them.
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// Begins to read a member of this archive.
    ///
    /// # Errors
    ///
    /// [`ArchiveError::Member`] where the member has a
    /// [`fault`](Member::fault); [`ArchiveError::Malformed`] where its local
    /// header or data descriptor contradicts the central directory or leaves a
    /// gap; [`ArchiveError::Io`] where it can't be read. None of them says
    /// anything about the other members.
    pub fn read(&self, member: &Member) -> Result<MemberReader<'_, R>, ArchiveError> {
        if let Some(fault) = member.fault() {
            return Err(ArchiveError::Member {
                fault,
                member: member.stored_name.clone(),
            });
        }
        MemberReader::new(&self.source, member)
    }
}

/// What the central directory says of one member.
#[derive(Clone, Debug)]
pub struct Member {
    pub(super) stored_name: Box<str>,
    name: Result<MemberName, NameFault>,
    fault: Option<MemberFault>,
    modified: i64,
    pub(super) size: u64,
    pub(super) stored_size: u64,
    pub(super) offset: u64,
    pub(super) slack: u32,
    pub(super) crc: u32,
    pub(super) flags: u16,
    pub(super) method: u16,
}

impl Member {
    fn new(entry: Entry) -> Self {
        let name = match std::str::from_utf8(&entry.name) {
            Ok(stored) => match stored.strip_suffix('/') {
                Some(directory) => MemberName::parse(directory),
                None => MemberName::from_stored(stored),
            },
            Err(_) => Err(NameFault::NotUtf8),
        };
        let fault = fault(&entry);
        let stored_name = match String::from_utf8(entry.name) {
            Ok(stored) => stored,
            Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
        };
        Self {
            stored_name: stored_name.into(),
            name,
            fault,
            modified: entry.modified,
            size: entry.size,
            stored_size: entry.stored_size,
            offset: entry.offset,
            slack: entry.slack,
            crc: entry.crc,
            flags: entry.flags,
            method: entry.method,
        }
    }

    /// The name as the archive has it, where it isn't UTF-8 with replacement
    /// characters. Safe neither as a path nor on a terminal.
    #[must_use]
    pub fn stored_name(&self) -> &str {
        &self.stored_name
    }

    /// The safe name: without `.pgp` and the like, or without a directory's
    /// final `/`.
    ///
    /// # Errors
    ///
    /// Why the stored name is not safe.
    pub fn name(&self) -> Result<&MemberName, NameFault> {
        self.name.as_ref().map_err(|fault| *fault)
    }

    /// How to name the member to a person: its safe name, or where that fails
    /// its stored name. Not safe on a terminal.
    #[must_use]
    pub fn shown_name(&self) -> &str {
        self.name
            .as_ref()
            .map_or(&*self.stored_name, MemberName::as_str)
    }

    /// Why the member can't be read, where that shows already.
    #[must_use]
    pub fn fault(&self) -> Option<MemberFault> {
        self.name
            .as_ref()
            .err()
            .copied()
            .map(MemberFault::Name)
            .or(self.fault)
    }

    /// Size of the member in bytes.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Bytes that its data takes in the archive.
    #[must_use]
    pub fn stored_size(&self) -> u64 {
        self.stored_size
    }

    /// The modification time: by Info-ZIP's extended timestamp where there is
    /// one, else the MS-DOS time taken as UTC.
    #[must_use]
    pub fn modified(&self) -> SystemTime {
        system_time(self.modified)
    }

    /// Whether it is an entry for a directory: its stored name ends in `/`.
    #[must_use]
    pub fn is_directory(&self) -> bool {
        self.stored_name.ends_with('/')
    }
}

/// What stands against reading the member, its name aside.
fn fault(entry: &Entry) -> Option<MemberFault> {
    let encryption = FLAG_ENCRYPTED | FLAG_STRONG_ENCRYPTION | FLAG_MASKED_HEADERS;
    let is_directory = entry.name.ends_with(b"/");
    let kind = entry.mode & MODE_TYPE;
    // No type bits: the writer's system has no modes.
    let agrees = match kind {
        0 => true,
        MODE_DIRECTORY => is_directory,
        MODE_REGULAR => !is_directory,
        _ => return Some(MemberFault::Special { mode: entry.mode }),
    };
    if entry.has_second_name {
        Some(MemberFault::SecondName)
    } else if entry.flags & encryption != 0 {
        Some(MemberFault::Encrypted)
    } else if !agrees || (is_directory && entry.size != 0) {
        Some(MemberFault::HalfDirectory)
    } else if !matches!(entry.method, METHOD_STORED | METHOD_DEFLATED) {
        Some(MemberFault::Method {
            method: entry.method,
        })
    } else {
        None
    }
}
