//! What a service tells its supervisor, by the protocol of sd_notify(3).

#![cfg(target_os = "linux")]

use std::os::unix::net::UnixDatagram;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::support::Scene;
use crate::watch_support::{CALLS, FAST, Service};

/// The supervisor's socket.
struct Supervisor(UnixDatagram);

impl Supervisor {
    fn listen(scene: &Scene) -> Self {
        let socket = UnixDatagram::bind(scene.path("notify")).unwrap();
        let patience = Some(Duration::from_secs(120));
        socket.set_read_timeout(patience).unwrap();
        Self(socket)
    }

    /// Starts a service that it's told about.
    #[track_caller]
    fn starts(&self, scene: &Scene, watchdog: &str) -> Service {
        let run = scene.line("watch -v --config callseal.toml");
        let run = run.env("NOTIFY_SOCKET", scene.path("notify"));
        scene.service(run.env("WATCHDOG_USEC", watchdog))
    }

    /// Waits until it's told something. Returns what it was told before.
    #[track_caller]
    fn is_told(&self, words: &str) -> Vec<String> {
        let mut before = Vec::new();
        let begin = Instant::now();
        loop {
            let mut text = [0; 4096];
            let length = self.0.recv(&mut text);
            let length = length.unwrap_or_else(|error| panic!("{error}, after {before:#?}"));
            let told = String::from_utf8(text[..length].to_vec()).unwrap();
            if told.contains(words) {
                return before;
            }
            before.push(told);
            assert!(begin.elapsed() < Duration::from_secs(120), "{before:#?}");
        }
    }

    /// Returns whether it's told something within a time.
    fn is_told_within(&self, time: Duration, words: &str) -> bool {
        let begin = Instant::now();
        self.0.set_read_timeout(Some(time)).unwrap();
        while begin.elapsed() < time {
            let mut text = [0; 4096];
            let Ok(length) = self.0.recv(&mut text) else {
                return false;
            };
            if String::from_utf8_lossy(&text[..length]).contains(words) {
                return true;
            }
        }
        false
    }

    /// Forgets what it was told.
    fn forgets(&self) {
        while self.is_told_within(Duration::from_millis(1), "") {}
    }
}

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
        let before = supervisor.is_told("RELOADING=1\nMONOTONIC_USEC=");
        assert!(!before.concat().contains("READY=1"), "{before:#?}");
        supervisor.is_told("READY=1");
    }
    service.stops();
    supervisor.is_told("STOPPING=1");
}

#[test]
fn it_isn_t_told_that_a_service_is_ready_before_all_of_them_are() {
    let scene = Scene::with_a_spool(FAST);
    let second = "[[watch]]\nname = 'others'\nspool = 'spool2'\noutbox = 'outbox2'\n";
    let config = scene.text("callseal.toml");
    scene.write("callseal.toml", format!("{config}{second}"));
    for name in ["spool2", "outbox2"] {
        std::fs::create_dir(scene.path(name)).unwrap();
    }
    let supervisor = Supervisor::listen(&scene);
    let service = supervisor.starts(&scene, MINUTE);
    supervisor.is_told("READY=1");
    let words = "STATUS=calls: 0 waiting, 0 files sealed since the start; others: 0 waiting";
    supervisor.is_told(words);
    service.stops();
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
    let told = supervisor.is_told("STATUS=calls: spool\\u{a}MAINPID=1: ");
    assert!(!told.concat().contains("\nMAINPID"), "{told:#?}");
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
    std::thread::sleep(Duration::from_millis(500));
    scene.spool(&CALLS);
    std::thread::sleep(Duration::from_secs(4));
    supervisor.forgets();
    assert!(!supervisor.is_told_within(Duration::from_secs(3), "WATCHDOG=1"));
    tracer.kill().unwrap();
    tracer.wait().unwrap();
    supervisor
        .0
        .set_read_timeout(Some(Duration::from_secs(120)))
        .unwrap();
    supervisor.is_told("WATCHDOG=1");
    service.stops();
}
