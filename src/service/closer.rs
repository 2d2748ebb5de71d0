//! Closing files that were removed.

use std::fs::File;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::Builder;

/// The number of threads that close files.
const THREADS: usize = 2;

/// The most files that wait to be closed: each takes a descriptor.
const MOST: usize = 64;

/// Closes files that have no name any more, while the service goes on: the system takes
/// their space back then, and may wait for the disk, for each of them.
#[derive(Clone, Debug, Default)]
pub(super) struct Closer {
    threads: Option<SyncSender<File>>,
}

impl Closer {
    /// Starts threads, as far as the system grants them.
    pub fn new() -> Self {
        let (sender, files) = sync_channel(MOST);
        let files = Arc::new(Mutex::new(files));
        let start = |_| {
            let files = files.clone();
            let thread = Builder::new().name("close".into());
            thread.spawn(move || close_all(&files)).is_ok()
        };
        let started = (0..THREADS).map(start).filter(|is_started| *is_started);
        Self {
            threads: (started.count() > 0).then_some(sender),
        }
    }

    /// Closes a file, now or soon.
    pub fn close(&self, file: File) {
        if let Some(threads) = &self.threads {
            // If there is no room, or no thread any more, this one closes it.
            let _ = threads.try_send(file);
        }
    }
}

fn close_all(files: &Mutex<Receiver<File>>) {
    loop {
        let next = files.lock().unwrap_or_else(PoisonError::into_inner).recv();
        match next {
            Ok(file) => drop(file),
            Err(_) => return,
        }
    }
}
