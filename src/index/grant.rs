//! Reading a grant: an index of some members, for somebody who is no recipient.

use std::collections::HashMap;
use std::sync::Mutex;

use zeroize::Zeroizing;

use super::GRANT_NAME;
use super::line::{Head, Line};
use super::reader::{Entry, Index, IndexFault, Keys, Lines};
use crate::archive::{Member, MemberName};
use crate::message::{MessageId, OpenMessage, PackedKey};

/// The most members of a grant, and the most bytes of their names together.
const MOST: usize = 1_000_000;
const MOST_NAMES: usize = 64 * 1024 * 1024;

/// The longest stored name in bytes: its length field has 16 bits.
const LONGEST_NAME: usize = u16::MAX as usize;

/// A grant that was read to its authentic end.
pub(crate) struct Grant {
    members: HashMap<MessageId, Granted>,
    hides_names: bool,
}

/// What a grant says of a member.
struct Granted {
    stored: String,
    entry: Entry,
    name: MemberName,
    key: Zeroizing<PackedKey>,
}

impl Grant {
    /// Reads a grant to its authentic end.
    pub fn read(message: OpenMessage<'_>) -> Result<Self, IndexFault> {
        if message.name() != GRANT_NAME.as_bytes() {
            let name = String::from_utf8_lossy(message.name()).into_owned();
            return Err(IndexFault::OtherFile(name));
        }
        let mut lines = Lines::new(message.into_plaintext());
        let head = lines.next()?.and_then(Head::parse);
        let Some(head) = head else {
            return Err(lines.fault("is not the beginning of a grant"));
        };
        let mut members = HashMap::new();
        let mut names = 0;
        while let Some(line) = lines.next()? {
            let (id, granted) = match granted(line) {
                Ok(granted) => granted,
                Err(what) => return Err(lines.fault(what)),
            };
            names += granted.stored.len() + granted.name.as_str().len();
            if members.len() >= MOST || names > MOST_NAMES {
                return Err(lines.fault("lists one more of too many members"));
            }
            if members.insert(id, granted).is_some() {
                return Err(lines.fault("lists a message again"));
            }
        }
        let listed = members.len() as u64;
        match listed == head.members {
            true => Ok(Self {
                members,
                hides_names: head.hides_names,
            }),
            false => Err(IndexFault::Count {
                said: head.members,
                listed,
            }),
        }
    }

    /// Returns the index of the granted members of an archive, each of which
    /// comes with what it's found by. `None` if the archive has none of them.
    pub fn index_of<'a>(
        mut self,
        members: impl Iterator<Item = (&'a Member, MessageId)>,
    ) -> Result<Option<Index>, IndexFault> {
        let mut found = Vec::new();
        for (member, id) in members {
            let Some(granted) = self.members.remove(&id) else {
                continue;
            };
            let own = member.name().ok();
            if !self.hides_names && own != Some(&granted.name) {
                return Err(IndexFault::OtherName(granted.stored));
            }
            let name = self.hides_names.then_some(granted.name);
            let entry = Entry::at(member, name, &granted.entry);
            found.push((entry, granted.key));
        }
        if found.is_empty() {
            return Ok(None);
        }
        found.sort_by_key(|(entry, _)| entry.offset);
        let mut keys = Zeroizing::new(Vec::with_capacity(found.len()));
        let mut entries = Vec::with_capacity(found.len());
        for (entry, key) in found {
            entries.push(entry);
            keys.push(*key);
        }
        let mut missing: Vec<String> = self.members.into_values().map(|g| g.stored).collect();
        missing.sort();
        Ok(Some(Index {
            opened_by: None,
            entries,
            keys: Mutex::new(Keys(keys)),
            missing,
        }))
    }
}

/// Reads the line of a member; the error completes "line 2".
fn granted(line: &[u8]) -> Result<(MessageId, Granted), &'static str> {
    let line = Line::parse(line).ok_or("is malformed")?;
    let modified = line.modified().ok_or("has a malformed time")?;
    let key = line.session_key().ok_or("has a malformed session key")?;
    let id = line.id().ok_or("has a malformed id")?;
    let name = MemberName::parse(&line.name).map_err(|_| "has an unsafe name")?;
    if line.member.len() > LONGEST_NAME {
        return Err("has a longer name than an archive holds");
    }
    let granted = Granted {
        entry: Entry {
            offset: 0,
            size: line.size,
            modified,
            name: None,
        },
        stored: line.member.into_owned(),
        name,
        key: Zeroizing::new(key.pack()),
    };
    Ok((id, granted))
}
