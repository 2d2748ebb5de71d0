//! What a cron job needs of `callseal pack`: young files are left out, and nothing to
//! pack is no failure.

use std::fs;
use std::time::{Duration, SystemTime};

use crate::support::Scene;

const PACK: &str = "pack -o calls.zip -r customer.crt";

/// Gives a file a time, in seconds from now.
fn touch(scene: &Scene, name: &str, seconds: i64) {
    let distance = Duration::from_secs(seconds.unsigned_abs());
    let now = SystemTime::now();
    let time = match seconds < 0 {
        true => now - distance,
        false => now + distance,
    };
    let file = fs::File::options().write(true).open(scene.path(name));
    file.unwrap().set_modified(time).unwrap();
}

/// Returns a scene with files of these ages in seconds.
fn aged(files: &[(&str, i64)]) -> Scene {
    let scene = Scene::with_parties();
    for (name, seconds) in files {
        scene.write(format!("calls/{name}"), *name);
        touch(&scene, &format!("calls/{name}"), *seconds);
    }
    scene
}

#[track_caller]
fn members(scene: &Scene, arguments: &str) -> Vec<String> {
    let outcome = scene.ok(&format!("{PACK} --dry-run {arguments}"));
    outcome.stdout().lines().map(str::to_owned).collect()
}

#[test]
fn young_files_are_left_out_and_counted() {
    let scene = aged(&[("old", -700), ("new", -10), ("newer", 0), ("later", 3600)]);
    let outcome = scene
        .ok(&format!("{PACK} calls --min-age 10m --json"))
        .says("note: 3 files are younger than 10 minutes, left out");
    let facts = outcome.json();
    assert_eq!(facts["young"], 3, "{outcome}");
    assert_eq!(facts["members"].as_array().unwrap().len(), 1, "{outcome}");
    assert_eq!(facts["members"][0]["name"], "calls/old");
    assert_eq!(facts["left_out"].as_array().unwrap().len(), 0);
}

#[test]
fn each_unit_has_its_length() {
    let scene = aged(&[
        ("100s", -100),
        ("50m", -50 * 60),
        ("70m", -70 * 60),
        ("23h", -23 * 3600),
        ("25h", -25 * 3600),
    ]);
    for (age, count) in [("90s", 5), ("110s", 4), ("1h", 3), ("2h", 2), ("1d", 1)] {
        let found = members(&scene, &format!("calls --min-age {age}"));
        assert_eq!(found.len(), count, "{age}: {found:?}");
    }
    scene
        .ok(&format!("{PACK} --dry-run calls --min-age 110s"))
        .says("note: 1 file is younger than 110 seconds, left out");
}

#[test]
fn a_named_file_must_be_old_enough_too() {
    let scene = aged(&[("old", -700), ("new", -10)]);
    let named = members(&scene, "calls/old calls/new --min-age 10m");
    assert_eq!(named, ["calls/old"]);
    scene.write("list", "calls/old\ncalls/new\n");
    let listed = members(&scene, "--files-from list --min-age 10m");
    assert_eq!(listed, ["calls/old"]);
}

#[test]
fn a_file_from_the_future_is_young_whatever_the_age() {
    let scene = aged(&[("now", -1), ("later", 3600)]);
    assert_eq!(members(&scene, "calls --min-age 0s"), ["calls/now"]);
    scene
        .line(&format!("{PACK} calls --min-age 100000000000d"))
        .exits(1)
        .complains(&["no files to pack: 2 files are too young"]);
}

#[test]
fn an_age_without_a_unit_is_refused() {
    let scene = aged(&[("old", -700)]);
    for age in ["10", "10min", "1.5h", "m", "1h30m"] {
        scene
            .line(&format!("{PACK} calls --min-age {age}"))
            .exits(2)
            .complains(&["--min-age", "such as 90s, 10m, 2h or 1d"]);
    }
}

#[test]
fn nothing_to_pack_is_a_failure_that_names_the_way_out() {
    let scene = aged(&[("new", -10)]);
    for (arguments, hint) in [
        ("calls --min-age 10m", "older than --min-age"),
        ("calls --include *.wav", "--include and --exclude"),
        ("empty", "if there may be none"),
    ] {
        fs::create_dir_all(scene.path("empty")).unwrap();
        scene
            .line(&format!("{PACK} {arguments}"))
            .exits(1)
            .complains_with_hint(&["no files to pack"])
            .says(hint)
            .says("--allow-empty");
        assert!(!scene.exists("calls.zip"));
    }
}

#[test]
fn nothing_to_pack_may_be_success() {
    let scene = aged(&[("new", -10)]);
    fs::create_dir(scene.path("empty")).unwrap();
    scene.write("list", "");
    for arguments in [
        "calls --min-age 10m",
        "calls --include *.wav",
        "calls --exclude calls",
        "empty",
        "--files-from list",
        "empty --move",
        "empty --dry-run",
    ] {
        let outcome = scene
            .ok(&format!("{PACK} {arguments} --allow-empty --json"))
            .says("note: no files to pack, so no archive is written");
        let facts = outcome.json();
        assert_eq!(facts["members"].as_array().unwrap().len(), 0, "{outcome}");
        assert_eq!(facts.get("archive_bytes"), None, "{outcome}");
        assert!(!scene.exists("calls.zip"), "{arguments}");
    }
    // With files, it changes nothing.
    scene.ok(&format!("{PACK} calls --allow-empty"));
    assert!(scene.exists("calls.zip"));
}

#[test]
fn what_is_wrong_stays_wrong_where_nothing_may_be_packed() {
    let scene = aged(&[("new", -10)]);
    scene
        .line(&format!("{PACK} missing --allow-empty"))
        .exits(1)
        .complains_with_hint(&["missing: no such file"]);
    scene
        .line("pack -o calls.zip -r missing.crt calls --min-age 10m --allow-empty")
        .exits(3)
        .complains(&["missing.crt"]);
}
