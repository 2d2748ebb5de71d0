//! Begins to bring a file to the disk while it's still written: the flush at its end
//! waits for less.

use std::fs::File;

/// The bytes after which the next part is begun: many writes of a disk, and little beside
/// the memory of a computer.
const PART: u64 = 16 * 1024 * 1024;

/// How much of a file that is written from its beginning on is on its way to the disk.
#[derive(Debug, Default)]
pub(super) struct Writeback {
    begun: u64,
    written: u64,
}

impl Writeback {
    /// Notes that so many bytes were written, and begins to bring them to the disk when
    /// there are enough of them.
    pub fn note(&mut self, file: &File, count: usize) {
        self.written = self.written.saturating_add(count as u64);
        let part = self.written.saturating_sub(self.begun);
        if part >= PART {
            begin(file, self.begun, part);
            self.begun = self.written;
        }
    }
}

/// Begins to bring a part of a file to the disk, and doesn't wait for it. Whether it gets
/// there is for the flush to say.
#[cfg(target_os = "linux")]
fn begin(file: &File, offset: u64, length: u64) {
    use rustix::fs::{Advice, fadvise};
    use std::num::NonZeroU64;

    // Linux forgets only what is on the disk already, and begins to write the rest.
    let _ = fadvise(file, offset, NonZeroU64::new(length), Advice::DontNeed);
}

#[cfg(not(target_os = "linux"))]
fn begin(_: &File, _: u64, _: u64) {}
