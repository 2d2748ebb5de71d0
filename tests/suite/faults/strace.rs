//! The program under strace: its calls, and a run in which one of them fails.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs::{self, File};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::job::Job;
use super::place::Place;
use crate::support::{Run, Scene, WITHOUT_UNNAMED_FILES};

/// Only a run that hangs takes this long.
const LIMIT: Duration = Duration::from_secs(60);

/// The length that is shown of the arguments of a call.
const SHOWN: usize = 120;

/// The calls that are made to fail. Some have several names: which of them a
/// program uses depends on its libraries and on the processor.
const CALLS: &[&str] = &[
    "open",
    "openat",
    "openat2",
    "close",
    "read",
    "pread64",
    "readv",
    "preadv",
    "getdents64",
    "write",
    "pwrite64",
    "writev",
    "pwritev",
    "ftruncate",
    "fallocate",
    "sendfile",
    "splice",
    "copy_file_range",
    "fsync",
    "fdatasync",
    "sync_file_range",
    "link",
    "linkat",
    "rename",
    "renameat",
    "renameat2",
    "mkdir",
    "mkdirat",
    "unlink",
    "unlinkat",
    "rmdir",
    "chmod",
    "fchmod",
    "fchmodat",
    "fchown",
    "utimensat",
    "fgetxattr",
    "fsetxattr",
    "fremovexattr",
    "flock",
    "readlink",
    "readlinkat",
    "stat",
    "fstat",
    "newfstatat",
    "statx",
    "mmap",
    "clone",
    "clone3",
];

/// A call that the program has made.
#[derive(Clone, Debug)]
pub struct Call {
    /// The thread; that of `main` is 0.
    thread: usize,
    pub name: String,
    /// Its number among the thread's calls of this name.
    number: usize,
    /// The file that it is about, as seen from the directory of the run.
    path: Option<String>,
}

/// The result of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Answer {
    /// An error, by its name.
    Error(&'static str),
    /// The process is killed on entering it.
    Killed,
}

/// One call that fails. strace counts for each thread, so the call of the same
/// number in another thread fails as well.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fault {
    pub name: String,
    number: usize,
    /// Only calls about this file count.
    path: Option<String>,
    pub answer: Answer,
}

/// The calls of a job that ran to its end.
pub struct Recording {
    calls: Vec<Call>,
    /// The number of calls of each name before `main` began: by the loader,
    /// OpenSSL's constructors and Rust's runtime. The program can't handle
    /// these.
    before_main: BTreeMap<String, usize>,
    /// The files that the job finds, by which strace can distinguish calls.
    inputs: BTreeSet<String>,
}

/// The end of a run.
pub struct Ended {
    pub status: ExitStatus,
    pub hangs: bool,
    pub stdout: Vec<u8>,
    pub stderr: String,
    /// The lines of strace's log for the calls that were made to fail.
    pub injected: Vec<String>,
    log: String,
}

impl Answer {
    /// Returns the failures of calls of this name. EMFILE and ENOMEM occur in
    /// practice at limits.
    fn of(name: &str) -> Vec<Self> {
        if only_looks(name) {
            return vec![Self::Error("EIO")];
        }
        let mut answers: Vec<Self> = ["EIO", "ENOSPC", "EAGAIN"].map(Self::Error).into();
        match name {
            "open" | "openat" | "openat2" => answers.push(Self::Error("EMFILE")),
            // It says that another process has the lock, and is no failure.
            "flock" => answers.retain(|answer| *answer != Self::Error("EAGAIN")),
            "mmap" | "clone3" | "clone" => answers.push(Self::Error("ENOMEM")),
            _ => {}
        }
        answers.push(Self::Killed);
        answers
    }

    /// Returns the text of the error in a message.
    pub fn said(self) -> Option<&'static str> {
        match self {
            Self::Error("EIO") => Some("input/output error"),
            Self::Error("ENOSPC") => Some("no space left on device"),
            Self::Error("EAGAIN") => Some("resource temporarily unavailable"),
            Self::Error("EMFILE") => Some("too many open files"),
            Self::Error("ENOMEM") => Some("cannot allocate memory"),
            Self::Error(_) | Self::Killed => None,
        }
    }
}

impl fmt::Display for Fault {
    /// Returns the arguments of strace.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, number, .. } = self;
        if let Some(path) = &self.path {
            write!(f, "-P {path} ")?;
        }
        match self.answer {
            Answer::Error(error) => write!(f, "-e inject={name}:error={error}:when={number}"),
            Answer::Killed => write!(f, "-e inject={name}:signal=SIGKILL:when={number}"),
        }
    }
}

impl Fault {
    pub fn is_kill(&self) -> bool {
        self.answer == Answer::Killed
    }

    /// Returns whether the same call fails.
    pub fn same_call(&self, other: &Self) -> bool {
        (&self.name, self.number, &self.path) == (&other.name, other.number, &other.path)
    }

    /// Returns whether it is a call that creates or removes files.
    pub fn is_essential(&self) -> bool {
        !only_looks(&self.name)
    }

    /// Returns whether it keeps data from the disk.
    pub fn is_of_a_flush(&self) -> bool {
        matches!(self.name.as_str(), "fsync" | "fdatasync")
    }

    /// Returns whether it keeps a file from being flushed and named.
    pub fn is_of_publishing(&self) -> bool {
        self.is_of_a_flush() || self.is_of_replacing() || self.name.starts_with("link")
    }

    /// Returns whether it keeps a file from replacing another.
    pub fn is_of_replacing(&self) -> bool {
        self.name.starts_with("rename")
    }

    /// Returns whether it keeps a thread from starting.
    pub fn is_of_a_thread(&self) -> bool {
        self.name.starts_with("clone")
    }

    /// Returns whether memory is refused.
    pub fn is_of_memory(&self) -> bool {
        self.name == "mmap"
    }
}

impl Recording {
    /// Runs the job to its end, which must succeed.
    pub fn of(job: &Job) -> Self {
        let place = job.prepare();
        let ended = trace(job, &place, &["-s", "0"]);
        let fine = ended.status.success() && !ended.hangs;
        assert!(fine, "{}: without any fault\n{ended}", job.line);
        let broken = job.check_all(&place, &ended.stdout);
        assert!(broken.is_empty(), "{}: {broken:?}", job.line);
        let recording = Self::read(&ended.log, &place, job.before.keys().cloned().collect());
        for name in job.calls {
            let any = |call: &Call| name.split('|').any(|name| call.name == name);
            let found = recording.calls.iter().any(any);
            assert!(found, "{}: no call of {name}:\n{}", job.line, ended.log);
        }
        recording
    }

    fn read(log: &str, place: &Place, inputs: BTreeSet<String>) -> Self {
        let mut threads: Vec<&str> = Vec::new();
        let mut counts: BTreeMap<(usize, &str), usize> = BTreeMap::new();
        let mut before_main = None;
        let mut calls = Vec::new();
        for line in log.lines() {
            let Some((thread, text)) = line.split_once(' ') else {
                continue;
            };
            let text = text.trim_start();
            // How a call ended ("<... read resumed>"), and how a thread did.
            let Some((name, arguments)) = text
                .split_once('(')
                .filter(|(name, _)| !name.contains([' ', '<', '+', '-']))
            else {
                continue;
            };
            let thread = threads.iter().position(|known| *known == thread);
            let thread = thread.unwrap_or_else(|| {
                threads.push(line.split(' ').next().unwrap());
                threads.len() - 1
            });
            let number = counts.entry((thread, name)).or_insert(0);
            *number += 1;
            if before_main.is_some() && CALLS.contains(&name) {
                calls.push(Call {
                    thread,
                    name: name.into(),
                    number: *number,
                    path: path_of(name, arguments, place),
                });
            }
            // The first thing that `main` does is to forbid core dumps.
            if before_main.is_none() && arguments.contains("RLIMIT_CORE") {
                let counts = counts.iter();
                let counts = counts.map(|((_, name), count)| ((*name).to_owned(), *count));
                before_main = Some(counts.collect());
            }
        }
        Self {
            calls,
            inputs,
            before_main: before_main
                .unwrap_or_else(|| panic!("where does main begin? No RLIMIT_CORE in\n{log}")),
        }
    }

    /// Returns whether it is about a directory whose names were read.
    fn is_listed(&self, call: &Call) -> bool {
        let mut calls = self.calls.iter();
        calls.any(|other| other.name == "getdents64" && other.path == call.path)
    }

    /// Returns every call that can be made to fail alone, as given to strace,
    /// and the number of other calls.
    pub fn faults(&self) -> (Vec<Fault>, usize) {
        let mut faults = BTreeSet::new();
        let mut order = Vec::new();
        let mut out_of_reach = 0;
        for (at, call) in self.calls.iter().enumerate() {
            let name = &call.name;
            let loader = self.before_main.get(name).copied().unwrap_or(0);
            // With the number of one of the loader's calls, that one would fail
            // first. Calls about a certain file can be distinguished.
            let (number, path) = if call.thread == 0 || call.number > loader {
                (call.number, None)
            } else if let Some(path) = call
                .path
                .as_ref()
                .filter(|path| self.inputs.contains(*path))
            {
                let alike = self.calls[..=at].iter().filter(|other| {
                    other.thread == call.thread && other.name == *name && other.path == call.path
                });
                (alike.count(), Some(path.clone()))
            } else {
                out_of_reach += 1;
                continue;
            };
            let fault = |answer| Fault {
                name: name.clone(),
                number,
                path: path.clone(),
                answer,
            };
            let mut answers = Answer::of(name);
            if name == "close" && self.is_listed(call) {
                // No file system reports an error when a directory is closed,
                // and Rust's library would panic on one.
                answers.retain(|answer| *answer == Answer::Killed);
            }
            let new = answers.into_iter().map(fault);
            order.extend(new.filter(|fault| faults.insert(fault.clone())));
        }
        (order, out_of_reach)
    }
}

/// Returns whether such a call changes nothing: it only reads or asks.
fn only_looks(name: &str) -> bool {
    ["read", "stat", "getdents"]
        .iter()
        .any(|word| name.contains(word))
}

/// Returns the file that a call is about: that of its descriptor, or the last
/// one that it names.
fn path_of(name: &str, arguments: &str, place: &Place) -> Option<String> {
    let path = match name {
        "mmap" | "clone" | "clone3" => return None,
        "open" | "openat" | "openat2" | "link" | "linkat" | "rename" | "renameat" | "renameat2"
        | "mkdir" | "mkdirat" | "unlink" | "unlinkat" | "rmdir" => {
            arguments.rsplit('"').nth(1)?.to_owned()
        }
        _ if arguments.contains("(deleted)") => return None,
        _ => arguments.split_once('<')?.1.split_once('>')?.0.to_owned(),
    };
    let root = format!("{}/", place.work().display());
    Some(path.strip_prefix(&root).map(str::to_owned).unwrap_or(path))
}

/// Runs the job with one call failing.
pub fn run(job: &Job, place: &Place, fault: &Fault) -> Ended {
    let traced = format!("-e trace={} {fault}", fault.name);
    let arguments: Vec<&str> = traced.split(' ').collect();
    let mut ended = trace(job, place, &arguments);
    let lines = ended.log.lines();
    let injected = lines.filter(|line| line.contains("(INJECTED)"));
    ended.injected = injected.map(Into::into).collect();
    ended
}

fn trace(job: &Job, place: &Place, arguments: &[&str]) -> Ended {
    // Report what is missing.
    static IS_THERE: std::sync::Once = std::sync::Once::new();
    IS_THERE.call_once(|| {
        Scene::new().tool("strace --version");
    });
    let (log, stdout, stderr) = (
        place.file("log"),
        place.file("stdout"),
        place.file("stderr"),
    );
    let mut command = Command::new(if job.named { "python3" } else { "strace" });
    if job.named {
        command.args(["-c", WITHOUT_UNNAMED_FILES, "/usr/bin/env", "strace"]);
    }
    command
        .args(["-f", "-y", "--quiet=attach,path-resolution", "-o"])
        .arg(&log)
        .args(arguments)
        .arg(Run::CALLSEAL)
        .args(job.line.split_whitespace())
        .current_dir(place.work())
        .env("LC_ALL", "C.UTF-8")
        .env("TZ", "UTC")
        .env("TMPDIR", place.work().join("tmp"))
        .env("RUST_BACKTRACE", "0")
        .env_remove("CALLSEAL_CONFIG")
        .stdin(match job.stdin {
            Some(name) => File::open(place.work().join(name)).unwrap().into(),
            None => Stdio::null(),
        })
        .stdout(File::create(&stdout).unwrap())
        .stderr(File::create(&stderr).unwrap());
    let mut child = command.spawn().unwrap();
    let (status, hangs) = wait(&mut child);
    let stderr = String::from_utf8_lossy(&fs::read(stderr).unwrap()).into_owned();
    assert!(
        !stderr.contains("strace: "),
        "strace can't do its work here. In a container it takes the capability SYS_PTRACE \
         (docker run --cap-add=SYS_PTRACE), elsewhere kernel.yama.ptrace_scope below 2.\n{stderr}"
    );
    Ended {
        status,
        hangs,
        stdout: fs::read(stdout).unwrap(),
        stderr,
        injected: Vec::new(),
        log: String::from_utf8_lossy(&fs::read(log).unwrap_or_default()).into_owned(),
    }
}

/// Waits for the end, and kills the run if it hangs.
fn wait(child: &mut Child) -> (ExitStatus, bool) {
    let start = Instant::now();
    let mut asked = false;
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return (status, asked);
        }
        if start.elapsed() > LIMIT && !asked {
            // strace ends the process that it has started, and then itself.
            kill_process(Pid::from_child(child), Signal::TERM).unwrap();
            asked = true;
        }
        if start.elapsed() > LIMIT * 2 {
            child.kill().unwrap();
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

impl Ended {
    pub fn was_killed(&self) -> bool {
        self.status.signal() == Some(Signal::KILL.as_raw())
    }

    /// Returns whether a message could not be written, so it may be missing.
    pub fn lost_a_message(&self) -> bool {
        self.injected
            .iter()
            .any(|line| line.contains("write(2<") || line.contains("write(2,"))
            // If strace shows the end of a call separately, the descriptor is
            // in another line.
            || self.injected.iter().any(|line| line.contains("write resumed"))
    }
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in &self.injected {
            let call = line.split_once(' ').map_or("", |(_, call)| call.trim());
            let (call, end) = call.split_once('(').unwrap_or((call, ""));
            let arguments: String = end.chars().take(SHOWN).collect();
            writeln!(f, "    {call}({arguments}")?;
        }
        if self.hangs {
            writeln!(f, "    hangs")?;
        }
        writeln!(f, "    {}", self.status)?;
        for line in self.stderr.lines() {
            writeln!(f, "    | {line}")?;
        }
        Ok(())
    }
}
