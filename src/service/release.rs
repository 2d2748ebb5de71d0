//! Letting go of files that are sealed.

use std::ffi::OsStr;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rustix::fs::fstat;

use super::batch_id::BatchId;
use super::claim::directory;
use super::closer::Closer;
use super::error::ServiceError;
use super::faults::is_of_all;
use super::large::LARGE;
use super::places::Place;
use super::pulse::{Pulse, Workers};
use super::sealing::SealedClaim;
use super::stamp::Stamp;
use super::tree::{Tree, remove_empty};
use crate::files::cause;
use crate::output::Directory;
use crate::sources::Source;
use crate::workers::work_on;

/// The bytes that are read at a time.
const BUFFER: usize = 256 * 1024;

/// The most names that are tried for a file that is moved.
const NAMES: u32 = 10_000;

/// The archive of a batch that was read back.
#[derive(Clone, Debug)]
pub(super) struct Archive {
    pub outbox: Arc<Place>,
    /// Its directory.
    pub directory: Arc<Directory>,
    pub path: PathBuf,
    pub stamp: Stamp,
}

impl Archive {
    /// Checks that it's there as it was, before a claim of this size goes; after a large
    /// one was read, that it's in the outbox, too.
    fn check(&self, size: u64) -> Result<(), ServiceError> {
        let name = self.path.file_name().unwrap_or_default();
        let found = self.directory.stat(name);
        let found = found.map_err(|error| ServiceError::io(&self.path, error))?;
        if Stamp::of(&found) != self.stamp {
            let error = io::Error::other("somebody has changed it");
            return Err(ServiceError::io(&self.path, error));
        }
        match size >= LARGE {
            true => self.outbox.check(),
            false => Ok(()),
        }
    }
}

/// What became of the claims of a batch.
#[derive(Debug)]
pub(super) struct Released {
    /// The number of files that are gone.
    pub files: u64,
    /// Their size in bytes.
    pub bytes: u64,
    /// The files that aren't what was sealed any more: their paths in the batch.
    pub changed: Vec<PathBuf>,
    /// The files that can't be compared with what was sealed, or can't be removed or
    /// moved, and why.
    pub stuck: Vec<(PathBuf, String)>,
    /// The files that were written to at the moment when they were removed.
    pub written: Vec<PathBuf>,
    /// Why some files are in none of these: they are tried again.
    pub failure: Option<ServiceError>,
    /// Whether it's on the disk which files are gone.
    pub flushed: Result<(), ServiceError>,
}

impl Released {
    /// What became of claims of which none is there.
    fn nothing() -> Self {
        Self {
            files: 0,
            bytes: 0,
            changed: Vec::new(),
            stuck: Vec::new(),
            written: Vec::new(),
            failure: None,
            flushed: Ok(()),
        }
    }
}

/// Removes the claims of a batch whose archive is durable, or moves them to a
/// directory. Each is read again before, and stays if it isn't what was sealed.
///
/// # Errors
///
/// Nothing was done: the claims can't be looked at.
pub(super) fn release(
    spool: &Place,
    id: &BatchId,
    claims: &[SealedClaim],
    sealed: &Archive,
    moved: Option<&Arc<Directory>>,
    closer: &Closer,
    workers: &Workers,
) -> Result<Released, ServiceError> {
    let fail = |error| ServiceError::io(&super::claim::claim_path(&spool.path, id), error);
    let mut own = Tree::new(spool.own.clone());
    let batch = match own.open(&directory(id)) {
        // An earlier try has let go of all.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Released::nothing()),
        other => other.map_err(fail)?,
    };
    let shared = Mutex::new(Shared {
        claims: Tree::new(batch.clone()),
        moved: moved.map(|directory| Tree::new(directory.clone())),
    });
    let work = |buffer: &mut Vec<u8>, _, claim: &SealedClaim| {
        workers.pulse.beat();
        let pieces = Pieces {
            buffer,
            pulse: &workers.pulse,
        };
        Some(one(id, claim, sealed, &shared, closer, pieces))
    };
    let outcomes = work_on(claims, workers.count, || vec![0; BUFFER], work);
    let mut released = Released::nothing();
    for (outcome, claim) in outcomes.into_iter().zip(claims) {
        let path = PathBuf::from(claim.file.name());
        match outcome {
            Ok(Outcome::Gone) => {
                released.files += 1;
                released.bytes += claim.file.size();
            }
            Ok(Outcome::Changed) => released.changed.push(path),
            Ok(Outcome::Written) => released.written.push(path),
            Ok(Outcome::Unsealed(error)) => released.failure = Some(error),
            // It can't be compared, so it stays. What was sealed of it is kept too.
            Err(error) if !is_of_all(&error) => released.stuck.push((path, cause(&error))),
            Err(error) => {
                released.failure = Some(ServiceError::io(claim.file.path(), error));
            }
        }
    }
    let mut shared = shared.into_inner().unwrap_or_else(PoisonError::into_inner);
    // Where they are now comes first.
    let moved = shared.moved.as_mut().map_or(Ok(()), Tree::flush);
    released.flushed = moved.and_then(|()| shared.claims.flush()).map_err(fail);
    if released.failure.is_none() {
        remove_empty(&batch);
        released.failure = remove_directory(spool, id).map_err(fail).err();
    }
    Ok(released)
}

/// Removes the directory of a batch, if no claim is left in it.
pub(super) fn remove_directory(spool: &Place, id: &BatchId) -> io::Result<()> {
    let mut own = Tree::new(spool.own.clone());
    let claims = own.open(Path::new(super::claim::CLAIMS))?;
    match claims.remove_directory(OsStr::new(id.as_str())) {
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::DirectoryNotEmpty | io::ErrorKind::NotFound
            ) =>
        {
            Ok(())
        }
        other => other.and_then(|()| claims.flush()),
    }
}

struct Shared {
    claims: Tree,
    moved: Option<Tree>,
}

/// What a worker reads a file with, piece by piece.
struct Pieces<'a> {
    buffer: &'a mut [u8],
    pulse: &'a Pulse,
}

enum Outcome {
    Gone,
    Changed,
    Written,
    /// It isn't sealed any more, as far as is known.
    Unsealed(ServiceError),
}

fn one(
    id: &BatchId,
    claim: &SealedClaim,
    sealed: &Archive,
    shared: &Mutex<Shared>,
    closer: &Closer,
    pieces: Pieces<'_>,
) -> io::Result<Outcome> {
    let path = Path::new(claim.file.name());
    let lock = || shared.lock().unwrap_or_else(PoisonError::into_inner);
    let (directory, name) = match lock().claims.parent_of(path) {
        // Somebody else has removed it: it is sealed.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Outcome::Gone),
        other => other?,
    };
    let opened = match directory.open_file(name) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Outcome::Gone),
        other => other?,
    };
    // What is written to it from now on is seen by the comparison, or by that of the stamps.
    let before = Stamp::of(&fstat(&opened)?);
    if !is_as_sealed(&claim.file, opened.try_clone()?, &claim.digest, pieces)? {
        return Ok(Outcome::Changed);
    }
    if !Stamp::of(&directory.stat(name)?).is_file_of(&before) {
        return Ok(Outcome::Changed);
    }
    // It may have taken long to read it.
    if let Err(error) = sealed.check(claim.file.size()) {
        return Ok(Outcome::Unsealed(error));
    }
    let mut shared = lock();
    match &mut shared.moved {
        None => directory.remove(name)?,
        Some(moved) => match move_to(&directory, name, moved, path) {
            // What is there has taken the place: the batch's own directory is free.
            Err(error) if !is_of_all(&error) => {
                move_to(&directory, name, moved, &Path::new(id.as_str()).join(path))?;
            }
            other => other?,
        },
    }
    shared.claims.touch(&directory);
    drop(shared);
    // Whoever had it open could write to it until then.
    let after = Stamp::of(&fstat(&opened)?);
    closer.close(opened);
    Ok(match after.is_content_of(&before) {
        true => Outcome::Gone,
        false => Outcome::Written,
    })
}

/// Returns whether a file is what was sealed, and hasn't been touched since.
fn is_as_sealed(
    file: &Source,
    opened: std::fs::File,
    sealed: &blake3::Hash,
    Pieces { buffer, pulse }: Pieces<'_>,
) -> io::Result<bool> {
    use crate::sources::SourceError;
    let is_changed = |error: SourceError| match error {
        SourceError::Io { error, .. } => Err(error),
        _ => Ok(false),
    };
    let mut source = match file.read(opened) {
        Ok(source) => source,
        Err(error) => return is_changed(error),
    };
    let mut hash = blake3::Hasher::new();
    loop {
        let read = source.read(buffer)?;
        let (piece, _) = buffer.split_at(read);
        if piece.is_empty() {
            break;
        }
        hash.update(piece);
        pulse.beat();
    }
    match source.finish() {
        Ok(()) => Ok(hash.finalize() == *sealed),
        Err(error) => is_changed(error),
    }
}

/// Moves a file below a directory, under its own path, or under one with a number
/// if that is taken.
fn move_to(from: &Directory, name: &OsStr, moved: &mut Tree, path: &Path) -> io::Result<()> {
    let (target, own) = moved.make_parent_of(path)?;
    moved.touch(&target);
    for number in 1..NAMES {
        let mut free = own.to_owned();
        if number > 1 {
            free.push(format!(".{number}"));
        }
        match from.rename_into(name, &target, &free) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            other => return other,
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}
