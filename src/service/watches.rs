//! The system's notices of new files.

use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::inotify::{self, CreateFlags, ReadFlags, Reader, WatchFlags};
use rustix::io::Errno;

/// The size of the buffer for notices: a hundred of usual length.
const BUFFER: usize = 8 * 1024;

/// The most notices that are taken at a time.
const MOST: usize = 4096;

/// The most memory for the paths of watched directories: some 100,000 of usual length.
const MOST_BYTES: usize = 16 << 20;

/// The memory for a directory besides its path.
const BESIDES: usize = 64;

/// Watched directories.
#[derive(Debug)]
pub(super) struct Watches {
    handle: OwnedFd,
    root: PathBuf,
    paths: Paths,
}

/// The paths of watched directories, by their watches.
#[derive(Debug, Default)]
struct Paths {
    paths: HashMap<i32, Arc<Path>>,
    /// The memory that they take.
    bytes: usize,
}

/// A notice.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Notice {
    /// Something has appeared in a directory, or a file was closed after writing.
    Appeared {
        directory: Arc<Path>,
        name: OsString,
    },
    /// Something was renamed into a directory: it's complete.
    MovedIn {
        directory: Arc<Path>,
        name: OsString,
    },
    /// Notices were lost.
    Overflow,
}

impl Watches {
    /// Watches nothing yet below `root`.
    pub fn new(root: &Path) -> io::Result<Self> {
        Ok(Self {
            handle: inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)?,
            root: root.to_owned(),
            paths: Paths::default(),
        })
    }

    /// Watches a directory with this path below the root.
    pub fn add(&mut self, path: &Path) -> io::Result<()> {
        if self.paths.bytes > MOST_BYTES {
            return Err(io::Error::other("there are too many"));
        }
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
        self.paths.insert(watch, path);
        Ok(())
    }

    /// Returns the notices that have come, each once and in the order of their paths.
    /// What was renamed into place and is written to as well has first appeared.
    pub fn take(&mut self) -> io::Result<Vec<Notice>> {
        let mut notices = self.read()?;
        notices.sort_unstable();
        notices.dedup();
        Ok(notices)
    }

    /// Reads a limited number of them: whoever makes more doesn't hold up the service.
    fn read(&mut self) -> io::Result<Vec<Notice>> {
        let mut buffer = [MaybeUninit::uninit(); BUFFER];
        let mut reader = Reader::new(&self.handle, &mut buffer);
        let mut notices = Vec::new();
        for _ in 0..MOST {
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
                self.paths.remove(event.wd());
                continue;
            }
            let (Some(directory), Some(name)) =
                (self.paths.paths.get(&event.wd()), event.file_name())
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

impl Paths {
    fn insert(&mut self, watch: i32, path: &Path) {
        self.remove(watch);
        self.bytes += BESIDES + path.as_os_str().len();
        self.paths.insert(watch, path.into());
    }

    fn remove(&mut self, watch: i32) {
        if let Some(path) = self.paths.remove(&watch) {
            let bytes = BESIDES + path.as_os_str().len();
            self.bytes = self.bytes.saturating_sub(bytes);
        }
    }
}

impl AsFd for Watches {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.handle.as_fd()
    }
}
