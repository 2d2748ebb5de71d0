//! A program that is killed halfway leaves nothing.

#![cfg(target_os = "linux")]
use std::fs::{self, File};
use std::os::unix::process::ExitStatusExt;

use rustix::process::Signal;

use crate::support::{Run, Scene};

const SIGNALS: [(&str, Signal); 4] = [
    ("KILL", Signal::KILL),
    ("TERM", Signal::TERM),
    ("INT", Signal::INT),
    ("HUP", Signal::HUP),
];

/// Runs the line, which gets the signal on its fourth write to a file, and
/// checks that it dies of that signal. strace sends the signal on entry to the
/// call, and then ends in the same way.
fn stopped(scene: &Scene, line: &str, name: &str, signal: Signal) {
    let writes = "write,pwrite64,writev,pwritev";
    let inject = format!("inject={writes}:signal={name}:when=4");
    let trace = format!("trace={writes}");
    let strace = ["-f", "-qq", "-o", "trace", "-e", &trace, "-e", &inject];
    let program = [Run::CALLSEAL].into_iter().chain(line.split(' '));
    let outcome = scene.program("strace", strace).args(program).outcome();
    fs::remove_file(scene.path("trace")).unwrap();
    let died_of = outcome.output.status.signal();
    assert_eq!(died_of, Some(signal.as_raw()), "{outcome}");
}

/// Returns whether files can be written here before they have a name. If not, a
/// killed process leaves a named temporary file, which the tests then allow.
fn without_temporaries(scene: &Scene, tree: Vec<String>) -> Vec<String> {
    tree.into_iter()
        .filter(|name| !name.contains(".callseal-") || unnamed_files(scene))
        .collect()
}

fn unnamed_files(scene: &Scene) -> bool {
    use rustix::fs::{Mode, OFlags, open};
    open(scene.root(), OFlags::TMPFILE | OFlags::RDWR, Mode::RUSR).is_ok()
}

#[test]
fn a_killed_pack_leaves_nothing() {
    let scene = Scene::with_a_call();
    let file = File::create(scene.path("calls/long.wav")).unwrap();
    file.set_len(128 << 20).unwrap();
    let before = scene.tree("");
    for (name, signal) in SIGNALS {
        stopped(
            &scene,
            "pack -o calls.zip -r customer.crt calls --compress none",
            name,
            signal,
        );
        let left = without_temporaries(&scene, scene.tree(""));
        assert_eq!(left, before, "{name}");
    }
    // The old archive stays if the run that would replace it is killed.
    scene.write("calls.zip", "the old one");
    stopped(
        &scene,
        "pack -f -o calls.zip -r customer.crt calls --compress none",
        "KILL",
        Signal::KILL,
    );
    assert_eq!(scene.read("calls.zip"), b"the old one");
}

#[test]
fn a_killed_extraction_leaves_only_whole_files() {
    let scene = Scene::with_a_call();
    let file = File::create(scene.path("calls/long.log")).unwrap();
    file.set_len(128 << 20).unwrap();
    scene.ok("pack -q -o calls.zip -r customer.crt calls --compress deflate");
    for (name, signal) in SIGNALS {
        stopped(
            &scene,
            "extract calls.zip -k customer.key -C out -j 1",
            name,
            signal,
        );
        let left = without_temporaries(&scene, scene.tree("out"));
        // The first file waits for others before it gets its name, unless files
        // need names from the start.
        match unnamed_files(&scene) {
            true => assert_eq!(left, ["calls/"], "{name}"),
            false => {
                assert_eq!(left, ["calls/", "calls/a.txt"], "{name}");
                assert_eq!(scene.read("out/calls/a.txt"), b"the first call");
            }
        }
        fs::remove_dir_all(scene.path("out")).unwrap();
    }
}
