//! What is particular to Unix: modes, names, and processes that end early.

mod leftovers;
mod links;
mod replaced;

use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use rustix::fs::Mode;

use super::*;

const DIRECTORY: &str = "OUTPUT_TEST_DIRECTORY";
const UMASK: &str = "OUTPUT_TEST_UMASK";

/// Runs one of the ignored tests of a module as a separate process: it would change,
/// or end, the process of all the other tests.
fn child(module: &str, test: &str, directory: &Path) -> Command {
    let module = module.split_once("::").unwrap().1;
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", "--ignored", "--nocapture"])
        .arg(format!("{module}::{test}"))
        .env(DIRECTORY, directory);
    command
}

fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).unwrap().mode() & 0o7777
}

/// Returns a directory on a file system that has files without a name: the
/// usual one, or else the one in memory.
#[cfg(target_os = "linux")]
pub(super) fn with_unnamed_files() -> TempDir {
    use rustix::fs::{OFlags, open};
    let usual = std::env::temp_dir();
    let places = [usual.as_path(), Path::new("/dev/shm"), Path::new(".")];
    let has_them = |place: &&Path| {
        let flags = OFlags::TMPFILE | OFlags::RDWR;
        open(*place, flags, Mode::from_raw_mode(0o600)).is_ok()
    };
    let place = places.into_iter().find(has_them);
    let place = place.expect("a file system with O_TMPFILE: let TMPDIR name a directory on one");
    TempDir::new_in(place).unwrap()
}

#[test]
#[cfg(target_os = "linux")]
fn while_it_is_written_a_file_has_no_name_on_linux() {
    let directory = with_unnamed_files();
    let target = directory.path().join("call.wav");
    let file = PendingFile::create(&target, Access::Private, Overwrite::Refuse).unwrap();
    assert_eq!(file.as_file().metadata().unwrap().nlink(), 0);
    assert!(names(directory.path()).is_empty());
    file.commit().unwrap();
    assert_eq!(names(directory.path()), ["call.wav"]);
}

#[test]
fn modes_follow_the_access_and_the_umask() {
    for (umask, shared, made) in [
        ("000", 0o666, 0o700),
        ("022", 0o644, 0o700),
        ("077", 0o600, 0o700),
        ("277", 0o400, 0o500),
    ] {
        let directory = TempDir::new().unwrap();
        let status = child(module_path!(), "child_of_a_umask", directory.path())
            .env(UMASK, umask)
            .stdout(Stdio::null())
            .status()
            .unwrap();
        assert!(status.success());
        let made_at = directory.path().join("made");
        assert_eq!(mode(&made_at), made, "{umask}");
        for kind in ["created", "named"] {
            let file = |access| directory.path().join(format!("{kind}-{access}"));
            assert_eq!(mode(&file("private")), 0o600, "{kind} {umask}");
            assert_eq!(mode(&file("shared")), shared, "{kind} {umask}");
        }
    }
}

#[test]
#[ignore = "a child process of modes_follow_the_access_and_the_umask"]
fn child_of_a_umask() {
    let (Some(directory), Ok(umask)) = (std::env::var_os(DIRECTORY), std::env::var(UMASK)) else {
        return;
    };
    let directory = PathBuf::from(directory);
    rustix::process::umask(Mode::from_raw_mode(u32::from_str_radix(&umask, 8).unwrap()));
    TargetDir::create(&directory.join("made")).unwrap();
    for (access, name) in [(Access::Private, "private"), (Access::Shared, "shared")] {
        let target = directory.join(format!("created-{name}"));
        let file = PendingFile::create(&target, access, Overwrite::Refuse).unwrap();
        file.commit().unwrap();
        let target = directory.join(format!("named-{name}"));
        named(&target, access, Overwrite::Refuse).commit().unwrap();
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_killed_process_leaves_nothing() {
    let directory = with_unnamed_files();
    let mut writer = child(module_path!(), "child_that_is_killed", directory.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let output = BufReader::new(writer.stdout.take().unwrap());
    let report = output.lines().map_while(Result::ok);
    let report = report.into_iter().find(|line| line.contains("written"));
    writer.kill().unwrap();
    writer.wait().unwrap();
    let report = report.expect("it waits until it's killed");
    assert!(report.contains("without a name"), "{report}");
    assert!(names(directory.path()).is_empty());
}

#[test]
#[ignore = "a child process of a_killed_process_leaves_nothing"]
fn child_that_is_killed() {
    let Some(directory) = std::env::var_os(DIRECTORY) else {
        return;
    };
    let target = PathBuf::from(directory).join("call.wav");
    let mut file = PendingFile::create(&target, Access::Private, Overwrite::Refuse).unwrap();
    file.write_all(&[7; 1 << 20]).unwrap();
    let unnamed = file.as_file().metadata().unwrap().nlink() == 0;
    println!("written{}", if unnamed { " without a name" } else { "" });
    // Until the parent kills this process, or dies, which closes the pipe.
    let _ = io::stdin().read(&mut [0]);
}
