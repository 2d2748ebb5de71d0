//! File systems keep times to some milliseconds only.

use std::fs;
use std::path::Path;
use std::time::SystemTime;

fn modified(path: &Path) -> SystemTime {
    fs::metadata(path).unwrap().modified().unwrap()
}

/// Waits until what is written in the file's directory has another time than
/// the file, by the file system's own clock.
pub fn wait_for_another_time(file: &Path) {
    let probe = file.with_extension("probe");
    loop {
        fs::write(&probe, "").unwrap();
        let time = modified(&probe);
        fs::remove_file(&probe).unwrap();
        if time > modified(file) {
            return;
        }
        std::thread::yield_now();
    }
}
