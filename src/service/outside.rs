//! What is seen of a service from outside, whether one runs or not. Nothing is changed.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use rustix::fs::{AtFlags, FlockOperation, StatxFlags, flock, statx};

use super::OWN;
use super::batch_id::BatchId;
use super::bundles::BUNDLES;
use super::claim::CLAIMS;
use super::damaged::DAMAGED;
use super::error::ServiceError;
use super::places::{LOCK, holder_of};
use super::sealing::{SEALED, batches_in};
use super::state::written;
use super::status_file::{SIZE, STATUS};
use super::walk::{Found, walk};
use super::{Settings, filter};
use crate::output::Directory;

/// Who works in a spool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Holder {
    /// Nobody.
    Nobody,
    /// A service, with what it says of itself.
    Service(String),
}

/// What is seen of a service from outside.
#[derive(Debug)]
pub struct Outside {
    /// Who works there.
    pub holder: Holder,
    /// The number of files in the spool that aren't sealed.
    pub waiting: u64,
    /// When the oldest of them was written.
    pub oldest: Option<SystemTime>,
    /// The number of files that are sealed, and whose claims are there still.
    pub kept: u64,
    /// The number of batches that are sealed, and in no archive of the outbox.
    pub batches: u64,
    /// The size of their archives in bytes.
    pub bytes: u64,
    /// The damaged archives of batches.
    pub damaged: Vec<PathBuf>,
    /// What can't be read, and why.
    pub unreadable: Vec<(PathBuf, io::Error)>,
    /// What the last service has written into its [`StatusFile`](super::StatusFile), and
    /// when.
    pub said: Option<(Vec<u8>, SystemTime)>,
}

impl Outside {
    /// Looks at the directories of a service. Files that `leave_out` returns aren't counted:
    /// it's told who works there, and what the last service has written.
    ///
    /// # Errors
    ///
    /// The spool or the outbox can't be opened.
    pub fn look(
        settings: &Settings,
        leave_out: impl FnOnce(&Holder, &[u8]) -> HashSet<PathBuf>,
    ) -> Result<Self, ServiceError> {
        let open = |path: &Path| {
            let opened = Directory::open(path);
            opened.map_err(|error| ServiceError::io(path, error))
        };
        let spool = Arc::new(open(&settings.spool)?);
        let outbox = open(&settings.outbox)?;
        let mut outside = Self {
            holder: Holder::Nobody,
            waiting: 0,
            oldest: None,
            kept: 0,
            batches: 0,
            bytes: 0,
            damaged: Vec::new(),
            unreadable: Vec::new(),
            said: None,
        };
        let sealed = outside.look_at_outbox(&outbox, &settings.outbox)?;
        if let Some(own) = below(&spool, &settings.spool, OWN)? {
            outside.holder = holder(&own, &settings.spool)?;
            outside.said = said(&own, &settings.spool)?;
        }
        let said = outside.said.as_ref();
        let but = said.map(|(text, _)| leave_out(&outside.holder, text));
        outside.count(settings, &spool, &sealed, &but.unwrap_or_default())?;
        Ok(outside)
    }

    /// Looks at the batches. Returns the names of those that are sealed.
    fn look_at_outbox(
        &mut self,
        outbox: &Directory,
        path: &Path,
    ) -> Result<HashSet<BatchId>, ServiceError> {
        let mut sealed = HashSet::new();
        let Some(own) = below(outbox, path, OWN)? else {
            return Ok(sealed);
        };
        let path = &path.join(OWN);
        if let Some(directory) = below(&own, path, SEALED)? {
            self.add_batches(&directory, &path.join(SEALED), &mut sealed)?;
        }
        let bundles = path.join(BUNDLES);
        if let Some(directory) = below(&own, path, BUNDLES)? {
            let names = directory.names();
            for name in names.map_err(|error| ServiceError::io(&bundles, error))? {
                let Ok(one) = directory.below(&name) else {
                    continue;
                };
                self.add_batches(&one, &bundles.join(&name), &mut sealed)?;
            }
        }
        let damaged = path.join(DAMAGED);
        if let Some(directory) = below(&own, path, DAMAGED)? {
            let names = directory.names();
            let mut names = names.map_err(|error| ServiceError::io(&damaged, error))?;
            names.sort();
            self.damaged = names.iter().map(|name| damaged.join(name)).collect();
        }
        Ok(sealed)
    }

    fn add_batches(
        &mut self,
        directory: &Directory,
        path: &Path,
        sealed: &mut HashSet<BatchId>,
    ) -> Result<(), ServiceError> {
        let batches = batches_in(directory).map_err(|error| ServiceError::io(path, error))?;
        for batch in batches {
            // It may have been bundled meanwhile.
            let found = directory.stat(OsStr::new(&batch.archive()));
            let size = found.map(|found| u64::try_from(found.st_size).unwrap_or_default());
            self.bytes = self.bytes.saturating_add(size.unwrap_or_default());
            self.batches += 1;
            sealed.insert(batch);
        }
        Ok(())
    }

    /// Counts the files in the spool, and in the claims.
    fn count(
        &mut self,
        settings: &Settings,
        spool: &Arc<Directory>,
        sealed: &HashSet<BatchId>,
        but: &HashSet<PathBuf>,
    ) -> Result<(), ServiceError> {
        let filter = filter(settings)?;
        let root = &settings.spool;
        walk(spool, Path::new(""), Some(&filter), |found| match found {
            Found::File(path, stat) if !but.contains(&root.join(&path)) => {
                self.add_waiting(spool, &path, &stat);
            }
            Found::Unreadable(path, error) => self.unreadable.push((root.join(path), error)),
            _ => {}
        });
        let Some(own) = below(spool, root, OWN)? else {
            return Ok(());
        };
        let claims = Path::new(OWN).join(CLAIMS);
        let Some(directory) = below(&own, &root.join(OWN), CLAIMS)? else {
            return Ok(());
        };
        let directory = Arc::new(directory);
        walk(&directory, Path::new(""), None, |found| match found {
            Found::File(path, stat) => {
                let path = claims.join(path);
                if but.contains(&root.join(&path)) {
                    return;
                }
                match batch_of(&path).is_some_and(|batch| sealed.contains(&batch)) {
                    true => self.kept += 1,
                    false => self.add_waiting(spool, &path, &stat),
                }
            }
            Found::Unreadable(path, error) => {
                self.unreadable.push((root.join(&claims).join(path), error));
            }
            _ => {}
        });
        Ok(())
    }

    fn add_waiting(&mut self, spool: &Directory, path: &Path, stat: &rustix::fs::Stat) {
        self.waiting += 1;
        let flags = AtFlags::SYMLINK_NOFOLLOW;
        let found = statx(spool.handle(), path, flags, StatxFlags::BTIME);
        if let Ok(found) = found {
            let written = written(stat, &found);
            self.oldest = Some(self.oldest.map_or(written, |oldest| oldest.min(written)));
        }
    }
}

/// Returns the batch in whose claims a path below the spool is.
fn batch_of(path: &Path) -> Option<BatchId> {
    let below = path.strip_prefix(OWN).ok()?.strip_prefix(CLAIMS).ok()?;
    BatchId::parse(below.iter().next()?.to_str()?)
}

/// Opens a directory in another one; `None` if there is none of this name.
fn below(above: &Directory, path: &Path, name: &str) -> Result<Option<Directory>, ServiceError> {
    match above.below(OsStr::new(name)) {
        Ok(directory) => Ok(Some(directory)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(ServiceError::io(&path.join(name), error)),
    }
}

/// Returns who has locked a spool.
fn holder(own: &Directory, spool: &Path) -> Result<Holder, ServiceError> {
    let fail = |error| ServiceError::io(&spool.join(OWN).join(LOCK), error);
    let file = match own.open_file(OsStr::new(LOCK)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Holder::Nobody),
        other => other.map_err(fail)?,
    };
    // A service that starts just now waits until this is over.
    match flock(&file, FlockOperation::NonBlockingLockShared) {
        Ok(()) => Ok(Holder::Nobody),
        Err(rustix::io::Errno::WOULDBLOCK) => Ok(Holder::Service(holder_of(&file))),
        Err(error) => Err(fail(error.into())),
    }
}

/// Returns what the last service has said of itself, and when.
fn said(own: &Directory, spool: &Path) -> Result<Option<(Vec<u8>, SystemTime)>, ServiceError> {
    let fail = |error| ServiceError::io(&spool.join(OWN).join(STATUS), error);
    let file = match own.open_file(OsStr::new(STATUS)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        other => other.map_err(fail)?,
    };
    let mut text = Vec::new();
    let limit = SIZE as u64;
    let read = file.take(limit).read_to_end(&mut text).map_err(fail);
    read?;
    let found = own.stat(OsStr::new(STATUS)).map_err(fail)?;
    Ok(Some((text, super::state::modified(&found))))
}
