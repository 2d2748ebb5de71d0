//! Hints of commands in which other remedies help than elsewhere.

use std::borrow::Cow;
use std::io::ErrorKind;

use callseal::archive::{MemberFault, NameFault};
use callseal::keys::{NoIdentity, RecipientError, Refusal};
use callseal::message::{MessageFault, OpenError, PlanError};
use callseal::sources::SourceError;
use callseal::{Error, EvidenceFault, MemberCause};

use super::{Hint, of_library, some};
use crate::cli::ui::shell_word;

/// A command in which other remedies help than elsewhere.
#[derive(Clone, Copy, Debug)]
pub enum Task {
    /// Members of an archive are shared.
    Share {
        /// Whether no member may be left out: that would lose the others' names.
        all_or_none: bool,
    },
    /// One message is shared, which is in no archive.
    ShareMessage,
    Grant,
    /// Members are opened or listed by a grant.
    ByGrant,
    List,
    Verify,
    Sign,
}

/// How to seal one message for others.
const SEAL_ANEW: &str = "seal what it holds anew: `set -o pipefail; callseal open FILE -k KEY -o - | callseal seal -r CERT -o NEW.pgp`";

pub fn of_task(task: Task, error: &Error) -> Hint {
    some(match (task, error) {
        (
            Task::Sign | Task::Share { .. } | Task::ShareMessage,
            Error::Source(SourceError::IsOutput { .. }),
        ) => "choose another name for the output, or replace the file itself with --in-place",
        (Task::Sign, _) => return of_library(error),
        (Task::Verify, Error::Io { path, error }) if error.kind() == ErrorKind::IsADirectory => {
            let all = path.join("*.zip").display().to_string();
            // In quotes, the shell wouldn't expand it.
            return some(match shell_word(&all.replace('*', "")) {
                Cow::Borrowed(_) => format!("name the archives in it: `callseal verify {all}`"),
                Cow::Owned(_) => "name the archives in it".into(),
            });
        }
        (
            Task::Verify,
            Error::Evidence {
                fault: EvidenceFault::NotSigned,
                ..
            },
        ) => {
            "ask its sender for the signed archive; without --signer, `verify` checks whether it is sound; `extract --signer` and `cat --signer` check signatures inside of its messages"
        }
        (Task::Share { .. } | Task::Grant, Error::Member { member, cause })
            if matches!(cause, MemberCause::Moved { .. }) && is_number(member) =>
        {
            "names may be hidden here, and no index shows them: then `callseal convert` gives the names back; otherwise don't trust it"
        }
        (_, Error::Member { cause, .. }) => {
            return of_member(task, cause).or_else(|| of_library(error));
        }
        // If all of them failed, the cause is elsewhere, and has its own hint.
        (_, Error::NotShared { failed, total, .. }) if *failed == 0 || failed == total => {
            return None;
        }
        (Task::Share { all_or_none: true }, Error::NotShared { .. }) => {
            "fix each of these members, or share the others into another archive with --exclude and -o"
        }
        (_, Error::NotShared { .. }) => {
            "fix each of these members, or leave them out with --exclude"
        }
        (_, Error::NotReplaced(_)) => "write it to another file with -o OUT",
        (Task::ShareMessage, Error::NotARecipient { .. }) => {
            "`callseal inspect FILE` shows the recipients"
        }
        (_, Error::NotARecipient { .. }) => "`callseal list ARCHIVE` shows the recipients",
        (_, Error::HiddenNames { .. }) => {
            "the new index would list the chosen members alone, and the others would lose their names: share all of them, or write the chosen ones to another archive with -o"
        }
        (Task::Grant, Error::IsMessage { .. }) => {
            "`callseal share FILE` lets somebody open one message"
        }
        (
            Task::ShareMessage,
            Error::Recipient(RecipientError::Refused {
                refusal: Refusal::OtherVersion { .. },
                ..
            }),
        ) => SEAL_ANEW,
        (
            Task::Grant,
            Error::Plan(PlanError::Recipient(RecipientError::Refused {
                refusal: Refusal::NoCommonVersion { .. },
                ..
            })),
        ) => "make a grant for each of them, or ask one of them for another certificate",
        (_, Error::Plan(PlanError::TooManyHidden { .. })) => {
            "the recipients of its members are hidden, and so are those of the index: name fewer of them with -r"
        }
        (Task::List, Error::Index { .. }) => {
            "the members are shown as the archive has them, and none that was removed is missed; get the archive again from its source, or give --ignore-index"
        }
        (_, Error::Index { .. }) => {
            "the members were opened by their own recipients, and none that was removed was missed; to be sure, get the archive again from its source"
        }
        _ => return of_library(error),
    })
}

/// Returns whether a member is called as those are whose names are hidden.
fn is_number(member: &str) -> bool {
    member.len() >= 6
        && member.starts_with('0')
        && member.bytes().all(|octet| octet.is_ascii_digit())
}

/// Returns the hint for a member, if another one than elsewhere helps.
fn of_member(task: Task, cause: &MemberCause) -> Hint {
    some(match (task, cause) {
        (Task::ByGrant, MemberCause::Removed(_) | MemberCause::Replaced(_)) => {
            "get the archive again from its source, or a grant for this archive"
        }
        (Task::ByGrant | Task::Verify, MemberCause::UnconfirmedName) => {
            "don't trust the name; ask whoever signed the archive what the member is"
        }
        (Task::ByGrant, _) => return None,
        (Task::List, MemberCause::Removed(_)) => {
            "anyone can seal a false index: if you don't trust it, list the members without it, with --ignore-index"
        }
        (Task::List, _) => return None,
        (Task::Verify, MemberCause::Removed(_) | MemberCause::Replaced(_)) => {
            "keep the archive as it is, and get it again from its source; --signer shows what was signed"
        }
        (Task::Verify, MemberCause::Open(OpenError::Fault(MessageFault::NotAMessage))) => {
            "it is damaged, or was never sealed"
        }
        (Task::Verify, MemberCause::Archive(MemberFault::Name(NameFault::Reserved))) => {
            "don't trust it: callseal never seals a file under that name"
        }
        (Task::Verify, MemberCause::Open(OpenError::NoIdentity(NoIdentity::TrialsUsedUp))) => {
            "`callseal extract` opens the members that you name; give only their recipient's key with -k"
        }
        (_, MemberCause::Open(OpenError::Fault(MessageFault::NotAMessage))) => {
            "it is damaged, or was never sealed; leave it out with --exclude"
        }
        (_, MemberCause::Moved { .. }) => {
            "don't trust it; if its sender confirms that the file was renamed, `callseal convert --accept-renamed` seals it anew under its name in the archive"
        }
        (
            Task::ShareMessage,
            MemberCause::NotShareable(_) | MemberCause::SameName | MemberCause::TooManyRecipients,
        ) => SEAL_ANEW,
        (Task::ShareMessage, MemberCause::NamesCertificates { .. }) => {
            "give the X.509 certificate to --remove"
        }
        (Task::ShareMessage, MemberCause::HiddenRecipients) => {
            "name everybody who is to stay with -r, or seal it anew for them with `callseal seal`"
        }
        (Task::Grant, MemberCause::NotShareable(_)) => {
            "`callseal convert ARCHIVE MEMBER` seals it anew for them, into another archive"
        }
        (_, MemberCause::NotShareable(_)) => {
            "`callseal convert` seals it anew, for other recipients"
        }
        (_, MemberCause::HiddenRecipients) => {
            "name everybody who is to stay with -r, or seal it anew with `callseal convert`"
        }
        (_, MemberCause::NobodyLeft) => "name whoever is to open it with -r, or --remove fewer",
        _ => return None,
    })
}
