//! From the end of the file to the place of the central directory.

use std::io;

use super::fault::{ArchiveError, ArchiveFault};
use super::read_at::{ReadAt, read_exact_at};
use super::records::{
    END_BYTES, END_SIGNATURE, End, Fields, LOCATOR_BYTES, Locator, ZIP64_END_BYTES, looks_like_zip,
};

/// The longest distance from an end record's start to the end of the file: its
/// own length and that of the longest comment.
const END_SEARCH_BYTES: u64 = END_BYTES as u64 + u16::MAX as u64;

/// The first part of a split archive begins so (APPNOTE 8.5.3).
const SPLIT_MARK: &[u8] = b"PK\x07\x08";

/// The place of the central directory.
#[derive(Clone, Copy, Debug)]
pub(super) struct Location {
    pub offset: u64,
    pub size: u64,
    pub members: u64,
    /// The number of bytes behind the end record that mean nothing.
    pub padding: u64,
}

/// Finds the central directory by the end records.
///
/// Readers differ in how they search for the end record: some use the last
/// signature, others a comment that reaches to the end of the file. So there
/// must be exactly one whose comment reaches exactly to the end, and no
/// signature in that comment. Zeros or line ends may follow: bsdtar pads what
/// it writes to a pipe, and editors and scripts append a line end. No reader
/// takes them for anything.
pub(super) fn locate(source: &impl ReadAt) -> Result<Location, ArchiveError> {
    let FoundEnd {
        end,
        offset: end_offset,
        padding,
    } = find_end(source)?;
    let zip64_end_offset = check_zip64_end(source, &end, end_offset)?;
    let (end, directory_end) = match zip64_end_offset {
        Some((zip64, offset)) => (zip64, offset),
        None => (end, end_offset),
    };
    if end.disk != 0 || end.directory_disk != 0 || end.members_on_disk != end.members {
        return Err(ArchiveFault::SeveralDisks.into());
    }
    let declared_end = end.directory_offset.saturating_add(end.directory_size);
    if declared_end != directory_end {
        return Err(ArchiveFault::DirectoryMisplaced {
            end: declared_end,
            expected: directory_end,
        }
        .into());
    }
    Ok(Location {
        offset: end.directory_offset,
        size: end.directory_size,
        members: end.members,
        padding,
    })
}

/// An end record, and where it was found.
struct FoundEnd {
    end: End,
    offset: u64,
    padding: u64,
}

/// Returns the one end record.
fn find_end(source: &impl ReadAt) -> Result<FoundEnd, ArchiveError> {
    let size = source.size()?;
    let start = size.saturating_sub(END_SEARCH_BYTES);
    let mut tail = vec![0; in_memory(size.saturating_sub(start))?];
    read_exact_at(source, &mut tail, start)?;

    let signature = END_SIGNATURE.to_le_bytes();
    let mut found: Option<FoundEnd> = None;
    let mut rest = tail.as_slice();
    while let Some((_, next)) = rest.split_first() {
        if rest.starts_with(&signature) {
            let offset = size.saturating_sub(rest.len() as u64);
            if let Some(FoundEnd { offset: first, .. }) = found {
                let second = offset;
                return Err(ArchiveFault::TwoEnds { first, second }.into());
            }
            found = end_record(rest).map(|(end, padding)| FoundEnd {
                end,
                offset,
                padding,
            });
        }
        rest = next;
    }
    match found {
        Some(end) => Ok(end),
        None => Err(without_end(source, size)?.into()),
    }
}

/// Returns what a file without an end record is.
fn without_end(source: &impl ReadAt, size: u64) -> Result<ArchiveFault, ArchiveError> {
    let mut start = vec![0; in_memory(size.min(4))?];
    read_exact_at(source, &mut start, 0)?;
    Ok(match start.as_slice() {
        [] => ArchiveFault::Empty,
        SPLIT_MARK => ArchiveFault::SeveralDisks,
        start if looks_like_zip(start) => ArchiveFault::NoEnd,
        _ => ArchiveFault::NotZip,
    })
}

/// Returns the end record at the start of `bytes`, if its comment reaches
/// exactly to their end, or to the padding there.
fn end_record(bytes: &[u8]) -> Option<(End, u64)> {
    let mut fields = Fields::new(bytes);
    let (end, comment_bytes) = End::parse(&mut fields)?;
    fields.bytes(comment_bytes.into())?;
    let rest = fields.rest();
    let is_padding = rest.iter().all(|octet| *octet == 0)
        || rest.iter().all(|octet| matches!(octet, b'\r' | b'\n'));
    is_padding.then_some((end, rest.len() as u64))
}

/// Returns a length of some KiB, such as that of a buffer.
pub(super) fn in_memory(length: u64) -> io::Result<usize> {
    usize::try_from(length).map_err(io::Error::other)
}

/// Returns the ZIP64 end record and its offset, if there is a locator before
/// the end record.
/// Some writers add both although no value needs them. So the locator decides,
/// and the two records must agree.
fn check_zip64_end(
    source: &impl ReadAt,
    end: &End,
    end_offset: u64,
) -> Result<Option<(End, u64)>, ArchiveError> {
    let Some(locator_offset) = end_offset.checked_sub(LOCATOR_BYTES as u64) else {
        return Ok(None);
    };
    let mut bytes = [0; LOCATOR_BYTES];
    read_exact_at(source, &mut bytes, locator_offset)?;
    let Some(locator) = Locator::parse(&mut Fields::new(&bytes)) else {
        return Ok(None);
    };
    if locator.disk != 0 || locator.disks != 1 {
        return Err(ArchiveFault::SeveralDisks.into());
    }
    if locator.offset.checked_add(ZIP64_END_BYTES as u64) != Some(locator_offset) {
        return Err(ArchiveFault::Zip64EndMisplaced.into());
    }
    let mut bytes = [0; ZIP64_END_BYTES];
    read_exact_at(source, &mut bytes, locator.offset)?;
    let zip64 =
        End::parse_zip64(&mut Fields::new(&bytes)).ok_or(ArchiveFault::Zip64EndMisplaced)?;
    if !end.agrees_with(&zip64) {
        return Err(ArchiveFault::Zip64EndDisagrees.into());
    }
    Ok(Some((zip64, locator.offset)))
}
