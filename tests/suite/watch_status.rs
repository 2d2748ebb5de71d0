//! How a service does, seen from outside.

#![cfg(target_os = "linux")]

use rustix::process::Signal;
use serde_json::Value;

use crate::support::{Outcome, Run, Scene};
use crate::watch_support::{CALLS, FAST, Service, SmallOutbox};

const STATUS: &str = "watch --status --config callseal.toml";

impl Scene {
    /// Returns what `--status --json` says of the one spool.
    #[track_caller]
    fn status(&self) -> Value {
        let outcome = self.line(&format!("{STATUS} --json")).outcome();
        outcome.json()["watches"][0].clone()
    }

    /// Waits until the status is as it should be.
    #[track_caller]
    fn waits_for_status(&self, what: &str, is_it: impl Fn(&Value) -> bool) -> Value {
        self.waits_until(what, || is_it(&self.status()));
        self.status()
    }

    /// Starts the service, and waits until it has said something of itself.
    #[track_caller]
    fn starts_and_says_so(&self) -> Service {
        let service = self.starts_watching();
        self.waits_for_status("running", |status| status["state"] == "running");
        service
    }
}

#[track_caller]
fn line(outcome: &Outcome) -> String {
    let text = outcome.stdout();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 1, "{outcome}");
    assert_eq!(outcome.stderr(), "", "{outcome}");
    lines[0].to_owned()
}

#[test]
fn a_service_that_runs_says_what_it_has_done() {
    let scene = Scene::with_a_spool(&format!("{FAST}bundle = 4\n"));
    let service = scene.starts_and_says_so();
    scene.spool(&CALLS);
    let status = scene.waits_for_status("bundled", |status| {
        status["service"]["archives"] == 1 && status["waiting_files"] == 0
    });
    let done = &status["service"];
    let bytes: usize = CALLS.iter().map(|(_, content)| content.len()).sum();
    assert_eq!(done["sealed_files"], 4, "{status}");
    assert_eq!(done["sealed_bytes"], bytes, "{status}");
    assert_eq!(done["released_files"], 4, "{status}");
    assert_eq!(done["bundled_files"], 4, "{status}");
    assert_eq!(done["failed"], 0, "{status}");
    assert_eq!(done["process"], service.id(), "{status}");
    assert_eq!(done["last_error"], Value::Null, "{status}");
    assert!(done["last_sealed"].is_string(), "{status}");
    assert_eq!(status["level"], "ok", "{status}");
    assert_eq!(status["waiting_files"], 0, "{status}");
    let holder = format!("process {}, watching “calls”", service.id());
    assert_eq!(status["holder"], holder, "{status}");
    assert!(
        status["certificate_days_left"].as_u64().unwrap() > 30,
        "{status}"
    );
    scene
        .line(STATUS)
        .exits(0)
        .prints("calls: running (process ")
        .prints("4 files (69 B) since the start")
        .prints("4 files since the start, in 1 archive")
        .prints("none since the start");
    service.stops();
}

#[test]
fn a_service_that_has_never_run_is_missing() {
    let scene = Scene::with_a_spool(FAST);
    scene.spool(&CALLS);
    scene
        .line(STATUS)
        .exits(1)
        .prints("calls: not running")
        .prints("waiting       4 files, the oldest for ")
        .complains_with_hint(&["calls: it doesn't run, and never has"]);
    // Looking has changed nothing.
    assert!(!scene.exists("spool/.callseal"));
}

#[test]
fn a_service_that_was_stopped_is_missing_and_so_is_one_that_was_killed() {
    let scene = Scene::with_a_spool(FAST);
    scene.starts_and_says_so().stops();
    scene.spool(&CALLS);
    let status = scene.status();
    assert_eq!(status["state"], "stopped", "{status}");
    assert_eq!(status["waiting_files"], 4, "{status}");
    assert_eq!(status["holder"], Value::Null, "{status}");
    scene
        .line(STATUS)
        .exits(1)
        .complains_with_hint(&["it doesn't run: it ended on 20"]);
    let mut service = scene.starts_and_says_so();
    service.signal(Signal::KILL);
    service.ends();
    let status = scene.status();
    assert_eq!(status["state"], "crashed", "{status}");
    assert_eq!(status["level"], "critical", "{status}");
    scene
        .line(STATUS)
        .exits(1)
        .prints("not running; the last one was killed, or has crashed")
        .complains_with_hint(&["calls: it doesn't run: it was killed, or has crashed"]);
}

#[test]
fn a_service_that_hangs_is_found_out() {
    let scene = Scene::with_a_spool(FAST);
    let service = scene.starts_and_says_so();
    service.signal(Signal::STOP);
    // Nobody wants to wait for a minute.
    scene.tool("touch -d -2minutes spool/.callseal/status");
    let status = scene.status();
    assert_eq!(status["state"], "hanging", "{status}");
    scene
        .line(STATUS)
        .exits(1)
        .prints("calls: hanging (process ")
        .complains_with_hint(&["calls: it hangs: nothing has gone on for 2 minutes"]);
    service.signal(Signal::CONT);
    scene.waits_for_status("running again", |status| status["state"] == "running");
    service.stops();
}

#[test]
fn a_service_without_room_says_so_although_the_disk_is_full() {
    let scene = Scene::with_a_spool(FAST);
    let Some(_disk) = SmallOutbox::mount(&scene) else {
        return;
    };
    let service = scene.starts_and_says_so();
    scene.tool_to("head -c 4194304 /dev/urandom", "spool/large.wav");
    let status = scene.waits_for_status("in trouble", |status| status["level"] == "critical");
    assert_eq!(status["waiting_files"], 1, "{status}");
    let message = status["findings"][0]["message"].as_str().unwrap();
    assert!(message.contains("no space left"), "{status}");
    let last = status["service"]["last_error"]["message"].as_str().unwrap();
    assert!(last.contains("no space left"), "{status}");
    scene
        .line(STATUS)
        .exits(1)
        .complains_with_hint(&["calls: ", "no space left"]);
    service.stops();
}

#[test]
fn a_service_without_a_certificate_says_which() {
    let scene = Scene::with_a_spool(FAST);
    let good = scene.read("vendor.crt");
    let service = scene.starts_and_says_so();
    std::fs::remove_file(scene.path("vendor.crt")).unwrap();
    scene.spool(&CALLS);
    let status = scene.waits_for_status("in trouble", |status| {
        status["service"]["last_error"] != Value::Null
    });
    assert_eq!(status["level"], "critical", "{status}");
    assert_eq!(status["certificate_end"], Value::Null, "{status}");
    scene
        .line(STATUS)
        .exits(1)
        .prints("certificates  they can't be used")
        .complains_with_hint(&["calls: nothing can be sealed: ", "vendor.crt"]);
    scene.write("vendor.crt", good);
    scene.waits_for_status("sealing again", |status| {
        status["level"] == "ok" && status["service"]["sealed_files"] == 4
    });
    service.stops();
}

#[test]
fn a_certificate_that_ends_soon_is_a_warning() {
    let scene = Scene::with_a_spool(FAST);
    scene.dated_certificate("vendor.crt", "vendor", 0, 12);
    let service = scene.starts_and_says_so();
    let status = scene.status();
    assert_eq!(status["level"], "warning", "{status}");
    assert_eq!(status["certificate_days_left"], 11, "{status}");
    scene
        .line(STATUS)
        .exits(6)
        .says("warning: calls: “vendor” (vendor.crt) ends on 20")
        .says("hint: get the next certificate in time");
    service.stops();
}

#[test]
fn files_that_were_set_aside_are_named_with_the_reason() {
    let scene = Scene::with_a_spool(FAST);
    let service = scene.starts_and_says_so();
    scene.spool(&[("two\nlines", "a call"), ("good.wav", "a call")]);
    let status = scene.waits_for_status("set aside", |status| {
        status["service"]["set_aside_files"] == 1 && status["service"]["sealed_files"] == 1
    });
    let file = &status["service"]["set_aside"][0];
    assert_eq!(file["path"], "spool/two\nlines", "{status}");
    assert_eq!(file["reason"], "its name has a control character");
    assert_eq!(status["service"]["failed"], 1, "{status}");
    assert_eq!(status["waiting_files"], 0, "{status}");
    scene
        .line(STATUS)
        .exits(6)
        .prints("spool/two\\u{a}lines: its name has a control character")
        .says("warning: calls: spool/two\\u{a}lines: its name has a control character");
    service.stops_with(6);
}

#[test]
fn a_config_that_can_t_be_used_and_one_that_takes_a_restart_are_warnings() {
    let scene = Scene::with_a_spool(FAST);
    let service = scene.starts_and_says_so();
    std::fs::create_dir(scene.path("other")).unwrap();
    let good = scene.text("callseal.toml");
    scene.write(
        "callseal.toml",
        good.replace("outbox = 'outbox'", "outbox = 'other'"),
    );
    service.signal(Signal::HUP);
    // What the new config says is looked at, too.
    scene.write("old.toml", &good);
    let status = || {
        scene
            .line("watch --status --config old.toml --json")
            .outcome()
    };
    scene.waits_until("told", || {
        status()
            .stdout()
            .contains("the config has another outbox now")
    });
    scene.write("callseal.toml", "not = toml = at all");
    service.signal(Signal::HUP);
    scene.waits_until("told", || {
        status().stdout().contains("the config from before is used")
    });
    status().exits(6);
    service.stops();
}

#[test]
fn calls_that_wait_for_long_are_an_alarm_whatever_their_dates_say() {
    let scene = Scene::with_a_spool(FAST);
    scene.seals_all();
    scene.spool(&[("a.wav", "a call")]);
    // It was copied with its date. It waits since it's there.
    scene.tool("touch -d 2001-01-01 spool/a.wav");
    for (later, exit_status, level) in [
        ("+10m", 0, "ok"),
        ("+20m", 6, "warning"),
        ("+70m", 1, "critical"),
    ] {
        let callseal = [Run::CALLSEAL].into_iter().chain(STATUS.split(' '));
        let words = ["-f", later].into_iter().chain(callseal).chain(["--json"]);
        let outcome = scene.program("faketime", words).exits(exit_status);
        let status = &outcome.json()["watches"][0];
        assert_eq!(status["level"], level, "{outcome}");
        assert_eq!(status["waiting_files"], 1, "{outcome}");
    }
}

#[test]
fn a_run_for_cron_that_has_ended_is_well() {
    let scene = Scene::with_a_spool(FAST);
    scene.spool(&CALLS);
    scene.seals_all();
    scene
        .line(STATUS)
        .exits(0)
        .prints("calls: not running; the last run for cron ended on 20");
    scene.expired_certificate("vendor");
    scene.spool(&CALLS);
    scene.watch_once().exits(3);
    scene.line(STATUS).exits(1).complains(&["expired"]);
}

#[test]
fn a_look_keeps_no_service_from_starting() {
    let scene = Scene::with_a_spool(FAST);
    scene.seals_all();
    let end = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !end.load(std::sync::atomic::Ordering::Relaxed) {
                    let _ = scene.status();
                }
            });
        }
        for _ in 0..5 {
            scene.watch_once().exits(0);
        }
        end.store(true, std::sync::atomic::Ordering::Relaxed);
    });
}

#[test]
fn services_that_are_told_to_end_were_not_killed_though_one_of_them_takes_longer() {
    let scene = Scene::with_a_spool(FAST);
    scene.make_another_spool();
    let mut service = scene.starts_watching();
    let states = || {
        let outcome = scene.line(&format!("{STATUS} --json")).outcome();
        let status = outcome.json();
        [0, 1].map(|place| status["watches"][place]["state"].clone())
    };
    scene.waits_until("running", || states() == ["running", "running"]);
    // A step that hangs ends with the program.
    let strace = format!(
        "strace -qq -f -o trace -p {} -e inject=getdents64:delay_enter=60s",
        service.id()
    );
    let mut tracer = scene.tool_line(&strace).start(std::process::Stdio::null());
    scene.is_traced(&service);
    scene.write("spool2/new/a.wav", "a call");
    std::thread::sleep(std::time::Duration::from_millis(500));
    service.signal(Signal::TERM);
    service.ends();
    tracer.kill().unwrap();
    tracer.wait().unwrap();
    assert_eq!(states(), ["stopped", "stopped"]);
}

#[test]
fn a_service_says_how_much_waits_however_many_files_were_set_aside() {
    let scene = Scene::with_a_spool(FAST);
    let service = scene.starts_and_says_so();
    for number in 0..150 {
        scene.write(format!("spool/two\nlines-{number}"), "a call");
    }
    let status = scene.waits_for_status("set aside", |status| {
        status["service"]["set_aside_files"] == 150
    });
    assert_eq!(status["waiting_files"], 0, "{status}");
    assert_eq!(status["oldest_waiting_seconds"], Value::Null, "{status}");
    assert_eq!(status["level"], "warning", "{status}");
    let named = status["service"]["set_aside"].as_array().unwrap();
    assert!((50..=100).contains(&named.len()), "{}", named.len());
    service.stops_with(6);
}

#[test]
fn a_full_spool_keeps_no_service_from_saying_how_it_does() {
    let scene = Scene::with_a_spool(&format!("{FAST}exclude = 'large'\n"));
    let mount = scene.tool_line("mount -t tmpfs -o size=1m tmpfs spool");
    let mount = mount.outcome();
    if mount.status() != Some(0) {
        println!("not tested: no disk can be mounted: {mount}");
        return;
    }
    scene.starts_and_says_so().stops();
    let full = scene.tool_line("dd if=/dev/zero of=spool/large bs=4k");
    full.outcome().says("No space left on device");
    let service = scene.starts_and_says_so();
    assert_eq!(scene.status()["service"]["process"], service.id());
    service.stops();
    assert_eq!(scene.status()["state"], "stopped");
    scene.tool("umount spool");
}

#[test]
fn whoever_may_write_to_the_spool_alone_can_t_make_up_a_service_that_is_well() {
    let scene = Scene::with_a_spool(FAST);
    let service = scene.starts_and_says_so();
    std::fs::rename(scene.path("spool/.callseal"), scene.path("away")).unwrap();
    let holder = format!("process {}, watching “calls”", std::process::id());
    let said = format!(
        "{{\"process\":{},\"still_for\":18446744073709551615}}",
        std::process::id()
    );
    let directory = scene.path("spool/.callseal");
    std::fs::create_dir(&directory).unwrap();
    let permissions = |mode| std::os::unix::fs::PermissionsExt::from_mode(mode);
    std::fs::set_permissions(&directory, permissions(0o700)).unwrap();
    scene.write_private("spool/.callseal/lock", holder);
    scene.write_private(
        "spool/.callseal/status",
        said.replace("18446744073709551615", "0"),
    );
    let lock = std::fs::File::open(scene.path("spool/.callseal/lock")).unwrap();
    rustix::fs::flock(&lock, rustix::fs::FlockOperation::NonBlockingLockExclusive).unwrap();
    scene
        .line(STATUS)
        .exits(1)
        .complains_with_hint(&["spool/.callseal: somebody else than the service of the outbox"]);
    // Whatever it says, nothing panics.
    scene.write_private("spool/.callseal/status", said);
    for form in ["", "--json", "--nagios"] {
        let outcome = scene.line(&format!("{STATUS} {form}")).outcome();
        assert!(matches!(outcome.status(), Some(1 | 2)), "{outcome}");
    }
    // Others may have written it.
    std::fs::set_permissions(scene.path("spool/.callseal/status"), permissions(0o644)).unwrap();
    scene
        .line(STATUS)
        .exits(1)
        .complains(&["spool/.callseal/status: it is the service's own, and others "]);
    drop(service);
}

#[test]
fn an_outbox_that_is_gone_leaves_the_rest_of_the_status() {
    let scene = Scene::with_a_spool(FAST);
    let service = scene.starts_and_says_so();
    std::fs::rename(scene.path("outbox"), scene.path("away")).unwrap();
    scene.spool(&CALLS);
    let status = scene.waits_for_status("in trouble", |status| {
        status["service"]["last_error"] != Value::Null && status["waiting_files"] == 4
    });
    assert_eq!(status["state"], "running", "{status}");
    assert_eq!(status["findings"].as_array().unwrap().len(), 1, "{status}");
    assert_eq!(status["unbundled_batches"], Value::Null, "{status}");
    scene
        .line(STATUS)
        .exits(1)
        .complains(&["calls: outbox: no such file or directory"]);
    std::fs::rename(scene.path("away"), scene.path("outbox")).unwrap();
    service.signal(Signal::HUP);
    scene.waits_for_status("well again", |status| status["level"] == "ok");
    service.stops();
}

#[test]
fn what_is_left_in_an_outbox_from_before_is_said() {
    let scene = Scene::with_a_spool(FAST);
    let service = scene.starts_and_says_so();
    scene.spool(&CALLS);
    scene.waits_until("sealed", || scene.sealed().len() == CALLS.len());
    scene.waits_for_status("let go", |status| status["service"]["released_files"] == 4);
    service.stops();
    std::fs::create_dir(scene.path("other")).unwrap();
    let config = scene.text("callseal.toml");
    let changed = config.replace("outbox = 'outbox'", "outbox = 'other'");
    scene.write("callseal.toml", changed);
    for _ in 0..2 {
        let mut service = scene.service(scene.line("watch -v --config callseal.toml"));
        service.waits_for("outbox: it was the outbox before, and batches in it are in no archive");
        scene.waits_for_status("running", |status| status["level"] == "warning");
        service.stops();
    }
    // The remedy helps.
    scene.write("callseal.toml", config);
    scene.seals_all();
    scene.has_bundled(&CALLS, "from before");
}

#[test]
fn what_can_t_be_sealed_as_it_is_no_file_is_a_warning() {
    let scene = Scene::with_a_spool(FAST);
    scene.tool("ln -s nowhere spool/link");
    let service = scene.starts_and_says_so();
    scene.waits_for_status("said", |status| status["level"] == "warning");
    scene
        .line(STATUS)
        .exits(6)
        .prints("left alone    1 entry of the spool")
        .says("warning: calls: 1 entry of the spool can't be sealed");
    service.stops();
}

#[test]
fn an_unknown_spool_is_refused() {
    let scene = Scene::with_a_spool(FAST);
    scene
        .line(&format!("{STATUS} others"))
        .exits(2)
        .complains_with_hint(&["no [[watch]] is called \"others\""]);
    for line in [
        "watch --status --once",
        "watch --status --unit-drop-in",
        "watch --status --log json",
    ] {
        scene
            .line(&format!("{line} --config callseal.toml"))
            .exits(2);
    }
}

#[test]
fn a_spool_that_is_gone_is_critical() {
    let scene = Scene::with_a_spool(FAST);
    std::fs::rename(scene.path("spool"), scene.path("away")).unwrap();
    scene
        .line(STATUS)
        .exits(1)
        .complains(&["calls: ", "spool: no such file or directory"]);
}

#[test]
fn monitoring_gets_one_line_with_the_state_of_a_service() {
    let scene = Scene::with_a_spool(&format!("{FAST}bundle = 4\n"));
    let plugin = format!("{STATUS} --nagios");
    let outcome = scene.line(&plugin).exits(2);
    let found = line(&outcome);
    assert!(
        found.starts_with("WATCH CRITICAL - calls: it doesn't run, and never has | 'calls_waiting'=0;;;0 'calls_oldest'=0s;901;3601;0 "),
        "{found}"
    );
    let service = scene.starts_and_says_so();
    scene.spool(&CALLS);
    scene.waits_for_status("bundled", |status| {
        status["service"]["archives"] == 1 && status["waiting_files"] == 0
    });
    let found = line(&scene.line(&plugin).exits(0));
    assert!(
        found.starts_with("WATCH OK - calls: 0 files waiting, 4 sealed since the start | "),
        "{found}"
    );
    assert!(found.contains(" 'calls_sealed'=4c;;;0 "), "{found}");
    assert!(found.contains(" 'calls_certificate_days'="), "{found}");
    scene.spool(&[("a|b\nc", "a call")]);
    scene.waits_for_status("set aside", |status| status["level"] == "warning");
    let found = line(&scene.line(&plugin).exits(1));
    assert!(
        found.starts_with("WATCH WARNING - calls: spool/a/b\\u{a}c: its name has a control character; it's left alone | "),
        "{found}"
    );
    service.stops_with(6);
    let found = line(
        &scene
            .line("watch --status --nagios --config missing.toml")
            .exits(3),
    );
    assert!(
        found.starts_with("WATCH UNKNOWN - missing.toml: "),
        "{found}"
    );
    scene
        .line("watch --nagios --config callseal.toml")
        .exits(3)
        .prints("WATCH UNKNOWN - --nagios says how the services do, which --status finds out");
}
