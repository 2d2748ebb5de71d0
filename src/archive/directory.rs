//! From the end of the file to the checked list of its members.
//!
//! Everything here is decided by the end records and the central directory
//! alone. They give each member an extent of the file that no other member
//! shares. Whether a member fills its extent is checked when it is read.

use std::collections::HashSet;
use std::io;

use super::extra::Extra;
use super::fault::{ArchiveError, ArchiveFault};
use super::member::{Member, StoredName};
use super::name_hashes::NameHashes;
use super::name_reading::NameField;
use super::read_at::{ReadAt, read_exact_at};
use super::records::{
    CENTRAL_BYTES, CentralHeader, END_BYTES, END_SIGNATURE, End, FLAG_ENCRYPTED, Fields,
    LOCAL_BYTES, LOCATOR_BYTES, Locator, METHOD_STORED, ZIP64_END_BYTES, looks_like_zip,
};

/// The longest distance from an end record's start to the end of the file: its
/// own length and that of the longest comment.
const END_SEARCH_BYTES: u64 = END_BYTES as u64 + u16::MAX as u64;

/// The first part of a split archive begins so (APPNOTE 8.5.3).
const SPLIT_MARK: &[u8] = b"PK\x07\x08";

/// Bytes of the central directory that are read at once. An entry is at most
/// 46 + 3 * 65,535 bytes long.
const WINDOW_BYTES: u64 = 256 * 1024;

/// The largest size of a member in addition to its header, name and data: the
/// longest extra field and the longest data descriptor.
const MAX_SLACK: u64 = u16::MAX as u64 + 24;

/// The place of the central directory.
#[derive(Clone, Copy, Debug)]
pub(super) struct Location {
    offset: u64,
    size: u64,
    members: u64,
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
fn in_memory(length: u64) -> io::Result<usize> {
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

/// Reads the entries of the central directory, in its order, and checks that
/// they fit side by side in the file.
pub(super) fn read_members(
    source: &impl ReadAt,
    location: &Location,
) -> Result<Box<[Member]>, ArchiveError> {
    let end = location.offset.saturating_add(location.size);
    let mut window = Window {
        source,
        end,
        start: location.offset,
        bytes: Vec::new(),
    };
    let mut position = location.offset;
    // The declared number is not reserved, since it is unverified.
    let mut members = Vec::new();
    let mut names = Rising::new();
    for _ in 0..location.members {
        let (member, next) = read_member(&mut window, position, &mut names)?;
        members.push(member);
        position = next;
    }
    if position != end {
        let bytes = end.saturating_sub(position);
        return Err(ArchiveFault::DirectoryNotFilled { bytes }.into());
    }
    drop(window);
    let mut members = members.into_boxed_slice();
    if !names.all_differ(&members) {
        refuse_duplicates(&members)?;
    }
    assign_extents(&mut members, location.offset)?;
    Ok(members)
}

/// Returns the entry at `position`, and the start of the next one.
fn read_member<R: ReadAt>(
    window: &mut Window<'_, R>,
    position: u64,
    names: &mut Rising,
) -> Result<(Member, u64), ArchiveError> {
    let missing = ArchiveFault::NoCentralHeader { offset: position };
    let fixed = window.get(position, CENTRAL_BYTES)?.ok_or(missing)?;
    let header = CentralHeader::parse(&mut Fields::new(fixed)).ok_or(missing)?;
    let [name_bytes, extra_bytes, comment_bytes] =
        [header.name_bytes, header.extra_bytes, header.comment_bytes].map(usize::from);
    let whole = [name_bytes, extra_bytes, comment_bytes]
        .into_iter()
        .fold(CENTRAL_BYTES, usize::saturating_add);
    let mut fields = Fields::new(window.get(position, whole)?.ok_or(missing)?);
    fields.bytes(CENTRAL_BYTES).ok_or(missing)?;
    let name = fields.bytes(name_bytes).ok_or(missing)?;
    let extra = fields.bytes(extra_bytes).ok_or(missing)?;

    names.add(name);
    let member = member(&header, name, extra).map_err(|fault| in_member(fault, name))?;
    Ok((member, position.saturating_add(whole as u64)))
}

/// Builds a member from a header, a name and an extra field.
fn member(header: &CentralHeader, name: &[u8], extra: &[u8]) -> Result<Member, ArchiveFault> {
    let extra = Extra::parse(extra)?;
    // The order of APPNOTE 4.5.3.
    let narrow = [header.size, header.stored_size, header.offset];
    let ([size, stored_size, offset], disk) = extra.widen(narrow, header.disk, false)?;
    if disk != 0 {
        return Err(ArchiveFault::SeveralDisks);
    }
    // An encryption header counts as stored data (APPNOTE 4.4.8).
    let encrypted = header.flags & FLAG_ENCRYPTED != 0;
    if header.method == METHOD_STORED && size != stored_size && !encrypted {
        return Err(ArchiveFault::StoredSizes { size, stored_size });
    }
    let [_, _, low, high] = header.external_attributes.to_le_bytes();
    Ok(Member {
        name: StoredName::new(&NameField {
            stored: name,
            flags: header.flags,
            host: header.host,
            unicode_path: extra.unicode_path(name),
        }),
        flags: header.flags,
        method: header.method,
        modified: extra
            .modified()
            .unwrap_or_else(|| header.modified.to_unix()),
        crc: header.crc,
        size,
        stored_size,
        offset,
        slack: 0,
        mode: u16::from_le_bytes([low, high]),
        has_second_name: extra.contradicts(name),
    })
}

/// Refuses two members with one name: readers use the first, the last or both.
fn refuse_duplicates(members: &[Member]) -> Result<(), ArchiveError> {
    let hashes = NameHashes::of(members.iter(), |member, name| member.name.append_to(name));
    if !hashes.may_repeat() {
        return Ok(());
    }
    let mut names = HashSet::with_capacity(members.len());
    let mut names_of = members.iter().map(|member| member.name.bytes());
    match names_of.find(|name| !names.insert(name.clone())) {
        Some(name) => Err(in_member(ArchiveFault::DuplicateName, &name)),
        None => Ok(()),
    }
}

/// Whether names rise from each to the next, as callseal writes them. The last
/// one, that of the index, may be an exception.
struct Rising {
    last: Vec<u8>,
    so_far: bool,
    /// Whether the last name doesn't rise, and all before it do.
    but_the_last: bool,
}

impl Rising {
    fn new() -> Self {
        Self {
            last: Vec::new(),
            so_far: true,
            but_the_last: false,
        }
    }

    fn add(&mut self, name: &[u8]) {
        self.but_the_last = false;
        // An empty name is not above an empty `last`.
        if self.so_far {
            self.so_far = self.last.as_slice() < name;
            self.but_the_last = !self.so_far;
            self.last.clear();
            self.last.extend_from_slice(name);
        }
    }

    /// Returns whether this shows that all members have different names.
    fn all_differ(&self, members: &[Member]) -> bool {
        let is_another = || {
            let (last, others) = members.split_last()?;
            let last = last.name.bytes();
            let found = others.binary_search_by(|member| member.name.bytes().cmp(&last));
            Some(found.is_err())
        };
        self.so_far || self.but_the_last && is_another() == Some(true)
    }
}

/// Gives each member the bytes from its local header to the next one's, or to
/// the central directory, and checks that it can fill them.
fn assign_extents(members: &mut [Member], directory_offset: u64) -> Result<(), ArchiveError> {
    // Most writers enter the members in the order in which they wrote them.
    if members.is_sorted_by_key(|member| member.offset) {
        return assign_in_order(members.iter_mut(), directory_offset);
    }
    let mut in_file_order: Vec<&mut Member> = members.iter_mut().collect();
    in_file_order.sort_unstable_by_key(|member| member.offset);
    assign_in_order(in_file_order.into_iter(), directory_offset)
}

fn assign_in_order<'m>(
    members: impl DoubleEndedIterator<Item = &'m mut Member>,
    directory_offset: u64,
) -> Result<(), ArchiveError> {
    // From the last to the first: the start of one is the end of another.
    let mut next = directory_offset;
    for member in members.rev() {
        member.slack = slack(member, next)?;
        next = member.offset;
    }
    match next {
        0 => Ok(()),
        bytes => Err(ArchiveFault::Prefix { bytes }.into()),
    }
}

/// Returns the number of bytes that a member's extent up to `next` has besides
/// its fixed header, its name and its data.
fn slack(member: &Member, next: u64) -> Result<u32, ArchiveError> {
    let offset = member.offset;
    let in_this = |fault| in_member(fault, &member.name.bytes());
    let slack = [
        LOCAL_BYTES as u64,
        member.name.len() as u64,
        member.stored_size,
    ]
    .into_iter()
    .try_fold(offset, u64::checked_add)
    .and_then(|least_end| next.checked_sub(least_end))
    .ok_or_else(|| in_this(ArchiveFault::Overlap { offset, next }))?;
    let gap = ArchiveFault::Gap {
        offset,
        bytes: slack,
    };
    u32::try_from(slack)
        .ok()
        .filter(|_| slack <= MAX_SLACK)
        .ok_or_else(|| in_this(gap))
}

fn in_member(fault: ArchiveFault, name: &[u8]) -> ArchiveError {
    ArchiveError::Malformed {
        fault,
        member: Some(String::from_utf8_lossy(name).into()),
    }
}

/// Reads a part of the source in large steps, so that the memory it takes
/// doesn't depend on what the archive declares.
struct Window<'a, R> {
    source: &'a R,
    /// The end of the part.
    end: u64,
    /// The start of `bytes`.
    start: u64,
    bytes: Vec<u8>,
}

impl<R: ReadAt> Window<'_, R> {
    /// Returns `count` bytes at `offset`; `None` if the part ends before.
    /// `count` is at most the length of one entry.
    fn get(&mut self, offset: u64, count: usize) -> Result<Option<&[u8]>, ArchiveError> {
        if self.held(offset, count).is_none() {
            let available = self.end.saturating_sub(offset).min(WINDOW_BYTES);
            self.bytes.resize(in_memory(available)?, 0);
            self.start = offset;
            read_exact_at(self.source, &mut self.bytes, offset)?;
        }
        Ok(self.held(offset, count))
    }

    fn held(&self, offset: u64, count: usize) -> Option<&[u8]> {
        let start = usize::try_from(offset.checked_sub(self.start)?).ok()?;
        self.bytes.get(start..)?.get(..count)
    }
}
