//! What the service says.

#![cfg(target_os = "linux")]
use rustix::process::Signal;

use crate::support::{Run, Scene};
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
    service.waits_for("the config has another `outbox` now; restart the service to use it");
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

#[test]
fn an_archive_that_fails_beside_the_service_waits_longer_each_time_and_no_call_does() {
    let scene = Scene::with_a_spool("settle = '0s'\ngrace = '0s'\nbundle = 1\n");
    let strace = "-D -f -qq -o trace -P outbox -e trace=linkat -e inject=linkat:error=EIO";
    let line = "watch -v -j 2 --config callseal.toml";
    let program = [Run::CALLSEAL].into_iter().chain(line.split(' '));
    let run = scene.program("strace", strace.split(' ').chain(program));
    let mut service = scene.service(run);
    service.waits_for("calls: watching");
    scene.spool_finished("a.wav");
    for seconds in [1, 2, 4] {
        let again = format!("input/output error; next try in {seconds} s");
        service.waits_for(&again);
    }
    scene.spool_finished("b.wav");
    service.waits_for("sealed 1 file ");
    assert_eq!(service.said("sealing again"), 0);
    service.stops();
    scene.seals_all();
    scene.has_bundled(&[("a.wav", "a call"), ("b.wav", "a call")], "after that");
}

#[test]
fn recipients_are_tried_before_the_first_call_comes_and_a_reload_says_when_they_are_good() {
    let scene = Scene::with_a_spool(FAST);
    let good = scene.read("vendor.crt");
    scene.expired_certificate("vendor");
    let mut service = scene.starts_watching();
    service.waits_for("callseal.toml: profile acme: vendor.crt: ");
    service.waits_for("nothing is sealed, next try in 4 s");
    scene.write("vendor.crt", good);
    service.signal(Signal::HUP);
    service.waits_for("calls: sealing again");
    service.stops();
}

#[test]
fn a_certificate_that_ends_soon_is_named_once_a_day() {
    let scene = Scene::with_a_spool("settle = '0s'\ngrace = '0s'\n");
    scene.tool("openssl req -x509 -key vendor.key -days 20 -subj /CN=vendor -out vendor.crt");
    let mut service = scene.service(scene.line("watch -v --config callseal.toml"));
    service.waits_for("warning: calls: “vendor” (vendor.crt) ends on ");
    for name in ["a.wav", "b.wav"] {
        scene.spool_finished(name);
        service.waits_for("sealed 1 file ");
    }
    let warnings = service.said("ends on");
    service.stops();
    // Unless it was midnight.
    assert!(warnings < 3, "{warnings}");
}

#[test]
fn directories_that_can_t_be_used_are_named_with_their_setting() {
    let scene = Scene::with_a_spool(FAST);
    let one = scene.text("callseal.toml");
    let another = |settings: &str| {
        scene.write(
            "callseal.toml",
            format!("{one}[[watch]]\nname = 'more'\n{settings}"),
        );
        scene.line("watch --once --config callseal.toml")
    };
    another("spool = 'spool'\noutbox = 'gone'")
        .exits(1)
        .complains(&["gone: no such file or directory (the outbox of “more”)"]);
    std::fs::create_dir(scene.path("more")).unwrap();
    another("spool = 'more'\noutbox = 'outbox'")
        .exits(2)
        .complains(&["outbox: it is both the outbox of “calls” and the outbox of “more”"]);
    another("spool = 'spool/in'\noutbox = 'more'")
        .exits(1)
        .complains(&["spool/in: no such file or directory (the spool of “more”)"]);
    std::fs::create_dir(scene.path("spool/in")).unwrap();
    another("spool = 'spool/in'\noutbox = 'more'")
        .exits(2)
        .complains(&["spool/in (the spool of “more”) is within spool (the spool of “calls”)"]);
}

#[test]
fn a_watch_without_a_key_or_with_one_pair_of_brackets_is_shown_how_to_write_it() {
    let scene = Scene::with_a_spool(FAST);
    let config = scene.text("callseal.toml");
    for (from, to, fault, hint) in [
        (
            "spool = 'spool'\n",
            "",
            "this [[watch]] has no spool",
            "a name, a spool and an outbox",
        ),
        (
            "[[watch]]",
            "[watch]",
            "expected [[watch]], found [watch]",
            "two pairs of brackets",
        ),
        (
            "grace = '0s'",
            "bundle = '1000'",
            "such as 1000, without quotes",
            "",
        ),
    ] {
        scene.write("callseal.toml", config.replace(from, to));
        scene
            .line("watch --once --config callseal.toml")
            .exits(2)
            .complains(&["callseal.toml:", fault])
            .says(hint);
    }
}
