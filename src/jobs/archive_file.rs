//! Archive files: opening them, choosing their members, and beginning single
//! messages.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crate::archive::{Archive, ArchiveError, ArchiveFault, Member};
use crate::files::input;
use crate::jobs::archive_index::ArchiveIndex;
use crate::jobs::error::{Error, MemberCause};
use crate::jobs::evidence::{Checked, Evidence, Expected, signed_fault};
use crate::jobs::signed_entries::SignedEntries;
use crate::keys::Signers;
use crate::message::{Envelope, Inflated, Limits, OpenError};
use crate::sources::{BadPattern, Patterns};

/// Some members of an archive, in its order.
#[derive(Clone, Debug)]
pub struct Members<'a> {
    pub(super) archive: &'a ArchiveFile,
    pub(super) list: Vec<&'a Member>,
    /// Whether all of them were chosen by their names: then none is passed over.
    pub(super) are_named: bool,
    /// Whether none was left out.
    pub(super) are_all: bool,
}

impl<'a> Members<'a> {
    /// Leaves out the members that names or patterns mean. Unlike
    /// [`ArchiveFile::select`], a name counts at any depth even if there is a
    /// member or directory of exactly that name. Returns the others, and the
    /// patterns that mean none of the members.
    ///
    /// # Errors
    ///
    /// A pattern is invalid.
    pub fn except(mut self, patterns: &[impl AsRef<str>]) -> Result<(Self, Vec<String>), Error> {
        let mut unmatched = Vec::new();
        let mut is_left_out = vec![false; self.list.len()];
        for pattern in patterns.iter().map(AsRef::as_ref) {
            let selector = Selector::Pattern(compiled(pattern)?);
            let mut found = false;
            for (is_left_out, member) in is_left_out.iter_mut().zip(&self.list) {
                let is_meant = member.is_called(pattern) || selector.means(member);
                *is_left_out |= is_meant;
                found |= is_meant;
            }
            if !found {
                unmatched.push(pattern.to_owned());
            }
        }
        self.are_all &= !is_left_out.contains(&true);
        let mut is_left_out = is_left_out.into_iter();
        self.list.retain(|_| is_left_out.next() != Some(true));
        Ok((self, unmatched))
    }

    /// Returns the members.
    pub fn as_slice(&self) -> &[&'a Member] {
        &self.list
    }

    /// Returns the first of these names and patterns that means none of them.
    ///
    /// # Errors
    ///
    /// A pattern is invalid.
    #[doc(hidden)]
    pub fn first_without<'p>(
        &self,
        patterns: &'p [impl AsRef<str>],
    ) -> Result<Option<&'p str>, Error> {
        for pattern in patterns.iter().map(AsRef::as_ref) {
            let selector = Selector::new(pattern, self.archive)?;
            if !self.list.iter().any(|member| selector.means(member)) {
                return Ok(Some(pattern));
            }
        }
        Ok(None)
    }

    /// Returns the members, one by one.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &'a Member> + '_ {
        self.list.iter().copied()
    }

    /// Returns the size of all messages together, in bytes, as the archive
    /// states it: it may be anything.
    pub fn total_size(&self) -> u64 {
        let sizes = self.iter().map(Member::size);
        sizes.fold(0, u64::saturating_add)
    }
}

/// An archive file, opened for listing and extraction.
#[derive(Debug)]
pub struct ArchiveFile {
    path: PathBuf,
    pub(super) archive: Archive<File>,
    pub(super) index: ArchiveIndex,
    pub(super) signed: SignedEntries,
    /// What its entries have to be, where that is required.
    expected: OnceLock<Expected>,
    /// Whose signatures that is by, and what they are worth.
    pub(super) evidence: OnceLock<(Signers, Evidence)>,
}

impl ArchiveFile {
    /// Opens an archive and checks its structure.
    ///
    /// # Errors
    ///
    /// The file can't be read, or is not one sound ZIP archive.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = path.as_ref();
        let in_pipe = || Error::ArchiveInPipe {
            path: path.to_owned(),
        };
        let file = input::open(path).map_err(|error| match input::is_not_a_file(&error) {
            true => in_pipe(),
            false => Error::reading(path, error),
        })?;
        // The directory of an archive is at its end.
        let metadata = file.metadata();
        let metadata = metadata.map_err(|error| Error::reading(path, error))?;
        if !metadata.is_file() {
            return Err(in_pipe());
        }
        let archive = Archive::open(file).map_err(|error| unopened(path.to_owned(), error))?;
        Ok(Self {
            path: path.to_owned(),
            index: ArchiveIndex::of(&archive),
            signed: SignedEntries::of(&archive),
            expected: OnceLock::new(),
            evidence: OnceLock::new(),
            archive,
        })
    }

    /// Returns the archive's path, as given.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the open file, for its bytes alone.
    #[doc(hidden)]
    pub fn into_file(self) -> File {
        self.archive.into_source()
    }

    /// Returns the number of bytes behind the archive that mean nothing: zeros
    /// or line ends.
    #[doc(hidden)]
    pub fn padding(&self) -> u64 {
        self.archive.padding()
    }

    /// Returns all members that are not directories, in the archive's order. A
    /// directory with a fault is included, so that it isn't overlooked.
    pub fn members(&self) -> impl Iterator<Item = &Member> {
        let is_member = |(place, entry): &(usize, &Member)| {
            let is_directory = entry.is_directory() && entry.fault().is_none();
            !is_directory && !self.is_own(*place)
        };
        let entries = self.archive.members().iter().enumerate();
        entries.filter(is_member).map(|(_, member)| member)
    }

    /// Returns all members, to be extracted or converted.
    pub fn all(&self) -> Members<'_> {
        Members {
            archive: self,
            list: self.members().collect(),
            are_named: false,
            are_all: true,
        }
    }

    /// Returns the members with the given names, below the given directories, or
    /// matching one of the given patterns; all of them if none is given. In
    /// patterns, `*` and `?` match within one name, and `**` any directories. A
    /// pattern without `/` matches names at any depth. A name counts with and
    /// without the ending that it's stored with.
    ///
    /// # Errors
    ///
    /// A name or pattern matches no member, or a pattern is invalid.
    pub fn select(&self, patterns: &[impl AsRef<str>]) -> Result<Members<'_>, Error> {
        if patterns.is_empty() {
            return Ok(self.all());
        }
        let patterns = patterns.iter().map(AsRef::as_ref);
        let selectors = patterns.clone().map(|pattern| Selector::new(pattern, self));
        let selectors: Vec<Selector<'_>> = selectors.collect::<Result<_, _>>()?;
        let mut found = vec![0; selectors.len()];
        let is_meant = |member: &&Member| {
            let mut is_meant = false;
            for (selector, found) in selectors.iter().zip(&mut found) {
                let is_by_this = selector.means(member);
                is_meant |= is_by_this;
                *found += usize::from(is_by_this);
            }
            is_meant
        };
        let list: Vec<&Member> = self.members().filter(is_meant).collect();
        if let Some((pattern, _)) = patterns.zip(&found).find(|(_, found)| **found == 0) {
            return Err(Error::NoSuchMember {
                archive: self.path.clone(),
                pattern: pattern.to_owned(),
            });
        }
        // A pattern that means all that are left means those that were removed.
        let all = self.members().count();
        let mut counted = selectors.iter().zip(found);
        Ok(Members {
            archive: self,
            are_all: counted.any(|(selector, found)| found == all && !selector.is_name()),
            list,
            are_named: selectors.iter().all(Selector::is_name),
        })
    }

    /// Reads the envelope of a member's message. What is read of members that
    /// ZIP itself has compressed counts against `limits`.
    ///
    /// # Errors
    ///
    /// The member can't be read, expands too far, or is not an encrypted
    /// message.
    pub fn envelope(&self, member: &Member, limits: &Limits) -> Result<Envelope, Error> {
        let fail = |cause| member_error(member, cause);
        let reader = self
            .archive
            .read(member)
            .map_err(|error| fail(bytes_cause(error)))?;
        let reader = Inflated::new(reader, expands(member), limits);
        Envelope::read(reader).map_err(|error| fail(open_cause(error)))
    }

    /// Reads the content of a member, whatever it is. Where it has to be what was
    /// signed, it is only at the end that this is known.
    pub(super) fn read(&self, member: &Member) -> Result<Checked<'_>, MemberCause> {
        let source = self.archive.read(member).map_err(bytes_cause)?;
        self.checked(member, source)
    }

    /// Reads a member from a source, and compares it with what it has to be.
    pub(super) fn checked<'a>(
        &self,
        member: &Member,
        source: impl Read + Send + Sync + 'a,
    ) -> Result<Checked<'a>, MemberCause> {
        let Some(expected) = self.expected() else {
            return Ok(Checked::new(source, None));
        };
        // The sealed data alone don't say what all of it has to be: a text can
        // hold something else next to them.
        if expected.is_to_be_compared(member) {
            expected.compare(member, &self.hashes(member)?)?;
        }
        Ok(Checked::new(source, expected.entry_hash(member)))
    }

    /// Returns what its entries have to be, where that is required.
    pub(super) fn expected(&self) -> Option<&Expected> {
        self.expected.get()
    }

    /// Requires its entries to be what was signed, unless that was required before.
    pub(super) fn expect(&self, expected: Expected) -> bool {
        self.expected.set(expected).is_ok()
    }

    /// Returns all entries of the archive but its index, its manifest and the
    /// like.
    pub(super) fn entries(&self) -> impl Iterator<Item = &Member> + Clone {
        let entries = self.archive.members().iter().enumerate();
        let entries = entries.filter(|(place, _)| !self.is_own(*place));
        entries.map(|(_, entry)| entry)
    }

    /// Returns whether the entry at this place is about the others.
    fn is_own(&self, place: usize) -> bool {
        self.index.is_at(place) || self.signed.is_at(place)
    }

    /// Returns whether the error of a member means that it is a file that was
    /// never sealed, rather than a damaged message.
    #[doc(hidden)]
    pub fn is_other_file(&self, member: &Member, error: &Error) -> bool {
        matches!(error, Error::Member { cause, .. } if self.seems_other(member, cause))
    }
}

/// Returns why an archive doesn't open, or that it is a message instead. A pipe
/// can't be read again to find out.
fn unopened(path: PathBuf, error: ArchiveError) -> Error {
    let is_other = matches!(
        error,
        ArchiveError::Malformed {
            fault: ArchiveFault::NotZip,
            ..
        }
    );
    if !is_other {
        return Error::Archive { path, error };
    }
    let file = match input::open(&path) {
        Ok(file) => file,
        Err(error) => return Error::reading(path, error),
    };
    match Envelope::read(file) {
        Ok(_) => Error::IsMessage { path },
        Err(OpenError::Read(error)) if error.raw_os_error().is_some() => {
            Error::reading(path, error)
        }
        Err(_) => Error::Archive { path, error },
    }
}

/// Returns by how much a member is larger than what the archive stores of it.
pub(super) fn expands(member: &Member) -> u64 {
    member.size().saturating_sub(member.stored_size())
}

/// The members that one name or pattern means.
enum Selector<'p> {
    /// The one with exactly this name, which may contain characters that are
    /// special in a pattern.
    Name(&'p str),
    /// Those below exactly this directory.
    Directory(&'p Path),
    Pattern(Patterns),
}

impl<'p> Selector<'p> {
    fn new(pattern: &'p str, archive: &ArchiveFile) -> Result<Self, Error> {
        let mut members = archive.members();
        if members.any(|member| member.is_called(pattern)) {
            return Ok(Self::Name(pattern));
        }
        let directory = pattern.trim_end_matches('/');
        let directory = Path::new(directory.strip_prefix("./").unwrap_or(directory));
        if archive.members().any(|member| is_below(member, directory)) {
            return Ok(Self::Directory(directory));
        }
        Ok(Self::Pattern(compiled(pattern)?))
    }

    fn is_name(&self) -> bool {
        matches!(self, Self::Name(_))
    }

    fn means(&self, member: &Member) -> bool {
        match self {
            Self::Name(name) => member.is_called(name),
            Self::Directory(directory) => is_below(member, directory),
            Self::Pattern(patterns) => {
                patterns.match_tree_of(Path::new(&*member.shown_name()))
                    || patterns.match_path(Path::new(&*member.stored_name()))
            }
        }
    }
}

fn compiled(pattern: &str) -> Result<Patterns, Error> {
    Patterns::new(&[pattern])
        .map_err(|BadPattern { pattern, reason }| Error::Pattern { pattern, reason })
}

fn is_below(member: &Member, directory: &Path) -> bool {
    !directory.as_os_str().is_empty() && Path::new(&*member.shown_name()).starts_with(directory)
}

pub(crate) fn member_error(member: &Member, cause: MemberCause) -> Error {
    Error::Member {
        member: member.shown_name().into_owned(),
        cause,
    }
}

/// Returns an error of a member's bytes, wherever it occurred.
pub(super) fn bytes_cause(error: ArchiveError) -> MemberCause {
    match error {
        ArchiveError::Member { fault, .. } => MemberCause::Archive(fault),
        // The member is already named.
        ArchiveError::Malformed { fault, .. } => MemberCause::Bytes(fault.into()),
        other => MemberCause::Bytes(other),
    }
}

pub(crate) fn open_cause(error: OpenError) -> MemberCause {
    if let Some(fault) = signed_fault(&error) {
        return fault.into();
    }
    let OpenError::Read(e) = error else {
        return MemberCause::Open(error);
    };
    match e.downcast::<ArchiveFault>() {
        Ok(fault) => MemberCause::Bytes(fault.into()),
        Err(e) => MemberCause::Open(OpenError::Read(e)),
    }
}
