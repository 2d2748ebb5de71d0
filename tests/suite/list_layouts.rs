//! `callseal list --summary` and `--tree`.

use crate::support::Scene;

/// Packs files of some directories and kinds.
fn packed(arguments: &str) -> Scene {
    let scene = Scene::with_parties();
    for (name, content, time) in [
        ("calls/01/a.json", "12", "2026-03-01T10:00:00"),
        ("calls/01/a.WAV", "1234", "2026-03-02T10:00:00"),
        ("calls/01/b/deep/er/c.wav", "123", "2026-01-01T00:00:00"),
        ("calls/01/b/deep/d", "1", "2026-06-30T00:00:00"),
        ("calls/note.txt", "1234567", "2026-03-03T10:00:00"),
        ("z.txt", "1", "2026-03-04T10:00:00"),
    ] {
        scene.write(name, content);
        scene.tool(&format!("touch -d {time}Z {name}"));
    }
    scene.ok(&format!(
        "pack -q -o calls.zip -r customer.crt --compress none calls z.txt {arguments}"
    ));
    scene
}

/// Returns the lines without the sealed sizes, and with single blanks.
fn rows(text: &str) -> Vec<String> {
    let table = text.split("\neach opens").next().unwrap();
    let lines = table.lines().filter(|line| !line.is_empty());
    let lines = lines.map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
    lines.collect()
}

#[test]
fn a_summary_has_sums_by_directory_and_kind() {
    let scene = packed("");
    let listed = scene
        .ok("list calls.zip --summary -k customer.key")
        .stdout();
    let sealed = |pattern: &str| {
        let listed = scene.ok(&format!("list --json calls.zip {pattern}")).json();
        let members = listed["members"].as_array().unwrap().iter();
        members
            .map(|member| member["sealed_bytes"].as_u64().unwrap())
            .sum::<u64>()
    };
    let expected = [
        "MEMBERS SEALED BYTES BYTES OLDEST NEWEST DIRECTORY".to_owned(),
        format!(
            "1 {} 1 2026-03-04T10:00:00Z 2026-03-04T10:00:00Z ./",
            sealed("z.txt")
        ),
        format!(
            "1 {} 7 2026-03-03T10:00:00Z 2026-03-03T10:00:00Z calls/",
            sealed("note.txt")
        ),
        format!(
            "2 {} 6 2026-03-01T10:00:00Z 2026-03-02T10:00:00Z calls/01/",
            sealed("a.*")
        ),
        format!(
            "1 {} 1 2026-06-30T00:00:00Z 2026-06-30T00:00:00Z calls/01/b/deep/",
            sealed("d")
        ),
        format!(
            "1 {} 3 2026-01-01T00:00:00Z 2026-01-01T00:00:00Z calls/01/b/deep/er/",
            sealed("c.wav")
        ),
        "MEMBERS SEALED BYTES BYTES OLDEST NEWEST KIND".to_owned(),
        format!(
            "1 {} 1 2026-06-30T00:00:00Z 2026-06-30T00:00:00Z (no ending)",
            sealed("d")
        ),
        format!(
            "1 {} 2 2026-03-01T10:00:00Z 2026-03-01T10:00:00Z .json",
            sealed("*.json")
        ),
        format!(
            "2 {} 8 2026-03-03T10:00:00Z 2026-03-04T10:00:00Z .txt",
            sealed("*.txt")
        ),
        format!(
            "2 {} 7 2026-01-01T00:00:00Z 2026-03-02T10:00:00Z .wav",
            sealed("*.wav *.WAV")
        ),
    ];
    let rows = rows(&listed);
    assert_eq!(rows[..expected.len()], expected, "{listed}");
    let total = rows.last().unwrap();
    assert!(total.starts_with("6 "), "{listed}");
    assert!(
        total.ends_with(
            "2026-01-01T00:00:00Z 2026-06-30T00:00:00Z 6 members for 1 recipient, with an index"
        ),
        "{listed}"
    );
}

#[test]
fn a_summary_needs_no_key_and_no_certificate() {
    let scene = packed("");
    let listed = scene.ok("list calls.zip --summary *.txt").stdout();
    let rows = rows(&listed);
    assert_eq!(rows[0], "MEMBERS SEALED BYTES OLDEST NEWEST DIRECTORY");
    assert!(
        rows[1].ends_with(" ./") && rows[2].ends_with(" calls/"),
        "{listed}"
    );
    assert!(
        rows[4].starts_with("2 ") && rows[4].ends_with(" .txt"),
        "{listed}"
    );
}

#[test]
fn the_json_document_has_the_same_sums() {
    let scene = packed("");
    let listed = scene
        .ok("list calls.zip --summary --json -k customer.key")
        .json();
    let names = |table: &str| -> Vec<String> {
        let rows = listed[table].as_array().unwrap().iter();
        rows.map(|row| row["name"].as_str().unwrap().to_owned())
            .collect()
    };
    let directories = [
        "",
        "calls/",
        "calls/01/",
        "calls/01/b/deep/",
        "calls/01/b/deep/er/",
    ];
    assert_eq!(names("directories"), directories);
    assert_eq!(names("kinds"), ["", ".json", ".txt", ".wav"]);
    assert_eq!(listed["total"]["members"], 6);
    assert_eq!(listed["total"]["plain_bytes"], 18);
    assert_eq!(listed["total"]["oldest"], "2026-01-01T00:00:00Z");
    assert_eq!(listed["total"]["newest"], "2026-06-30T00:00:00Z");
    let without = scene.ok("list calls.zip --summary --json").json();
    assert_eq!(without["total"]["plain_bytes"], serde_json::Value::Null);
    let tree = scene.ok("list calls.zip --tree --json").stdout();
    assert_eq!(tree, scene.ok("list calls.zip --json").stdout());
}

#[test]
fn a_tree_shows_what_is_in_each_directory() {
    let scene = packed("");
    let listed = scene.ok("list calls.zip --tree -k customer.key").stdout();
    let shown: Vec<String> = listed
        .lines()
        .take(9)
        .map(|line| line.chars().skip(14).collect())
        .collect();
    let expected = [
        "         BYTES  NAME",
        "            17  calls/  (5 members)",
        "            10  ├── 01/  (4 members)",
        "             4  │   ├── a.WAV",
        "             2  │   ├── a.json",
        "             4  │   └── b/deep/  (2 members)",
        "             1  │       ├── d",
        "             3  │       └── er/  (1 member)",
        "             3  │           └── c.wav",
    ];
    assert_eq!(shown, expected, "{listed}");
    assert!(listed.contains("  └── note.txt\n"), "{listed}");
    assert!(listed.contains("  z.txt\n"), "{listed}");
    assert!(
        listed.contains("  6 members for 1 recipient, with an index\n"),
        "{listed}"
    );
    scene
        .line("list calls.zip --tree --summary")
        .exits(2)
        .complains(&["cannot be used with"]);
}

#[test]
fn hidden_names_are_shown_with_a_key_alone() {
    let scene = packed("--hide-names");
    let tree = scene.ok("list calls.zip --tree").stdout();
    assert!(
        tree.contains("  000001\n") && !tree.contains("calls/"),
        "{tree}"
    );
    let summary = scene.ok("list calls.zip --summary").stdout();
    let rows = rows(&summary);
    assert!(
        rows[1].starts_with("6 ") && rows[1].ends_with(" ./"),
        "{summary}"
    );
    let tree = scene.ok("list calls.zip --tree -k customer.key").stdout();
    assert!(tree.contains("└── b/deep/  (2 members)"), "{tree}");
    let summary = scene
        .ok("list calls.zip --summary -k customer.key")
        .stdout();
    assert!(
        summary.contains("2026-06-30T00:00:00Z  calls/01/b/deep/\n"),
        "{summary}"
    );
}

#[test]
fn names_from_strangers_are_shown_as_they_are_and_control_nothing() {
    let scene = Scene::with_a_call();
    scene.ok("seal -q -r customer.crt calls/a.txt -o a.pgp");
    let deep = "d/".repeat(30_000);
    scene.python(
        "import sys, zipfile
with zipfile.ZipFile('odd.zip', 'w') as archive:
    for name in ['../up.txt', '/top.txt', 'a//b.txt', 'x\\x1b[31m/c\\x9b.t\\x07xt', 'same', 'same/below', 'same-too/below', sys.argv[1] + 'e']:
        archive.write('a.pgp', name + '.pgp')
",
        &[&deep],
    );
    for layout in ["--tree", "--summary"] {
        let listed = scene
            .line(&format!("list odd.zip {layout}"))
            .outcome()
            .stdout();
        assert!(!listed.contains(['\x1b', '\u{9b}', '\x07']), "{layout}");
        assert!(listed.contains("\\u{1b}[31m/"), "{layout}");
        assert!(listed.len() < 200_000, "{}", listed.len());
        for name in ["../", "same/", "same-too/", &deep] {
            assert_eq!(
                listed.matches(&format!("  {name}")).count(),
                1,
                "{layout}: {name:.20}"
            );
        }
    }
}

#[test]
fn a_sum_of_some_sizes_is_not_shown_for_that_of_all() {
    let scene = packed("");
    scene.write("z2.txt", "unlisted");
    scene.ok("pack -q -o more.zip -r customer.crt --index none z2.txt");
    scene.tool("unzip -q more.zip z2.txt.pgp");
    scene.tool("zip -q -0 calls.zip z2.txt.pgp");
    for layout in ["", "--tree", "--summary"] {
        let listed = scene
            .ok(&format!("list calls.zip {layout} -k customer.key"))
            .stdout();
        let total = listed
            .lines()
            .find(|line| line.contains("7 members for"))
            .unwrap();
        let sizes = total.matches(" KiB").count() + total.matches(" B").count();
        assert_eq!(sizes, 1, "{listed}");
    }
}

#[test]
fn of_many_directories_those_that_lie_deep_are_summed() {
    let scene = Scene::with_parties();
    for day in 1..=3 {
        for call in 1..=50 {
            scene.write(format!("calls/0{day}/call-{call}/a.txt"), "1");
        }
        scene.write(format!("calls/0{day}/b.txt"), "1");
    }
    scene.write("calls/c.txt", "1");
    scene.ok("pack -q -o calls.zip -r customer.crt calls");
    let names = |pattern: &str| -> Vec<String> {
        let listed = scene.ok(&format!("list calls.zip --summary {pattern}"));
        let listed = listed.stdout();
        let rows = listed.lines().skip(1).take_while(|line| !line.is_empty());
        rows.map(|row| {
            let words: Vec<&str> = row.split_whitespace().collect();
            format!("{} {}", words[0], words[words.len() - 1])
        })
        .collect()
    };
    assert_eq!(
        names(""),
        [
            "1 calls/",
            "51 calls/01/**",
            "51 calls/02/**",
            "51 calls/03/**"
        ]
    );
    let day = names("calls/02/**");
    assert_eq!((day.len(), day[0].as_str()), (51, "1 calls/02/"));
    let facts = scene.ok("list calls.zip --summary --json").json();
    assert_eq!(facts["directories"].as_array().unwrap().len(), 154);
}
