use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use rustix::fs::Mode;

use super::*;

const DIRECTORY: &str = "OUTPUT_TEST_DIRECTORY";
const UMASK: &str = "OUTPUT_TEST_UMASK";

/// Runs one of the ignored tests below as a separate process: it would change,
/// or end, the process of all the other tests.
fn child(test: &str, directory: &Path) -> Command {
    let module = module_path!().split_once("::").unwrap().1;
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
        let status = child("child_of_a_umask", directory.path())
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
    let mut writer = child("child_that_is_killed", directory.path())
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

#[test]
fn a_dangling_link_is_a_taken_name() {
    let directory = TempDir::new().unwrap();
    let target = directory.path().join("call.wav");
    symlink("nowhere", &target).unwrap();
    assert_eq!(
        refused(&target, Overwrite::Refuse),
        ErrorKind::AlreadyExists
    );
}

#[test]
fn replacing_a_link_leaves_what_it_points_to() {
    let directory = TempDir::new().unwrap();
    let (link, pointee) = (directory.path().join("a"), directory.path().join("b"));
    fs::write(&pointee, "untouched").unwrap();
    for file in both(&link, Overwrite::Replace) {
        let _ = fs::remove_file(&link);
        symlink("b", &link).unwrap();
        file.commit().unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_file());
    }
    assert_eq!(fs::read(&pointee).unwrap(), b"untouched");
}

#[test]
fn a_special_file_is_not_replaced_even_through_a_link() {
    let directory = TempDir::new().unwrap();
    let link = directory.path().join("out");
    symlink("/dev/null", &link).unwrap();
    for target in [Path::new("/dev/null"), &link] {
        assert_eq!(refused(target, Overwrite::Replace), ErrorKind::InvalidInput);
    }
}

#[test]
fn a_link_on_the_way_is_refused() {
    let directory = TempDir::new().unwrap();
    let outside = directory.path().join("outside");
    fs::create_dir(&outside).unwrap();
    let root = directory.path().join("target");
    let target = TargetDir::create(&root).unwrap();
    symlink(&outside, root.join("link")).unwrap();
    symlink("nowhere", root.join("dangling")).unwrap();
    for name in ["link/a", "link/a/b", "dangling/a"] {
        let error = target.place(name).unwrap_err();
        assert!(matches!(error, PlaceError::Link { .. }), "{name}: {error}");
    }
    assert!(names(&outside).is_empty());
}

#[test]
fn directories_that_are_made_are_private() {
    let directory = TempDir::new().unwrap();
    let root = directory.path().join("x/target");
    let target = TargetDir::create(&root).unwrap();
    target.place("a/b/c").unwrap();
    for made in [directory.path().join("x"), root.clone(), root.join("a/b")] {
        let mode = fs::metadata(made).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0);
    }
}

#[test]
fn a_directory_that_is_swapped_for_a_link_gets_nothing_outside() {
    let directory = TempDir::new().unwrap();
    let (root, outside) = (
        directory.path().join("target"),
        directory.path().join("outside"),
    );
    fs::create_dir(&outside).unwrap();
    let swap = |name: &str| {
        fs::rename(root.join(name), root.join(format!("{name}-before"))).unwrap();
        symlink(&outside, root.join(name)).unwrap();
    };
    let target = TargetDir::create(&root).unwrap();
    // Between finding the place, making the file, and its commit.
    for overwrite in [Overwrite::Refuse, Overwrite::Replace] {
        for (name, steps) in [("early", 0), ("late", 1)] {
            let name = format!("{name}-{overwrite:?}");
            let place = target.place(&format!("{name}/deep/call.wav")).unwrap();
            if steps == 0 {
                swap(&name);
            }
            let mut file = PendingFile::create_at(place, Access::Private, overwrite).unwrap();
            file.write_all(b"a call").unwrap();
            if steps == 1 {
                swap(&name);
            }
            file.commit_into(&target).unwrap();
            let there = root.join(format!("{name}-before/deep/call.wav"));
            assert_eq!(fs::read(there).unwrap(), b"a call");
            // It is held open, but not found again.
            let flushed = target.place(&format!("{name}/another/call.wav"));
            let flushed = flushed.map(|place| place.path().to_owned());
            assert!(!outside.join("another").exists(), "{flushed:?}");
        }
    }
    assert!(names(&outside).is_empty());
    // The written files are elsewhere by now, and not known to be flushed.
    let (_, error) = target.finish().unwrap_err();
    assert!(
        error.to_string().contains("a symbolic link on the way"),
        "{error}"
    );
    assert!(names(&outside).is_empty());
}

#[test]
fn a_target_that_is_swapped_for_a_link_gets_nothing_outside() {
    let directory = TempDir::new().unwrap();
    let (root, moved) = (
        directory.path().join("target"),
        directory.path().join("moved"),
    );
    let outside = directory.path().join("outside");
    fs::create_dir(&outside).unwrap();
    let target = TargetDir::create(&root).unwrap();
    fs::rename(&root, &moved).unwrap();
    symlink(&outside, &root).unwrap();
    put(&target, "a/call.wav");
    put(&target, "call.wav");
    target.finish().unwrap();
    assert!(names(&outside).is_empty());
    assert_eq!(names(&moved), ["a", "call.wav"]);
}

/// Swapping directories for links and back meanwhile causes at most errors.
#[test]
fn nothing_lands_outside_while_directories_are_swapped() {
    let directory = TempDir::new().unwrap();
    let (root, outside) = (
        directory.path().join("target"),
        directory.path().join("outside"),
    );
    fs::create_dir_all(root.join("calls")).unwrap();
    fs::create_dir_all(outside.join("deep")).unwrap();
    let done = std::sync::atomic::AtomicBool::new(false);
    let is_done = || done.load(std::sync::atomic::Ordering::Relaxed);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let (calls, aside) = (root.join("calls"), root.join("aside"));
            while !is_done() {
                let _ = fs::rename(&calls, &aside);
                let _ = symlink(&outside, &calls);
                let _ = fs::remove_file(&calls);
                let _ = fs::rename(&aside, &calls);
            }
        });
        for round in 0..40 {
            // A new one, so that nothing is held open.
            let target = TargetDir::create(&root).unwrap();
            for number in 0..25 {
                let name = format!("calls/deep/{round}-{number}");
                let Ok(place) = target.place(&name) else {
                    continue;
                };
                let file = PendingFile::create_at(place, Access::Private, Overwrite::Replace);
                let _ = file.and_then(|file| file.commit_into(&target));
            }
            let _ = target.finish();
        }
        done.store(true, std::sync::atomic::Ordering::Relaxed);
    });
    assert_eq!(names(&outside), ["deep"]);
    assert!(names(&outside.join("deep")).is_empty());
}

#[test]
fn many_directories_take_few_descriptors() {
    let directory = TempDir::new().unwrap();
    let target = TargetDir::create(directory.path()).unwrap();
    for number in 0..300 {
        put(&target, &format!("{}/{number}/call.wav", number % 7));
    }
    let open = fs::read_dir("/dev/fd").unwrap().filter(|entry| {
        let link = entry.as_ref().unwrap().path();
        fs::read_link(link).is_ok_and(|path| path.starts_with(directory.path()))
    });
    if cfg!(target_os = "linux") {
        assert!((1..=65).contains(&open.count()));
    }
    target.finish().unwrap();
}

#[test]
fn a_path_too_long_for_system_calls_is_not_made_step_by_step() {
    let directory = TempDir::new().unwrap();
    let target = TargetDir::create(directory.path()).unwrap();
    let error = target.place(&"a/".repeat(3000).replace("a/a", "a/b")[..5999]);
    let error = error.unwrap_err();
    assert!(
        error.to_string().ends_with(": file name too long"),
        "{error}"
    );
    assert!(names(directory.path()).is_empty());
}

#[test]
#[cfg(target_os = "linux")]
fn leftovers_of_a_killed_run_are_found_and_files_in_use_are_not() {
    let directory = TempDir::new().unwrap();
    let mut other = child("child_with_a_named_temporary", directory.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let output = BufReader::new(other.stdout.take().unwrap());
    let mut report = output.lines().map_while(Result::ok);
    assert!(report.any(|line| line.contains("written")));
    fs::write(directory.path().join(".callseal-000000.tmp"), "").unwrap();
    fs::write(directory.path().join(".callseal-other"), "not ours").unwrap();
    symlink("/etc/passwd", directory.path().join(".callseal-link.tmp")).unwrap();
    rustix::fs::mkfifoat(
        rustix::fs::CWD,
        directory.path().join(".callseal-fifo.tmp"),
        Mode::RUSR | Mode::WUSR,
    )
    .unwrap();

    let found = || {
        let looking = child("child_that_looks_for_leftovers", directory.path());
        let output = { looking }.output().unwrap();
        assert!(output.status.success());
        let output = String::from_utf8(output.stdout).unwrap();
        let lines = output
            .lines()
            .filter_map(|line| line.strip_prefix("left: "));
        lines.map(PathBuf::from).collect::<Vec<_>>()
    };
    assert_eq!(found(), Vec::<PathBuf>::new(), "while it is running");
    other.kill().unwrap();
    other.wait().unwrap();
    let left = names(directory.path()).into_iter().find(|name| {
        let path = directory.path().join(name);
        fs::symlink_metadata(path).unwrap().len() == 6 && !name.contains("link")
    });
    assert_eq!(found(), [directory.path().join(left.unwrap())]);
}

#[test]
#[ignore = "a child process of leftovers_of_a_killed_run_are_found_and_files_in_use_are_not"]
fn child_that_looks_for_leftovers() {
    let Some(directory) = std::env::var_os(DIRECTORY) else {
        return;
    };
    crate::files::record::remember();
    let target = PathBuf::from(directory).join("call.wav");
    drop(named(&target, Access::Private, Overwrite::Refuse));
    for path in crate::files::record::leftovers() {
        println!("\nleft: {}", path.display());
    }
}

#[test]
#[ignore = "a child process of leftovers_of_a_killed_run_are_found_and_files_in_use_are_not"]
fn child_with_a_named_temporary() {
    let Some(directory) = std::env::var_os(DIRECTORY) else {
        return;
    };
    let target = PathBuf::from(directory).join("call.wav");
    let mut file = named(&target, Access::Private, Overwrite::Refuse);
    file.write_all(b"a call").unwrap();
    println!("written");
    let _ = io::stdin().read(&mut [0]);
}

#[test]
fn temporaries_are_removed_on_demand_and_none_is_made_then() {
    let directory = TempDir::new().unwrap();
    let status = child("child_that_removes_its_temporaries", directory.path())
        .stdout(Stdio::null())
        .status()
        .unwrap();
    assert!(status.success());
    assert_eq!(names(directory.path()), ["before"]);
}

#[test]
#[ignore = "a child process of temporaries_are_removed_on_demand_and_none_is_made_then"]
fn child_that_removes_its_temporaries() {
    let Some(directory) = std::env::var_os(DIRECTORY) else {
        return;
    };
    let directory = PathBuf::from(directory);
    let path = |name: &str| directory.join(name);
    let published = named(&path("before"), Access::Private, Overwrite::Refuse);
    let file = named(&path("after"), Access::Private, Overwrite::Refuse);
    published.commit().unwrap();
    assert_eq!(names(&directory).len(), 2);
    let none = remove_temporaries();
    assert_eq!(names(&directory), ["before"]);
    // It is too late to publish it, and nothing new appears.
    file.commit().unwrap_err();
    let late = path("late");
    std::thread::spawn(move || named(&late, Access::Private, Overwrite::Refuse).commit());
    std::thread::sleep(std::time::Duration::from_millis(50));
    assert_eq!(names(&directory), ["before"]);
    std::mem::forget(none);
}

#[test]
fn a_file_is_not_replaced_by_what_was_made_of_an_older_one() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("calls.zip");
    std::fs::write(&path, "old").unwrap();
    let read = File::open(&path).unwrap();
    let replace = |content: &str, read: &File| {
        let mut pending = PendingFile::replacing(&path, read)?;
        pending.write_all(content.as_bytes())?;
        pending.commit()
    };
    replace("new", &read).unwrap();
    let error = replace("newer", &read).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::ResourceBusy);
    assert_eq!(std::fs::read(&path).unwrap(), b"new");
}

#[test]
fn a_file_is_replaced_by_one_process_at_a_time() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("calls.zip");
    std::fs::write(&path, "old").unwrap();
    let read = File::open(&path).unwrap();
    let first = PendingFile::replacing(&path, &read).unwrap();
    let second = PendingFile::replacing(&path, &read).unwrap_err();
    assert_eq!(second.kind(), io::ErrorKind::ResourceBusy);
    drop(first);
    PendingFile::replacing(&path, &read).unwrap();
}
