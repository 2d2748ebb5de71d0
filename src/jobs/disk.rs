//! What the disk holds of a file that was written, and not what the kernel has in
//! memory of it.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use rustix::fs::{Advice, Mode, OFlags, fadvise, fstatfs, open};

use crate::output::unnamed;

/// The bytes that are read at a time.
const BUFFER: usize = 1024 * 1024;

/// Where reads past the kernel's memory have to begin, in the file and in memory:
/// no disk has larger blocks.
const ALIGNMENT: usize = 4096;

/// What statfs(2) calls a file system in memory.
const TMPFS: i64 = 0x0102_1994;

/// What the disk holds of a file.
///
/// The file is read and checked as ever, after this was made. Then this says whether
/// that was what is on the disk.
pub(super) enum Disk {
    /// It's read past the kernel's memory (`O_DIRECT`), and compared.
    Direct(File),
    /// The kernel was told to forget the file, as far as it does so.
    Forgotten,
}

impl Disk {
    pub fn of(file: &File) -> Self {
        match direct(file) {
            Some(direct) => Self::Direct(direct),
            None => {
                forget(file);
                Self::Forgotten
            }
        }
    }

    /// Checks that it holds what was read of the file.
    ///
    /// # Errors
    ///
    /// It doesn't, or it can't be read.
    pub fn check(&self, file: &File) -> io::Result<()> {
        match self.has(file)? {
            true => Ok(()),
            false => Err(io::Error::other("the disk holds something else")),
        }
    }

    fn has(&self, file: &File) -> io::Result<bool> {
        let Self::Direct(direct) = self else {
            return Ok(true);
        };
        let mut stored = Aligned::new();
        let mut known = vec![0; BUFFER];
        let length = file.metadata()?.len();
        let mut offset = 0;
        while offset < length {
            let stored = stored.read(direct, offset)?;
            let (known, _) = known.split_at_mut(stored.len());
            match file.read_exact_at(known, offset) {
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(false),
                other => other?,
            }
            if stored.is_empty() || stored != known {
                return Ok(false);
            }
            offset += stored.len() as u64;
        }
        Ok(offset == length)
    }
}

/// Opens a file to be read past the kernel's memory, if its file system can do that.
fn direct(file: &File) -> Option<File> {
    // It's nowhere else.
    if is_in_memory(file) {
        return None;
    }
    let flags = OFlags::RDONLY | OFlags::DIRECT | OFlags::CLOEXEC;
    let direct = File::from(open(unnamed::path(file), flags, Mode::empty()).ok()?);
    // Some refuse only to read.
    Aligned::new().read(&direct, 0).ok()?;
    Some(direct)
}

#[allow(
    clippy::unnecessary_cast,
    reason = "the types differ from system to system"
)]
fn is_in_memory(file: &File) -> bool {
    fstatfs(file).is_ok_and(|system| system.f_type as i64 == TMPFS)
}

/// A buffer that such reads can use.
struct Aligned {
    bytes: Vec<u8>,
    begin: usize,
}

impl Aligned {
    fn new() -> Self {
        let bytes = vec![0; BUFFER + ALIGNMENT];
        let begin = bytes.as_ptr().align_offset(ALIGNMENT);
        Self { bytes, begin }
    }

    /// Fills it from a file, as far as that goes.
    fn read(&mut self, file: &File, offset: u64) -> io::Result<&[u8]> {
        let (_, rest) = self.bytes.split_at_mut(self.begin.min(ALIGNMENT));
        let (buffer, _) = rest.split_at_mut(BUFFER);
        let length = loop {
            match file.read_at(buffer, offset) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => break other?,
            }
        };
        Ok(buffer.split_at(length.min(BUFFER)).0)
    }
}

/// Makes the kernel forget what it has in memory of a file that is on the disk, as
/// far as it does so.
pub(super) fn forget(file: &File) {
    // Without it, the file is read from memory.
    let _ = fadvise(file, 0, None, Advice::DontNeed);
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    /// Returns a file of this length that is on the disk.
    fn written(length: usize) -> File {
        let mut file = tempfile::tempfile().unwrap();
        let content: Vec<u8> = (0..length).map(|at| (at % 251) as u8).collect();
        file.write_all(&content).unwrap();
        file.sync_all().unwrap();
        file
    }

    #[test]
    fn the_disk_has_what_was_written_and_flushed() {
        for length in [0, 1, 4095, 4096, BUFFER - 1, BUFFER, 3 * BUFFER + 4097] {
            let file = written(length);
            Disk::of(&file).check(&file).unwrap();
        }
    }

    #[test]
    fn another_content_or_length_is_noticed() {
        let file = written(2 * BUFFER + 10);
        let Disk::Direct(direct) = Disk::of(&file) else {
            println!("not tested: temporary files are in memory, or can't be read directly");
            return;
        };
        let disk = Disk::Direct(direct);
        for (length, change) in [
            (2 * BUFFER + 9, None),
            (2 * BUFFER + 11, None),
            (2 * BUFFER + 10, Some(BUFFER)),
        ] {
            let other = written(length);
            if let Some(at) = change {
                other.write_at(b"?", at as u64).unwrap();
            }
            assert!(disk.check(&other).is_err(), "{length}");
        }
    }
}
