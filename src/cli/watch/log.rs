//! What a service tells people.

use callseal::ErrorKind;
use callseal::service::{Done, Event, Observer, ServiceError};

use crate::cli::failure::Ended;
use crate::cli::hints;
use crate::cli::ui::{Ui, bytes, count};

/// Tells people what a service does.
pub(super) struct Log {
    pub ui: Ui,
    pub name: String,
}

impl Log {
    pub fn conclude(&self, outcome: Result<Done, ServiceError>) -> Ended {
        match outcome {
            Ok(done) if done.failing > 0 => {
                self.ui.error(&format!(
                    "{}: {} can't be sealed",
                    self.name,
                    count(done.failing as u64, "file")
                ));
                Some(ErrorKind::Partial)
            }
            // Each of them was named.
            Ok(done) if done.damaged > 0 => Some(ErrorKind::Partial),
            Ok(_) => None,
            Err(error) => {
                let kind = error.kind();
                self.error(&error, "");
                Some(kind)
            }
        }
    }

    fn error(&self, error: &ServiceError, more: &str) {
        self.ui.error(&format!("{}: {error}{more}", self.name));
        if let Some(hint) = hints::of_service(error) {
            self.ui.hint(&hint);
        }
    }
}

impl Observer for Log {
    fn note(&self, event: &Event<'_>) {
        let (name, ui) = (&self.name, &self.ui);
        match event {
            Event::Watching => ui.summary(&format!("{name}: watching")),
            Event::Sealed {
                files,
                bytes: size,
                archive,
            } => ui.detail(&format!(
                "{name}: sealed {} ({}) into {}",
                count(*files as u64, "file"),
                bytes(*size),
                archive.display()
            )),
            Event::Released { files, bytes: size } => ui.detail(&format!(
                "{name}: let go of {} ({})",
                count(*files, "sealed file"),
                bytes(*size)
            )),
            Event::ChangedSince { path } => ui.warning(&format!(
                "{name}: {}: it was changed after it was sealed, and is sealed anew",
                path.display()
            )),
            Event::WrittenAtTheEnd { path } => ui.error(&format!(
                "{name}: {}: it was written to at the moment when it was let go, and what was written then isn't sealed",
                path.display()
            )),
            Event::ArchiveGone { archive } => ui.warning(&format!(
                "{name}: {}: somebody has removed it; its files are sealed anew",
                archive.display()
            )),
            Event::ArchiveChanged { archive } => ui.warning(&format!(
                "{name}: {}: somebody has changed it; its files are sealed anew",
                archive.display()
            )),
            Event::Unflushed { archive } => ui.error(&format!(
                "{name}: {}: its files are gone from the spool, but that couldn't be flushed to the disk; it's bundled after a restart",
                archive.display()
            )),
            Event::Damaged { archive, error } => {
                ui.error(&format!(
                    "{name}: {}: it's damaged, and was put aside: {error}",
                    archive.display()
                ));
                ui.hint(&hints::of_damaged(archive));
            }
            Event::WholeAgain { archive } => ui.summary(&format!(
                "{name}: {}: it was damaged, and is whole again",
                archive.display()
            )),
            Event::WholeTwice { archive, other } => {
                ui.error(&format!(
                    "{name}: {}: it was damaged, and is whole again, but {} has its place",
                    archive.display(),
                    other.display()
                ));
                ui.hint(&hints::of_damaged(archive));
            }
            Event::Published { path, bytes: size } => {
                ui.detail(&format!("{name}: {} ({})", path.display(), bytes(*size)));
            }
            Event::OtherName { path, name: own, error } => ui.warning(&format!(
                "{name}: {}: the call {own} is here, because its own name can't be used: {error}",
                path.display()
            )),
            Event::Bundled {
                archive,
                members,
                bytes: size,
            } => ui.summary(&format!(
                "{name}: {} ({}, {})",
                archive.display(),
                count(*members, "call"),
                bytes(*size)
            )),
            Event::Deferred { path, reason } => ui.warning(&format!(
                "{name}: {}: {reason}; it's tried again",
                path.display()
            )),
            Event::SetAside { path, reason } => ui.error(&format!(
                "{name}: {}: {reason}; it's left alone until it changes",
                path.display()
            )),
            Event::PassedOver { path, reason } => {
                ui.warning(&format!("{name}: {}: {reason}, left alone", path.display()));
            }
            Event::MorePassedOver { count } => ui.warning(&format!(
                "{name}: {count} more entries of the spool are left alone: they aren't regular files, or can't be read",
            )),
            Event::Trouble { error, again_in } => {
                // Other causes keep only some files from being sealed, or bundled.
                let nothing = match error {
                    ServiceError::NotLoaded { .. } => "nothing is sealed, ",
                    _ => "",
                };
                let again = match again_in {
                    None => "; the next start tries it again".to_owned(),
                    Some(time) => {
                        let seconds = time.as_millis().div_ceil(1000);
                        format!("; {nothing}next try in {seconds} s")
                    }
                };
                self.error(error, &again);
            }
            Event::Recovered => ui.summary(&format!("{name}: sealing again")),
            Event::Polling { reason } => ui.warning(&format!(
                "{name}: not all directories can be watched ({reason}): they are looked through every few seconds",
            )),
            Event::NoticesLost => ui.detail(&format!(
                "{name}: too much has changed at once: the whole spool is looked through"
            )),
            Event::NeedsRestart { setting } => ui.warning(&format!(
                "{name}: the config has another {setting} now; restart the service to use it"
            )),
            _ => {}
        }
    }
}
