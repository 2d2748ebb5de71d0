//! `callseal grep` in archives from strangers, and what it leaves behind: nothing.

use std::time::SystemTime;

use callseal::archive::{ArchiveWriter, MemberName};

use crate::support::Scene;

const FORMATS: [&str; 2] = ["rfc4880", "rfc9580"];

/// Packs three calls, the second of several chunks with matches from its start to its end.
fn packed(arguments: &str) -> Scene {
    let scene = Scene::with_parties();
    scene.write("calls/a.txt", "first: refund\n");
    let lines: String = (0..60_000).map(|n| format!("{n}: refund\n")).collect();
    scene.write("calls/b.txt", lines);
    scene.write("calls/c.txt", "third: refund\n");
    scene.ok(&format!(
        "pack -q -o calls.zip --compress none -r customer.crt calls {arguments}"
    ));
    scene
}

/// Makes `forged.zip` of the members of `calls.zip`, changed, and of its index.
fn forge(scene: &Scene, change: impl Fn(&mut Vec<(String, Vec<u8>)>)) {
    let names = [
        "calls/a.txt",
        "calls/b.txt",
        "calls/c.txt",
        "META-INF/callseal/index",
    ];
    let message = |name: &str| {
        let stored = format!("{name}.pgp");
        let unzip = scene.program("unzip", ["-p", "calls.zip", &stored]);
        (name.to_owned(), unzip.exits(0).output.stdout)
    };
    let mut members: Vec<_> = names.map(message).into();
    change(&mut members);
    let mut writer = ArchiveWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, message) in &members {
        let name = MemberName::parse(name).unwrap();
        writer.add(&name, SystemTime::now(), message).unwrap();
    }
    scene.write("forged.zip", writer.finish().unwrap().into_inner());
}

#[test]
fn nothing_is_shown_of_a_member_that_was_altered_anywhere() {
    for format in FORMATS {
        let scene = packed(&format!("--format {format}"));
        for at in [3, 2, 1] {
            forge(&scene, |members| {
                let message = &mut members[1].1;
                let place = message.len() - message.len() / 4 * (at - 1) - 1;
                message[place] ^= 1;
            });
            for arguments in ["", "--ignore-index", "-j 1", "-C 3", "-c", "-l", "--json"] {
                let line = format!("grep refund forged.zip -k customer.key {arguments}");
                let failed = scene.line(&line).exits(2);
                let shown = failed.stdout();
                if arguments == "--json" {
                    let names = failed.json()["members"].as_array().unwrap().len();
                    assert_eq!(names, 2, "{failed}");
                    continue;
                }
                assert!(!shown.contains("b.txt"), "{failed}");
                assert_eq!(
                    shown.lines().filter(|line| *line != "--").count(),
                    2,
                    "{failed}"
                );
                failed
                    .complains(&["calls/b.txt: "])
                    .says("1 of 3 members failed, the others are done");
            }
        }
    }
}

#[test]
fn nothing_is_shown_of_a_truncated_member() {
    for format in FORMATS {
        let scene = packed(&format!("--format {format}"));
        forge(&scene, |members| {
            let message = &mut members[1].1;
            message.truncate(message.len() / 2);
        });
        let failed = scene
            .line("grep refund forged.zip -k customer.key")
            .exits(2);
        let shown = failed.stdout();
        assert_eq!(
            shown,
            "calls/a.txt:1:first: refund\ncalls/c.txt:1:third: refund\n"
        );
    }
}

#[test]
fn members_that_changed_places_are_refused() {
    let scene = packed("");
    forge(&scene, |members| {
        let [first, _, third, _] = members.as_mut_slice() else {
            panic!("four entries");
        };
        std::mem::swap(&mut first.1, &mut third.1);
    });
    let failed = scene
        .line("grep -l refund forged.zip -k customer.key")
        .exits(2);
    assert_eq!(failed.stdout(), "calls/b.txt\n");
    let line = "grep -l refund forged.zip -k customer.key --ignore-index --accept-renamed";
    let accepted = scene.ok(line);
    let accepted = accepted.says("calls/a.txt: it was sealed as \"calls/c.txt\"");
    assert_eq!(accepted.stdout().lines().count(), 3);
}

#[test]
fn a_member_that_is_missing_is_a_failure_even_if_nothing_is_found() {
    let scene = packed("");
    forge(&scene, |members| drop(members.remove(2)));
    let failed = scene
        .line("grep nothing-like-this forged.zip -k customer.key")
        .exits(2);
    assert_eq!(failed.stdout(), "");
    failed.complains_with_hint(&["calls/c.txt", "isn't in the archive"]);
}

#[test]
fn an_archive_has_to_be_what_its_signer_signed() {
    let scene = Scene::with_a_call();
    scene.ok("keygen -q --sign --name server --no-passphrase");
    scene.ok("pack -q -o calls.zip -r customer.crt calls --sign server.key");
    let line = "grep call calls.zip -k customer.key --signer server.crt";
    assert_eq!(scene.ok(line).stdout(), "calls/a.txt:1:the first call\n");
    scene.write("calls/a.txt", "another call");
    scene.ok("pack -q -f -o calls.zip -r customer.crt calls");
    assert_eq!(scene.line(line).exits(2).stdout(), "");
}

#[test]
fn control_characters_reach_no_terminal() {
    let scene = Scene::with_parties();
    scene.write("calls/a.txt", "x\x1b[31mred\u{9b}2J\tcall\u{202e}\r\rend\n");
    scene.write("calls/b.txt", b"latin \xe4 call \x9b2J\n");
    scene.ok("pack -q -o calls.zip -r customer.crt calls");
    let shown = scene
        .on_a_terminal("grep call calls.zip -k customer.key", "")
        .exits(0)
        .stdout();
    // expect shows how the terminal ends lines.
    let expected = "calls/a.txt:1:x\\u{1b}[31mred\\u{9b}2J\tcall\\u{202e}\\u{d}\\u{d}end\r\n\
                    calls/b.txt:1:latin \u{FFFD} call \u{FFFD}2J\r\n";
    assert_eq!(shown, expected);
    // To a file, the bytes are what they are.
    let found = scene.ok("grep red calls.zip -k customer.key").stdout();
    assert_eq!(
        found,
        "calls/a.txt:1:x\x1b[31mred\u{9b}2J\tcall\u{202e}\r\rend\n"
    );
}

#[test]
fn names_for_a_script_can_be_given_back() {
    let scene = Scene::with_parties();
    let name = "calls/\u{2764}\u{fe0f}.txt";
    scene.write(name, "a call");
    scene.ok("pack -q -o calls.zip -r customer.crt calls");
    let found = scene.ok("grep -l call calls.zip -k customer.key").stdout();
    assert_eq!(found, format!("{name}\n"));
    let given_back = ["cat", "calls.zip", name, "-k", "customer.key"];
    assert_eq!(scene.callseal(given_back).exits(0).stdout(), "a call");
    let shown = scene
        .on_a_terminal("grep call calls.zip -k customer.key", "")
        .exits(0)
        .stdout();
    assert_eq!(shown, "calls/\u{2764}\\u{fe0f}.txt:1:a call\r\n");
}

#[test]
fn a_reader_that_goes_away_ends_the_search() {
    let scene = packed("");
    for options in ["", "--json", "-c", "-C1"] {
        let done = scene
            .bash(&format!(
                "callseal grep {options} refund calls.zip -k customer.key | head -n 1; exit ${{PIPESTATUS[0]}}"
            ))
            .exits(0);
        assert_eq!(done.stdout().lines().count(), 1, "{done}");
        assert_eq!(done.stderr(), "");
    }
}

#[test]
fn a_full_disk_is_a_failure() {
    let scene = packed("");
    for options in ["", "--json"] {
        let line = format!("callseal grep {options} refund calls.zip -k customer.key > /dev/full");
        scene.bash(&line).exits(2).complains(&["standard output: "]);
    }
}

#[test]
fn no_file_is_made_or_written() {
    let scene = packed("--format rfc4880");
    // More than is held in memory elsewhere.
    scene.write("large/large.txt", "a line of a call\n".repeat(1 << 20));
    scene.ok("pack -q -o large.zip --format rfc4880 -r customer.crt large");
    for line in [
        "grep refund calls.zip -k customer.key",
        "grep -C 2 line large.zip -k customer.key",
        "grep --json -c line large.zip -k customer.key",
    ] {
        let before = scene.tree("");
        let strace = "strace -f -qq -o trace -e trace=%file,memfd_create,mkdirat,linkat";
        let done = scene.bash(&format!("{strace} callseal {line}")).outcome();
        assert!(!done.output.stdout.is_empty(), "{done}");
        let trace = scene.text("trace");
        assert!(trace.contains(".zip"), "{trace}");
        for word in [
            "O_CREAT",
            "O_TMPFILE",
            "O_WRONLY",
            "O_RDWR",
            "memfd",
            "mkdir",
            "link(",
        ] {
            assert!(!trace.contains(word), "{word}: {trace}");
        }
        std::fs::remove_file(scene.path("trace")).unwrap();
        assert_eq!(scene.tree(""), before);
    }
}

#[test]
fn lines_that_are_too_much_are_counted_and_reported() {
    let scene = Scene::with_parties();
    scene.write(
        "calls/a.txt",
        format!("{}\n", "call ".repeat(400)).repeat(12_000),
    );
    scene.write("calls/b.txt", "call\n");
    scene.ok("pack -q -o calls.zip -r customer.crt calls");
    let found = scene.line("grep call calls.zip -k customer.key").exits(2);
    let shown = found.stdout().lines().count();
    assert!(shown > 5000 && shown < 12_001, "{shown}");
    assert!(found.stdout().ends_with("calls/b.txt:1:call\n"));
    let more = 12_001 - shown;
    let found = found.complains_with_hint(&[&format!("calls/a.txt: {more} lines more to show")]);
    drop(found);
    let counted = scene.ok("grep -c call calls.zip -k customer.key").stdout();
    assert_eq!(counted, "calls/a.txt:12000\ncalls/b.txt:1\n");
}

#[test]
fn of_a_line_that_is_too_long_the_rest_is_reported() {
    let scene = Scene::with_parties();
    scene.write(
        "calls/a.txt",
        format!("begin {} end\nnext\n", "x".repeat(9 << 20)),
    );
    scene.ok("pack -q -o calls.zip -r customer.crt calls");
    let found = scene
        .line("grep -c begin|next calls.zip -k customer.key")
        .exits(2);
    let found = found.complains_with_hint(&["calls/a.txt: line 1 is longer than 8.0 MiB"]);
    assert_eq!(found.stdout(), "calls/a.txt:2\n");
}

#[test]
fn files_that_were_never_sealed_are_passed_over_with_a_notice() {
    let scene = packed("");
    scene.write("readme.txt", "a refund\n");
    scene.tool("zip -q calls.zip readme.txt");
    let found = scene.ok("grep -l refund calls.zip -k customer.key");
    let found = found.says("passed over 1 file that was never sealed: readme.txt");
    assert_eq!(found.stdout().lines().count(), 3);
}
