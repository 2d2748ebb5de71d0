//! Runs of programs, and checks of their outcomes.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use super::packages;

/// The time after which a program counts as hanging. No test may come near it,
/// even on a slow and busy machine.
const LIMIT: Duration = Duration::from_secs(15 * 60);

/// A program to run. Its standard input is empty.
pub struct Run {
    pub(super) command: Command,
    input: Vec<u8>,
}

impl Run {
    /// The program under test.
    pub const CALLSEAL: &str = env!("CARGO_BIN_EXE_callseal");

    pub fn new(program: &str, directory: &Path) -> Self {
        let mut command = Command::new(program);
        command
            .current_dir(directory)
            .env("LC_ALL", "C.UTF-8")
            .env("TZ", "UTC")
            .env_remove("CALLSEAL_CONFIG")
            // Sequoia's errors, which callseal handles, would each capture a
            // backtrace.
            .env("RUST_LIB_BACKTRACE", "0")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        Self {
            command,
            input: Vec::new(),
        }
    }

    pub fn args<I, S>(mut self, arguments: I) -> Self
    where
        I: IntoIterator<Item = S>,
        S: AsRef<OsStr>,
    {
        self.command.args(arguments);
        self
    }

    pub fn stdin(mut self, input: impl AsRef<[u8]>) -> Self {
        self.input = input.as_ref().to_vec();
        self
    }

    /// Takes standard input from a file.
    #[track_caller]
    pub fn stdin_from(mut self, file: impl AsRef<Path>) -> Self {
        self.command.stdin(File::open(file).unwrap());
        self
    }

    /// Sends standard output elsewhere than to the outcome.
    pub fn stdout_to(mut self, output: impl Into<Stdio>) -> Self {
        self.command.stdout(output);
        self
    }

    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Starts it, for tests that look at it while it runs or don't let it run
    /// to its end.
    #[track_caller]
    pub fn start(mut self, input: impl Into<Stdio>) -> Child {
        self.command.stdin(input);
        self.spawn()
    }

    /// Runs it to its end, whatever that is.
    #[track_caller]
    pub fn outcome(mut self) -> Outcome {
        let shown = shown(&self.command);
        let mut child = self.spawn();
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        let input = self.input;
        if let Some(mut stdin) = child.stdin.take() {
            // A program may leave its input unread.
            std::thread::spawn(move || drop(stdin.write_all(&input)));
        }
        let stdout = std::thread::spawn(move || read_all(stdout));
        let stderr = std::thread::spawn(move || read_all(stderr));
        let status = wait(&mut child, &shown);
        let outcome = Outcome {
            shown,
            output: Output {
                status,
                stdout: stdout.join().unwrap(),
                stderr: stderr.join().unwrap(),
            },
        };
        outcome.needs_nothing();
        outcome
    }

    #[track_caller]
    fn spawn(&mut self) -> Child {
        let spawned = self.command.spawn();
        spawned.unwrap_or_else(|e| panic!("{}", packages::does_not_start(&self.command, &e)))
    }

    /// Runs it to its end, which is a failure of some kind.
    #[track_caller]
    pub fn fails(self) -> Outcome {
        self.outcome().fails()
    }

    /// Runs it to its end, with this exit status.
    #[track_caller]
    pub fn exits(self, status: i32) -> Outcome {
        self.outcome().exits(status)
    }
}

/// Returns the command as it would be typed, except for quotes.
fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let words: Vec<_> = words.map(OsStr::to_string_lossy).collect();
    format!("$ {}", words.join(" "))
}

/// Reads a pipe, if there is one.
fn read_all(source: Option<impl Read>) -> Vec<u8> {
    let mut bytes = Vec::new();
    if let Some(mut source) = source {
        source.read_to_end(&mut bytes).unwrap();
    }
    bytes
}

/// Waits for the end, but not for ever.
#[track_caller]
pub fn wait(child: &mut Child, shown: &str) -> ExitStatus {
    let start = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        if start.elapsed() > LIMIT {
            child.kill().unwrap();
            child.wait().unwrap();
            panic!("{shown} hangs");
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// A guard that kills a program if it hangs, for tests that read its output or
/// wait for it themselves. It must live as long as they do so, and no longer
/// than the program's [`Child`] is waited for.
#[must_use = "it watches until it's dropped"]
pub struct Watchdog {
    _ends: mpsc::Sender<()>,
}

impl Watchdog {
    pub fn new(child: &Child) -> Self {
        let (ends, end) = mpsc::channel();
        let pid = rustix::process::Pid::from_child(child);
        std::thread::spawn(move || {
            if end.recv_timeout(LIMIT) == Err(mpsc::RecvTimeoutError::Timeout) {
                let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
            }
        });
        Self { _ends: ends }
    }
}

/// The output of a program and its end.
pub struct Outcome {
    shown: String,
    pub output: Output,
}

impl Outcome {
    #[track_caller]
    pub fn exits(self, status: i32) -> Self {
        assert!(
            self.output.status.code() == Some(status),
            "not exit status {status}\n{self}"
        );
        self
    }

    pub fn status(&self) -> Option<i32> {
        self.output.status.code()
    }

    /// Checks that it refused, in whatever way other software does that.
    #[track_caller]
    pub fn fails(self) -> Self {
        assert!(!self.output.status.success(), "has ended well\n{self}");
        self
    }

    /// Checks that a shell found all programs of its script. Otherwise it says
    /// `bash: line 1: NAME: command not found`.
    #[track_caller]
    fn needs_nothing(&self) {
        let stderr = self.stderr();
        let missing = stderr
            .lines()
            .find_map(|line| line.strip_suffix(": command not found"));
        if let Some(program) = missing.and_then(|line| line.rsplit(": ").next()) {
            panic!("{}\n{self}", packages::not_installed(program));
        }
    }

    /// Returns standard output, which must be text.
    #[track_caller]
    pub fn stdout(&self) -> String {
        String::from_utf8(self.output.stdout.clone()).unwrap_or_else(|_| panic!("not text\n{self}"))
    }

    pub fn stderr(&self) -> String {
        String::from_utf8_lossy(&self.output.stderr).into_owned()
    }

    /// Checks that standard error contains this text.
    #[track_caller]
    pub fn says(self, text: &str) -> Self {
        assert!(
            self.stderr().contains(text),
            "does not say {text:?}\n{self}"
        );
        self
    }

    /// Checks that an `error:` line contains all of these.
    #[track_caller]
    pub fn complains(self, words: &[&str]) -> Self {
        self.complaint(words);
        self
    }

    /// Checks the same, with a `hint:` line after it.
    #[track_caller]
    pub fn complains_with_hint(self, words: &[&str]) -> Self {
        let after = self.complaint(words);
        assert!(
            after.lines().any(|line| line.starts_with("hint: ")),
            "no hint after it\n{self}"
        );
        self
    }

    /// Returns what standard error says after that error.
    #[track_caller]
    fn complaint(&self, words: &[&str]) -> String {
        let stderr = self.stderr();
        let mut lines = stderr.lines();
        let named = lines.any(|line| {
            line.starts_with("error: ") && words.iter().all(|word| line.contains(word))
        });
        assert!(named, "no error line with {words:?}\n{self}");
        lines.collect::<Vec<_>>().join("\n")
    }

    #[track_caller]
    pub fn prints(self, text: &str) -> Self {
        assert!(
            self.stdout().contains(text),
            "does not print {text:?}\n{self}"
        );
        self
    }

    /// Checks that standard output and standard error are empty.
    #[track_caller]
    pub fn stays_silent(self) -> Self {
        assert!(
            self.output.stdout.is_empty() && self.output.stderr.is_empty(),
            "is not silent\n{self}"
        );
        self
    }

    /// Returns standard output as one JSON document.
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.output.stdout)
            .unwrap_or_else(|e| panic!("no JSON document: {e}\n{self}"))
    }
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut shown = String::from_utf8_lossy(&self.output.stdout).into_owned();
        if let Some((at, _)) = shown.char_indices().nth(4000) {
            shown.truncate(at);
            let _ = write!(shown, "… ({} bytes)", self.output.stdout.len());
        }
        write!(
            f,
            "{}\n{}\n--- stdout\n{shown}\n--- stderr\n{}",
            self.shown,
            self.output.status,
            self.stderr()
        )
    }
}
