//! The system's notices of new files.

use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::fs::inotify::{self, CreateFlags, ReadFlags, Reader, WatchFlags};
use rustix::io::Errno;

/// The size of the buffer for notices: a hundred of usual length.
const BUFFER: usize = 8 * 1024;

/// The most notices that are taken at a time.
const MOST: usize = 4096;

/// Watched directories.
#[derive(Debug)]
pub(super) struct Watches {
    handle: OwnedFd,
    root: PathBuf,
    paths: HashMap<i32, PathBuf>,
}

/// A notice.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Notice {
    /// Something has appeared in a directory, or a file was closed after writing.
    Appeared { directory: PathBuf, name: OsString },
    /// Something was renamed into a directory: it's complete.
    MovedIn { directory: PathBuf, name: OsString },
    /// Notices were lost.
    Overflow,
}

impl Watches {
    /// Watches nothing yet below `root`.
    pub fn new(root: &Path) -> io::Result<Self> {
        Ok(Self {
            handle: inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)?,
            root: root.to_owned(),
            paths: HashMap::new(),
        })
    }

    /// Watches a directory with this path below the root.
    pub fn add(&mut self, path: &Path) -> io::Result<()> {
        let flags = WatchFlags::CLOSE_WRITE
            | WatchFlags::MOVED_TO
            | WatchFlags::CREATE
            | WatchFlags::ONLYDIR
            | WatchFlags::DONT_FOLLOW
            | WatchFlags::EXCL_UNLINK;
        // A path through a link would show the files of another directory. They are
        // looked for here, where they aren't.
        let watch = inotify::add_watch(&self.handle, self.root.join(path), flags)?;
        // A directory that was renamed keeps its watch, and has another path now.
        self.paths.insert(watch, path.to_owned());
        Ok(())
    }

    /// Returns the notices that have come.
    pub fn take(&mut self) -> io::Result<Vec<Notice>> {
        let mut buffer = [MaybeUninit::uninit(); BUFFER];
        let mut reader = Reader::new(&self.handle, &mut buffer);
        let mut notices = Vec::new();
        while notices.len() < MOST {
            let event = match reader.next() {
                Ok(event) => event,
                Err(Errno::INTR) => continue,
                Err(Errno::AGAIN) => return Ok(notices),
                Err(error) => return Err(error.into()),
            };
            if event.events().contains(ReadFlags::QUEUE_OVERFLOW) {
                notices.push(Notice::Overflow);
            }
            if event.events().contains(ReadFlags::IGNORED) {
                self.paths.remove(&event.wd());
                continue;
            }
            let (Some(directory), Some(name)) = (self.paths.get(&event.wd()), event.file_name())
            else {
                continue;
            };
            let directory = directory.clone();
            let name = OsStr::from_bytes(name.to_bytes()).to_owned();
            notices.push(match event.events().contains(ReadFlags::MOVED_TO) {
                true => Notice::MovedIn { directory, name },
                false => Notice::Appeared { directory, name },
            });
        }
        // The buffer may have had more.
        notices.push(Notice::Overflow);
        Ok(notices)
    }
}

impl AsFd for Watches {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.handle.as_fd()
    }
}
