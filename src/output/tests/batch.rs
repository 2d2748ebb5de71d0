use std::io;

use super::unix::with_unnamed_files;
use super::*;
use crate::output::batch::Batch;

/// A complete file in an extraction directory, which has no name yet.
fn complete(target: &TargetDir, relative: &str, content: &[u8]) -> PendingFile {
    let place = target.place(relative).unwrap();
    let mut file = PendingFile::create_at(place, Access::Private, Overwrite::Refuse).unwrap();
    file.write_all(content).unwrap();
    file
}

fn kinds(failed: Vec<(usize, io::Error)>) -> Vec<(usize, ErrorKind)> {
    let kinds = failed
        .into_iter()
        .map(|(token, error)| (token, error.kind()));
    kinds.collect()
}

#[test]
fn files_get_their_names_when_there_are_enough_of_them() {
    let directory = with_unnamed_files();
    let target = TargetDir::create(directory.path()).unwrap();
    let batch = Batch::of_at_most(&target, 3);
    for number in 0..8 {
        let name = number.to_string();
        let failed = batch.add(complete(&target, &name, name.as_bytes()), number);
        assert!(failed.is_empty(), "{failed:?}");
        // 3 at a time.
        assert_eq!(names(directory.path()).len(), (number + 1) / 3 * 3);
    }
    assert!(batch.flush().is_empty());
    assert!(batch.flush().is_empty());
    target.finish().unwrap();
    assert_eq!(names(directory.path()).len(), 8);
    for name in names(directory.path()) {
        assert_eq!(
            fs::read(directory.path().join(&name)).unwrap(),
            name.as_bytes()
        );
    }
}

#[test]
fn a_failure_concerns_its_own_file() {
    let directory = with_unnamed_files();
    let target = TargetDir::create(directory.path()).unwrap();
    let batch = Batch::of_at_most(&target, 100);
    for number in 0..40 {
        let file = complete(&target, &number.to_string(), b"ours");
        assert!(batch.add(file, number).is_empty());
    }
    for taken in ["7", "23"] {
        fs::write(directory.path().join(taken), "theirs").unwrap();
    }
    fs::create_dir(directory.path().join("31")).unwrap();
    let failed = kinds(batch.flush());
    let exists = ErrorKind::AlreadyExists;
    assert_eq!(failed, [(7, exists), (23, exists), (31, exists)]);
    for number in (0..40).filter(|number| *number != 31) {
        let content = fs::read(directory.path().join(number.to_string())).unwrap();
        let theirs = [7, 23].contains(&number);
        assert_eq!(content == b"theirs", theirs, "{number}");
    }
    assert_eq!(names(directory.path()).len(), 40);
}

#[test]
fn of_two_files_for_one_name_the_first_gets_it() {
    let directory = with_unnamed_files();
    let target = TargetDir::create(directory.path()).unwrap();
    let batch = Batch::new(&target);
    for (number, content) in [b"first", b"later"].into_iter().enumerate() {
        batch.add(complete(&target, "call.wav", content), number);
    }
    assert_eq!(kinds(batch.flush()), [(1, ErrorKind::AlreadyExists)]);
    assert_eq!(
        fs::read(directory.path().join("call.wav")).unwrap(),
        b"first"
    );
}

#[test]
fn files_do_not_wait_if_they_are_long() {
    let directory = with_unnamed_files();
    let target = TargetDir::create(directory.path()).unwrap();
    let batch = Batch::of_at_most(&target, 100);
    batch.add(complete(&target, "short", b"a call"), 0);
    assert!(names(directory.path()).is_empty());
    let long = complete(&target, "long", b"");
    long.as_file().set_len(1 << 30).unwrap();
    batch.add(long, 1);
    assert_eq!(names(directory.path()), ["long", "short"]);
}

#[test]
fn files_that_a_killed_process_would_leave_do_not_wait() {
    let directory = TempDir::new().unwrap();
    let target = TargetDir::create(directory.path()).unwrap();
    let batch = Batch::new(&target);
    let path = directory.path().join("call.wav");
    let file = named(&path, Access::Private, Overwrite::Refuse);
    assert!(batch.add(file, 0).is_empty());
    assert_eq!(names(directory.path()), ["call.wav"]);
    let file = named(&path, Access::Private, Overwrite::Refuse);
    assert_eq!(kinds(batch.add(file, 1)), [(1, ErrorKind::AlreadyExists)]);
}

#[test]
fn files_that_are_not_flushed_are_absent() {
    let directory = with_unnamed_files();
    let target = TargetDir::create(directory.path()).unwrap();
    let batch = Batch::new(&target);
    batch.add(complete(&target, "calls/call.wav", b"a call"), 0);
    drop(batch);
    target.finish().unwrap();
    assert!(names(directory.path()).is_empty());
}

#[test]
fn threads_share_a_batch_and_few_files_are_open() {
    let directory = with_unnamed_files();
    let target = TargetDir::create(directory.path()).unwrap();
    let batch = Batch::of_at_most(&target, 5);
    let (batch, target, path) = (&batch, &target, directory.path());
    std::thread::scope(|scope| {
        for thread in 0..4 {
            scope.spawn(move || {
                for number in 0..50 {
                    let name = format!("{thread}-{number}");
                    let failed = batch.add(complete(target, &name, b"a call"), ());
                    assert!(failed.is_empty(), "{failed:?}");
                    // An unnamed file is shown with its directory and number.
                    let open = fs::read_dir("/proc/self/fd").unwrap().filter(|entry| {
                        let link = fs::read_link(entry.as_ref().unwrap().path());
                        link.is_ok_and(|to| to.starts_with(path) && to != path)
                    });
                    // Those that wait, those that are being flushed, and those
                    // of the threads.
                    assert!(open.count() <= 5 + 5 + 4);
                }
            });
        }
    });
    assert!(batch.flush().is_empty());
    assert_eq!(names(path).len(), 200);
}
