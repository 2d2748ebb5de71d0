//! What is wrong with a service, and what to do about it.

use std::io;
use std::time::{Duration, UNIX_EPOCH};

use callseal::files::cause;
use callseal::service::{Holder, ServiceError};
use callseal::{Error, Timestamp};
use serde::Serialize;

use super::{Run, Watched};
use crate::cli::hints;
use crate::cli::ui::{Ui, batches, count, entries, span};
use crate::cli::watch::old_outboxes;
use crate::cli::watch::said::Problem;

/// How long a file may wait after it has settled.
pub(super) const SLOW: Duration = Duration::from_secs(15 * 60);
pub(super) const TOO_SLOW: Duration = Duration::from_secs(60 * 60);

/// How bad something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Level {
    Ok,
    Warning,
    /// It can't be found out.
    Unknown,
    Critical,
}

/// Something that is wrong.
#[derive(Debug, Serialize)]
pub(super) struct Finding {
    pub level: Level,
    pub message: String,
    pub hint: Option<String>,
}

impl Finding {
    fn new(level: Level, message: String, hint: Option<String>) -> Self {
        Self {
            level,
            message,
            hint,
        }
    }

    fn critical(message: impl Into<String>, hint: &str) -> Self {
        Self::new(Level::Critical, message.into(), Some(hint.into()))
    }

    fn warning(message: impl Into<String>, hint: &str) -> Self {
        Self::new(Level::Warning, message.into(), Some(hint.into()))
    }

    /// Shows it.
    pub fn show(&self, watch: &str, ui: &Ui) {
        let message = format!("{watch}: {}", self.message);
        match self.level {
            Level::Ok | Level::Warning => ui.warning(&message),
            Level::Unknown | Level::Critical => ui.error(&message),
        }
        if let Some(hint) = &self.hint {
            ui.hint(hint);
        }
    }
}

/// Returns what is wrong, the worst first.
pub(super) fn of(watched: &Watched<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    found.extend(of_run(watched));
    found.extend(of_places(watched));
    found.extend(of_certificates(watched));
    let troubles = of_troubles(watched, &found);
    found.extend(troubles);
    found.extend(of_backlog(watched));
    found.extend(of_files(watched));
    // Those of one level stay in this order.
    found.sort_by_key(|finding| std::cmp::Reverse(finding.level));
    found
}

/// Returns a time that is given in seconds since 1970.
pub(super) fn time(seconds: u64) -> Timestamp {
    let since = Duration::from_secs(seconds);
    Timestamp(UNIX_EPOCH.checked_add(since).unwrap_or(UNIX_EPOCH))
}

fn of_run(watched: &Watched<'_>) -> Option<Finding> {
    const START: &str = "start it: `systemctl start callseal`";
    const AGAIN: &str = "`journalctl -u callseal -n 50` says why it has ended; then start it again: \
                         `systemctl start callseal`";
    let said = watched.said.as_ref();
    match watched.run {
        Run::Running | Run::Idle | Run::Unknown => None,
        Run::Starting => Some(Finding::warning(
            "it has just started, and has said nothing of itself yet",
            "look again in a minute",
        )),
        Run::Silent => Some(Finding::critical(
            "it runs, but can't say how it does",
            "look whether the disk of the spool is full; the log says more \
             (`journalctl -u callseal -n 50`)",
        )),
        Run::Hanging => {
            let still = span(watched.still());
            Some(Finding::critical(
                format!("it hangs: nothing has gone on for {still}"),
                "look whether a disk of the spool or the outbox hangs (`dmesg`), then restart it",
            ))
        }
        Run::Stopped => Some(match said.and_then(|said| said.ended.or(said.stopping)) {
            Some(ended) => {
                let message = format!("it doesn't run: it ended on {}", time(ended));
                Finding::critical(message, AGAIN)
            }
            None => Finding::critical("it doesn't run, and never has", START),
        }),
        Run::Crashed => Some(Finding::critical(
            "it doesn't run: it was killed, or has crashed",
            AGAIN,
        )),
    }
}

/// Returns that a directory can't be looked at, or why it can't be used.
fn unseen(error: &ServiceError) -> Finding {
    match error {
        ServiceError::Job(Error::Io { error: cause, .. })
            if cause.kind() == io::ErrorKind::PermissionDenied =>
        {
            Finding::new(Level::Unknown, error.to_string(), Some(AS_ROOT.into()))
        }
        error => {
            let hint = hints::of_service(error).map(|hint| hint.into_owned());
            Finding::new(Level::Critical, error.to_string(), hint)
        }
    }
}

/// What somebody else than the service's user can do.
const AS_ROOT: &str = "ask as root, or as the user that the service runs as";

/// Returns that what is in the spool isn't the service's, though it looks like that: whoever
/// may write to the spool can't write to the outbox.
fn of_holders(watched: &Watched<'_>) -> Option<Finding> {
    let (spool, outbox) = (watched.spool.as_ref().ok()?, watched.outbox.as_ref().ok()?);
    let is_same = match (&spool.holder, &outbox.holder) {
        (
            Holder::Service { name, user, .. },
            Holder::Service {
                name: own,
                user: owner,
                ..
            },
        ) => (name, user) == (own, owner),
        (spool, outbox) => spool == outbox,
    };
    // Until a restart, a service has its outbox from before.
    let has_moved = watched.said.as_ref();
    let has_moved = has_moved.is_some_and(|said| !said.needs_restart.is_empty());
    let is_meant = matches!(watched.run, Run::Running | Run::Hanging | Run::Silent) && !has_moved;
    (is_meant && !is_same).then(|| {
        let path = watched.settings.spool.join(".callseal");
        let message = format!(
            "{}: somebody else than the service of the outbox has it",
            path.display()
        );
        let hint = "find out who writes to the spool; the log of the service says more";
        Finding::critical(message, hint)
    })
}

fn of_places(watched: &Watched<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    found.extend(of_holders(watched));
    found.extend(watched.spool.as_ref().err().map(unseen));
    match &watched.outbox {
        Err(error) => found.push(unseen(error)),
        Ok(seen) => found.extend(seen.damaged.first().map(|first| {
            let more = and_more(seen.damaged.len() as u64);
            let message = format!("{}: it's damaged{more}", first.display());
            Finding::warning(message, &hints::of_damaged(first))
        })),
    }
    match &watched.counted {
        Some(Err(error)) => found.push(unseen(error)),
        Some(Ok(counted)) => found.extend(counted.unreadable.as_ref().map(|(path, error)| {
            let more = and_more(counted.unreadable_count);
            let message = format!("{}: {}{more}", path.display(), cause(error));
            let hint = "give the service's user the right to read it, or exclude it";
            Finding::warning(message, hint)
        })),
        None => {}
    }
    found
}

fn of_certificates(watched: &Watched<'_>) -> Vec<Finding> {
    match &watched.certificates {
        Ok(certificates) => {
            let ending = certificates.ending.iter();
            let hint = "get the next certificate in time. Put it in the place of the old one, or list both as \
                        one party: { name = \"…\", certificates = [\"old.crt\", \"new.crt\"] }";
            ending
                .map(|ending| Finding::warning(ending.sentence(), hint))
                .collect()
        }
        Err(failure) => {
            let found = failure.words().map(|(message, hint, _)| {
                // Whoever asks may not be allowed to read what the service can.
                match message.ends_with(&cause(&io::ErrorKind::PermissionDenied.into())) {
                    true => Finding::new(Level::Unknown, message, Some(AS_ROOT.into())),
                    false => {
                        let message = format!("nothing can be sealed: {message}");
                        Finding::new(Level::Critical, message, hint)
                    }
                }
            });
            found.into_iter().collect()
        }
    }
}

fn of_troubles(watched: &Watched<'_>, known: &[Finding]) -> Vec<Finding> {
    let Some(said) = &watched.said else {
        return Vec::new();
    };
    // What the last service has said may have changed since.
    if !matches!(watched.run, Run::Running | Run::Hanging | Run::Idle) {
        return Vec::new();
    }
    let mut found = Vec::new();
    found.extend(said.old_outboxes.iter().map(|outbox| {
        let (message, hint) = old_outboxes::words(outbox);
        Finding::warning(message, hint)
    }));
    if said.now.passed_over > 0 {
        let number = entries(usize::try_from(said.now.passed_over).unwrap_or(usize::MAX));
        found.push(Finding::warning(
            format!("{number} of the spool can't be sealed: not a regular file, or not readable"),
            "the log names each of them. Give the rights that are missing, or exclude what may stay",
        ));
    }
    // What is wrong with a certificate or a directory was said already.
    let is_known = |trouble: &&Problem| {
        let mut known = known.iter();
        known.any(|finding| finding.message.ends_with(&trouble.message))
    };
    let sealing_trouble = said.sealing_trouble.as_ref();
    let sealing_trouble = sealing_trouble.filter(|trouble| !is_known(trouble));
    if let Some(trouble) = sealing_trouble {
        let message = format!("{} (since {})", trouble.message, time(trouble.since));
        found.push(Finding::new(Level::Critical, message, trouble.hint.clone()));
    }
    if let Some(trouble) = &said.archive_trouble {
        let message = format!(
            "no archive can be made: {} (since {})",
            trouble.message,
            time(trouble.since)
        );
        found.push(Finding::new(Level::Warning, message, trouble.hint.clone()));
    }
    if let Some(fault) = &said.config_fault {
        let message = format!("{fault}; the config from before is used");
        found.push(Finding::warning(
            message,
            "correct it; `callseal config check` shows what is wrong",
        ));
    }
    if !said.needs_restart.is_empty() {
        let message = format!(
            "the config has another {} now",
            said.needs_restart.join(", another ")
        );
        found.push(Finding::warning(message, "restart the service to use it"));
    }
    if said.now.unflushed > 0 {
        let message = format!(
            "{} can't be bundled before a restart",
            batches(said.now.unflushed)
        );
        let hint = "look at the disk of the spool, then restart the service";
        found.push(Finding::warning(message, hint));
    }
    if said.now.is_polling {
        found.push(Finding::warning(
            "not all directories can be watched: files are found within seconds",
            "raise fs.inotify.max_user_watches, then restart the service",
        ));
    }
    found
}

fn of_backlog(watched: &Watched<'_>) -> Option<Finding> {
    let age = watched.age()?;
    let late = age.saturating_sub(watched.settings.settle);
    if late < SLOW {
        return None;
    }
    let level = match late < TOO_SLOW {
        true => Level::Warning,
        false => Level::Critical,
    };
    let message = format!(
        "{} to be sealed, the oldest for {}",
        match watched.waiting()?.files {
            1 => "1 file waits".into(),
            files => format!("{files} files wait"),
        },
        span(age)
    );
    let hint = "the log says what keeps the service from sealing";
    Some(Finding::new(level, message, Some(hint.into())))
}

fn of_files(watched: &Watched<'_>) -> Option<Finding> {
    let said = watched.said.as_ref()?;
    let is_known = matches!(watched.run, Run::Running | Run::Hanging | Run::Idle);
    if !is_known || said.now.set_aside == 0 {
        return None;
    }
    let message = match said.now.named.first() {
        Some(first) => format!(
            "{}: {}; it's left alone{}",
            first.path,
            first.reason,
            and_more(said.now.set_aside)
        ),
        None => format!("{} left alone", count(said.now.set_aside, "file")),
    };
    let hint = "remove the cause, then let the service try again (`systemctl reload callseal`)";
    Some(Finding::warning(message, hint))
}

/// Says that there are more than the first one.
fn and_more(all: u64) -> String {
    match all.saturating_sub(1) {
        0 => String::new(),
        more => format!(" (and {more} more)"),
    }
}

impl Watched<'_> {
    /// Returns for how long nothing has gone on.
    fn still(&self) -> Duration {
        let said = self.spool.as_ref().ok().and_then(|seen| seen.said.as_ref());
        let silence = said.map(|(_, at)| self.now.duration_since(*at).unwrap_or_default());
        let still_for = self.said.as_ref().map(|said| said.still_for);
        let still_for = Duration::from_secs(still_for.unwrap_or_default());
        silence.unwrap_or_default().saturating_add(still_for)
    }
}
