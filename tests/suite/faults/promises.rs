//! The promises that hold after a run in which a call failed.

use std::path::Path;

use super::job::{Job, Output, SECRETS};
use super::place::{Entry, Place, Tree};
use super::strace::{Ended, Fault};

/// The state of an output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Absent,
    /// The old content is still there.
    Old,
    Complete,
    Broken,
}

/// Returns the promises that were broken.
pub fn broken(job: &Job, place: &Place, fault: &Fault, ended: &Ended) -> Vec<String> {
    let after = place.tree();
    let mut found = Vec::new();
    how_it_ended(fault, ended, &mut found);
    others_are_untouched(job, &after, &mut found);
    nothing_else_is_left(job, place, fault, ended, &after, &mut found);
    nothing_leaks(job, ended, &mut found);
    let states: Vec<State> = job
        .outputs
        .iter()
        .map(|output| state(job, output, place, &after, &mut found))
        .collect();
    if ended.status.success() {
        if fault.is_of_a_flush() && !ended.injected.is_empty() {
            found.push("status 0, though it is not flushed to disk".into());
        }
        found.extend(
            job.check_all(place, &ended.stdout)
                .into_iter()
                .map(|wrong| format!("status 0, though {wrong}")),
        );
    } else if ended.status.code().is_some() {
        tells_the_truth(job, fault, ended, &states, &mut found);
    }
    found
}

/// Checks P7 and the table of exit statuses.
fn how_it_ended(fault: &Fault, ended: &Ended, found: &mut Vec<String>) {
    if ended.hangs {
        found.push("it hangs".into());
    }
    if let Some(panic) = panic_of(ended) {
        found.push(format!("a panic: {panic}"));
        return;
    }
    // Rust can only abort if an allocation is refused.
    let out_of_memory = fault.is_of_memory() && ended.stderr.contains("memory allocation of");
    let fine = match ended.status.code() {
        Some(code) => (0..=6).contains(&code),
        None => (fault.is_kill() && ended.was_killed()) || out_of_memory,
    };
    if !fine && !ended.hangs {
        found.push(format!("it ends with {}", ended.status));
    }
}

/// Returns the message of a thread's panic, without its numbers.
fn panic_of(ended: &Ended) -> Option<String> {
    let (_, panic) = ended.stderr.split_once("panicked at ")?;
    let mut lines = panic.lines();
    let place = lines.next()?.rsplit("/library/").next()?;
    let words = lines.next()?.split(" { ").next()?;
    Some(format!("{words} ({})", place.trim_end_matches(':')))
}

/// Checks that all other files are unchanged.
fn others_are_untouched(job: &Job, after: &Tree, found: &mut Vec<String>) {
    for (name, entry) in &job.before {
        if job.outputs.iter().all(|output| output.name != *name) && after.get(name) != Some(entry) {
            found.push(format!("{name} is not what it was"));
        }
    }
}

fn state(
    job: &Job,
    output: &Output,
    place: &Place,
    after: &Tree,
    found: &mut Vec<String>,
) -> State {
    let name = &output.name;
    let old = job.before.get(name);
    match (after.get(name), old) {
        (None, None) => State::Absent,
        (None, Some(_)) => {
            found.push(format!("the old {name} is gone"));
            State::Broken
        }
        (new, old) if new == old => State::Old,
        (Some(Entry::File { mode, .. }), _) => {
            if output.private && mode & 0o077 != 0 {
                found.push(format!("{name} is not private: mode {mode:o}"));
            }
            match (output.is_right)(place, name) {
                Ok(()) => State::Complete,
                Err(wrong) => {
                    found.push(format!("{name} is incomplete: {wrong}"));
                    State::Broken
                }
            }
        }
        (Some(_), _) => {
            found.push(format!("{name} is not a file"));
            State::Broken
        }
    }
}

/// Checks P1 and P2: no temporary files and no empty directories are left.
fn nothing_else_is_left(
    job: &Job,
    place: &Place,
    fault: &Fault,
    ended: &Ended,
    after: &Tree,
    found: &mut Vec<String>,
) {
    let new = after
        .iter()
        .filter(|(name, _)| !job.before.contains_key(*name));
    for (name, entry) in new {
        if job.outputs.iter().any(|output| output.name == *name) {
            continue;
        }
        let inside = format!("{name}/");
        let on_the_way = job
            .outputs
            .iter()
            .any(|output| output.name.starts_with(&inside));
        if *entry == Entry::Directory && on_the_way {
            let empty = !after.keys().any(|other| other.starts_with(&inside));
            if empty && !ended.was_killed() && fault.name != "rmdir" {
                found.push(format!("an empty directory is left: {name}"));
            }
            continue;
        }
        let file_name = Path::new(name).file_name().unwrap().to_str().unwrap();
        if !(file_name.starts_with(".callseal-") && file_name.ends_with(".tmp")) {
            found.push(format!("something is left: {name}"));
            continue;
        }
        temporary(job, place, fault, ended, name, entry, found);
    }
}

/// Returns whether a temporary file may stay: the process was killed and needed
/// it, or the file can't be removed. It must be as private as the output.
fn temporary(
    job: &Job,
    place: &Place,
    fault: &Fault,
    ended: &Ended,
    name: &str,
    entry: &Entry,
    found: &mut Vec<String>,
) {
    // Random letters would make each of them a separate kind.
    const NAME: &str = ".callseal-XXXXXX.tmp";
    let Entry::File { content, mode } = entry else {
        found.push(format!("{NAME} is not a file"));
        return;
    };
    let holds = String::from_utf8_lossy(content);
    if SECRETS.iter().any(|secret| holds.contains(secret)) && mode & 0o077 != 0 {
        found.push(format!("{NAME} is not private: mode {mode:o}"));
    }
    let is_stuck = fault.name.starts_with("unlink");
    if !(is_stuck || ended.was_killed() && (job.named || job.replaces())) {
        found.push(format!("{NAME} is left"));
        return;
    }
    // What replaces a file has a name for an instant only, when it's complete.
    if !job.named && !is_stuck {
        let complete = job
            .outputs
            .iter()
            .any(|output| (output.is_right)(place, name).is_ok());
        if !complete {
            found.push(format!("{NAME} is left, and incomplete"));
        }
    }
}

/// Checks P6: no plaintext, key or passphrase is in any message.
fn nothing_leaks(job: &Job, ended: &Ended, found: &mut Vec<String>) {
    for secret in SECRETS {
        let printed = String::from_utf8_lossy(&ended.stdout).contains(secret);
        if ended.stderr.contains(secret) || (printed && !job.prints_plaintext) {
            found.push(format!("{secret:?} is in a message"));
        }
    }
}

/// Checks that a failure is reported with its cause.
fn tells_the_truth(
    job: &Job,
    fault: &Fault,
    ended: &Ended,
    states: &[State],
    found: &mut Vec<String>,
) {
    let status = ended.status.code();
    let done = states
        .iter()
        .filter(|state| **state == State::Complete)
        .count();
    if status == Some(6) && (done == 0 || done == states.len()) {
        found.push(format!("status 6, with {done} of {} done", states.len()));
    }
    if ended.lost_a_message() || panic_of(ended).is_some() {
        return;
    }
    let errors: Vec<&str> = ended
        .stderr
        .lines()
        .filter(|line| line.starts_with("error: "))
        .collect();
    if errors.is_empty() {
        found.push("a failure without an error line".into());
        return;
    }
    // A user who sees only an error assumes that nothing was written.
    if done > 0 && done == states.len() && !tells_what_is_there(job, ended) {
        found.push(format!(
            "all is there, and nothing says so: {}",
            errors.join(" / ")
        ));
    }
    if ended.injected.is_empty() {
        return;
    }
    if let Some(cause) = fault.answer.said()
        && !errors
            .iter()
            .any(|line| line.to_lowercase().contains(cause))
    {
        found.push(format!("the cause is not reported: {}", errors.join(" / ")));
    }
    let mut files = ended
        .injected
        .iter()
        .filter_map(|line| file_of(job, line))
        .peekable();
    if files.peek().is_some()
        && !files.any(|name| {
            // Or a directory on the way to it, or a file in it: some calls name
            // the one, some the other.
            let mut places = Path::new(name).ancestors().filter_map(Path::to_str);
            places.any(|name| {
                let named = [format!("{name}:"), format!("{name}/")];
                let named = |line: &&str| named.iter().any(|name| line.contains(name));
                !name.is_empty() && errors.iter().any(named)
            })
        })
    {
        found.push(format!("the file is not named: {}", errors.join(" / ")));
    }
}

/// Returns whether the outputs are reported, by the summary or in the error.
fn tells_what_is_there(job: &Job, ended: &Ended) -> bool {
    let directory = |output: &Output| output.name.split('/').next().map(str::to_owned);
    ended
        .stderr
        .lines()
        .any(|line| match line.split_once(": ") {
            Some(("error" | "hint", text)) => ["written", "complete"]
                .iter()
                .any(|word| text.contains(word)),
            _ => job
                .outputs
                .iter()
                .filter_map(directory)
                .any(|name| line.contains(&name)),
        })
}

/// Returns the file of the job that a call in strace's log is about.
fn file_of<'a>(job: &'a Job, line: &str) -> Option<&'a str> {
    let inputs = job.before.keys().map(String::as_str);
    let names = inputs.chain(job.outputs.iter().map(|output| output.name.as_str()));
    let named = names.filter(|name| {
        line.contains(&format!("\"{name}\"")) || line.contains(&format!("/scene/{name}>"))
    });
    // Standard input has no name.
    let name = named.max_by_key(|name| name.len())?;
    (job.stdin != Some(name)).then_some(name)
}
