//! The status for programs.

use callseal::Timestamp;
use callseal::config::Config;
use callseal::service::Holder;
use serde::Serialize;

use super::findings::{Finding, Level, time};
use super::{Run, Watched};
use crate::cli::expiry::days_until;
use crate::cli::facts::PathFact;
use crate::cli::watch::said::{Counts, Problem};

#[derive(Serialize)]
pub(super) struct StatusFacts<'a> {
    config: PathFact<'a>,
    /// The worst of all.
    level: Level,
    watches: Vec<WatchedFacts<'a>>,
    /// Always empty: what is wrong with a service is a finding.
    failures: [(); 0],
}

#[derive(Serialize)]
struct WatchedFacts<'a> {
    name: &'a str,
    spool: PathFact<'a>,
    outbox: PathFact<'a>,
    level: Level,
    findings: &'a [Finding],
    state: Run,
    holder: Option<&'a str>,
    waiting_files: Option<u64>,
    oldest_waiting: Option<Timestamp>,
    oldest_waiting_seconds: Option<u64>,
    kept_files: Option<u64>,
    unbundled_batches: Option<u64>,
    unbundled_bytes: Option<u64>,
    damaged: Vec<PathFact<'a>>,
    certificate_end: Option<Timestamp>,
    certificate_days_left: Option<u64>,
    /// What the service says of itself; null if none has ever run.
    service: Option<ServiceFacts<'a>>,
}

#[derive(Serialize)]
struct ServiceFacts<'a> {
    version: &'a str,
    process: u32,
    started: Timestamp,
    ended: Option<Timestamp>,
    once: bool,
    still_seconds: u64,
    #[serde(flatten)]
    done: Counts,
    last_sealed: Option<Timestamp>,
    set_aside_files: u64,
    set_aside: Vec<SetAsideFacts<'a>>,
    passed_over_entries: u64,
    last_error: Option<ProblemFacts<'a>>,
}

#[derive(Serialize)]
struct SetAsideFacts<'a> {
    path: &'a str,
    reason: &'a str,
}

#[derive(Serialize)]
struct ProblemFacts<'a> {
    time: Timestamp,
    message: &'a str,
    hint: Option<&'a str>,
}

impl<'a> StatusFacts<'a> {
    pub fn of(config: &'a Config, watches: &'a [Watched<'a>]) -> Self {
        Self {
            config: PathFact(&config.source),
            level: watches
                .iter()
                .map(Watched::level)
                .max()
                .unwrap_or(Level::Ok),
            watches: watches.iter().map(WatchedFacts::from).collect(),
            failures: [],
        }
    }
}

impl<'a> From<&'a Watched<'a>> for WatchedFacts<'a> {
    fn from(watched: &'a Watched<'a>) -> Self {
        let (seen, outbox) = (watched.spool.as_ref().ok(), watched.outbox.as_ref().ok());
        let waiting = watched.waiting();
        let end = watched.certificates.as_ref().ok();
        let end = end.and_then(|certificates| certificates.first_end);
        Self {
            name: &watched.settings.name,
            spool: PathFact(&watched.settings.spool),
            outbox: PathFact(&watched.settings.outbox),
            level: watched.level(),
            findings: &watched.findings,
            state: watched.run,
            holder: seen.and_then(|seen| match &seen.holder {
                Holder::Service { name, .. } => Some(name.as_str()),
                Holder::Nobody => None,
            }),
            waiting_files: waiting.map(|waiting| waiting.files),
            oldest_waiting: waiting.and_then(|waiting| waiting.oldest).map(Timestamp),
            oldest_waiting_seconds: watched.age().map(|age| age.as_secs()),
            kept_files: waiting.map(|waiting| waiting.kept),
            unbundled_batches: outbox.map(|seen| seen.batches),
            unbundled_bytes: outbox.map(|seen| seen.bytes),
            damaged: outbox
                .iter()
                .flat_map(|seen| &seen.damaged)
                .map(|path| PathFact(path))
                .collect(),
            certificate_end: end.map(Timestamp),
            certificate_days_left: end.map(|end| days_until(end, watched.now)),
            service: watched.said.as_ref().map(|said| ServiceFacts {
                version: &said.version,
                process: said.process,
                started: time(said.started),
                ended: said.ended.map(time),
                once: said.once,
                still_seconds: said.still_for,
                done: said.done,
                last_sealed: said.last_sealed.map(time),
                set_aside_files: said.now.set_aside,
                set_aside: said
                    .now
                    .named
                    .iter()
                    .map(|file| SetAsideFacts {
                        path: &file.path,
                        reason: &file.reason,
                    })
                    .collect(),
                passed_over_entries: said.now.passed_over,
                last_error: said.last_error.as_ref().map(ProblemFacts::from),
            }),
        }
    }
}

impl<'a> From<&'a Problem> for ProblemFacts<'a> {
    fn from(problem: &'a Problem) -> Self {
        Self {
            time: time(problem.since),
            message: &problem.message,
            hint: problem.hint.as_deref(),
        }
    }
}
