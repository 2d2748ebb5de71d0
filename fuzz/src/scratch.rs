//! Files for readers that need a path. They have no name and are in memory if
//! there is a file system for that, so nothing is left behind.

use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};

use openssl::x509::X509;

/// Writes a file, and lends its path.
pub fn with_file<T>(content: &[u8], job: impl FnOnce(&Path) -> T) -> T {
    thread_local! {
        static FILE: File = tempfile::tempfile_in("/dev/shm")
            .or_else(|_| tempfile::tempfile())
            .unwrap();
    }
    FILE.with(|mut file| {
        file.set_len(0).unwrap();
        file.seek(SeekFrom::Start(0)).unwrap();
        file.write_all(content).unwrap();
        job(&PathBuf::from(format!(
            "/proc/self/fd/{}",
            file.as_raw_fd()
        )))
    })
}

/// Leaves an error in OpenSSL's queue, as sequoia does: no error of the next
/// file may come from it.
pub fn leave_an_error() {
    X509::from_pem(b"no certificate").unwrap_err().put();
}
