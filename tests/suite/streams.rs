//! Standard output and standard error, and their readers.

use std::io::Write;

use crate::support::{Run, Scene, Watchdog};

#[test]
fn a_reader_that_stops_early_is_not_a_failure() {
    let scene = Scene::with_parties();
    for number in 0..2000 {
        scene.write(
            format!("calls/a-rather-long-name-for-a-call-{number:04}"),
            "",
        );
    }
    scene.write("long.wav", vec![1; 3 << 20]);
    scene.ok("pack -q -o big.zip -r customer.crt calls");
    let pack = "pack -q -r customer.crt long.wav --compress none";
    scene.ok(&format!("{pack} -o v2.zip"));
    scene.ok(&format!("{pack} -o v1.zip --format rfc4880"));
    scene.ok("seal -q -r customer.crt long.wav --compress none");
    for (writer, reader) in [
        ("callseal list big.zip", "head -n1"),
        ("callseal list big.zip --json", "head -n1"),
        ("callseal inspect big.zip v1.zip", "head -c1"),
        (
            "callseal pack --dry-run -q -o x.zip -r customer.crt calls",
            "head -n1",
        ),
        ("callseal cat v2.zip long.wav -k customer.key", "head -c1"),
        ("callseal cat v1.zip long.wav -k customer.key", "head -c1"),
        (
            "callseal open long.wav.pgp -o - -k customer.key",
            "head -c1",
        ),
        ("callseal seal -r customer.crt -o - long.wav", "head -c1"),
    ] {
        let outcome = scene
            .bash(&format!(
                "{writer} | {reader} >/dev/null; exit ${{PIPESTATUS[0]}}"
            ))
            .exits(0);
        assert!(outcome.output.stderr.is_empty(), "{outcome}");
    }
}

#[test]
fn a_reader_that_is_gone_before_the_first_byte_is_not_a_failure() {
    let scene = Scene::with_a_call();
    scene.ok("pack -q -o calls.zip -r customer.crt calls");
    for line in [
        "list calls.zip",
        "cat calls.zip calls/a.txt -k customer.key",
        "seal -r customer.crt -o - calls/a.txt",
        "man",
        "completions bash",
        "--help",
        "export --gpg customer.key",
    ] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let outcome = scene.line(line).stdout_to(writer).exits(0);
        assert!(outcome.output.stderr.is_empty(), "{outcome}");
    }
}

#[test]
fn a_full_disk_is_a_failure() {
    let scene = Scene::with_a_call();
    scene.ok("pack -q -o calls.zip -r customer.crt calls");
    for writer in [
        "callseal list calls.zip",
        "callseal list calls.zip --json",
        "callseal cat calls.zip calls/a.txt -k customer.key",
        "callseal seal -r customer.crt -o - calls/a.txt",
        "callseal man",
        "callseal --help",
        "callseal pack --help",
        "callseal --version",
    ] {
        scene
            .bash(&format!("{writer} >/dev/full"))
            .exits(1)
            .says("error: ")
            .says("o space left");
    }
}

#[test]
fn quiet_reports_no_success() {
    let scene = Scene::with_a_call();
    for line in [
        "pack -q -o calls.zip -r customer.crt -r customer.crt calls",
        "extract -q calls.zip -k customer.key -C out",
        "seal -q -r customer.crt calls/a.txt -o a.pgp",
        "open -q a.pgp -k customer.key -o a",
        "export -q --gpg customer.key -o customer.asc",
        "man -q --out .",
    ] {
        scene.line(line).exits(0).stays_silent();
    }
    // Failures are reported.
    scene
        .line("extract -q calls.zip -k customer.key -C out")
        .exits(1)
        .complains_with_hint(&["already exists"]);
}

#[test]
fn the_summary_is_one_line_on_standard_error() {
    let scene = Scene::with_a_call();
    for (line, summary) in [
        (
            "pack -o calls.zip -r customer.crt calls",
            "packed 1 file (14 B) for 1 recipient (customer) into calls.zip",
        ),
        (
            "extract calls.zip -k customer.key -C out",
            "extracted 1 file (14 B) to out",
        ),
        (
            "seal -r customer.crt calls/a.txt -o a.pgp",
            "sealed calls/a.txt (14 B) for 1 recipient (customer) into a.pgp",
        ),
        (
            "open a.pgp -k customer.key -o a",
            "opened a.pgp into a (14 B)",
        ),
    ] {
        let outcome = scene.ok(line);
        assert!(outcome.output.stdout.is_empty(), "{outcome}");
        assert!(outcome.stderr().starts_with(summary), "{outcome}");
        assert_eq!(outcome.stderr().lines().count(), 1, "{outcome}");
        assert!(!outcome.stderr().contains('\x1b'), "{outcome}");
    }
    scene
        .ok("pack -f -o calls.zip -r customer.crt -r customer.crt calls")
        .says("note: customer.crt: given twice, counted once");
}

#[test]
fn cat_writes_the_plaintext_and_nothing_else() {
    let scene = Scene::with_a_call();
    scene.write("calls/empty.txt", "");
    for format in ["rfc4880", "rfc9580"] {
        scene.ok(&format!(
            "pack -q -f -o calls.zip -r customer.crt calls --format {format}"
        ));
        for name in ["calls/a.txt", "calls/a.txt.pgp", "calls/a*"] {
            let outcome = scene
                .callseal(["cat", "calls.zip", name, "-k", "customer.key"])
                .exits(0);
            assert_eq!(outcome.stdout(), "the first call", "{format}");
            assert!(outcome.output.stderr.is_empty(), "{outcome}");
        }
        let empty = "cat calls.zip calls/empty.txt -k customer.key";
        scene.line(empty).exits(0).stays_silent();
    }
}

#[test]
fn messages_go_through_pipes() {
    let scene = Scene::with_a_call();
    scene
        .bash(
            "set -o pipefail; callseal seal -r customer.crt <calls/a.txt \
             | callseal open -k customer.key",
        )
        .exits(0)
        .prints("the first call");
    scene
        .bash(
            "set -o pipefail; callseal seal --armor -r customer.crt - <calls/a.txt \
             | tee armored | callseal open - -k customer.key",
        )
        .exits(0)
        .prints("the first call");
    let armored = String::from_utf8(scene.read("armored")).unwrap();
    assert!(armored.starts_with("-----BEGIN PGP MESSAGE-----"));
}

#[test]
fn colours_are_used_on_terminals_or_on_demand() {
    let scene = Scene::with_parties();
    let plain = scene.line("list missing.zip").exits(1);
    assert!(!plain.stderr().contains('\x1b'), "{plain}");
    scene
        .line("list missing.zip --color always")
        .exits(1)
        .says("\x1b[1;31merror:\x1b[0m missing.zip");
}

#[test]
fn completions_are_valid_in_their_shells() {
    let scene = Scene::with_parties();
    scene
        .bash("callseal completions bash >c.bash && bash -n c.bash && . ./c.bash && complete -p callseal")
        .exits(0)
        .prints("callseal");
    for shell in ["zsh", "fish", "elvish", "powershell"] {
        let script = scene.ok(&format!("completions {shell}")).stdout();
        assert!(script.contains("follow-links"), "{shell}");
    }
}

fn completions_are_parsed(shell: &str) {
    let scene = Scene::new();
    let script = scene.ok(&format!("completions {shell}"));
    scene.write("script", script.output.stdout);
    scene.tool(&format!("{shell} -n script"));
}

#[test]
#[ignore = "needs zsh, which `make test` does not install"]
fn completions_are_parsed_by_zsh() {
    completions_are_parsed("zsh");
}

#[test]
#[ignore = "needs fish, which `make test` does not install"]
fn completions_are_parsed_by_fish() {
    completions_are_parsed("fish");
}

#[test]
fn armor_may_come_late_from_a_pipe() {
    let scene = Scene::with_a_call();
    scene.ok("seal -r customer.crt --armor calls/a.txt -o call.asc");
    let run = scene.program(Run::CALLSEAL, ["open", "-", "-k", "customer.key"]);
    let (from_us, mut to_it) = std::io::pipe().unwrap();
    let child = run.start(from_us);
    let _watchdog = Watchdog::new(&child);
    to_it.write_all(b"Hello\n").unwrap();
    // Wait until it has read that and waits for more.
    while rustix::io::ioctl_fionread(&to_it).unwrap() > 0 {
        std::thread::yield_now();
    }
    to_it.write_all(b"\n").unwrap();
    to_it.write_all(&scene.read("call.asc")).unwrap();
    drop(to_it);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert_eq!(output.stdout, b"the first call");
}

#[test]
fn what_takes_more_than_a_second_shows_that_it_goes_on() {
    let scene = Scene::with_parties();
    scene.write("call.txt", "a call\n");
    scene.ok("seal -r customer.crt call.txt -o call.pgp");
    let slowly = |seconds: &str, options: &str| {
        let line =
            format!("(sleep {seconds}; cat call.pgp) | callseal open -k customer.key {options}");
        scene.write("slow.sh", line);
        scene.on_a_terminal_with("bash slow.sh", "").stdout()
    };
    let shown = slowly("2", "");
    assert!(shown.contains("opening standard input"), "{shown:?}");
    // It has gone when the content comes.
    assert!(shown.ends_with("\x1b[2Ka call\r\n"), "{shown:?}");
    for (seconds, options) in [("0.1", ""), ("2", "-q")] {
        assert_eq!(slowly(seconds, options), "a call\r\n");
    }
}

#[test]
fn a_disk_that_fills_up_ends_an_extraction_and_is_reported_once() {
    let scene = Scene::with_parties();
    for number in 1..=8 {
        scene.write(format!("calls/{number}.txt"), "a call\n");
    }
    scene.ok("pack -r customer.crt -o calls.zip calls");
    // The third file doesn't get its content.
    let full = "strace -f -qq -o trace -e trace=write -e inject=write:error=ENOSPC:when=3";
    let line = "callseal extract calls.zip -k customer.key -C out -j 1";
    let outcome = scene.bash(&format!("{full} {line}")).exits(6);
    let errors: Vec<String> = outcome.stderr().lines().map(Into::into).collect();
    let errors: Vec<&String> = errors
        .iter()
        .filter(|line| line.starts_with("error"))
        .collect();
    assert!(errors[0].contains("no space left on device"), "{outcome}");
    assert!(errors[1].contains("5 more like these"), "{outcome}");
    assert_eq!(errors.len(), 3, "{outcome}");
    let outcome = outcome.says("hint: free some space and go on with --skip-existing");
    assert!(outcome.stderr().contains("6 of 8"), "{outcome}");
    // Nothing more was tried.
    let attempts = scene.text("trace").matches("a call").count();
    assert_eq!(attempts, 3);
    scene
        .ok("extract calls.zip -k customer.key -C out --skip-existing")
        .says("passed over 2 members whose files exist");
    assert_eq!(scene.tree("out/calls").len(), 8);
}
