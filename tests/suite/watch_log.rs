//! The log of a service: for people, for programs and for the journal.

#![cfg(target_os = "linux")]

use std::io::{BufRead, BufReader, pipe};
use std::process::{Command, Stdio};

use rustix::fs::fstat;
use serde_json::Value;

use crate::support::{Run, Scene};
use crate::watch_support::{CALLS, FAST};

/// Returns the records of a log that has one on each line.
#[track_caller]
fn records(log: &str) -> Vec<Value> {
    let parse = |line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    log.lines().map(parse).collect()
}

/// Returns those of some kind.
fn of_kind<'a>(records: &'a [Value], event: &str) -> Vec<&'a Value> {
    let is_it = |record: &&Value| record["event"] == event;
    records.iter().filter(is_it).collect()
}

#[test]
fn each_sealed_call_is_on_record_with_its_recipients_and_its_archive() {
    let scene = Scene::with_a_spool(FAST);
    scene.spool(&CALLS);
    let run = scene.line("watch --once --log json --config callseal.toml");
    let outcome = run.exits(0);
    let log = records(&outcome.stderr());
    let sealed = of_kind(&log, "sealed");
    assert_eq!(sealed.len(), CALLS.len(), "{outcome}");
    let recipients = scene.ok("check --config callseal.toml --json").json();
    let parties = recipients["profiles"]["acme"]["parties"]
        .as_array()
        .unwrap();
    let keys = parties
        .iter()
        .map(|party| &party["certificates"][0]["keys"][0]["fingerprint"]);
    let keys: Vec<&Value> = keys.collect();
    for (name, content) in CALLS {
        let path = format!("spool/{name}");
        let record = sealed
            .iter()
            .find(|record| record["path"] == *path)
            .unwrap();
        assert_eq!(record["bytes"], content.len(), "{record}");
        assert_eq!(record["level"], "info", "{record}");
        assert_eq!(record["watch"], "calls", "{record}");
        let named: Vec<&Value> = record["recipients"].as_array().unwrap().iter().collect();
        assert_eq!(named, keys, "{record}");
        let batch = &record["batch"];
        let archived = of_kind(&log, "in_archive");
        let archive = archived
            .iter()
            .find(|record| record["batch"] == *batch)
            .unwrap();
        assert_eq!(archive["archive"], *scene.only_archive(), "{archive}");
    }
    // Nothing of what was sealed is in the log.
    assert!(!outcome.stderr().contains("the first call"), "{outcome}");
}

#[test]
fn a_record_finds_the_message_of_its_call() {
    let scene = Scene::with_a_spool(FAST);
    scene.spool(&[("a.wav", "a call")]);
    let run = scene.line("watch --once --log json --config callseal.toml");
    let log = records(&run.exits(0).stderr());
    let id = of_kind(&log, "sealed")[0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    // The salt of a version 2 message (RFC 9580, section 5.13.2) is in its SEIPD packet.
    scene.ok(&format!(
        "extract {} -k vendor.key -C opened",
        scene.only_archive()
    ));
    scene.tool(&format!("unzip -q {} -d members", scene.only_archive()));
    let message = scene.read("members/a.wav.pgp");
    let hex: String = message.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(id.len(), 64, "{id}");
    assert!(hex.contains(&id), "{id}");
}

#[test]
fn each_record_is_one_line_whatever_the_names_are() {
    let scene = Scene::with_a_spool(FAST);
    scene.spool(&[("two\nlines", "a call"), ("bell\u{7}\u{1b}[2J", "a call")]);
    let run = scene.line("watch --once --log json --config callseal.toml");
    let outcome = run.exits(6);
    let log = records(&outcome.stderr());
    let aside = of_kind(&log, "set_aside");
    assert_eq!(aside.len(), 2, "{outcome}");
    for record in aside {
        assert_eq!(record["level"], "error", "{record}");
        assert!(record["time"].as_str().unwrap().ends_with('Z'), "{record}");
    }
    assert!(!outcome.stderr().contains('\u{1b}'), "{outcome}");
}

#[test]
fn a_failure_to_start_is_a_record_too() {
    let scene = Scene::with_a_spool(FAST);
    scene.write("callseal.toml", "[[watch]]\nname = 'calls'");
    let run = scene.line("watch --log json --config callseal.toml");
    let outcome = run.exits(2);
    let log = records(&outcome.stderr());
    assert_eq!(log.len(), 1, "{outcome}");
    assert_eq!(log[0]["event"], "failed", "{outcome}");
    assert_eq!(log[0]["level"], "error", "{outcome}");
    assert!(log[0]["hint"].is_string(), "{outcome}");
}

#[test]
fn people_see_single_calls_only_if_they_ask_for_details() {
    for (choice, is_shown) in [("", false), ("-v", true)] {
        let scene = Scene::with_a_spool(FAST);
        scene.spool(&CALLS);
        let line = format!("watch --once {choice} --config callseal.toml");
        let outcome = scene.line(&line).exits(0).says("(4 calls, ");
        let log = outcome.stderr();
        let is_it = log.contains("note: calls: spool/a/one.wav: sealed (14 B)");
        assert_eq!(is_it, is_shown, "{outcome}");
    }
}

#[test]
fn the_journal_gets_a_priority_with_each_line() {
    let scene = Scene::with_a_spool(FAST);
    scene.spool(&CALLS);
    scene.spool(&[("two\nlines", "a call")]);
    scene.tool("ln -s nowhere spool/link");
    let log = journal(&scene, &["watch", "--once"]);
    let lines_with = |words: &str| log.iter().filter(move |line| line.contains(words)).count();
    assert_eq!(
        lines_with("<6>calls: spool/a/one.wav: sealed (14 B)"),
        1,
        "{log:#?}"
    );
    assert_eq!(
        lines_with("<4>warning: calls: spool/link: not a regular file"),
        1,
        "{log:#?}"
    );
    assert_eq!(
        lines_with("<3>error: calls: spool/two\\u{a}lines: "),
        1,
        "{log:#?}"
    );
    assert!(log.iter().all(|line| line.starts_with('<')), "{log:#?}");
    // With JSON, the journal takes the priority off.
    scene.spool(&CALLS);
    let log = journal(&scene, &["watch", "--once", "--log", "json"]);
    assert!(
        log.iter().any(|line| line.starts_with("<6>{\"time\":")),
        "{log:#?}"
    );
    // A failure to start has one, too.
    let log = journal(&scene, &["watch", "others"]);
    assert!(
        log[0].starts_with("<3>error: callseal.toml: no [[watch]] "),
        "{log:#?}"
    );
    assert!(log[1].starts_with("<3>hint: "), "{log:#?}");
}

/// Runs the program with standard error as systemd connects it to the journal. Returns what
/// the journal gets.
fn journal(scene: &Scene, arguments: &[&str]) -> Vec<String> {
    let (reader, writer) = pipe().unwrap();
    let found = fstat(&writer).unwrap();
    let mut child = Command::new(Run::CALLSEAL)
        .args(arguments)
        .args(["--config", "callseal.toml", "-j", "1"])
        .current_dir(scene.root())
        .env(
            "JOURNAL_STREAM",
            format!("{}:{}", found.st_dev, found.st_ino),
        )
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(writer)
        .spawn()
        .unwrap();
    let lines = BufReader::new(reader).lines().map(Result::unwrap).collect();
    child.wait().unwrap();
    lines
}
