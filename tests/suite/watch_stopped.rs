//! A service that is told to stop.

#![cfg(target_os = "linux")]

use std::fs::{self, File};
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::support::Scene;

#[test]
fn a_service_that_seals_a_very_large_call_ends_when_it_is_told_to() {
    // It would take hours.
    const SIZE: u64 = 4 << 40;
    let scene = Scene::with_a_spool("settle = '0s'\ngrace = '0s'\n");
    let mut service = scene.starts_watching();
    File::create(scene.path("large.wav"))
        .and_then(|file| file.set_len(SIZE))
        .unwrap();
    fs::rename(scene.path("large.wav"), scene.path("spool/large.wav")).unwrap();
    scene.waits_until("claimed", || !scene.path("spool/large.wav").exists());
    let told = Instant::now();
    service.signal(Signal::TERM);
    service.ends();
    // It promises five seconds; the machine may be busy.
    assert!(told.elapsed() < Duration::from_secs(60));
    // Nothing is half done: the call is whole in the claims, and nothing else is there.
    let claims = scene.tool("find spool outbox -name large.wav -size 4294967296k");
    assert_eq!(claims.stdout().lines().count(), 1, "{claims}");
    assert!(
        claims.stdout().contains("spool/.callseal/claims/"),
        "{claims}"
    );
    let outbox = scene.tool("find outbox -type f -not -name lock");
    assert_eq!(outbox.stdout(), "");
}
