//! Private keys and passphrases don't leak.

#![cfg(target_os = "linux")]
use std::fs;
use std::io::{ErrorKind, Read};
use std::process::Stdio;

use crate::support::{Scene, Watchdog, content};

const PASSPHRASE: &str = "correct-horse";

/// Makes an archive with a call that is too long for a pipe, for a locked key.
fn scene() -> Scene {
    let scene = Scene::new();
    scene.locked_key_pair("locked", "rsa:2048", PASSPHRASE);
    scene.write("calls/long.wav", content(4 << 20));
    scene.ok("pack -q -o calls.zip -r locked.crt calls");
    scene.write("phrase", format!("{PASSPHRASE}\n"));
    scene
}

#[test]
fn neither_the_command_line_nor_the_environment_shows_a_passphrase() {
    let scene = scene();
    let mut child = scene
        .line("cat calls.zip calls/long.wav -k locked.key --passphrase-file phrase")
        .start(Stdio::null());
    let watchdog = Watchdog::new(&child);
    // It is unlocked once something comes out, and then waits for its reader.
    let mut first = [0];
    child
        .stdout
        .as_mut()
        .unwrap()
        .read_exact(&mut first)
        .unwrap();
    // `ps eww` shows what is there.
    let seen = |file: &str| fs::read(format!("/proc/{}/{file}", child.id()));
    let command_line = seen("cmdline").unwrap();
    let command_line = String::from_utf8_lossy(&command_line);
    assert!(command_line.contains("cat\0calls.zip"), "{command_line}");
    assert!(!command_line.contains(PASSPHRASE), "{command_line}");
    match seen("environ") {
        Ok(environment) => {
            let text = String::from_utf8_lossy(&environment);
            assert!(text.contains("LC_ALL=C.UTF-8\0"), "{text}");
            assert!(!text.contains(PASSPHRASE), "{text}");
        }
        // Nobody else can look at it.
        Err(error) => assert_eq!(error.kind(), ErrorKind::PermissionDenied),
    }
    drop(watchdog);
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn a_passphrase_on_the_command_line_is_neither_accepted_nor_repeated() {
    let scene = scene();
    for option in ["--passphrase", "--password", "-P"] {
        scene
            .line(&format!("extract calls.zip -k locked.key {option} hunter2"))
            .exits(2);
    }
    // It doesn't wait for somebody to type one, either.
    for variable in ["PASSPHRASE", "CALLSEAL_PASSPHRASE"] {
        scene
            .bash("exec setsid -w callseal extract calls.zip -k locked.key -C out </dev/null")
            .env(variable, PASSPHRASE)
            .exits(4);
    }
}

/// Returns the secret lines of a PEM private key.
fn secret_lines(scene: &Scene, key: &str) -> Vec<String> {
    let text = scene.text(key);
    let lines = text.lines().filter(|line| !line.starts_with("-----"));
    lines.map(str::to_owned).collect()
}

#[test]
fn no_private_key_is_ever_shown() {
    let scene = scene();
    scene.tool("openssl pkey -in locked.key -passin file:phrase -out open.key");
    let modulus = scene
        .tool("openssl pkey -in open.key -noout -text")
        .stdout();
    // The private exponent's first bytes, as they'd show in hexadecimal.
    let (_, exponent) = modulus.split_once("privateExponent:").unwrap();
    let exponent: String = exponent
        .lines()
        .nth(1)
        .unwrap()
        .trim()
        .chars()
        .filter(char::is_ascii_hexdigit)
        .collect();
    let mut secrets = secret_lines(&scene, "open.key");
    secrets.extend(secret_lines(&scene, "locked.key"));
    secrets.extend([exponent.clone(), exponent.to_uppercase()]);
    assert!(secrets.len() > 40 && exponent.len() >= 28, "{secrets:?}");

    scene.write("half.key", &scene.read("open.key")[..900]);
    for line in [
        "extract calls.zip -f -C out -k open.key",
        "extract calls.zip -f -C out -k half.key",
        "extract calls.zip -f -C out -k locked.key",
        "extract calls.zip -f -C out -k locked.key --passphrase-file open.key",
        "list calls.zip -k open.key",
        "inspect open.key half.key locked.key",
        "seal -r open.key calls.zip",
        "seal -r half.key calls.zip",
        "seal -r locked.key calls.zip",
        "config check --config open.key",
        "open open.key -k open.key -o -",
        "export --gpg half.key -o half.asc",
        "export --gpg locked.key -o half.asc --passphrase-file half.key",
        "export --gpg open.key -o open.asc -f",
    ] {
        for flags in ["-v", "-v --json"] {
            let script = format!("exec setsid -w callseal {line} {flags} </dev/null");
            let outcome = scene.bash(&script).outcome();
            for text in [
                String::from_utf8_lossy(&outcome.output.stdout).into_owned(),
                outcome.stderr(),
            ] {
                for secret in &secrets {
                    assert!(!text.contains(secret.as_str()), "{secret}\n{outcome}");
                }
            }
        }
    }
}
