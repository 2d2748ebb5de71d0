//! The hints: what a person can do about an error, chosen from its facts. The
//! library's errors don't mention options and commands; these hints do.

mod config;
mod fields;
mod keys;
pub mod kinds;
mod limits;
mod messages;
mod paths;
mod recipients;
#[cfg(target_os = "linux")]
mod service;
mod signatures;
mod signers;
mod sources;
mod tasks;

use std::borrow::Cow;
use std::io;
use std::path::Path;

use callseal::archive::{ArchiveError, ArchiveFault, MemberFault, NameFault};
use callseal::files::input;
use callseal::keys::FileKind;
use callseal::message::{MessageFault, OpenError, PlanError, SealError};
use callseal::{ErrorKind, MemberCause};

use crate::cli::error::Error;
use crate::cli::ui::shell_word;

/// A remedy, as one sentence in lower case without a full stop.
pub type Hint = Option<Cow<'static, str>>;

pub use recipients::{of_recipients, of_refusal};
#[cfg(target_os = "linux")]
pub use service::{of_damaged, of_service};
pub use tasks::Task;

/// Returns the remedy for an error, if there is one.
pub fn of(error: &Error) -> Hint {
    limits::of_limit(error).or_else(|| of_cause(error))
}

fn of_cause(error: &Error) -> Hint {
    some(match error {
        Error::Library(error) => return of_library(error),
        Error::During { task, error } => return tasks::of_task(*task, error),
        #[cfg(target_os = "linux")]
        Error::Service(error) => return of_service(error),
        Error::OfArchive { error, .. } => return of_cause(error),
        Error::Config(error) => return config::of_config(error),
        Error::Profile { error, .. } => return recipients::of_profile(error),
        Error::SignersOfProfile { error, .. } => return signers::of_signers(error),
        Error::UselessSigner { fault, .. } => return signers::of_useless_signer(fault),
        Error::SignerIsRecipient { .. } => signatures::OWN_KEY,
        Error::SigningKey(error) => return signers::of_signing_key(error),
        Error::SigningKeyOfConfig { error, .. } => return signers::of_signing_key(error),
        Error::NoKeys => messages::GIVE_KEY,
        Error::NoKeysThere { .. } => {
            "put a private key there, or give another place with -k; -v shows which files were left out, and why"
        }
        Error::Port { error, .. } => match error.kind() {
            io::ErrorKind::AddrInUse => "choose another --port, or leave it out for a free one",
            io::ErrorKind::PermissionDenied => "choose a --port of 1024 or more",
            _ => return None,
        },
        Error::Utf16Passphrase { .. } => "save it as ASCII or UTF-8",
        Error::EmptyPassphrase { .. } => "write each passphrase on a line of its own",
        Error::Export(error) => return keys::of_export(error),
        Error::Subject(error) => return keys::of_subject(error),
        Error::KeyExists { .. } => {
            "choose another --name or --out, or move the file away; keys are never overwritten"
        }
        Error::OtherKind { kind, .. } => kinds::as_message(*kind).unwrap_or(messages::INSPECT),
        Error::Document { error, .. } => return fields::of_document(error),
        Error::Signer(error) => return signers::of_signers(error),
        Error::Search { .. } => "`callseal cat ARCHIVE MEMBER -k KEY | grep PATTERN` has no limit",
        Error::Generate(_)
        | Error::PartialDocuments { .. }
        | Error::Unread { .. }
        | Error::NotVerified { .. }
        | Error::NotOpened { .. }
        | Error::SomeNotVerified { .. } => return None,
    })
}

fn of_library(error: &callseal::Error) -> Hint {
    use callseal::Error;
    some(match error {
        Error::Io { error, .. } if input::is_not_a_file(error) => REGULAR_FILE,
        Error::Io { path, error } if error.kind() == io::ErrorKind::NotFound => {
            return paths::of_missing(path);
        }
        Error::Io { error, .. } if error.kind() == io::ErrorKind::IsADirectory => {
            "name a file in it"
        }
        Error::NotFlushed { .. } => {
            "check the disk; the file is complete, but a power failure may undo it"
        }
        Error::Io { error, .. } if error.kind() == io::ErrorKind::ResourceBusy => {
            "run the command again when the other one has ended"
        }
        Error::NotReadBack { .. } => {
            "check the disk; no file was removed, so pack them again into another archive"
        }
        Error::Exists { .. } => "choose another name, or overwrite it with --force",
        Error::Recipient(error) | Error::Plan(PlanError::Recipient(error)) => {
            return of_recipients(error);
        }
        Error::Plan(PlanError::OnlyRead(_)) => "choose another --format",
        Error::Plan(PlanError::Compression(_)) => "give `--compress none`, or another --format",
        Error::Plan(PlanError::HiddenRecipients(_)) => {
            "leave out --hidden-recipients, or give another --format"
        }
        Error::Plan(PlanError::TooManyHidden { .. }) => "leave out --hidden-recipients",
        Error::Plan(error) => return signers::of_plan(error),
        Error::Key(error) => return keys::of_key_file(&error.path, &error.fault),
        Error::Source(error) => return sources::of_source(error),
        Error::Seal {
            error: SealError::TooLong { .. },
            ..
        } => "give `--format auto`: OpenPGP messages hold files of any length",
        Error::Open { error, .. } => return messages::of_open(error),
        Error::ArchiveInPipe { .. } => "save it to a file first",
        Error::Archive {
            path,
            error:
                ArchiveError::Malformed {
                    fault: ArchiveFault::NotZip,
                    ..
                },
        } => {
            let kind = FileKind::of_file(path);
            let path = path.display().to_string();
            let inspect = format!("`callseal inspect {}` shows", shell_word(&path));
            return some(match kind {
                Some(kind) => format!("it is {}; {inspect} more", kind.name()),
                None => format!("{inspect} what it is"),
            });
        }
        Error::Archive {
            error:
                ArchiveError::Malformed {
                    fault: ArchiveFault::SeveralDisks,
                    ..
                },
            ..
        } => {
            "put all its parts into one directory and join them with `zip -s 0 NAME.zip --out WHOLE.zip`; if zip fails at a member that fills several parts, `7zz x NAME.zip` extracts the messages; if it was never split, it is damaged: get it again from its source"
        }
        Error::Archive {
            error: ArchiveError::Malformed { .. },
            ..
        } => "get the archive again from its source",
        Error::IsMessage { .. } => {
            "`callseal inspect FILE` shows who can open it, and `callseal open FILE` opens it"
        }
        // If all of them failed, the cause is elsewhere, and has its own hint.
        Error::NotConverted { failed, total, .. } if failed == total => return None,
        Error::NotConverted { .. } => "fix each of these members, or leave them out with --exclude",
        Error::Member {
            cause: MemberCause::Open(OpenError::Fault(MessageFault::NotAMessage)),
            ..
        } => "it is damaged, or was never sealed; `callseal extract --plain` extracts it as it is",
        Error::NamesClosed { .. } => {
            "give a key that opens the index; without it, members have numbers, and `callseal extract` gives them their names"
        }
        Error::Grant { .. } => "get the grant again from its sender",
        Error::OtherArchive { .. } => {
            "give the archive that the grant was made for; if this is it, the members were removed from it"
        }
        Error::Index {
            kind: ErrorKind::Io,
            ..
        } => "give --ignore-index to do without it",
        Error::Index {
            kind: ErrorKind::Integrity,
            ..
        } => {
            "get the archive again from its source; `callseal extract` of all members finds their names in their messages"
        }
        Error::Index { .. } => {
            "the members were opened by their own recipients; get the archive again from its source, or give --ignore-index"
        }
        Error::Evidence { fault, .. } => return signatures::of_evidence(fault),
        Error::SignerIsRecipient { .. } => signatures::OWN_KEY,
        Error::NotAsSigned { .. } => signatures::ASK_SIGNER,
        Error::Member { cause, .. } => return of_member(cause),
        Error::NotBundled { cause, .. } => return of_member(cause),
        Error::SameMember { .. } => sources::RENAME_ONE,
        Error::NoSuchMember { pattern, .. } if pattern.starts_with('-') => {
            "what follows -- is no option: put options in front of it"
        }
        Error::NoSuchMember { .. } => "`callseal list ARCHIVE` shows the names",
        _ => return None,
    })
}

/// The hint for a FIFO, a socket or a device where a file is expected.
const REGULAR_FILE: &str = "give a regular file; in bash, `<(cat FIFO)` reads from a FIFO";

/// Returns the file next to another one, of the same name with one of these
/// endings.
fn beside(file: &Path, endings: &[&str]) -> Option<String> {
    let files = endings.iter().map(|ending| file.with_extension(ending));
    let mut files = files.filter(|other| other != file && other.is_file());
    files.next().map(|other| other.display().to_string())
}

fn some(hint: impl Into<Cow<'static, str>>) -> Hint {
    Some(hint.into())
}

fn of_member(cause: &MemberCause) -> Hint {
    some(match cause {
        MemberCause::Open(error) => return messages::of_open(error),
        MemberCause::Bytes(ArchiveError::Malformed { .. }) => {
            "get the archive again from its source"
        }
        MemberCause::Archive(MemberFault::Method { .. } | MemberFault::Encrypted) => {
            "`7z x ARCHIVE` extracts it as it is"
        }
        MemberCause::Write { error, .. } => match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                "free some space and go on with --skip-existing, or extract into another directory with -C"
            }
            _ => return None,
        },
        MemberCause::Link(_) => "extract into an empty directory, or remove the link",
        MemberCause::NotADirectory(_) => "extract into an empty directory",
        MemberCause::IsInput(_) => "extract into another directory with -C",
        MemberCause::Exists(_) => {
            "extract into an empty directory with -C, or overwrite with --force"
        }
        MemberCause::Replaced(_) | MemberCause::Removed(_) => {
            "anyone can seal a false index: if you don't trust it, open the members by their own recipients with --ignore-index"
        }
        MemberCause::Archive(MemberFault::Name(NameFault::Reserved)) => {
            "leave it out with --exclude"
        }
        MemberCause::NotGrantable => {
            "`callseal share` lets others open it if its format is cms-gcm; `callseal convert` seals it anew for them"
        }
        MemberCause::SameName => "seal it anew for those who are to stay with `callseal convert`",
        MemberCause::TooManyRecipients => {
            "let in fewer with -r, or seal it anew with `callseal convert`"
        }
        MemberCause::TextAround => "write another archive with -o OUT",
        MemberCause::NamesCertificates { .. } => {
            "give the X.509 certificate to --remove, or leave such members out with --exclude"
        }
        MemberCause::NotBundled(fault) => return sources::of_sealed(fault),
        MemberCause::NotAsSigned(_) => signatures::ASK_SIGNER,
        MemberCause::UnconfirmedName => {
            "don't trust the name; --ignore-index opens the member under the name that was signed"
        }
        MemberCause::NotKept(_) => {
            "share it without its signatures with --drop-signatures, or seal its members anew with `callseal convert`"
        }
        MemberCause::NotSignable(_) => {
            "make an archive without it: `zip -q -d ARCHIVE '*/'` takes all directories out, and `zip -d ARCHIVE NAME` an entry; `callseal convert` seals the members anew"
        }
        MemberCause::OtherThanListed(_) => {
            "anyone can seal a false index; get the archive again from its source"
        }
        MemberCause::SealedIndex => {
            "don't trust it: it may be here to have its session keys shared"
        }
        MemberCause::Moved { .. } => {
            "don't trust it; if its sender confirms that the file was renamed, use --accept-renamed"
        }
        _ => return None,
    })
}
