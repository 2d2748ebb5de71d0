//! What the service notices when there is a lot.

#![cfg(target_os = "linux")]
use std::fs;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use rustix::process::Signal;

use crate::support::{Run, Scene};

/// Seals and bundles as soon as possible.
const AT_ONCE: &str = "settle = '1s'\ngrace = '0s'\nbundle = 1\n";

#[test]
fn what_comes_in_many_directories_at_once_is_found() {
    let scene = Scene::with_a_spool(AT_ONCE);
    let service = scene.starts_watching();
    service.signal(Signal::STOP);
    for number in 0..50 {
        scene.write(format!("made/{number}/deep/a.wav"), number.to_string());
        let [from, to] = ["made", "spool"].map(|above| scene.path(format!("{above}/{number}")));
        fs::rename(from, to).unwrap();
    }
    service.signal(Signal::CONT);
    scene.waits_until("bundled", || scene.bundled().len() == 50);
    service.stops();
}

#[test]
fn directories_that_are_moved_to_and_fro_keep_nobody_from_being_sealed() {
    let scene = Scene::with_a_spool(AT_ONCE);
    for number in 0..3000 {
        fs::create_dir_all(scene.path(format!("spool/to/{number}"))).unwrap();
    }
    let service = scene.starts_watching();
    let is_over = AtomicBool::new(false);
    let moves = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let [to, fro] = ["spool/to", "spool/fro"].map(|name| scene.path(name));
            while !is_over.load(Ordering::Relaxed) {
                fs::rename(&to, &fro).unwrap();
                fs::rename(&fro, &to).unwrap();
                moves.fetch_add(1, Ordering::Relaxed);
            }
        });
        let _end = End(&is_over);
        let rages = || moves.load(Ordering::Relaxed) >= 100;
        scene.waits_until("a storm", rages);
        scene.spool(&[("a.wav", "the call")]);
        scene.waits_until("bundled", || scene.bundled().len() == 1);
    });
    service.stops();
}

/// Ends the storm, also if the test fails.
struct End<'a>(&'a AtomicBool);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn a_run_with_nothing_to_do_doesn_t_wait_for_a_further_look() {
    let scene = Scene::with_a_spool(AT_ONCE);
    let strace = ["-f", "-qq", "-o", "trace", "-e", "trace=ppoll"];
    let line = "watch --once --config callseal.toml -j 1".split(' ');
    let program = [Run::CALLSEAL].into_iter().chain(line);
    scene.program("strace", strace).args(program).exits(0);
    // It waits until what it has found has settled. The next look would be after 30
    // seconds.
    let trace = scene.text("trace");
    let waits: Vec<&str> = trace
        .lines()
        .filter(|line| line.contains("ppoll("))
        .collect();
    let is_short = |wait: &&str| wait.contains("tv_sec=0,") || wait.contains("tv_sec=1,");
    assert!(!waits.is_empty() && waits.iter().all(is_short), "{trace}");
}

#[test]
#[ignore = "200,000 files: make faults"]
fn many_files_that_settle_take_little_memory() {
    const MOST_KIB: u64 = 128 << 10;
    let scene = Scene::in_memory();
    scene.make_parties();
    scene.make_a_spool("settle = '1h'\n");
    let name = "n".repeat(100);
    for number in 0..200_000 {
        fs::write(scene.path(format!("spool/{name}{number:020}")), "").unwrap();
    }
    let service = scene.starts_watching();
    let status = fs::read_to_string(format!("/proc/{}/status", service.id())).unwrap();
    service.stops();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let peak = peak
        .and_then(|rest| rest.trim().strip_suffix(" kB"))
        .unwrap();
    assert!(peak.parse::<u64>().unwrap() < MOST_KIB, "{peak} KiB");
}
