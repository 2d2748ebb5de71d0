//! The drop-in that lets systemd's unit work in the directories of a config.

#![cfg(target_os = "linux")]

use std::os::unix::fs::{PermissionsExt, chown};

use crate::support::{Outcome, Run, Scene};
use crate::watch_support::FAST;

/// The user and the group of the service, and those of the calls.
const SERVICE: u32 = 61_001;
const CALLS: u32 = 61_002;

const DROP_IN: &str = "watch --unit-drop-in --config callseal.toml";

/// Returns a scene that everybody gets through.
fn scene() -> Scene {
    let scene = Scene::with_a_spool(FAST);
    mode(&scene, "", 0o755);
    for name in ["customer.crt", "vendor.crt", "callseal.toml"] {
        mode(&scene, name, 0o644);
    }
    scene
}

fn mode(scene: &Scene, name: &str, mode: u32) {
    let permissions = std::fs::Permissions::from_mode(mode);
    std::fs::set_permissions(scene.path(name), permissions).unwrap();
}

/// Runs it where the user of the service is known, if that is allowed: only root can do so.
fn with_the_user(scene: &Scene) -> Option<Outcome> {
    scene.write(
        "passwd",
        format!("callseal:x:{SERVICE}:{SERVICE}::/:/bin/false\n"),
    );
    scene.write("group", format!("callseal:x:{SERVICE}:\nivr:x:{CALLS}:\n"));
    let script = format!(
        "mount --bind passwd /etc/passwd && mount --bind group /etc/group || exit 99\n{} {DROP_IN}",
        Run::CALLSEAL
    );
    let words = ["-m", "sh", "-c", &script];
    let outcome = scene.program("unshare", words).outcome();
    if outcome.status() != Some(0) {
        println!("not tested: nothing can be mounted: {outcome}");
        return None;
    }
    Some(outcome)
}

#[test]
fn it_opens_the_directories_that_are_written_to_and_no_others() {
    let scene = scene();
    let config = scene.text("callseal.toml");
    let metrics = "metrics-file = 'metrics/callseal.prom'\n";
    let then = "then = { move = 'my done' }\n";
    scene.write("callseal.toml", format!("{metrics}{config}{then}"));
    std::fs::create_dir(scene.path("my done")).unwrap();
    std::fs::create_dir(scene.path("metrics")).unwrap();
    let root = scene.root().canonicalize().unwrap();
    let root = root.display();
    scene
        .line(DROP_IN)
        .exits(0)
        .prints("[Service]\nExecStart=\nExecStart=/usr/bin/callseal watch --config ")
        .prints(&format!(
            "\nReadWritePaths=-{root}/metrics \"-{root}/my done\" -{root}/outbox -{root}/spool\n"
        ))
        .prints(&format!(
            "\nRequiresMountsFor={root}/metrics \"{root}/my done\" "
        ));
}

#[test]
fn a_group_that_has_the_rights_is_named_and_a_right_that_nobody_has_is_said() {
    let scene = scene();
    chown(scene.path("spool"), Some(0), Some(CALLS)).unwrap_or_default();
    chown(scene.path("outbox"), Some(SERVICE), Some(SERVICE)).unwrap_or_default();
    mode(&scene, "spool", 0o2770);
    mode(&scene, "outbox", 0o700);
    let Some(outcome) = with_the_user(&scene) else {
        return;
    };
    let outcome = outcome.prints("\nSupplementaryGroups=ivr\n");
    assert_eq!(outcome.stderr(), "", "{outcome}");
    mode(&scene, "spool", 0o700);
    mode(&scene, "vendor.crt", 0o600);
    let Some(outcome) = with_the_user(&scene) else {
        return;
    };
    let root = scene.root().canonicalize().unwrap();
    let root = root.display();
    let outcome = outcome
        .says(&format!(
            "warning: {root}/spool: the user “callseal” can't read and write in it\n\
             hint: setfacl -R -m u:callseal:rwX,d:u:callseal:rwX {root}/spool\n"
        ))
        .says(&format!(
            "warning: {root}/vendor.crt: the user “callseal” can't read it\n\
             hint: setfacl -m u:callseal:r {root}/vendor.crt\n"
        ));
    assert!(
        !outcome.stdout().contains("SupplementaryGroups"),
        "{outcome}"
    );
}

#[test]
fn a_directory_below_a_spool_is_looked_at_too() {
    let scene = scene();
    for name in ["spool", "outbox", "spool/2026", "spool/2026/11"] {
        std::fs::create_dir_all(scene.path(name)).unwrap();
        mode(&scene, name, 0o777);
    }
    mode(&scene, "spool/2026/11", 0o755);
    if let Some(outcome) = with_the_user(&scene) {
        outcome
            .says("spool/2026/11: the user “callseal” can't read and write in it")
            .says("give these rights, then print this again");
    }
}

#[test]
fn a_right_that_an_access_control_list_gives_is_enough() {
    let scene = scene();
    mode(&scene, "spool", 0o700);
    mode(&scene, "outbox", 0o700);
    // `u::rwx,u:SERVICE:rwx,g::---,m::rwx,o::---`: setfacl isn't everywhere.
    let program = r"
import os, struct, sys
entries = (1, 7, -1), (2, 7, int(sys.argv[1])), (4, 0, -1), (16, 7, -1), (32, 0, -1)
acl = struct.pack('<I', 2) + b''.join(struct.pack('<HHi', *entry) for entry in entries)
for directory in sys.argv[2:]:
    os.setxattr(directory, 'system.posix_acl_access', acl)
";
    let words = ["-c", program, &SERVICE.to_string(), "spool", "outbox"];
    if scene.program("python3", words).outcome().status() != Some(0) {
        println!("not tested: the file system has no access control lists");
        return;
    }
    if let Some(outcome) = with_the_user(&scene) {
        assert_eq!(outcome.stderr(), "", "{outcome}");
    }
}

#[test]
fn homes_and_temporary_directories_are_opened_if_the_config_needs_them() {
    let scene = scene();
    let outcome = scene.line(DROP_IN).exits(0);
    let is_temporary = scene.root().canonicalize().unwrap().starts_with("/tmp");
    assert_eq!(outcome.stdout().contains("\nPrivateTmp=no\n"), is_temporary);
    let config = scene.text("callseal.toml");
    scene.write(
        "callseal.toml",
        config.replace("'spool'", "'/home/ivr/calls 100%'"),
    );
    scene
        .line(DROP_IN)
        .exits(0)
        .prints("\nProtectHome=read-only\n")
        .prints("=\"-/home/ivr/calls 100%%\" ");
}

#[test]
fn a_name_can_t_write_into_the_unit() {
    let scene = scene();
    let hostile = "real\nExecStartPre=+/bin/touch /root/pwned\n#";
    std::fs::create_dir_all(scene.path(hostile)).unwrap();
    std::fs::remove_dir(scene.path("spool")).unwrap();
    std::os::unix::fs::symlink(hostile, scene.path("spool")).unwrap();
    let outcome = scene.line(DROP_IN).exits(2);
    assert_eq!(outcome.stdout(), "", "{outcome}");
    outcome.complains_with_hint(&["a unit file can't have this path"]);
}

#[test]
fn a_link_is_followed_and_said() {
    let scene = scene();
    std::fs::rename(scene.path("spool"), scene.path("real")).unwrap();
    std::os::unix::fs::symlink("real", scene.path("spool")).unwrap();
    let root = scene.root().canonicalize().unwrap();
    scene
        .line(DROP_IN)
        .exits(0)
        .prints(&format!(" -{}/real\n", root.display()))
        .says("warning: spool leads to ");
}

#[test]
fn words_of_the_command_are_not_taken_for_anything_else() {
    let scene = scene();
    let config = scene.text("callseal.toml");
    scene.write("$HOME 1.toml", config.replace("'calls'", "'--once'"));
    let words = [
        "watch",
        "--unit-drop-in",
        "--config",
        "$HOME 1.toml",
        "--",
        "--once",
    ];
    scene
        .callseal(words)
        .exits(0)
        .prints("/$$HOME 1.toml\" -- --once\n");
}

#[test]
fn it_needs_a_config_with_a_spool() {
    let scene = Scene::new();
    scene.write("callseal.toml", "");
    scene
        .line(DROP_IN)
        .exits(2)
        .complains(&["it has no [[watch]]"]);
    scene.line(&format!("{DROP_IN} --json")).exits(2);
}
