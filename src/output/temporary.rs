//! A file before it has its name.

use std::collections::BTreeMap;
use std::collections::hash_map::RandomState;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::hash::{BuildHasher, Hasher};
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockWriteGuard};

use super::directory::{Directory, lock};
use super::{Access, Overwrite};

/// The start and end of temporary files' names.
pub(super) const PREFIX: &str = ".callseal-";
const SUFFIX: &str = ".tmp";

/// The number of taken names after which it gives up.
pub(super) const TRIES: usize = 1000;

/// Returns whether a file's name is that of a file that callseal has not
/// completed.
pub fn is_temporary(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().as_encoded_bytes();
    name.starts_with(PREFIX.as_bytes()) && name.ends_with(SUFFIX.as_bytes())
}

/// A file before it has its name.
#[derive(Debug)]
pub(super) enum Temporary {
    /// Reachable through its descriptor alone; the kernel frees it on close.
    #[cfg(target_os = "linux")]
    Unnamed(File),
    Named(File, TemporaryName),
}

impl Temporary {
    pub fn create(directory: &Arc<Directory>, access: Access) -> io::Result<Self> {
        // Any reason that prevented the unnamed file (a file system or a kernel
        // without O_TMPFILE, no /proc) either does not matter to a named one,
        // or prevents that as well, with its own error.
        #[cfg(target_os = "linux")]
        if let Ok(file) = directory.create_unnamed(access) {
            return Ok(Self::Unnamed(file));
        }
        Self::named(directory, access)
    }

    pub fn named(directory: &Arc<Directory>, access: Access) -> io::Result<Self> {
        let (file, name) = TemporaryName::make(directory, |name| directory.create(name, access))?;
        lock(&file);
        Ok(Self::Named(file, name))
    }

    pub fn as_file(&self) -> &File {
        match self {
            #[cfg(target_os = "linux")]
            Self::Unnamed(file) => file,
            Self::Named(file, _) => file,
        }
    }

    /// Returns whether it is gone with the process, however that ends.
    pub fn is_unnamed(&self) -> bool {
        match self {
            #[cfg(target_os = "linux")]
            Self::Unnamed(_) => true,
            Self::Named(..) => false,
        }
    }

    /// Gives it the name `target` in its directory, in one step.
    #[cfg_attr(not(target_os = "linux"), expect(unused_variables))]
    pub fn publish(
        self,
        directory: &Arc<Directory>,
        target: &OsStr,
        overwrite: Overwrite,
    ) -> io::Result<()> {
        match self {
            #[cfg(target_os = "linux")]
            Self::Unnamed(file) => match directory.link_unnamed(&file, target) {
                Err(error)
                    if error.kind() == io::ErrorKind::AlreadyExists
                        && overwrite == Overwrite::Replace =>
                {
                    // Only rename(2) replaces in one step, and it needs a name.
                    lock(&file);
                    let link = |name: &OsStr| directory.link_unnamed(&file, name);
                    let ((), name) = TemporaryName::make(directory, link)?;
                    name.change(target, overwrite)
                }
                other => other,
            },
            Self::Named(_file, name) => name.change(target, overwrite),
        }
    }
}

/// The name of a temporary file. It is removed on drop, unless the file has
/// another name by then.
#[derive(Debug)]
pub(super) struct TemporaryName {
    directory: Arc<Directory>,
    name: OsString,
    is_changed: bool,
    /// Its number among [`NAMES`].
    number: u64,
}

/// The temporary files that have a name, and their directories.
static NAMES: Mutex<BTreeMap<u64, (Arc<Directory>, OsString)>> = Mutex::new(BTreeMap::new());

static NEXT: AtomicU64 = AtomicU64::new(0);

/// Shared by threads that make temporary files; held exclusively to stop them.
static MAKING: RwLock<()> = RwLock::new(());

impl TemporaryName {
    /// Makes a file under a name that is free.
    fn make<T>(
        directory: &Arc<Directory>,
        mut make: impl FnMut(&OsStr) -> io::Result<T>,
    ) -> io::Result<(T, Self)> {
        directory.search();
        let _making = MAKING.read().unwrap_or_else(PoisonError::into_inner);
        for _ in 0..TRIES {
            let name = random_name(SUFFIX);
            match make(&name) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                made => return Ok((made?, Self::new(directory, name))),
            }
        }
        Err(io::Error::other("no free name for a temporary file"))
    }

    fn new(directory: &Arc<Directory>, name: OsString) -> Self {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        names().insert(number, (directory.clone(), name.clone()));
        Self {
            directory: directory.clone(),
            name,
            is_changed: false,
            number,
        }
    }

    /// Gives the file its own name, in one step.
    fn change(mut self, target: &OsStr, overwrite: Overwrite) -> io::Result<()> {
        match overwrite {
            Overwrite::Refuse => self.directory.rename(&self.name, target),
            Overwrite::Replace => self.directory.replace(&self.name, target),
        }?;
        self.is_changed = true;
        Ok(())
    }
}

impl Drop for TemporaryName {
    fn drop(&mut self) {
        if !self.is_changed {
            // One that can't be removed stays visible, and the next run reports
            // it.
            let _ = self.directory.remove(&self.name);
        }
        names().remove(&self.number);
    }
}

/// While this exists, no temporary file gets a name.
#[must_use = "others are made as soon as this is dropped"]
#[derive(Debug)]
pub struct NoTemporaries(#[expect(dead_code, reason = "held")] RwLockWriteGuard<'static, ()>);

/// Removes the temporary files that have names, for a program that a signal is
/// about to end. Files that are being published meanwhile are complete or
/// absent, as always.
pub fn remove_temporaries() -> NoTemporaries {
    let alone = MAKING.write().unwrap_or_else(PoisonError::into_inner);
    for (directory, name) in names().values() {
        // It is gone already if the file has just been published.
        let _ = directory.remove(name);
    }
    NoTemporaries(alone)
}

fn names() -> MutexGuard<'static, BTreeMap<u64, (Arc<Directory>, OsString)>> {
    // It is intact after any panic: each change is one insertion or removal.
    NAMES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Returns a random name. It is hard to guess, but not secret: a taken name is
/// an error on creation.
pub(super) fn random_name(suffix: &str) -> OsString {
    // The standard library seeds it from the system.
    let number = RandomState::new().build_hasher().finish();
    format!("{PREFIX}{:06x}{suffix}", number >> 40).into()
}
