//! From the central directory to the checked list of the members.
//!
//! Everything here is decided by the end records and the central directory
//! alone. They give each member an extent of the file that no other member
//! shares. Whether a member fills its extent is checked when it is read.

use std::collections::HashSet;

use super::end_records::{Location, in_memory};
use super::extra::Extra;
use super::fault::{ArchiveError, ArchiveFault};
use super::member::{Member, StoredName};
use super::name_hashes::NameHashes;
use super::name_reading::NameField;
use super::read_at::{ReadAt, read_exact_at};
use super::records::{
    CENTRAL_BYTES, CentralHeader, FLAG_ENCRYPTED, Fields, LOCAL_BYTES, METHOD_STORED,
};

/// Bytes of the central directory that are read at once. An entry is at most
/// 46 + 3 * 65,535 bytes long.
const WINDOW_BYTES: u64 = 256 * 1024;

/// The largest size of a member in addition to its header, name and data: the
/// longest extra field and the longest data descriptor.
const MAX_SLACK: u64 = u16::MAX as u64 + 24;

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
