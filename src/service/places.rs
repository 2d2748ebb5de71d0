//! The directories of a service, checked and locked.

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::{Access, AtFlags, Mode, Stat, StatFs, accessat, chmodat, fchmod, fstat, fstatfs};
use rustix::io::Errno;
use rustix::process::geteuid;

use super::error::ServiceError;
use super::lock::{NoLock, take};
use super::stamp::is_file;
use super::{OWN, Settings, Then};
use crate::output::Directory;

/// The file that is locked, in a directory's own directory.
pub(super) const LOCK: &str = "lock";

/// The files with which renaming is tried, in the same place.
const PROBE: &str = "probe";
const PROBED: &str = "probed";

/// The file systems of other computers and of programs, by their numbers in
/// statfs(2).
const REMOTE: [(i64, &str); 14] = [
    (0x0102_1997, "9P"),
    (0x5346_414F, "AFS"),
    (0x1983_0326, "BeeGFS"),
    (0x00C3_6400, "Ceph"),
    (0xFF53_4D42, "CIFS"),
    (0x7375_7245, "Coda"),
    (0x6573_5546, "FUSE"),
    (0x0116_1970, "GFS2"),
    (0x4750_4653, "GPFS"),
    (0x0BD0_0BD0, "Lustre"),
    (0x6969, "NFS"),
    (0x7461_636F, "OCFS2"),
    (0x517B, "SMB"),
    (0xFE53_4D42, "SMB"),
];

/// The sticky bit of a directory: files belong to those who made them.
const STICKY: u32 = 0o1000;

/// A directory that this service has for itself: it is locked, and held open.
#[derive(Debug)]
pub(super) struct Place {
    pub path: PathBuf,
    pub root: Arc<Directory>,
    /// `.callseal`, for the owner alone.
    pub own: Arc<Directory>,
    _lock: File,
}

impl Place {
    fn open(path: &Path, is: &str, name: &str) -> Result<Self, ServiceError> {
        let fail = |error| unusable(path, is, error);
        let root = Directory::open(path).map_err(fail)?;
        let own = make(&root, OWN)
            .map_err(|error| unusable(&path.join(OWN), &format!("in {is}"), error))?;
        let found = own.own_stat().map_err(fail)?;
        // Whoever owns it could put anything into it.
        refuse_others(&path.join(OWN), &found)?;
        if !is_private(&found) {
            // A setfacl or chmod for the whole spool has let a group in.
            let mode = Mode::from_raw_mode(0o700);
            chmodat(own.handle(), c".", mode, AtFlags::empty())
                .map_err(|error| ServiceError::io(&path.join(OWN), error.into()))?;
        }
        let lock = own_file(&own, path, OsStr::new(LOCK))?;
        let lock = take(lock, name).map_err(|error| match error {
            NoLock::Held(holder) => ServiceError::Locked {
                path: path.to_owned(),
                holder,
            },
            NoLock::Io(error) => ServiceError::io(&path.join(OWN).join(LOCK), error),
        })?;
        Ok(Self {
            path: path.to_owned(),
            root: Arc::new(root),
            own: Arc::new(own),
            _lock: lock,
        })
    }

    /// Opens a file of the service in it, which is made if it's missing.
    pub fn own_file(&self, name: &OsStr) -> Result<File, ServiceError> {
        own_file(&self.own, &self.path, name)
    }

    /// Returns a directory of the service in it, which is made if it's missing.
    pub fn below(&self, name: &str) -> Result<Arc<Directory>, ServiceError> {
        let made = make(&self.own, name);
        made.map(Arc::new)
            .map_err(|error| ServiceError::io(&self.path.join(OWN).join(name), error))
    }

    /// Checks that its path still leads to it: a file system may have been
    /// unmounted, or the directory replaced.
    pub fn check(&self) -> Result<(), ServiceError> {
        let now = Directory::open(&self.path).map_err(|e| ServiceError::io(&self.path, e))?;
        // Its own directory shows that it isn't merely the same mount point.
        let own = match now.below(OsStr::new(OWN)) {
            Ok(own) => Some(own),
            Err(error) if is_absent(&error) => None,
            Err(error) => return Err(ServiceError::io(&self.path.join(OWN), error)),
        };
        let is_own = own.is_some_and(|own| own.id() == self.own.id());
        let path = match (now.id() == self.root.id(), is_own) {
            (true, true) => return Ok(()),
            (true, false) => self.path.join(OWN),
            (false, _) => self.path.clone(),
        };
        Err(ServiceError::Replaced { path })
    }
}

/// Opens a file in the own directory of a place, which is made if it's missing.
fn own_file(own: &Directory, path: &Path, name: &OsStr) -> Result<File, ServiceError> {
    let fail = |error| ServiceError::io(&path.join(OWN).join(name), error);
    let file = match own.open_or_create(name) {
        // Something else has its name.
        Err(error) if error.kind() == io::ErrorKind::IsADirectory => {
            return Err(ServiceError::Foreign {
                path: path.join(OWN).join(name),
            });
        }
        other => other.map_err(fail)?,
    };
    let found = fstat(&file).map_err(|error| fail(error.into()))?;
    refuse_others(&path.join(OWN).join(name), &found)?;
    if !is_file(&found) || found.st_nlink != 1 {
        return Err(ServiceError::Foreign {
            path: path.join(OWN).join(name),
        });
    }
    if !is_private(&found) {
        fchmod(&file, Mode::from_raw_mode(0o600)).map_err(|error| fail(error.into()))?;
    }
    Ok(file)
}

/// Refuses what belongs to somebody else, or what everybody may use.
fn refuse_others(path: &Path, found: &Stat) -> Result<(), ServiceError> {
    let (owner, user) = (found.st_uid, geteuid().as_raw());
    let path = path.to_owned();
    match (owner == user, found.st_mode & 0o007) {
        (true, 0) => Ok(()),
        (true, _) => Err(ServiceError::Foreign { path }),
        (false, _) => Err(ServiceError::OtherOwner { path, owner, user }),
    }
}

/// Returns whether nobody but its owner may use something.
pub(super) fn is_private(stat: &Stat) -> bool {
    stat.st_mode & 0o077 == 0
}

/// Returns whether an error says that no directory has this name.
fn is_absent(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

/// Checks whether a service could work in its directories, and makes nothing there.
///
/// # Errors
///
/// It couldn't.
pub fn check(settings: &Settings) -> Result<(), ServiceError> {
    refuse_nested([settings])?;
    let spool = local(settings)?;
    open_moved(settings, &spool).map(drop)
}

/// Opens the spool.
pub(super) fn open_spool(settings: &Settings) -> Result<Place, ServiceError> {
    // Nothing is made there before.
    local(settings)?;
    let place = Place::open(&settings.spool, &role("spool", settings), &settings.name)?;
    try_to_rename(&place)?;
    Ok(place)
}

/// Checks that files can be claimed: some file systems can't rename a file unless it may
/// replace another one.
fn try_to_rename(place: &Place) -> Result<(), ServiceError> {
    let [from, to] = [OsStr::new(PROBE), OsStr::new(PROBED)];
    let fail = |error| ServiceError::io(&place.path.join(OWN).join(PROBE), error);
    for name in [from, to] {
        match place.own.remove(name) {
            // A service was killed here.
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(fail(error)),
        }
    }
    place.own.open_or_create(from).map_err(fail)?;
    let renamed = place.own.rename_new(from, &place.own, to);
    let name = match renamed {
        Ok(()) => to,
        Err(_) => from,
    };
    let removed = place.own.remove(name);
    match renamed {
        Err(error)
            if matches!(
                Errno::from_io_error(&error),
                Some(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP)
            ) =>
        {
            Err(ServiceError::Replaces {
                path: place.path.clone(),
                error,
            })
        }
        other => other.and(removed).map_err(fail),
    }
}

/// Opens a directory that is on a file system of this computer.
fn local(settings: &Settings) -> Result<Directory, ServiceError> {
    let path = &settings.spool;
    let fail = |error| unusable(path, &role("spool", settings), error);
    let directory = Directory::open(path).map_err(fail)?;
    let system = fstatfs(directory.handle()).map_err(|error| fail(error.into()))?;
    match remote(&system) {
        Some(kind) => Err(ServiceError::Remote {
            path: path.to_owned(),
            kind,
        }),
        None => Ok(directory),
    }
}

/// Opens the outbox.
pub(super) fn open_outbox(settings: &Settings) -> Result<Place, ServiceError> {
    Place::open(&settings.outbox, &role("outbox", settings), &settings.name)
}

/// Opens the directory to which sealed calls are moved, if they are.
pub(super) fn open_moved(
    settings: &Settings,
    spool: &Directory,
) -> Result<Option<Arc<Directory>>, ServiceError> {
    let Then::Move(path) = &settings.then else {
        return Ok(None);
    };
    let fail = |error| unusable(path, &role(MOVED, settings), error);
    let directory = Directory::open(path).map_err(fail)?;
    let device = |directory: &Directory| Ok(directory.own_stat()?.st_dev);
    let is_same = device(&directory).and_then(|own| Ok(own == device(spool)?));
    match is_same.map_err(fail)? {
        true => Ok(Some(Arc::new(directory))),
        false => Err(ServiceError::OtherFileSystem {
            path: path.clone(),
            spool: settings.spool.clone(),
        }),
    }
}

/// Checks that none of the directories is within another one: not in those of one
/// service, nor of several.
///
/// # Errors
///
/// One of them is within another one, or can't be used.
pub fn refuse_nested<'a>(
    services: impl IntoIterator<Item = &'a Settings>,
) -> Result<(), ServiceError> {
    let mut real = Vec::new();
    for settings in services {
        let moved = match &settings.then {
            Then::Move(path) => Some(path),
            Then::Delete => None,
        };
        let places = [("spool", &settings.spool), ("outbox", &settings.outbox)];
        for (kind, path) in places.into_iter().chain(moved.map(|path| (MOVED, path))) {
            let is = role(kind, settings);
            let resolved = path.canonicalize();
            let resolved = resolved.map_err(|error| unusable(path, &is, error))?;
            real.push((path, resolved, is));
        }
    }
    for (place, (inner, real_inner, inner_is)) in real.iter().enumerate() {
        for (other, (outer, real_outer, outer_is)) in real.iter().enumerate() {
            if place != other && real_inner.starts_with(real_outer) {
                return Err(ServiceError::Nested {
                    inner: (*inner).clone(),
                    inner_is: inner_is.clone(),
                    outer: (*outer).clone(),
                    outer_is: outer_is.clone(),
                });
            }
        }
    }
    Ok(())
}

/// What the directory is to which sealed calls are moved.
const MOVED: &str = "directory to move to";

/// Returns what a directory of a service is, for people.
fn role(kind: &str, settings: &Settings) -> String {
    format!("the {kind} of “{}”", settings.name)
}

fn unusable(path: &Path, is: &str, error: io::Error) -> ServiceError {
    ServiceError::Unusable {
        path: path.to_owned(),
        is: is.to_owned(),
        error,
    }
}

/// Returns whether this user can rename the files of a directory.
pub(super) fn can_rename(directory: &Directory) -> io::Result<bool> {
    let access = Access::WRITE_OK | Access::EXEC_OK;
    // The effective user is asked for, as open(2) does.
    match accessat(directory.handle(), c".", access, AtFlags::EACCESS) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => return Ok(false),
        Err(error) => return Err(error.into()),
    }
    let stat = directory.own_stat()?;
    let user = geteuid();
    let is_owner = user.is_root() || stat.st_uid == user.as_raw();
    Ok(is_owner || stat.st_mode & STICKY == 0)
}

fn make(above: &Directory, name: &str) -> io::Result<Directory> {
    let name = OsStr::new(name);
    match above.make(name) {
        Ok(()) => above.flush()?,
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(error),
    }
    above.below(name)
}

#[allow(
    clippy::unnecessary_cast,
    reason = "the types differ from system to system"
)]
fn remote(system: &StatFs) -> Option<&'static str> {
    name_of(system.f_type as i64)
}

fn name_of(number: i64) -> Option<&'static str> {
    let known = REMOTE.iter().find(|(known, _)| *known == number);
    known.map(|(_, name)| *name)
}

#[cfg(test)]
mod tests {
    use super::{REMOTE, name_of};

    #[test]
    fn file_systems_of_clusters_are_refused_and_local_ones_are_not() {
        // Their numbers are letters or a date.
        let number = |letters| i64::from(u32::from_be_bytes(letters));
        assert_eq!(name_of(number(*b"GPFS")), Some("GPFS"));
        assert_eq!(name_of(number(*b"taco")), Some("OCFS2"));
        assert_eq!(name_of(0x1983_0326), Some("BeeGFS"));
        let ext4 = 0xEF53;
        assert_eq!(name_of(ext4), None);
        assert!(REMOTE.is_sorted_by_key(|(_, name)| name.to_lowercase()));
    }
}
