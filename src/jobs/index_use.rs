//! What the index of an archive file is used for.

use super::archive_file::{ArchiveFile, Members};
use super::archive_index::OpenedIndex;
use super::error::{Error, ErrorKind, MemberCause, archive_kind};
use super::evidence::{Checked, signed_fault};
use crate::archive::{Member, without_ending};
use crate::index::{Entry, Index, IndexFault, is_number};
use crate::keys::Fingerprint;
use crate::message::{MessageKey, OpenError, OpenMessage, Opener, with_proven_key};

/// The lines of an index that are read in the time of one private key
/// operation, roughly.
const LINES_FOR_A_KEY: usize = 200;

impl ArchiveFile {
    /// Returns whether the archive has an index.
    #[doc(hidden)]
    pub fn has_index(&self) -> bool {
        self.index.place.is_some()
    }

    /// Opens the index with a key, and reads it. An index that is damaged is
    /// reported later, by what opens the members.
    fn open_index(&self, opener: &Opener<'_>) {
        if !opener.ignores_index() {
            self.index.opened.get_or_init(|| self.read_index(opener));
        }
    }

    fn read_index(&self, opener: &Opener<'_>) -> Result<OpenedIndex, IndexFault> {
        let members = self.archive.members();
        let Some(entry) = self.index.place.and_then(|place| members.get(place)) else {
            return Ok(OpenedIndex::Missing);
        };
        let hash = self.expected().and_then(|all| all.in_manifest(entry));
        let hash = hash.map(|hashes| hashes.entry);
        let read = with_proven_key(opener, IndexFault::is_of_message, |opener| {
            let source = self.archive.read(entry).map_err(IndexFault::Archive)?;
            let source = Checked::new(source, hash);
            let check = source.check();
            let message = OpenMessage::begin(source, &opener.without_signers());
            let index = message
                .map_err(IndexFault::from)
                .and_then(|message| Index::read(message, members));
            // If it isn't what was signed, that says more.
            check.finish().map_err(OpenError::from)?;
            index
        });
        match read {
            // It is sealed to others. Members that are sealed to the key as well
            // open as they would without it.
            Err(IndexFault::Open(OpenError::NoIdentity(error))) => Ok(OpenedIndex::Closed(error)),
            read => read.map(|index| OpenedIndex::Open {
                index,
                is_signed: hash.is_some(),
            }),
        }
    }

    /// Returns whether a key has opened the index.
    pub(super) fn opens_index(&self) -> bool {
        self.opened_index().is_some()
    }

    /// Returns the index, if it has been opened.
    fn opened_index(&self) -> Option<&Index> {
        match self.index.opened.get()? {
            Ok(OpenedIndex::Open { index, .. }) => Some(index),
            _ => None,
        }
    }

    /// Returns whether the opened index is the one that was signed.
    pub(super) fn has_signed_index(&self) -> bool {
        let opened = self.index.opened.get();
        matches!(opened, Some(Ok(OpenedIndex::Open { is_signed, .. })) if *is_signed)
    }

    /// Returns the error that hidden names can't be read, if no key opens the
    /// index.
    #[doc(hidden)]
    pub fn closed_names(&self) -> Option<Error> {
        match self.index.opened.get()? {
            Ok(OpenedIndex::Closed(reason)) if self.hides_names() => Some(Error::NamesClosed {
                archive: self.path().to_owned(),
                reason: reason.to_string(),
            }),
            _ => None,
        }
    }

    /// Returns why hidden names can't be read, if the opened index can't be used.
    #[doc(hidden)]
    pub fn unread_names(&self) -> Option<Error> {
        let mut error = self.index_error().filter(|_| self.hides_names())?;
        if let Error::Index { kind, .. } = &mut error {
            *kind = (*kind).min(ErrorKind::Integrity);
        }
        Some(error)
    }

    /// Returns what the index says of a member, if it has been opened.
    #[doc(hidden)]
    pub fn listed(&self, member: &Member) -> Option<&Entry> {
        self.opened_index()?.entry(member)
    }

    /// Opens the index with a key, and gives members with hidden names their
    /// names. Without it, their names are in their messages alone.
    #[doc(hidden)]
    pub fn read_names(&mut self, opener: &Opener<'_>) {
        self.open_index(opener);
        if let Some(Ok(OpenedIndex::Open { index, .. })) = self.index.opened.get_mut() {
            self.archive.read_names(|member| index.take_name(member));
        }
    }

    /// Returns whether members may have numbers instead of their names: others
    /// may have been added.
    #[doc(hidden)]
    pub fn hides_names(&self) -> bool {
        self.has_index()
            && self
                .members()
                .any(|member| member.name().is_ok_and(is_number))
    }

    /// Returns why the index can't be used, if it has been opened.
    #[doc(hidden)]
    pub fn index_error(&self) -> Option<Error> {
        let fault = self.index.opened.get()?.as_ref().err()?;
        let cause = match fault {
            IndexFault::Open(error) => error.into(),
            IndexFault::Archive(error) => archive_kind(error),
            _ => ErrorKind::Integrity,
        };
        Some(Error::Index {
            archive: self.path().to_owned(),
            fault: fault.to_string(),
            kind: match (cause, fault) {
                (ErrorKind::Io, _) => cause,
                (_, IndexFault::Open(error)) if signed_fault(error).is_some() => cause,
                _ => ErrorKind::Partial,
            },
        })
    }

    /// Returns the error for each member that the index lists, and that the
    /// archive doesn't have, as far as their names were kept.
    #[doc(hidden)]
    pub fn removed_members(&self) -> impl Iterator<Item = Error> {
        let missing = self.opened_index().map(|index| index.missing.as_slice());
        missing
            .unwrap_or_default()
            .iter()
            .map(|name| Error::Member {
                // As that of a member that is there.
                member: without_ending(name).unwrap_or(name).to_owned(),
                cause: MemberCause::Removed(self.index.kind()),
            })
    }

    /// Returns the fingerprint of the key that has opened the index.
    pub(super) fn index_key(&self) -> Option<Fingerprint> {
        self.opened_index()?.opened_by.clone()
    }

    /// Returns the session key that the index lists for a member.
    pub(super) fn listed_key(&self, member: &Member, opener: &Opener<'_>) -> Option<MessageKey> {
        match opener.ignores_index() {
            true => None,
            false => self.opened_index()?.key(member),
        }
    }
}

impl Members<'_> {
    /// Opens the index of their archive, if that is quicker than a private key
    /// operation for each member; and if all members are chosen, since it shows
    /// whether some were removed.
    #[doc(hidden)]
    pub fn use_index(&self, opener: &Opener<'_>) {
        let all = self.archive.archive.members().len();
        if self.are_all || self.list.len() > 1 + all / LINES_FOR_A_KEY {
            self.archive.open_index(opener);
        }
    }

    /// Opens the index of their archive.
    pub(super) fn open_index(&self, opener: &Opener<'_>) {
        self.archive.open_index(opener);
    }

    /// Returns whether the opened index or grant lists a member.
    #[doc(hidden)]
    pub fn is_listed(&self, member: &Member) -> bool {
        self.archive.listed(member).is_some()
    }

    /// Returns those of them that the opened grant grants.
    #[doc(hidden)]
    #[must_use]
    pub fn granted(mut self) -> Self {
        let archive = self.archive;
        self.list.retain(|member| archive.listed(member).is_some());
        self
    }

    /// Returns the error of a damaged index; and if all members are chosen,
    /// those of the members that the index lists and that are missing.
    pub(super) fn index_errors(&self) -> Vec<Error> {
        let mut errors: Vec<Error> = self.archive.index_error().into_iter().collect();
        if self.are_all {
            errors.extend(self.archive.removed_members());
        }
        errors
    }
}
