//! The most recently used directories, held open.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::descriptors::share;
use super::directory::Directory;

/// The number of directories that are held open. An archive may have 100,000
/// directories, and a process often only 1,024 descriptors.
const MOST: usize = 64;

/// The most recently used directories, the latest at the end.
#[derive(Debug, Default)]
pub(super) struct Recent {
    directories: Mutex<Vec<Arc<Directory>>>,
}

impl Recent {
    pub fn get(&self, path: &Path) -> Option<Arc<Directory>> {
        let mut directories = self.directories();
        // As bytes: splitting paths would take longer than opening them.
        let is_it = |known: &Arc<Directory>| known.path().as_os_str() == path.as_os_str();
        let at = directories.iter().rposition(is_it)?;
        let found = directories.remove(at);
        directories.push(found.clone());
        Some(found)
    }

    pub fn keep(&self, directory: Arc<Directory>) {
        let mut directories = self.directories();
        let held = directories.len();
        let surplus = (held + 1).saturating_sub(share(MOST));
        directories.drain(..surplus.min(held));
        directories.push(directory);
    }

    /// Forgets them all.
    pub fn clear(&self) {
        self.directories().clear();
    }

    fn directories(&self) -> MutexGuard<'_, Vec<Arc<Directory>>> {
        // It is intact after any panic, as none of these changes can fail half
        // way.
        self.directories
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}
