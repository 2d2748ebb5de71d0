//! Archives whose names or modes would do harm on extraction.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use crate::archive_support::{Member, Zip, zip};
use crate::support::{Outcome, Scene};

/// Makes a scene with a message that opens under every name: gpg wrote it from
/// a pipe, so it has none itself.
fn sealed() -> (Scene, Vec<u8>) {
    let scene = Scene::with_parties();
    let outcome = scene
        .line("seal -q -r customer.crt")
        .stdin("planted")
        .exits(0);
    (scene, outcome.output.stdout)
}

/// Extracts to `in/out`, and checks that nothing is written outside of it.
#[track_caller]
fn extract(scene: &Scene, archive: &Zip, status: i32) -> Outcome {
    scene.write("forged.zip", archive.bytes());
    fs::create_dir_all(scene.path("in")).unwrap();
    let before = scene.tree("");
    let outcome = scene
        .line("extract forged.zip -k customer.key -C in/out")
        .exits(status);
    let new: Vec<String> = scene
        .tree("")
        .into_iter()
        .filter(|name| !before.contains(name) && !name.starts_with("in/out/"))
        .collect();
    assert_eq!(new, [""; 0], "outside the target\n{outcome}");
    if status != 6 {
        assert!(!scene.exists("in/out"), "something stays behind\n{outcome}");
    }
    is_printable(&outcome);
    outcome
}

/// Checks that texts from an archive don't control the terminal.
#[track_caller]
fn is_printable(outcome: &Outcome) {
    for text in [outcome.stderr(), outcome.stdout()] {
        let unsafe_char = text.chars().find(|&c| c.is_control() && c != '\n');
        assert_eq!(unsafe_char, None, "{outcome}");
        assert!(!text.contains('\u{202E}'), "{outcome}");
    }
}

const UNSAFE: [&str; 15] = [
    "../evil.txt.pgp",
    "a/../../evil.txt.pgp",
    "a/..",
    "..",
    "/evil.txt.pgp",
    "//evil.txt.pgp",
    "a//evil.txt.pgp",
    "a/./evil.txt.pgp",
    "..\\evil.txt.pgp",
    "a\\evil.txt.pgp",
    "C:\\evil.txt.pgp",
    "evil\n.txt.pgp",
    "evil\x1b[31m.txt.pgp",
    "evil\u{9b}31m.txt.pgp",
    "\x07.pgp",
];

#[test]
fn an_unsafe_name_is_an_integrity_error_and_not_skipped() {
    let (scene, message) = sealed();
    for name in UNSAFE {
        let outcome = extract(&scene, &zip([Member::new(name, &message)]), 5);
        assert!(outcome.stderr().starts_with("error: "), "{outcome}");
        assert_eq!(outcome.stderr().matches("error: ").count(), 1, "{outcome}");
    }
}

#[test]
fn a_safe_member_comes_out_despite_an_unsafe_one() {
    let (scene, message) = sealed();
    for name in UNSAFE {
        let both = zip([
            Member::new(name, &message),
            Member::new("good.txt.pgp", &message),
        ]);
        extract(&scene, &both, 6);
        assert_eq!(scene.tree("in/out"), ["good.txt"], "{name:?}");
        fs::remove_dir_all(scene.path("in/out")).unwrap();
    }
}

#[test]
fn an_unsafe_directory_is_an_error_even_if_it_would_not_be_made() {
    let (scene, message) = sealed();
    for name in ["../evil/", "/evil/", "a\\evil/", "a/../../evil/"] {
        extract(&scene, &zip([Member::new(name, b"")]), 5).says("unsafe name");
        let good = Member::new("good.pgp", &message);
        extract(&scene, &zip([Member::new(name, b""), good]), 6);
        fs::remove_dir_all(scene.path("in/out")).unwrap();
    }
}

#[test]
fn names_that_are_not_utf8_or_too_long_for_the_file_system_are_errors() {
    let (scene, message) = sealed();
    let latin1 = Member::new("", &message).with_both(|header| {
        header.name = b"\xe9.txt.pgp".into();
        header.flags = 1 << 11;
    });
    extract(&scene, &zip([latin1]), 5).says("not valid UTF-8");
    let long = Member::new(&format!("{}.pgp", "n".repeat(300)), &message);
    extract(&scene, &zip([long]), 1).says("file name too long");
}

#[test]
fn an_archive_s_texts_do_not_control_the_terminal() {
    let (scene, message) = sealed();
    let names = [
        "a\x1b]0;owned\x07.txt.pgp",
        "b\u{202E}txt.exe.pgp",
        "c\r\nerror: planted.pgp",
    ];
    let members = names.map(|name| Member::new(name, &message));
    scene.write("forged.zip", zip(members).bytes());
    for line in [
        "list forged.zip",
        "list forged.zip --json",
        "inspect forged.zip",
        "extract forged.zip -k customer.key -C out",
        "extract forged.zip -k vendor.key -C out",
        "extract forged.zip -k customer.key -C out --json -v",
    ] {
        let outcome = scene.line(line).outcome();
        assert_ne!(outcome.status(), Some(0), "{outcome}");
        for text in [outcome.stdout(), outcome.stderr()] {
            let acts = |c: char| c.is_control() && c != '\n';
            assert!(!text.contains(acts), "{outcome}");
            let planted = |line: &str| line.starts_with("error: planted");
            assert!(!text.lines().any(planted), "{outcome}");
        }
        assert!(!outcome.stderr().contains('\u{202E}'), "{outcome}");
    }
}

#[test]
fn the_name_inside_a_message_does_not_control_the_terminal() {
    let scene = Scene::with_parties();
    scene.write("\x1b[31mred.txt", "planted");
    scene
        .callseal([
            "seal",
            "-q",
            "-r",
            "customer.crt",
            "\x1b[31mred.txt",
            "-o",
            "m",
        ])
        .exits(0);
    let member = Member::new("other.txt.pgp", &scene.read("m"));
    extract(&scene, &zip([member]), 5).says("other.txt: it was sealed as ");
}

#[test]
fn links_and_special_files_in_an_archive_are_refused() {
    let (scene, message) = sealed();
    for (mode, content) in [
        (0o120_777, &b"/etc/passwd"[..]),
        (0o120_777, &message),
        (0o010_644, &message),
        (0o020_644, &message),
        (0o060_644, &message),
        (0o140_644, &message),
    ] {
        let member = Member::new("a.txt.pgp", content).with(|member| member.mode = mode);
        extract(&scene, &zip([member]), 5).says("is a link or a special file");
    }
}

#[test]
fn no_special_mode_of_an_archive_reaches_a_file() {
    let (scene, message) = sealed();
    let member = Member::new("sub/a.txt.pgp", &message).with(|member| member.mode = 0o107_777);
    scene.write("forged.zip", zip([member]).bytes());
    scene.ok("extract forged.zip -k customer.key -C out");
    let mode = |name| {
        let permissions = fs::metadata(scene.path(name)).unwrap().permissions();
        permissions.mode() & 0o7777
    };
    assert_eq!(mode("out/sub/a.txt"), 0o600);
    assert_eq!(mode("out/sub"), 0o700);
}

#[test]
fn a_directory_that_is_a_file_too_is_refused() {
    let (scene, message) = sealed();
    let members = zip([Member::new("a/", b""), Member::new("a.pgp", &message)]);
    // The entry for the directory is not a member; the file takes the name.
    scene.write("forged.zip", members.bytes());
    scene.ok("extract forged.zip -k customer.key -C out");
    assert_eq!(scene.tree("out"), ["a"]);
    let half = Member::new("a/", &message);
    scene.write("forged.zip", zip([half]).bytes());
    let outcome = scene
        .line("extract forged.zip -k customer.key -C no")
        .outcome();
    assert!(!scene.exists("no/a"), "{outcome}");
    // A file where another member needs a directory.
    let clash = zip([
        Member::new("a.pgp", &message),
        Member::new("a/b.pgp", &message),
    ]);
    scene.write("forged.zip", clash.bytes());
    scene
        .line("extract forged.zip -k customer.key -C clash -j 1")
        .exits(6);
    // The file comes first, but may get its name after the directory is made.
    let left = scene.tree("clash");
    assert!(left == ["a"] || left == ["a/", "a/b"], "{left:?}");
}

#[test]
fn an_existing_link_in_the_target_is_not_followed() {
    let (scene, message) = sealed();
    fs::create_dir_all(scene.path("elsewhere")).unwrap();
    fs::create_dir_all(scene.path("out")).unwrap();
    symlink("../elsewhere", scene.path("out/sub")).unwrap();
    symlink("../elsewhere/b.txt", scene.path("out/b.txt")).unwrap();
    let members = ["sub/a.txt.pgp", "b.txt.pgp"].map(|name| Member::new(name, &message));
    scene.write("forged.zip", zip(members).bytes());
    scene
        .line("extract forged.zip -k customer.key -C out")
        .exits(1)
        .complains_with_hint(&["out/sub: a symbolic link on the way"])
        .says("out/b.txt already exists");
    assert_eq!(scene.tree("elsewhere"), [""; 0]);
    // With --force the link itself gives way.
    scene
        .line("extract forged.zip b.txt -k customer.key -C out --force")
        .exits(0);
    assert_eq!(scene.tree("elsewhere"), [""; 0]);
    assert_eq!(scene.read("out/b.txt"), b"planted");
}

#[test]
fn an_existing_file_is_not_overwritten_without_a_request() {
    let (scene, message) = sealed();
    scene.write("out/a.txt", "mine");
    let member = Member::new("a.txt.pgp", &message);
    scene.write("forged.zip", zip([member]).bytes());
    scene
        .line("extract forged.zip -k customer.key -C out")
        .exits(1)
        .complains_with_hint(&["out/a.txt already exists"]);
    assert_eq!(scene.read("out/a.txt"), b"mine");
    assert_eq!(scene.tree("out"), ["a.txt"]);
    scene.ok("extract forged.zip -k customer.key -C out --force");
    assert_eq!(scene.read("out/a.txt"), b"planted");
}
