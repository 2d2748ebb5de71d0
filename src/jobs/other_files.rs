//! Files of an archive that aren't members: they were never sealed.

use std::io::{self, Read};

use crate::archive::{Member, without_ending};
use crate::jobs::archive_file::{ArchiveFile, Members};
use crate::jobs::error::{Error, MemberCause};
use crate::keys::FileKind;
use crate::message::{Limits, MessageFault, OpenError, has_traces};

/// The bytes of a file in which traces of a message are looked for.
const START: u64 = 64 * 1024;

/// The directory in which macOS's Finder puts side files.
const SIDE_DIRECTORY: &str = "__MACOSX";

impl ArchiveFile {
    /// Returns whether what doesn't open for this cause was never sealed, rather
    /// than damaged: neither its name nor its content is that of a message, or
    /// of what is left of one. Call platforms add such files (`metadata.json`,
    /// `readme.txt`), and so do macOS and Windows, which put theirs next to each
    /// member, under its name.
    pub(super) fn seems_other(&self, member: &Member, cause: &MemberCause) -> bool {
        let MemberCause::Open(OpenError::Fault(fault)) = cause else {
            return false;
        };
        let is_other = || match fault {
            MessageFault::NotEncrypted => true,
            // A picture, or a text in an old encoding, may begin as packets do.
            MessageFault::NotAMessage
            | MessageFault::Mail
            | MessageFault::Truncated
            | MessageFault::Malformed(_)
            | MessageFault::NoIntegrityProtection
            | MessageFault::Unsupported(_) => !self.has_traces(member),
            _ => false,
        };
        has_other_name(member) && is_other()
    }

    /// Returns the same, and only if the file isn't damaged: it is read to its
    /// end.
    pub(super) fn is_other(&self, member: &Member, cause: &MemberCause) -> bool {
        self.seems_other(member, cause) && self.is_whole(member)
    }

    /// Returns whether a member is such a file.
    pub(super) fn was_never_sealed(&self, member: &Member) -> bool {
        has_other_name(member)
            && match self.envelope(member, &Limits::default()) {
                Err(Error::Member { cause, .. }) => self.is_other(member, &cause),
                _ => false,
            }
    }

    fn has_traces(&self, member: &Member) -> bool {
        let mut start = Vec::new();
        let read = self.read(member).map(|content| {
            let read = content.take(START).read_to_end(&mut start);
            read.is_ok()
        });
        // A keystore is made of what CMS messages are made of.
        let is_keystore = || FileKind::of(&start) == Some(FileKind::Pkcs12);
        !matches!(read, Ok(true)) || has_traces(&start) && !is_keystore()
    }

    fn is_whole(&self, member: &Member) -> bool {
        let read = self.read(member);
        read.is_ok_and(|mut content| io::copy(&mut content, &mut io::sink()).is_ok())
    }
}

impl Members<'_> {
    /// Returns those that are messages, and the names of the files that were
    /// never sealed. If none is a message, all of them count as such, and so do
    /// files that were named: the error of one that was meant says more.
    #[doc(hidden)]
    pub fn without_other_files(mut self) -> (Self, Vec<String>) {
        let archive = self.archive;
        let is_other = |member: &&Member| archive.was_never_sealed(member);
        let (others, mut messages): (Vec<&Member>, Vec<&Member>) =
            self.list.iter().copied().partition(is_other);
        let is_meant = |other: &&Member| self.is_meant(other);
        let (meant, others): (Vec<&Member>, Vec<&Member>) = others.into_iter().partition(is_meant);
        if messages.is_empty() {
            return (self, Vec::new());
        }
        messages.extend(meant);
        self.list = messages;
        let names = others.iter().map(|other| other.shown_name().into_owned());
        (self, names.collect())
    }

    /// Returns whether a file that was never sealed was named, and no member
    /// has the same name.
    pub(super) fn is_meant(&self, other: &Member) -> bool {
        let name = other.shown_name();
        let mut namesakes = self
            .list
            .iter()
            .filter(|member| member.shown_name() == name);
        self.are_named && namesakes.nth(1).is_none()
    }
}

/// Returns whether the name is not that of a message.
fn has_other_name(member: &Member) -> bool {
    let stored = member.stored_name();
    without_ending(&stored).is_none() || is_side_file(&stored)
}

/// Returns whether a name with the ending of messages is that of a side file,
/// which macOS names after its file.
fn is_side_file(stored: &str) -> bool {
    let mut parts = stored.split(['/', '\\']);
    let is_in_directory = parts.next() == Some(SIDE_DIRECTORY);
    is_in_directory && parts.next_back().is_some_and(|name| name.starts_with("._"))
}
