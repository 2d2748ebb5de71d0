use std::fs;
use std::io::{ErrorKind, Seek, SeekFrom, Write};
use std::path::Path;
use std::time::{Duration, SystemTime};

use proptest::prelude::*;
use tempfile::TempDir;

use super::temporary::Temporary;
use super::*;

/// Both kinds of temporary: the one of this file system, and the fallback.
fn both(target: &Path, overwrite: Overwrite) -> [PendingFile; 2] {
    let created = PendingFile::create(target, Access::Private, overwrite).unwrap();
    [created, named(target, Access::Private, overwrite)]
}

fn named(target: &Path, access: Access, overwrite: Overwrite) -> PendingFile {
    let place = Place::at(target).unwrap();
    let temporary = Temporary::named(&place.directory, access).unwrap();
    PendingFile::over(temporary, place, overwrite)
}

/// An empty file in an extraction directory.
fn put(target: &TargetDir, relative: &str) {
    let place = target.place(relative).unwrap();
    let file = PendingFile::create_at(place, Access::Private, Overwrite::Refuse).unwrap();
    file.commit_into(target).unwrap();
}

fn names(directory: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn refused(target: &Path, overwrite: Overwrite) -> ErrorKind {
    PendingFile::create(target, Access::Shared, overwrite)
        .unwrap_err()
        .kind()
}

#[test]
fn a_committed_file_has_its_bytes_and_date_and_is_the_only_one() {
    let directory = TempDir::new().unwrap();
    let target = directory.path().join("call.wav");
    let date = SystemTime::UNIX_EPOCH + Duration::from_secs(1_600_000_000);
    for mut file in both(&target, Overwrite::Refuse) {
        file.set_modified(date);
        file.write_all(b"HELLO").unwrap();
        file.seek(SeekFrom::Start(0)).unwrap();
        file.write_all(b"J").unwrap();
        file.flush().unwrap();
        file.commit().unwrap();
        assert_eq!(fs::read(&target).unwrap(), b"JELLO");
        assert_eq!(fs::metadata(&target).unwrap().modified().unwrap(), date);
        fs::remove_file(&target).unwrap();
    }
    assert!(names(directory.path()).is_empty());
}

#[test]
fn a_dropped_file_leaves_nothing() {
    let directory = TempDir::new().unwrap();
    for mut file in both(&directory.path().join("call.wav"), Overwrite::Refuse) {
        file.write_all(b"half of it").unwrap();
        drop(file);
    }
    assert!(names(directory.path()).is_empty());
}

#[test]
fn a_name_taken_before_the_work_is_refused_at_once() {
    let directory = TempDir::new().unwrap();
    let target = directory.path().join("call.wav");
    fs::write(&target, "old").unwrap();
    assert_eq!(
        refused(&target, Overwrite::Refuse),
        ErrorKind::AlreadyExists
    );
    assert_eq!(fs::read(&target).unwrap(), b"old");
}

#[test]
fn a_name_taken_during_the_work_is_not_overwritten() {
    let directory = TempDir::new().unwrap();
    let target = directory.path().join("call.wav");
    let files = both(&target, Overwrite::Refuse);
    fs::write(&target, "another process").unwrap();
    for mut file in files {
        file.write_all(b"ours").unwrap();
        let error = file.commit().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AlreadyExists);
        assert_eq!(error.to_string(), "already exists");
    }
    assert_eq!(fs::read(&target).unwrap(), b"another process");
    assert_eq!(names(directory.path()), ["call.wav"]);
}

#[test]
fn exactly_one_of_many_that_race_for_a_name_gets_it() {
    let directory = TempDir::new().unwrap();
    let target = directory.path().join("call.wav");
    let files: Vec<_> = (0..4)
        .flat_map(|_| both(&target, Overwrite::Refuse))
        .collect();
    let published: usize = std::thread::scope(|scope| {
        let workers: Vec<_> = files
            .into_iter()
            .map(|file| scope.spawn(move || usize::from(file.commit().is_ok())))
            .collect();
        workers
            .into_iter()
            .map(|worker| worker.join().unwrap())
            .sum()
    });
    assert_eq!(published, 1);
    assert_eq!(names(directory.path()), ["call.wav"]);
}

#[test]
fn replacing_takes_effect_at_the_commit_and_not_before() {
    let directory = TempDir::new().unwrap();
    let target = directory.path().join("calls.zip");
    for old in ["some", ""] {
        fs::write(&target, old).unwrap();
        for mut file in both(&target, Overwrite::Replace) {
            file.write_all(b"new").unwrap();
            fs::write(&target, old).unwrap();
            file.commit().unwrap();
            assert_eq!(fs::read(&target).unwrap(), b"new");
        }
    }
    fs::remove_file(&target).unwrap();
    for file in both(&target, Overwrite::Replace) {
        file.commit().unwrap();
    }
    assert_eq!(names(directory.path()), ["calls.zip"]);
}

#[test]
fn a_directory_is_never_a_target() {
    let directory = TempDir::new().unwrap();
    let absent = directory.path().join("absent");
    for overwrite in [Overwrite::Refuse, Overwrite::Replace] {
        for target in [
            directory.path().to_path_buf(),
            absent.join(""),
            absent.join("."),
            absent.join(".."),
            "/".into(),
        ] {
            assert_eq!(
                refused(&target, overwrite),
                ErrorKind::IsADirectory,
                "{target:?}"
            );
        }
    }
}

#[test]
fn a_directory_that_took_the_name_survives_the_commit() {
    let directory = TempDir::new().unwrap();
    let target = directory.path().join("calls.zip");
    let files = both(&target, Overwrite::Replace);
    fs::create_dir(&target).unwrap();
    for file in files {
        file.commit().unwrap_err();
    }
    assert!(target.is_dir());
    assert_eq!(names(directory.path()), ["calls.zip"]);
}

#[test]
fn a_missing_directory_is_an_error_that_does_not_name_a_temporary() {
    let directory = TempDir::new().unwrap();
    let missing = directory.path().join("missing");
    fs::write(directory.path().join("file"), "").unwrap();
    for (target, kind) in [
        (missing.join("a"), ErrorKind::NotFound),
        (
            directory.path().join("file").join("a"),
            ErrorKind::NotADirectory,
        ),
    ] {
        let error = PendingFile::create(&target, Access::Shared, Overwrite::Refuse).unwrap_err();
        assert_eq!(error.kind(), kind);
        assert!(!error.to_string().contains(".tmp"), "{error}");
    }
}

#[test]
fn a_name_without_a_directory_goes_to_the_current_one() {
    assert_eq!(directory_of(Path::new("calls.zip")), Path::new("."));
    assert_eq!(directory_of(Path::new("a/calls.zip")), Path::new("a"));
    assert_eq!(directory_of(Path::new("/calls.zip")), Path::new("/"));
}

#[test]
fn a_directory_that_is_gone_or_another_one_by_the_end_is_named() {
    let directory = TempDir::new().unwrap();
    let gone = directory.path().join("gone");
    for another in [false, true] {
        let target = TargetDir::create(directory.path()).unwrap();
        for index in 0..20 {
            put(&target, &format!("{index}-{another}"));
            put(&target, &format!("gone/{index}"));
        }
        if another {
            // Not removed, or its number would be given to the new one.
            fs::rename(&gone, directory.path().join("aside")).unwrap();
            fs::create_dir(&gone).unwrap();
        } else {
            fs::remove_dir_all(&gone).unwrap();
        }
        let (path, error) = target.finish().unwrap_err();
        assert_eq!(path, gone, "{error}");
    }
}

#[test]
fn a_place_is_below_the_target_and_its_parents_exist() {
    let directory = TempDir::new().unwrap();
    let root = directory.path().join("new/target");
    let target = TargetDir::create(&root).unwrap();
    for name in ["call.wav", "2024/05/call.wav"] {
        assert_eq!(target.place(name).unwrap().path(), root.join(name));
    }
    put(&target, "2024/05/call.wav");
    assert_eq!(names(&root), ["2024"]);
    assert_eq!(names(&root.join("2024/05")), ["call.wav"]);
    target.finish().unwrap();
}

#[test]
fn directories_without_files_are_removed_at_the_end() {
    let directory = TempDir::new().unwrap();
    fs::create_dir(directory.path().join("before")).unwrap();
    let root = directory.path().join("new/target");
    let target = TargetDir::create(&root).unwrap();
    target.place("a/b/c/call.wav").unwrap();
    put(&target, "a/d/call.wav");
    target.finish().unwrap();
    assert_eq!(names(&root.join("a")), ["d"]);

    fs::remove_dir_all(directory.path().join("new")).unwrap();
    let target = TargetDir::create(&root).unwrap();
    target.place("a/b/call.wav").unwrap();
    target.finish().unwrap();
    let target = TargetDir::create(&directory.path().join("before")).unwrap();
    target.place("a/call.wav").unwrap();
    target.finish().unwrap();
    assert_eq!(names(directory.path()), ["before"]);
    assert!(names(&directory.path().join("before")).is_empty());
}

#[test]
fn a_name_that_leads_outside_is_refused_and_makes_nothing() {
    let directory = TempDir::new().unwrap();
    let target = TargetDir::create(directory.path()).unwrap();
    for name in [
        "",
        "/",
        "/etc/passwd",
        "..",
        "a/..",
        "a/../b",
        "a//b",
        "a/",
        "./a",
        "a/./b",
        "a/b\0c",
    ] {
        assert!(
            matches!(target.place(name), Err(PlaceError::Outside { relative }) if relative == name),
            "{name:?}"
        );
    }
    assert!(names(directory.path()).is_empty());
}

#[test]
fn a_file_on_the_way_is_refused() {
    let directory = TempDir::new().unwrap();
    let target = TargetDir::create(directory.path()).unwrap();
    let file = directory.path().join("a");
    fs::write(&file, "").unwrap();
    let error = target.place("a/b").unwrap_err();
    assert!(matches!(&error, PlaceError::NotADirectory { path } if *path == file));
    assert_eq!(
        TargetDir::create(&file).unwrap_err().kind(),
        ErrorKind::NotADirectory
    );
    let unnamed = target.place(&format!("{}/a", "n".repeat(300))).unwrap_err();
    assert!(matches!(unnamed, PlaceError::Io { .. }));
    if cfg!(unix) {
        assert!(unnamed.to_string().ends_with("n: file name too long"));
    }
}

#[test]
fn eight_workers_may_place_at_once() {
    let directory = TempDir::new().unwrap();
    let target = TargetDir::create(directory.path()).unwrap();
    let (target, start) = (&target, &std::sync::Barrier::new(8));
    std::thread::scope(|scope| {
        for worker in 0..8 {
            scope.spawn(move || {
                start.wait();
                for index in 0..50 {
                    let path = target.place(&format!("{index}/a/b/{worker}")).unwrap();
                    fs::write(path.path(), "").unwrap();
                }
            });
        }
    });
    assert_eq!(names(directory.path()).len(), 50);
    assert_eq!(names(&directory.path().join("49/a/b")).len(), 8);
}

proptest! {
    #[test]
    fn whatever_the_name_its_place_is_below_the_target(name in "[a./\\\\:\0é]{0,12}") {
        let directory = TempDir::new().unwrap();
        let root = directory.path().join("target");
        let target = TargetDir::create(&root).unwrap();
        if let Ok(place) = target.place(&name) {
            let below = place.path().strip_prefix(&root).unwrap();
            let plain = |part| matches!(part, std::path::Component::Normal(_));
            prop_assert!(below.components().all(plain));
            prop_assert_eq!(below, Path::new(&name));
        }
        prop_assert_eq!(names(directory.path()), ["target"]);
    }
}

#[cfg(target_os = "linux")]
mod batch;
#[cfg(unix)]
mod unix;
