//! What a service tells people and programs while it runs.

mod json;
mod record;
mod records;

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use callseal::ErrorKind;
use callseal::service::{Done, Event, SealedCall, ServiceError, Work};
use tracing::{debug, error, info, warn};

use crate::cli::failure::{Ended, Failure};
use crate::cli::hints;
use crate::cli::ui::{bytes, count};
pub(super) use records::{LogFormat, begin};

/// The target of the records of sealed calls. People see them only if they ask for details:
/// there may be thousands a second.
const CALL: &str = "callseal::call";

/// The log of one service.
#[derive(Debug)]
pub(super) struct Log {
    /// The name of its `[[watch]]`.
    pub name: String,
    /// The number of errors so far.
    pub errors: AtomicU64,
}

impl Log {
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            errors: AtomicU64::new(0),
        }
    }

    /// Logs how a service has ended.
    pub fn conclude(&self, outcome: &Result<Done, ServiceError>) -> Ended {
        match outcome {
            Ok(done) if done.failing > 0 => {
                let files = count(done.failing as u64, "file");
                self.error("unsealed", &format!("{files} can't be sealed"), None);
                Some(ErrorKind::Partial)
            }
            // Each of them was named.
            Ok(done) if done.damaged > 0 => Some(ErrorKind::Partial),
            Ok(_) => None,
            Err(error) => {
                let hint = hints::of_service(error);
                self.error("trouble", &error.to_string(), hint.as_deref());
                Some(error.kind())
            }
        }
    }

    pub fn error(&self, event: &str, message: &str, hint: Option<&str>) {
        self.errors.fetch_add(1, Ordering::Relaxed);
        error!(watch = self.name, event, hint, "{message}");
    }

    fn error_at(&self, path: &Path, event: &str, what: &str, hint: Option<&str>) {
        self.errors.fetch_add(1, Ordering::Relaxed);
        let path = path.display();
        error!(watch = self.name, event, path = %path, hint, "{path}: {what}");
    }

    pub fn warning(&self, event: &str, message: &str) {
        warn!(watch = self.name, event, "{message}");
    }

    /// Warns that nobody can be told how the service does.
    pub fn unreported(&self, why: &str) {
        self.warning("not_reported", &format!("{why}; {UNREPORTED}"));
    }

    pub fn info(&self, event: &str, message: &str) {
        info!(watch = self.name, event, "{message}");
    }

    fn sealed_call(&self, call: &SealedCall<'_>) {
        let recipients = call.recipients().iter();
        let recipients: Vec<String> = recipients
            .map(|one| one.fingerprint().to_string())
            .collect();
        let path = call.path();
        let id = call.message();
        // A call has to be found again with what a person sees, too.
        let message = format!(
            "{}: sealed ({}), batch {}{}, for {}",
            path.display(),
            bytes(call.bytes()),
            call.batch(),
            id.as_ref()
                .map(|id| format!(", id {id}"))
                .unwrap_or_default(),
            recipients.join(" and ")
        );
        info!(
            target: CALL,
            watch = self.name,
            event = "sealed",
            path = %path.display(),
            bytes = call.bytes(),
            id,
            batch = call.batch(),
            recipients = recipients.join(record::BETWEEN),
            "{message}"
        );
    }

    /// Logs what has happened.
    pub fn note(&self, event: &Event<'_>) {
        let watch = self.name.as_str();
        match event {
            Event::Watching => self.info("watching", "watching"),
            Event::SealedCall(call) if tracing::enabled!(target: CALL, tracing::Level::INFO) => {
                self.sealed_call(call);
            }
            Event::Sealed {
                files,
                bytes: size,
                archive,
            } => debug!(
                watch,
                event = "sealed_batch",
                files,
                bytes = size,
                path = %archive.display(),
                "sealed {} ({}) into {}",
                count(*files as u64, "file"),
                bytes(*size),
                archive.display()
            ),
            Event::Released { files, bytes: size } => debug!(
                watch,
                event = "let_go",
                files,
                bytes = size,
                "let go of {} ({})",
                count(*files, "sealed file"),
                bytes(*size)
            ),
            Event::ChangedSince { path } => warn!(
                watch,
                event = "changed",
                path = %path.display(),
                "{}: it was changed after it was sealed, and is sealed anew",
                path.display()
            ),
            Event::WrittenAtTheEnd { path } => self.error_at(
                path,
                "written_at_the_end",
                "it was written to at the moment when it was let go, and what was written then isn't sealed",
                None,
            ),
            Event::ArchiveGone { archive } => warn!(
                watch,
                event = "batch_removed",
                path = %archive.display(),
                "{}: somebody has removed it; its files are sealed anew",
                archive.display()
            ),
            Event::ArchiveChanged { archive } => warn!(
                watch,
                event = "batch_changed",
                path = %archive.display(),
                "{}: somebody has changed it; its files are sealed anew",
                archive.display()
            ),
            Event::Unflushed { archive } => self.error_at(
                archive,
                "unflushed",
                "its files are gone from the spool, but that couldn't be flushed to the disk; it's bundled after a restart",
                None,
            ),
            Event::Damaged { archive, error } => self.error_at(
                archive,
                "damaged",
                &format!("it's damaged, and was put aside: {error}"),
                Some(&hints::of_damaged(archive)),
            ),
            Event::WholeAgain { archive } => info!(
                watch,
                event = "whole_again",
                path = %archive.display(),
                "{}: it was damaged, and is whole again",
                archive.display()
            ),
            Event::WholeTwice { archive, other } => self.error_at(
                archive,
                "whole_twice",
                &format!(
                    "it was damaged, and is whole again, but {} has its place",
                    other.display()
                ),
                Some(&hints::of_damaged(archive)),
            ),
            Event::Published {
                batch,
                path,
                bytes: size,
            } => info!(
                target: CALL,
                watch,
                event = "published",
                batch,
                path = %path.display(),
                bytes = size,
                "{} ({}), of batch {batch}",
                path.display(),
                bytes(*size)
            ),
            Event::OtherName { path, name, error } => warn!(
                watch,
                event = "other_name",
                path = %path.display(),
                name,
                "{}: the call {name} is here, because its own name can't be used: {error}",
                path.display()
            ),
            Event::InArchive { batch, archive } => info!(
                target: CALL,
                watch,
                event = "in_archive",
                batch,
                archive = %archive.display(),
                "{}: it has the calls of batch {batch}",
                archive.display()
            ),
            Event::Bundled {
                archive,
                members,
                bytes: size,
            } => info!(
                watch,
                event = "bundled",
                archive = %archive.display(),
                files = members,
                bytes = size,
                "{} ({}, {})",
                archive.display(),
                count(*members, "call"),
                bytes(*size)
            ),
            Event::Deferred { path, reason } => warn!(
                watch,
                event = "deferred",
                path = %path.display(),
                "{}: {reason}; it's tried again",
                path.display()
            ),
            Event::SetAside { path, reason } => self.error_at(
                path,
                "set_aside",
                &format!("{reason}; it's left alone until it changes"),
                None,
            ),
            Event::PassedOver { path, reason } => warn!(
                watch,
                event = "left_alone",
                path = %path.display(),
                "{}: {reason}, left alone",
                path.display()
            ),
            Event::MorePassedOver { count } => self.warning(
                "left_alone",
                &format!(
                    "{count} more entries of the spool are left alone: they aren't regular files, or can't be read"
                ),
            ),
            Event::Trouble {
                error, again_in, ..
            } => {
                let again = again(error, *again_in);
                let hint = hints::of_service(error);
                self.error("trouble", &format!("{error}{again}"), hint.as_deref());
            }
            Event::Recovered(Work::Sealing) => self.info("recovered", "sealing again"),
            Event::Recovered(Work::Archives) => {
                self.info("recovered", "archives can be made again");
            }
            Event::Polling { reason } => self.warning(
                "polling",
                &format!(
                    "not all directories can be watched ({reason}): they are looked through every few seconds"
                ),
            ),
            Event::NoticesLost => debug!(
                watch,
                event = "notices_lost",
                "too much has changed at once: the whole spool is looked through"
            ),
            Event::NeedsRestart { setting } => self.warning(
                "needs_restart",
                &format!("the config has another `{setting}` now; restart the service to use it"),
            ),
            _ => {}
        }
    }
}

/// What follows if a status can't be written.
const UNREPORTED: &str = "nobody is told how the service does";

/// Warns that nobody can be told how any service does.
pub(super) fn unreported(why: &str) {
    warn!(event = "not_reported", "{why}; {UNREPORTED}");
}

/// Says when something is tried again.
fn again(error: &ServiceError, again_in: Option<Duration>) -> String {
    // Other causes keep only some files from being sealed, or bundled.
    let nothing = match error {
        ServiceError::NotLoaded { .. } => "nothing is sealed, ",
        _ => "",
    };
    match again_in {
        None => "; the next start tries it again".to_owned(),
        Some(time) => {
            let seconds = time.as_millis().div_ceil(1000);
            format!("; {nothing}next try in {seconds} s")
        }
    }
}

/// Logs that the program can't begin. Returns the kind of that, for the exit status.
pub(super) fn failed(failure: &Failure) -> Ended {
    let (message, hint, kind) = failure.words()?;
    error!(event = "failed", hint = hint.as_deref(), "{message}");
    Some(kind)
}
