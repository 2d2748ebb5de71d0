//! A place to work in, and the programs that are run there: the one under
//! test and its peers.

// Each test crate uses a part of it.
#![allow(dead_code)]

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// A directory that a test has to itself, with a home for GnuPG in it. It
/// goes away with everything in it.
pub struct Place {
    directory: TempDir,
}

impl Place {
    pub fn new() -> Self {
        let directory = tempfile::Builder::new().prefix("cs").tempdir().unwrap();
        let place = Self { directory };
        fs::create_dir(place.path("gnupg")).unwrap();
        // GnuPG's default is what takes 0.1 s: not worth the wait here.
        place.write("gnupg/gpg-agent.conf", "s2k-count 65536\n");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            fs::set_permissions(place.path("gnupg"), fs::Permissions::from_mode(0o700)).unwrap();
        }
        place
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    #[track_caller]
    pub fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
    }

    #[track_caller]
    pub fn text(&self, name: &str) -> String {
        String::from_utf8(self.read(name)).unwrap()
    }

    /// One file made of others, in that order.
    pub fn concatenate(&self, parts: &[&str], whole: &str) {
        let content: Vec<u8> = parts.iter().flat_map(|part| self.read(part)).collect();
        self.write(whole, content);
    }

    /// The names in the directory, sorted.
    pub fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(self.directory.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    /// A command line, split at white space; `''` stands for an empty word.
    pub fn command(&self, line: &str) -> Command {
        let mut words = line.split_whitespace();
        let program = match words.next().unwrap() {
            "callseal" => env!("CARGO_BIN_EXE_callseal"),
            peer => peer,
        };
        let mut command = Command::new(program);
        command
            .args(words.map(|word| if word == "''" { "" } else { word }))
            .current_dir(self.directory.path())
            .env("GNUPGHOME", self.path("gnupg"))
            .env("LC_ALL", "C.UTF-8")
            .env("TZ", "UTC")
            .env_remove("CALLSEAL_CONFIG")
            .stdin(Stdio::null());
        command
    }

    /// Runs a command line to its end, whatever that is.
    #[track_caller]
    pub fn outcome(&self, line: &str) -> Outcome {
        run(line, &mut self.command(line))
    }

    /// Runs a command line that must succeed.
    #[track_caller]
    pub fn run(&self, line: &str) -> Outcome {
        self.outcome(line).exits(0)
    }

    /// As [`Place::run`], with a file as standard input.
    #[track_caller]
    pub fn run_with_input(&self, line: &str, input: &str) -> Outcome {
        let mut command = self.command(line);
        command.stdin(fs::File::open(self.path(input)).unwrap());
        run(line, &mut command).exits(0)
    }

    /// As [`Place::run`], with standard output to a file.
    #[track_caller]
    pub fn run_to(&self, line: &str, output: &str) {
        let done = self.run(line);
        self.write(output, done.stdout);
    }

    /// GnuPG without questions. Keys that are made have no passphrase.
    #[track_caller]
    pub fn gpg(&self, line: &str) -> Outcome {
        self.gpg_with_passphrase("''", line)
    }

    /// The same, with a passphrase for all keys (one word).
    #[track_caller]
    pub fn gpg_with_passphrase(&self, passphrase: &str, line: &str) -> Outcome {
        self.run(&format!(
            "gpg --batch --quiet --yes --pinentry-mode loopback --passphrase {passphrase} \
             --trust-model always {line}"
        ))
    }

    /// GnuPG's fingerprint of the newest primary key with that user ID.
    #[track_caller]
    pub fn gpg_fingerprint(&self, user: &str) -> String {
        self.gpg(&format!("--with-colons --list-keys {user}"))
            .text()
            .lines()
            .find_map(|line| line.strip_prefix("fpr:::::::::"))
            .unwrap()
            .trim_end_matches(':')
            .to_owned()
    }

    /// A self-signed certificate `NAME.crt` over the key that it makes in
    /// `NAME.key`, of a kind as `openssl req -newkey` names it.
    #[track_caller]
    pub fn certificate(&self, name: &str, kind: &str) {
        self.run(&format!(
            "openssl req -x509 -nodes -days 365 -newkey {kind} \
             -keyout {name}.key -out {name}.crt -subj /CN={name}"
        ));
    }

    /// A certificate on P-256: the cheapest kind.
    #[track_caller]
    pub fn cheap_certificate(&self, name: &str) {
        self.certificate(name, P256);
    }

    /// Seals a file, alone and packed, and opens both, with those arguments
    /// for recipients and keys.
    #[track_caller]
    pub fn opens(&self, seal: &str, open: &str) {
        self.seal(seal);
        let opened = self.run(&format!("callseal open {open} call.pgp -o -"));
        assert_eq!(opened.stdout, CALL, "{seal}, {open}");
        self.run(&format!("callseal pack -f {seal} call.wav -o call.zip"));
        self.run(&format!("callseal extract {open} call.zip -C opened"));
        assert_eq!(self.read("opened/call.wav"), CALL, "{seal}, {open}");
        fs::remove_dir_all(self.path("opened")).unwrap();
    }

    /// Seals a file for recipients, to `call.pgp`.
    #[track_caller]
    pub fn seal(&self, arguments: &str) {
        self.write("call.wav", CALL);
        self.run(&format!(
            "callseal seal -f {arguments} call.wav -o call.pgp"
        ));
    }

    /// What `callseal inspect` tells of one file.
    #[track_caller]
    pub fn inspect(&self, file: &str) -> Value {
        self.run(&format!("callseal inspect --json {file}")).json()["files"][0].take()
    }

    /// The fingerprint of the one key in a certificate.
    #[track_caller]
    pub fn fingerprint(&self, file: &str) -> String {
        let inspected = self.inspect(file);
        let fingerprint = &inspected["keys"][0]["fingerprint"];
        fingerprint
            .as_str()
            .unwrap_or_else(|| panic!("{inspected}"))
            .to_owned()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // GnuPG leaves an agent behind for each of its homes.
        let agent = self.path("gnupg/S.gpg-agent").exists();
        if agent && self.directory.path().exists() {
            let _ = self.command("gpgconf --kill all").output();
        }
    }
}

/// The kind of certificate that costs least.
pub const P256: &str = "ec -pkeyopt ec_paramgen_curve:P-256";

/// What the calls in these tests sound like.
pub const CALL: &[u8] = b"RIFF....WAVEfmt what was said";

/// Bytes that compress, but not to nothing.
pub fn content(length: usize) -> Vec<u8> {
    (0..length).map(|i| (i / 3 * 31 + i % 7) as u8).collect()
}

/// How a command ended.
pub struct Outcome {
    line: String,
    status: Option<i32>,
    pub stdout: Vec<u8>,
    pub stderr: String,
}

#[track_caller]
fn run(line: &str, command: &mut Command) -> Outcome {
    let output = command.output().unwrap_or_else(|e| match e.kind() {
        io::ErrorKind::NotFound => panic!(
            "{} is not installed: `make test` installs it",
            Path::new(command.get_program()).display()
        ),
        _ => panic!("{line}: {e}"),
    });
    Outcome {
        line: line.to_owned(),
        status: output.status.code(),
        stdout: output.stdout,
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

impl Outcome {
    #[track_caller]
    pub fn exits(self, status: i32) -> Self {
        assert_eq!(self.status, Some(status), "exit status\n{self}");
        self
    }

    /// That there is an error that names all of these, and a hint.
    #[track_caller]
    pub fn complains(self, words: &[&str]) -> Self {
        let mut errors = self.stderr.lines().filter(|l| l.starts_with("error: "));
        let named = errors.any(|error| words.iter().all(|word| error.contains(word)));
        assert!(named, "no error with {words:?}\n{self}");
        self
    }

    #[track_caller]
    pub fn hints(self) -> Self {
        let hints = self.stderr.lines().any(|line| line.starts_with("hint: "));
        assert!(hints, "no hint\n{self}");
        self
    }

    #[track_caller]
    pub fn text(&self) -> String {
        String::from_utf8(self.stdout.clone()).unwrap_or_else(|_| panic!("not text\n{self}"))
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.stdout).unwrap_or_else(|e| panic!("{e}\n{self}"))
    }
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let stdout = String::from_utf8_lossy(&self.stdout);
        let shown: String = stdout.chars().take(2000).collect();
        writeln!(f, "$ {}", self.line)?;
        write!(f, "{shown}\n{}\nexit status {:?}", self.stderr, self.status)
    }
}
