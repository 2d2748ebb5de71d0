//! Members by name, directory and pattern: one language in every command.

use crate::support::Scene;

fn scene() -> Scene {
    let scene = Scene::with_parties();
    for name in [
        "calls/2026-11-01/a.wav",
        "calls/2026-11-01/a.txt",
        "calls/2026-11-02/b.wav",
        "calls/old/calls/c.txt",
    ] {
        scene.write(name, format!("{name}\n"));
    }
    scene.ok("pack -q -o calls.zip -r customer.crt calls");
    scene
}

/// Returns the members that `list` shows for these arguments.
#[track_caller]
fn listed(scene: &Scene, arguments: &[&str]) -> Vec<String> {
    let line = [&["list", "--json", "calls.zip"], arguments].concat();
    let listed = scene.callseal(line).exits(0).json();
    let members = listed["members"].as_array().unwrap().iter();
    members
        .map(|member| member["name"].as_str().unwrap().replace("calls/", ""))
        .collect()
}

#[test]
fn a_directory_means_all_that_is_below_it() {
    let scene = scene();
    for directory in [
        "calls/2026-11-01",
        "calls/2026-11-01/",
        "./calls/2026-11-01",
    ] {
        assert_eq!(
            listed(&scene, &[directory]),
            ["2026-11-01/a.txt", "2026-11-01/a.wav"]
        );
    }
    // One at the top is meant before others of its name.
    assert_eq!(listed(&scene, &["calls/"]).len(), 4);
    assert_eq!(listed(&scene, &["old"]), ["old/c.txt"]);
}

#[test]
fn a_pattern_without_a_slash_means_names_at_any_depth() {
    let scene = scene();
    assert_eq!(
        listed(&scene, &["*.wav"]),
        ["2026-11-01/a.wav", "2026-11-02/b.wav"]
    );
    assert_eq!(
        listed(&scene, &["a.*"]),
        ["2026-11-01/a.txt", "2026-11-01/a.wav"]
    );
    assert_eq!(
        listed(&scene, &["2026-*", "--exclude", "*.txt"]),
        ["2026-11-01/a.wav", "2026-11-02/b.wav"]
    );
    assert_eq!(
        listed(&scene, &["calls/*/*.wav"]),
        ["2026-11-01/a.wav", "2026-11-02/b.wav"]
    );
    assert_eq!(listed(&scene, &["calls/**/c.txt"]), ["old/c.txt"]);
    assert_eq!(listed(&scene, &["c.txt.pgp"]), ["old/c.txt"]);
    assert_eq!(
        listed(&scene, &["--exclude", "calls/old", "--exclude", "*.txt"]),
        ["2026-11-01/a.wav", "2026-11-02/b.wav"]
    );
}

#[test]
fn every_command_takes_them() {
    let scene = scene();
    scene.ok("extract calls.zip *.wav --exclude 2026-11-02 -k customer.key -C out");
    assert_eq!(
        scene.tree("out"),
        ["calls/", "calls/2026-11-01/", "calls/2026-11-01/a.wav"]
    );
    scene.ok("convert calls.zip *.txt --exclude old -o new.zip -r vendor.crt -k customer.key");
    let listed = scene.ok("list --json new.zip").json();
    assert_eq!(listed["members"].as_array().unwrap().len(), 1, "{listed}");
    let shown = scene.ok("cat calls.zip *.txt -k customer.key").stdout();
    assert_eq!(shown, "calls/2026-11-01/a.txt\ncalls/old/calls/c.txt\n");
    let shown = scene
        .ok("cat calls.zip *.txt --names -k customer.key")
        .stdout();
    assert_eq!(
        shown,
        "==> calls/2026-11-01/a.txt <==\ncalls/2026-11-01/a.txt\n\n\
         ==> calls/old/calls/c.txt <==\ncalls/old/calls/c.txt\n"
    );
}

#[test]
fn an_exclusion_that_means_nothing_is_a_warning_and_a_name_an_error() {
    let scene = scene();
    scene
        .ok("list calls.zip --exclude *.mp3")
        .says("warning: --exclude \"*.mp3\" matches no member");
    scene
        .line("list calls.zip *.mp3")
        .exits(1)
        .complains_with_hint(&["calls.zip: no member matches"]);
    scene
        .line("list calls.zip --exclude calls")
        .exits(2)
        .complains_with_hint(&["no member is left"]);
}

#[test]
fn an_exclusion_counts_at_any_depth_whatever_else_is_there() {
    let scene = scene();
    for name in ["tmp/h", "a/tmp/h", "x.json", "b/x.json"] {
        scene.write(format!("more/{name}"), name);
    }
    scene
        .bash("cd more && callseal pack -q -o ../more.zip -r ../customer.crt *")
        .exits(0);
    for excluded in [
        "--exclude tmp --exclude *.json",
        "--exclude *.json --exclude tmp --exclude x.json",
    ] {
        let left = scene.line(&format!("list more.zip {excluded}")).exits(2);
        left.complains_with_hint(&["no member is left"]);
    }
}

#[test]
fn cat_warns_of_each_member_even_if_a_later_one_fails() {
    let scene = scene();
    scene.key_pair("gir", "rsa:2048");
    scene.write("in/a.txt", "a");
    scene.cms_encrypt("in/a.txt", "in/a.txt.p7m", "-aes256 -outform DER gir.crt");
    scene.write("in/b.txt.p7m", "damaged");
    scene
        .bash("cd in && zip -q -0 ../cms.zip a.txt.p7m b.txt.p7m")
        .exits(0);
    let failed = scene.line("cat cms.zip a.txt b.txt -k gir.key").exits(5);
    let failed = failed.says("warning: a.txt: not authenticated");
    assert_eq!(failed.stdout(), "a");
}

#[test]
fn a_second_archive_is_not_taken_for_a_member() {
    let scene = scene();
    scene.ok("pack -q -o other.zip -r customer.crt calls/old");
    for line in [
        "list calls.zip other.zip",
        "extract calls.zip other.zip -k customer.key",
        "cat calls.zip other.zip -k customer.key",
    ] {
        scene
            .line(line)
            .exits(2)
            .complains_with_hint(&["other.zip: one archive at a time"]);
    }
}

#[test]
fn an_extraction_goes_on_where_it_ended() {
    let scene = scene();
    scene.ok("extract calls.zip *.wav -k customer.key -C out");
    scene
        .line("extract calls.zip -k customer.key -C out")
        .exits(6)
        .complains(&["already exists"]);
    std::fs::remove_dir_all(scene.path("out/calls/old")).unwrap();
    scene
        .ok("extract calls.zip --skip-existing -k customer.key -C out")
        .says("passed over 3 members whose files exist");
    assert_eq!(
        scene.text("out/calls/old/calls/c.txt"),
        "calls/old/calls/c.txt\n"
    );
}

#[cfg(unix)]
#[test]
fn cat_writes_no_binary_data_to_a_terminal() {
    let scene = scene();
    scene.write("binary/b.wav", b"RIFF\x00\x01\x02\x1b[31m");
    scene.write("binary/t.txt", "text with ümlauts\n");
    scene.ok("pack -q -o binary.zip -r customer.crt binary");
    let refused = scene.on_a_terminal("cat binary.zip b.wav -k customer.key", "");
    let refused = refused.exits(2).stdout();
    assert!(
        refused.contains("binary data is not written to a terminal"),
        "{refused}"
    );
    assert!(!refused.contains("RIFF"), "{refused}");
    let shown = scene.on_a_terminal("cat binary.zip t.txt -k customer.key", "");
    assert!(shown.exits(0).stdout().contains("text with ümlauts"));
}
