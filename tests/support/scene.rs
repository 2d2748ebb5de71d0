//! A directory to work in, and the programs that run there: the one under test
//! and its peers.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::{Outcome, Run};

/// A directory of a single test. It's removed with everything in it.
pub struct Scene {
    directory: TempDir,
}

impl Scene {
    /// Makes an empty scene.
    pub fn new() -> Self {
        let usual = std::env::temp_dir();
        // The path of a socket is short: that of GnuPG's agent has 108 bytes.
        match usual.as_os_str().len() {
            0..=50 => Self::below(&usual),
            _ => Self::below(Path::new("/tmp")),
        }
    }

    /// Makes a scene on a memory file system if one has room: a disk is slow to
    /// flush thousands of files.
    pub fn in_memory() -> Self {
        /// More than several tests need at once. Containers often have 64 MiB.
        const ROOM: u64 = 2 << 30;
        let memory = Path::new("/dev/shm");
        let room = rustix::fs::statvfs(memory).map_or(0, |found| found.f_bavail * found.f_frsize);
        let writable = rustix::fs::access(memory, rustix::fs::Access::WRITE_OK).is_ok();
        if room >= ROOM && writable {
            Self::below(memory)
        } else {
            Self::new()
        }
    }

    fn below(parent: &Path) -> Self {
        let directory = tempfile::Builder::new().prefix("cs").tempdir_in(parent);
        Self {
            directory: directory.expect("a temporary directory"),
        }
    }

    /// Makes a scene with the keys of a customer and a vendor.
    pub fn with_parties() -> Self {
        let scene = Self::new();
        scene.make_parties();
        scene
    }

    /// Makes the same with one file to pack: `calls/a.txt`.
    pub fn with_a_call() -> Self {
        let scene = Self::with_parties();
        scene.write("calls/a.txt", "the first call");
        scene
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

    /// Writes a file that only its owner can read, as for a private key.
    pub fn write_private(&self, name: impl AsRef<Path>, content: impl AsRef<[u8]>) {
        let path = self.write(name, content);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
        }
    }

    #[track_caller]
    pub fn read(&self, name: impl AsRef<Path>) -> Vec<u8> {
        let path = self.path(name);
        fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
    }

    #[track_caller]
    pub fn text(&self, name: impl AsRef<Path>) -> String {
        String::from_utf8(self.read(name)).unwrap()
    }

    /// Joins files into one, in this order.
    pub fn concatenate(&self, parts: &[&str], whole: &str) {
        let content: Vec<u8> = parts.iter().flat_map(|part| self.read(part)).collect();
        self.write(whole, content);
    }

    /// Returns whether something of this name exists, even a broken link.
    pub fn exists(&self, name: impl AsRef<Path>) -> bool {
        fs::symlink_metadata(self.path(name)).is_ok()
    }

    /// Returns the names in the directory itself, sorted.
    pub fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(self.root())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    /// Returns everything below a directory, sorted, including hidden files and
    /// directories (which end in `/`); nothing if there is no such directory.
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

    /// Makes GnuPG's home, if it doesn't exist.
    pub fn make_gnupg_home(&self) {
        let home = self.path("gnupg");
        if home.exists() {
            return;
        }
        // GnuPG's default takes 0.1 s: not worth the wait here. A passphrase in
        // the agent's cache must not help the next command.
        self.write(
            "gnupg/gpg-agent.conf",
            "s2k-count 65536\ndefault-cache-ttl 0\nmax-cache-ttl 0\n",
        );
        // The preferences of GnuPG 2.2's keys. 2.4 declares support for the
        // draft of authenticated encryption as well, and then encrypts with it.
        self.write(
            "gnupg/gpg.conf",
            "default-preference-list AES256 AES192 AES SHA512 SHA384 SHA256 ZLIB ZIP Uncompressed\n",
        );
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            fs::set_permissions(&home, fs::Permissions::from_mode(0o700)).unwrap();
        }
        // It's ready once this returns. GnuPG itself would start it too, but
        // waits five seconds for it and no longer. (With a file for its log, it
        // keeps none of our pipes.)
        let log = home.join("agent.log");
        self.program(
            "gpg-agent",
            ["--daemon".as_ref(), "--log-file".as_ref(), log.as_os_str()],
        )
        .exits(0);
    }

    /// Returns a run of the program in this directory.
    pub fn callseal<I, S>(&self, arguments: I) -> Run
    where
        I: IntoIterator<Item = S>,
        S: AsRef<OsStr>,
    {
        self.program(Run::CALLSEAL, arguments)
    }

    /// Returns the same from one line of words without blanks; `''` is an empty
    /// word.
    pub fn line(&self, line: &str) -> Run {
        self.callseal(words(line))
    }

    /// Runs the line, which must succeed.
    #[track_caller]
    pub fn ok(&self, line: &str) -> Outcome {
        self.line(line).exits(0)
    }

    /// Returns a run of another program in this directory.
    pub fn program<I, S>(&self, program: &str, arguments: I) -> Run
    where
        I: IntoIterator<Item = S>,
        S: AsRef<OsStr>,
    {
        Run::new(program, self.root())
            .env("GNUPGHOME", self.path("gnupg"))
            .args(arguments)
    }

    /// Returns the same from one line of words, the program's name first.
    pub fn tool_line(&self, line: &str) -> Run {
        let mut words = words(line);
        self.program(words.next().unwrap(), words)
    }

    /// Runs another program's line, which must succeed.
    #[track_caller]
    pub fn tool(&self, line: &str) -> Outcome {
        self.tool_line(line).exits(0)
    }

    /// Does the same as [`Scene::tool`], with a file as standard input.
    #[track_caller]
    pub fn tool_from(&self, line: &str, input: &str) -> Outcome {
        self.tool_line(line).stdin_from(self.path(input)).exits(0)
    }

    /// Does the same as [`Scene::tool`], with standard output to a file.
    #[track_caller]
    pub fn tool_to(&self, line: &str, output: &str) {
        let done = self.tool(line);
        self.write(output, done.output.stdout);
    }

    /// Runs a script, in which `callseal` is the program.
    pub fn bash(&self, script: &str) -> Run {
        let program = Path::new(Run::CALLSEAL).parent().unwrap();
        let path = std::env::var("PATH").unwrap_or_default();
        self.program("bash", ["-c", script])
            .env("PATH", format!("{}:{path}", program.display()))
    }

    /// Runs a Python program with the given arguments, which must succeed.
    #[track_caller]
    pub fn python(&self, program: &str, arguments: &[&str]) -> Outcome {
        self.program("python3", ["-c", program].iter().chain(arguments))
            .exits(0)
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        // GnuPG leaves an agent behind for each of its homes.
        if self.exists("gnupg") {
            let mut run = self.tool_line("gpgconf --kill all");
            let _ = run.command.output();
        }
    }
}

fn words(line: &str) -> impl Iterator<Item = &str> {
    line.split_whitespace()
        .map(|word| if word == "''" { "" } else { word })
}
