//! `callseal watch --status`

mod facts;
mod findings;
mod plugin;
mod text;

use std::time::{Duration, SystemTime};

use callseal::ErrorKind;
use callseal::config::{Config, Watch};
use callseal::service::{Backlog, Holder, SeenOutbox, SeenSpool, ServiceError};
use serde::Serialize;

use super::choose;
use super::said::Said;
use crate::cli::args::SealArgs;
use crate::cli::expiry::EndingSoon;
use crate::cli::failure::{Ended, Failure};
use crate::cli::global::Global;
use crate::cli::printing::{print_json, print_text};
use crate::cli::ui::{Colour, Ui};
use findings::{Finding, Level};

/// Shows how services do, whether they run or not.
pub(super) fn run(
    names: &[String],
    nagios: bool,
    global: &Global,
    ui: &Ui,
) -> Result<Ended, Failure> {
    let config = global.some_config().inspect_err(|failure| {
        if !nagios && matches!(failure, Failure::Library(_)) {
            ui.notice("a service that runs goes on with the config from before");
        }
    })?;
    let now = SystemTime::now();
    let chosen = choose(&config, names)?.into_iter();
    let watches: Vec<Watched<'_>> = chosen
        .map(|settings| Watched::look(settings, &config, now))
        .collect();
    if nagios {
        return plugin::line(&watches).print();
    }
    let ended = ended(&watches);
    match global.json {
        true => print_json(&facts::StatusFacts::of(&config, &watches))?,
        false if ui.is_quiet() => {}
        false => print_text(&text::text(&watches))?,
    }
    for watched in &watches {
        for finding in &watched.findings {
            finding.show(&watched.settings.name, ui);
        }
    }
    Ok(ended)
}

/// How a service does, as far as that can be seen.
struct Watched<'a> {
    settings: &'a Watch,
    now: SystemTime,
    spool: Result<SeenSpool, ServiceError>,
    outbox: Result<SeenOutbox, ServiceError>,
    /// What waits, if it's not the service that says so.
    counted: Option<Result<Backlog, ServiceError>>,
    /// What the service says of itself, or the last one has said.
    said: Option<Said>,
    run: Run,
    certificates: Result<Certificates, Failure>,
    findings: Vec<Finding>,
}

/// Whether a service runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Run {
    Running,
    /// It runs, and has said nothing of itself yet.
    Starting,
    /// It runs, and can't say how it does.
    Silent,
    /// It runs, and nothing goes on.
    Hanging,
    /// It was ended in order, or has never run.
    Stopped,
    /// It has ended, and not in order.
    Crashed,
    /// It's a run for cron that has ended.
    Idle,
    /// Its spool can't be looked at.
    Unknown,
}

/// Until when the recipients can be used.
struct Certificates {
    first_end: Option<SystemTime>,
    ending: Vec<EndingSoon>,
}

/// What waits in a spool.
#[derive(Clone, Copy, Debug)]
struct Waiting {
    files: u64,
    oldest: Option<SystemTime>,
    /// The number of files that are sealed, and kept for a grace.
    kept: u64,
}

/// The time without a report after which a service hangs. It reports every 5 seconds.
const SILENCE: Duration = Duration::from_secs(60);

/// The time without progress after which a service hangs.
const STANDSTILL: Duration = Duration::from_secs(300);

impl<'a> Watched<'a> {
    fn look(settings: &'a Watch, config: &Config, now: SystemTime) -> Self {
        let spool = SeenSpool::look(settings);
        let outbox = SeenOutbox::look(settings);
        let said = spool.as_ref().ok().and_then(|seen| seen.said.as_ref());
        let said = said.and_then(|(text, at)| Some((Said::parse(text)?, *at)));
        let run = match &spool {
            Err(_) => Run::Unknown,
            Ok(seen) => state(&seen.holder, said.as_ref(), now),
        };
        // A service that runs knows it, and what is counted meanwhile may have moved.
        let counted = match (&spool, run) {
            (Err(_), _) | (_, Run::Running) => None,
            (Ok(seen), _) => Some(seen.count(settings, outbox.as_ref().ok())),
        };
        let mut watched = Self {
            settings,
            now,
            spool,
            outbox,
            counted,
            said: said.map(|(said, _)| said),
            run,
            certificates: certificates(settings, config),
            findings: Vec::new(),
        };
        watched.findings = findings::of(&watched);
        watched
    }

    /// Returns what waits; `None` if that can't be found out.
    fn waiting(&self) -> Option<Waiting> {
        match (&self.counted, &self.said, self.run) {
            (Some(Ok(counted)), ..) => Some(Waiting {
                files: counted.waiting,
                oldest: counted.oldest,
                kept: counted.kept,
            }),
            (None, Some(said), Run::Running) => Some(Waiting {
                files: said.now.waiting,
                oldest: said.now.oldest.map(|oldest| findings::time(oldest).0),
                kept: said.now.kept,
            }),
            _ => None,
        }
    }

    /// Returns for how long the oldest of the files has waited.
    fn age(&self) -> Option<Duration> {
        let oldest = self.waiting()?.oldest?;
        Some(self.now.duration_since(oldest).unwrap_or_default())
    }

    fn level(&self) -> Level {
        let levels = self.findings.iter().map(|finding| finding.level);
        levels.max().unwrap_or(Level::Ok)
    }
}

fn state(holder: &Holder, said: Option<&(Said, SystemTime)>, now: SystemTime) -> Run {
    // A time to come is none, either.
    let is_longer_ago = |then: SystemTime| {
        let ago = now.duration_since(then);
        ago.unwrap_or_else(|ahead| ahead.duration()) > SILENCE
    };
    let (name, since) = match (holder, said) {
        (Holder::Nobody, None) => return Run::Stopped,
        (Holder::Nobody, Some((said, _))) => {
            return match (said.ended.or(said.stopping), said.once) {
                (None, _) => Run::Crashed,
                (Some(_), true) => Run::Idle,
                (Some(_), false) => Run::Stopped,
            };
        }
        (Holder::Service { name, since, .. }, _) => (name, *since),
    };
    // What the one before has said doesn't count.
    let is_own =
        |said: &&(Said, SystemTime)| name.starts_with(&format!("process {},", said.0.process));
    match said.filter(is_own) {
        None if is_longer_ago(since) => Run::Silent,
        None => Run::Starting,
        Some((_, at)) if is_longer_ago(*at) => Run::Hanging,
        Some((said, _)) if Duration::from_secs(said.still_for) > STANDSTILL => Run::Hanging,
        Some(_) => Run::Running,
    }
}

fn certificates(settings: &Watch, config: &Config) -> Result<Certificates, Failure> {
    let recipients = SealArgs::of_profile(settings.profile.clone());
    let quiet = Ui::new(true, false, Colour::Never);
    let plan = recipients.plan_with(Some(config), &quiet)?;
    Ok(Certificates {
        first_end: recipients.first_end(Some(config))?,
        ending: recipients.ending_soon(&plan, Some(config))?,
    })
}

/// Returns the kind of the worst that was found, for the exit status.
fn ended(watches: &[Watched<'_>]) -> Ended {
    match watches.iter().map(Watched::level).max() {
        None | Some(Level::Ok) => None,
        Some(Level::Warning) => Some(ErrorKind::Partial),
        Some(Level::Unknown | Level::Critical) => Some(ErrorKind::Io),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whether_a_service_runs_is_seen_by_its_lock_and_by_what_it_has_said() {
        let now = SystemTime::now();
        let held_for = |name: &str, seconds| Holder::Service {
            name: name.into(),
            user: 7,
            since: now - Duration::from_secs(seconds),
        };
        let held = held_for("process 7, watching “calls”", 9);
        let long_held = held_for("process 7, watching “calls”", 61);
        let said = |ended, still_for, ago| {
            let said = Said {
                process: 7,
                ended,
                still_for,
                ..Said::default()
            };
            Some((said, now - Duration::from_secs(ago)))
        };
        for (holder, said, expected) in [
            (&Holder::Nobody, None, Run::Stopped),
            (&Holder::Nobody, said(Some(1), 0, 9), Run::Stopped),
            (&Holder::Nobody, said(None, 0, 9), Run::Crashed),
            (&held, None, Run::Starting),
            (&long_held, None, Run::Silent),
            (&long_held, said(None, 0, 9), Run::Running),
            (&held, said(None, 0, 9), Run::Running),
            (&held, said(None, 0, 61), Run::Hanging),
            (&held, said(None, 300, 0), Run::Running),
            (&held, said(None, 301, 0), Run::Hanging),
        ] {
            assert_eq!(state(holder, said.as_ref(), now), expected, "{said:?}");
        }
        let other = held_for("process 77, watching “calls”", 9);
        assert_eq!(state(&other, said(None, 0, 0).as_ref(), now), Run::Starting);
        let (mut told, at) = said(None, 0, 9).unwrap();
        told.stopping = Some(1);
        assert_eq!(state(&Holder::Nobody, Some(&(told, at)), now), Run::Stopped);
        let (mut cron, at) = said(Some(1), 0, 9).unwrap();
        cron.once = true;
        assert_eq!(state(&Holder::Nobody, Some(&(cron, at)), now), Run::Idle);
    }
}
