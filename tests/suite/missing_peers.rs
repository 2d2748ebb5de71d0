//! If a program that the tests run is missing, they name its package.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use crate::support::{Run, Scene, packages};

/// Returns the error of a test that runs it where there are no programs.
fn said_of(run: Run) -> String {
    let run = run.env("PATH", "/nowhere");
    let failure = catch_unwind(AssertUnwindSafe(|| run.outcome())).err();
    let failure = failure.expect("it does not run");
    failure.downcast_ref::<String>().unwrap().clone()
}

#[test]
fn a_missing_program_is_an_error_that_names_its_package() {
    let scene = Scene::new();
    for (line, package) in [
        ("7zz t calls.zip", "7zip"),
        ("rnpkeys --version", "rnp"),
        ("openssl version", "openssl"),
    ] {
        let said = said_of(scene.tool_line(line));
        let expected = format!("not installed. It is in Debian's package {package}: ");
        assert!(said.contains(&expected), "{said}");
    }
}

#[test]
fn a_program_missing_in_a_script_is_an_error_too() {
    let scene = Scene::new();
    // Bash itself is found, but finds nothing.
    let script = "PATH=/nowhere; bsdtar -tf calls.zip || true";
    let run = scene.program("bash", ["-c", script]);
    let failure = catch_unwind(AssertUnwindSafe(|| run.outcome())).err();
    let failure = failure.expect("it does not run");
    let said = failure.downcast_ref::<String>().unwrap();
    assert!(
        said.contains("in Debian's package libarchive-tools: "),
        "{said}"
    );
}

#[test]
fn make_test_installs_the_named_packages() {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/system-packages.sh");
    let script = std::fs::read_to_string(script).unwrap();
    // Programs of every Debian.
    let others = [
        "bsdutils",
        "coreutils",
        "diffutils",
        "findutils",
        "util-linux",
    ];
    let words: Vec<&str> = script.split([' ', '(', ')', '\n']).collect();
    for (program, package) in packages::PACKAGES {
        assert!(
            others.contains(&package) || words.contains(&package),
            "{package}, for {program}"
        );
    }
}
