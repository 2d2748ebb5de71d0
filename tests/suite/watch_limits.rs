//! The service where the system has limits: on notices, rights and file systems.

#![cfg(target_os = "linux")]
use std::fs;
use std::os::unix::fs::PermissionsExt;

use rand::{RngCore, thread_rng};
use rustix::process::Signal;

use crate::support::{Run, Scene, as_an_owner};
use crate::watch_support::{CALLS, FAST, SmallOutbox};

fn set_mode(scene: &Scene, name: &str, mode: u32) {
    fs::set_permissions(scene.path(name), fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn directories_that_can_t_be_watched_are_looked_through() {
    let scene = Scene::with_a_spool("settle = '1s'\ngrace = '0s'\nbundle = 1\n");
    for number in 0..20 {
        fs::create_dir(scene.path(format!("spool/{number}"))).unwrap();
    }
    // The limit is that of a new user namespace.
    let limit = format!(
        "echo 8 > /proc/sys/user/max_inotify_watches && exec {} watch -v --config callseal.toml",
        Run::CALLSEAL
    );
    let allowed = scene.program("unshare", ["-Ur", "true"]).outcome();
    if allowed.status() != Some(0) {
        println!("not tested: this system allows no user namespaces: {allowed}");
        return;
    }
    let run = scene.program("unshare", ["-Ur", "bash", "-c", &limit]);
    let mut service = scene.service(run);
    service.waits_for("not all directories can be watched");
    service.waits_for("calls: watching");
    for number in 0..20 {
        scene.write(format!("spool/{number}/a.wav"), number.to_string());
    }
    scene.waits_until("bundled", || scene.bundled().len() == 20);
    service.stops();
}

#[test]
#[ignore = "17,000 files: make faults"]
fn lost_notices_are_made_up_for() {
    // More than the system keeps by default.
    const MANY: usize = 17_000;
    let limit = fs::read_to_string("/proc/sys/fs/inotify/max_queued_events").unwrap();
    if limit.trim().parse::<usize>().unwrap() >= MANY {
        println!("not tested: this system keeps more notices than usual: {limit}");
        return;
    }
    let scene = Scene::in_memory();
    scene.make_parties();
    scene.make_a_spool("settle = '1s'\ngrace = '0s'\n");
    let mut service = scene.starts_watching();
    service.signal(Signal::STOP);
    for number in 0..MANY {
        fs::write(scene.path(format!("spool/{number}")), "").unwrap();
    }
    service.signal(Signal::CONT);
    service.waits_for("the whole spool is looked through");
    scene.waits_until("sealed", || scene.spooled().is_empty());
    service.stops();
    scene.watch_once().exits(0);
    assert_eq!(scene.bundled().values().sum::<usize>(), MANY);
}

#[test]
fn a_directory_in_which_nothing_can_be_renamed_is_refused_with_the_remedy() {
    let scene = Scene::with_a_spool(FAST);
    scene.spool(&CALLS);
    set_mode(&scene, "spool/a", 0o555);
    let refused = as_an_owner(|| scene.watch_once().outcome());
    set_mode(&scene, "spool/a", 0o755);
    refused
        .exits(1)
        .complains_with_hint(&["spool/a: files in this directory can't be renamed by this user"])
        .says("setfacl -R -m u:");
    scene.seals_all();
}

#[test]
fn a_file_that_can_t_be_read_stays_and_stops_nobody_else() {
    let scene = Scene::with_a_spool(FAST);
    scene.spool(&CALLS);
    set_mode(&scene, "spool/four.txt", 0);
    as_an_owner(|| scene.watch_once().outcome())
        .exits(6)
        .says("spool/four.txt: permission denied; it's tried again");
    assert_eq!(scene.bundled().len(), 3);
    assert!(scene.exists("spool/four.txt"));
    set_mode(&scene, "spool/four.txt", 0o600);
    scene.seals_all();
    scene.has_bundled(&CALLS, "with the right to read it");
}

#[test]
fn a_full_disk_stops_it_until_there_is_room() {
    let scene = Scene::with_a_spool(FAST);
    let Some(outbox) = SmallOutbox::mount(&scene) else {
        return;
    };
    scene.write("outbox/ballast", vec![1; 900 << 10]);
    let mut noise = vec![0; 400_000];
    thread_rng().fill_bytes(&mut noise);
    scene.write("spool/a.wav", noise);
    let mut service = scene.starts_watching();
    service.waits_for("no space left on device; next try in ");
    assert_eq!(scene.spooled().len(), 1);
    fs::remove_file(scene.path("outbox/ballast")).unwrap();
    service.waits_for("calls: sealing again");
    scene.waits_until("sealed", || scene.sealed().len() == 1);
    service.stops();
    drop(outbox);
}

#[test]
fn a_spool_on_a_file_system_that_promises_too_little_is_refused() {
    let scene = Scene::with_a_spool(FAST);
    // FUSE and NFS need a server; 9P, CIFS and others too. A mount below the spool
    // needs none.
    fs::create_dir(scene.path("spool/below")).unwrap();
    let mounted = scene
        .tool_line("mount -t tmpfs tmpfs spool/below")
        .outcome();
    if mounted.status() != Some(0) {
        println!("not tested: nothing can be mounted: {mounted}");
        return;
    }
    let refused = scene.watch_once().outcome();
    let _ = scene.tool_line("umount spool/below").outcome();
    refused
        .exits(2)
        .complains_with_hint(&["spool/below: another file system is mounted here"]);
}

#[test]
fn calls_in_many_directories_need_few_descriptors() {
    let scene = Scene::with_a_spool(FAST);
    for number in 0..600 {
        scene.write(format!("spool/{number}/deep/a.wav"), number.to_string());
    }
    let line = format!(
        "ulimit -n 1024 && exec {} watch --once --config callseal.toml",
        Run::CALLSEAL
    );
    scene.bash(&line).exits(0);
    assert_eq!(scene.bundled().values().sum::<usize>(), 600);
}

#[test]
fn a_directory_of_the_service_that_somebody_else_may_use_is_refused() {
    let scene = Scene::with_a_spool(FAST);
    scene.spool(&CALLS);
    fs::create_dir(scene.path("spool/.callseal")).unwrap();
    set_mode(&scene, "spool/.callseal", 0o777);
    scene
        .watch_once()
        .exits(2)
        .complains_with_hint(&["spool/.callseal: it is the service's own, and others "]);
    set_mode(&scene, "spool/.callseal", 0o700);
    scene.write_private("victim", "keep this");
    fs::hard_link(scene.path("victim"), scene.path("spool/.callseal/lock")).unwrap();
    scene.watch_once().exits(2);
    assert_eq!(scene.text("victim"), "keep this");
}

#[test]
fn rights_that_others_were_given_in_the_service_s_own_directory_are_taken_away() {
    let scene = Scene::with_a_spool(FAST);
    scene.spool(&CALLS);
    scene.seals_all();
    // As setfacl -R for the whole spool does.
    scene.tool("chmod -R g+rwX spool outbox");
    scene.spool(&[("more.wav", "more")]);
    scene.seals_all();
    for place in ["spool", "outbox"] {
        let mode = scene.tool(&format!(
            "stat -c %a {place}/.callseal {place}/.callseal/lock"
        ));
        assert_eq!(mode.stdout(), "700\n600\n");
    }
}
