//! File systems only keep times to some milliseconds.

use std::fs;
use std::path::Path;
use std::time::SystemTime;

fn modified(path: &Path) -> SystemTime {
    fs::metadata(path).unwrap().modified().unwrap()
}

/// Waits until a new file in the same directory would have another time, by the
/// file system's own clock.
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
