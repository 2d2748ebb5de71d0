//! The lock of a service, which says who has it.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

/// The length of what a service says of itself in the file that it has locked, in bytes.
const HOLDER: usize = 256;

/// How long somebody may look whether a place is locked.
const A_LOOK: Duration = Duration::from_millis(200);

/// Why a file can't be locked.
pub(super) enum NoLock {
    Held(String),
    Io(io::Error),
}

/// Locks a file. Whoever only looks whether it is locked has it for a moment.
fn lock(file: &File) -> Result<(), Errno> {
    let begin = Instant::now();
    loop {
        match flock(file, FlockOperation::NonBlockingLockExclusive) {
            Err(Errno::WOULDBLOCK) if begin.elapsed() < A_LOOK => {
                std::thread::sleep(A_LOOK / 10);
            }
            other => return other,
        }
    }
}

/// Returns what a service that has locked a file says of itself.
pub(super) fn holder_of(file: &File) -> String {
    let mut holder = String::new();
    let _ = file.take(HOLDER as u64).read_to_string(&mut holder);
    holder.trim().to_owned()
}

/// Locks a file, and writes into it who has done so.
pub(super) fn take(file: File, name: &str) -> Result<File, NoLock> {
    if let Err(error) = lock(&file) {
        return Err(match error.kind() {
            io::ErrorKind::WouldBlock => NoLock::Held(holder_of(&file)),
            _ => NoLock::Io(error.into()),
        });
    }
    let text = format!("process {}, watching “{name}”", std::process::id());
    let mut text = text.into_bytes();
    text.resize(HOLDER, b' ');
    // It's for people. In the place of the text before, it needs no room on a full disk.
    let _ = file.write_all_at(&text, 0);
    Ok(file)
}
