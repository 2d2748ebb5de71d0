//! Files that new versions of themselves replace.

use std::fs::File;
use std::io;

use super::*;

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
