//! What a program that was stopped in the middle leaves: nothing.

#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that can't go on has failed"
)]

use std::fs::{self, File};
use std::os::unix::process::ExitStatusExt;
use std::process::Child;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

mod support;
use support::{Scene, wait};

/// Large enough that nobody is through with it in a moment, and all holes.
const LONG: u64 = 64 << 30;

/// Waits until the process has written so much; fails if it ends before.
fn wait_until_it_writes(child: &mut Child, bytes: u64) {
    let start = Instant::now();
    loop {
        let io = fs::read_to_string(format!("/proc/{}/io", child.id())).unwrap_or_default();
        let written = io
            .lines()
            .find_map(|line| line.strip_prefix("wchar: ")?.parse::<u64>().ok());
        if written.is_some_and(|written| written >= bytes) {
            return;
        }
        if let Some(status) = child.try_wait().unwrap() {
            panic!("it ended before it was stopped: {status}");
        }
        assert!(
            start.elapsed() < Duration::from_secs(30),
            "it writes nothing"
        );
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Starts the line, sends it the signal while it writes, and says whether
/// that is what it died of.
fn stopped(scene: &Scene, line: &str, signal: Signal) {
    let mut child = scene.line(line).start();
    wait_until_it_writes(&mut child, 1 << 20);
    kill_process(Pid::from_child(&child), signal).unwrap();
    let status = wait(&mut child, line);
    assert_eq!(status.signal(), Some(signal.as_raw()), "{line}: {status}");
}

/// Whether files can be written here before they have a name. Elsewhere a
/// killed process leaves a named temporary, which the tests then allow.
fn without_temporaries(tree: Vec<String>) -> Vec<String> {
    tree.into_iter()
        .filter(|name| !name.contains(".callseal-") || unnamed_files())
        .collect()
}

fn unnamed_files() -> bool {
    use rustix::fs::{Mode, OFlags, open};
    let here = std::env::temp_dir();
    let supported = open(here, OFlags::TMPFILE | OFlags::RDWR, Mode::RUSR).is_ok();
    if !supported {
        eprintln!("this file system has no O_TMPFILE: named temporaries are not checked");
    }
    supported
}

#[test]
fn a_pack_that_was_stopped_leaves_nothing() {
    let scene = Scene::with_a_call();
    let file = File::create(scene.path("calls/long.wav")).unwrap();
    file.set_len(LONG).unwrap();
    let before = scene.tree("");
    for signal in [Signal::KILL, Signal::TERM, Signal::INT] {
        stopped(
            &scene,
            "pack -o calls.zip -r customer.crt calls --compress none",
            signal,
        );
        assert_eq!(without_temporaries(scene.tree("")), before);
    }
    // The old archive stays, when a new one is to replace it.
    scene.write("calls.zip", "the old one");
    stopped(
        &scene,
        "pack -f -o calls.zip -r customer.crt calls --compress none",
        Signal::KILL,
    );
    assert_eq!(scene.read("calls.zip"), b"the old one");
}

#[test]
fn an_extraction_that_was_stopped_leaves_whole_files_alone() {
    let scene = Scene::with_a_call();
    // Zeros compress well, so that the archive is small though it takes long.
    let file = File::create(scene.path("calls/long.log")).unwrap();
    file.set_len(128 << 20).unwrap();
    scene.ok("pack -q -o calls.zip -r customer.crt calls --compress deflate");
    for signal in [Signal::KILL, Signal::TERM] {
        stopped(
            &scene,
            "extract calls.zip -k customer.key -C out -j 1",
            signal,
        );
        let left = without_temporaries(scene.tree("out"));
        assert_eq!(left, ["calls/", "calls/a.txt"]);
        assert_eq!(scene.read("out/calls/a.txt"), b"the first call");
        fs::remove_dir_all(scene.path("out")).unwrap();
    }
}
