//! Files of an archive that aren't members: they were never sealed.

use std::io::Read;

use crate::archive::{Member, without_ending};
use crate::jobs::archive_file::{ArchiveFile, Members};
use crate::jobs::error::{Error, MemberCause};
use crate::message::{Limits, MessageFault, OpenError, is_other_binary};

/// The octets that show whether a message begins.
const START: u64 = 16;

/// The directory in which macOS's Finder puts side files.
const SIDE_DIRECTORY: &str = "__MACOSX";

/// The side files of macOS and Windows.
const SIDE_FILES: [&str; 3] = [".DS_Store", "Thumbs.db", "desktop.ini"];

impl ArchiveFile {
    /// Returns whether what doesn't open for this cause was never sealed, rather
    /// than damaged: neither its name nor its content is that of a message. Call
    /// platforms add such files (`metadata.json`, `readme.txt`), and so do macOS
    /// and Windows, which put theirs next to each member, under its name.
    pub(super) fn is_other(&self, member: &Member, cause: &MemberCause) -> bool {
        let MemberCause::Open(OpenError::Fault(fault)) = cause else {
            return false;
        };
        let is_no_message = || match fault {
            MessageFault::NotAMessage | MessageFault::NotEncrypted => true,
            // A picture, say, may begin as packets do.
            MessageFault::Truncated | MessageFault::Malformed(_) | MessageFault::Unsupported(_) => {
                self.begins_as_no_message(member)
            }
            _ => false,
        };
        has_other_name(member) && is_no_message()
    }

    /// Returns whether a member is such a file.
    pub(super) fn was_never_sealed(&self, member: &Member) -> bool {
        has_other_name(member)
            && match self.envelope(member, &Limits::default()) {
                Err(Error::Member { cause, .. }) => self.is_other(member, &cause),
                _ => false,
            }
    }

    fn begins_as_no_message(&self, member: &Member) -> bool {
        let mut start = Vec::new();
        let read = self.read(member).and_then(|content| {
            let read = content.take(START).read_to_end(&mut start);
            read.map_err(|error| MemberCause::Open(error.into()))
        });
        read.is_ok() && is_other_binary(&start)
    }
}

impl Members<'_> {
    /// Returns those that are messages, and the names of the files that were
    /// never sealed. If none is a message, all of them count as such: one that
    /// was meant says more by its error.
    #[doc(hidden)]
    pub fn without_other_files(mut self) -> (Self, Vec<String>) {
        let archive = self.archive;
        let is_other = |member: &&Member| archive.was_never_sealed(member);
        let (others, messages): (Vec<&Member>, Vec<&Member>) =
            self.list.iter().copied().partition(is_other);
        if messages.is_empty() {
            return (self, Vec::new());
        }
        self.list = messages;
        let names = others.iter().map(|other| other.shown_name().into_owned());
        (self, names.collect())
    }
}

/// Returns whether the name is not that of a message.
fn has_other_name(member: &Member) -> bool {
    let stored = member.stored_name();
    without_ending(&stored).is_none() || is_side_file(&stored)
}

fn is_side_file(stored: &str) -> bool {
    let name = stored.rsplit(['/', '\\']).next().unwrap_or(stored);
    let directory = stored.split(['/', '\\']).next();
    directory == Some(SIDE_DIRECTORY)
        || SIDE_FILES
            .iter()
            .any(|side| name.eq_ignore_ascii_case(side))
}
