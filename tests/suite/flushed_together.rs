//! An extraction flushes many files to disk together, and names them then.

#![cfg(target_os = "linux")]
use std::collections::{HashMap, HashSet};
use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::process::Stdio;
use std::time::Instant;

use rustix::process::{Pid, Signal, kill_process};

use crate::support::{Run, Scene, content, wait};

/// The number of files, more than are flushed together.
const FILES: usize = 600;

/// Returns a scene with an archive of many files in two directories.
fn scene_with_many_files() -> Scene {
    let scene = Scene::with_parties();
    for number in 0..FILES {
        scene.write(name(number), content_of(number));
    }
    scene.ok("pack -q -o calls.zip -r customer.crt calls");
    scene
}

fn name(number: usize) -> String {
    format!("calls/{}/{number:03}.wav", number % 2)
}

fn content_of(number: usize) -> Vec<u8> {
    content(5000 + number * 7)
}

#[test]
fn a_file_gets_its_name_when_its_content_is_on_the_disk() {
    let scene = scene_with_many_files();
    for jobs in [1, 2] {
        let strace = "strace -f -qq -s 0 -o trace -e trace=write,fsync,linkat,close";
        scene.tool(&format!(
            "{strace} {} extract -q -j {jobs} calls.zip -k customer.key -C out-{jobs}",
            Run::CALLSEAL
        ));
        let trace = scene.text("trace");
        let mut flushed = HashSet::new();
        let mut flushing = HashMap::new();
        let mut named = 0;
        for line in trace.lines() {
            let (thread, call) = line.split_once(' ').unwrap();
            let call = call.trim_start();
            let succeeds = call.ends_with("= 0");
            if call.starts_with("<... fsync resumed>") {
                let file: String = flushing.remove(thread).unwrap();
                assert!(succeeds, "{line}");
                flushed.insert(file);
            } else if let Some(call) = call.strip_prefix("fsync(") {
                let digits = |digit: &char| digit.is_ascii_digit();
                let file: String = call.chars().take_while(digits).collect();
                match succeeds {
                    true => drop(flushed.insert(file)),
                    false => drop(flushing.insert(thread.to_owned(), file)),
                }
            } else if let Some(call) = call
                .strip_prefix("write(")
                .or_else(|| call.strip_prefix("close("))
            {
                let file = call.split([',', ')', ' ']).next().unwrap();
                flushed.remove(file);
            } else if let Some((_, call)) = call.split_once("\"/proc/self/fd/") {
                let (file, _) = call.split_once('"').unwrap();
                assert!(flushed.contains(file), "not flushed: {line}\n{trace}");
                named += 1;
            }
        }
        // If files can't be without a name here, none is linked.
        assert!([0, FILES].contains(&named), "{named} files are linked");
        assert_eq!(scene.tree(format!("out-{jobs}/calls/0")).len(), FILES / 2);
    }
}

#[test]
fn a_killed_extraction_of_many_files_leaves_only_whole_ones() {
    let scene = scene_with_many_files();
    let line = "extract -q calls.zip -k customer.key -C out";
    let start = Instant::now();
    scene.ok(line);
    let whole = start.elapsed();
    assert_eq!(files_left(&scene), FILES);
    let mut cut_short = 0;
    for part in 1..=12 {
        let mut child = scene.line(line).start(Stdio::null());
        std::thread::sleep(whole * part / 12);
        // It may be gone already.
        let _ = kill_process(Pid::from_child(&child), Signal::KILL);
        let status = wait(&mut child, line);
        let left = files_left(&scene);
        match status.signal() {
            Some(_) => cut_short += usize::from(left < FILES),
            None => assert_eq!(left, FILES),
        }
    }
    assert!(cut_short > 0, "none of them was stopped half way");
}

/// Returns the number of extracted files, each of which must be whole, and
/// removes them.
fn files_left(scene: &Scene) -> usize {
    let mut left = 0;
    for number in 0..FILES {
        if let Ok(found) = fs::read(scene.path("out").join(name(number))) {
            assert_eq!(found, content_of(number), "{}", name(number));
            left += 1;
        }
    }
    if scene.exists("out") {
        let entries = scene.tree("out");
        let files = entries.iter().filter(|name| name.ends_with(".wav"));
        assert_eq!(files.count(), left, "{entries:?}");
        fs::remove_dir_all(scene.path("out")).unwrap();
    }
    left
}

#[test]
fn few_descriptors_are_enough() {
    let scene = Scene::with_parties();
    for number in 0..300 {
        scene.write(format!("calls/{number}/call.txt"), number.to_string());
    }
    scene.ok("pack -q -o calls.zip -r customer.crt calls");
    for descriptors in [20, 32, 64, 256] {
        scene
            .bash(&format!(
                "ulimit -n {descriptors}; \
                 exec callseal extract -q -j 4 calls.zip -k customer.key -C out"
            ))
            .exits(0)
            .stays_silent();
        for number in 0..300 {
            let text = scene.text(format!("out/calls/{number}/call.txt"));
            assert_eq!(text, number.to_string());
        }
        fs::remove_dir_all(scene.path("out")).unwrap();
    }
}

#[test]
fn a_file_that_cannot_be_flushed_is_named_and_the_others_are_there() {
    let scene = scene_with_many_files();
    // The fourth flush of each of the threads that flush fails.
    let strace = "strace -f -qq -o trace -e trace=fsync -e inject=fsync:error=EIO:when=4";
    let outcome = scene
        .tool_line(&format!(
            "{strace} {} extract -v -j 1 calls.zip -k customer.key -C out",
            Run::CALLSEAL
        ))
        .exits(6);
    let failed = scene.text("trace").matches("(INJECTED)").count();
    let absent: Vec<_> = (0..FILES)
        .map(name)
        .filter(|name| !scene.exists(format!("out/{name}")))
        .collect();
    // One of them may have been that of a directory.
    assert!((1..=failed).contains(&absent.len()), "{absent:?}");
    let errors = outcome.stderr();
    for name in &absent {
        let says = |line: &str| line.contains(name) && line.contains("input/output error");
        assert!(errors.lines().any(says), "{name} is not named: {outcome}");
    }
    assert_eq!(files_left(&scene), FILES - absent.len());
}
