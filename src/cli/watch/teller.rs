//! Takes what a service reports: into the log, and into what it says of itself.

use std::sync::atomic::Ordering;
use std::sync::mpsc::SyncSender;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use callseal::config::Watch;
use callseal::service::{Done, Event, Observer, ServiceError, Work};

use super::log::Log;
use super::old_outboxes;
use super::said::{Problem, Said, seconds, short};
use crate::cli::failure::Ended;
use crate::cli::hints;

/// Something about which the supervisor and the status should know at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum News {
    /// A service does otherwise than before.
    Changed,
    /// All services have ended.
    Over,
}

/// Takes what a service reports.
#[derive(Debug)]
pub(super) struct Teller {
    pub log: Log,
    told: Mutex<Told>,
    news: SyncSender<News>,
}

#[derive(Debug)]
struct Told {
    said: Said,
    /// How often it has begun to watch, or read the config anew.
    readied: u64,
    is_reloading: bool,
}

impl Teller {
    pub fn new(settings: &Watch, once: bool, news: SyncSender<News>) -> Self {
        let said = Said {
            version: env!("CARGO_PKG_VERSION").into(),
            process: std::process::id(),
            once,
            started: seconds(SystemTime::now()),
            settle: settings.settle.as_secs(),
            outbox: settings.outbox.to_string_lossy().into_owned(),
            old_outboxes: old_outboxes::find(settings),
            ..Said::default()
        };
        Self {
            log: Log::new(&settings.name),
            told: Mutex::new(Told {
                said,
                readied: 0,
                is_reloading: false,
            }),
            news,
        }
    }

    /// Returns what the service says of itself now.
    pub fn said(&self) -> Said {
        let mut said = self.told().said.clone();
        said.done.errors = self.log.errors.load(Ordering::Relaxed);
        said
    }

    /// Returns how often it has begun to watch or read the config anew; `None` while that
    /// is still to be done.
    pub fn readied(&self) -> Option<u64> {
        let told = self.told();
        (told.readied > 0 && !told.is_reloading).then_some(told.readied)
    }

    /// Notes that it's told to reload. A run for cron doesn't do that.
    pub fn begin_reload(&self) {
        let mut told = self.told();
        told.is_reloading = !told.said.once;
        drop(told);
        self.tell();
    }

    /// Notes that it's told to end.
    pub fn begin_end(&self) {
        self.told().said.stopping = Some(seconds(SystemTime::now()));
        self.tell();
    }

    /// Notes until when the recipients can be used.
    pub fn note_end(&self, first: Option<SystemTime>) {
        self.told().said.certificate_ends = first.map(seconds);
    }

    /// Notes whether the config can be used.
    pub fn note_config(&self, fault: Option<&str>) {
        let mut told = self.told();
        told.said.config_fault = fault.map(short);
        if let Some(fault) = fault {
            told.said.last_error = Some(problem(fault.into(), None));
        }
    }

    /// Logs how the service has ended, and notes it.
    pub fn conclude(&self, outcome: &Result<Done, ServiceError>) -> Ended {
        let mut told = self.told();
        told.said.ended = Some(seconds(SystemTime::now()));
        match outcome {
            Ok(_) => told.said.sealing_trouble = None,
            Err(error) => told.note_trouble(Work::Sealing, error),
        }
        drop(told);
        self.log.conclude(outcome)
    }

    fn tell(&self) {
        // If there is no room, others have told so already. Without a reader, the program
        // is about to end.
        let _ = self.news.try_send(News::Changed);
    }

    fn told(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Observer for Teller {
    fn note(&self, event: &Event<'_>) {
        self.log.note(event);
        if self.told().take(event) {
            self.tell();
        }
    }
}

impl Told {
    /// Takes an event. Returns whether others should know at once.
    fn take(&mut self, event: &Event<'_>) -> bool {
        let said = &mut self.said;
        match event {
            Event::Watching => self.readied += 1,
            Event::Reloaded => {
                self.readied += 1;
                self.is_reloading = false;
            }
            Event::State(state) => said.now = (*state).into(),
            Event::Trouble { work, error, .. } => self.note_trouble(*work, error),
            Event::Recovered(Work::Sealing) => said.sealing_trouble = None,
            Event::Recovered(Work::Archives) => said.archive_trouble = None,
            Event::Sealed { files, bytes, .. } => {
                said.done.sealed_files += *files as u64;
                said.done.sealed_bytes += bytes;
                said.last_sealed = Some(seconds(SystemTime::now()));
                return false;
            }
            Event::Released { files, .. } => {
                said.done.released_files += files;
                return false;
            }
            Event::Bundled { members, .. } => {
                said.done.bundled_files += members;
                said.done.archives += 1;
            }
            Event::Published { .. } => {
                said.done.bundled_files += 1;
                return false;
            }
            Event::Deferred { .. } => said.done.failed += 1,
            Event::SetAside { path, reason } => {
                said.done.failed += 1;
                self.note_error(format!("{}: {reason}", path.display()), None);
            }
            Event::WrittenAtTheEnd { path } => {
                let what = "it was written to at the moment when it was let go";
                self.note_error(format!("{}: {what}", path.display()), None);
            }
            Event::Unflushed { archive } => {
                let what = "it's bundled after a restart";
                self.note_error(format!("{}: {what}", archive.display()), None);
            }
            Event::Damaged { archive, error } => {
                let hint = Some(hints::of_damaged(archive));
                self.note_error(format!("{}: {error}", archive.display()), hint);
            }
            Event::NeedsRestart { setting } => {
                let setting = (*setting).to_owned();
                if !said.needs_restart.contains(&setting) {
                    said.needs_restart.push(setting);
                }
            }
            _ => return false,
        }
        true
    }

    fn note_trouble(&mut self, work: Work, error: &ServiceError) {
        let hint = hints::of_service(error).map(|hint| hint.into_owned());
        let mut problem = problem(error.to_string(), hint);
        self.said.last_error = Some(problem.clone());
        let trouble = match work {
            Work::Sealing => &mut self.said.sealing_trouble,
            Work::Archives => &mut self.said.archive_trouble,
        };
        if let Some(before) = trouble {
            problem.since = before.since;
        }
        *trouble = Some(problem);
    }

    fn note_error(&mut self, message: String, hint: Option<String>) {
        self.said.last_error = Some(problem(message, hint));
    }
}

fn problem(message: String, hint: Option<String>) -> Problem {
    Problem {
        since: seconds(SystemTime::now()),
        message: short(&message),
        hint: hint.as_deref().map(short),
    }
}
