//! The set in the making: commands, files and the index.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use openssl::sha::sha256;

use crate::support::{Run, Scene};

pub struct Maker {
    pub directory: PathBuf,
    pub scratch: Scene,
    pub index: String,
}

/// One entry of the index.
pub struct Entry<'a> {
    pub file: &'a str,
    pub shows: &'a str,
    pub keys: &'a [&'a str],
    pub status: i32,
    /// A message's content.
    pub content: Option<&'a [u8]>,
    /// An archive's members and their content.
    pub members: &'a [(&'a str, &'a [u8])],
    pub passphrase: Option<&'a str>,
    pub arguments: &'a [&'a str],
    /// The certificates of signers.
    pub signers: &'a [&'a str],
    /// Who has signed the archive.
    pub signed_by: &'a [&'a str],
    /// Who has signed the archive that it was shared from.
    pub origin_signed_by: &'a [&'a str],
    /// How many members are missing that they have signed.
    pub origin_missing: Option<u64>,
}

pub const ENTRY: Entry<'_> = Entry {
    file: "",
    shows: "",
    keys: &[],
    status: 0,
    content: None,
    members: &[],
    passphrase: None,
    arguments: &[],
    signers: &[],
    signed_by: &[],
    origin_signed_by: &[],
    origin_missing: None,
};

impl Maker {
    /// Runs a command in the set's directory and returns its standard output.
    pub fn run(&self, program: &str, arguments: &[&str]) -> Vec<u8> {
        self.run_in(&self.directory, program, arguments)
    }

    pub fn run_in(&self, directory: &Path, program: &str, arguments: &[&str]) -> Vec<u8> {
        let program = match program {
            "callseal" => Run::CALLSEAL,
            other => other,
        };
        Run::new(program, directory)
            .env("GNUPGHOME", self.scratch.path("gnupg"))
            .env("CALLSEAL_CONFIG", "/dev/null")
            .args(arguments)
            .exits(0)
            .output
            .stdout
    }

    pub fn gpg(&self, arguments: &[&str]) -> Vec<u8> {
        let batch = ["--batch", "--pinentry-mode", "loopback", "--quiet"];
        self.run("gpg", &[&batch, arguments].concat())
    }

    pub fn openssl(&self, line: &str) {
        let arguments: Vec<&str> = line.split(' ').collect();
        self.run("openssl", &arguments);
    }

    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        std::fs::write(self.directory.join(name), content).unwrap();
    }

    pub fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.directory.join(name)).unwrap()
    }

    /// Writes a file to seal in the scratch directory and returns its path.
    pub fn source(&self, name: &str, content: &[u8]) -> String {
        let path = self.scratch.write(format!("plain/{name}"), content);
        path.to_str().unwrap().to_owned()
    }

    /// Runs `callseal seal` with more arguments.
    pub fn seal(&self, out: &str, source: &str, recipients: &[&str], more: &[&str]) {
        let mut arguments = vec!["seal", "-q", source, "-o", out];
        for recipient in recipients {
            arguments.extend(["-r", recipient]);
        }
        arguments.extend(more);
        self.run("callseal", &arguments);
    }

    /// Makes a ZIP archive of files with the given names, by stock zip.
    pub fn zip(&self, out: &str, files: &[(&str, &[u8])], level: &str) {
        let scene = Scene::new();
        let mut arguments = vec!["-q", "-X", level, "out.zip"];
        for (name, content) in files {
            scene.write(name, content);
            arguments.push(name);
        }
        self.run_in(scene.root(), "zip", &arguments);
        std::fs::copy(scene.path("out.zip"), self.directory.join(out)).unwrap();
    }

    pub fn entry(&mut self, entry: Entry<'_>) {
        let index = &mut self.index;
        let quoted = |words: &[&str]| {
            let words: Vec<String> = words.iter().map(|word| format!("{word:?}")).collect();
            words.join(", ")
        };
        writeln!(index, "\n[[vector]]\nfile = {:?}", entry.file).unwrap();
        writeln!(index, "shows = {:?}", entry.shows).unwrap();
        if entry.signers.is_empty() {
            writeln!(index, "keys = [{}]", quoted(entry.keys)).unwrap();
        }
        for (key, names) in [
            ("signers", entry.signers),
            ("signed_by", entry.signed_by),
            ("origin_signed_by", entry.origin_signed_by),
        ] {
            if !names.is_empty() {
                writeln!(index, "{key} = [{}]", quoted(names)).unwrap();
            }
        }
        if let Some(missing) = entry.origin_missing {
            writeln!(index, "origin_missing = {missing}").unwrap();
        }
        if let Some(passphrase) = entry.passphrase {
            writeln!(index, "passphrase = {passphrase:?}").unwrap();
        }
        if !entry.arguments.is_empty() {
            writeln!(index, "arguments = [{}]", quoted(entry.arguments)).unwrap();
        }
        writeln!(index, "status = {}", entry.status).unwrap();
        if let Some(content) = entry.content {
            writeln!(index, "sha256 = \"{}\"", hex(&sha256(content))).unwrap();
        }
        for (name, content) in entry.members {
            writeln!(index, "members.{name:?} = \"{}\"", hex(&sha256(content))).unwrap();
        }
    }

    pub fn certificate(&mut self, file: &str, shows: &str, status: i32) {
        writeln!(
            self.index,
            "\n[[vector]]\nfile = {file:?}\nshows = {shows:?}"
        )
        .unwrap();
        writeln!(self.index, "status = {status}").unwrap();
        if status == 0 {
            let message = self.scratch.path("message");
            let out = ["-f", "-o", message.to_str().unwrap()];
            let facts = self.run(
                "callseal",
                &[&["seal", "--json", file, "-r", file], &out[..]].concat(),
            );
            let facts: serde_json::Value = serde_json::from_slice(&facts).unwrap();
            let fingerprint = facts.pointer("/recipients/0/fingerprint").unwrap();
            writeln!(self.index, "fingerprint = {fingerprint}").unwrap();
        }
    }
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
