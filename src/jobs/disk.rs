//! What the disk holds of a file, and not what the kernel has in memory of it.

use std::fs::File;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use rustix::fs::{Advice, Mode, OFlags, fadvise, fstatfs, open};

use crate::archive::ReadAt;
use crate::output::unnamed;

/// The bytes that are read at a time.
const BUFFER: usize = 1024 * 1024;

/// Where reads past the kernel's memory have to begin, in the file and in memory:
/// no disk has larger blocks.
const ALIGNMENT: usize = 4096;

/// What statfs(2) calls a file system in memory.
const TMPFS: i64 = 0x0102_1994;

/// A file that is read past the kernel's memory (`O_DIRECT`), some of it at a time.
#[derive(Debug)]
pub(super) struct FromDisk {
    file: Arc<File>,
    block: Mutex<Block>,
}

impl FromDisk {
    /// Opens a file in this way, if its file system can do that.
    pub fn open(file: &File) -> Option<Self> {
        // What is in memory is nowhere else.
        if is_in_memory(file) {
            return None;
        }
        let flags = OFlags::RDONLY | OFlags::DIRECT | OFlags::CLOEXEC;
        let direct = open(unnamed::path(file), flags, Mode::empty()).ok()?;
        let opened = Self::of(Arc::new(direct.into()));
        // Some file systems refuse only to read.
        opened.read_at(&mut [0], 0).ok()?;
        Some(opened)
    }

    /// Returns the same file for another thread, with memory of its own.
    pub fn again(&self) -> Self {
        Self::of(self.file.clone())
    }

    fn of(file: Arc<File>) -> Self {
        Self {
            file,
            block: Mutex::new(Block::new()),
        }
    }
}

impl ReadAt for FromDisk {
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        let mut block = self.block.lock().unwrap_or_else(PoisonError::into_inner);
        if block.after(offset).is_empty() {
            block.fill(&self.file, offset)?;
        }
        io::Read::read(&mut block.after(offset), buf)
    }

    fn size(&self) -> io::Result<u64> {
        self.file.size()
    }
}

/// The part of a file that was read last.
#[derive(Debug)]
struct Block {
    bytes: Vec<u8>,
    /// Where the part begins in `bytes`.
    begin: usize,
    /// Where it begins in the file.
    offset: u64,
    length: usize,
}

impl Block {
    fn new() -> Self {
        let bytes = vec![0; BUFFER + ALIGNMENT];
        let begin = bytes.as_ptr().align_offset(ALIGNMENT).min(ALIGNMENT);
        Self {
            bytes,
            begin,
            offset: 0,
            length: 0,
        }
    }

    /// Returns what it has from this offset of the file on.
    fn after(&self, offset: u64) -> &[u8] {
        let skipped = offset.checked_sub(self.offset).map(usize::try_from);
        let Some(Ok(skipped)) = skipped else {
            return &[];
        };
        let part = self.begin..self.begin.saturating_add(self.length);
        let part = self.bytes.get(part).unwrap_or_default();
        part.get(skipped..).unwrap_or_default()
    }

    /// Reads the part in which this offset is.
    fn fill(&mut self, file: &File, offset: u64) -> io::Result<()> {
        self.length = 0;
        self.offset = offset - offset % ALIGNMENT as u64;
        let (_, rest) = self.bytes.split_at_mut(self.begin);
        let (buffer, _) = rest.split_at_mut(BUFFER);
        self.length = file.read_at(buffer, self.offset)?.min(BUFFER);
        Ok(())
    }
}

#[allow(
    clippy::unnecessary_cast,
    reason = "the types differ from system to system"
)]
fn is_in_memory(file: &File) -> bool {
    fstatfs(file).is_ok_and(|system| system.f_type as i64 == TMPFS)
}

/// Makes the kernel forget what it has in memory of a file that is on the disk, as far
/// as it does so.
pub(super) fn forget(file: &File) {
    // Without it, the file is read from memory.
    let _ = fadvise(file, 0, None, Advice::DontNeed);
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn a_file_is_read_from_the_disk_at_any_place_and_in_any_amount() {
        let length = 2 * BUFFER + 4097;
        let content: Vec<u8> = (0..length).map(|at| (at % 251) as u8).collect();
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&content).unwrap();
        file.sync_all().unwrap();
        let Some(disk) = FromDisk::open(&file) else {
            println!("not tested: temporary files are in memory, or can't be read directly");
            return;
        };
        assert_eq!(disk.size().unwrap(), length as u64);
        for at in [
            0,
            1,
            4095,
            4096,
            BUFFER - 1,
            BUFFER,
            5,
            length - 1,
            length,
            length + 9,
        ] {
            for wanted in [1, 100, BUFFER + 1, length] {
                let mut read = vec![0; wanted];
                let count = disk.read_at(&mut read, at as u64).unwrap();
                let rest = content.get(at..).unwrap_or_default();
                assert_eq!(count == 0, rest.is_empty(), "{at} {wanted}");
                assert!(read[..count] == rest[..count], "{at} {wanted}");
            }
        }
    }
}
