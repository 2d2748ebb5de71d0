//! A directory with keys in it, and the program run there.

#![allow(dead_code, reason = "each test program uses a part of it")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that can't go on has failed"
)]

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// The program under test.
pub const PROGRAM: &str = env!("CARGO_BIN_EXE_callseal");

/// Nothing that is run here takes this long, unless it hangs.
const LIMIT: Duration = Duration::from_secs(60);

/// A directory of its own for one test, with the keys of two parties in it:
/// `customer.crt`, `customer.key`, `vendor.crt` and `vendor.key`.
pub struct Scene {
    directory: TempDir,
}

impl Scene {
    pub fn new() -> Self {
        Self::in_directory(TempDir::new())
    }

    /// On a memory file system where there is one: a disk takes its time to
    /// flush thousands of files.
    pub fn in_memory() -> Self {
        let memory = Path::new("/dev/shm");
        Self::in_directory(if memory.is_dir() {
            TempDir::new_in(memory)
        } else {
            TempDir::new()
        })
    }

    fn in_directory(directory: std::io::Result<TempDir>) -> Self {
        let scene = Self {
            directory: directory.expect("a temporary directory"),
        };
        scene.key_pair("customer", &["-nodes"]);
        scene.key_pair("vendor", &["-nodes"]);
        scene
    }

    /// A scene with one file to pack: `calls/a.txt`.
    pub fn with_a_call() -> Self {
        let scene = Self::new();
        scene.write("calls/a.txt", "the first call");
        scene
    }

    /// Makes `NAME.key` and `NAME.crt` as the openssl program does.
    pub fn key_pair(&self, name: &str, arguments: &[&str]) {
        let (key, certificate) = (format!("{name}.key"), format!("{name}.crt"));
        let subject = format!("/CN={name}");
        let fixed = [
            "req",
            "-x509",
            "-days",
            "365",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-subj",
            &subject,
            "-keyout",
            &key,
            "-out",
            &certificate,
        ];
        self.tool("openssl", fixed.iter().chain(arguments));
    }

    pub fn root(&self) -> &Path {
        self.directory.path()
    }

    pub fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.root().join(name)
    }

    /// Writes a file, and makes the directories on the way to it.
    pub fn write(&self, name: impl AsRef<Path>, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path
    }

    #[track_caller]
    pub fn read(&self, name: impl AsRef<Path>) -> Vec<u8> {
        let path = self.path(name);
        fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
    }

    pub fn exists(&self, name: impl AsRef<Path>) -> bool {
        fs::symlink_metadata(self.path(name)).is_ok()
    }

    /// Everything below a directory, hidden files and directories too (these
    /// end in `/`), sorted; nothing where there is no such directory.
    pub fn tree(&self, name: impl AsRef<Path>) -> Vec<String> {
        let root = self.path(name);
        let mut found = Vec::new();
        let mut open = vec![root.clone()];
        while let Some(directory) = open.pop() {
            let Ok(entries) = fs::read_dir(&directory) else {
                continue;
            };
            for entry in entries {
                let entry = entry.unwrap();
                let path = entry.path();
                let mut name = path.strip_prefix(&root).unwrap().display().to_string();
                if entry.file_type().unwrap().is_dir() {
                    name.push('/');
                    open.push(path);
                }
                found.push(name);
            }
        }
        found.sort();
        found
    }

    /// A run of the program in this directory.
    pub fn callseal<I, S>(&self, arguments: I) -> Run
    where
        I: IntoIterator<Item = S>,
        S: AsRef<OsStr>,
    {
        let mut run = Run::new(PROGRAM, self.root());
        run.command.args(arguments);
        run
    }

    /// The same, from one line of words that have no blanks in them.
    pub fn line(&self, line: &str) -> Run {
        self.callseal(line.split_whitespace())
    }

    /// Runs the line, which must succeed.
    #[track_caller]
    pub fn ok(&self, line: &str) -> Outcome {
        self.line(line).exits(0)
    }

    /// Runs a script, in which `callseal` is the program.
    pub fn bash(&self, script: &str) -> Run {
        let mut run = Run::new("bash", self.root());
        let program = Path::new(PROGRAM).parent().unwrap();
        let path = std::env::var("PATH").unwrap_or_default();
        run.command
            .env("PATH", format!("{}:{path}", program.display()))
            .args(["-c", script]);
        run
    }

    /// Runs another program, which must be there and must succeed.
    #[track_caller]
    pub fn tool<I, S>(&self, program: &str, arguments: I) -> Outcome
    where
        I: IntoIterator<Item = S>,
        S: AsRef<OsStr>,
    {
        let mut run = Run::new(program, self.root());
        run.command.args(arguments);
        run.exits(0)
    }

    /// Runs a Python program with the given arguments, which must succeed.
    #[track_caller]
    pub fn python(&self, program: &str, arguments: &[&str]) -> Outcome {
        self.tool("python3", ["-c", program].iter().chain(arguments))
    }
}

/// A program about to run. Its standard input is empty.
pub struct Run {
    pub command: Command,
    input: Vec<u8>,
}

impl Run {
    fn new(program: &str, directory: &Path) -> Self {
        let mut command = Command::new(program);
        command
            .current_dir(directory)
            .env_remove("CALLSEAL_CONFIG")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        Self {
            command,
            input: Vec::new(),
        }
    }

    pub fn stdin(mut self, input: impl AsRef<[u8]>) -> Self {
        self.input = input.as_ref().to_vec();
        self
    }

    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Starts it, for tests that don't let it run to its end.
    #[track_caller]
    pub fn start(mut self) -> Child {
        self.command
            .stdin(Stdio::null())
            .spawn()
            .unwrap_or_else(|e| panic!("{:?} does not start: {e}", self.command))
    }

    /// Runs it to its end, whatever that is.
    #[track_caller]
    pub fn outcome(mut self) -> Outcome {
        let shown = format!("{:?}", self.command);
        let mut child = self
            .command
            .spawn()
            .unwrap_or_else(|e| panic!("{shown} does not start: {e}"));
        let mut stdin = child.stdin.take().unwrap();
        let (mut stdout, mut stderr) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        let input = self.input;
        // Whoever doesn't read its input is free to do so.
        std::thread::spawn(move || drop(stdin.write_all(&input)));
        let stdout = std::thread::spawn(move || read_all(&mut stdout));
        let stderr = std::thread::spawn(move || read_all(&mut stderr));
        let status = wait(&mut child, &shown);
        Outcome {
            shown,
            output: Output {
                status,
                stdout: stdout.join().unwrap(),
                stderr: stderr.join().unwrap(),
            },
        }
    }

    /// Runs it to its end, with that exit status.
    #[track_caller]
    pub fn exits(self, status: i32) -> Outcome {
        self.outcome().exits(status)
    }
}

fn read_all(source: &mut impl Read) -> Vec<u8> {
    let mut bytes = Vec::new();
    source.read_to_end(&mut bytes).unwrap();
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

/// What a program has said and how it ended.
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

    pub fn stdout(&self) -> String {
        String::from_utf8_lossy(&self.output.stdout).into_owned()
    }

    pub fn stderr(&self) -> String {
        String::from_utf8_lossy(&self.output.stderr).into_owned()
    }

    /// Standard error has this text in it.
    #[track_caller]
    pub fn says(self, text: &str) -> Self {
        assert!(
            self.stderr().contains(text),
            "does not say {text:?}\n{self}"
        );
        self
    }

    /// There is an `error:` line with this text, and a `hint:` line.
    #[track_caller]
    pub fn says_with_hint(self, text: &str) -> Self {
        let stderr = self.stderr();
        let mut lines = stderr.lines();
        assert!(
            lines.any(|line| line.starts_with("error: ") && line.contains(text)),
            "no error line with {text:?}\n{self}"
        );
        assert!(
            lines.any(|line| line.starts_with("hint: ")),
            "no hint after it\n{self}"
        );
        self
    }

    #[track_caller]
    pub fn prints(self, text: &str) -> Self {
        assert!(
            self.stdout().contains(text),
            "does not print {text:?}\n{self}"
        );
        self
    }

    /// Standard output and standard error are empty.
    #[track_caller]
    pub fn stays_silent(self) -> Self {
        assert!(
            self.output.stdout.is_empty() && self.output.stderr.is_empty(),
            "is not silent\n{self}"
        );
        self
    }

    /// Standard output as one JSON document.
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.output.stdout)
            .unwrap_or_else(|e| panic!("no JSON document: {e}\n{self}"))
    }
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut shown = self.stdout();
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
