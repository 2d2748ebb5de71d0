//! The README's examples and those of the help are run as they stand.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that can't go on has failed"
)]
#![allow(missing_docs, reason = "test programs have no readers of docs")]

use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

const README: &str = include_str!("../README.md");

/// A directory to type commands in, with the sample calls, and the keys and
/// certificates of a customer and a vendor.
struct Desk {
    directory: TempDir,
    /// Apart, since the agent's socket needs a short path.
    home: TempDir,
}

impl Desk {
    /// The vendor's key has the passphrase in `vendor.pass`, or none.
    fn new(locked: bool) -> Self {
        let desk = Self {
            directory: tempfile::tempdir().unwrap(),
            home: tempfile::tempdir().unwrap(),
        };
        let calls = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/calls");
        let lock = if locked {
            "-passout file:vendor.pass"
        } else {
            "-nodes"
        };
        // Copied without their dates: some examples want what is new.
        desk.run(&format!(
            "cp -r {} calls
            echo secret > vendor.pass
            openssl req -x509 -nodes -days 365 -newkey rsa:2048 \
                -keyout customer.key -out customer.crt -subj /O=Customer
            openssl req -x509 {lock} -days 365 -newkey rsa:2048 \
                -keyout vendor.key -out vendor.crt -subj /O=Vendor",
            calls.display()
        ));
        desk
    }

    /// Runs a script with the built program first in the path.
    fn run(&self, script: &str) -> String {
        let program = Path::new(env!("CARGO_BIN_EXE_callseal"));
        let path = std::env::var("PATH").unwrap();
        let output = Command::new("bash")
            .args(["-euo", "pipefail", "-c", script])
            .current_dir(&self.directory)
            .env(
                "PATH",
                format!("{}:{path}", program.parent().unwrap().display()),
            )
            .env("HOME", self.home.path())
            .env("GNUPGHOME", self.home.path())
            .env_remove("CALLSEAL_CONFIG")
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "this failed with {}:\n{script}\n{}{}",
            output.status,
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).unwrap()
    }

    fn has(&self, path: &str) -> bool {
        self.directory.path().join(path).exists()
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        Command::new("gpgconf")
            .arg("--homedir")
            .arg(self.home.path())
            .args(["--kill", "all"])
            .status()
            .ok();
    }
}

/// The README's blocks with that word after the fence.
fn blocks(language: &str) -> impl Iterator<Item = &'static str> {
    let fence = format!("```{language}\n");
    README
        .split(&fence)
        .skip(1)
        .map(|rest| rest.split_once("\n```").unwrap().0)
        .collect::<Vec<_>>()
        .into_iter()
}

#[test]
fn the_examples_of_the_readme_run_in_their_order() {
    let desk = Desk::new(true);
    let mut number = 0;
    let mut output = String::new();
    for block in blocks("sh") {
        output += &desk.run(block);
        number += 1;
    }
    assert!(number > 15, "{number}");
    assert!(output.contains("packed; the calls may be deleted"));
    assert!(desk.has("only-metadata/calls/2026-03-14/agent-17"));
    assert!(!desk.has("only-metadata/calls/2026-03-15"));
    assert!(!desk.has("ticket-4711/calls/2026-03-14/agent-23/20260314-102247-0118/agent note.txt"));
}

#[test]
fn the_readme_has_the_table_of_exit_statuses() {
    let desk = Desk::new(false);
    let help = desk.run("callseal --help");
    let (_, table) = help.split_once("Exit status:\n").unwrap();
    assert_eq!(blocks("text").next().unwrap(), table.trim_end());
}

/// What stands below `Example:` or `Examples:` in a command's help.
fn examples(desk: &Desk, command: &str) -> Vec<String> {
    let help = desk.run(&format!("callseal {command} --help"));
    let lines = |text: &str| -> Vec<String> {
        text.lines()
            .take_while(|line| line.starts_with("  "))
            .map(|line| line.trim_start().to_owned())
            .collect()
    };
    if let Some((_, several)) = help.split_once("\nExamples:\n") {
        lines(several)
    } else if let Some((_, one)) = help.split_once("\nExample:\n") {
        vec![lines(one).join("\n")]
    } else {
        Vec::new()
    }
}

#[test]
fn the_examples_of_the_help_run() {
    const COMMANDS: [&str; 11] = [
        "pack",
        "list",
        "extract",
        "cat",
        "seal",
        "open",
        "inspect",
        "export",
        "config",
        "completions",
        "man",
    ];
    let help = Desk::new(false);
    let listed = help.run("callseal --help");
    let listed = listed.lines().filter_map(|line| {
        let name = line.strip_prefix("  ")?.split(' ').next()?;
        (!name.is_empty() && name.chars().all(|c| c.is_ascii_lowercase()) && name != "help")
            .then_some(name)
    });
    assert!(listed.eq(COMMANDS), "another command has come");

    let mut run = 0;
    for command in COMMANDS {
        for example in examples(&help, command) {
            let desk = Desk::new(false);
            desk.run(
                "mkdir keys etc
                cp customer.key keys/
                echo 'LOGGING_ENCRYPTION_KEY = ../customer.crt,../vendor.crt' > etc/client_property.conf
                printf '[profiles.acme]\nrecipients = [\"customer.crt\"]\n' > callseal.toml
                echo '<call/>' > calls/1001.xml
                echo 'a note' > note.txt",
            );
            match command {
                "pack" | "seal" => {}
                "open" => drop(desk.run("callseal seal -r vendor.crt note.txt && rm note.txt")),
                _ => {
                    drop(desk.run("callseal pack -o calls.zip -r customer.crt -r vendor.crt calls"))
                }
            }
            // Where only root may write, and what wants somebody at a terminal.
            let example = example
                .replace("/etc/lumenvox/", "etc/")
                .replace("/etc/bash_completion.d/", "etc/")
                .replace("| less", "| cat");
            desk.run(&format!(
                "export CALLSEAL_CONFIG=$PWD/callseal.toml\n{example}"
            ));
            run += 1;
        }
    }
    assert!(run >= 12, "{run}");
}
