//! Temporaries of runs that have ended, and of those that go on.

use std::io::{self, BufRead, BufReader, Read};
use std::os::unix::fs::symlink;

use super::*;

#[test]
#[cfg(target_os = "linux")]
fn leftovers_of_a_killed_run_are_found_and_files_in_use_are_not() {
    let directory = TempDir::new().unwrap();
    let mut other = child(
        module_path!(),
        "child_with_a_named_temporary",
        directory.path(),
    )
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
        let looking = child(
            module_path!(),
            "child_that_looks_for_leftovers",
            directory.path(),
        );
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
    let status = child(
        module_path!(),
        "child_that_removes_its_temporaries",
        directory.path(),
    )
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
