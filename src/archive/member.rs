//! One member, as the central directory describes it.

use std::borrow::Cow;
use std::time::SystemTime;

use super::dos_time::system_time;
use super::ending;
use super::fault::MemberFault;
use super::name::{MemberName, NameFault};
use super::name_reading::{self, NameField, NameReading, ReadName};
use super::records::{
    FLAG_ENCRYPTED, FLAG_MASKED_HEADERS, FLAG_STRONG_ENCRYPTION, METHOD_DEFLATED, METHOD_STORED,
};

/// The file type bits of a Unix mode, and two of their values.
const MODE_TYPE: u16 = 0o170_000;
const MODE_DIRECTORY: u16 = 0o040_000;
const MODE_REGULAR: u16 = 0o100_000;

/// One member, as the central directory describes it. It takes 72 bytes and its
/// stored name.
#[derive(Clone, Debug)]
pub struct Member {
    pub(super) name: StoredName,
    /// Seconds since 1970.
    pub(super) modified: i64,
    pub(super) size: u64,
    pub(super) stored_size: u64,
    /// The start of the local header.
    pub(super) offset: u64,
    /// The number of bytes of the extent other than fixed header, name and
    /// data: extra field and data descriptor.
    pub(super) slack: u32,
    pub(super) crc: u32,
    pub(super) flags: u16,
    pub(super) method: u16,
    /// The Unix mode with its file type bits, or 0.
    pub(super) mode: u16,
    /// Whether there is a Unicode Path other than the name.
    pub(super) has_second_name: bool,
}

/// The name of a member as the archive has it, held only once.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum StoredName {
    /// A safe path, and what follows it: nothing, `/`, or an ending of
    /// messages.
    Safe(MemberName, Rest),
    /// A name that is safe in the way in which it's read.
    Read(Box<ReadName>),
    /// A name that is not safe, or not UTF-8.
    Unsafe(Box<[u8]>),
}

/// Up to four ASCII characters, followed by NULs.
type Rest = [u8; ending::LONGEST];

impl StoredName {
    pub fn new(field: &NameField<'_>) -> Self {
        let stored = field.stored;
        let safe = std::str::from_utf8(stored).ok().and_then(|stored| {
            let name = parse(stored).ok()?;
            let rest = rest(stored.get(name.as_str().len()..)?)?;
            Some(Self::Safe(name, rest))
        });
        safe.unwrap_or_else(|| match name_reading::read(field) {
            Some(read) => Self::Read(read.into()),
            None => Self::Unsafe(stored.into()),
        })
    }

    /// Returns the whole stored name, in UTF-8 if it is stored so.
    pub fn bytes(&self) -> Cow<'_, [u8]> {
        match self {
            Self::Safe(name, rest) => {
                let path = name.as_str().as_bytes();
                match characters(rest).count() {
                    0 => Cow::Borrowed(path),
                    _ => Cow::Owned(path.iter().copied().chain(characters(rest)).collect()),
                }
            }
            Self::Read(read) => Cow::Borrowed(&read.stored),
            Self::Unsafe(stored) => Cow::Borrowed(stored),
        }
    }

    /// Appends the whole stored name.
    pub fn append_to(&self, out: &mut Vec<u8>) {
        match self {
            Self::Safe(name, rest) => {
                out.extend_from_slice(name.as_str().as_bytes());
                out.extend(characters(rest));
            }
            Self::Read(read) => out.extend_from_slice(&read.stored),
            Self::Unsafe(stored) => out.extend_from_slice(stored),
        }
    }

    /// Returns whether this is the stored name, with or without what follows
    /// the path.
    fn is(&self, text: &str) -> bool {
        match self {
            Self::Safe(name, rest) => text
                .strip_prefix(name.as_str())
                .is_some_and(|end| end.is_empty() || end.bytes().eq(characters(rest))),
            Self::Read(read) => read.name.as_str() == text || self.text() == text,
            Self::Unsafe(_) => self.text() == text,
        }
    }

    /// Returns the length of the stored name in bytes.
    pub fn len(&self) -> usize {
        match self {
            Self::Safe(name, rest) => name.as_str().len() + characters(rest).count(),
            Self::Read(read) => read.stored.len(),
            Self::Unsafe(stored) => stored.len(),
        }
    }

    /// Returns the stored name for people, with replacement characters if it
    /// isn't UTF-8.
    fn text(&self) -> Cow<'_, str> {
        match self {
            Self::Safe(name, rest) if characters(rest).count() == 0 => name.as_str().into(),
            Self::Safe(..) => String::from_utf8_lossy(&self.bytes()).into_owned().into(),
            Self::Read(read) => String::from_utf8_lossy(&read.stored),
            Self::Unsafe(stored) => String::from_utf8_lossy(stored),
        }
    }
}

/// Returns the safe name that a stored name stands for.
fn parse(stored: &str) -> Result<MemberName, NameFault> {
    match stored.strip_suffix('/') {
        Some(directory) => MemberName::parse(directory),
        None => MemberName::from_stored(stored),
    }
}

/// Returns `None` for what is longer than the room for it.
fn rest(text: &str) -> Option<Rest> {
    let mut rest = Rest::default();
    rest.get_mut(..text.len())?.copy_from_slice(text.as_bytes());
    Some(rest)
}

fn characters(rest: &Rest) -> impl Iterator<Item = u8> {
    rest.iter().copied().take_while(|octet| *octet != 0)
}

impl Member {
    /// Returns the name as the archive has it, with replacement characters if
    /// it isn't UTF-8. Safe neither as a path nor on a terminal.
    #[must_use]
    pub fn stored_name(&self) -> Cow<'_, str> {
        self.name.text()
    }

    /// Returns whether this is its name as the archive has it.
    pub(crate) fn is_stored_as(&self, name: &str) -> bool {
        match &self.name {
            StoredName::Safe(path, rest) => name
                .strip_prefix(path.as_str())
                .is_some_and(|ending| ending.bytes().eq(characters(rest))),
            StoredName::Read(read) => *read.stored == *name.as_bytes(),
            StoredName::Unsafe(stored) => **stored == *name.as_bytes(),
        }
    }

    /// Returns the safe name: without `.pgp` and similar endings, or without a
    /// directory's final `/`.
    ///
    /// # Errors
    ///
    /// The fault that makes the stored name unsafe.
    #[doc(hidden)]
    pub fn name(&self) -> Result<&MemberName, NameFault> {
        match &self.name {
            StoredName::Safe(name, _) => Ok(name),
            StoredName::Read(read) => Ok(&read.name),
            StoredName::Unsafe(stored) => Err(match std::str::from_utf8(stored).map(parse) {
                Ok(Err(fault)) => fault,
                Ok(Ok(_)) | Err(_) => NameFault::NotUtf8,
            }),
        }
    }

    /// Returns the member's name for people: its safe name, or if there is none
    /// its stored name. Not safe on a terminal.
    #[must_use]
    pub fn shown_name(&self) -> Cow<'_, str> {
        match &self.name {
            StoredName::Safe(name, _) => name.as_str().into(),
            StoredName::Read(read) => read.name.as_str().into(),
            StoredName::Unsafe(_) => self.name.text(),
        }
    }

    /// Returns the start of its local header in the archive, in bytes: no other
    /// member has the same.
    pub(crate) fn offset(&self) -> u64 {
        self.offset
    }

    /// Reads its stored name, which is a number, as this name.
    pub(super) fn read_as(&mut self, name: MemberName) {
        self.name = StoredName::Read(Box::new(ReadName {
            stored: self.name.bytes().into(),
            name,
            is_directory: false,
            reading: NameReading::Hidden,
        }));
    }

    /// Returns the name as the archive has it, in octets.
    pub(crate) fn stored_bytes(&self) -> Cow<'_, [u8]> {
        self.name.bytes()
    }

    /// Returns whether this is one of its names: the stored or the shown one.
    pub(crate) fn is_called(&self, name: &str) -> bool {
        self.name.is(name)
    }

    /// Returns how its name is read, if that isn't as it's stored.
    #[must_use]
    pub fn name_reading(&self) -> Option<NameReading> {
        match &self.name {
            StoredName::Read(read) => Some(read.reading),
            StoredName::Safe(..) | StoredName::Unsafe(_) => None,
        }
    }

    /// Returns whether it has a number instead of its name, which the index has.
    #[doc(hidden)]
    #[must_use]
    pub fn hides_name(&self) -> bool {
        self.name_reading() == Some(NameReading::Hidden)
    }

    /// Returns why the member can't be read, if that is known already.
    #[must_use]
    pub fn fault(&self) -> Option<MemberFault> {
        let name = self.name().err().map(MemberFault::Name);
        name.or_else(|| self.other_fault())
    }

    /// Returns a fault other than that of its name.
    fn other_fault(&self) -> Option<MemberFault> {
        let encryption = FLAG_ENCRYPTED | FLAG_STRONG_ENCRYPTION | FLAG_MASKED_HEADERS;
        let is_directory = self.is_directory();
        // Without type bits, the writer's system has no modes.
        let agrees = match self.mode & MODE_TYPE {
            0 => true,
            MODE_DIRECTORY => is_directory,
            MODE_REGULAR => !is_directory,
            _ => return Some(MemberFault::Special { mode: self.mode }),
        };
        if self.has_second_name {
            Some(MemberFault::SecondName)
        } else if self.flags & encryption != 0 {
            Some(MemberFault::Encrypted)
        } else if !agrees || (is_directory && self.size != 0) {
            Some(MemberFault::HalfDirectory)
        } else if !matches!(self.method, METHOD_STORED | METHOD_DEFLATED) {
            Some(MemberFault::Method {
                method: self.method,
            })
        } else {
            None
        }
    }

    /// Returns the size of the member in bytes.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Returns the CRC-32 of its content, as the archive states it.
    #[cfg(target_os = "linux")]
    pub(crate) fn crc(&self) -> u32 {
        self.crc
    }

    /// Returns the number of bytes that its data takes in the archive.
    #[must_use]
    pub fn stored_size(&self) -> u64 {
        self.stored_size
    }

    /// Returns the modification time: Info-ZIP's extended timestamp if there is
    /// one, else the MS-DOS time as UTC.
    #[must_use]
    pub fn modified(&self) -> SystemTime {
        system_time(self.modified)
    }

    /// Returns whether it is an entry for a directory: its stored name ends in
    /// `/`.
    #[must_use]
    pub fn is_directory(&self) -> bool {
        match &self.name {
            StoredName::Safe(_, rest) => rest.starts_with(b"/"),
            StoredName::Read(read) => read.is_directory,
            StoredName::Unsafe(stored) => stored.ends_with(b"/"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(stored: &[u8]) -> NameField<'_> {
        NameField {
            stored,
            flags: 0,
            host: 0,
            unicode_path: None,
        }
    }

    #[test]
    fn a_stored_name_is_returned_unchanged() {
        for stored in [
            &b"calls/a.wav.pgp"[..],
            b"a.P7M",
            b"a",
            b"d/",
            b"d/.pgp",
            b"../a.pgp",
            b"a\\b.pgp",
            b"",
            b"/",
            b"caf\xE9.pgp",
            "ü.b64".as_bytes(),
        ] {
            let name = StoredName::new(&field(stored));
            assert_eq!(&*name.bytes(), stored);
            assert_eq!(name.len(), stored.len());
            assert_eq!(name.text(), String::from_utf8_lossy(stored));
            let mut appended = Vec::new();
            name.append_to(&mut appended);
            assert_eq!(appended, stored);
        }
    }

    #[test]
    fn a_safe_name_is_held_without_its_ending() {
        let StoredName::Safe(name, rest) = StoredName::new(&field(b"calls/a.wav.pgp")) else {
            panic!("it is safe");
        };
        assert_eq!(name.as_str(), "calls/a.wav");
        assert_eq!(&rest, b".pgp");
    }

    #[test]
    fn a_member_is_called_by_its_stored_and_its_shown_name() {
        let member = |stored| StoredName::new(&field(stored));
        let calls = member(b"calls/a.wav.PGP");
        assert!(calls.is("calls/a.wav") && calls.is("calls/a.wav.PGP"));
        for other in ["calls/a.wav.pgp", "calls/a.wav.", "calls/a", "a.wav", ""] {
            assert!(!calls.is(other), "{other:?}");
        }
        let directory = member(b"d/");
        assert!(directory.is("d") && directory.is("d/") && !directory.is("d//"));
        let read = member(b"./a.pgp");
        assert!(read.is("./a.pgp") && read.is("a") && !read.is("a.pgp"));
        let not_safe = member(b"../a.pgp");
        assert!(not_safe.is("../a.pgp") && !not_safe.is("../a"));
    }

    #[test]
    fn a_member_takes_as_little_memory_as_documented() {
        assert_eq!(size_of::<Member>(), 72);
    }
}
