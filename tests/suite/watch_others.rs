//! What is wrong with one thing keeps no other call from being sealed.

#![cfg(target_os = "linux")]

use std::fs;
use std::os::unix::fs::PermissionsExt;

use rand::{RngCore, thread_rng};

use crate::support::{Scene, as_an_owner};
use crate::watch_support::{FAST, SmallOutbox};

fn noise(bytes: usize) -> Vec<u8> {
    let mut noise = vec![0; bytes];
    thread_rng().fill_bytes(&mut noise);
    noise
}

#[test]
fn an_archive_without_room_keeps_no_call_from_being_sealed_by_cron() {
    let scene = Scene::with_a_spool(FAST);
    let Some(_outbox) = SmallOutbox::mount(&scene) else {
        return;
    };
    // Its batch fits, and not the archive beside it.
    scene.write("spool/large.wav", noise(600_000));
    scene.watch_once().exits(1).says("no space left on device");
    scene.write("spool/small.txt", "a small call");
    scene.watch_once().exits(1).says("no space left on device");
    assert!(scene.spooled().is_empty());
    assert_eq!(scene.sealed().len(), 2);
}

#[test]
fn calls_that_fit_are_sealed_in_the_round_in_which_others_do_not_fit() {
    let scene = Scene::with_a_spool("settle = '1s'\ngrace = '0s'\nbundle = 'none'\n");
    let Some(_outbox) = SmallOutbox::mount(&scene) else {
        return;
    };
    // Each has a batch for itself, and they are found first.
    for number in 0..3 {
        let file = fs::File::create(scene.path(format!("spool/{number}"))).unwrap();
        file.set_len(70 << 20).unwrap();
        std::io::Write::write_all(&mut &file, &noise(2 << 20)).unwrap();
    }
    scene.write("spool/small.txt", "a small call");
    scene.watch_once().exits(1).says("no space left on device");
    let left: Vec<String> = scene.spooled().into_keys().map(|(name, _)| name).collect();
    assert_eq!(left, ["0", "1", "2"]);
}

#[test]
fn a_directory_for_moved_calls_may_be_replaced() {
    let scene = Scene::with_a_spool(&format!("{FAST}then = {{ move = 'moved' }}\n"));
    fs::create_dir(scene.path("moved")).unwrap();
    scene.spool(&[("one.wav", "one")]);
    let settings = "settle = '1s'\ngrace = '0s'\nbundle = 1\nthen = { move = 'moved' }\n";
    scene.watch(settings);
    let mut service = scene.starts_watching();
    service.waits_for("let go of 1 sealed file");
    fs::remove_dir_all(scene.path("moved")).unwrap();
    scene.spool(&[("two.wav", "two")]);
    service.waits_for("moved: no such file or directory");
    fs::create_dir(scene.path("moved")).unwrap();
    service.waits_for("let go of 1 sealed file");
    assert_eq!(scene.text("moved/two.wav"), "two");
    scene.waits_until("bundled", || scene.bundled().len() == 2);
    service.stops();
}

#[test]
fn a_message_is_not_published_where_its_name_can_t_be_flushed() {
    let scene = Scene::with_a_spool("settle = '1s'\ngrace = '0s'\nbundle = 'none'\n");
    scene.spool(&[("drop/one.wav", "one")]);
    fs::create_dir(scene.path("outbox/drop")).unwrap();
    let set =
        |mode| fs::set_permissions(scene.path("outbox/drop"), fs::Permissions::from_mode(mode));
    set(0o333).unwrap();
    let run = as_an_owner(|| scene.watch_once().outcome());
    set(0o755).unwrap();
    run.exits(0)
        .says("the call drop/one.wav.pgp is here, because its own name can't be used");
    assert!(!scene.exists("outbox/drop/one.wav.pgp"));
}
