//! `callseal grep`: the same lines and statuses as grep, on the same files.

use crate::support::{Outcome, P256, Scene};

/// What grep is to find something in.
const CALLS: &[(&str, &str)] = &[
    (
        "calls/0.json",
        "{\"said\": \"I want a refund\"}\n{\"said\": \"no\"}\n",
    ),
    (
        "calls/a.txt",
        "one\nRefund 1\n\nthree\nfour\nrefund 22\nfive\nsix\n\nseven\nrefund (a+b)\n",
    ),
    ("calls/b/c.txt", "no newline: refund"),
    (
        "calls/b/d.txt",
        "x\n\n\nÄpfel und Birnen\nr\u{e9}fund\ntab\there\n",
    ),
    ("calls/b/empty.txt", ""),
    ("calls/b/newline.txt", "\n"),
    (
        "calls/c/long.txt",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\nlast refund",
    ),
    ("calls/r.wav", "RIFF\0\0refund\nrefund\n\0end\n"),
];

fn packed() -> Scene {
    let scene = Scene::with_parties();
    for (name, content) in CALLS {
        scene.write(name, content);
    }
    // More than one chunk, and more than one buffer of grep.
    let lines: String = (0..15_000)
        .map(|n| format!("line {n} of a call\n"))
        .collect();
    scene.write("calls/m.txt", lines);
    scene.ok("pack -q -o calls.zip -r customer.crt -r vendor.crt calls");
    scene
}

fn grep(scene: &Scene, options: &[&str], pattern: &str) -> Outcome {
    let rest = ["-k", "customer.key", "--", pattern, "calls.zip"];
    let words = [&["grep"], options, &rest].concat();
    scene.callseal(words).outcome()
}

/// Returns what grep prints of the same files in the same order, with the line numbers
/// that callseal always shows.
fn peer(scene: &Scene, options: &[&str], pattern: &str) -> Peer {
    let script = "find calls -type f | sort | xargs grep -H -n \"$@\"";
    let words = [&["-c", script, "grep"], options, &["-e", pattern]].concat();
    let done = scene.program("bash", words).outcome();
    // xargs has statuses of its own.
    let status = done.status().map(|status| i32::from(status != 0));
    Peer {
        stdout: done.stdout(),
        notes: done.stderr().replace("grep: ", "note: "),
        status,
    }
}

/// The output of grep, and its status.
struct Peer {
    stdout: String,
    notes: String,
    status: Option<i32>,
}

impl Peer {
    #[track_caller]
    fn is_the_same(&self, found: &Outcome) {
        assert_eq!(found.stdout(), self.stdout, "{found}");
        assert_eq!(found.stderr(), self.notes, "{found}");
        assert_eq!(found.status(), self.status, "{found}");
    }
}

#[test]
fn the_lines_and_the_status_are_those_of_grep() {
    let scene = packed();
    let patterns = [
        "refund",
        "Refund",
        "^$",
        "",
        "x*",
        "one|seven",
        "[0-9]+$",
        "rc4",
        "^refund",
        "\\bBirnen",
        "Ä.fel",
        "r.fund",
        "nothing like this",
        "line 14999 ",
        "1(2|3)4",
        "b)?$",
        "{\"said\"",
        "[\\(]a|[[:upper:]]{2}?f",
    ];
    let options: [&[&str]; 13] = [
        &[],
        &["-i"],
        &["-c"],
        &["-l"],
        &["-n"],
        &["-C", "1"],
        &["-C", "3"],
        &["-C", "0"],
        &["-i", "-c"],
        &["-l", "-i"],
        &["-i", "-C2"],
        &["-n", "-i", "--context=2"],
        &["--count", "--ignore-case", "-j", "1"],
    ];
    for options in options {
        for pattern in patterns {
            let of_grep: Vec<&str> = options
                .iter()
                .copied()
                .filter(|option| !matches!(*option, "-j" | "1") || options.contains(&"-C"))
                .chain(["-E"])
                .collect();
            let found = grep(&scene, options, pattern);
            peer(&scene, &of_grep, pattern).is_the_same(&found);
        }
    }
}

#[test]
fn a_fixed_text_is_found_as_by_grep() {
    let scene = packed();
    for pattern in ["(a+b)", "refund", "b)?$", "", "REFUND", "no\nsix", "\\"] {
        for options in [
            &["-F"][..],
            &["-F", "-i"],
            &["--fixed-strings", "-c"],
            &["-Fl"],
        ] {
            let found = grep(&scene, options, pattern);
            peer(&scene, options, pattern).is_the_same(&found);
        }
    }
}

#[test]
fn members_are_chosen_as_everywhere() {
    let scene = packed();
    let found = |arguments: &str| {
        let line = format!("grep -l refund calls.zip -k customer.key {arguments}");
        scene.ok(&line).stdout()
    };
    assert_eq!(found("*.json"), "calls/0.json\n");
    assert_eq!(found("calls/b a.txt"), "calls/a.txt\ncalls/b/c.txt\n");
    assert_eq!(found("--exclude *.txt --exclude *.wav"), "calls/0.json\n");
    scene
        .line("grep refund calls.zip nobody.txt -k customer.key")
        .exits(2)
        .complains_with_hint(&["no member is called \"nobody.txt\""]);
}

#[test]
fn quiet_prints_nothing_and_says_whether_anything_was_found() {
    let scene = packed();
    scene
        .line("grep -q refund calls.zip -k customer.key")
        .exits(0)
        .stays_silent();
    scene
        .line("grep -q nothing-like-this calls.zip -k customer.key")
        .exits(1)
        .stays_silent();
    scene
        .line("grep -q refund calls.zip -k vendor.key -k missing")
        .exits(2);
}

#[test]
fn of_two_kinds_of_output_one_counts_as_with_grep() {
    let scene = packed();
    let output = |options: &str| {
        let line = format!("grep {options} refund calls.zip -k customer.key");
        scene.line(&line).exits(0).stdout()
    };
    assert_eq!(output("-c -l"), output("-l"));
    assert_eq!(output("-l -C 2"), output("-l"));
    assert_eq!(output("-c -C 2"), output("-c"));
}

#[test]
fn a_user_of_grep_learns_that_v_inverts_nothing() {
    let scene = packed();
    let found = scene
        .line("grep -v refund calls.zip -k customer.key")
        .exits(0);
    found.says("note: -v shows more details here, and doesn't invert the search");
}

#[test]
fn any_failure_is_status_2() {
    let scene = packed();
    scene.key_pair("stranger", P256);
    scene.locked_key_pair("locked", P256, "correct-horse");
    scene.ok("pack -q -o locked.zip -r locked.crt calls");
    scene.write("wrong", "battery-staple\n");
    for (line, words) in [
        ("grep refund calls.zip", "no private key is given"),
        ("grep refund missing.zip -k customer.key", "missing.zip"),
        (
            "grep refund calls.zip -k stranger.key",
            "it isn't sealed to your key",
        ),
        (
            "grep a(b calls.zip -k customer.key",
            "the pattern \"a(b\": unclosed group",
        ),
        (
            "grep refund locked.zip -k locked.key --passphrase-file wrong",
            "passphrase",
        ),
        ("grep refund", "required"),
    ] {
        let failed = scene.line(line).exits(2);
        assert_eq!(failed.stdout(), "", "{line}");
        failed.complains_with_hint(&[words]);
    }
    scene
        .line("grep a(b calls.zip -k customer.key")
        .fails()
        .says("hint: -F ");
    scene
        .line("grep -r refund calls.zip -k customer.key")
        .exits(2)
        .says("hint: leave it out: all members are searched");
}

#[test]
fn the_json_document_has_what_the_text_has() {
    let scene = packed();
    let found = scene.ok("grep -C1 --json refund calls.zip *.txt *.wav -k customer.key");
    let found = found.json();
    let members = found["members"].as_array().unwrap();
    let names: Vec<_> = members
        .iter()
        .map(|member| member["name"].as_str().unwrap())
        .collect();
    let expected = [
        "calls/a.txt",
        "calls/b/c.txt",
        "calls/c/long.txt",
        "calls/r.wav",
    ];
    assert_eq!(names, expected);
    let lines = members[0]["lines"].as_array().unwrap();
    let numbers: Vec<_> = lines
        .iter()
        .map(|line| line["number"].as_u64().unwrap())
        .collect();
    assert_eq!(numbers, [5, 6, 7, 10, 11]);
    assert_eq!(lines[1]["text"], "refund 22");
    assert_eq!(
        (&lines[0]["matches"], &lines[1]["matches"]),
        (&false.into(), &true.into())
    );
    assert_eq!(members[0]["matches"], 2);
    assert_eq!(members[3]["binary"], true);
    assert_eq!(found["searched"], 8);
    assert_eq!(found["failures"].as_array().unwrap().len(), 0);
    let none = scene
        .line("grep --json nothing-like-this calls.zip -k customer.key")
        .exits(1);
    assert_eq!(none.json()["members"].as_array().unwrap().len(), 0);
    let counted = scene
        .ok("grep --json -c refund calls.zip *.json d.txt -k customer.key")
        .json();
    let counts = counted["members"].as_array().unwrap().iter();
    let counts: Vec<_> = counts
        .map(|member| member["matches"].as_u64().unwrap())
        .collect();
    assert_eq!(counts, [1, 0]);
    let failed = scene
        .line("grep --json refund calls.zip -k missing.key")
        .exits(2)
        .json();
    assert_eq!(failed["failures"].as_array().unwrap().len(), 1);
}

#[test]
fn transcripts_from_windows_are_text() {
    let scene = Scene::with_parties();
    scene.write("plain.txt", "Grüße\r\nrefund\r\nend");
    for encoding in ["UTF-16LE", "UTF-16BE"] {
        scene.bash(&format!(
            "mkdir -p calls && (printf '\\ufeff'; cat plain.txt) | iconv -f UTF-8 -t {encoding} > calls/{encoding}.txt"
        )).exits(0);
    }
    scene
        .bash("(printf '\\ufeff'; cat plain.txt) > calls/utf-8.txt")
        .exits(0);
    scene.ok("pack -q -o calls.zip -r customer.crt calls");
    let found = grep(&scene, &[], "^Grüße$|refund$").exits(0).stdout();
    let expected: String = ["UTF-16BE", "UTF-16LE", "utf-8"]
        .iter()
        .map(|name| format!("calls/{name}.txt:1:Grüße\ncalls/{name}.txt:2:refund\n"))
        .collect();
    assert_eq!(found, expected);
}

#[test]
fn hidden_names_and_grants_and_all_formats_are_searched() {
    let scene = packed();
    let expected = grep(&scene, &["-c"], "refund").exits(0).stdout();
    scene.ok("pack -q -o hidden.zip --hide-names -r customer.crt calls");
    scene.ok("pack -q -o v1.zip --format rfc4880 -r customer.crt calls");
    scene.ok("pack -q -o bare.zip --index none -r customer.crt calls");
    scene.key_pair("gir", "rsa:2048");
    scene.ok("pack -q -o cms.zip --format cms -r gir.crt calls");
    scene.ok("pack -q -o gcm.zip --format cms-gcm -r gir.crt calls");
    for line in [
        "hidden.zip -k customer.key",
        "hidden.zip -k customer.key --ignore-index",
        "v1.zip -k customer.key",
        "v1.zip -k customer.key --ignore-index -j 1",
        "bare.zip -k customer.key",
        "cms.zip -k gir.key",
        "gcm.zip -k gir.key",
    ] {
        let found = scene.ok(&format!("grep -c refund {line}"));
        assert_eq!(found.stdout(), expected, "{line}");
        let is_warned = found.stderr().contains("not authenticated");
        assert_eq!(is_warned, line.starts_with("cms"), "{found}");
    }
    scene.key_pair("partner", P256);
    scene.ok("grant calls.zip calls/a.txt calls/b -q -k customer.key -r partner.crt -o some.grant");
    let found = scene.ok("grep -l refund calls.zip --grant some.grant -k partner.key");
    assert_eq!(found.stdout(), "calls/a.txt\ncalls/b/c.txt\n");
}
