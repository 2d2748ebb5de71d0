//! Passes on what the services say of themselves, on a thread of its own: a service that
//! hangs can't say so.

use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use callseal::files::cause;
use callseal::service::{Pulse, StatusFile};

use super::log;
use super::metrics::Metrics;
use super::said::Said;
use super::supervisor::{self, Supervisor};
use super::teller::{News, Teller};
use crate::cli::ui::count;

/// The time between two reports, if there is no news.
const EVERY: Duration = Duration::from_secs(5);

/// The least time between two reports.
const PAUSE: Duration = Duration::from_millis(200);

/// A service that is reported on.
pub(super) struct Reported {
    pub teller: Arc<Teller>,
    pub pulse: Arc<Pulse>,
    pub status: Arc<Status>,
}

/// The file in which a service says how it does, as long as it's its own.
#[derive(Debug)]
pub(super) struct Status(Mutex<Option<StatusFile>>);

impl Status {
    pub fn new(file: Option<StatusFile>) -> Self {
        Self(Mutex::new(file))
    }

    /// Writes what a service says. If that fails, returns the path and the cause.
    fn write(&self, said: &Said) -> Result<(), String> {
        let file = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(file) = &*file else { return Ok(()) };
        let written = file.write(&said.to_text(StatusFile::LONGEST));
        written.map_err(|error| format!("{}: {}", file.path().display(), cause(&error)))
    }

    /// Writes the last words of a service, before another one may work in its place.
    pub fn conclude(&self, said: &Said) {
        // The reporter has said what keeps it from that.
        let _ = self.write(said);
        let mut file = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *file = None;
    }
}

/// Reports on services.
pub(super) struct Reporter {
    services: Vec<(Reported, Stillness)>,
    /// What couldn't be written last time is said once.
    faults: Vec<String>,
    metrics: Option<Metrics>,
    supervisor: Supervisor,
    /// The time within which each service has to show that it goes on.
    watchdog: Option<Duration>,
}

/// For how long a service has shown no progress.
#[derive(Debug)]
struct Stillness {
    beats: Option<u64>,
    since: Instant,
}

impl Stillness {
    fn look(&mut self, pulse: &Pulse) -> Duration {
        let beats = pulse.beats();
        if beats.is_none() || beats != self.beats {
            self.beats = beats;
            self.since = Instant::now();
        }
        self.since.elapsed()
    }
}

impl Reporter {
    pub fn new(services: Vec<Reported>, metrics: Option<PathBuf>) -> Self {
        let still = |service| {
            let stillness = Stillness {
                beats: None,
                since: Instant::now(),
            };
            (service, stillness)
        };
        Self {
            services: services.into_iter().map(still).collect(),
            faults: Vec::new(),
            metrics: metrics.map(Metrics::begin),
            supervisor: Supervisor::default(),
            watchdog: supervisor::watchdog(),
        }
    }

    /// Reports until all services have ended.
    pub fn run(mut self, news: &Receiver<News>) {
        // Twice as often as is asked for.
        let every = self.watchdog.map_or(EVERY, |time| EVERY.min(time / 2));
        loop {
            self.report();
            match news.recv_timeout(every) {
                Ok(News::Changed) => {
                    if pause(news, PAUSE.min(every)) {
                        return self.conclude();
                    }
                }
                Ok(News::Over) | Err(RecvTimeoutError::Disconnected) => return self.conclude(),
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }

    /// Makes the last report.
    fn conclude(mut self) {
        self.report();
        if let Some(metrics) = self.metrics {
            metrics.end();
        }
    }

    fn report(&mut self) {
        let mut all = Vec::new();
        let mut faults = Vec::new();
        let mut is_alive = true;
        for (service, stillness) in &mut self.services {
            let still_for = stillness.look(&service.pulse);
            // The supervisor waits for as long again before it does anything.
            is_alive &= self.watchdog.is_none_or(|within| still_for < within / 2);
            let mut said = service.teller.said();
            said.still_for = still_for.as_secs();
            faults.extend(service.status.write(&said).err());
            all.push((service.teller.log.name.clone(), said));
        }
        self.note_faults(faults);
        let is_stopping = |(_, said): &(String, Said)| said.stopping.is_some();
        if all.iter().any(is_stopping) {
            self.supervisor.is_stopping();
        } else {
            let readied = self.services.iter().map(|(one, _)| one.teller.readied());
            self.supervisor.are_ready(readied.collect());
        }
        self.supervisor.status(&status(&all));
        if is_alive && self.watchdog.is_some() {
            self.supervisor.is_alive();
        }
        if let Some(metrics) = &self.metrics {
            metrics.write(all);
        }
    }

    /// Warns of what can't be written, once.
    fn note_faults(&mut self, faults: Vec<String>) {
        for fault in &faults {
            if !self.faults.contains(fault) {
                log::unreported(fault);
            }
        }
        self.faults = faults;
    }
}

/// Waits for some time, whatever news there is. Returns whether all services have ended.
fn pause(news: &Receiver<News>, time: Duration) -> bool {
    let end = Instant::now() + time;
    loop {
        let left = end.saturating_duration_since(Instant::now());
        match news.recv_timeout(left) {
            Ok(News::Changed) => {}
            Ok(News::Over) | Err(RecvTimeoutError::Disconnected) => return true,
            Err(RecvTimeoutError::Timeout) => return false,
        }
    }
}

/// Returns in a line how services do.
fn status(all: &[(String, Said)]) -> String {
    let one = |(name, said): &(String, Said)| {
        let trouble = said.sealing_trouble.as_ref();
        match trouble.or(said.archive_trouble.as_ref()) {
            Some(problem) => format!("{name}: {}", problem.message),
            None => {
                let (waiting, sealed) = (said.now.waiting, said.done.sealed_files);
                let aside = match said.now.set_aside {
                    0 => String::new(),
                    aside => format!(", {aside} set aside"),
                };
                let sealed = count(sealed, "file");
                format!("{name}: {waiting} waiting{aside}, {sealed} sealed since the start")
            }
        }
    };
    all.iter().map(one).collect::<Vec<_>>().join("; ")
}
