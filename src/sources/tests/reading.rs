//! Files that stay unchanged while they are read, and files that don't.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use tempfile::TempDir;

use crate::sources::{Source, SourceError, SourceOptions, Sources};

#[path = "../../../tests/support/ticks.rs"]
mod ticks;

const BYTES: &[u8] = b"RIFF and so on";

/// Returns a file with [`BYTES`] in it, and its source from a walk, so late
/// that the next change has another time.
fn source(directory: &TempDir) -> (PathBuf, Source) {
    let path = directory.path().join("call.wav");
    fs::write(&path, BYTES).unwrap();
    ticks::wait_for_another_time(&path);
    let mut found = Sources::collect(&[&path], &SourceOptions::default()).unwrap();
    (path, found.files.remove(0))
}

fn is_changed<T>(result: Result<T, SourceError>, path: &Path) -> bool {
    let Err(error) = result else { return false };
    matches!(error, SourceError::ChangedWhileRead { path: changed } if changed == path)
}

/// Reads a file that `change` changes after the first few bytes. Returns the
/// bytes, and whether they count.
fn read_during(change: impl FnOnce(&Path)) -> (Vec<u8>, bool) {
    let directory = TempDir::new().unwrap();
    let (path, source) = source(&directory);
    let mut file = source.open().unwrap();
    let mut bytes = vec![0; 4];
    file.read_exact(&mut bytes).unwrap();
    change(&path);
    file.read_to_end(&mut bytes).unwrap();
    let finished = file.finish();
    let counts = finished.is_ok();
    assert!(counts || is_changed(finished, &path));
    (bytes, counts)
}

fn append(path: &Path, bytes: &[u8]) {
    let mut file = File::options().append(true).open(path).unwrap();
    file.write_all(bytes).unwrap();
}

#[test]
fn an_unchanged_file_is_read_whole() {
    assert_eq!(read_during(|_| {}), (BYTES.to_vec(), true));
}

#[test]
fn an_empty_file_is_whole_at_once() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("empty");
    fs::write(&path, "").unwrap();
    let sources = Sources::collect(&[path], &SourceOptions::default())
        .unwrap()
        .files;
    let mut file = sources[0].open().unwrap();
    assert_eq!(file.read_to_end(&mut Vec::new()).unwrap(), 0);
    file.finish().unwrap();
}

#[test]
fn a_file_that_grows_is_refused_and_read_no_further_than_its_old_size() {
    let read = read_during(|path| append(path, &[7; 100_000]));
    assert_eq!(read, (BYTES.to_vec(), false));
}

#[test]
fn a_file_that_shrinks_is_refused() {
    let read = read_during(|path| {
        File::options()
            .write(true)
            .open(path)
            .unwrap()
            .set_len(6)
            .unwrap()
    });
    assert_eq!(read, (BYTES[..6].to_vec(), false));
}

#[test]
fn a_file_that_is_written_to_in_place_is_refused() {
    assert!(!read_during(|path| fs::write(path, [b'x'; BYTES.len()]).unwrap()).1);
}

#[test]
fn a_file_that_is_touched_is_refused() {
    let touch = |path: &Path| {
        let file = File::options().write(true).open(path).unwrap();
        file.set_modified(SystemTime::now()).unwrap();
    };
    assert!(!read_during(touch).1);
}

#[cfg(unix)]
#[test]
fn setting_the_date_back_hides_no_change() {
    let change = |path: &Path| {
        let modified = fs::metadata(path).unwrap().modified().unwrap();
        fs::write(path, [b'x'; BYTES.len()]).unwrap();
        let file = File::options().write(true).open(path).unwrap();
        file.set_modified(modified).unwrap();
    };
    assert!(!read_during(change).1);
}

#[test]
fn a_file_read_halfway_does_not_count() {
    let directory = TempDir::new().unwrap();
    let (path, source) = source(&directory);
    let mut file = source.open().unwrap();
    file.read_exact(&mut [0; 4]).unwrap();
    assert!(is_changed(file.finish(), &path));
}

#[test]
fn a_file_that_changed_before_it_was_opened_is_refused() {
    let directory = TempDir::new().unwrap();
    let (path, source) = source(&directory);
    append(&path, b"more");
    assert!(is_changed(source.open(), &path));
}

#[test]
fn a_file_that_is_gone_is_an_error_that_names_it() {
    let directory = TempDir::new().unwrap();
    let (path, source) = source(&directory);
    fs::remove_file(&path).unwrap();
    let error = source.open().unwrap_err();
    assert!(matches!(error, SourceError::Io { path: gone, .. } if gone == path));
}

#[cfg(unix)]
mod unix {
    use std::os::unix::fs::symlink;

    use super::super::special::{fifo, socket};
    use super::*;

    #[test]
    fn a_replacement_of_a_file_is_neither_followed_nor_waited_for() {
        let directory = TempDir::new().unwrap();
        let (path, source) = source(&directory);
        let original = directory.path().join("original");
        fs::rename(&path, &original).unwrap();
        let replacements: [&dyn Fn(); 5] = [
            &|| fs::write(&path, BYTES).unwrap(),
            &|| symlink(&original, &path).unwrap(),
            &|| fifo(&path),
            &|| socket(&path),
            &|| fs::create_dir(&path).unwrap(),
        ];
        for replace in replacements {
            let _ = fs::remove_file(&path);
            replace();
            assert!(is_changed(source.open(), &path));
        }
    }

    #[test]
    fn a_file_that_is_replaced_while_it_is_read_is_still_read_whole() {
        // The old file stays open and complete, whatever has its name now. But
        // removing its name changes its ctime, so it is refused: better once
        // too often.
        let (bytes, counts) = read_during(|path| {
            fs::remove_file(path).unwrap();
            fs::write(path, "another").unwrap();
        });
        assert_eq!((&bytes[..], counts), (BYTES, false));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_file_with_more_bytes_than_its_size_says_is_refused() {
        let path = PathBuf::from("/proc/self/status");
        let sources = Sources::collect(&[&path], &SourceOptions::default())
            .unwrap()
            .files;
        // The inode of such a file may change between two checks.
        let result = sources[0].open().and_then(|mut file| {
            assert_eq!(file.read_to_end(&mut Vec::new()).unwrap(), 0);
            file.finish()
        });
        assert!(is_changed(result, &path));
    }
}
