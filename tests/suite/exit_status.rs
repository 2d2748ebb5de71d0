//! The meaning of the exit status, which is the same everywhere.

use std::path::Path;

use crate::support::Scene;

/// Makes an archive for the customer alone.
fn packed() -> Scene {
    let scene = Scene::with_a_call();
    scene.write("calls/b.txt", "the second call");
    scene.ok("pack -q --index none -o calls.zip -r customer.crt calls");
    scene
}

/// Damages the last member of `calls.zip`.
fn damage(scene: &Scene) {
    let mut bytes = scene.read("calls.zip");
    let directory = bytes.windows(4).position(|at| at == b"PK\x01\x02").unwrap();
    *bytes.get_mut(directory - 5).unwrap() ^= 1;
    scene.write("calls.zip", bytes);
}

#[test]
fn status_0_is_for_work_that_is_all_done() {
    let scene = packed();
    for line in [
        "list calls.zip",
        "extract calls.zip -k customer.key -C out",
        "cat calls.zip calls/a.txt -k customer.key",
        "inspect calls.zip customer.crt customer.key",
        "keys -k customer.key --archive calls.zip",
        "--help",
        "--version",
        "pack --help",
        "help extract",
        "man",
    ] {
        scene.line(line).exits(0);
    }
}

#[test]
fn status_1_is_for_files_that_cannot_be_read_or_written() {
    let scene = packed();
    for line in [
        "list missing.zip",
        "list calls",
        "extract missing.zip -k customer.key",
        "extract calls.zip -k missing.key",
        "extract calls.zip nobody.txt -k customer.key",
        "extract calls.zip -k customer.key -C calls.zip",
        "pack -o calls.zip -r customer.crt calls",
        "pack -o missing/calls.zip -r customer.crt calls",
        "seal -r customer.crt missing.txt",
        "open missing.pgp -k customer.key",
        "inspect missing.zip",
    ] {
        let outcome = scene.line(line).exits(1);
        assert!(outcome.stderr().starts_with("error: "), "{outcome}");
    }
}

#[test]
fn status_2_is_for_mistakes_on_the_command_line_and_in_the_config() {
    let scene = packed();
    scene.write("bad.toml", "nonsense = 1\n");
    for line in [
        "",
        "frobnicate",
        "pack",
        "pack -o x.zip -r customer.crt",
        "pack -o x.zip calls",
        "pack -o x.zip -r customer.crt calls --format rfc1991",
        "pack -o x.zip -p nobody calls",
        "extract",
        "extract calls.zip --max-member-size much -k customer.key",
        "extract calls.zip [ -k customer.key",
        "cat calls.zip",
        "seal -r customer.crt calls",
        "list calls.zip -q -v",
        "config check",
        "list calls.zip --config bad.toml",
        "list calls.zip --config missing.toml",
        "completions tcsh",
    ] {
        scene.line(line).exits(2);
    }
    assert!(!scene.exists("x.zip"));
}

#[test]
fn status_3_is_for_a_recipient_that_is_refused() {
    let scene = packed();
    for recipient in ["missing.crt", "calls/a.txt", "customer.key"] {
        for line in [
            format!("pack -o x.zip -r customer.crt -r {recipient} calls"),
            format!("seal -r customer.crt -r {recipient} calls/a.txt -o x.pgp"),
        ] {
            scene
                .line(&line)
                .exits(3)
                .says(&format!("error: {recipient}: "));
        }
    }
    assert!(!scene.exists("x.zip") && !scene.exists("x.pgp"));
}

#[test]
fn status_4_is_for_messages_that_nothing_opens() {
    let scene = packed();
    scene.ok("seal -r customer.crt calls/a.txt -o a.pgp");
    for line in [
        "extract calls.zip -C out",
        "extract calls.zip -k vendor.key -C out",
        "extract calls.zip -k calls/a.txt -C out",
        "cat calls.zip calls/a.txt -k vendor.key",
        "open a.pgp -k vendor.key -o a",
        "keys -k vendor.key --archive calls.zip",
        "export --gpg calls/a.txt",
    ] {
        scene.line(line).exits(4).says("hint: ");
    }
    assert!(!scene.exists("out") && !scene.exists("a"));
}

#[test]
fn status_5_is_for_altered_data() {
    let scene = packed();
    scene.ok("seal -r customer.crt calls/a.txt -o a.pgp");
    damage(&scene);
    for line in [
        "extract calls.zip calls/b.txt -k customer.key -C out",
        "cat calls.zip calls/b.txt -k customer.key",
        "list customer.crt",
        "open calls/a.txt -k customer.key -o a",
    ] {
        scene.line(line).exits(5).says("error: ");
    }
    assert!(!scene.exists("out") && !scene.exists("a"));
}

#[test]
fn status_6_is_for_some_failed_members_among_others() {
    let scene = packed();
    damage(&scene);
    scene
        .line("extract calls.zip -k customer.key -C out")
        .exits(6)
        .says("error: calls/b.txt: ")
        .says("error: calls.zip: 1 of 2 members failed, the others are done");
    assert_eq!(scene.read("out/calls/a.txt"), b"the first call");
    assert!(!scene.exists("out/calls/b.txt"));
}

/// Returns the table of exit statuses in a text, as number and meaning.
fn table(text: &str) -> Vec<(u8, String)> {
    text.lines()
        .filter_map(|line| {
            let line = line.trim().trim_matches('|').trim();
            let (number, meaning) = line.split_once([' ', '|'])?;
            let number = number.trim_matches('`').parse().ok()?;
            let meaning = meaning.trim_start_matches([' ', '|']).replace('\\', "");
            let meaning = meaning.trim_end_matches("\";");
            Some((number, meaning.trim().to_owned()))
        })
        .collect()
}

/// The statuses of a manual page, and what they mean.
fn of_page(page: &str) -> Vec<(u8, String)> {
    let (_, section) = page.split_once(".SH \"EXIT STATUS\"\n").unwrap();
    let section = section.split(".SH").next().unwrap();
    let entries = section.split(".TP\n").skip(1);
    let split = |entry: &str| {
        let (status, meaning) = entry.split_once('\n').unwrap();
        let status = status.replace("\\fB", "").replace("\\fR", "");
        (status.parse().unwrap(), meaning.trim().replace('\\', ""))
    };
    entries.map(split).collect()
}

#[test]
fn the_table_is_the_same_in_the_source_the_help_the_man_page_and_the_guide() {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |name: &str| std::fs::read_to_string(repository.join(name)).unwrap();
    let after = |text: String, heading: &str| {
        let lowered = text.to_lowercase();
        let at = lowered
            .find(heading)
            .unwrap_or_else(|| panic!("no {heading:?} in\n{text}"));
        table(lowered.get(at..).unwrap().split("\n#").next().unwrap())
    };
    let expected = after(read("src/cli/exit.rs"), "pub const table");
    let numbers: Vec<u8> = expected.iter().map(|(number, _)| *number).collect();
    assert_eq!(numbers, [0, 1, 2, 3, 4, 5, 6]);

    let help = Scene::with_parties().ok("--help").stdout();
    assert_eq!(after(help, "exit status:"), expected, "callseal --help");
    for entry in std::fs::read_dir(repository.join("man")).unwrap() {
        let path = entry.unwrap().path();
        let page = std::fs::read_to_string(&path).unwrap();
        assert_eq!(of_page(&page), expected, "{}", path.display());
    }
    assert_eq!(
        after(read("docs/guide.md"), "## exit status\n"),
        expected,
        "docs/guide.md"
    );
}
