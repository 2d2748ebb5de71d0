//! What the service does about files that can't be sealed, and about what isn't a file.

#![cfg(target_os = "linux")]
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::PathBuf;

use rustix::process::Signal;

use crate::support::Scene;
use crate::watch_support::{CALLS, FAST};

/// Makes a spool and the claims of a batch, as a service has left them that was killed.
fn with_claims() -> (Scene, PathBuf) {
    let scene = Scene::with_a_spool(FAST);
    let own = scene.path("spool/.callseal");
    let claims = own.join("claims/2026-11-28T15-00112233445566778899aabbccddeeff");
    fs::create_dir_all(&claims).unwrap();
    fs::set_permissions(own, fs::Permissions::from_mode(0o700)).unwrap();
    (scene, claims)
}

#[test]
fn a_claim_that_was_set_aside_is_sealed_when_its_cause_is_mended() {
    let (scene, claims) = with_claims();
    fs::write(claims.join("two\nlines"), "the call").unwrap();
    let mut service = scene.starts_watching();
    service.waits_for("its name has a control character; it's left alone");
    fs::rename(claims.join("two\nlines"), claims.join("a.wav")).unwrap();
    scene.waits_until("sealed", || scene.sealed().len() == 1);
    service.stops();
    scene.seals_all();
    scene.has_bundled(&[("a.wav", "the call")], "mended");
}

#[test]
fn a_claim_that_was_set_aside_is_tried_again_by_a_reload() {
    let (scene, claims) = with_claims();
    fs::write(claims.join("two\nlines"), "the call").unwrap();
    let mut service = scene.starts_watching();
    for _ in 0..2 {
        service.waits_for("its name has a control character; it's left alone");
        service.signal(Signal::HUP);
    }
}

#[test]
fn what_isn_t_a_file_among_the_claims_is_reported_and_what_is_below_it_is_sealed() {
    let (scene, claims) = with_claims();
    symlink("nowhere", claims.join("link")).unwrap();
    fs::create_dir(claims.join("swapped.wav")).unwrap();
    fs::write(claims.join("swapped.wav/a"), "the call").unwrap();
    scene
        .watch_once()
        .exits(0)
        .says("00112233445566778899aabbccddeeff/link: not a regular file, left alone");
    let bundled = scene.bundled();
    let names: Vec<&str> = bundled.keys().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["swapped.wav/a"]);
}

#[test]
fn of_many_entries_that_aren_t_files_some_are_named_and_the_others_counted() {
    let scene = Scene::with_a_spool(FAST);
    scene.spool(&CALLS);
    for number in 0..1100 {
        symlink("nowhere", scene.path(format!("spool/{number}"))).unwrap();
    }
    let outcome = scene
        .watch_once()
        .exits(0)
        .says("100 more entries of the spool are left alone: they aren't regular files");
    let named = outcome
        .stderr()
        .matches(": not a regular file, left alone")
        .count();
    assert_eq!(named, 1000, "{outcome}");
    assert_eq!(scene.bundled().len(), CALLS.len());
}

#[test]
fn a_file_system_that_can_t_rename_in_one_step_is_refused_at_the_start() {
    let scene = Scene::with_a_spool(FAST);
    scene.spool(&CALLS);
    let fail = "inject=renameat2:error=EINVAL";
    let strace = [
        "-f",
        "-qq",
        "-o",
        "trace",
        "-e",
        "trace=renameat2",
        "-e",
        fail,
    ];
    let line = "watch --once --config callseal.toml -j 1".split(' ');
    let program = [crate::support::Run::CALLSEAL].into_iter().chain(line);
    scene
        .program("strace", strace)
        .args(program)
        .exits(2)
        .complains_with_hint(&["spool: its file system can't rename a file in one step"]);
    for (name, content) in CALLS {
        assert_eq!(scene.text(format!("spool/{name}")), content);
    }
    scene.seals_all();
    scene.has_bundled(&CALLS, "where it can");
}

#[test]
fn a_private_key_stays_in_the_spool_and_is_named() {
    let scene = Scene::with_a_spool(FAST);
    scene.spool(&CALLS);
    let key = scene.read("customer.key");
    scene.write("spool/a/server.key", &key);
    scene.write("spool/store.p12", "a keystore by its name");
    // A call is sealed whatever it is called.
    scene.write("spool/call.key", "no key at all");
    scene
        .watch_once()
        .exits(6)
        .says("spool/a/server.key: it is a private key, which is not sealed and removed: keep it elsewhere; it's left alone until it changes")
        .says("spool/store.p12: it is a keystore, which")
        .says("calls: 2 files can't be sealed");
    assert_eq!(scene.read("spool/a/server.key"), key);
    assert!(scene.exists("spool/store.p12"));
    assert_eq!(scene.bundled().len(), CALLS.len() + 1);
}
