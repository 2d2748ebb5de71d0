//! The words of errors that depend on numbers and patterns.

use super::{Error, ErrorKind};
use crate::jobs::bundle::MessagePlace;

/// Returns the verb for a name, or for a pattern.
pub(super) fn called(pattern: &str) -> &'static str {
    match pattern.contains(['*', '?', '[', '{']) {
        true => "matches",
        false => "is called",
    }
}

pub(super) fn unusable(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::Io => "can't be read",
        _ => "is damaged",
    }
}

pub(super) fn same_member(first: &MessagePlace, second: &MessagePlace) -> String {
    match first == second {
        true => format!("{first}: it is given twice"),
        false => format!("{first} and {second} would be the same member"),
    }
}

pub(super) fn not_read_back(cause: Option<&Error>) -> String {
    match cause {
        Some(cause) => format!("it can't be read back from the disk: {cause}"),
        None => "what is read back from the disk is not what was written".into(),
    }
}

pub(super) fn not_shared(failed: usize, removed: usize, total: usize, is_grant: bool) -> String {
    let (done, written) = match is_grant {
        true => ("granted", "no grant was written"),
        false => ("shared", "nothing was written"),
    };
    let failed = match failed {
        0 => String::new(),
        1 if total == 1 => format!("the only member can't be {done}; "),
        failed => format!("{failed} of {total} members can't be {done}; "),
    };
    let removed = match removed {
        0 => String::new(),
        1 => "1 member was removed; ".into(),
        removed => format!("{removed} members were removed; "),
    };
    format!("{failed}{removed}{written}")
}

pub(super) fn partial(failed: usize, total: usize) -> String {
    if failed < total {
        format!("{failed} of {total} members failed, the others are done")
    } else if total == 1 {
        "its only member failed".into()
    } else {
        format!("all {total} members failed")
    }
}
