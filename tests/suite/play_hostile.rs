//! `callseal play` with clients that are slow, silent or many.

#![cfg(target_os = "linux")]
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::play_support::{Player, packed};
use crate::support::{Scene, content};

/// Longer than the server waits for anything.
const LONG: Duration = Duration::from_secs(100);

/// Returns whether the server closes, instead of answering.
fn is_closed(mut stream: &TcpStream) -> bool {
    stream.set_read_timeout(Some(LONG)).unwrap();
    match stream.read(&mut [0; 1]) {
        Ok(read) => read == 0,
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::ConnectionReset, "{error}");
            true
        }
    }
}

#[test]
fn who_sends_no_whole_head_is_given_up() {
    let player = Player::start();
    let silent = player.connect();
    let half = player.connect();
    (&half).write_all(b"GET / HTTP/1.1\r\nHost: ").unwrap();
    let slow = player.connect();
    let dripping = slow.try_clone().unwrap();
    let drip = thread::spawn(move || {
        let mut sent = 0;
        // Fields without end, an octet at a time.
        for octet in b"GET / HTTP/1.1\r\n"
            .iter()
            .chain(b"X: y\r\n".iter().cycle())
        {
            if (&dripping).write_all(&[*octet]).is_err() || sent == 1000 {
                break;
            }
            sent += 1;
            thread::sleep(Duration::from_millis(200));
        }
        sent
    });
    player.still_serves();
    // One that has asked, and asks no more.
    let idle = player.connect();
    let request = format!("HEAD {} HTTP/1.1\r\nHost: localhost\r\n\r\n", player.path);
    (&idle).write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    idle.set_read_timeout(Some(LONG)).unwrap();
    (&idle).read_to_end(&mut answer).unwrap();
    assert!(answer.starts_with(b"HTTP/1.1 200"));
    for stream in [&silent, &half, &slow] {
        assert!(is_closed(stream));
    }
    assert!(drip.join().unwrap() < 1000);
    player.still_serves();
}

#[test]
fn who_takes_no_answer_is_given_up() {
    let scene = Scene::new();
    scene.write("large.wav", content(50_000_000));
    scene.tool("zip -q -0 calls.zip large.wav");
    let player = Player::run(scene, "play --no-browser calls.zip");
    let stuck = player.connect();
    let request = format!(
        "GET {}archives/0 HTTP/1.1\r\nHost: localhost\r\n\r\n",
        player.path
    );
    (&stuck).write_all(request.as_bytes()).unwrap();
    let count = |player: &Player| {
        let all = player.scene.tool("ss -Htnp").stdout();
        let port = format!("127.0.0.1:{} ", player.port);
        // Those of the server's own end that a process holds.
        let is_own = |line: &&str| {
            let local = line.split_whitespace().nth(3);
            local == Some(port.trim()) && line.contains("users:")
        };
        all.lines().filter(is_own).count()
    };
    while count(&player) == 0 {
        thread::sleep(Duration::from_millis(20));
    }
    // Nothing is taken of what is sent: the server closes in the end.
    let start = Instant::now();
    while count(&player) > 0 {
        assert!(start.elapsed() < LONG, "it waits for ever");
        player.still_serves();
        thread::sleep(Duration::from_secs(1));
    }
    let mut got = Vec::new();
    let _ = (&stuck).read_to_end(&mut got);
    assert!(got.len() < 50_000_000);
    player.still_serves();
}

#[test]
fn who_reads_slowly_gets_all() {
    let player = Player::start();
    let archive = player.scene.read("calls.zip");
    let mut stream = player.connect();
    let request = format!(
        "GET {}archives/0 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        player.path
    );
    for octet in request.as_bytes() {
        stream.write_all(&[*octet]).unwrap();
        thread::sleep(Duration::from_millis(2));
    }
    let mut got = Vec::new();
    let mut part = [0; 100];
    loop {
        match stream.read(&mut part).unwrap() {
            0 => break,
            read => got.extend_from_slice(&part[..read]),
        }
        thread::sleep(Duration::from_millis(5));
    }
    assert!(got.ends_with(&archive));
}

/// Connects a thousand clients that ask for something and take nothing of it.
fn thousand(player: &Player, request: &str) -> Vec<TcpStream> {
    crowd(player, 1000, request)
}

/// Connects many times, and sends the same on each connection.
fn crowd(player: &Player, size: usize, request: &str) -> Vec<TcpStream> {
    let streams = (0..size).map(|_| {
        let stream = player.connect();
        let _ = (&stream).write_all(request.as_bytes());
        stream
    });
    streams.collect()
}

#[test]
fn a_thousand_clients_keep_nobody_out() {
    let player = Player::start();
    for hanging in ["", "GET /", "GET / HTTP/1.1\r\nHost: localhost\r\nX: "] {
        let streams = thousand(&player, hanging);
        player.still_serves();
        drop(streams);
    }
    assert!(
        player.figure("VmHWM") < 64 * 1024,
        "{}",
        player.figure("VmHWM")
    );
    let files = std::fs::read_dir(format!("/proc/{}/fd", player.child.id()));
    assert!(files.unwrap().count() < 300);
}

#[test]
fn who_has_shown_the_token_stays_while_others_come() {
    let player = Player::start();
    let mut own = player.connect();
    let request = format!("HEAD {} HTTP/1.1\r\nHost: localhost\r\n\r\n", player.path);
    let mut ask = || {
        own.write_all(request.as_bytes()).unwrap();
        let mut answer = Vec::new();
        let mut octet = [0];
        while !answer.ends_with(b"\r\n\r\n") {
            own.read_exact(&mut octet).unwrap();
            answer.push(octet[0]);
        }
        assert!(answer.starts_with(b"HTTP/1.1 200"));
    };
    let mut others = Vec::new();
    // It isn't idle for long, however slowly they come.
    for _ in 0..10 {
        ask();
        others.extend(crowd(&player, 100, "GET /"));
    }
    ask();
    player.still_serves();
}

#[test]
fn a_thousand_clients_that_know_the_token_cost_little_memory() {
    let scene = Scene::new();
    scene.write("large.wav", content(20_000_000));
    scene.tool("zip -q -0 calls.zip large.wav");
    let player = Player::run(scene, "play --no-browser calls.zip");
    let before = player.figure("VmHWM");
    let request = format!(
        "GET {}archives/0 HTTP/1.1\r\nHost: localhost\r\n\r\n",
        player.path
    );
    let streams = thousand(&player, &request);
    // Some get an answer, and the others are turned away.
    let mut answered = 0;
    for stream in &streams {
        answered += usize::from(!is_closed(stream));
    }
    assert_eq!(answered, 256);
    let most = player.figure("VmHWM");
    assert!(most - before < 64 * 1024, "from {before} to {most} KiB");
    drop(streams);
    player.still_serves();
}

/// Returns how often the server has tried to take a connection, while it runs under strace.
fn tries(player: &Player) -> usize {
    let trace = player.scene.text("trace");
    trace
        .lines()
        .filter(|line| line.contains("accept4("))
        .count()
}

#[test]
fn it_goes_on_when_no_descriptor_is_left() {
    let scene = packed();
    let run = scene.bash("ulimit -n 40; exec callseal play --no-browser calls.zip");
    let player = Player::of(scene, run);
    // They make room for each other.
    let streams = thousand(&player, "GET /");
    player.still_serves();
    drop(streams);
    player.still_serves();
}

#[test]
fn it_says_so_once_when_nobody_can_be_served() {
    let scene = packed();
    let strace = "strace -D -f -o trace -e trace=accept4 -e inject=accept4:error=EMFILE";
    let run = scene.bash(&format!(
        "exec {strace} callseal play --no-browser calls.zip"
    ));
    let player = Player::of(scene, run);
    let _waiting = player.connect();
    player.scene.waits_until("tried", || tries(&player) >= 3);
    let (status, _, said) = player.end(Signal::TERM);
    assert_eq!(status.code(), Some(0), "{said}");
    let warning = "warning: nobody can be served: too many open files\nhint: end it with Ctrl-C, and raise the limit: `ulimit -n 1024`\n";
    assert_eq!(said.matches(warning).count(), 1, "{said}");
}

#[test]
fn it_waits_for_a_descriptor_and_does_not_try_again_and_again() {
    let scene = packed();
    let run = scene.bash(
        "ulimit -n 40
        exec strace -f -e trace=accept4 -o trace callseal play --no-browser calls.zip",
    );
    let player = Player::of(scene, run);
    // None of these makes room: they have shown the token. They are given up when they ask no
    // more, and only then can the last ones come in.
    let request = format!("HEAD {} HTTP/1.1\r\nHost: localhost\r\n\r\n", player.path);
    let streams: Vec<TcpStream> = (0..60)
        .map(|_| {
            let mut stream = player.connect();
            stream.write_all(request.as_bytes()).unwrap();
            let mut start = [0; 12];
            stream.read_exact(&mut start).unwrap();
            assert_eq!(&start, b"HTTP/1.1 200");
            stream
        })
        .collect();
    // Some 10 in a second, for as long as it takes. Without a pause, there are 100,000.
    assert!(tries(&player) < 5000, "{}", tries(&player));
    drop(streams);
    player.still_serves();
}
