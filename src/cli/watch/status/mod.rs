//! `callseal watch --status`

mod facts;
mod findings;
mod plugin;
mod text;

use std::collections::HashSet;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use callseal::ErrorKind;
use callseal::config::{Config, Watch};
use callseal::service::{Holder, Outside, ServiceError};
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
    let config = global.some_config()?;
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
    outside: Result<Outside, ServiceError>,
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
    /// It runs, and nothing goes on.
    Hanging,
    /// It was ended in order, or has never run.
    Stopped,
    /// It has ended, and not in order.
    Crashed,
    /// It's a run for cron that has ended.
    Idle,
    /// Its directories can't be looked at.
    Unknown,
}

/// Until when the recipients can be used.
struct Certificates {
    first_end: Option<SystemTime>,
    ending: Vec<EndingSoon>,
}

/// The time without a report after which a service hangs. It reports every 5 seconds.
const SILENCE: Duration = Duration::from_secs(60);

/// The time without progress after which a service hangs.
const STANDSTILL: Duration = Duration::from_secs(300);

impl<'a> Watched<'a> {
    fn look(settings: &'a Watch, config: &Config, now: SystemTime) -> Self {
        let outside = Outside::look(settings, set_aside);
        let said = outside.as_ref().ok().and_then(|seen| seen.said.as_ref());
        let said = said.and_then(|(text, at)| Some((Said::parse(text)?, *at)));
        let run = match (&outside, &said) {
            (Err(_), _) => Run::Unknown,
            (Ok(seen), said) => state(&seen.holder, said.as_ref(), now),
        };
        let mut watched = Self {
            settings,
            now,
            outside,
            said: said.map(|(said, _)| said),
            run,
            certificates: certificates(settings, config),
            findings: Vec::new(),
        };
        watched.findings = findings::of(&watched);
        watched
    }

    /// Returns the number of files that wait.
    fn waiting(&self) -> u64 {
        let seen = self.outside.as_ref().map_or(0, |seen| seen.waiting);
        match (&self.said, self.run) {
            // They aren't named, and were counted.
            (Some(said), Run::Running | Run::Hanging) => {
                let named = said.now.named.len() as u64;
                seen.saturating_sub(said.now.set_aside.saturating_sub(named))
            }
            _ => seen,
        }
    }

    /// Returns for how long the oldest of them has waited.
    fn age(&self) -> Option<Duration> {
        let oldest = self.outside.as_ref().ok()?.oldest?;
        Some(self.now.duration_since(oldest).unwrap_or_default())
    }

    fn level(&self) -> Level {
        let levels = self.findings.iter().map(|finding| finding.level);
        levels.max().unwrap_or(Level::Ok)
    }
}

/// Returns the files that were set aside by a service that runs: they don't wait.
fn set_aside(holder: &Holder, said: &[u8]) -> HashSet<PathBuf> {
    match (holder, Said::parse(said)) {
        (Holder::Service(_), Some(said)) => {
            said.now.named.into_iter().map(|file| file.path).collect()
        }
        _ => HashSet::new(),
    }
}

fn state(holder: &Holder, said: Option<&(Said, SystemTime)>, now: SystemTime) -> Run {
    match (holder, said) {
        (Holder::Nobody, None) => Run::Stopped,
        (Holder::Nobody, Some((said, _))) => match (said.ended, said.once) {
            (None, _) => Run::Crashed,
            (Some(_), true) => Run::Idle,
            (Some(_), false) => Run::Stopped,
        },
        (Holder::Service(_), None) => Run::Starting,
        (Holder::Service(holder), Some((said, at))) => {
            let is_own = holder.starts_with(&format!("process {},", said.process));
            let silence = now.duration_since(*at).unwrap_or_default();
            let is_still = Duration::from_secs(said.still_for) > STANDSTILL;
            match is_own {
                // That was the one before.
                false => Run::Starting,
                true if silence > SILENCE || is_still => Run::Hanging,
                true => Run::Running,
            }
        }
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
        let held = Holder::Service("process 7, watching “calls”".into());
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
            (&held, said(None, 0, 9), Run::Running),
            (&held, said(None, 0, 61), Run::Hanging),
            (&held, said(None, 300, 0), Run::Running),
            (&held, said(None, 301, 0), Run::Hanging),
        ] {
            assert_eq!(state(holder, said.as_ref(), now), expected, "{said:?}");
        }
        let other = Holder::Service("process 77, watching “calls”".into());
        assert_eq!(state(&other, said(None, 0, 0).as_ref(), now), Run::Starting);
        let (mut cron, at) = said(Some(1), 0, 9).unwrap();
        cron.once = true;
        assert_eq!(state(&Holder::Nobody, Some(&(cron, at)), now), Run::Idle);
    }
}
