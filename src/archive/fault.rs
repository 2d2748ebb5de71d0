//! The faults of an archive or of one of its members.

use std::io;

use thiserror::Error;

use super::name::NameFault;
use crate::files::cause;

/// Why an archive or a member could not be read.
#[derive(Debug, Error)]
pub enum ArchiveError {
    /// The source could not be read.
    #[error("{}", cause(.0))]
    Io(io::Error),
    /// The archive breaks the format, or could be understood in two ways.
    #[error("{}{fault}", malformed(*.fault, .member.as_deref()))]
    Malformed {
        /// The fault.
        fault: ArchiveFault,
        /// The stored name of the member in which it was found, if it was one:
        /// as the archive has it, not fit for a terminal.
        member: Option<Box<str>>,
    },
    /// The archive is sound, but this member can't be read.
    #[error("the member {member:?} {fault}")]
    Member {
        /// The fault.
        fault: MemberFault,
        /// Its stored name: as the archive has it, not fit for a terminal.
        member: Box<str>,
    },
}

/// Returns the words before a fault: what has it, and the member's name if it
/// is one member's. Some faults need none.
fn malformed(fault: ArchiveFault, member: Option<&str>) -> String {
    match (fault, member) {
        (ArchiveFault::Empty | ArchiveFault::NotZip | ArchiveFault::NoEnd, _) => String::new(),
        (_, None) => "the archive is malformed: ".into(),
        (_, Some(member)) => format!("the archive is malformed at the member {member:?}: "),
    }
}

impl From<io::Error> for ArchiveError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<ArchiveFault> for ArchiveError {
    fn from(fault: ArchiveFault) -> Self {
        Self::Malformed {
            fault,
            member: None,
        }
    }
}

/// How an archive breaks the format. Offsets and sizes are in bytes.
///
/// A [`MemberReader`](super::MemberReader) reports these too, inside an
/// [`io::Error`] of the kind `InvalidData`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ArchiveFault {
    /// There is nothing in it.
    #[error("the file is empty")]
    Empty,
    /// It neither begins nor ends as an archive.
    #[error("not a ZIP archive")]
    NotZip,
    /// It begins as an archive, but no end of central directory record reaches
    /// the end of the file (APPNOTE 4.3.16).
    #[error("the ZIP archive is incomplete, or something was appended to it")]
    NoEnd,
    /// Another one follows in the comment of the one that does. Readers differ
    /// in which of them they use.
    #[error(
        "it has two end records, at {first} and at {second}, and readers differ in which counts"
    )]
    TwoEnds {
        /// Offset of the first within the file.
        first: u64,
        /// Offset of the second.
        second: u64,
    },
    /// It is one of several disks.
    #[error("it is a part of a split archive")]
    SeveralDisks,
    /// The ZIP64 locator doesn't point at a ZIP64 end record of 56 bytes that
    /// ends where the locator begins (APPNOTE 4.3.14, 4.3.15).
    #[error("the ZIP64 end record is not where its locator says")]
    Zip64EndMisplaced,
    /// The two end records contradict each other.
    #[error("the ZIP64 end record and the end record disagree")]
    Zip64EndDisagrees,
    /// The central directory doesn't end where the end records begin.
    #[error("the central directory ends at {end} instead of {expected}")]
    DirectoryMisplaced {
        /// Its end by its offset and size; the largest value if that overflows.
        end: u64,
        /// The start of the end records.
        expected: u64,
    },
    /// A central directory header is missing where one must be (APPNOTE
    /// 4.3.12).
    #[error("no whole central directory header at {offset}")]
    NoCentralHeader {
        /// Its expected place.
        offset: u64,
    },
    /// The declared number of headers doesn't fill the central directory.
    #[error("{bytes} bytes of the central directory follow its last entry")]
    DirectoryNotFilled {
        /// The number of bytes that are left.
        bytes: u64,
    },
    /// An extra field's records don't fill it (APPNOTE 4.5.1), or one kind of
    /// record that callseal uses occurs twice.
    #[error("an extra field is malformed")]
    ExtraField,
    /// A ZIP64 extra field is missing, or doesn't have exactly the values that
    /// its header leaves to it (APPNOTE 4.5.3).
    #[error("a ZIP64 extra field does not have the values that its header leaves to it")]
    Zip64Extra,
    /// A stored member with two different sizes.
    #[error("a stored member of {size} bytes takes {stored_size} bytes")]
    StoredSizes {
        /// The declared size of the member.
        size: u64,
        /// The declared number of bytes stored for it.
        stored_size: u64,
    },
    /// A second member with exactly the same stored name.
    #[error("two members have the same name")]
    DuplicateName,
    /// Something precedes the first member.
    #[error("{bytes} bytes precede the first member")]
    Prefix {
        /// Their number.
        bytes: u64,
    },
    /// A member reaches into what follows it: the next member or the central
    /// directory.
    #[error("the member at {offset} overlaps what follows it at {next}")]
    Overlap {
        /// The start of the member.
        offset: u64,
        /// The start of what follows.
        next: u64,
    },
    /// Bytes between a member and what follows it belong to neither.
    #[error("{bytes} bytes after the member at {offset} belong to no member")]
    Gap {
        /// The start of the member.
        offset: u64,
        /// Their number.
        bytes: u64,
    },
    /// There is no local header where the central directory says (APPNOTE
    /// 4.3.7).
    #[error("no whole local header at {offset}")]
    NoLocalHeader {
        /// Its expected place.
        offset: u64,
    },
    /// The local header has another name.
    #[error("the local header has another name than the central directory")]
    LocalName,
    /// The local header has other flags that change the meaning.
    #[error("the local header has other flags than the central directory")]
    LocalFlags,
    /// The local header has another compression method.
    #[error("the local header has another compression method than the central directory")]
    LocalMethod,
    /// The local header has another CRC-32.
    #[error("the local header has another checksum than the central directory")]
    LocalChecksum,
    /// The local header has other sizes.
    #[error("the local header has other sizes than the central directory")]
    LocalSizes,
    /// The data descriptor contradicts the central directory, or doesn't have
    /// one of the four forms in use (APPNOTE 4.3.9).
    #[error("the data descriptor does not match the central directory")]
    Descriptor,
    /// The member's bytes are not those that were packed.
    #[error("the checksum is {actual:08x} instead of {declared:08x}")]
    Checksum {
        /// CRC-32 by the central directory.
        declared: u32,
        /// CRC-32 of the bytes.
        actual: u32,
    },
    /// The deflated bytes are invalid.
    #[error("the deflated data is damaged")]
    Deflate,
    /// The deflated bytes yield less or more than the declared size, or end
    /// before the bytes stored for them.
    #[error("the deflated data does not yield exactly the declared size")]
    DeflateSize,
}

/// Returns the name of a common method (APPNOTE 4.4.5) in brackets.
fn method_name(method: u16) -> &'static str {
    match method {
        9 => " (Deflate64)",
        12 => " (bzip2)",
        14 => " (LZMA)",
        93 => " (Zstandard)",
        95 => " (XZ)",
        _ => "",
    }
}

/// Why one member can't be read from a sound archive. The phrases continue "the
/// member".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum MemberFault {
    /// Its name is not safe.
    #[error("has an unsafe name: the name {0}")]
    Name(NameFault),
    /// It has a second name in a Unicode Path extra field (APPNOTE 4.6.9).
    #[error("has a different second name in an extra field")]
    SecondName,
    /// It is encrypted by ZIP itself (APPNOTE 4.4.4, bits 0, 6 and 13).
    #[error("has a ZIP password, which is not supported")]
    Encrypted,
    /// It is neither stored nor deflated (APPNOTE 4.4.5).
    #[error("is compressed by the unsupported method {method}{}", method_name(*.method))]
    Method {
        /// The number of the method.
        method: u16,
    },
    /// Its Unix mode makes it a link, a device or something else that is
    /// neither a file nor a directory.
    #[error("is a link or a special file (mode {mode:o})")]
    Special {
        /// The mode with its file type bits.
        mode: u16,
    },
    /// Its name says that it is a directory and its mode or size that it is a
    /// file, or the other way round.
    #[error("is a directory by some of its attributes and a file by others")]
    HalfDirectory,
}
