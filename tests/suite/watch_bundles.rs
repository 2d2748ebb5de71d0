//! Archives of the service: when they are made, and what they are called.

#![cfg(target_os = "linux")]
use std::fs;

use rustix::process::Signal;

use crate::support::Scene;
use crate::watch_damaged::{FIRST, batch, calls, let_go};
use crate::watch_faults::traced;
use crate::watch_support::FAST;

const BUNDLES: &str = "outbox/.callseal/bundles";

/// Returns the archives that have a directory.
fn directories(scene: &Scene) -> Vec<String> {
    let entries = fs::read_dir(scene.path(BUNDLES)).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}

#[test]
fn an_archive_whose_directory_can_t_be_listed_for_a_moment_is_finished_without_a_restart() {
    let scene = let_go(FAST);
    let from = batch(&scene);
    let bundle = scene.path(format!("{BUNDLES}/{}", scene.archive_name(0, 1)));
    fs::create_dir(&bundle).unwrap();
    fs::rename(&from, bundle.join(from.file_name().unwrap())).unwrap();
    let bundles = scene.path(BUNDLES);
    let fail = "inject=getdents64:error=EIO:when=1";
    let arguments = ["-P", bundles.to_str().unwrap(), "-e", fail];
    let mut service = scene.service(traced(
        &scene,
        &arguments,
        "watch -v --config callseal.toml",
    ));
    service.waits_for("input/output error");
    scene.waits_until("bundled", || scene.bundled() == calls(&FIRST));
    service.stops();
}

#[test]
fn calls_are_not_bundled_twice_if_their_archive_can_t_be_read_for_a_moment() {
    let scene = let_go(FAST);
    let batch = batch(&scene);
    let content = fs::read(&batch).unwrap();
    scene.seals_all();
    let archive = scene.only_archive();
    // So it looks if the service is killed before the batches are removed.
    let name = archive.rsplit('/').next().unwrap();
    let bundle = scene.path(format!("{BUNDLES}/{name}"));
    fs::write(bundle.join(batch.file_name().unwrap()), content).unwrap();
    // It's read to see what is in it, flushed, and read as a whole.
    for fail in [
        "pread64:error=ENOMEM",
        "fsync:error=ENOMEM",
        "pread64:error=ENOMEM:when=3+",
    ] {
        let fail = format!("inject={fail}");
        let arguments = ["-P", &archive, "-e", &fail];
        let line = "watch --once --config callseal.toml -j 1";
        let outcome = traced(&scene, &arguments, line).outcome();
        assert_eq!(scene.only_archive(), archive, "{outcome}");
        outcome
            .exits(1)
            .says("calls-")
            .says("cannot allocate memory");
    }
    scene.seals_all();
    scene.has_bundled(&FIRST, "after that");
}

#[test]
fn a_batch_that_comes_too_late_for_an_archive_is_not_removed_with_those_in_it() {
    let scene = let_go(FAST);
    let from = batch(&scene);
    let bundle = scene.path(format!("{BUNDLES}/{}", scene.archive_name(0, 1)));
    fs::create_dir(&bundle).unwrap();
    let content = fs::read(&from).unwrap();
    fs::rename(&from, bundle.join(from.file_name().unwrap())).unwrap();
    // It stops when the archive has its name.
    let arguments = ["-P", "outbox", "-e", "inject=linkat:signal=STOP"];
    let line = "watch --once --config callseal.toml -j 1";
    let mut service = scene.service(traced(&scene, &arguments, line));
    let late = bundle.join("2026-11-28T15-00112233445566778899aabbccddeeff.zip");
    scene.waits_until("archived", || !scene.archives().is_empty());
    fs::write(&late, content).unwrap();
    scene.waits_until("finished", || {
        service.signal(Signal::CONT);
        fs::read_dir(&bundle).unwrap().count() < 2
    });
    service.ends();
    assert!(late.exists());
    // It has nothing that isn't in the archive.
    scene.seals_all();
    assert!(!late.exists());
    scene.has_bundled(&FIRST, "once");
}

#[test]
fn whatever_has_the_name_of_an_archive_stays_and_the_archive_gets_another_one() {
    for make in ["mkdir", "mkfifo", "ln -s nothing", "ln -s /etc/passwd"] {
        let scene = let_go(FAST);
        let from = batch(&scene);
        // So it looks if somebody takes the name while the archive is made.
        let name = scene.archive_name(0, 1);
        let bundle = scene.path(format!("{BUNDLES}/{name}"));
        fs::create_dir(&bundle).unwrap();
        fs::rename(&from, bundle.join(from.file_name().unwrap())).unwrap();
        scene.tool(&format!("{make} outbox/{name}"));
        scene.watch_once().exits(0);
        let found = fs::symlink_metadata(scene.path(format!("outbox/{name}"))).unwrap();
        assert!(!found.is_file(), "{make}");
        fs::rename(scene.path(format!("outbox/{name}")), scene.path("other")).unwrap();
        assert_ne!(scene.only_archive(), format!("outbox/{name}"));
        assert_eq!(scene.bundled(), calls(&FIRST), "{make}");
    }
}

#[test]
fn what_has_gone_into_an_archive_does_not_count_for_the_next_one() {
    let scene = Scene::with_a_spool(&format!("{FAST}bundle = 2\n"));
    // Which day it is may change meanwhile.
    let bundles = [0, 1].map(|day| {
        let name = scene.archive_name(day, 1);
        scene.path(format!("{BUNDLES}/{name}"))
    });
    let [today, tomorrow] = bundles.each_ref().map(|path| path.to_str().unwrap());
    let fail = "inject=renameat2:error=EIO:when=2";
    let arguments = ["-P", today, "-P", tomorrow, "-e", fail];
    let mut service = scene.service(traced(
        &scene,
        &arguments,
        "watch -v --config callseal.toml",
    ));
    service.waits_for("calls: watching");
    for name in ["first", "second"] {
        scene.spool(&[(name, name)]);
        service.waits_for("let go of 1 sealed file");
    }
    service.waits_for("input/output error");
    service.waits_for("(1 call, ");
    scene.spool(&[("third", "third")]);
    service.waits_for("(2 calls, ");
    service.stops();
    let all = [("first", "first"), ("second", "second"), ("third", "third")];
    scene.has_bundled(&all, "in two archives");
}

#[test]
fn no_number_of_an_archive_is_too_large_to_go_on_from() {
    let scene = Scene::with_a_spool(FAST);
    let name = |day| scene.archive_name(day, u32::MAX);
    for day in [0, 1] {
        scene.write(format!("outbox/{}", name(day)), "somebody else's");
    }
    scene.spool(&FIRST);
    scene.seals_all();
    let others = [0, 1].map(|day| format!("outbox/{}", name(day)));
    let mut archives = scene.archives();
    archives.retain(|archive| !others.contains(archive));
    assert_eq!(archives.len(), 1, "{archives:?}");
    assert!(archives[0].ends_with("-4294967296.zip"), "{archives:?}");
}

#[test]
fn the_directories_of_archives_stay_for_a_week_and_not_for_ever() {
    let scene = let_go(FAST);
    for day in -9..0 {
        let name = scene.archive_name(day, 3);
        fs::create_dir(scene.path(format!("{BUNDLES}/{name}"))).unwrap();
    }
    scene.seals_all();
    let left = directories(&scene);
    assert_eq!(left.len(), 7, "{left:?}");
    assert!(left[6].ends_with("-0001.zip"), "{left:?}");
}
