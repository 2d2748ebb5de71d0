//! The status in one line for monitoring.

use callseal::ErrorKind;

use super::Watched;
use super::findings::{Level, SLOW, TOO_SLOW};
use crate::cli::expiry::{WARN_DAYS, days_until};
use crate::cli::nagios::{Datum, Line};
use crate::cli::ui::count;

pub(super) fn line(watches: &[Watched<'_>]) -> Line {
    let level = watches.iter().map(Watched::level).max();
    let findings = watches.iter().flat_map(|watched| {
        let name = &watched.settings.name;
        let findings = watched.findings.iter();
        findings.map(move |finding| (finding.level, format!("{name}: {}", finding.message)))
    });
    let mut findings: Vec<(Level, String)> = findings.collect();
    findings.sort_by_key(|(level, _)| std::cmp::Reverse(*level));
    let text: Vec<String> = match findings.is_empty() {
        true => watches.iter().map(well).collect(),
        false => findings.into_iter().map(|(_, message)| message).collect(),
    };
    Line {
        service: "WATCH",
        ended: match level {
            None | Some(Level::Ok) => None,
            Some(Level::Warning) => Some(ErrorKind::Partial),
            Some(Level::Unknown) => Some(ErrorKind::Usage),
            Some(Level::Critical) => Some(ErrorKind::Io),
        },
        text: text.join("; "),
        data: watches.iter().flat_map(data).collect(),
    }
}

fn well(watched: &Watched<'_>) -> String {
    let name = &watched.settings.name;
    let sealed = watched.said.as_ref();
    let sealed = sealed.map_or(0, |said| said.done.sealed_files);
    let waiting = watched.waiting().map_or(0, |waiting| waiting.files);
    format!(
        "{name}: {} waiting, {} sealed since the start",
        count(waiting, "file"),
        sealed
    )
}

fn data(watched: &Watched<'_>) -> Vec<Datum> {
    let label = |what: &str| format!("{}_{what}", watched.settings.name);
    let settle = watched.settings.settle;
    let mut data = Vec::new();
    // What isn't known is left out.
    if let Some(waiting) = watched.waiting() {
        let age = watched.age().unwrap_or_default();
        data.push(Datum::plain(label("waiting"), waiting.files, ""));
        data.push(Datum {
            warning: (settle + SLOW).as_secs().to_string(),
            critical: (settle + TOO_SLOW).as_secs().to_string(),
            ..Datum::plain(label("oldest"), age.as_secs(), "s")
        });
    }
    if let Some(said) = &watched.said {
        data.push(Datum::plain(label("sealed"), said.done.sealed_files, "c"));
        data.push(Datum::plain(
            label("sealed_bytes"),
            said.done.sealed_bytes,
            "B",
        ));
        data.push(Datum::plain(label("bundled"), said.done.bundled_files, "c"));
        data.push(Datum::plain(label("failed"), said.done.failed, "c"));
        data.push(Datum {
            warning: "0".into(),
            ..Datum::plain(label("set_aside"), said.now.set_aside, "")
        });
    }
    let end = watched.certificates.as_ref().ok();
    if let Some(end) = end.and_then(|certificates| certificates.first_end) {
        data.push(Datum {
            warning: format!("{WARN_DAYS}:"),
            ..Datum::plain(label("certificate_days"), days_until(end, watched.now), "")
        });
    }
    data
}
