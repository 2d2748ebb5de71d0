//! A running `callseal play`, and requests to it, octet by octet.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, ChildStderr, ChildStdout, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use crate::support::{CALL, Run, Scene, Watchdog, wait};

/// A server that runs until it's dropped.
pub struct Player {
    pub scene: Scene,
    pub child: Child,
    pub address: String,
    pub port: u16,
    /// The path of the page, with the token in it.
    pub path: String,
    stdout: BufReader<ChildStdout>,
    stderr: Option<ChildStderr>,
    _watchdog: Watchdog,
}

/// An answer, as it came.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: Vec<u8>,
}

/// Makes an archive of two calls.
pub fn packed() -> Scene {
    let scene = Scene::with_parties();
    scene.write("calls/a.wav", CALL);
    scene.write("calls/b.txt", "the second call");
    scene.ok("pack -q -o calls.zip -r customer.crt calls");
    scene
}

impl Player {
    /// Serves an archive.
    #[track_caller]
    pub fn start() -> Self {
        Self::run(packed(), "play --no-browser calls.zip")
    }

    #[track_caller]
    pub fn run(scene: Scene, line: &str) -> Self {
        let run = scene.line(line);
        Self::of(scene, run)
    }

    /// Takes the address from what the run prints.
    #[track_caller]
    pub fn of(scene: Scene, run: Run) -> Self {
        let mut child = run.start(Stdio::null());
        let watchdog = Watchdog::new(&child);
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let address = line.trim_end_matches('\n');
        let Some(rest) = address.strip_prefix("http://127.0.0.1:") else {
            let mut words = String::new();
            let stderr = child.stderr.take().unwrap();
            BufReader::new(stderr).read_to_string(&mut words).unwrap();
            panic!("no address: {line:?}\n{words}");
        };
        let (port, path) = rest.split_at(rest.find('/').unwrap());
        Self {
            port: port.parse().unwrap(),
            path: path.into(),
            address: address.into(),
            stderr: child.stderr.take(),
            stdout,
            scene,
            child,
            _watchdog: watchdog,
        }
    }

    pub fn connect(&self) -> TcpStream {
        TcpStream::connect(("127.0.0.1", self.port)).unwrap()
    }

    /// Sends octets, and returns all answers until the server closes.
    pub fn send(&self, request: &[u8]) -> Vec<u8> {
        let mut stream = self.connect();
        // The server may have closed before it has read all.
        let _ = stream.write_all(request);
        let mut answers = Vec::new();
        let _ = stream.read_to_end(&mut answers);
        answers
    }

    /// Sends a request to a path below the page, with these fields as well.
    #[track_caller]
    pub fn ask(&self, method: &str, below: &str, fields: &[&str]) -> Answer {
        let path = format!("{}{below}", self.path);
        let host = format!("Host: 127.0.0.1:{}", self.port);
        self.ask_for(method, &path, &[&[host.as_str()], fields].concat())
    }

    #[track_caller]
    pub fn get(&self, below: &str, fields: &[&str]) -> Answer {
        self.ask("GET", below, fields)
    }

    /// Sends a request with exactly this target and these fields, but for `Connection`.
    #[track_caller]
    pub fn ask_for(&self, method: &str, target: &str, fields: &[&str]) -> Answer {
        let fields: String = fields.iter().map(|field| format!("{field}\r\n")).collect();
        let request = format!("{method} {target} HTTP/1.1\r\nConnection: close\r\n{fields}\r\n");
        Answer::of(&self.send(request.as_bytes()))
    }

    /// Checks that it still serves the page.
    #[track_caller]
    pub fn still_serves(&self) {
        assert_eq!(self.get("", &[]).status, 200);
        assert_eq!(
            self.get("archives/0", &["Range: bytes=0-3"]).body,
            b"PK\x03\x04"
        );
    }

    /// Returns what the kernel says of it, in KiB or as a number.
    pub fn figure(&self, name: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix(name))
            .unwrap();
        let number = line.trim_start_matches(':').split_whitespace().next();
        number.unwrap().parse().unwrap()
    }

    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Ends it, and returns its status, and what it has printed after the address and said.
    pub fn end(mut self, signal: Signal) -> (std::process::ExitStatus, String, String) {
        self.signal(signal);
        let status = wait(&mut self.child, "callseal play");
        let (mut printed, mut said) = (String::new(), String::new());
        self.stdout.read_to_string(&mut printed).unwrap();
        let mut stderr = self.stderr.take().unwrap();
        stderr.read_to_string(&mut said).unwrap();
        (status, printed, said)
    }
}

impl Drop for Player {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Answer {
    #[track_caller]
    pub fn of(octets: &[u8]) -> Self {
        let end = octets.windows(4).position(|four| four == b"\r\n\r\n");
        let end = end.unwrap_or_else(|| panic!("{:?}", String::from_utf8_lossy(octets)));
        let head = String::from_utf8(octets[..end].to_vec()).unwrap();
        let status = head.strip_prefix("HTTP/1.1 ").unwrap()[..3].parse();
        Self {
            status: status.unwrap(),
            head,
            body: octets[end + 4..].to_vec(),
        }
    }

    /// Returns the value of a field that is there once, or none.
    #[track_caller]
    pub fn field(&self, name: &str) -> Option<&str> {
        let mut values = self.head.lines().filter_map(|line| {
            let (found, value) = line.split_once(": ")?;
            found.eq_ignore_ascii_case(name).then_some(value)
        });
        let value = values.next();
        assert_eq!(values.next(), None, "{name} twice");
        value
    }
}
