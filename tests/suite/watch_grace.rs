//! What the service lets go of, and when.

#![cfg(target_os = "linux")]
use std::fs;
use std::path::PathBuf;

use rustix::process::Signal;

use crate::support::{Run, Scene};
use crate::watch_support::{CALLS, FAST, Found};

/// Returns the only batch that is sealed.
fn batch(scene: &Scene) -> PathBuf {
    let mut found = fs::read_dir(scene.path("outbox/.callseal/sealed")).unwrap();
    found.next().unwrap().unwrap().path()
}

/// Returns the program that traces the service to a file `trace`.
fn traced(scene: &Scene, strace: &[&str], line: &str) -> Run {
    let strace = ["-f", "-qq", "-o", "trace"].iter().chain(strace);
    let program = [Run::CALLSEAL].into_iter().chain(line.split(' '));
    scene.program("strace", strace.copied().chain(program))
}

/// Returns the lines of the trace that have all of these words.
fn traces(scene: &Scene, words: &[&str]) -> Vec<(usize, String)> {
    let trace = scene.text("trace");
    let lines = trace.lines().map(str::to_owned).enumerate();
    lines
        .filter(|(_, line)| words.iter().all(|word| line.contains(word)))
        .collect()
}

#[test]
fn claims_are_kept_for_their_grace_however_long_the_sealing_took() {
    const GRACE: f64 = 3.0;
    let scene = Scene::with_a_spool("settle = '1s'\ngrace = '3s'\n");
    scene.spool(&[("a.wav", "the call")]);
    // The batch gets its name later than the grace after it was begun.
    let strace = [
        "-ttt",
        "-e",
        "trace=linkat,fsync,unlinkat",
        "-e",
        "inject=linkat:delay_enter=4000000:when=1",
    ];
    traced(&scene, &strace, "watch --once --config callseal.toml -j 1").exits(0);
    let time = |line: &str| -> f64 { line.split_whitespace().nth(1).unwrap().parse().unwrap() };
    let (linked, _) = traces(&scene, &["linkat(", "/proc/self/fd"])[0];
    let flushes = traces(&scene, &["fsync("]);
    let sealed = flushes.iter().find(|(number, _)| *number > linked).unwrap();
    let (_, gone) = &traces(&scene, &["unlinkat(", "\"a.wav\""])[0];
    let kept = time(gone) - time(&sealed.1);
    assert!(kept >= GRACE, "{kept}: {}", scene.text("trace"));
}

#[test]
fn claims_are_kept_if_a_sound_archive_with_fewer_calls_is_copied_over_theirs() {
    let scene = Scene::with_a_spool("settle = '1s'\ngrace = '8s'\n");
    scene.spool(&CALLS);
    scene.write("a/one.wav", CALLS[0].1);
    scene.ok("pack -q -o fewer.zip -r customer.crt -r vendor.crt --index none a");
    let mut service = scene.starts_watching();
    scene.waits_until("sealed", || scene.sealed().len() == CALLS.len());
    fs::copy(scene.path("fewer.zip"), batch(&scene)).unwrap();
    service.waits_for("somebody has changed it; its files are sealed anew");
    drop(service);
    scene.has_lost_nothing(&CALLS, "after the copy");
    scene.watch(FAST);
    scene.seals_all();
    scene.has_bundled(&CALLS, "in the end");
}

#[test]
fn a_shorter_grace_holds_for_what_is_sealed_from_then_on() {
    let scene = Scene::with_a_spool("settle = '1s'\ngrace = '1h'\n");
    scene.spool(&[("a.wav", "the first call")]);
    let service = scene.starts_watching();
    scene.waits_until("sealed", || scene.sealed().len() == 1);
    scene.watch(FAST);
    service.signal(Signal::HUP);
    scene.spool(&[("b.wav", "the second call")]);
    let first = ("a.wav".to_owned(), b"the first call".to_vec());
    let only_first = Found::from([(first, 1)]);
    let is_let_go = || scene.sealed().len() == 2 && scene.spooled() == only_first;
    scene.waits_until("let go", is_let_go);
    service.stops();
}

#[test]
fn a_batch_is_not_bundled_if_it_could_not_be_flushed_that_its_files_are_gone() {
    const SETTINGS: &str = "settle = '1s'\ngrace = '0s'\nbundle = 1\n";
    const LINE: &str = "watch -v --config callseal.toml -j 1";
    const FIRST: (&str, &str) = ("a.wav", "the first call");
    const LATER: (&str, &str) = ("b.wav", "the next call");
    // The flush that fails is the one after the removal, which another run has shown.
    let scene = Scene::with_a_spool(SETTINGS);
    scene.spool(&[FIRST]);
    let strace = ["-e", "trace=fsync,unlinkat"];
    traced(&scene, &strace, "watch --once --config callseal.toml -j 1").exits(0);
    let (gone, line) = &traces(&scene, &["unlinkat(", "\"a.wav\""])[0];
    // They are counted for each thread.
    let thread = line.split(' ').next().unwrap();
    let flushes = traces(&scene, &[thread, " fsync("]);
    let before = flushes.iter().filter(|(number, _)| number < gone).count();
    let scene = Scene::with_a_spool(SETTINGS);
    scene.spool(&[FIRST]);
    let inject = format!("inject=fsync:error=EIO:when={}", before + 1);
    let mut service = scene.service(traced(&scene, &["-D", "-e", &inject], LINE));
    service.waits_for("couldn't be flushed to the disk; it's bundled after a restart");
    service.waits_for("input/output error; next try in");
    scene.spool(&[LATER]);
    scene.waits_until("bundled", || !scene.archives().is_empty());
    let later = (LATER.0.to_owned(), LATER.1.as_bytes().to_vec());
    assert_eq!(scene.bundled(), Found::from([(later, 1)]));
    service.signal(Signal::TERM);
    service.ends();
    scene.seals_all();
    scene.has_bundled(&[FIRST, LATER], "after a restart");
}
