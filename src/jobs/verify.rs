//! Verifying: whether an archive is sound, is what was signed, and opens.

use std::collections::HashMap;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};

use super::archive_file::{ArchiveFile, Members, expands, member_error, open_cause};
use super::error::{Error, ErrorKind, MemberCause};
use super::evidence::{Evidence, Expected, KeptList, SignedFault};
use super::job::Job;
use super::opening::Begun;
use crate::archive::{Member, MemberFault};
use crate::keys::Signers;
use crate::message::{Limits, MessageKey, OpenError, Opener, with_proven_key};
use crate::timestamp::unix_seconds;
use crate::workers::work_on;

/// What was found out about an archive.
#[derive(Debug)]
#[non_exhaustive]
pub struct Verified {
    /// The number of entries of the archive, all of which were read.
    pub entries: usize,
    /// The number of bytes of all entries.
    pub bytes: u64,
    /// What named signers have signed, if any were named and it holds.
    pub evidence: Option<Evidence>,
    /// What a key has opened, if one was given.
    pub opened: Option<OpenedMembers>,
    /// Everything that doesn't hold.
    pub failures: Vec<Error>,
}

/// What a key has opened of an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct OpenedMembers {
    /// The number of members that were opened to their ends.
    pub members: usize,
    /// The number of the archive's members that were not: they didn't open, or
    /// weren't tried.
    pub unopened: usize,
    /// The number of bytes of their content.
    pub plain: u64,
    /// The number of members whose lines of the index fit what was opened; `None`
    /// if there is no index that the key opens.
    pub listed: Option<usize>,
    /// The files that were never sealed.
    pub other_files: Vec<String>,
    /// The members whose messages aren't authenticated.
    pub not_authenticated: Vec<String>,
}

impl Job<'_> {
    /// Reads all of an archive, and writes nothing. With signers, compares it with
    /// what they have signed; with a key, opens these members to their ends.
    ///
    /// # Errors
    ///
    /// None but those of the arguments: whatever doesn't hold is a
    /// [failure](Verified::failures).
    #[doc(hidden)]
    pub fn verify(
        &self,
        archive: &ArchiveFile,
        signers: Option<&Signers>,
        opened: Option<(Members<'_>, &Opener<'_>)>,
    ) -> Verified {
        let mut failures = Vec::new();
        let mut partial = Expected::default();
        let checked = signers.map(|signers| archive.require(signers, &mut partial, self.workers));
        let mut evidence = match checked {
            Some(Ok(evidence)) => Some(evidence),
            Some(Err(Error::NotAsSigned {
                failures: of_entries,
                ..
            })) => {
                failures.extend(of_entries);
                None
            }
            Some(Err(error)) => {
                failures.push(error);
                None
            }
            None => None,
        };
        if signers.is_some() {
            // What is known of the entries is compared in any case.
            archive.expect(partial);
        }
        let of_entries = self.check_entries(archive, None);
        if !of_entries.is_empty() {
            evidence = None;
        }
        add_failures(&mut failures, of_entries);
        let opened = opened.map(|(members, opener)| self.open_all(members, opener, &mut failures));
        let entries = archive.archive.members();
        Verified {
            entries: entries.len(),
            bytes: total_size(entries),
            evidence,
            opened,
            failures,
        }
    }

    /// Reads every entry to its end, and compares it with what it has to be. A list
    /// that is kept has to say the truth of what is sealed, too. Returns what doesn't
    /// hold.
    pub(super) fn check_entries(
        &self,
        archive: &ArchiveFile,
        kept: Option<KeptList>,
    ) -> Vec<Error> {
        let entries = archive.archive.members();
        let size = total_size(entries);
        self.progress.begin(entries.len() as u64, size);
        let limits = Limits::default();
        let check = |(): &mut (), _, entry: &Member| {
            let checked = check_entry(archive, entry, kept, &limits);
            self.progress.bytes(entry.size());
            self.progress.member();
            let error = checked.err()?;
            Some(Box::new(member_error(entry, error)))
        };
        let failures = work_on(entries, self.workers, || (), check);
        failures.into_iter().map(|error| *error).collect()
    }

    /// Opens members to their ends.
    fn open_all(
        &self,
        members: Members<'_>,
        opener: &Opener<'_>,
        failures: &mut Vec<Error>,
    ) -> OpenedMembers {
        let archive = members.archive;
        let are_all = members.list.len() == archive.members().count();
        let (members, other_files) = members.without_other_files();
        let all = match are_all {
            true => members.list.len(),
            // A grant is for some of them.
            false => archive.all().without_other_files().0.list.len(),
        };
        self.progress
            .begin(members.as_slice().len() as u64, members.total_size());
        members.open_index(opener);
        let (listed, plain) = (AtomicU64::new(0), AtomicU64::new(0));
        let open = |(): &mut (), _, member: &&Member| {
            let opened = open_member(archive, member, opener);
            self.progress.bytes(member.size());
            self.progress.member();
            Some(match opened {
                Ok(opened) => {
                    listed.fetch_add(u64::from(opened.is_listed), Ordering::Relaxed);
                    plain.fetch_add(opened.length, Ordering::Relaxed);
                    match opened.is_authenticated {
                        true => return None,
                        false => Ok(member.shown_name().into_owned()),
                    }
                }
                Err(cause) => Err(Box::new(member_error(member, cause))),
            })
        };
        let total = members.as_slice().len();
        let outcomes = work_on(members.as_slice(), self.workers, || (), open);
        let mut not_authenticated = Vec::new();
        let mut failed = Vec::new();
        for outcome in outcomes {
            match outcome {
                Ok(name) => not_authenticated.push(name),
                Err(error) => failed.push(*error),
            }
        }
        let opened = total.saturating_sub(failed.len());
        let has_index = archive.opens_index() && failed.is_empty();
        add_failures(failures, failed);
        failures.extend(archive.index_error().map(Error::of_verification));
        add_failures(failures, archive.removed_members().collect());
        OpenedMembers {
            members: opened,
            unopened: all.saturating_sub(opened),
            plain: plain.into_inner(),
            listed: has_index.then(|| usize::try_from(listed.into_inner()).unwrap_or(usize::MAX)),
            other_files,
            not_authenticated,
        }
    }
}

fn total_size(entries: &[Member]) -> u64 {
    let sizes = entries.iter().map(Member::size);
    sizes.fold(0, u64::saturating_add)
}

/// Adds the failures of members. What has failed in one way is read again, and
/// fails in the same way or another: that is one fault, unless it is a worse one now.
fn add_failures(failures: &mut Vec<Error>, more: Vec<Error>) {
    let mut worst: HashMap<String, ErrorKind> = HashMap::new();
    for error in failures.iter() {
        if let Some(name) = named_member(error) {
            let kind = worst.entry(name.to_owned()).or_insert(error.kind());
            *kind = error.kind().max(*kind);
        }
    }
    let is_new = |error: &Error| {
        let known = named_member(error).and_then(|name| worst.get(name));
        known.is_none_or(|known| error.kind() > *known)
    };
    failures.extend(more.into_iter().filter(is_new));
}

fn named_member(error: &Error) -> Option<&str> {
    match error {
        Error::Member { member, .. } => Some(member),
        _ => None,
    }
}

fn check_entry(
    archive: &ArchiveFile,
    entry: &Member,
    kept: Option<KeptList>,
    limits: &Limits,
) -> Result<(), MemberCause> {
    let spent = limits.spend(0, expands(entry));
    spent.map_err(|fault| open_cause(fault.into()))?;
    let Some(expected) = archive.expected() else {
        return archive.read_all(entry);
    };
    let listed = expected.in_manifest(entry);
    let sealed = listed
        .and_then(|listed| listed.sealed)
        .filter(|_| kept == Some(KeptList::Manifest));
    if sealed.is_none() && !expected.is_in_origin(entry) {
        return archive.read_all(entry);
    }
    let hashes = archive.hashes(entry)?;
    expected.compare(entry, &hashes)?;
    match sealed.is_none() || sealed == hashes.sealed {
        true => Ok(()),
        false => Err(SignedFault::Contradicted.into()),
    }
}

/// What opening a member has shown.
struct OpenedMember {
    length: u64,
    is_listed: bool,
    is_authenticated: bool,
}

/// Opens a member by its own recipients, and compares it with its line of the
/// index.
fn open_member(
    archive: &ArchiveFile,
    member: &Member,
    opener: &Opener<'_>,
) -> Result<OpenedMember, MemberCause> {
    if let Some(fault) = member.fault() {
        return Err(fault.into());
    }
    let name = member
        .name()
        .map_err(|fault| MemberCause::Archive(MemberFault::Name(fault)))?;
    let open = |opener: &Opener<'_>| {
        with_proven_key(opener, MemberCause::is_of_message, |opener| {
            let begun = archive.begin(member, name, opener, &super::progress::NoProgress)?;
            let Begun { message, check, .. } = begun;
            let key = message.key().map(MessageKey::pack);
            let modified = message.modified();
            let opened = message.copy_to(&mut io::sink()).map_err(open_cause)?;
            check.finish().map_err(|error| open_cause(error.into()))?;
            Ok((key, modified, opened))
        })
    };
    let listed = archive.listed(member);
    let own = open(&opener.clone().ignoring_index());
    let (key, modified, opened) = match own {
        // It may be granted.
        Err(MemberCause::Open(OpenError::NoIdentity(_))) if listed.is_some() => open(opener)?,
        own => own?,
    };
    if let Some(listed) = listed {
        let other = |what| Err(MemberCause::OtherThanListed(what));
        let is_key = |listed: &MessageKey| key.is_none_or(|key| listed.pack() == key);
        if !archive
            .listed_key(member, opener)
            .is_none_or(|listed| is_key(&listed))
        {
            return Err(MemberCause::Replaced(archive.index.kind()));
        }
        if listed.size != opened.length {
            return other("size");
        }
        let seconds = |time: Option<std::time::SystemTime>| time.map(unix_seconds);
        if listed.modified.is_some()
            && modified.is_some()
            && seconds(listed.modified) != seconds(modified)
        {
            return other("time");
        }
    }
    Ok(OpenedMember {
        length: opened.length,
        is_listed: listed.is_some(),
        is_authenticated: opened.format.is_authenticated(),
    })
}

impl Error {
    /// Returns the error of an index as one that doesn't hold.
    fn of_verification(self) -> Self {
        match self {
            Self::Index {
                archive,
                fault,
                kind: ErrorKind::Partial,
            } => Self::Index {
                archive,
                fault,
                kind: ErrorKind::Integrity,
            },
            other => other,
        }
    }
}
