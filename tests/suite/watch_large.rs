//! Large calls: they take long, and nobody else waits for them.

#![cfg(target_os = "linux")]

use std::fs::{self, File};

use rustix::process::Signal;

use crate::support::Scene;

/// It would take hours to seal a call of this size.
const HUGE: u64 = 4 << 40;

impl Scene {
    /// Renames a huge call into the spool. It has no blocks.
    fn spools_a_huge_call(&self, name: &str) {
        let made = self.path("made.wav");
        File::create(&made)
            .and_then(|file| file.set_len(HUGE))
            .unwrap();
        fs::rename(made, self.path(format!("spool/{name}"))).unwrap();
    }
}

#[test]
fn calls_are_sealed_and_bundled_while_a_huge_one_is_sealed() {
    let scene = Scene::with_a_spool("settle = '0s'\ngrace = '0s'\nbundle = 1\n");
    let mut service = scene.service(scene.line("watch -v -j 2 --config callseal.toml"));
    service.waits_for("calls: watching");
    scene.spools_a_huge_call("huge.wav");
    scene.waits_until("claimed", || !scene.path("spool/huge.wav").exists());
    // Another huge call waits for its turn, and holds up nobody either.
    scene.spools_a_huge_call("next.wav");
    for (name, archives) in [("a.wav", 1), ("b.wav", 2)] {
        scene.spool_finished(name);
        scene.waits_until("bundled", || scene.archives().len() == archives);
    }
    assert!(scene.path("spool/next.wav").exists());
    let claims = scene.tool("find spool/.callseal/claims -name huge.wav");
    assert_eq!(claims.stdout().lines().count(), 1, "{claims}");
    service.signal(Signal::TERM);
    service.ends();
}

#[test]
fn a_large_call_goes_through_all_steps() {
    let scene = Scene::with_a_spool("settle = '0s'\ngrace = '0s'\nbundle = 1\n");
    let mut service = scene.service(scene.line("watch -v -j 2 --config callseal.toml"));
    service.waits_for("calls: watching");
    for name in ["one.wav", "two.wav"] {
        File::create(scene.path("made.wav"))
            .and_then(|file| file.set_len(300 << 20))
            .unwrap();
        fs::rename(scene.path("made.wav"), scene.path(format!("spool/{name}"))).unwrap();
    }
    scene.waits_until("bundled", || scene.archives().len() == 2);
    service.stops();
    for (archive, name) in scene.archives().iter().zip(["one.wav", "two.wav"]) {
        let list = scene.line(&format!("list {archive}")).exits(0);
        assert!(list.stdout().contains(name), "{list}");
        scene
            .line(&format!("verify -k customer.key {archive}"))
            .exits(0);
    }
    let left = scene.tool("find spool outbox/.callseal -name *.wav -o -name *Z-*.zip");
    assert_eq!(left.stdout(), "", "{left}");
}

#[test]
fn a_large_call_whose_batch_is_gone_while_it_is_read_again_is_sealed_anew() {
    let scene = Scene::with_a_spool("settle = '0s'\ngrace = '1s'\n");
    // Before the last look at the sealed call, somebody has time to remove it.
    let sealed = scene.path("outbox/.callseal/sealed");
    scene.watch_once().exits(0);
    File::create(scene.path("made.wav"))
        .and_then(|file| file.set_len(512 << 20))
        .unwrap();
    let mut service = scene.service(scene.line("watch -v -j 2 --config callseal.toml"));
    service.waits_for("calls: watching");
    fs::rename(scene.path("made.wav"), scene.path("spool/large.wav")).unwrap();
    service.waits_for("sealed 1 file ");
    let service_id = service.id();
    // It's read again by a thread of this name.
    scene.waits_until("read again", || {
        let threads = fs::read_dir(format!("/proc/{service_id}/task")).unwrap();
        let names = threads
            .flatten()
            .map(|thread| fs::read_to_string(thread.path().join("comm")));
        names.flatten().any(|name| name == "release\n")
    });
    for batch in fs::read_dir(&sealed).unwrap() {
        fs::remove_file(batch.unwrap().path()).unwrap();
    }
    service.waits_for("somebody has removed it; its files are sealed anew");
    service.waits_for("sealed 1 file ");
    service.waits_for("let go of 1 sealed file");
    service.stops();
    scene.watch_once().exits(0);
    let archive = scene.only_archive();
    scene
        .line(&format!("verify -k customer.key {archive}"))
        .exits(0);
}
