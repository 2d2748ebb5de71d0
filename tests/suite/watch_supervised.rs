//! What a service tells its supervisor, by the protocol of sd_notify(3).

#![cfg(target_os = "linux")]

use std::cell::RefCell;
use std::os::unix::net::UnixDatagram;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::support::Scene;
use crate::watch_support::{CALLS, FAST, Service};

/// The supervisor's socket, and what it was told that nobody has asked for yet.
struct Supervisor(UnixDatagram, RefCell<Vec<String>>);

impl Supervisor {
    fn listen(scene: &Scene) -> Self {
        let socket = UnixDatagram::bind(scene.path("notify")).unwrap();
        Self(socket, RefCell::default())
    }

    /// Starts a service that it's told about.
    #[track_caller]
    fn starts(&self, scene: &Scene, watchdog: &str) -> Service {
        let run = scene.line("watch -v --config callseal.toml");
        let run = run.env("NOTIFY_SOCKET", scene.path("notify"));
        scene.service(run.env("WATCHDOG_USEC", watchdog))
    }

    /// Waits until it's told something, or was before.
    #[track_caller]
    fn is_told(&self, words: &str) {
        let begin = Instant::now();
        loop {
            let mut heard = self.1.borrow_mut();
            if let Some(place) = heard.iter().position(|told| told.contains(words)) {
                heard.remove(place);
                return;
            }
            assert!(begin.elapsed() < PATIENCE, "not “{words}”: {heard:#?}");
            heard.extend(self.hears(PATIENCE));
        }
    }

    /// Returns whether it was told something that nobody has asked for.
    fn was_told(&self, words: &str) -> bool {
        let heard = self.1.borrow();
        heard.iter().any(|told| told.contains(words))
    }

    fn hears(&self, within: Duration) -> Option<String> {
        self.0.set_read_timeout(Some(within)).unwrap();
        let mut text = [0; 4096];
        let length = self.0.recv(&mut text).ok()?;
        Some(String::from_utf8(text[..length].to_vec()).unwrap())
    }

    /// Returns whether it's told something from now on, within a time.
    fn is_told_within(&self, time: Duration, words: &str) -> bool {
        let begin = Instant::now();
        // What was told before doesn't count.
        while self.hears(Duration::from_millis(1)).is_some() {}
        while begin.elapsed() < time {
            if self.hears(time).is_some_and(|told| told.contains(words)) {
                return true;
            }
        }
        false
    }
}

/// The time after which something counts as never happening.
const PATIENCE: Duration = Duration::from_secs(120);

const MINUTE: &str = "60000000";

#[test]
fn the_supervisor_is_told_of_each_step() {
    let scene = Scene::with_a_spool(FAST);
    let supervisor = Supervisor::listen(&scene);
    let service = supervisor.starts(&scene, MINUTE);
    supervisor.is_told("READY=1");
    supervisor.is_told("STATUS=calls: 0 waiting, 0 files sealed since the start");
    scene.spool(&CALLS);
    supervisor.is_told("STATUS=calls: 0 waiting, 4 files sealed since the start");
    for _ in 0..2 {
        service.signal(Signal::HUP);
        supervisor.is_told("RELOADING=1\nMONOTONIC_USEC=");
        assert!(!supervisor.was_told("READY=1"));
        supervisor.is_told("READY=1");
    }
    service.stops();
    supervisor.is_told("STOPPING=1");
}

#[test]
fn it_is_told_in_one_line_how_several_services_do() {
    let scene = Scene::with_a_spool(FAST);
    scene.make_another_spool();
    let supervisor = Supervisor::listen(&scene);
    let service = supervisor.starts(&scene, MINUTE);
    supervisor.is_told("READY=1");
    let words = "STATUS=calls: 0 waiting, 0 files sealed since the start; others: 0 waiting";
    supervisor.is_told(words);
    service.stops();
}

#[test]
fn a_supervisor_that_doesn_t_listen_keeps_no_service_from_sealing_or_ending() {
    let scene = Scene::with_a_spool(FAST);
    let supervisor = Supervisor::listen(&scene);
    // The socket takes some messages, and no more.
    let service = supervisor.starts(&scene, "100000");
    std::thread::sleep(Duration::from_secs(3));
    scene.spool(&CALLS);
    scene.waits_until("sealed", || scene.sealed().len() == CALLS.len());
    let status = scene.line("watch --status --json --config callseal.toml");
    let status = status.outcome().json();
    assert_eq!(status["watches"][0]["state"], "running", "{status:#}");
    let begin = Instant::now();
    service.stops();
    assert!(
        begin.elapsed() < Duration::from_secs(30),
        "{:?}",
        begin.elapsed()
    );
}

#[test]
fn it_is_told_what_is_wrong_in_one_line() {
    let scene = Scene::with_a_spool(FAST);
    scene.expired_certificate("vendor");
    let supervisor = Supervisor::listen(&scene);
    let service = supervisor.starts(&scene, MINUTE);
    supervisor.is_told("STATUS=calls: callseal.toml: profile acme: vendor.crt: “vendor” expired");
    service.stops();
}

#[test]
fn a_name_can_t_say_anything_to_the_supervisor() {
    let scene = Scene::with_parties();
    scene.watch(FAST);
    let config = scene.text("callseal.toml");
    let hostile = "spool\nMAINPID=1";
    scene.write(
        "callseal.toml",
        config.replace("'spool'", "\"spool\\nMAINPID=1\""),
    );
    std::fs::create_dir(scene.path(hostile)).unwrap();
    std::fs::create_dir(scene.path("outbox")).unwrap();
    let supervisor = Supervisor::listen(&scene);
    let service = supervisor.starts(&scene, MINUTE);
    supervisor.is_told("READY=1");
    std::fs::rename(scene.path(hostile), scene.path("away")).unwrap();
    service.signal(Signal::HUP);
    supervisor.is_told("STATUS=calls: spool\\u{a}MAINPID=1: ");
    assert!(!supervisor.was_told("\nMAINPID"));
    service.stops();
}

#[test]
fn the_watchdog_hears_of_a_service_that_goes_on_and_not_of_one_that_is_stuck() {
    let scene = Scene::with_a_spool(FAST);
    let supervisor = Supervisor::listen(&scene);
    let second = "1000000";
    let service = supervisor.starts(&scene, second);
    supervisor.is_told("READY=1");
    // There is nothing to do for longer than that.
    for _ in 0..4 {
        supervisor.is_told("WATCHDOG=1");
    }
    // Reading a FIFO in its place, a service waits for ever. So it's held by strace.
    let strace = format!(
        "strace -qq -f -o /dev/null -p {} -e inject=openat:delay_enter=60s",
        service.id()
    );
    let mut tracer = scene.tool_line(&strace).start(std::process::Stdio::null());
    scene.is_traced(&service);
    scene.spool(&CALLS);
    std::thread::sleep(Duration::from_secs(4));
    assert!(!supervisor.is_told_within(Duration::from_secs(3), "WATCHDOG=1"));
    tracer.kill().unwrap();
    tracer.wait().unwrap();
    supervisor.is_told("WATCHDOG=1");
    service.stops();
}
