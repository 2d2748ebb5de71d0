//! Extracting: the members of an archive to files, or one of them to a pipe.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Write};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use globset::GlobBuilder;

use crate::archive::{Archive, ArchiveError, ArchiveFault, Member, MemberName};
use crate::error::{Error, MemberCause};
use crate::message::{Envelope, LiteralHeader, OpenError, OpenMessage, Opened, Opener};
use crate::output::{Access, Overwrite, PendingFile, TargetDir};
use crate::progress::{Counted, NoProgress, Progress};

/// An archive file, opened for listing and extraction.
#[derive(Debug)]
pub struct ArchiveFile {
    path: PathBuf,
    archive: Archive<File>,
}

/// What has been extracted, and what has not.
#[derive(Debug, Default)]
pub struct Extracted {
    /// How many members were extracted.
    pub done: usize,
    /// How many bytes of plaintext they had.
    pub plain: u64,
    /// Which of them came out of messages that nothing
    /// [authenticates](crate::message::MessageFormat::is_authenticated), in
    /// the archive's order.
    pub not_authenticated: Vec<String>,
    /// Which of them a key opened without being named in them, and the key's
    /// file (see [`Opener::trying_all_keys`]).
    pub tried: Vec<(String, PathBuf)>,
    /// Those that failed, in the archive's order.
    pub failures: Vec<Error>,
}

impl Extracted {
    fn add(&mut self, member: &Member, opened: Opened) {
        let name = || member.shown_name().to_owned();
        self.done += 1;
        self.plain = self.plain.saturating_add(opened.length);
        if !opened.format.is_authenticated() {
            self.not_authenticated.push(name());
        }
        self.tried.extend(opened.tried_key.map(|key| (name(), key)));
    }

    /// The failure of the job as a whole: the worst one where nothing came
    /// out, [`Error::Partial`] where some members did; `None` where all did.
    pub fn outcome(&mut self, archive: &Path) -> Option<Error> {
        if self.failures.is_empty() {
            return None;
        }
        let total = self.done + self.failures.len();
        if self.done == 0 && total == 1 {
            return self.failures.pop();
        }
        Some(Error::Partial {
            archive: archive.to_owned(),
            failed: self.failures.len(),
            total,
            worst: self.failures.iter().map(Error::kind).max()?,
        })
    }
}

impl ArchiveFile {
    /// Opens an archive and checks its structure.
    ///
    /// # Errors
    ///
    /// The file can't be read, or is not one sound ZIP archive.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let file = File::open(path)
            .and_then(|file| match file.metadata()?.is_dir() {
                true => Err(io::ErrorKind::IsADirectory.into()),
                false => Ok(file),
            })
            .map_err(|source| Error::Io {
                path: path.to_owned(),
                source,
            })?;
        let archive = Archive::open(file).map_err(|error| unopened(path.to_owned(), error))?;
        Ok(Self {
            path: path.to_owned(),
            archive,
        })
    }

    /// The archive's path, as given.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// All members that are not directories, in the archive's order. A
    /// directory with a fault is among them, so that nobody passes over it.
    pub fn members(&self) -> impl Iterator<Item = &Member> {
        self.archive
            .members()
            .iter()
            .filter(|member| !member.is_directory() || member.fault().is_some())
    }

    /// The members with the given names, or whose path fits one of the given
    /// patterns (`*` and `?` within a directory, `**` across them); all of
    /// them where none is given. A name counts with and without the ending
    /// that it's stored with.
    ///
    /// # Errors
    ///
    /// A name or pattern that no member has, or that is no pattern.
    pub fn select(&self, patterns: &[String]) -> Result<Vec<&Member>, Error> {
        let members: Vec<&Member> = self.members().collect();
        if patterns.is_empty() {
            return Ok(members);
        }
        let mut chosen = vec![false; members.len()];
        for pattern in patterns {
            let glob = GlobBuilder::new(pattern)
                .literal_separator(true)
                .build()
                .map_err(|e| Error::Pattern {
                    pattern: pattern.clone(),
                    reason: e.kind().to_string(),
                })?
                .compile_matcher();
            // A name may hold characters that mean something in a pattern.
            let named = members.iter().any(|member| has_name(member, pattern));
            let mut found = false;
            for (chosen, member) in chosen.iter_mut().zip(&members) {
                let fits = if named {
                    has_name(member, pattern)
                } else {
                    glob.is_match(member.shown_name())
                };
                *chosen |= fits;
                found |= fits;
            }
            if !found {
                return Err(Error::NoSuchMember {
                    archive: self.path.clone(),
                    pattern: pattern.clone(),
                });
            }
        }
        Ok(members
            .into_iter()
            .zip(chosen)
            .filter_map(|(member, chosen)| chosen.then_some(member))
            .collect())
    }

    /// What a member's message shows to everybody.
    ///
    /// # Errors
    ///
    /// The member can't be read, or is no encrypted message.
    pub fn envelope(&self, member: &Member) -> Result<Envelope, Error> {
        let fail = |cause| member_error(member, cause);
        let reader = self
            .archive
            .read(member)
            .map_err(|error| fail(bytes_cause(error)))?;
        Envelope::read(reader).map_err(|error| fail(open_cause(error)))
    }

    /// Extracts members below the directory `target`, with `jobs` workers. A
    /// member that fails leaves nothing behind and doesn't stop the others.
    ///
    /// # Errors
    ///
    /// The target directory itself can't be used; what is wrong with single
    /// members is in [`Extracted`].
    pub fn extract(
        &self,
        members: &[&Member],
        target: &Path,
        overwrite: Overwrite,
        opener: Opener<'_>,
        jobs: NonZeroUsize,
        progress: &dyn Progress,
    ) -> Result<Extracted, Error> {
        let directory = TargetDir::create(target).map_err(|source| Error::Io {
            path: target.to_owned(),
            source,
        })?;
        progress.begin(members.len() as u64, total_size(members));
        let places = Places::of(members);
        let outcomes = Mutex::new(Vec::with_capacity(members.len()));
        let taken = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..jobs.get().min(members.len()) {
                scope.spawn(|| {
                    loop {
                        let number = taken.fetch_add(1, Ordering::Relaxed);
                        let Some(member) = members.get(number) else {
                            return;
                        };
                        let outcome = places.name(member).and_then(|name| {
                            self.extract_one(member, name, &directory, overwrite, opener, progress)
                        });
                        progress.member();
                        outcomes
                            .lock()
                            .unwrap_or_else(PoisonError::into_inner)
                            .push((number, member, outcome));
                    }
                });
            }
        });
        let flushed = directory.finish();
        let mut outcomes = outcomes
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        outcomes.sort_unstable_by_key(|(number, ..)| *number);
        let mut extracted = Extracted::default();
        for (_, member, outcome) in outcomes {
            match outcome {
                Ok(opened) => extracted.add(member, opened),
                Err(cause) => extracted.failures.push(member_error(member, cause)),
            }
        }
        extracted.failures.extend(flushed.err().map(Error::from));
        Ok(extracted)
    }

    fn extract_one(
        &self,
        member: &Member,
        name: &MemberName,
        directory: &TargetDir,
        overwrite: Overwrite,
        opener: Opener<'_>,
        progress: &dyn Progress,
    ) -> Result<Opened, MemberCause> {
        let message = self.begin(member, name, opener, progress)?;
        let literal = message.literal().clone();
        let path = directory.place(name.as_str())?;
        let write_cause = |source: io::Error| match source.kind() {
            io::ErrorKind::AlreadyExists => MemberCause::Exists(path.clone()),
            _ => MemberCause::Write {
                path: path.clone(),
                source,
            },
        };
        let mut pending =
            PendingFile::create(&path, Access::Private, overwrite).map_err(write_cause)?;
        let opened = message.copy_to(&mut pending).map_err(|error| match error {
            OpenError::Write(source) => write_cause(source),
            other => open_cause(other),
        })?;
        pending.set_modified(literal.modified.unwrap_or_else(|| member.modified()));
        pending
            .commit_into(directory.batch())
            .map_err(write_cause)?;
        Ok(opened)
    }

    /// Writes one member's plaintext to a pipe, nothing of it before it is
    /// authentic (see [`OpenMessage::stream_to`]).
    ///
    /// # Errors
    ///
    /// The member can't be opened, or the pipe not be written to.
    pub fn cat(
        &self,
        member: &Member,
        sink: &mut dyn Write,
        opener: Opener<'_>,
    ) -> Result<Opened, Error> {
        let fail = |cause| member_error(member, cause);
        let name = member
            .name()
            .map_err(|fault| fail(crate::archive::MemberFault::Name(fault).into()))?;
        self.begin(member, name, opener, &NoProgress)
            .and_then(|message| message.stream_to(sink).map_err(open_cause))
            .map_err(fail)
    }

    /// Opens a member's message up to its content, and checks that the name
    /// which was sealed in it is the member's.
    pub(crate) fn begin<'a>(
        &'a self,
        member: &Member,
        name: &MemberName,
        opener: Opener<'a>,
        progress: &'a dyn Progress,
    ) -> Result<OpenMessage<'a>, MemberCause> {
        // What ZIP has compressed expands as well: whoever picks a message's
        // session key can make its ciphertext as regular as they like.
        let expands = member.size().saturating_sub(member.stored_size());
        opener
            .expansion()
            .spend(0, expands)
            .map_err(|fault| open_cause(fault.into()))?;
        let source = self.archive.read(member).map_err(bytes_cause)?;
        let reader = Counted { source, progress };
        let message = OpenMessage::begin(reader, opener).map_err(open_cause)?;
        check_binding(message.literal(), name)?;
        Ok(message)
    }
}

/// Why an archive doesn't open, or that it's none but a message. A pipe can't
/// be read again to see.
fn unopened(path: PathBuf, error: ArchiveError) -> Error {
    let has_no_end = matches!(
        error,
        ArchiveError::Malformed {
            fault: ArchiveFault::NoEnd,
            ..
        }
    );
    let is_message = || File::open(&path).is_ok_and(|file| Envelope::read(file).is_ok());
    if has_no_end && path.is_file() && is_message() {
        return Error::IsMessage { path };
    }
    Error::Archive { path, error }
}

/// The size of all members' messages together, in bytes: as the archive says,
/// which may be anything.
pub(crate) fn total_size(members: &[&Member]) -> u64 {
    let sizes = members.iter().map(|member| member.size());
    sizes.fold(0, u64::saturating_add)
}

/// A literal name that isn't empty must be the member's path or its last
/// component: else the member was moved or swapped.
fn check_binding(literal: &LiteralHeader, name: &MemberName) -> Result<(), MemberCause> {
    let sealed = literal.name.as_slice();
    if sealed.is_empty()
        || sealed == name.as_str().as_bytes()
        || sealed == name.last_component().as_bytes()
    {
        return Ok(());
    }
    Err(MemberCause::Moved {
        sealed: String::from_utf8_lossy(sealed).into_owned(),
    })
}

/// Where the chosen members go: each path belongs to one of them.
pub(crate) struct Places<'a> {
    members_at: HashMap<&'a MemberName, usize>,
}

impl<'a> Places<'a> {
    pub fn of(members: &[&'a Member]) -> Self {
        let mut members_at = HashMap::with_capacity(members.len());
        for name in members.iter().filter_map(|member| member.name().ok()) {
            *members_at.entry(name).or_insert(0) += 1;
        }
        Self { members_at }
    }

    pub fn name<'m>(&self, member: &'m Member) -> Result<&'m MemberName, MemberCause> {
        if let Some(fault) = member.fault() {
            return Err(fault.into());
        }
        let name = member
            .name()
            .map_err(|fault| MemberCause::Archive(crate::archive::MemberFault::Name(fault)))?;
        match self.members_at.get(name) {
            Some(1) => Ok(name),
            _ => Err(MemberCause::SamePath),
        }
    }
}

fn has_name(member: &Member, name: &str) -> bool {
    member.stored_name() == name || member.shown_name() == name
}

pub(crate) fn member_error(member: &Member, cause: MemberCause) -> Error {
    Error::Member {
        member: member.shown_name().to_owned(),
        cause,
    }
}

/// An error of a member's bytes, wherever it surfaced.
fn bytes_cause(error: ArchiveError) -> MemberCause {
    match error {
        ArchiveError::Member { fault, .. } => MemberCause::Archive(fault),
        // The member is named already.
        ArchiveError::Malformed { fault, .. } => MemberCause::Bytes(fault.into()),
        other => MemberCause::Bytes(other),
    }
}

pub(crate) fn open_cause(error: OpenError) -> MemberCause {
    let OpenError::Read(e) = error else {
        return MemberCause::Open(error);
    };
    match e.downcast::<ArchiveFault>() {
        Ok(fault) => MemberCause::Bytes(fault.into()),
        Err(e) => MemberCause::Open(OpenError::Read(e)),
    }
}
