//! Writing a large file to the disk while more of it is written.

use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};
use std::sync::mpsc::SyncSender;

use super::PendingFile;

/// The bytes after which what was written goes to the disk.
const STEP: u64 = 64 * 1024 * 1024;

/// A file of which the disk gets what was written while more is written: otherwise it
/// has nothing to do until the end, and then the processor.
///
/// That's no promise: only [`PendingFile::commit`] flushes it.
pub(crate) struct EarlyFlush {
    file: PendingFile,
    /// The bytes that were written since the disk was told.
    written: u64,
    flusher: Option<SyncSender<()>>,
}

impl EarlyFlush {
    pub fn new(file: PendingFile) -> Self {
        Self {
            file,
            written: 0,
            flusher: None,
        }
    }

    pub fn into_inner(self) -> PendingFile {
        self.file
    }

    fn tell(&mut self) {
        if self.flusher.is_none() {
            self.flusher = flusher(self.file.as_file()).ok();
        }
        if let Some(flusher) = &self.flusher {
            // While it's busy, what comes is for the next time.
            let _ = flusher.try_send(());
        }
    }
}

/// Starts a thread that flushes a file whenever it's told to, until the sender is gone.
#[cfg(target_os = "linux")]
fn flusher(file: &File) -> io::Result<SyncSender<()>> {
    // The system says of an error once to each that has opened the file. What is lost
    // here is said to whoever commits it.
    let file = File::open(super::unnamed::path(file))?;
    let (sender, told) = std::sync::mpsc::sync_channel(1);
    let flush = move || {
        while told.recv().is_ok() {
            let _ = file.sync_data();
        }
    };
    let thread = std::thread::Builder::new().name("flush".into());
    thread.spawn(flush)?;
    Ok(sender)
}

#[cfg(not(target_os = "linux"))]
fn flusher(_file: &File) -> io::Result<SyncSender<()>> {
    Err(io::ErrorKind::Unsupported.into())
}

impl Write for EarlyFlush {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let length = self.file.write(bytes)?;
        self.written += length as u64;
        if self.written >= STEP {
            self.written = 0;
            self.tell();
        }
        Ok(length)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Seek for EarlyFlush {
    fn seek(&mut self, position: SeekFrom) -> io::Result<u64> {
        self.file.seek(position)
    }
}
