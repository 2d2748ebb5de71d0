//! The service when some of its files fail, or don't fit.

#![cfg(target_os = "linux")]
use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use rand::{RngCore, thread_rng};
use rustix::process::Signal;

use crate::support::{Run, Scene, as_an_owner};
use crate::watch_support::{CALLS, FAST, Found, SmallOutbox};

fn noise(bytes: usize) -> Vec<u8> {
    let mut noise = vec![0; bytes];
    thread_rng().fill_bytes(&mut noise);
    noise
}

/// Returns the program that traces the service, and fails some of its calls. The
/// service itself is the process that is started.
pub fn traced<'a>(scene: &Scene, strace: &[&'a str], line: &'a str) -> Run {
    let strace = ["-D", "-f", "-qq", "-o", "trace"]
        .into_iter()
        .chain(strace.iter().copied());
    let program = [Run::CALLSEAL].into_iter().chain(line.split(' '));
    scene.program("strace", strace.chain(program))
}

/// Returns the directory of the only batch that has claims.
fn claims(scene: &Scene) -> PathBuf {
    let mut found = fs::read_dir(scene.path("spool/.callseal/claims")).unwrap();
    let found = found.next().unwrap().unwrap();
    found.path()
}

/// Seals the calls, and ends before their claims are let go.
fn sealed_and_kept() -> Scene {
    let scene = Scene::with_a_spool("settle = '1s'\ngrace = '1h'\n");
    scene.spool(&CALLS);
    let service = scene.starts_watching();
    scene.waits_until("sealed", || scene.sealed().len() == CALLS.len());
    service.stops();
    scene.watch(FAST);
    scene
}

#[test]
fn a_file_that_doesn_t_fit_waits_and_those_that_fit_are_sealed() {
    let scene = Scene::with_a_spool(FAST);
    let Some(outbox) = SmallOutbox::mount(&scene) else {
        return;
    };
    scene.write("outbox/ballast", vec![1; 700 << 10]);
    scene.write("spool/large.wav", noise(400_000));
    scene.spool(&CALLS);
    let mut service = scene.starts_watching();
    service.waits_for("no space left on device; next try in ");
    service.waits_for("hint: free some space there; files that fit are sealed meanwhile");
    scene.waits_until("sealed", || scene.sealed().len() == CALLS.len());
    assert!(scene.spooled().keys().any(|(name, _)| name == "large.wav"));
    fs::remove_file(scene.path("outbox/ballast")).unwrap();
    service.signal(Signal::HUP);
    scene.waits_until("sealed", || scene.sealed().len() == CALLS.len() + 1);
    service.stops();
    drop(outbox);
}

#[test]
fn a_file_that_no_disk_takes_is_its_own_fault() {
    let scene = Scene::with_a_spool(FAST);
    scene.write("spool/large.wav", noise(400_000));
    scene.spool(&CALLS);
    let line = "trap '' XFSZ; ulimit -f 100; callseal watch --once --config callseal.toml -j 1";
    scene
        .bash(line)
        .exits(6)
        .says("large.wav: the outbox takes no file of its size; it's tried again");
    assert_eq!(scene.bundled().len(), CALLS.len());
    assert_eq!(scene.spooled().len(), 1);
    scene.seals_all();
    assert_eq!(scene.bundled().values().sum::<usize>(), CALLS.len() + 1);
}

#[test]
fn a_claim_is_not_forgotten_if_the_next_one_fails() {
    let scene = sealed_and_kept();
    let fail = "inject=renameat2:error=ENOSPC:when=2";
    let line = "watch -v --config callseal.toml";
    let mut service = scene.service(traced(&scene, &["-e", fail], line));
    service.waits_for("no space left on device; next try in ");
    service.waits_for("calls: sealing again");
    scene.waits_until("sealed", || scene.sealed().len() == CALLS.len());
    scene.waits_until("let go", || scene.spooled().is_empty());
    service.stops();
    scene.seals_all();
    scene.has_bundled(&CALLS, "after that");
}

#[test]
fn a_run_for_cron_that_can_t_let_go_says_so_and_ends() {
    let scene = Scene::with_a_spool(FAST);
    scene.watch_once().exits(0);
    scene.spool(&CALLS);
    let sealed = scene.path("outbox/.callseal/sealed");
    // The first two looks are at its name and at the new archive, the others before it lets
    // go.
    let fail = "inject=newfstatat,statx:error=EIO:when=3+";
    let arguments = ["-P", sealed.to_str().unwrap(), "-e", fail];
    let line = "watch --once --config callseal.toml -j 1";
    traced(&scene, &arguments, line)
        .exits(1)
        .complains(&["outbox/.callseal/sealed/", "input/output error"]);
    scene.has_lost_nothing(&CALLS, "not let go");
    scene.seals_all();
    scene.has_bundled(&CALLS, "after that");
}

#[test]
fn files_that_fail_together_don_t_cost_one_try_each() {
    // Files that don't settle together are claimed by two batches, which shows nothing.
    let is_shown = || fail_together().is_some();
    assert!((0..10).any(|_| is_shown()));
}

#[test]
fn a_run_for_cron_whose_outbox_goes_away_says_so_and_ends() {
    let scene = Scene::with_a_spool("settle = '1s'\ngrace = '4s'\n");
    scene.spool(&CALLS);
    let run = scene.line("watch --once -v --config callseal.toml");
    let mut service = scene.service(run);
    service.waits_for("sealed 4 files ");
    fs::rename(scene.path("outbox"), scene.path("away")).unwrap();
    service.waits_for("outbox: no such file or directory");
    service.ends();
    fs::rename(scene.path("away"), scene.path("outbox")).unwrap();
    scene.has_lost_nothing(&CALLS, "without an outbox");
    scene.seals_all();
    scene.has_bundled(&CALLS, "after that");
}

#[test]
fn an_archive_is_made_in_the_outbox_though_its_path_leads_elsewhere_meanwhile() {
    let scene = sealed_and_kept();
    scene.watch_once().exits(0);
    scene.spool(&[("more.wav", "more")]);
    // The path of the outbox is opened late by whoever opens it.
    let outbox = scene.path("outbox");
    let delay = "inject=fsync:delay_enter=300000";
    let bundles = scene.path("outbox/.callseal/bundles");
    let arguments = [
        "-P",
        bundles.to_str().unwrap(),
        "-e",
        "trace=fsync",
        "-e",
        delay,
    ];
    let line = "watch --once --config callseal.toml -j 1";
    let mut service = scene.service(traced(&scene, &arguments, line));
    let is_begun = || fs::read_dir(&bundles).unwrap().count() > 1;
    scene.waits_until("begun", is_begun);
    fs::rename(&outbox, scene.path("away")).unwrap();
    fs::create_dir(&outbox).unwrap();
    service.ends();
    assert_eq!(fs::read_dir(&outbox).unwrap().count(), 0);
    fs::remove_dir(&outbox).unwrap();
    fs::rename(scene.path("away"), &outbox).unwrap();
    scene.seals_all();
    let calls: Vec<_> = CALLS.into_iter().chain([("more.wav", "more")]).collect();
    scene.has_bundled(&calls, "after that");
}

/// Seals files of which half are written to while they are claimed. Returns `None` if they
/// weren't claimed together.
fn fail_together() -> Option<()> {
    const MANY: usize = 10;
    let scene = Scene::with_a_spool(FAST);
    // The service has its directory in the spool from now on, and flushes the spool
    // only to claim.
    scene.watch_once().exits(0);
    let mut writers = Vec::new();
    for number in 0..2 * MANY {
        let name = scene.write(format!("spool/{number:02}"), number.to_string());
        if number % 2 == 0 {
            writers.push(fs::File::options().append(true).open(name).unwrap());
        }
    }
    let sealed = scene.path("outbox/.callseal/sealed");
    let arguments = [
        "-P",
        "spool",
        "-P",
        sealed.to_str().unwrap(),
        "-e",
        "trace=fsync,openat",
        "-e",
        "inject=fsync:signal=STOP:when=1",
    ];
    let line = "watch -v --config callseal.toml -j 1";
    let service = scene.service(traced(&scene, &arguments, line));
    let is_flushed = || fs::read_to_string(scene.path("trace")).is_ok_and(|t| t.contains("fsync("));
    scene.waits_until("claimed", is_flushed);
    if (0..2 * MANY).any(|number| scene.exists(format!("spool/{number:02}"))) {
        return None;
    }
    for mut writer in writers {
        writer.write_all(b" and more").unwrap();
    }
    // It may not have stopped yet.
    scene.waits_until("sealed", || {
        service.signal(Signal::CONT);
        scene.sealed().len() == MANY
    });
    drop(service);
    let trace = scene.text("trace");
    let tries = trace.lines().filter(|line| line.contains("O_TMPFILE"));
    assert!(tries.count() < 5, "{trace}");
    scene.seals_all();
    assert_eq!(scene.bundled().values().sum::<usize>(), 2 * MANY);
    Some(())
}

#[test]
fn calls_in_a_directory_that_can_t_be_read_are_named_and_not_bundled_twice() {
    let scene = sealed_and_kept();
    let hidden = claims(&scene).join("a");
    let set_mode = |mode| fs::set_permissions(&hidden, fs::Permissions::from_mode(mode)).unwrap();
    set_mode(0);
    let run = as_an_owner(|| scene.watch_once().outcome());
    let others: BTreeSet<&str> = CALLS[2..].iter().map(|(name, _)| *name).collect();
    let bundled = scene.bundled();
    let bundled: BTreeSet<&str> = bundled.keys().map(|(name, _)| name.as_str()).collect();
    set_mode(0o700);
    run.exits(6).says("/a: permission denied; it's tried again");
    assert_eq!(bundled, others);
    scene.has_lost_nothing(&CALLS, "hidden");
    scene.seals_all();
    scene.has_bundled(&CALLS, "visible again");
}

#[test]
fn a_claim_that_can_t_be_read_any_more_is_named_and_its_sealed_copy_stays() {
    let scene = Scene::with_a_spool("settle = '1s'\ngrace = '10s'\n");
    scene.spool(&[("a.wav", "the call")]);
    let mut service = scene.starts_watching();
    scene.waits_until("sealed", || scene.sealed().len() == 1);
    let claim = claims(&scene).join("a.wav");
    let process = service.id().to_string();
    let arguments = [
        "-f",
        "-o",
        "trace",
        "-P",
        claim.to_str().unwrap(),
        "-e",
        "inject=read:error=EIO",
        "-p",
        &process,
    ];
    let mut strace = scene.service(scene.program("strace", arguments));
    strace.waits_for("attached");
    service.waits_for("a.wav: input/output error; it's tried again");
    drop(strace);
    drop(service);
    assert_eq!(scene.sealed().len(), 1);
    scene.watch(FAST);
    scene.seals_all();
    scene.has_bundled(&[("a.wav", "the call")], "readable again");
    assert_eq!(scene.spooled(), Found::new());
}
