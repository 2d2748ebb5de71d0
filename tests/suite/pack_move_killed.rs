//! `callseal pack --move` is killed, or a call fails: no call is lost, and the next run
//! finishes the work.

#![cfg(target_os = "linux")]
use std::fs;

use crate::pack_move_support::{Calls, PACK, calls};
use crate::support::{Outcome, Run};

/// The calls that write the archive, read it back, and remove files.
const CALLS: [&str; 7] = [
    "linkat",
    "fsync",
    "mkdirat",
    "flock",
    "renameat2",
    "unlinkat",
    "getdents64",
];

/// No run makes one of them more often.
const MOST: usize = 20;

/// Packs and moves the calls, with this done to one call. Returns nothing if the call
/// wasn't made so often.
fn run(calls: &Calls, what: &str) -> Option<Outcome> {
    let scene = &calls.scene;
    let (name, _) = what.split_once(':').unwrap();
    let (trace, inject) = (format!("trace={name}"), format!("inject={what}"));
    let strace = ["-f", "-qq", "-o", "trace", "-e", &trace, "-e", &inject];
    let line = format!("{PACK} calls -j 1");
    let words = [Run::CALLSEAL].into_iter().chain(line.split(' '));
    let outcome = scene.program("strace", strace).args(words).outcome();
    let trace = scene.text("trace");
    let happened = outcome.status().is_none() || trace.contains("(INJECTED)");
    happened.then_some(outcome)
}

/// Checks that no call is lost, and that the next run moves what is left.
#[track_caller]
fn the_next_run_finishes(calls: &Calls, what: &str, outcome: &Outcome) {
    let scene = &calls.scene;
    println!("{what}: {:?}, {:?}", outcome.status(), scene.tree("calls"));
    calls.are_somewhere(&["calls.zip"]);
    scene.ok("pack --move --allow-empty -o later.zip -r customer.crt calls");
    calls.are_all_in(&["calls.zip", "later.zip"]);
    let left = scene.tree("calls");
    assert_eq!(left, ["day/", "empty/"], "{what}\n{outcome}");
}

/// Puts everything back as it was.
fn restore(calls: &Calls) {
    for archive in ["calls.zip", "later.zip"] {
        let _ = fs::remove_file(calls.scene.path(archive));
    }
    calls.write();
}

#[test]
fn no_call_is_lost_wherever_the_run_is_killed() {
    let calls = calls();
    let mut claimed = 0;
    for name in CALLS {
        let mut killed = 0;
        for number in 1..=MOST {
            restore(&calls);
            let what = format!("{name}:signal=KILL:when={number}");
            let Some(outcome) = run(&calls, &what) else {
                break;
            };
            killed += 1;
            assert_eq!(outcome.status(), None, "{outcome}");
            let is_claimed = |name: &String| name.contains(".moving/") && name.ends_with(".txt");
            claimed += usize::from(calls.scene.tree("calls").iter().any(is_claimed));
            the_next_run_finishes(&calls, &what, &outcome);
        }
        assert!((1..MOST).contains(&killed), "{name}: {killed}");
    }
    assert!(claimed > 0, "no run was killed when it had claimed a file");
}

#[test]
fn no_call_is_lost_whichever_call_fails() {
    let calls = calls();
    for name in CALLS {
        for number in 1..=MOST {
            restore(&calls);
            let what = format!("{name}:error=EIO:when={number}");
            let Some(outcome) = run(&calls, &what) else {
                break;
            };
            // What can fail without harm does: the cache and locks.
            if outcome.status() == Some(0) {
                calls.are_all_in(&["calls.zip"]);
            }
            the_next_run_finishes(&calls, &what, &outcome);
        }
    }
}

#[test]
fn a_run_that_could_not_write_its_archive_moves_nothing() {
    let calls = calls();
    let outcome = run(&calls, "fsync:error=EIO:when=2").unwrap();
    // It is complete, but a power failure may undo it.
    let outcome = outcome.exits(1).complains(&["not flushed to disk"]);
    assert_eq!(calls.scene.tree("calls").len(), 5, "{outcome}");
}

#[test]
fn a_directory_that_cannot_be_flushed_is_named() {
    let calls = calls();
    let outcome = run(&calls, "fsync:error=EIO:when=3").unwrap();
    outcome
        .exits(6)
        .says("warning: calls: what was removed from it may be there again after a power failure");
}
