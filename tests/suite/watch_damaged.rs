//! Archives of the service that are damaged before their calls are bundled.

#![cfg(target_os = "linux")]
use std::fs;
use std::path::PathBuf;

use crate::support::{Outcome, Run, Scene};
use crate::watch_support::{CALLS, FAST, Found};

pub const FIRST: [(&str, &str); 2] = [("a.wav", "the first call"), ("b.wav", "the second")];
const LATER: [(&str, &str); 1] = [("c.wav", "a call of the next batch")];

/// Ways in which an archive may be damaged.
const DAMAGES: [fn(&mut Vec<u8>); 3] = [
    |archive| archive.fill(b'x'),
    |archive| archive.truncate(archive.len() / 2),
    |archive| {
        let middle = archive.len() / 4;
        archive[middle] ^= 1;
    },
];

fn files(scene: &Scene, directory: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(scene.path(directory)).unwrap();
    let mut found: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    found.sort();
    found
}

/// Returns the only batch that is sealed and not bundled.
pub fn batch(scene: &Scene) -> PathBuf {
    let mut found = files(scene, "outbox/.callseal/sealed");
    assert_eq!(found.len(), 1, "{found:?}");
    found.remove(0)
}

/// Seals the first calls, and ends before they are bundled.
fn sealed(settings: &str) -> Scene {
    let scene = Scene::with_a_spool(settings);
    scene.spool(&FIRST);
    let mut service = scene.starts_watching();
    // The archive is read back before that is said.
    service.waits_for("sealed 2 files");
    service.stops();
    scene
}

/// Seals the first calls and lets go of them, and ends before they are bundled.
pub fn let_go(settings: &str) -> Scene {
    let scene = Scene::with_a_spool(settings);
    scene.spool(&FIRST);
    let mut service = scene.starts_watching();
    service.waits_for("let go of 2 sealed files");
    service.stops();
    assert_eq!(scene.spooled(), Found::new());
    scene
}

pub fn damage(path: &PathBuf, how: fn(&mut Vec<u8>)) -> Vec<u8> {
    let sound = fs::read(path).unwrap();
    let mut damaged = sound.clone();
    how(&mut damaged);
    fs::write(path, damaged).unwrap();
    sound
}

fn put_aside(scene: &Scene) -> Outcome {
    let outcome = scene.watch_once().exits(6);
    assert_eq!(files(scene, "outbox/.callseal/damaged").len(), 1);
    outcome.says(".zip: it's damaged, and was put aside: ")
}

pub fn calls(calls: &[(&str, &str)]) -> Found {
    let calls = calls.iter();
    let call = |(name, content): &(&str, &str)| {
        let call = ((*name).to_owned(), content.as_bytes().to_vec());
        (call, 1)
    };
    calls.map(call).collect()
}

#[test]
fn a_damaged_batch_keeps_no_other_from_being_bundled_and_is_bundled_when_it_s_whole_again() {
    for how in DAMAGES {
        let scene = let_go(FAST);
        let sound = damage(&batch(&scene), how);
        scene.spool(&LATER);
        put_aside(&scene).says("hint: `callseal extract -k KEY ");
        assert_eq!(scene.bundled(), calls(&LATER));
        // It's named until somebody has looked at it.
        put_aside(&scene);
        let damaged = files(&scene, "outbox/.callseal/damaged").remove(0);
        fs::write(damaged, sound).unwrap();
        scene.seals_all().says("it was damaged, and is whole again");
        scene.has_bundled(&[FIRST[0], FIRST[1], LATER[0]], "whole again");
    }
}

#[test]
fn a_batch_that_is_damaged_in_the_directory_of_its_archive_keeps_no_other_from_being_bundled() {
    for how in DAMAGES {
        let scene = let_go(FAST);
        let first = batch(&scene);
        let bundle = format!("outbox/.callseal/bundles/{}", scene.archive_name(0, 1));
        fs::create_dir(scene.path(&bundle)).unwrap();
        let moved = scene.path(&bundle).join(first.file_name().unwrap());
        fs::rename(&first, &moved).unwrap();
        damage(&moved, how);
        scene.spool(&LATER);
        put_aside(&scene);
        assert_eq!(scene.bundled(), calls(&LATER));
    }
}

#[test]
fn single_messages_don_t_wait_for_a_damaged_batch() {
    for how in DAMAGES {
        let scene = let_go(FAST);
        scene.watch(&format!("{FAST}bundle = 'none'\n"));
        damage(&batch(&scene), how);
        scene.spool(&LATER);
        put_aside(&scene);
        assert!(scene.exists("outbox/c.wav.pgp"));
    }
}

#[test]
fn claims_whose_batch_is_damaged_are_sealed_anew() {
    // No archive is left that is damaged where only a full read shows it: all of its calls
    // are sealed anew.
    let statuses = [6, 6, 0];
    for (how, status) in DAMAGES.into_iter().zip(statuses) {
        let scene = sealed("settle = '1s'\ngrace = '1h'\n");
        damage(&batch(&scene), how);
        scene.watch(FAST);
        let outcome = scene.watch_once().exits(status);
        assert_eq!(scene.bundled(), calls(&FIRST), "{outcome}");
        assert_eq!(scene.spooled(), Found::new());
    }
}

#[test]
fn a_batch_that_is_damaged_before_its_claims_are_let_go_keeps_them() {
    for how in DAMAGES {
        let scene = damaged_in_time(how);
        scene.watch(FAST);
        scene.watch_once().exits(6);
        assert_eq!(scene.bundled(), calls(&CALLS));
    }
}

/// Damages an archive before its claims are let go, and waits until the service has put
/// it aside. On a busy machine, a longer grace is needed.
fn damaged_in_time(how: fn(&mut Vec<u8>)) -> Scene {
    for grace in [4, 16, 64] {
        let scene = Scene::with_a_spool(&format!("settle = '1s'\ngrace = '{grace}s'\n"));
        scene.spool(&CALLS);
        let mut service = scene.starts_watching();
        service.waits_for("sealed 4 files");
        let batch = batch(&scene);
        damage(&batch, how);
        let is_there = |directory| !files(&scene, directory).is_empty();
        let [damaged, claims] = ["outbox/.callseal/damaged", "spool/.callseal/claims"];
        scene.waits_until("noticed", || is_there(damaged) || !is_there(claims));
        if is_there(damaged) {
            service.waits_for(".zip: it's damaged, and was put aside: ");
            return scene;
        }
    }
    panic!("the claims were let go");
}

#[test]
fn a_batch_that_can_t_be_read_for_a_while_is_bundled_later() {
    let scene = let_go(FAST);
    let path = batch(&scene);
    let path = path.to_str().unwrap();
    let inject = "inject=pread64,read:error=EIO";
    let strace = ["-f", "-qq", "-o", "trace", "-P", path, "-e", inject];
    let line = "watch --once --config callseal.toml -j 1".split(' ');
    let program = [Run::CALLSEAL].into_iter().chain(line);
    scene.spool(&LATER);
    scene
        .program("strace", strace)
        .args(program)
        .exits(6)
        .says("input/output error");
    assert_eq!(scene.bundled(), calls(&LATER));
    scene.seals_all().says("it was damaged, and is whole again");
    scene.has_bundled(&[FIRST[0], FIRST[1], LATER[0]], "readable again");
}
