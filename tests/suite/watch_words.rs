//! What the service says.

#![cfg(target_os = "linux")]
use rustix::process::Signal;

use crate::support::Scene;
use crate::watch_support::FAST;

#[test]
fn a_setting_that_takes_a_restart_is_named() {
    let scene = Scene::with_a_spool(FAST);
    let mut service = scene.starts_watching();
    let config = scene.text("callseal.toml");
    scene.write(
        "callseal.toml",
        config.replace("outbox = 'outbox'", "outbox = 'other'"),
    );
    service.signal(Signal::HUP);
    service.waits_for("the config has another outbox now; restart the service to use it");
    service.stops();
}

#[test]
fn a_new_name_keeps_the_config_from_before() {
    let scene = Scene::with_a_spool(FAST);
    let mut service = scene.starts_watching();
    let config = scene.text("callseal.toml");
    scene.write(
        "callseal.toml",
        config.replace("name = 'calls'", "name = 'other'"),
    );
    service.signal(Signal::HUP);
    service.waits_for("no [[watch]] is called \"calls\" any more; the config from before is used");
    service.stops();
}

#[test]
fn calls_are_sealed_while_others_can_t_be_bundled_and_nothing_else_is_said() {
    let scene = Scene::with_a_spool(FAST);
    scene.watch_once().exits(0);
    // It has the place of a directory.
    scene.write("outbox/.callseal/bundles/calls-2026-11-28-0001.zip", "");
    let mut service = scene.starts_watching();
    service.waits_for("calls-2026-11-28-0001.zip: not a directory; next try in 1 s");
    scene.spool(&[("a.wav", "the call")]);
    service.waits_for("sealed 1 file ");
    service.stops();
}
