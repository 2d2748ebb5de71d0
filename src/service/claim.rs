//! Taking files out of the spool.

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use rustix::fs::{Stat, fstat};

use super::OWN;
use super::batch_id::BatchId;
use super::faults::is_of_all;
use super::names::Names;
use super::places::Place;
use super::settling::Candidate;
use super::stamp::{Stamp, is_file};
use super::tree::Tree;
use crate::archive::{MemberName, NameFault};
use crate::index;
use crate::sources::Source;

/// The directory of the claims, in the spool's own directory.
pub(super) const CLAIMS: &str = "claims";

/// The most directories that a batch changes, unless its last file adds some: a process
/// may often have no more than 1,024 files open.
const MOST_TOUCHED: usize = 200;

/// The longest path that a system call takes.
const MAX_PATH: usize = 4095;

/// What became of a file that had settled.
#[derive(Debug)]
pub(super) enum Claimed {
    /// It is in the batch.
    Taken(Source),
    /// It was written to while it was taken: it has to settle again, where it is now.
    Unsettled(Candidate, Stamp),
    /// It has changed since it settled.
    Changed(Stamp),
    /// It isn't there any more.
    Gone,
    /// Something that isn't a file has just got its name, and is among the claims now: this
    /// is its path below the spool.
    Misplaced(PathBuf),
    /// The batch has a name already that is the same somewhere.
    NextBatch,
    /// It has more than one name: who has another one may write to it.
    Linked,
    /// It can't be sealed now.
    Unfit(String),
    /// It can't have a name in an archive.
    Unnamable(String),
}

/// A batch whose files are being claimed.
pub(super) struct Claims<'a> {
    spool: &'a Place,
    id: &'a BatchId,
    /// The batch's directory.
    own: Tree,
    /// The directories of files that weren't claimed before.
    spooled: Tree,
    /// The directories of all batches.
    batches: Tree,
    names: Names,
}

impl<'a> Claims<'a> {
    /// Makes the directory of a batch.
    pub fn begin(spool: &'a Place, id: &'a BatchId) -> io::Result<Self> {
        let mut batches = Tree::new(spool.own.clone());
        let own = batches.make(&directory(id))?;
        Ok(Self {
            spool,
            id,
            own: Tree::new(own),
            spooled: Tree::new(spool.root.clone()),
            batches,
            names: Names::default(),
        })
    }

    /// Claims a file that has settled with this stamp.
    ///
    /// # Errors
    ///
    /// The batch can't be written.
    pub fn claim(&mut self, file: &Candidate, settled: &Stamp) -> io::Result<Claimed> {
        let name = match member_name(&file.path) {
            Ok(name) => name,
            Err(fault) => return Ok(Claimed::Unnamable(fault)),
        };
        let claim = claim_path(&self.spool.path, self.id).join(&file.path);
        if claim.as_os_str().len() > MAX_PATH {
            return Ok(Claimed::Unnamable("its path is too long".to_owned()));
        }
        let place = match &file.claimed {
            None => self.spooled.parent_of(&file.path),
            Some(_) => self
                .batches
                .parent_of(&file.path_in_own())
                .map(|(directory, _)| (directory, file.path.file_name().unwrap_or_default())),
        };
        let (directory, entry) = match place {
            Ok(place) => place,
            Err(error) => return not_opened(error),
        };
        let opened = directory.open_file(entry).and_then(|file| {
            let stat = fstat(&file)?;
            Ok((file, stat))
        });
        let (opened, stat) = match opened {
            Ok(opened) => opened,
            Err(error) => return not_opened(error),
        };
        if !is_file(&stat) {
            return Ok(Claimed::Gone);
        }
        if Stamp::of(&stat) != *settled {
            return Ok(Claimed::Changed(Stamp::of(&stat)));
        }
        if stat.st_nlink > 1 {
            return Ok(Claimed::Linked);
        }
        if !self.names.add(&name) {
            return Ok(Claimed::NextBatch);
        }
        let (target, _) = self.own.make_parent_of(&file.path)?;
        match directory.rename_new(entry, &target, entry) {
            Ok(()) => {}
            Err(error) => return self.not_moved(error),
        }
        self.touch(file, &directory);
        self.own.touch(&target);
        let found = target.stat(entry)?;
        if !is_file(&found) {
            // It goes back, if its name is free. Otherwise it stays, and is reported; if
            // it's a directory, the next look finds what is in it.
            return Ok(match target.rename_new(entry, &directory, entry) {
                Ok(()) => Claimed::Gone,
                Err(_) => Claimed::Misplaced(self.path_of(file)),
            });
        }
        self.taken(file, settled, &opened, &found)
    }

    /// Returns whether another file can be claimed: the directories that are to be
    /// flushed are held open.
    pub fn has_room(&self) -> bool {
        [&self.own, &self.spooled, &self.batches]
            .iter()
            .map(|tree| tree.touched())
            .sum::<usize>()
            < MOST_TOUCHED
    }

    /// Flushes the names of all files that were claimed.
    pub fn flush(&mut self) -> io::Result<()> {
        // Where they are now comes first: a file may have two names after a power
        // failure, and never none.
        self.own.flush()?;
        self.batches.flush()?;
        self.spooled.flush()
    }

    /// Returns the path of a claim below the spool.
    fn path_of(&self, file: &Candidate) -> PathBuf {
        Path::new(OWN).join(directory(self.id)).join(&file.path)
    }

    fn touch(&mut self, file: &Candidate, directory: &std::sync::Arc<crate::output::Directory>) {
        match file.claimed {
            None => self.spooled.touch(directory),
            Some(_) => self.batches.touch(directory),
        }
    }

    /// Says what was taken: whoever has it open may still write to it, and another
    /// file may have got its name.
    fn taken(
        &self,
        file: &Candidate,
        settled: &Stamp,
        opened: &File,
        found: &Stat,
    ) -> io::Result<Claimed> {
        let now = Stamp::of(&fstat(opened)?);
        if !settled.is_content_of(&now) || Stamp::of(found) != now {
            let claimed = Candidate::claimed(self.id, &file.path);
            return Ok(Claimed::Unsettled(claimed, Stamp::of(found)));
        }
        let path = claim_path(&self.spool.path, self.id).join(&file.path);
        let name = file.path.to_str().unwrap_or_default().to_owned();
        Ok(Claimed::Taken(Source::new(
            path,
            name,
            &opened.metadata()?,
        )?))
    }

    fn not_moved(&self, error: io::Error) -> io::Result<Claimed> {
        match error.kind() {
            io::ErrorKind::NotFound => Ok(Claimed::Gone),
            io::ErrorKind::AlreadyExists
            | io::ErrorKind::NotADirectory
            | io::ErrorKind::IsADirectory => Ok(Claimed::NextBatch),
            io::ErrorKind::PermissionDenied => Ok(Claimed::Unfit(
                "it can't be renamed by this user in its directory".to_owned(),
            )),
            io::ErrorKind::CrossesDevices => Ok(Claimed::Unfit(
                "it is on another file system than the spool".to_owned(),
            )),
            _ if is_of_all(&error) => Err(error),
            _ => Ok(Claimed::Unfit(crate::files::cause(&error))),
        }
    }
}

impl Candidate {
    /// Returns the path of a claimed file in the spool's own directory.
    fn path_in_own(&self) -> PathBuf {
        match &self.claimed {
            Some(id) => directory(id).join(&self.path),
            None => self.path.clone(),
        }
    }

    /// Returns the path for people.
    pub fn shown(&self, spool: &Path) -> PathBuf {
        match &self.claimed {
            Some(id) => claim_path(spool, id).join(&self.path),
            None => spool.join(&self.path),
        }
    }
}

/// Returns the path of a batch's claims in the spool's own directory.
pub(super) fn directory(id: &BatchId) -> PathBuf {
    Path::new(CLAIMS).join(id.as_str())
}

/// Returns the path of a batch's claims.
pub(super) fn claim_path(spool: &Path, id: &BatchId) -> PathBuf {
    spool.join(OWN).join(directory(id))
}

/// Returns the name that a file gets in an archive, or why it can't get one.
fn member_name(path: &Path) -> Result<MemberName, String> {
    let text = path.to_str().ok_or("its name is not valid UTF-8")?;
    let name = MemberName::parse(text).map_err(|fault| format!("its name {fault}"))?;
    match index::is_reserved(&name) {
        true => Err(format!("its name {}", NameFault::Reserved)),
        false => Ok(name),
    }
}

fn not_opened(error: io::Error) -> io::Result<Claimed> {
    use rustix::io::Errno;
    match Errno::from_io_error(&error) {
        Some(Errno::NOENT | Errno::NOTDIR | Errno::LOOP | Errno::NXIO) => Ok(Claimed::Gone),
        _ if is_of_all(&error) => Err(error),
        _ => Ok(Claimed::Unfit(crate::files::cause(&error))),
    }
}

/// Returns the name of a directory's entry.
pub(super) fn os(name: &str) -> &OsStr {
    OsStr::new(name)
}
