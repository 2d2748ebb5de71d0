//! The service is killed at each of its system calls, or one of them fails; then it
//! is started again. No call is lost, and none is in the outbox twice.

#![cfg(target_os = "linux")]
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::support::{Outcome, Run, Scene};
use crate::watch_support::{CALLS, FAST};

/// The number of runs at the same time: they mostly wait until files have settled.
const AT_ONCE: usize = 12;

/// The calls that change something, or say that it's on the disk.
const CHANGING: &[&str] = &[
    "write",
    "pwrite64",
    "fsync",
    "fdatasync",
    "linkat",
    "rename",
    "renameat",
    "renameat2",
    "mkdir",
    "mkdirat",
    "unlink",
    "unlinkat",
    "rmdir",
    "ftruncate",
];

/// All other calls that are about files.
const LOOKING: &[&str] = &[
    "openat",
    "read",
    "pread64",
    "fstat",
    "newfstatat",
    "statx",
    "getdents64",
    "flock",
    "lseek",
    "fstatfs",
    "faccessat2",
    "poll",
    "ppoll",
    "fadvise64",
    "close",
];

const ERRORS: &[&str] = &["ENOSPC", "EIO", "EDQUOT", "EMFILE", "EXDEV"];

/// A call of a service with so many workers, by its name and its number among those of
/// that name.
type Point = (usize, String, usize);

/// Returns the calls of a whole cycle, with these names.
fn points(workers: usize, names: &[&str]) -> Vec<Point> {
    let scene = scene();
    let trace = format!("trace={}", names.join(","));
    let strace = ["-f", "-qq", "-o", "trace", "-e", &trace];
    under_strace(&scene, workers, &strace).exits(0);
    scene.has_bundled(&CALLS, "without a fault");
    let mut counts: BTreeMap<(String, String), usize> = BTreeMap::new();
    for line in scene.text("trace").lines() {
        let (thread, call) = line.split_once(' ').unwrap();
        let Some((name, _)) = call.trim_start().split_once('(') else {
            continue;
        };
        if names.contains(&name) {
            *counts.entry((thread.into(), name.into())).or_default() += 1;
        }
    }
    // strace counts the calls of each thread for itself.
    let mut most: BTreeMap<String, usize> = BTreeMap::new();
    for ((_, name), count) in counts {
        let most = most.entry(name).or_default();
        *most = count.max(*most);
    }
    let points = most
        .into_iter()
        .flat_map(|(name, count)| (1..=count).map(move |number| (workers, name.clone(), number)));
    points.collect()
}

fn scene() -> Scene {
    let scene = Scene::with_a_spool(FAST);
    scene.spool(&CALLS);
    scene
}

fn under_strace(scene: &Scene, workers: usize, arguments: &[&str]) -> Run {
    let program = [Run::CALLSEAL].into_iter();
    let line = format!("watch --once --config callseal.toml -j {workers}");
    let program = program.chain(line.split(' '));
    scene.program("strace", arguments).args(program)
}

fn injected(scene: &Scene, (workers, name, number): &Point, what: &str) -> Outcome {
    let inject = format!("inject={name}:{what}:when={number}");
    let trace = format!("trace={name}");
    let strace = ["-f", "-qq", "-o", "trace", "-e", &trace, "-e", &inject];
    under_strace(scene, *workers, &strace).outcome()
}

/// Does something at each of these points, several at the same time. Returns their
/// number.
fn at_each(points: &[Point], what: impl Fn(&Point) + Sync) -> usize {
    let next = AtomicUsize::new(0);
    let failures = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(point) = points.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                        what(point);
                    }));
                    if outcome.is_err() {
                        failures.lock().unwrap().push(point.clone());
                    }
                }
            });
        }
    });
    let failures = failures.into_inner().unwrap();
    assert!(
        failures.is_empty(),
        "{} of {}: {failures:?}",
        failures.len(),
        points.len()
    );
    points.len()
}

fn killed_at(point: &Point) {
    let scene = scene();
    let when = format!("killed at {point:?}");
    let outcome = injected(&scene, point, "signal=KILL");
    let was_killed = outcome.output.status.signal() == Some(9);
    assert!(
        was_killed || outcome.status() == Some(0),
        "{when}: {outcome}"
    );
    scene.has_lost_nothing(&CALLS, &when);
    scene.seals_all();
    scene.has_bundled(&CALLS, &when);
}

fn failed_at(point: &Point, error: &str) {
    let scene = scene();
    let when = format!("{error} at {point:?}");
    let outcome = injected(&scene, point, &format!("error={error}"));
    let ended = outcome.output.status.code();
    assert!(
        ended.is_some_and(|status| status != 101),
        "{when}: {outcome}"
    );
    scene.has_lost_nothing(&CALLS, &when);
    scene.seals_all();
    scene.has_bundled(&CALLS, &when);
    let _ = fs::remove_file(scene.path("trace"));
}

#[test]
fn a_service_that_is_killed_loses_nothing() {
    let points = points(1, CHANGING);
    let count = at_each(&points, killed_at);
    println!("killed at {count} calls that change something");
}

#[test]
fn a_service_with_two_workers_that_is_killed_loses_nothing() {
    let points = points(2, CHANGING);
    let count = at_each(&points, killed_at);
    println!("killed at {count} calls that change something");
}

#[test]
#[ignore = "hundreds of runs: make faults"]
fn a_service_that_is_killed_anywhere_loses_nothing() {
    let points = points(1, LOOKING);
    let count = at_each(&points, killed_at);
    println!("killed at {count} calls that change nothing");
}

#[test]
#[ignore = "a thousand runs: make faults"]
fn a_service_loses_nothing_in_whatever_way_a_call_fails() {
    let mut count = 0;
    for points in [points(1, CHANGING), points(2, CHANGING)] {
        for error in ERRORS {
            count += at_each(&points, |point| failed_at(point, error));
        }
    }
    println!("{count} calls failed");
}
