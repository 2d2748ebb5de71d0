//! The spools in the config: what is said of them, and whether a service could work
//! there.

use std::time::Duration;

use callseal::config::{Bundle, Config, Then, Watch};
use serde::Serialize;

use super::facts::PathFact;
use crate::cli::error::Error;

/// Describes a spool as callseal reads it, one setting after the other.
pub fn describe(watch: &Watch, line: &mut dyn FnMut(&str, &str)) {
    let path = |path: &std::path::Path| path.display().to_string();
    line("watch", &watch.name);
    line("  spool", &path(&watch.spool));
    line("  outbox", &path(&watch.outbox));
    line(
        "  profile",
        watch.profile.as_deref().unwrap_or("the default one"),
    );
    for pattern in &watch.include {
        line("  include", pattern);
    }
    for pattern in &watch.exclude {
        line("  exclude", pattern);
    }
    line("  settle", &seconds(watch.settle));
    line("  grace", &seconds(watch.grace));
    match &watch.then {
        Then::Delete => line("  then", "delete"),
        Then::Move(directory) => line("  move", &path(directory)),
    }
    line("  bundle", &bundle(watch.bundle));
    for key in &watch.sign {
        line("  sign", &path(key));
    }
}

fn seconds(time: Duration) -> String {
    format!("{}s", time.as_secs())
}

fn bundle(bundle: Bundle) -> String {
    match bundle {
        Bundle::None => "none".into(),
        Bundle::Hourly => "hourly".into(),
        Bundle::Daily => "daily".into(),
        Bundle::Size(bytes) => format!("{bytes} bytes"),
        Bundle::Count(calls) => format!("{calls} calls"),
    }
}

/// Returns why services can't work in the directories of the config.
pub fn errors(config: &Config) -> Vec<Error> {
    #[cfg(target_os = "linux")]
    {
        use callseal::service::{check, refuse_nested};
        let alone = config.watches.iter().filter_map(|watch| check(watch).err());
        let mut errors: Vec<Error> = alone.map(Error::from).collect();
        if errors.is_empty() {
            let together = refuse_nested(&config.watches).err();
            errors.extend(together.map(Error::from));
        }
        errors
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = config;
        Vec::new()
    }
}

/// A spool, for programs.
#[derive(Serialize)]
pub struct WatchFacts<'a> {
    name: &'a str,
    spool: PathFact<'a>,
    outbox: PathFact<'a>,
    profile: Option<&'a str>,
    include: &'a [String],
    exclude: &'a [String],
    settle_seconds: u64,
    grace_seconds: u64,
    /// Missing if sealed files are removed.
    #[serde(skip_serializing_if = "Option::is_none")]
    move_to: Option<PathFact<'a>>,
    bundle: String,
    sign: Vec<PathFact<'a>>,
}

impl<'a> From<&'a Watch> for WatchFacts<'a> {
    fn from(watch: &'a Watch) -> Self {
        Self {
            name: &watch.name,
            spool: PathFact(&watch.spool),
            outbox: PathFact(&watch.outbox),
            profile: watch.profile.as_deref(),
            include: &watch.include,
            exclude: &watch.exclude,
            settle_seconds: watch.settle.as_secs(),
            grace_seconds: watch.grace.as_secs(),
            move_to: match &watch.then {
                Then::Delete => None,
                Then::Move(directory) => Some(PathFact(directory)),
            },
            bundle: bundle(watch.bundle),
            sign: watch.sign.iter().map(|key| PathFact(key)).collect(),
        }
    }
}
