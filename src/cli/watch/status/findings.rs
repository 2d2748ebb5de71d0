//! What is wrong with a service, and what to do about it.

use std::io;
use std::time::{Duration, UNIX_EPOCH};

use callseal::files::cause;
use callseal::service::ServiceError;
use callseal::{Error, Timestamp};
use serde::Serialize;

use super::{Run, Watched};
use crate::cli::hints;
use crate::cli::ui::{Ui, batches, count, span};

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
    found.extend(of_troubles(watched));
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
    const START: &str = "start it (`systemctl start callseal`); the log says why it has ended \
                         (`journalctl -u callseal`)";
    let said = watched.said.as_ref();
    match watched.run {
        Run::Running | Run::Idle | Run::Unknown => None,
        Run::Starting => Some(Finding::warning(
            "it has just started, and has said nothing of itself yet",
            "look again in some seconds",
        )),
        Run::Hanging => {
            let message = format!(
                "it hangs: nothing has gone on for {}",
                span(watched.still())
            );
            let hint =
                "look whether a disk of the spool or the outbox hangs (`dmesg`), then restart it";
            Some(Finding::critical(message, hint))
        }
        Run::Stopped => Some(match said.and_then(|said| said.ended) {
            Some(ended) => {
                let message = format!("it doesn't run: it has ended on {}", time(ended));
                Finding::critical(message, START)
            }
            None => Finding::critical("it doesn't run, and never has", START),
        }),
        Run::Crashed => Some(Finding::critical(
            "it doesn't run: it was killed, or has crashed",
            START,
        )),
    }
}

fn of_places(watched: &Watched<'_>) -> Vec<Finding> {
    let seen = match &watched.outside {
        Ok(seen) => seen,
        Err(error) => {
            let is_refused = matches!(error, ServiceError::Job(Error::Io { error, .. })
                if error.kind() == io::ErrorKind::PermissionDenied);
            return vec![match is_refused {
                true => Finding::new(
                    Level::Unknown,
                    error.to_string(),
                    Some("ask as root, or as the user that the service runs as".into()),
                ),
                false => {
                    let hint = hints::of_service(error).map(|hint| hint.into_owned());
                    Finding::new(Level::Critical, error.to_string(), hint)
                }
            }];
        }
    };
    let mut found = Vec::new();
    if let Some((path, error)) = seen.unreadable.first() {
        let message = format!(
            "{}: {}{}",
            path.display(),
            cause(error),
            and_more(seen.unreadable.len() as u64)
        );
        let hint = "give the service's user the right to read it, or exclude it";
        found.push(Finding::warning(message, hint));
    }
    if let Some(first) = seen.damaged.first() {
        let message = format!(
            "{}: it's damaged{}",
            first.display(),
            and_more(seen.damaged.len() as u64)
        );
        found.push(Finding::warning(message, &hints::of_damaged(first)));
    }
    found
}

fn of_certificates(watched: &Watched<'_>) -> Vec<Finding> {
    match &watched.certificates {
        Ok(certificates) => {
            let ending = certificates.ending.iter();
            let hint = "get the next certificate in time, and add it to the profile";
            ending
                .map(|ending| Finding::warning(ending.sentence(), hint))
                .collect()
        }
        Err(failure) => {
            let found = failure.words().map(|(message, hint, _)| {
                Finding::new(
                    Level::Critical,
                    format!("nothing can be sealed: {message}"),
                    hint,
                )
            });
            found.into_iter().collect()
        }
    }
}

fn of_troubles(watched: &Watched<'_>) -> Vec<Finding> {
    let Some(said) = &watched.said else {
        return Vec::new();
    };
    // What the last service has said, its end may have changed.
    if matches!(watched.run, Run::Starting | Run::Stopped | Run::Crashed) {
        return Vec::new();
    }
    let mut found = Vec::new();
    if let Some(trouble) = &said.sealing_trouble {
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
        match watched.waiting() {
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
    if !matches!(watched.run, Run::Running | Run::Hanging) || said.now.set_aside == 0 {
        return None;
    }
    let message = match said.now.named.first() {
        Some(first) => format!(
            "{}: {}; it's left alone{}",
            first.path.display(),
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
        let said = self
            .outside
            .as_ref()
            .ok()
            .and_then(|seen| seen.said.as_ref());
        let silence = said.map(|(_, at)| self.now.duration_since(*at).unwrap_or_default());
        let still_for = self.said.as_ref().map(|said| said.still_for);
        silence.unwrap_or_default() + Duration::from_secs(still_for.unwrap_or_default())
    }
}
