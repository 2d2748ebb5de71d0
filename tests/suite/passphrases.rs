//! Passphrases: their sources, and that they don't leak.

#![cfg(unix)]
use crate::support::{P256, Scene};

const PASSPHRASE: &str = "correct horse";

/// Makes an archive for a locked key.
fn locked() -> Scene {
    let scene = Scene::with_parties();
    scene.locked_key_pair("locked", P256, PASSPHRASE);
    for name in ["a", "b", "c"] {
        scene.write(format!("calls/{name}.txt"), name);
    }
    scene.ok("pack -q -o calls.zip -r locked.crt calls");
    scene
}

const EXTRACT: &str = "extract calls.zip -k locked.key -C out";

#[test]
fn a_passphrase_file_has_a_passphrase_on_each_line() {
    let scene = locked();
    for content in [
        PASSPHRASE.to_owned(),
        format!("{PASSPHRASE}\n"),
        format!("{PASSPHRASE}\r\n"),
        format!("{PASSPHRASE}\nsomething else\n"),
        format!("something else\r\n\n{PASSPHRASE}\n"),
    ] {
        scene.write("phrase", &content);
        scene.ok(&format!("{EXTRACT} -f --passphrase-file phrase"));
        assert_eq!(scene.read("out/calls/b.txt"), b"b", "{content:?}");
    }
}

#[test]
fn a_wrong_passphrase_is_exit_status_4() {
    let scene = locked();
    for content in ["wrong", " correct horse", "correct horse \n"] {
        scene.write("phrase", content);
        scene
            .line(&format!("{EXTRACT} --passphrase-file phrase"))
            .exits(4)
            .complains_with_hint(&["locked.key: the passphrase is wrong"]);
        assert!(!scene.exists("out"), "{content:?}");
    }
    scene
        .line(&format!("{EXTRACT} --passphrase-file missing"))
        .exits(1)
        .says("missing: no such file");
}

#[test]
fn a_passphrase_comes_from_an_inherited_descriptor() {
    let scene = locked();
    scene.write("phrase", format!("{PASSPHRASE}\r\n"));
    let extract = format!("callseal {EXTRACT} -f --passphrase-fd");
    for script in [
        format!("{extract} 3 3<phrase"),
        format!("{extract} 9 9<phrase"),
        format!("{extract} 3 3< <(cat phrase)"),
        format!("cat phrase | {extract} 0"),
        format!("{extract} 3 3<<<'{PASSPHRASE}'"),
    ] {
        scene.bash(&script).exits(0);
        assert_eq!(scene.read("out/calls/c.txt"), b"c", "{script}");
        std::fs::remove_dir_all(scene.path("out")).unwrap();
    }
    let wrong = scene.bash(&format!("{extract} 3 3<<<wrong")).exits(4);
    wrong.complains_with_hint(&["the passphrase is wrong"]);
    for empty in ["3</dev/null", "3<<<''", "3< <(printf '\\r\\n')"] {
        scene
            .bash(&format!("{extract} 3 {empty}"))
            .exits(4)
            .complains_with_hint(&["file descriptor 3: there is no passphrase in it"]);
    }
    assert!(!scene.exists("out"));
}

#[test]
fn a_descriptor_that_the_caller_has_not_opened_is_a_usage_error() {
    let scene = locked();
    // The program opens the lowest ones for itself.
    for number in 3..10 {
        scene
            .bash(&format!("callseal {EXTRACT} -f --passphrase-fd {number}"))
            .exits(2)
            .complains_with_hint(&[&format!("file descriptor {number} is not open")]);
    }
    let failed = scene
        .bash(&format!("callseal {EXTRACT} -f --passphrase-fd hunter2"))
        .exits(2)
        .complains_with_hint(&["expected the number of an open file descriptor"]);
    assert!(!failed.stderr().contains("hunter2"), "{failed}");
    assert!(!scene.exists("out"));
}

#[test]
fn two_sources_of_a_passphrase_are_a_usage_error() {
    let scene = locked();
    scene.write("phrase", PASSPHRASE);
    scene
        .line(&format!(
            "{EXTRACT} --passphrase-file phrase --passphrase-fd 0"
        ))
        .exits(2);
    scene
        .line("open - -k locked.key --passphrase-fd 0")
        .exits(2)
        .complains_with_hint(&["can't hold both"]);
}

#[test]
fn without_a_terminal_and_a_passphrase_it_ends_at_once() {
    let scene = locked();
    scene.ok("seal -q -r locked.crt calls/a.txt -o a.pgp");
    for line in [
        EXTRACT,
        "cat calls.zip calls/a.txt -k locked.key",
        "open a.pgp -k locked.key -o a",
        "export --gpg locked.key -o locked.asc",
    ] {
        scene
            .without_terminal(line)
            .exits(4)
            .complains_with_hint(&["locked.key: it is locked, and no passphrase was given"]);
    }
    assert!(!scene.exists("out") && !scene.exists("a") && !scene.exists("locked.asc"));
}

#[test]
fn the_terminal_is_asked_once_for_a_key_that_opens_many_members() {
    let scene = locked();
    let answer = format!("prompt\nsend \"{PASSPHRASE}\\r\"");
    let outcome = scene
        .on_a_terminal(&format!("{EXTRACT} -j 2"), &answer)
        .exits(0)
        .prints("passphrase for locked.key (locked): ");
    let asked = outcome.stdout().matches("passphrase for ").count();
    assert_eq!(asked, 1, "{outcome}");
    assert!(
        !outcome.stdout().contains(PASSPHRASE),
        "it echoes\n{outcome}"
    );
    assert_eq!(scene.tree("out/calls"), ["a.txt", "b.txt", "c.txt"]);
}

#[test]
fn the_second_try_may_succeed() {
    let scene = locked();
    let answers = format!("prompt\nsend \"typo\\r\"\nprompt\nsend \"{PASSPHRASE}\\r\"");
    scene
        .on_a_terminal(EXTRACT, &answers)
        .exits(0)
        .prints("wrong, try again: passphrase for locked.key");
    assert_eq!(scene.read("out/calls/a.txt"), b"a");
}

#[test]
fn cr_and_lf_at_the_end_of_an_answer_are_ignored() {
    let scene = locked();
    let answer = format!("prompt\nsend \"{PASSPHRASE}\\r\\n\"");
    scene.on_a_terminal(EXTRACT, &answer).exits(0);
    assert_eq!(scene.read("out/calls/a.txt"), b"a");
}

#[test]
fn after_three_wrong_answers_it_gives_up() {
    let scene = locked();
    let answers = "prompt\nsend \"one\\r\"\nprompt\nsend \"two\\r\"\nprompt\nsend \"\\r\"";
    let outcome = scene.on_a_terminal(EXTRACT, answers).exits(4);
    assert_eq!(
        outcome.stdout().matches("passphrase for ").count(),
        3,
        "{outcome}"
    );
    assert!(
        outcome.stdout().contains("the passphrase is wrong"),
        "{outcome}"
    );
    assert!(!scene.exists("out"));
}

#[test]
fn a_cancelled_prompt_gives_up_on_the_key() {
    let scene = locked();
    // End of input, as by Ctrl-D.
    let outcome = scene.on_a_terminal(EXTRACT, "prompt\nsend \"\\004\"");
    assert_eq!(outcome.status(), Some(4), "{outcome}");
    assert!(!scene.exists("out"));
}

#[test]
fn with_an_unlocked_key_no_passphrase_is_asked_for() {
    let scene = locked();
    scene.ok("pack -q -f -o calls.zip -r locked.crt -r customer.crt calls");
    scene
        .without_terminal(&format!("{EXTRACT} -k customer.key"))
        .exits(0);
    // The same for a locked key that the archive isn't sealed to.
    scene.ok("pack -q -f -o calls.zip -r customer.crt calls");
    scene
        .without_terminal("extract calls.zip -k locked.key -C none")
        .exits(4)
        .complains_with_hint(&["it isn't sealed to"]);
}

#[test]
fn no_passphrase_is_ever_shown() {
    let scene = locked();
    scene.ok("seal -q -r locked.crt calls/a.txt -o a.pgp");
    for (phrase, status) in [(PASSPHRASE, 0), ("battery staple", 4)] {
        scene.write("phrase", format!("{phrase}\n"));
        for line in [
            "extract calls.zip -k locked.key -C out -f",
            "cat calls.zip calls/a.txt -k locked.key",
            "open a.pgp -k locked.key -o a -f",
            "export --gpg locked.key -o locked.asc -f",
        ] {
            for flags in ["-v", "-v --json", "-q"] {
                let line = format!("{line} {flags} --passphrase-file phrase");
                let outcome = scene.line(&line).outcome();
                let usage = flags.contains("json") && line.starts_with("cat");
                let expected = if usage { 2 } else { status };
                assert_eq!(outcome.status(), Some(expected), "{outcome}");
                for text in [outcome.stdout(), outcome.stderr()] {
                    assert!(!text.contains(phrase), "{outcome}");
                }
            }
        }
    }
}

#[test]
fn after_one_key_is_unlocked_no_other_passphrase_is_asked_for() {
    let scene = locked();
    // Without certificates next to them, the owners of both keys are unknown.
    for name in ["locked", "other"] {
        scene.locked_key_pair(name, P256, "passphrase");
        std::fs::rename(
            scene.path(format!("{name}.key")),
            scene.path(format!("{name}.pem")),
        )
        .unwrap();
        std::fs::rename(
            scene.path(format!("{name}.crt")),
            scene.path(format!("cert-{name}")),
        )
        .unwrap();
    }
    scene.ok("pack -q -o one.zip -r cert-locked calls/a.txt");
    scene.ok("pack -q -o both.zip -r cert-locked -r cert-other calls/b.txt");
    scene.write("pass", "passphrase");
    for archive in ["one.zip", "both.zip"] {
        scene
            .line(&format!(
                "extract {archive} -k locked.pem -k other.pem --passphrase-file pass -C out"
            ))
            .exits(0);
    }
}

#[test]
fn a_key_of_another_algorithm_is_not_asked_for_on_a_hidden_recipient() {
    let scene = locked();
    scene.key_pair("elliptic", P256);
    scene.key_pair("rsa", "rsa:2048");
    scene.ok("pack -q -o hidden.zip --hidden-recipients -r rsa.crt calls/a.txt");
    scene.tool("openssl pkey -in elliptic.key -aes256 -passout pass:secret -out elliptic.pem");
    std::fs::rename(scene.path("elliptic.pem"), scene.path("elliptic.key")).unwrap();
    let outcome = scene.without_terminal("extract hidden.zip -k elliptic.key -C none");
    outcome
        .exits(4)
        .complains_with_hint(&["it isn't sealed to"]);
}

#[test]
fn a_wrong_passphrase_for_all_members_is_reported_once() {
    let scene = Scene::new();
    scene.locked_key_pair("customer", P256, "right");
    for n in 0..20 {
        scene.write(format!("calls/{n}.txt"), "a call");
    }
    scene.ok("pack -q -o calls.zip -r customer.crt calls");
    scene.write("wrong", "wrong\n");
    let outcome = scene
        .line("extract calls.zip -k customer.key --passphrase-file wrong -C out")
        .exits(4)
        .says("error: 19 more like these; -v or --json lists them all");
    let told = outcome.stderr().matches("the passphrase is wrong").count();
    assert_eq!(told, 1, "{outcome}");
    // Members that fail for different reasons are all named.
    std::fs::create_dir_all(scene.path("out/calls")).unwrap();
    scene.write("out/calls/1.txt", "");
    scene.write("out/calls/2.txt/file", "");
    scene.write("out/calls/3.txt", "");
    scene.write("right", "right\n");
    scene
        .line("extract calls.zip -k customer.key --passphrase-file right -C out")
        .exits(6)
        .complains(&["calls/1.txt"])
        .complains(&["calls/2.txt"])
        .complains(&["calls/3.txt"]);
    // All of them for one reason are not.
    std::fs::remove_dir_all(scene.path("out/calls/2.txt")).unwrap();
    scene.write("out/calls/2.txt", "");
    scene
        .line("extract calls.zip -k customer.key --passphrase-file right -C out")
        .exits(1)
        .complains(&["already exists"])
        .says("error: 19 more like these");
}
