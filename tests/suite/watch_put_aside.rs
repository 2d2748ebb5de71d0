//! Damaged archives of the service that share a name, or that were used in part.

#![cfg(target_os = "linux")]
use std::fs;

use crate::support::Scene;
use crate::watch_damaged::{FIRST, batch, calls, damage, let_go};
use crate::watch_support::FAST;

/// Seals the first calls, and puts their damaged archive aside twice. Returns its name
/// without the ending, and what it was before.
fn put_aside_twice() -> (Scene, String, Vec<u8>) {
    let scene = let_go(FAST);
    let path = batch(&scene);
    let sound = damage(&path, |archive| archive.truncate(archive.len() / 2));
    let damaged = fs::read(&path).unwrap();
    scene.watch_once().exits(6);
    fs::write(&path, damaged).unwrap();
    let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
    scene.watch_once().exits(6).says(&format!("{name}.2.zip"));
    (scene, name, sound)
}

#[test]
fn each_damaged_archive_is_named_at_each_start() {
    let (scene, name, _) = put_aside_twice();
    let put_aside = |ending| format!("{name}{ending}: it's damaged, and was put aside");
    scene
        .watch_once()
        .exits(6)
        .says(&put_aside(".zip"))
        .says(&put_aside(".2.zip"));
}

#[test]
fn a_damaged_archive_with_a_number_is_taken_back_when_it_s_whole_again() {
    let (scene, name, sound) = put_aside_twice();
    let damaged = scene.path("outbox/.callseal/damaged");
    fs::write(damaged.join(format!("{name}.2.zip")), sound).unwrap();
    fs::remove_file(damaged.join(format!("{name}.zip"))).unwrap();
    scene.seals_all().says("it was damaged, and is whole again");
    scene.has_bundled(&FIRST, "whole again");
}

#[test]
fn an_archive_that_is_whole_again_is_named_if_another_one_has_its_place() {
    let scene = let_go(FAST);
    let path = batch(&scene);
    let name = path.file_name().unwrap().to_str().unwrap();
    let aside = scene.path("outbox/.callseal/damaged").join(name);
    fs::copy(&path, &aside).unwrap();
    scene
        .watch_once()
        .exits(6)
        .says(&format!(
            "damaged/{name}: it was damaged, and is whole again, but "
        ))
        .says("has its place")
        .says("hint: `callseal extract -k KEY ");
    assert_eq!(scene.bundled(), calls(&FIRST));
    assert!(aside.exists());
}

#[test]
fn messages_that_were_published_before_a_damaged_one_are_named() {
    let scene = let_go(FAST);
    scene.watch(&format!("{FAST}bundle = 'none'\n"));
    damage(&batch(&scene), |archive| {
        let second = archive.len() * 5 / 8;
        archive[second] ^= 1;
    });
    let outcome = scene
        .line("watch --once -v --config callseal.toml -j 1")
        .exits(6)
        .says("it's damaged, and was put aside");
    // Either may be the first in the archive.
    let mut published = FIRST.map(|(name, _)| format!("outbox/{name}.pgp")).to_vec();
    published.retain(|message| scene.exists(message));
    assert_eq!(published.len(), 1, "{outcome}");
    outcome.says(&format!("{} (", published[0]));
}
