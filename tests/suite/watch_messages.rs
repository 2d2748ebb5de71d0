//! The service with `bundle = "none"`: each call is a message of its own.

#![cfg(target_os = "linux")]
use std::fs;

use rand::{RngCore, thread_rng};

use rustix::process::Signal;

use crate::support::{Run, Scene};
use crate::watch_damaged::{batch, let_go};
use crate::watch_faults::traced;
use crate::watch_support::FAST;

#[test]
fn a_name_that_can_t_be_used_gets_another_one_and_keeps_no_call_back() {
    let scene = Scene::with_a_spool(&format!("{FAST}bundle = 'none'\n"));
    // With .pgp, it's longer than any file system takes.
    let long = format!("{}.wav", "x".repeat(250));
    // A directory has the place of a message, and a file that of a directory.
    fs::create_dir_all(scene.path("outbox/taken.wav.pgp")).unwrap();
    scene.write("outbox/file", "somebody else's");
    let odd = [
        (long.as_str(), "long"),
        ("taken.wav", "taken"),
        ("file/below.wav", "below"),
    ];
    scene.spool(&odd);
    scene.spool(&[("plain.wav", "plain")]);
    let mut outcome = scene.seals_all();
    assert!(scene.exists("outbox/plain.wav.pgp"));
    assert_eq!(scene.text("outbox/file"), "somebody else's");
    let mut tree = scene.tree("outbox");
    tree.retain(|name| name.starts_with("20") && name.ends_with(".pgp"));
    assert_eq!(tree.len(), odd.len(), "{tree:?}");
    let mut opened = Vec::new();
    for name in &tree {
        outcome = outcome.says(&format!("{name}: the call "));
        scene.ok(&format!("open outbox/{name} -k vendor.key -o opened"));
        opened.push(scene.text("opened"));
        fs::remove_file(scene.path("opened")).unwrap();
    }
    opened.sort();
    assert_eq!(opened, ["below", "long", "taken"]);
    assert!(tree.iter().any(|name| name.ends_with("/0001.pgp")));
    // Others aren't kept back.
    scene.spool(&[("later.wav", "later")]);
    scene.seals_all();
    assert!(scene.exists("outbox/later.wav.pgp"));
}

#[test]
fn a_name_that_comes_again_is_compared_by_its_first_bytes_alone() {
    let scene = Scene::with_a_spool(&format!("{FAST}bundle = 'none'\n"));
    let mut noise = vec![0; 4 << 20];
    thread_rng().fill_bytes(&mut noise);
    scene.write("spool/a.wav", &noise);
    scene.seals_all();
    scene.write("spool/a.wav", &noise);
    let first = scene.path("outbox/a.wav.pgp");
    let first = first.to_str().unwrap();
    let strace = ["-f", "-qq", "-o", "trace", "-P", first, "-e", "trace=read"];
    let line = "watch --once --config callseal.toml -j 1".split(' ');
    let program = [Run::CALLSEAL].into_iter().chain(line);
    scene.program("strace", strace).args(program).exits(0);
    assert!(scene.exists("outbox/a-2.wav.pgp"));
    let trace = scene.text("trace");
    assert!((1..4).contains(&trace.lines().count()), "{trace}");
}

#[test]
fn messages_get_into_the_outbox_though_its_path_leads_elsewhere_meanwhile() {
    let scene = let_go(FAST);
    scene.watch(&format!("{FAST}bundle = 'none'\n"));
    let batch = batch(&scene);
    // It's opened to be counted, and then to be put into the outbox.
    let stop = "inject=?open,openat:signal=STOP:when=2";
    let path = batch.strip_prefix(scene.root()).unwrap();
    let arguments = ["-P", path.to_str().unwrap(), "-e", stop];
    let line = "watch --once --config callseal.toml -j 1";
    let mut service = scene.service(traced(&scene, &arguments, line));
    let trace = || fs::read_to_string(scene.path("trace")).unwrap_or_default();
    scene.waits_until("stopped", || trace().contains("stopped by SIGSTOP"));
    let outbox = scene.path("outbox");
    fs::rename(&outbox, scene.path("away")).unwrap();
    fs::create_dir(&outbox).unwrap();
    // It may not have stopped yet.
    let away = scene
        .path("away")
        .join(batch.strip_prefix(&outbox).unwrap());
    scene.waits_until("published", || {
        service.signal(Signal::CONT);
        !away.exists()
    });
    service.ends();
    assert_eq!(fs::read_dir(&outbox).unwrap().count(), 0);
    fs::remove_dir(&outbox).unwrap();
    fs::rename(scene.path("away"), &outbox).unwrap();
    scene.seals_all();
    for name in ["a.wav", "b.wav"] {
        scene.ok(&format!("open outbox/{name}.pgp -k vendor.key -o {name}"));
    }
    assert!(!batch.exists());
}
