//! `callseal pack --move`: what is packed is removed, and nothing is lost.

#![cfg(target_os = "linux")]
use std::fs;
use std::os::unix::fs::{MetadataExt, symlink};

use rustix::fs::{FlockOperation, flock};
use serde_json::Value;

use crate::pack_move_support::{Calls, PACK, calls};
use crate::support::{P256, Scene, as_an_owner};

fn set_mode(scene: &Scene, name: &str, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(scene.path(name), fs::Permissions::from_mode(mode)).unwrap();
}

fn paths(list: &Value) -> Vec<&str> {
    let list = list.as_array().unwrap().iter();
    list.map(|entry| entry.as_str().or(entry["path"].as_str()).unwrap())
        .collect()
}

#[test]
fn moved_files_are_in_the_archive_alone() {
    for layout in [
        "",
        "-j 1",
        "--hide-names",
        "--index none",
        "--format rfc4880",
        "--format cms-gcm",
        "--sign ivr.key",
    ] {
        let calls = calls();
        let scene = &calls.scene;
        scene.ok("keygen -q --sign --name ivr --no-passphrase");
        let outcome = scene
            .ok(&format!("{PACK} calls {layout} --json"))
            .says("and removed them");
        let facts = outcome.json();
        assert_eq!(paths(&facts["moved"]), calls.paths(), "{outcome}");
        assert_eq!(facts["not_moved"], Value::Array(vec![]));
        // Empty directories stay.
        assert_eq!(scene.tree("calls"), ["day/", "empty/"], "{outcome}");
        calls.are_all_in(&["calls.zip"]);
    }
}

#[test]
fn a_file_larger_than_memory_is_moved_too() {
    let calls = calls();
    let long: Vec<u8> = (0..11_000_000_u32)
        .flat_map(|i| (i >> 3).to_le_bytes())
        .collect();
    let calls = calls.with("calls/long.wav", &long);
    calls.scene.ok(&format!("{PACK} calls --compress none"));
    calls.are_all_in(&["calls.zip"]);
}

#[test]
fn the_sums_are_printed_on_demand_alone() {
    let calls = calls();
    let outcome = calls.scene.ok(&format!("{PACK} calls"));
    assert_eq!(outcome.stdout(), "");
    let again = Calls::new();
    let outcome = again.scene.ok(&format!("{PACK} calls --sha256"));
    assert_eq!(outcome.stdout().lines().count(), 3, "{outcome}");
}

#[test]
fn a_dry_run_says_what_would_be_moved_and_moves_nothing() {
    let calls = calls();
    let scene = &calls.scene;
    let before = scene.tree("");
    let outcome = scene
        .ok(&format!("{PACK} calls --dry-run --json"))
        .says("and remove them; nothing was written");
    assert_eq!(paths(&outcome.json()["moved"]), calls.paths());
    assert_eq!(scene.tree(""), before);
}

#[test]
fn links_are_not_followed_when_files_are_moved() {
    let calls = calls();
    let scene = &calls.scene;
    scene
        .line(&format!("{PACK} calls --follow-links"))
        .exits(2)
        .complains(&["--move", "--follow-links"]);
    scene.write("elsewhere.txt", "stays");
    symlink("../elsewhere.txt", scene.path("calls/link")).unwrap();
    scene.ok(&format!("{PACK} calls"));
    assert_eq!(scene.tree("calls"), ["day/", "empty/", "link"]);
    assert_eq!(scene.text("elsewhere.txt"), "stays");
}

#[test]
fn only_listed_files_are_moved() {
    let calls = calls();
    let scene = &calls.scene;
    scene.write("list", "calls/b.txt\ncalls/day/c.txt\n");
    let outcome = scene.ok(&format!("{PACK} --files-from list --json"));
    let moved = ["calls/b.txt", "calls/day/c.txt"];
    assert_eq!(paths(&outcome.json()["moved"]), moved);
    assert_eq!(scene.tree("calls"), ["a.txt", "day/", "empty/"]);
}

#[test]
fn young_files_stay() {
    let calls = calls();
    let scene = &calls.scene;
    scene
        .ok(&format!("{PACK} calls --min-age 1h --allow-empty"))
        .says("3 files are younger");
    assert_eq!(scene.tree("calls").len(), 5);
    assert!(!scene.exists("calls.zip"));
}

#[test]
fn one_of_several_names_of_a_file_is_removed() {
    let calls = calls();
    let scene = &calls.scene;
    fs::hard_link(scene.path("calls/a.txt"), scene.path("calls/same.txt")).unwrap();
    fs::hard_link(scene.path("calls/b.txt"), scene.path("kept.txt")).unwrap();
    let outcome = scene.ok(&format!("{PACK} calls --json"));
    assert_eq!(outcome.json()["moved"].as_array().unwrap().len(), 4);
    assert_eq!(scene.tree("calls"), ["day/", "empty/"]);
    assert_eq!(scene.text("kept.txt"), "the call b");
    assert_eq!(fs::metadata(scene.path("kept.txt")).unwrap().nlink(), 1);
}

#[test]
fn a_file_that_is_packed_by_two_paths_is_moved_once() {
    let calls = calls();
    let scene = &calls.scene;
    let absolute = scene.path("calls/a.txt");
    let absolute = absolute.to_str().unwrap();
    let outcome = scene.ok(&format!("{PACK} calls {absolute} --json"));
    assert_eq!(outcome.json()["moved"].as_array().unwrap().len(), 4);
    assert_eq!(scene.tree("calls"), ["day/", "empty/"]);
}

#[test]
fn what_the_run_reads_and_private_keys_stay() {
    let calls = calls();
    let scene = &calls.scene;
    scene.tool("cp customer.crt vendor.key calls");
    scene.key_pair("old", P256);
    scene.tool("cp old.crt calls");
    let outcome = scene
        .line("pack --move -o calls.zip -r calls/customer.crt calls --json")
        .exits(6)
        .says("warning: calls/customer.crt: this run reads it, so it stays")
        .says("warning: calls/vendor.key: it may be the key that opens the archive, so it stays")
        .says("and removed 4 of them");
    let stay = ["calls/customer.crt", "calls/vendor.key"];
    assert_eq!(paths(&outcome.json()["not_moved"]), stay, "{outcome}");
    let tree = scene.tree("calls");
    assert_eq!(tree, ["customer.crt", "day/", "empty/", "vendor.key"]);
}

#[test]
fn nothing_can_be_removed_from_a_read_only_directory() {
    let calls = calls();
    let scene = &calls.scene;
    set_mode(scene, "calls", 0o555);
    let run = || scene.line(&format!("{PACK} calls --json")).exits(6);
    let outcome = as_an_owner(run)
        .says("warning: calls/a.txt: it can't be removed: permission denied")
        .says("and removed 1 of them");
    let facts = outcome.json();
    assert_eq!(paths(&facts["moved"]), ["calls/day/c.txt"]);
    assert_eq!(paths(&facts["not_moved"]), ["calls/a.txt", "calls/b.txt"]);
    set_mode(scene, "calls", 0o755);
    assert_eq!(scene.tree("calls"), ["a.txt", "b.txt", "day/", "empty/"]);
    calls.are_all_in(&["calls.zip"]);
}

#[test]
fn a_directory_that_cannot_be_read_is_an_error_before_anything_is_moved() {
    let calls = calls();
    let scene = &calls.scene;
    set_mode(scene, "calls/day", 0o300);
    let run = || scene.line(&format!("{PACK} calls")).exits(1);
    as_an_owner(run).complains(&["calls/day: permission denied"]);
    assert!(!scene.exists("calls.zip"));
    // It takes no right to read the directory to move what is named.
    let run = || scene.ok(&format!("{PACK} calls/day/c.txt"));
    as_an_owner(run);
    set_mode(scene, "calls/day", 0o755);
    assert_eq!(scene.tree("calls"), ["a.txt", "b.txt", "day/", "empty/"]);
}

/// The name of a directory as a killed run leaves it.
const LEFT: &str = "calls/.callseal-0f9a3c.moving";

/// Moves a call where a killed run has left it.
fn leave(calls: &Calls, name: &str) {
    fs::create_dir_all(calls.scene.path(LEFT)).unwrap();
    let to = calls.scene.path(LEFT).join(name);
    fs::rename(calls.scene.path("calls").join(name), to).unwrap();
}

#[test]
fn what_a_killed_run_has_claimed_is_put_back_and_packed() {
    let calls = calls();
    let scene = &calls.scene;
    leave(&calls, "a.txt");
    let outcome = scene
        .ok(&format!("{PACK} calls --json"))
        .says("warning: calls/a.txt: put back; a run that was killed had claimed it");
    assert_eq!(paths(&outcome.json()["put_back"]), ["calls/a.txt"]);
    assert_eq!(scene.tree("calls"), ["day/", "empty/"]);
    calls.are_all_in(&["calls.zip"]);
}

#[test]
fn what_a_killed_run_has_claimed_is_named_even_if_nothing_is_moved() {
    let calls = calls();
    let scene = &calls.scene;
    leave(&calls, "a.txt");
    for arguments in ["", "--exclude .*", "--move --dry-run"] {
        let outcome = scene
            .ok(&format!(
                "pack -f -o calls.zip -r customer.crt calls --json {arguments}"
            ))
            .says(&format!(
                "warning: {LEFT}: files that another run with --move"
            ));
        assert_eq!(paths(&outcome.json()["left_out"]), [LEFT], "{outcome}");
        assert!(scene.exists(format!("{LEFT}/a.txt")));
    }
}

#[test]
fn a_claimed_file_whose_name_is_taken_stays_and_is_named() {
    let calls = calls();
    let scene = &calls.scene;
    leave(&calls, "a.txt");
    scene.write("calls/a.txt", "a new one");
    scene
        .ok(&format!("{PACK} calls"))
        .says(&format!("warning: {LEFT}/a.txt: it can't be put back"))
        .says("file exists")
        .says(&format!("warning: {LEFT}: files that another run"));
    assert_eq!(scene.text(format!("{LEFT}/a.txt")), "the call a");
    assert!(!scene.exists("calls/a.txt"));
    // Now it is free.
    scene.ok("pack --move -o later.zip -r customer.crt calls");
    assert_eq!(scene.tree("calls"), ["day/", "empty/"]);
}

#[test]
fn what_another_run_is_about_to_remove_is_left_to_it() {
    let calls = calls();
    let scene = &calls.scene;
    leave(&calls, "a.txt");
    let held = fs::File::open(scene.path(LEFT)).unwrap();
    flock(&held, FlockOperation::LockExclusive).unwrap();
    scene
        .ok(&format!("{PACK} calls"))
        .says(&format!("warning: {LEFT}: files that another run"));
    assert!(scene.exists(format!("{LEFT}/a.txt")));
}

#[test]
fn an_empty_directory_of_a_killed_run_is_removed() {
    let calls = calls();
    let scene = &calls.scene;
    fs::create_dir(scene.path(LEFT)).unwrap();
    scene.ok(&format!("{PACK} calls"));
    assert_eq!(scene.tree("calls"), ["day/", "empty/"]);
}
