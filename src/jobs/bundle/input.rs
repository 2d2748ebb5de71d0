//! What is bundled.

use std::path::PathBuf;
use std::time::SystemTime;

use super::fault::{BundleFault, MessagePlace};
use crate::archive::{Ending, Member, MemberFault, MemberName, NameFault};
use crate::index::is_reserved;
use crate::jobs::archive_file::ArchiveFile;
use crate::jobs::error::{Error, MemberCause};
use crate::jobs::new_entry::stored_name;
use crate::sources::{Source, SourceError};

/// The most messages that are passed on together.
const MOST: usize = 4096;

/// Messages that are sealed already.
#[derive(Clone, Debug)]
pub enum Sealed<'a> {
    /// One message, in a file. It becomes a member of the file's name.
    File(&'a Source),
    /// All messages of an archive.
    Archive(PathBuf),
}

/// One message, before it is read.
#[derive(Clone, Copy)]
pub(super) enum Item<'a> {
    File(&'a Source),
    Member(&'a ArchiveFile, &'a Member),
}

/// The name of a member.
pub(super) struct ItemName {
    pub stored: String,
    pub ending: Ending,
    /// The name without the ending, which is that of the file on extraction.
    pub name: MemberName,
}

impl Sealed<'_> {
    /// Returns the error that it isn't what it was when it was looked at.
    pub(super) fn changed(&self) -> Error {
        let path = match self {
            Self::File(file) => file.path().to_owned(),
            Self::Archive(path) => path.clone(),
        };
        SourceError::ChangedWhileRead { path }.into()
    }
}

/// Passes all messages to `work` in their order, some at a time, with the numbers of
/// their inputs and what it has returned before. Opens one archive at a time. What is
/// left out of archives goes to `left_out`: what says something of the other entries,
/// and would say of those in a new archive what nobody has checked.
pub(super) fn fold<T>(
    from: &[Sealed<'_>],
    first: T,
    mut left_out: impl FnMut(MessagePlace),
    mut work: impl FnMut(T, &[(usize, Item<'_>)]) -> Result<T, Error>,
) -> Result<T, Error> {
    let mut so_far = first;
    let is_file = |input: &Sealed<'_>| matches!(input, Sealed::File(_));
    let mut numbered = from.iter().enumerate();
    for inputs in from.chunk_by(|one, next| is_file(one) && is_file(next)) {
        let inputs = numbered.by_ref().take(inputs.len());
        let mut files = Vec::new();
        for (number, input) in inputs {
            match input {
                Sealed::File(file) => files.push((number, Item::File(file))),
                Sealed::Archive(path) => {
                    let archive = ArchiveFile::open(path)?;
                    let items = archive.archive.members().iter();
                    let mut items = items.filter_map(|entry| {
                        let item = Item::Member(&archive, entry);
                        if entry.name().is_ok_and(is_reserved) {
                            left_out(item.place());
                            return None;
                        }
                        let is_passed_over = entry.is_directory() && entry.fault().is_none();
                        (!is_passed_over).then_some((number, item))
                    });
                    loop {
                        let some: Vec<_> = items.by_ref().take(MOST).collect();
                        if some.is_empty() {
                            break;
                        }
                        so_far = work(so_far, &some)?;
                    }
                }
            }
        }
        for some in files.chunks(MOST) {
            so_far = work(so_far, some)?;
        }
    }
    Ok(so_far)
}

impl Item<'_> {
    /// Returns where it is, for people.
    pub fn place(&self) -> MessagePlace {
        match self {
            Self::File(file) => MessagePlace::File(file.path().to_owned()),
            Self::Member(archive, member) => MessagePlace::Member {
                archive: archive.path().to_owned(),
                member: member.stored_name().into_owned(),
            },
        }
    }

    /// Returns the error that it can't be in the new archive.
    pub fn error(&self, cause: impl Into<MemberCause>) -> Error {
        Error::NotBundled {
            message: self.place(),
            cause: Box::new(cause.into()),
        }
    }

    /// Returns its name in the new archive.
    pub fn name(&self) -> Result<ItemName, Error> {
        let stored = match self {
            Self::File(file) => file.name().to_owned(),
            Self::Member(_, member) => stored_name(member).map_err(|cause| self.error(cause))?,
        };
        let ending = Ending::of(&stored).ok_or_else(|| self.error(BundleFault::Ending))?;
        let name = MemberName::from_stored(&stored);
        let name = name.map_err(|fault| match self {
            Self::File(file) => name_error(file, fault),
            Self::Member(..) => self.error(MemberFault::Name(fault)),
        })?;
        match self {
            // Those of archives are left out.
            Self::File(file) if is_reserved(&name) => Err(name_error(file, NameFault::Reserved)),
            _ => Ok(ItemName {
                stored,
                ending,
                name,
            }),
        }
    }

    pub fn modified(&self) -> SystemTime {
        match self {
            Self::File(file) => file.modified(),
            Self::Member(_, member) => member.modified(),
        }
    }

    pub fn size(&self) -> u64 {
        match self {
            Self::File(file) => file.size(),
            Self::Member(_, member) => member.size(),
        }
    }
}

fn name_error(file: &Source, fault: NameFault) -> Error {
    let path = file.path().to_owned();
    SourceError::Name { path, fault }.into()
}
