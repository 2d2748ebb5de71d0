//! A private key that other users can read or change causes a warning.

#![cfg(unix)]
use std::fs::{Permissions, set_permissions};
use std::os::unix::fs::PermissionsExt;

use crate::support::{Outcome, P256, Scene};

fn set_mode(scene: &Scene, file: &str, mode: u32) {
    set_permissions(scene.path(file), Permissions::from_mode(mode)).unwrap();
}

/// Makes an archive and a message for the customer, whose key everybody can
/// read.
fn sealed() -> Scene {
    let scene = Scene::with_a_call();
    scene.ok("pack -q -o calls.zip -r customer.crt calls");
    scene.ok("seal -q -r customer.crt calls/a.txt -o a.pgp");
    set_mode(&scene, "customer.key", 0o644);
    scene
}

fn warnings(outcome: &Outcome) -> Vec<String> {
    let stderr = outcome.stderr();
    let lines = stderr
        .lines()
        .filter(|line| line.starts_with("warning: "))
        .map(str::to_owned);
    lines.collect()
}

/// Checks for the warning of one file, and no other.
#[track_caller]
fn warns_of(outcome: &Outcome, file: &str) {
    assert_eq!(
        warnings(outcome),
        [format!(
            "warning: {file}: other users can read or change this key; \
             run `chmod 600 {file}`"
        )],
        "{outcome}"
    );
}

#[test]
fn only_modes_that_let_others_in_cause_a_warning() {
    let scene = sealed();
    for mode in [0o644, 0o604, 0o602, 0o606, 0o666, 0o777] {
        set_mode(&scene, "customer.key", mode);
        warns_of(&scene.ok("list calls.zip -k customer.key"), "customer.key");
    }
    for mode in [0o600, 0o400, 0o640, 0o660, 0o700, 0o601] {
        set_mode(&scene, "customer.key", mode);
        let listed = scene.ok("list calls.zip -k customer.key");
        assert!(listed.stderr().is_empty(), "{mode:o}: {listed}");
    }
}

#[test]
fn every_command_that_takes_keys_warns_and_does_its_work() {
    let scene = sealed();
    for line in [
        "list calls.zip -k customer.key",
        "extract calls.zip -k customer.key -C out",
        "cat calls.zip calls/a.txt -k customer.key",
        "open a.pgp -k customer.key -o a.txt",
        "inspect calls.zip -k customer.key",
        "inspect customer.key",
        "keys -k customer.key",
        "export customer.crt -k customer.key -o customer.asc",
        "export --gpg customer.key -o customer.gpg",
    ] {
        warns_of(&scene.ok(line), "customer.key");
    }
    assert_eq!(scene.read("out/calls/a.txt"), b"the first call");
    assert_eq!(scene.read("a.txt"), b"the first call");
}

#[test]
fn neither_quiet_nor_json_silences_the_warning() {
    let scene = sealed();
    for flag in ["-q", "--json", "-q --json"] {
        let line = format!("extract -f calls.zip -k customer.key -C out {flag}");
        let outcome = scene.ok(&line);
        warns_of(&outcome, "customer.key");
        if flag.contains("--json") {
            assert_eq!(outcome.json()["extracted"], 1, "{outcome}");
        }
    }
}

#[test]
fn the_list_of_keys_marks_exposed_keys_in_json() {
    let scene = sealed();
    let keys = scene.ok("keys --json -k customer.key -k vendor.key").json();
    assert_eq!(keys["keys"][0]["world_readable"], true, "{keys}");
    assert_eq!(keys["keys"][1]["world_readable"], false, "{keys}");
}

#[test]
fn keys_of_the_config_and_of_directories_are_checked_too() {
    let scene = sealed();
    let key = scene.read("customer.key");
    for (name, mode) in [
        ("archive/customer.key", 0o644),
        ("archive/vendor.key", 0o600),
    ] {
        scene.write(name, &key);
        set_mode(&scene, name, mode);
    }
    warns_of(
        &scene.ok("list calls.zip -k archive"),
        "archive/customer.key",
    );
    scene.write("callseal.toml", "keys = [\"archive\"]\n");
    let listed = scene.ok("list calls.zip --config callseal.toml");
    let [warning] = &*warnings(&listed) else {
        panic!("{listed}");
    };
    assert!(warning.contains("archive/customer.key: other"), "{warning}");
}

#[test]
fn a_locked_key_and_an_openpgp_key_cause_one_too() {
    let scene = sealed();
    scene.locked_key_pair("locked", P256, "secret");
    set_mode(&scene, "locked.key", 0o644);
    warns_of(&scene.ok("list calls.zip -k locked.key"), "locked.key");
    // Two encryption keys, one file.
    scene.gpg("--quick-gen-key a rsa2048 default never");
    let primary = scene.gpg_fingerprint("a");
    scene.gpg(&format!("--quick-add-key {primary} cv25519 encr never"));
    scene.gpg("--export-secret-keys --output gpg.key a");
    set_mode(&scene, "gpg.key", 0o644);
    warns_of(&scene.ok("list calls.zip -k gpg.key"), "gpg.key");
}

#[test]
fn certificates_that_others_can_read_cause_no_warning() {
    let scene = sealed();
    set_mode(&scene, "customer.key", 0o600);
    std::fs::create_dir(scene.path("keys")).unwrap();
    for file in ["customer.crt", "customer.key"] {
        std::fs::rename(scene.path(file), scene.path(format!("keys/{file}"))).unwrap();
    }
    set_mode(&scene, "keys/customer.crt", 0o666);
    for line in [
        "list calls.zip -r keys/customer.crt -k keys",
        "inspect keys/customer.crt",
        "seal -q -r keys/customer.crt calls/a.txt",
    ] {
        let outcome = scene.ok(line);
        assert!(outcome.stderr().is_empty(), "{outcome}");
    }
}

#[test]
fn a_link_counts_as_its_target() {
    let scene = sealed();
    std::os::unix::fs::symlink("customer.key", scene.path("link.key")).unwrap();
    warns_of(&scene.ok("list calls.zip -k link.key"), "link.key");
    set_mode(&scene, "customer.key", 0o600);
    let listed = scene.ok("list calls.zip -k link.key");
    assert!(listed.stderr().is_empty(), "{listed}");
}

#[test]
fn a_key_from_a_pipe_causes_no_warning() {
    let scene = sealed();
    for script in [
        "callseal cat calls.zip calls/a.txt -k <(cat customer.key)",
        "cat customer.key | callseal cat calls.zip calls/a.txt -k /dev/stdin",
    ] {
        let outcome = scene.bash(script).exits(0);
        assert_eq!(outcome.stdout(), "the first call", "{script}");
        assert!(outcome.stderr().is_empty(), "{outcome}");
    }
}

#[test]
fn the_hint_is_a_valid_command() {
    let scene = sealed();
    let name = "the customer's key";
    std::fs::rename(scene.path("customer.key"), scene.path(name)).unwrap();
    let list = || {
        scene
            .callseal(["list", "calls.zip", "-k", name])
            .exits(0)
            .stderr()
    };
    let warned = list();
    let remedy = warned.split('`').nth(1).unwrap();
    scene.bash(remedy).exits(0);
    assert_eq!(list(), "");
}
