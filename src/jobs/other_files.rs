//! Files of an archive that aren't members: they were never sealed.

use crate::archive::{Member, without_ending};
use crate::jobs::error::MemberCause;
use crate::message::{MessageFault, OpenError};

/// The directory in which macOS's Finder puts side files.
const SIDE_DIRECTORY: &str = "__MACOSX";

/// The side files of macOS and Windows.
const SIDE_FILES: [&str; 3] = [".DS_Store", "Thumbs.db", "desktop.ini"];

/// Returns whether what doesn't open for this cause was never sealed, rather
/// than damaged: neither its name nor its content is that of a message. Call
/// platforms add such files (`metadata.json`, `readme.txt`), and so do macOS and
/// Windows, which put theirs next to each member, under its name.
pub(crate) fn is_other_file(member: &Member, cause: &MemberCause) -> bool {
    let is_no_message = matches!(
        cause,
        MemberCause::Open(OpenError::Fault(
            MessageFault::NotAMessage | MessageFault::NotEncrypted
        ))
    );
    let stored = member.stored_name();
    is_no_message && (without_ending(&stored).is_none() || is_side_file(&stored))
}

fn is_side_file(stored: &str) -> bool {
    let name = stored.rsplit(['/', '\\']).next().unwrap_or(stored);
    let directory = stored.split(['/', '\\']).next();
    directory == Some(SIDE_DIRECTORY)
        || SIDE_FILES
            .iter()
            .any(|side| name.eq_ignore_ascii_case(side))
}
