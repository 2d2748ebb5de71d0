//! The service when its config changes, and when it is told so.

#![cfg(target_os = "linux")]
use std::fs;
use std::thread::sleep;
use std::time::Duration;

use rustix::process::Signal;

use crate::support::{Run, Scene};
use crate::watch_support::FAST;

#[test]
fn a_run_for_cron_that_is_told_to_reload_waits_in_peace() {
    let scene = Scene::with_a_spool("settle = '1s'\ngrace = '3s'\n");
    scene.spool(&[("a.wav", "the call")]);
    let strace = "-D -f -qq -o trace -e trace=poll,ppoll,unlinkat".split(' ');
    let line = "watch --once --config callseal.toml -j 1".split(' ');
    let program = [Run::CALLSEAL].into_iter().chain(line);
    let mut service = scene.service(scene.program("strace", strace.chain(program)));
    scene.waits_until("sealed", || scene.sealed().len() == 1);
    service.signal(Signal::HUP);
    let trace = || fs::read_to_string(scene.path("trace")).unwrap_or_default();
    scene.waits_until("let go", || trace().contains("\"a.wav\""));
    service.ends();
    let waits = trace().matches("poll(").count();
    assert!(waits < 100, "{waits}");
}

#[test]
fn what_is_excluded_by_a_reload_is_left_alone_though_it_is_waited_for() {
    let scene = Scene::with_a_spool(FAST);
    scene.spool(&[("a.wav", "the call")]);
    fs::hard_link(scene.path("spool/a.wav"), scene.path("second.wav")).unwrap();
    let mut service = scene.starts_watching();
    service.waits_for("it's tried again");
    // The setting that takes a restart shows when the others are in use.
    scene.watch(&format!(
        "{FAST}exclude = '*.wav'\nthen = {{ move = 'moved' }}\n"
    ));
    service.signal(Signal::HUP);
    service.waits_for("the config has another `then` now");
    fs::remove_file(scene.path("second.wav")).unwrap();
    // It would be tried again after 10 seconds, and settle for one.
    sleep(Duration::from_secs(14));
    assert!(scene.exists("spool/a.wav"));
    service.stops();
}

#[test]
#[ignore = "16,000 files with long names: make faults"]
fn a_run_for_cron_seals_what_there_was_no_room_for_at_first() {
    // Some 56 MiB of paths are waited for at a time.
    const MANY: usize = 16_000;
    let scene = Scene::in_memory();
    scene.make_parties();
    scene.make_a_spool(FAST);
    let deep = vec!["d".repeat(240); 15].join("/");
    fs::create_dir_all(scene.path(format!("spool/{deep}"))).unwrap();
    for number in 0..MANY {
        scene.write(format!("spool/{deep}/{number}"), "");
    }
    scene.line("watch --once --config callseal.toml").exits(0);
    assert_eq!(scene.spooled().len(), 0);
}
