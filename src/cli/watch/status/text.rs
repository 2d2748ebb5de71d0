//! The status for people.

use std::fmt::Write;

use callseal::Timestamp;
use callseal::service::Holder;

use super::findings::time;
use super::{Run, Watched};
use crate::cli::expiry::days_until;
use crate::cli::ui::{batches, bytes, count, entries, safe, span};

/// The width of the words before the values.
const WIDTH: usize = 13;

pub(super) fn text(watches: &[Watched<'_>]) -> String {
    let mut text = String::new();
    for watched in watches {
        one(watched, &mut text);
    }
    text
}

fn one(watched: &Watched<'_>, text: &mut String) {
    let name = &watched.settings.name;
    // Writing to a string does not fail.
    let _ = writeln!(text, "{name}: {}", safe(&run(watched)));
    let mut line = |word: &str, value: String| {
        let _ = writeln!(text, "  {word:WIDTH$} {}", safe(&value));
    };
    line("spool", watched.settings.spool.display().to_string());
    line("outbox", watched.settings.outbox.display().to_string());
    if let Some(waiting) = watched.waiting() {
        let oldest = watched
            .age()
            .map(|age| format!(", the oldest for {}", span(age)));
        let files = count(waiting.files, "file");
        line("waiting", files + &oldest.unwrap_or_default());
        line("in grace", count(waiting.kept, "sealed file"));
    }
    if let Ok(seen) = &watched.outbox {
        let (number, size) = (batches(seen.batches), bytes(seen.bytes));
        line("not bundled", format!("{number} ({size})"));
    }
    if let Some(said) = &watched.said {
        let done = &said.done;
        let last = said
            .last_sealed
            .map(|at| format!(", the last on {}", time(at)));
        line(
            "sealed",
            format!(
                "{} ({}) since the start{}",
                count(done.sealed_files, "file"),
                bytes(done.sealed_bytes),
                last.unwrap_or_default()
            ),
        );
        line(
            "bundled",
            format!(
                "{} since the start, in {}",
                count(done.bundled_files, "file"),
                count(done.archives, "archive")
            ),
        );
        line("failed", format!("{} since the start", times(done.failed)));
        line("set aside", count(said.now.set_aside, "file"));
        for file in &said.now.named {
            line("", format!("{}: {}", file.path, file.reason));
        }
        let more = said
            .now
            .set_aside
            .saturating_sub(said.now.named.len() as u64);
        if more > 0 && !said.now.named.is_empty() {
            line("", format!("and {more} more"));
        }
    }
    if let Some(said) = &watched.said {
        let entries = entries(usize::try_from(said.now.passed_over).unwrap_or(usize::MAX));
        line(
            "left alone",
            format!("{entries} of the spool that can't be sealed"),
        );
    }
    line("certificates", certificates(watched));
    if let Some(said) = &watched.said {
        line(
            "last error",
            match &said.last_error {
                Some(error) => format!("{}: {}", time(error.since), error.message),
                None => "none since the start".into(),
            },
        );
    }
}

fn run(watched: &Watched<'_>) -> String {
    let said = watched.said.as_ref();
    let since = said.map(|said| format!(", since {}", time(said.started)));
    let holder = match watched.spool.as_ref().map(|seen| &seen.holder) {
        Ok(Holder::Service { name, .. }) => name.split(',').next().unwrap_or_default(),
        _ => "",
    };
    let since = since.unwrap_or_default();
    match watched.run {
        Run::Running => format!("running ({holder}{since})"),
        Run::Hanging => format!("hanging ({holder}{since})"),
        Run::Starting => format!("starting ({holder})"),
        Run::Silent => format!("running ({holder})"),
        Run::Stopped => "not running".into(),
        Run::Crashed => {
            let started = said.map(|said| format!(" (it was started on {})", time(said.started)));
            let started = started.unwrap_or_default();
            format!("not running; the last one was killed, or has crashed{started}")
        }
        Run::Idle => {
            let ended = said.and_then(|said| said.ended).unwrap_or_default();
            format!(
                "not running; the last run for cron ended on {}",
                time(ended)
            )
        }
        Run::Unknown => "it can't be looked at".into(),
    }
}

fn certificates(watched: &Watched<'_>) -> String {
    match &watched.certificates {
        Err(_) => "they can't be used".into(),
        Ok(certificates) => match certificates.first_end {
            None => "none of them ends".into(),
            Some(end) => format!(
                "the first ends on {}, in {}",
                Timestamp(end),
                count(days_until(end, watched.now), "day")
            ),
        },
    }
}

fn times(number: u64) -> String {
    match number {
        1 => "once".into(),
        more => format!("{more} times"),
    }
}
