//! `callseal pack --move` while something else works on the same files: strace holds
//! the program at a call until that has happened.

#![cfg(target_os = "linux")]
use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::symlink;
use std::time::{Duration, Instant};

use crate::pack_move_support::{Calls, PACK, calls};
use crate::support::{Outcome, Run, Scene};

/// Before the first file is claimed.
const BEFORE_CLAIMS: &str = "mkdirat:delay_enter=2000000:when=1";

/// When the first file has just been claimed.
const CLAIMED: &str = "renameat2:delay_exit=2000000:when=1";

/// When the archive has its name, and before it's read back.
const WRITTEN: &str = "fsync:delay_exit=2000000:when=2";

/// Packs and moves the calls. As soon as it's time, and while strace delays the given
/// call, something is changed.
fn meanwhile(
    scene: &Scene,
    delay: &str,
    is_time: impl Fn() -> bool,
    change: impl FnOnce(),
) -> Outcome {
    let (name, _) = delay.split_once(':').unwrap();
    let (trace, inject) = (format!("trace={name}"), format!("inject={delay}"));
    let strace = ["-f", "-qq", "-o", "trace", "-e", &trace, "-e", &inject];
    let line = format!("{PACK} calls -j 1 --json");
    let words = [Run::CALLSEAL].into_iter().chain(line.split(' '));
    let run = scene.program("strace", strace).args(words);
    let outcome = std::thread::scope(|scope| {
        let run = scope.spawn(|| run.outcome());
        let start = Instant::now();
        while !is_time() && start.elapsed() < Duration::from_secs(60) {
            std::thread::sleep(Duration::from_millis(2));
        }
        change();
        run.join().unwrap()
    });
    assert!(scene.text("trace").contains("(DELAYED)"), "{outcome}");
    outcome
}

fn before_claims(calls: &Calls, change: impl FnOnce()) -> Outcome {
    let scene = &calls.scene;
    // Not as soon as there is an archive: the directories are opened after that.
    let is_time = || scene.exists("trace") && scene.text("trace").contains("mkdirat(");
    meanwhile(scene, BEFORE_CLAIMS, is_time, change)
}

/// Checks that one file was not moved, for this reason, and that all others were.
#[track_caller]
fn only_a_stays(calls: &Calls, outcome: &Outcome, why: &str) {
    assert_eq!(outcome.status(), Some(6), "{outcome}");
    let line = format!("warning: calls/a.txt: {why}");
    assert!(outcome.stderr().contains(&line), "{outcome}");
    let facts = outcome.json();
    let expected = serde_json::json!([{ "path": "calls/a.txt", "why": why }]);
    assert_eq!(facts["not_moved"], expected, "{outcome}");
    assert_eq!(facts["moved"].as_array().unwrap().len(), 2, "{outcome}");
    // The archive has it as it was.
    calls.are_all_in(&["calls.zip"]);
}

const CHANGED: &str = "it has changed since it was packed, so it stays";
const REPLACED: &str = "another file has taken its place since it was packed, so that one stays";

fn append_to(file: &mut File) {
    file.write_all(b", and more").unwrap();
}

fn open_to_append(scene: &Scene) -> File {
    let file = File::options().append(true).open(scene.path("calls/a.txt"));
    file.unwrap()
}

#[test]
fn a_file_that_changed_since_stays() {
    let calls = calls();
    let scene = &calls.scene;
    let outcome = before_claims(&calls, || append_to(&mut open_to_append(scene)));
    only_a_stays(&calls, &outcome, CHANGED);
    assert_eq!(scene.text("calls/a.txt"), "the call a, and more");
    assert_eq!(scene.tree("calls"), ["a.txt", "day/", "empty/"]);
}

#[test]
fn a_file_whose_bytes_changed_stays_though_its_size_and_time_are_the_same() {
    let calls = calls();
    let scene = &calls.scene;
    let outcome = before_claims(&calls, || {
        let path = scene.path("calls/a.txt");
        let time = fs::metadata(&path).unwrap().modified().unwrap();
        // In place: it is still the same file.
        fs::write(&path, "the call A").unwrap();
        let file = File::options().write(true).open(&path).unwrap();
        file.set_modified(time).unwrap();
    });
    only_a_stays(&calls, &outcome, CHANGED);
    assert_eq!(scene.text("calls/a.txt"), "the call A");
}

#[test]
fn a_file_that_changes_while_it_is_claimed_is_put_back() {
    let calls = calls();
    let scene = &calls.scene;
    let mut writer = open_to_append(scene);
    let is_claimed = || !scene.exists("calls/a.txt");
    let outcome = meanwhile(scene, CLAIMED, is_claimed, || append_to(&mut writer));
    only_a_stays(&calls, &outcome, CHANGED);
    assert_eq!(scene.text("calls/a.txt"), "the call a, and more");
    assert_eq!(scene.tree("calls"), ["a.txt", "day/", "empty/"]);
}

#[test]
fn another_file_of_that_name_is_not_touched() {
    let calls = calls();
    let scene = &calls.scene;
    let outcome = before_claims(&calls, || {
        scene.write("new.txt", "the call a");
        fs::rename(scene.path("new.txt"), scene.path("calls/a.txt")).unwrap();
    });
    only_a_stays(&calls, &outcome, REPLACED);
    assert_eq!(scene.tree("calls"), ["a.txt", "day/", "empty/"]);
}

#[test]
fn a_link_of_that_name_is_not_followed() {
    let calls = calls();
    let scene = &calls.scene;
    let outcome = before_claims(&calls, || {
        // Even to the very same file.
        fs::rename(scene.path("calls/a.txt"), scene.path("elsewhere.txt")).unwrap();
        symlink("../elsewhere.txt", scene.path("calls/a.txt")).unwrap();
    });
    only_a_stays(&calls, &outcome, REPLACED);
    assert_eq!(scene.text("elsewhere.txt"), "the call a");
    assert!(scene.path("calls/a.txt").is_symlink());
}

#[test]
fn a_directory_that_became_a_link_leads_to_no_other_file() {
    let calls = calls();
    let scene = &calls.scene;
    let outcome = before_claims(&calls, || {
        fs::rename(scene.path("calls"), scene.path("moved")).unwrap();
        for name in ["a.txt", "b.txt", "day/c.txt"] {
            scene.write(format!("other/{name}"), "somebody else's");
        }
        symlink("other", scene.path("calls")).unwrap();
    });
    let outcome = outcome.exits(6).says(REPLACED);
    let others = ["a.txt", "b.txt", "day/", "day/c.txt"];
    assert_eq!(scene.tree("other"), others, "{outcome}");
    // What it has open is the directory with the calls. So it may move those in it,
    // and none in a directory that it opens later.
    assert!(scene.exists("moved/day/c.txt"), "{outcome}");
    calls.are_all_in(&["calls.zip"]);
}

#[test]
fn a_file_that_something_else_removed_is_named() {
    let calls = calls();
    let scene = &calls.scene;
    let outcome = before_claims(&calls, || {
        fs::remove_file(scene.path("calls/a.txt")).unwrap();
    });
    only_a_stays(
        &calls,
        &outcome,
        "something else has removed it since it was packed",
    );
}

#[test]
fn a_changed_file_whose_name_is_taken_is_kept_next_to_it() {
    let calls = calls();
    let scene = &calls.scene;
    let mut writer = open_to_append(scene);
    let is_claimed = || !scene.exists("calls/a.txt");
    let outcome = meanwhile(scene, CLAIMED, is_claimed, || {
        append_to(&mut writer);
        scene.write("calls/a.txt", "a new one");
    });
    assert_eq!(outcome.status(), Some(6), "{outcome}");
    assert_eq!(scene.text("calls/a.txt"), "a new one");
    let tree = scene.tree("calls");
    let is_kept = |name: &&String| name.ends_with(".moving/a.txt");
    let kept = tree.iter().find(is_kept).expect("it is kept");
    let outcome = outcome.says(&format!(
        "warning: calls/a.txt: it has not been removed, and can't be put back: it is calls/{kept}"
    ));
    assert_eq!(
        scene.text(format!("calls/{kept}")),
        "the call a, and more",
        "{outcome}"
    );
}

fn when_written(calls: &Calls, change: impl FnOnce()) -> Outcome {
    let scene = &calls.scene;
    meanwhile(scene, WRITTEN, || scene.exists("calls.zip"), change)
}

#[track_caller]
fn nothing_is_moved(calls: &Calls, outcome: &Outcome) {
    let tree = calls.scene.tree("calls");
    let all = ["a.txt", "b.txt", "day/", "day/c.txt", "empty/"];
    assert_eq!(tree, all, "{outcome}");
}

#[test]
fn every_file_stays_if_the_archive_is_damaged_on_the_disk() {
    let calls = calls();
    let scene = &calls.scene;
    let outcome = when_written(&calls, || {
        let mut archive = scene.read("calls.zip");
        // In the message of the first call.
        archive[150] ^= 1;
        fs::write(scene.path("calls.zip"), archive).unwrap();
    });
    nothing_is_moved(&calls, &outcome);
    outcome
        .exits(5)
        .complains_with_hint(&["calls.zip: it can't be read back from the disk: calls/a.txt"]);
}

#[test]
fn every_file_stays_if_another_archive_has_taken_its_place() {
    let calls = calls();
    let scene = &calls.scene;
    // It is sound, and even has the same calls.
    scene.ok("pack -q -o other.zip -r customer.crt calls");
    let outcome = when_written(&calls, || {
        fs::rename(scene.path("other.zip"), scene.path("calls.zip")).unwrap();
    });
    nothing_is_moved(&calls, &outcome);
    assert_eq!(outcome.json()["members"].as_array().unwrap().len(), 3);
    outcome.exits(5).complains_with_hint(&[
        "calls.zip: what is read back from the disk is not what was written",
    ]);
}
