//! The README's examples and those of the help are run as they stand.

use std::path::Path;

use crate::support::Scene;

const README: &str = include_str!("../../README.md");

/// A directory to type commands in, with the sample calls, and the keys and
/// certificates of a customer and a vendor.
struct Desk {
    scene: Scene,
    /// Apart, so that nothing of it is among the files.
    home: Scene,
}

impl Desk {
    /// The vendor's key has the passphrase in `vendor.pass`, or none.
    fn new(locked: bool) -> Self {
        let desk = Self {
            scene: Scene::new(),
            home: Scene::new(),
        };
        desk.home.make_gnupg_home();
        let calls = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/calls");
        // Copied without their dates: some examples want what is new.
        desk.run(&format!("cp -r {} calls", calls.display()));
        desk.scene.write("vendor.pass", "secret\n");
        desk.scene.key_pair("customer", "rsa:2048");
        if locked {
            desk.scene.locked_key_pair("vendor", "rsa:2048", "secret");
        } else {
            desk.scene.key_pair("vendor", "rsa:2048");
        }
        desk
    }

    /// Runs a script in which `callseal` is the built program, and no command
    /// may fail.
    #[track_caller]
    fn run(&self, script: &str) -> String {
        self.scene
            .bash(&format!("set -euo pipefail\n{script}"))
            .env("HOME", self.home.root())
            .env("GNUPGHOME", self.home.path("gnupg"))
            .exits(0)
            .stdout()
    }

    fn has(&self, path: &str) -> bool {
        self.scene.path(path).exists()
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
    const COMMANDS: [&str; 16] = [
        "pack",
        "list",
        "extract",
        "cat",
        "convert",
        "seal",
        "open",
        "inspect",
        "fields",
        "keygen",
        "keys",
        "export",
        "check",
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
    let nested = ["fields seal", "fields open"];
    for command in COMMANDS.into_iter().chain(nested) {
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
                "convert" => drop(desk.run(
                    "openssl req -x509 -newkey rsa:2048 -nodes -keyout gir.key -out gir.crt -subj /CN=GIR 2>&1
                    openssl smime -encrypt -binary -aes256 -outform DER -in note.txt -out note.p7m gir.crt
                    zip -q GIR.zip note.p7m",
                )),
                "open" => drop(desk.run("callseal seal -r vendor.crt note.txt && rm note.txt")),
                "fields seal" => {
                    let call = r#"{"caller":{"number":1},"transcript":"","cards":[{"pan":1}]}"#;
                    desk.scene.write("calls.ndjson", format!("{call}\n"));
                }
                "fields open" => {
                    desk.run("echo '{\"transcript\":1}' | callseal fields seal --fields transcript -r vendor.crt >sealed.ndjson");
                }
                _ => {
                    drop(desk.run("callseal pack -o calls.zip -r customer.crt -r vendor.crt calls"))
                }
            }
            // Where only root may write, and what wants somebody at a terminal.
            let example = example
                .replace("/etc/lumenvox/", "etc/")
                .replace("/etc/bash_completion.d/", "etc/")
                .replace("| less", "| cat")
                .replace("keygen ", "keygen --no-passphrase ");
            desk.run(&format!(
                "export CALLSEAL_CONFIG=$PWD/callseal.toml\n{example}"
            ));
            run += 1;
        }
    }
    assert!(run >= 18, "{run}");
}
