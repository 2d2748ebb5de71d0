//! What is seen of a service from outside, whether one runs or not. Nothing is changed.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use rustix::fs::{AtFlags, FlockOperation, Stat, StatxFlags, flock, fstat, statx};

use super::OWN;
use super::batch_id::BatchId;
use super::bundles::BUNDLES;
use super::claim::CLAIMS;
use super::damaged::DAMAGED;
use super::error::ServiceError;
use super::lock::holder_of;
use super::places::{LOCK, is_private};
use super::sealing::{SEALED, batches_in};
use super::stamp::is_file;
use super::state::{modified, written};
use super::status_file::{SIZE, STATUS};
use super::walk::{Found, walk};
use super::{Settings, filter};
use crate::output::Directory;

/// The service that has locked a spool or an outbox, if there is one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Holder {
    /// Nobody.
    Nobody,
    /// A service.
    Service {
        /// What it says of itself.
        name: String,
        /// The user that it runs as.
        user: u32,
        /// When it has begun.
        since: SystemTime,
    },
}

/// A spool, seen from outside.
#[derive(Debug)]
pub struct SeenSpool {
    /// The service that has locked it.
    pub holder: Holder,
    /// What the last service has written into its [`StatusFile`](super::StatusFile), and
    /// when.
    pub said: Option<(Vec<u8>, SystemTime)>,
    root: Arc<Directory>,
    path: PathBuf,
}

/// An outbox, seen from outside.
#[derive(Debug)]
pub struct SeenOutbox {
    /// The service that has locked it. It's the same as that of the spool, unless somebody
    /// who may write to the spool has made that one up.
    pub holder: Holder,
    /// The number of batches that are sealed, and in no archive of the outbox.
    pub batches: u64,
    /// The size of their archives in bytes.
    pub bytes: u64,
    /// The damaged archives of batches.
    pub damaged: Vec<PathBuf>,
    sealed: HashSet<BatchId>,
}

/// The files in a spool.
#[derive(Debug, Default)]
pub struct Backlog {
    /// The number of files that aren't sealed.
    pub waiting: u64,
    /// When the oldest of them was written.
    pub oldest: Option<SystemTime>,
    /// The number of files that are sealed, and whose claims are there still.
    pub kept: u64,
    /// The first that can't be read, and why.
    pub unreadable: Option<(PathBuf, io::Error)>,
    /// The number of those.
    pub unreadable_count: u64,
}

impl SeenSpool {
    /// Looks who works in a spool, and at what it says.
    ///
    /// # Errors
    ///
    /// The spool can't be opened.
    pub fn look(settings: &Settings) -> Result<Self, ServiceError> {
        let path = &settings.spool;
        let root = Arc::new(open(path)?);
        let mut seen = Self {
            holder: Holder::Nobody,
            said: None,
            root,
            path: path.clone(),
        };
        if let Some(own) = below(&seen.root, path, OWN)? {
            seen.holder = holder(&own, path)?;
            seen.said = said(&own, path)?;
        }
        Ok(seen)
    }

    /// Counts the files in the spool, and in the claims.
    ///
    /// # Errors
    ///
    /// The settings or the directories can't be used.
    pub fn count(
        &self,
        settings: &Settings,
        outbox: Option<&SeenOutbox>,
    ) -> Result<Backlog, ServiceError> {
        let filter = filter(settings)?;
        let mut backlog = Backlog::default();
        walk(&self.root, Path::new(""), Some(&filter), |found| {
            backlog.take(found, self, Path::new(""), |_| false);
        });
        let Some(own) = below(&self.root, &self.path, OWN)? else {
            return Ok(backlog);
        };
        let Some(directory) = below(&own, &self.path.join(OWN), CLAIMS)? else {
            return Ok(backlog);
        };
        let is_sealed = |path: &Path| {
            let batch = path.iter().next().and_then(OsStr::to_str);
            let batch = batch.and_then(BatchId::parse);
            batch.is_some_and(|id| outbox.is_some_and(|outbox| outbox.sealed.contains(&id)))
        };
        let claims = Path::new(OWN).join(CLAIMS);
        walk(&Arc::new(directory), Path::new(""), None, |found| {
            backlog.take(found, self, &claims, is_sealed);
        });
        Ok(backlog)
    }
}

impl Backlog {
    /// Counts what was found below a directory of the spool.
    fn take(
        &mut self,
        found: Found<'_>,
        spool: &SeenSpool,
        above: &Path,
        is_sealed: impl Fn(&Path) -> bool,
    ) {
        match found {
            Found::File(path, _) if is_sealed(&path) => self.kept += 1,
            Found::File(path, stat) => self.add(&spool.root, &above.join(path), &stat),
            Found::Unreadable(path, error) => {
                self.unreadable_count += 1;
                let path = spool.path.join(above).join(path);
                self.unreadable.get_or_insert((path, error));
            }
            _ => {}
        }
    }

    fn add(&mut self, spool: &Directory, path: &Path, stat: &Stat) {
        self.waiting += 1;
        let flags = AtFlags::SYMLINK_NOFOLLOW;
        let found = statx(spool.handle(), path, flags, StatxFlags::BTIME);
        let written = match found {
            Ok(found) => written(stat, &found),
            Err(_) => modified(stat),
        };
        self.oldest = Some(self.oldest.map_or(written, |oldest| oldest.min(written)));
    }
}

impl SeenOutbox {
    /// Looks at the batches in an outbox.
    ///
    /// # Errors
    ///
    /// It can't be read.
    pub fn look(settings: &Settings) -> Result<Self, ServiceError> {
        let mut seen = Self {
            holder: Holder::Nobody,
            batches: 0,
            bytes: 0,
            damaged: Vec::new(),
            sealed: HashSet::new(),
        };
        let outbox = open(&settings.outbox)?;
        let Some(own) = below(&outbox, &settings.outbox, OWN)? else {
            return Ok(seen);
        };
        seen.holder = holder(&own, &settings.outbox)?;
        let path = &settings.outbox.join(OWN);
        if let Some(directory) = below(&own, path, SEALED)? {
            seen.add_batches(&directory, &path.join(SEALED))?;
        }
        let bundles = path.join(BUNDLES);
        if let Some(directory) = below(&own, path, BUNDLES)? {
            for name in names(&directory, &bundles)? {
                if let Ok(one) = directory.below(&name) {
                    seen.add_batches(&one, &bundles.join(&name))?;
                }
            }
        }
        let damaged = path.join(DAMAGED);
        if let Some(directory) = below(&own, path, DAMAGED)? {
            let mut names = names(&directory, &damaged)?;
            names.sort();
            seen.damaged = names.iter().map(|name| damaged.join(name)).collect();
        }
        Ok(seen)
    }

    fn add_batches(&mut self, directory: &Directory, path: &Path) -> Result<(), ServiceError> {
        let batches = batches_in(directory).map_err(|error| ServiceError::io(path, error))?;
        for batch in batches {
            // It may have been bundled meanwhile.
            let found = directory.stat(OsStr::new(&batch.archive()));
            let size = found.map(|found| u64::try_from(found.st_size).unwrap_or_default());
            self.bytes = self.bytes.saturating_add(size.unwrap_or_default());
            self.batches += 1;
            self.sealed.insert(batch);
        }
        Ok(())
    }
}

fn open(path: &Path) -> Result<Directory, ServiceError> {
    Directory::open(path).map_err(|error| ServiceError::io(path, error))
}

fn names(directory: &Directory, path: &Path) -> Result<Vec<std::ffi::OsString>, ServiceError> {
    let names = directory.names();
    names.map_err(|error| ServiceError::io(path, error))
}

/// Opens a directory in another one; `None` if there is none of this name.
fn below(above: &Directory, path: &Path, name: &str) -> Result<Option<Directory>, ServiceError> {
    match above.below(OsStr::new(name)) {
        Ok(directory) => Ok(Some(directory)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(ServiceError::io(&path.join(name), error)),
    }
}

/// Returns who has locked a spool or an outbox.
fn holder(own: &Directory, path: &Path) -> Result<Holder, ServiceError> {
    let fail = |error| ServiceError::io(&path.join(OWN).join(LOCK), error);
    let Some((file, found)) = own_file(own, path, LOCK)? else {
        return Ok(Holder::Nobody);
    };
    // A service that starts just now waits until this is over.
    match flock(&file, FlockOperation::NonBlockingLockShared) {
        Ok(()) => Ok(Holder::Nobody),
        Err(rustix::io::Errno::WOULDBLOCK) => Ok(Holder::Service {
            name: holder_of(&file),
            user: found.st_uid,
            since: modified(&found),
        }),
        Err(error) => Err(fail(error.into())),
    }
}

/// Returns what the last service has said of itself, and when.
fn said(own: &Directory, spool: &Path) -> Result<Option<(Vec<u8>, SystemTime)>, ServiceError> {
    let Some((file, found)) = own_file(own, spool, STATUS)? else {
        return Ok(None);
    };
    let mut text = Vec::new();
    let read = file.take(SIZE as u64).read_to_end(&mut text);
    read.map_err(|error| ServiceError::io(&spool.join(OWN).join(STATUS), error))?;
    Ok(Some((text, modified(&found))))
}

/// Opens a file of a service in its own directory; `None` if there is none.
///
/// # Errors
///
/// It can't be opened, or somebody else may have made it.
fn own_file(
    own: &Directory,
    path: &Path,
    name: &str,
) -> Result<Option<(File, Stat)>, ServiceError> {
    let fail = |error| ServiceError::io(&path.join(OWN).join(name), error);
    let file = match own.open_file(OsStr::new(name)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        other => other.map_err(fail)?,
    };
    let found = fstat(&file).map_err(|error| fail(error.into()))?;
    let above = own.own_stat().map_err(fail)?;
    let is_own = is_file(&found)
        && found.st_nlink == 1
        && found.st_uid == above.st_uid
        && is_private(&found)
        && is_private(&above);
    match is_own {
        true => Ok(Some((file, found))),
        false => Err(ServiceError::Foreign {
            path: path.join(OWN).join(name),
        }),
    }
}
