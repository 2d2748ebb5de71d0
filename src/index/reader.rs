//! Reading an index: all of it, before any of it is used.

use std::collections::{HashMap, HashSet};
use std::io::{BufRead, Read};
use std::time::SystemTime;

use thiserror::Error;
use zeroize::Zeroizing;

use super::line::{Head, Line};
use super::{NAME, is_number, is_reserved};
use crate::archive::{ArchiveError, Member, MemberName};
use crate::keys::Fingerprint;
use crate::message::{MessageKey, OpenError, OpenMessage, PackedKey};

/// The longest line in bytes: two names of 64 KiB, each of whose characters may
/// be escaped, and the rest.
const LONGEST_LINE: u64 = 1024 * 1024;

/// The number of missing members, whose names are kept, that an index may list.
const MOST_MISSING: usize = 100_000;

/// The length of their names together, in bytes.
const MOST_MISSING_BYTES: usize = 16 * 1024 * 1024;

/// Why an index can't be used.
#[derive(Debug, Error)]
pub(crate) enum IndexFault {
    /// Its message doesn't open.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// It can't be read from the archive.
    #[error(transparent)]
    Archive(ArchiveError),
    /// It is another file.
    #[error("it was sealed as {0:?}, not as an index")]
    OtherFile(String),
    /// A line isn't as it should be.
    #[error("line {line} {what}")]
    Line {
        /// Its number, from 1.
        line: u64,
        /// What is wrong with it, to complete "line 2".
        what: &'static str,
    },
    /// A member has another name than it says.
    #[error("the member that it lists as {0:?} has another name")]
    OtherName(String),
    /// It doesn't have as many lines as it says.
    #[error("it says that it lists {said} members, but lists {listed}")]
    Count {
        /// The number in its first line.
        said: u64,
        /// The number of the other lines.
        listed: u64,
    },
}

impl IndexFault {
    /// Returns whether it is a fault of the message or its lines, which a wrong
    /// session key causes as well.
    pub fn is_of_message(&self) -> bool {
        match self {
            Self::Open(error) => matches!(error, OpenError::Fault(_)),
            _ => true,
        }
    }
}

/// An index that was read to its authentic end.
#[derive(Debug)]
pub(crate) struct Index {
    /// The listed members of the archive, by their offsets.
    pub(super) entries: Vec<Entry>,
    /// Their session keys, in the same order, wiped with the index.
    pub(super) keys: Keys,
    /// The key that opened it.
    pub opened_by: Option<Fingerprint>,
    /// The stored names of listed members that the archive doesn't have.
    pub missing: Vec<String>,
}

/// What an index says of a member.
#[derive(Debug)]
pub struct Entry {
    pub(super) offset: u64,
    /// The length of its content in bytes.
    pub size: u64,
    /// When the file was last changed.
    pub modified: Option<SystemTime>,
    /// Its path, if the stored name doesn't show it.
    pub(super) name: Option<MemberName>,
}

impl Entry {
    /// Returns the entry of a member, with what another one says.
    pub(super) fn at(member: &Member, name: Option<MemberName>, said: &Self) -> Self {
        Self {
            offset: member.offset(),
            size: said.size,
            modified: said.modified,
            name,
        }
    }
}

pub(super) struct Keys(pub Zeroizing<Vec<PackedKey>>);

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Keys")
    }
}

impl Index {
    /// Reads the index of an archive that has these entries.
    pub fn read(message: OpenMessage<'_>, members: &[Member]) -> Result<Self, IndexFault> {
        if message.name() != NAME.as_bytes() {
            let name = String::from_utf8_lossy(message.name()).into_owned();
            return Err(IndexFault::OtherFile(name));
        }
        let opened_by = message.key_fingerprint().cloned();
        let index = Self::from_text(message.into_plaintext(), members)?;
        Ok(Self { opened_by, ..index })
    }

    /// Reads the text to its end.
    fn from_text(text: impl BufRead, members: &[Member]) -> Result<Self, IndexFault> {
        let mut lines = Lines::new(text);
        let head = lines.next()?.and_then(Head::parse);
        let Some(head) = head else {
            return Err(lines.fault("is not the beginning of an index"));
        };
        let mut reading = Reading::new(members, &head);
        while let Some(line) = lines.next()? {
            if let Err(what) = reading.line(line) {
                return Err(lines.fault(what));
            }
        }
        let listed = lines.number.saturating_sub(1);
        match listed == head.members {
            true => Ok(reading.finish()),
            false => Err(IndexFault::Count {
                said: head.members,
                listed,
            }),
        }
    }

    /// Returns what it says of a member; `None` if it doesn't list it.
    pub fn entry(&self, member: &Member) -> Option<&Entry> {
        self.entries.get(self.place(member)?)
    }

    /// Returns the name of a member that is hidden.
    pub fn take_name(&mut self, member: &Member) -> Option<MemberName> {
        let place = self.place(member)?;
        self.entries.get_mut(place)?.name.take()
    }

    /// Returns the session key of a member; `None` if it doesn't list it.
    pub fn key(&self, member: &Member) -> Option<MessageKey> {
        MessageKey::unpack(self.keys.0.get(self.place(member)?)?)
    }

    fn place(&self, member: &Member) -> Option<usize> {
        let offset = member.offset();
        let place = self.entries.binary_search_by_key(&offset, |e| e.offset);
        place.ok()
    }
}

/// Returns the name of a listed member that its stored name `own` hides; `None` if
/// it hides none. The error completes "line 2".
pub(super) fn own_name(
    own: &MemberName,
    listed: MemberName,
    hides_names: bool,
) -> Result<Option<MemberName>, &'static str> {
    match hides_names && is_number(own) {
        true if is_reserved(&listed) => Err("has a reserved name"),
        true => Ok(Some(listed)),
        false if listed == *own => Ok(None),
        false => Err("has another name than its member"),
    }
}

/// The lines of a text.
pub(super) struct Lines<R> {
    source: R,
    line: Zeroizing<Vec<u8>>,
    /// The number of lines that have been read.
    number: u64,
}

impl<R: BufRead> Lines<R> {
    pub fn new(source: R) -> Self {
        Self {
            source,
            // Growing would leave copies of session keys that nobody wipes.
            line: Zeroizing::new(Vec::with_capacity(LONGEST_LINE as usize)),
            number: 0,
        }
    }

    /// Returns the next line without its end; `None` at the authentic end.
    pub fn next(&mut self) -> Result<Option<&[u8]>, IndexFault> {
        self.line.clear();
        let mut source = self.source.by_ref().take(LONGEST_LINE);
        let read = source.read_until(b'\n', &mut self.line);
        if read.map_err(OpenError::from)? == 0 {
            return Ok(None);
        }
        self.number += 1;
        match self.line.pop() {
            Some(b'\n') => Ok(Some(&self.line)),
            _ => Err(self.fault("doesn't end, or is too long")),
        }
    }

    pub fn fault(&self, what: &'static str) -> IndexFault {
        let line = self.number.max(1);
        IndexFault::Line { line, what }
    }
}

/// The state of reading the lines of an index.
struct Reading<'a> {
    members: &'a [Member],
    hides_names: bool,
    entries: Vec<Entry>,
    keys: Zeroizing<Vec<PackedKey>>,
    /// Which members were listed.
    seen: Vec<bool>,
    /// The member that the next line is expected to list.
    next: usize,
    /// The members by their stored names: needed if some are missing, or in
    /// another order.
    by_name: Option<HashMap<Vec<u8>, usize>>,
    missing: HashSet<String>,
    missing_bytes: usize,
}

impl<'a> Reading<'a> {
    fn new(members: &'a [Member], head: &Head) -> Self {
        // Growing would leave copies that nobody wipes. The number of lines is
        // no more than what the archive can hold.
        let room = usize::try_from(head.members).map_or(members.len(), |n| n.min(members.len()));
        Self {
            members,
            hides_names: head.hides_names,
            entries: Vec::with_capacity(room),
            keys: Zeroizing::new(Vec::with_capacity(room)),
            seen: vec![false; members.len()],
            next: 0,
            by_name: None,
            missing: HashSet::new(),
            missing_bytes: 0,
        }
    }

    /// Takes the line of a member; the error completes "line 2".
    fn line(&mut self, line: &[u8]) -> Result<(), &'static str> {
        let line = Line::parse(line).ok_or("is malformed")?;
        let modified = line.modified().ok_or("has a malformed time")?;
        let key = line.session_key().ok_or("has a malformed session key")?;
        line.id().ok_or("has a malformed id")?;
        let name = MemberName::parse(&line.name).map_err(|_| "has an unsafe name")?;
        let Some(place) = self.find(&line.member) else {
            return self.miss(&line.member);
        };
        let member = self.members.get(place).ok_or("lists no member")?;
        let seen = self.seen.get_mut(place).ok_or("lists no member")?;
        if std::mem::replace(seen, true) {
            return Err("lists a member again");
        }
        let own = member
            .name()
            .map_err(|_| "lists a member with an unsafe name")?;
        let name = own_name(own, name, self.hides_names)?;
        self.next = place.saturating_add(1);
        self.entries.push(Entry {
            offset: member.offset(),
            size: line.size,
            modified,
            name,
        });
        self.keys.push(key.pack());
        Ok(())
    }

    /// Takes the line of a member that the archive doesn't have.
    fn miss(&mut self, stored: &str) -> Result<(), &'static str> {
        self.missing_bytes += stored.len();
        if self.missing.len() == MOST_MISSING || self.missing_bytes > MOST_MISSING_BYTES {
            return Err("lists one more of too many missing members");
        }
        match self.missing.insert(stored.into()) {
            true => Ok(()),
            false => Err("lists a member again"),
        }
    }

    fn find(&mut self, stored: &str) -> Option<usize> {
        let next = self.members.get(self.next);
        if next.is_some_and(|member| member.is_stored_as(stored)) {
            return Some(self.next);
        }
        let members = self.members;
        let by_name = self.by_name.get_or_insert_with(|| {
            let all = members.iter().enumerate();
            all.map(|(place, member)| (member.stored_bytes().into_owned(), place))
                .collect()
        });
        by_name.get(stored.as_bytes()).copied()
    }

    fn finish(self) -> Index {
        let Self {
            mut entries,
            mut keys,
            missing,
            ..
        } = self;
        let mut missing: Vec<String> = missing.into_iter().collect();
        missing.sort_unstable();
        if !entries.is_sorted_by_key(|entry| entry.offset) {
            let mut places: Vec<usize> = (0..entries.len()).collect();
            places.sort_by_key(|place| entries.get(*place).map(|entry| entry.offset));
            let sorted = places.iter().filter_map(|place| keys.get(*place).copied());
            keys = Zeroizing::new(sorted.collect());
            entries.sort_by_key(|entry| entry.offset);
        }
        Index {
            opened_by: None,
            entries,
            keys: Keys(keys),
            missing,
        }
    }
}

#[cfg(test)]
mod tests;
