//! Removing files that have been packed.

use std::collections::{BTreeSet, HashSet};
use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;

use thiserror::Error;

use super::Source;
use crate::files::{FileId, cause};
use crate::output::{Claims, directory_of};
use crate::workers::work_on;

/// The bytes that are read at a time.
const BUFFER: usize = 256 * 1024;

/// What became of files that were to be removed, besides those that were.
#[derive(Debug, Default)]
pub struct Removal {
    /// Those that were not removed, in their order.
    pub not_removed: Vec<NotRemoved>,
    /// The directories that can't be flushed to disk: after a power failure, files
    /// that were removed may be there again.
    pub not_flushed: Vec<(PathBuf, io::Error)>,
}

/// A file that was not removed.
#[derive(Debug)]
pub struct NotRemoved {
    /// Its number among the files.
    pub number: usize,
    /// Why not.
    pub cause: StayCause,
}

/// Why a file was not removed after it was packed.
#[derive(Clone, Debug, Error)]
pub enum StayCause {
    /// It was written to.
    #[error("it has changed since it was packed, so it stays")]
    Changed,
    /// It is another file than the one that was packed.
    #[error("another file has taken its place since it was packed, so that one stays")]
    Replaced,
    /// Somebody else has removed it.
    #[error("something else has removed it since it was packed")]
    Gone,
    /// It is claimed, and can't get its place again.
    #[error("it has not been removed, and can't be put back: it is {} ({})", .at.display(), cause(.error))]
    NotPutBack {
        /// Where it is.
        at: PathBuf,
        /// The operating system's reason.
        error: Arc<io::Error>,
    },
    /// The operating system refuses.
    #[error("it can't be removed: {}", cause(.0))]
    Io(Arc<io::Error>),
}

impl From<io::Error> for StayCause {
    fn from(error: io::Error) -> Self {
        Self::Io(error.into())
    }
}

/// Removes files that have been packed, except those with the numbers in `kept`. A
/// file whose content is no longer that of its digest in `digests` stays.
///
/// A file that is found by several paths is removed by one of them, and counts as
/// removed by all.
pub(crate) fn remove(
    files: &[Source],
    digests: &[blake3::Hash],
    kept: &BTreeSet<usize>,
    workers: NonZeroUsize,
) -> Removal {
    let parent = |number: &usize| files.get(*number).and_then(|file| file.path().parent());
    let mut numbers: Vec<usize> = (0..files.len()).collect();
    numbers.retain(|number| !kept.contains(number));
    // The order of the members goes to and fro between directories.
    numbers.sort_by_key(parent);
    let mut removal = Removal::default();
    for group in numbers.chunk_by(|a, b| parent(a) == parent(b)) {
        let Some(first) = group.first().and_then(|number| files.get(*number)) else {
            continue;
        };
        let directory = directory_of(first.path());
        let claims = match Claims::begin(&directory) {
            Ok(claims) => claims,
            Err(error) => {
                let cause = StayCause::from(error);
                removal
                    .not_removed
                    .extend(group.iter().map(|number| NotRemoved {
                        number: *number,
                        cause: cause.clone(),
                    }));
                continue;
            }
        };
        let refused = work_on(
            group,
            workers,
            || (),
            |(), _, number| {
                let (file, digest) = (files.get(*number)?, digests.get(*number)?);
                let cause = remove_one(&claims, file, digest).err()?;
                Some(NotRemoved {
                    number: *number,
                    cause,
                })
            },
        );
        removal.not_removed.extend(refused);
        if let Err(error) = claims.end() {
            removal.not_flushed.push((directory, error));
        }
    }
    removal.not_removed.sort_by_key(|file| file.number);
    forgive_other_names(files, kept, &mut removal.not_removed);
    removal
}

/// Takes those files off the list that are gone because this run has removed them,
/// under another path.
fn forgive_other_names(
    files: &[Source],
    kept: &BTreeSet<usize>,
    not_removed: &mut Vec<NotRemoved>,
) {
    let is_gone = |file: &NotRemoved| matches!(file.cause, StayCause::Gone);
    if !not_removed.iter().any(is_gone) {
        return;
    }
    let staying: HashSet<usize> = not_removed.iter().map(|file| file.number).collect();
    let is_removed = |number: &usize| !staying.contains(number) && !kept.contains(number);
    let removed: HashSet<FileId> = files
        .iter()
        .enumerate()
        .filter(|(number, _)| is_removed(number))
        .filter_map(|(_, file)| file.id().ok())
        .collect();
    let is_removed = |number: usize| {
        let id = files.get(number).and_then(|file| file.id().ok());
        id.is_some_and(|id| removed.contains(&id))
    };
    not_removed.retain(|file| !(is_gone(file) && is_removed(file.number)));
}

fn remove_one(claims: &Claims, file: &Source, digest: &blake3::Hash) -> Result<(), StayCause> {
    let gone = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound => StayCause::Gone,
        _ => error.into(),
    };
    let name = file.path().file_name().unwrap_or_default();
    // Another file isn't even touched.
    if claims.file_id(name).map_err(gone)? != Some(file.id().map_err(gone)?) {
        return Err(StayCause::Replaced);
    }
    claims.take(name).map_err(gone)?;
    let removed = check(claims, name, file, digest).and_then(|()| Ok(claims.remove(name)?));
    removed.map_err(|cause| match claims.put_back(name) {
        Ok(()) => cause,
        Err(error) => StayCause::NotPutBack {
            at: claims.path(name),
            error: error.into(),
        },
    })
}

/// Checks that a claimed file is what was packed.
fn check(
    claims: &Claims,
    name: &OsStr,
    file: &Source,
    digest: &blake3::Hash,
) -> Result<(), StayCause> {
    // It may have been replaced just before it was claimed.
    let claimed = claims.open(name)?;
    let is_unchanged = file.is_same(&claimed)?
        && digest_of(&claimed, file.size())? == *digest
        // Somebody may still have it open.
        && file.is_same(&claimed)?;
    match is_unchanged {
        true => Ok(()),
        false => Err(StayCause::Changed),
    }
}

/// Returns the BLAKE3 of a file, of which no more than one byte beyond its size is
/// read: otherwise a file that grows faster than it is read would never end.
fn digest_of(file: &File, size: u64) -> io::Result<blake3::Hash> {
    let mut file = file.take(size.saturating_add(1));
    let mut hash = blake3::Hasher::new();
    let mut buffer = vec![0; BUFFER];
    loop {
        match file.read(&mut buffer) {
            Ok(0) => return Ok(hash.finalize()),
            Ok(length) => {
                hash.update(buffer.get(..length).unwrap_or_default());
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}
