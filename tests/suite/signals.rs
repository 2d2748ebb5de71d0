//! Leftovers of signals and system limits, where files need a name while they
//! are written.

#![cfg(target_os = "linux")]
use std::fs;
use std::io::Write;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::support::{Run, Scene, wait};

/// A command line that seals standard input.
const SEAL: &str = "seal -q -f -r customer.crt -o call.pgp -";

/// Starts it with a megabyte to seal, and more to come. It ends by itself if
/// the test does.
fn start(scene: &Scene) -> Child {
    let mut child = scene.without_unnamed_files(SEAL).start(Stdio::piped());
    let input = child.stdin.as_mut().unwrap();
    input.write_all(&vec![0; 1 << 20]).unwrap();
    child
}

/// Returns the temporary files in the directory.
fn temporaries(scene: &Scene) -> Vec<String> {
    let mut names = scene.names();
    names.retain(|name| name.starts_with(".callseal-"));
    names
}

/// Waits until this many temporary files have content.
fn wait_for_temporaries(scene: &Scene, count: usize, child: &mut Child) -> Vec<String> {
    let start = Instant::now();
    loop {
        let mut found = temporaries(scene);
        // A file that is gone meanwhile has no content.
        found.retain(|name| fs::metadata(scene.path(name)).is_ok_and(|file| file.len() > 0));
        if found.len() == count {
            return found;
        }
        if let Some(status) = child.try_wait().unwrap() {
            panic!("it ended before it was stopped: {status}");
        }
        if start.elapsed() > Duration::from_secs(100) {
            child.kill().unwrap();
            panic!("nothing is written");
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

fn send(child: &Child, signal: Signal) {
    kill_process(Pid::from_child(child), signal).unwrap();
}

#[test]
fn signals_remove_named_temporaries_and_end_the_program() {
    let scene = Scene::with_a_call();
    scene.write("call.pgp", "the old one");
    let before = scene.tree("");
    for signal in [Signal::TERM, Signal::INT, Signal::HUP, Signal::QUIT] {
        let mut child = start(&scene);
        wait_for_temporaries(&scene, 1, &mut child);
        send(&child, signal);
        let status = wait(&mut child, SEAL);
        assert_eq!(status.signal(), Some(signal.as_raw()), "{status}");
        assert_eq!(scene.tree(""), before, "{signal:?}");
        assert_eq!(scene.text("call.pgp"), "the old one");
    }
}

#[test]
fn a_signal_that_is_ignored_stays_ignored() {
    let scene = Scene::with_parties();
    // More than a pipe holds has been written once it reads.
    let script = "trap '' HUP INT; mkfifo pipe; \
        callseal seal -q -r customer.crt -o sealed.pgp - <pipe & exec 8>pipe; \
        head -c 1000000 /dev/zero >&8; kill -HUP $!; kill -INT $!; echo >&8; \
        exec 8>&-; wait $!";
    scene.bash(script).exits(0).stays_silent();
    scene
        .ok("open -k customer.key -o - sealed.pgp")
        .prints("\0\0\n");
}

#[test]
fn the_next_run_names_what_a_killed_run_left() {
    let scene = Scene::with_a_call();
    let mut killed = start(&scene);
    let left = wait_for_temporaries(&scene, 1, &mut killed).remove(0);
    send(&killed, Signal::KILL);
    wait(&mut killed, SEAL);
    assert_eq!(temporaries(&scene), std::slice::from_ref(&left));
    let mut running = start(&scene);
    let both = wait_for_temporaries(&scene, 2, &mut running);

    let outcome = scene
        .without_unnamed_files("seal -q -f -r customer.crt -o a.pgp calls/a.txt")
        .exits(0)
        .says(&format!("warning: {left}: "))
        .says("may hold plaintext")
        .says(&format!("`rm {left}`"));
    // The other one has its owner.
    let other = both.iter().find(|name| **name != left).unwrap();
    assert!(!outcome.stderr().contains(other), "{outcome}");
    // A run that needs no such names doesn't look for them.
    scene
        .ok("seal -q -r customer.crt -o b.pgp calls/a.txt")
        .stays_silent();

    fs::remove_file(scene.path(left)).unwrap();
    scene
        .without_unnamed_files("seal -q -f -r customer.crt -o a.pgp calls/a.txt")
        .exits(0)
        .stays_silent();
    send(&running, Signal::TERM);
    wait(&mut running, SEAL);
    assert!(temporaries(&scene).is_empty());
}

#[test]
fn an_extraction_names_leftovers_wherever_it_writes() {
    let scene = Scene::with_a_call();
    scene.write("calls/deep/b.txt", "the second call");
    scene.ok("pack -q -o calls.zip -r customer.crt calls");
    let extract = "extract -q -f calls.zip -k customer.key -C out";
    scene.without_unnamed_files(extract).exits(0).stays_silent();
    for left in [
        "out/calls/.callseal-1a2b3c.tmp",
        "out/calls/deep/.callseal-4d5e6f.tmp",
    ] {
        scene.write(left, "plaintext");
    }
    scene
        .without_unnamed_files(extract)
        .exits(0)
        .says("warning: out/calls/.callseal-1a2b3c.tmp: ")
        .says("warning: out/calls/deep/.callseal-4d5e6f.tmp: ");
    let outcome = scene
        .without_unnamed_files(&format!("{extract} --json"))
        .exits(0);
    assert_eq!(outcome.json()["extracted"], 2);
}

#[test]
fn a_limit_on_file_sizes_is_an_error_that_names_the_file() {
    let scene = Scene::with_a_call();
    scene.write("calls/long.wav", vec![1; 4 << 20]);
    scene.ok("pack -q -o calls.zip -r customer.crt calls --compress none");
    scene.ok("seal -q -o long.pgp -r customer.crt calls/long.wav --compress none");
    let before = scene.tree("");
    for (line, file) in [
        (
            "pack -o new.zip -r customer.crt calls --compress none",
            "new.zip",
        ),
        (
            "convert calls.zip -o new.zip -k customer.key -r vendor.crt --compress none",
            "new.zip",
        ),
        (
            "seal -o new.pgp -r customer.crt calls/long.wav --compress none",
            "new.pgp",
        ),
        ("open -o new.wav long.pgp -k customer.key", "new.wav"),
    ] {
        scene
            .bash(&format!("ulimit -f 1000; exec callseal {line}"))
            .exits(1)
            .complains(&[file, "file too large"]);
        assert_eq!(scene.tree(""), before);
    }
    scene
        .bash("ulimit -f 1000; exec callseal extract calls.zip -k customer.key -C out")
        .exits(6)
        .complains(&["calls/long.wav", "file too large"]);
    assert_eq!(scene.tree("out"), ["calls/", "calls/a.txt"]);
}

#[test]
fn a_missing_directory_for_temporary_files_is_not_blamed_on_the_message() {
    let scene = Scene::with_a_call();
    scene.write("calls/long.wav", vec![1; 9 << 20]);
    let options = "-r customer.crt --compress none --format rfc4880";
    scene.ok(&format!("seal -q -o long.pgp {options} calls/long.wav"));
    scene.ok(&format!("pack -q -o long.zip {options} calls"));
    let missing = scene.path("missing");
    for line in [
        "open long.pgp -k customer.key -o -",
        "cat long.zip calls/long.wav -k customer.key",
    ] {
        scene
            .line(line)
            .env("TMPDIR", &missing)
            .exits(1)
            .complains_with_hint(&[
                "can't write a temporary file in",
                missing.to_str().unwrap(),
                "no such file or directory",
            ])
            .says("hint: set TMPDIR to a directory that exists");
        // A part of it stays in memory.
        let script = format!("ulimit -f 1000; exec callseal {line}");
        scene
            .bash(&script)
            .env("TMPDIR", scene.root())
            .exits(1)
            .complains_with_hint(&["can't write a temporary file", "file too large"]);
    }
}

#[test]
fn written_files_are_named_if_the_report_can_not_be_printed() {
    let scene = Scene::with_a_call();
    scene.ok("pack -q -o calls.zip -r customer.crt calls");
    scene.ok("seal -q -o a.pgp -r customer.crt calls/a.txt");
    scene.write("documents", "{\"a\":1}\n");
    for (line, written) in [
        (
            "convert calls.zip -k customer.key -r vendor.crt -o new.zip",
            "new.zip",
        ),
        (
            "pack --json -r customer.crt -o packed.zip calls",
            "packed.zip",
        ),
        (
            "seal --json -r customer.crt -o sealed.pgp calls/a.txt",
            "sealed.pgp",
        ),
        (
            "open --json -k customer.key -o opened.txt a.pgp",
            "opened.txt",
        ),
        (
            "extract --json -k customer.key -C out calls.zip",
            "out/calls/a.txt",
        ),
        ("export --json --gpg customer.key -o key.asc", "key.asc"),
        ("keygen --json --name new --no-passphrase", "new.key"),
        (
            "fields seal --json --fields a -r customer.crt -o sealed documents",
            "sealed",
        ),
    ] {
        scene
            .bash(&format!("callseal {line} >/dev/full"))
            .exits(1)
            .complains(&["o space left", &format!("already complete: {written}")]);
        assert!(scene.exists(written), "{written}");
    }
    scene.write("many/1", "");
    for number in 2..=5 {
        scene.write(format!("many/{number}"), "");
    }
    scene.ok("pack -q -o many.zip -r customer.crt many");
    scene
        .bash("callseal extract -j 1 --json -k customer.key -C out many.zip >/dev/full")
        .exits(1)
        .complains(&["out/many/1, out/many/2, out/many/3 and 2 more"]);
}

#[test]
fn no_other_process_of_the_user_may_read_its_memory() {
    let scene = Scene::with_parties();
    let strace = "strace -f -qq -e trace=prctl -o calls";
    scene.tool(&format!("{strace} {} keys -k customer.key", Run::CALLSEAL));
    let calls = scene.text("calls");
    assert!(
        calls.contains("PR_SET_DUMPABLE, SUID_DUMP_DISABLE) = 0"),
        "{calls}"
    );
}

#[test]
fn a_signal_during_a_passphrase_prompt_restores_the_terminal() {
    let scene = Scene::with_a_call();
    scene.locked_key_pair("locked", "rsa:2048", "correct-horse");
    scene.ok("seal -q -o a.pgp -r locked.crt calls/a.txt");
    let ask = "sh -c 'echo $$ >pid; exec callseal open a.pgp -k locked.key -o -'";
    scene.write("ask.sh", format!("{ask}\necho status $?\nstty -a\n"));
    for (act, status) in [
        ("exec kill -TERM [string trim [read [open pid]]]", 143),
        ("exec kill -HUP [string trim [read [open pid]]]", 129),
        (r#"send "\003""#, 130),
    ] {
        let outcome = scene.on_a_terminal_with(
            "bash ask.sh",
            &format!("prompt\n{act}\nexpect timeout {{ exit 99 }} \"status\""),
        );
        let shown = outcome.stdout();
        assert!(shown.contains(&format!("status {status}")), "{outcome}");
        let (_, after) = shown.split_once("status").unwrap();
        assert!(
            after.contains(" echo ") && after.contains(" icanon "),
            "{outcome}"
        );
        assert!(!after.contains("-echo "), "{outcome}");
    }
}
