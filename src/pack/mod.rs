//! Packing: files to one archive.

mod queue;

use std::collections::{HashMap, HashSet};
use std::io;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use crate::archive::{ArchiveWriter, MemberName};
use crate::error::Error;
use crate::message::{MAX_LITERAL_NAME, SealError, SealPlan, Sealer};
use crate::output::{Access, Overwrite, PendingFile};
use crate::progress::{Counted, Progress};
use crate::sources::{Source, SourceError};
use queue::{Entry, PanicGuard, Queue};

/// A file that is to become a member.
#[derive(Clone, Debug)]
pub struct PackedFile {
    source: Source,
    name: MemberName,
}

impl PackedFile {
    /// The file.
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// The name of its member.
    pub fn name(&self) -> &MemberName {
        &self.name
    }
}

/// Gives every file its member name.
///
/// # Errors
///
/// A name that is unsafe, or that would be the same as another on some file
/// system: equal up to case and Unicode normalisation, or a file where
/// another needs a directory.
pub fn name_members(sources: Vec<Source>) -> Result<Vec<PackedFile>, Error> {
    let mut taken: HashMap<String, PathBuf> = HashMap::with_capacity(sources.len());
    let mut files = Vec::with_capacity(sources.len());
    for source in sources {
        let name = MemberName::parse(&source.name).map_err(|fault| Error::Name {
            path: source.path.clone(),
            fault,
        })?;
        if let Some(first) = taken.insert(name.collision_key(), source.path.clone()) {
            return Err(Error::SameName {
                first,
                second: source.path,
            });
        }
        files.push(PackedFile { source, name });
    }
    let mut checked: HashSet<String> = HashSet::new();
    for file in &files {
        let key = file.name.collision_key();
        let mut path = key.as_str();
        // Upwards until a directory that has been checked already.
        while let Some((directory, _)) = path.rsplit_once('/') {
            if let Some(first) = taken.get(directory) {
                return Err(Error::SameName {
                    first: first.clone(),
                    second: file.source.path.clone(),
                });
            }
            if !checked.insert(directory.to_owned()) {
                break;
            }
            path = directory;
        }
    }
    Ok(files)
}

/// The size of all files together, in bytes.
pub fn total_size(files: &[PackedFile]) -> u64 {
    let sizes = files.iter().map(|file| file.source.size);
    sizes.fold(0, u64::saturating_add)
}

/// What has been packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packed {
    /// How many members.
    pub members: u64,
    /// How many bytes of plaintext.
    pub plain: u64,
    /// The size of the archive in bytes.
    pub archive: u64,
}

/// Seals the files into a new archive at `output`, with `jobs` workers. The
/// archive is there when this returns `Ok`, complete and flushed to disk;
/// else nothing is.
///
/// Each worker needs some 12 MiB, and finished messages that wait for their
/// turn at most 32 MiB together, whatever the sizes of the files.
///
/// # Errors
///
/// The first failure of any file: nothing is left out of an archive.
pub fn pack(
    files: &[PackedFile],
    plan: &SealPlan,
    output: &Path,
    overwrite: Overwrite,
    jobs: NonZeroUsize,
    progress: &dyn Progress,
) -> Result<Packed, Error> {
    let write_error = |e: io::Error| Error::writing(output, e);
    let pending = PendingFile::create(output, Access::Shared, overwrite).map_err(write_error)?;
    progress.begin(files.len() as u64, total_size(files));

    let queue = Queue::new(ArchiveWriter::new(pending));
    let failure = Mutex::new(None);
    let taken = AtomicUsize::new(0);
    let plain = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for _ in 0..jobs.get().min(files.len()) {
            scope.spawn(|| {
                let _guard = PanicGuard(&queue);
                let mut sealer = plan.sealer();
                loop {
                    let number = taken.fetch_add(1, Ordering::Relaxed);
                    let Some(file) = files.get(number) else {
                        return;
                    };
                    if queue.has_failed() {
                        return;
                    }
                    match seal_file(number, file, plan, &mut sealer, &queue, output, progress) {
                        Ok(length) => {
                            plain.fetch_add(length, Ordering::Relaxed);
                            progress.member();
                        }
                        Err(error) => {
                            // Those who only lost their turn have nothing to say.
                            if queue.fail() {
                                let mut first =
                                    failure.lock().unwrap_or_else(PoisonError::into_inner);
                                *first = Some(error);
                            }
                            return;
                        }
                    }
                }
            });
        }
    });
    if let Some(error) = failure.into_inner().unwrap_or_else(PoisonError::into_inner) {
        return Err(error);
    }
    let writer = queue
        .into_writer()
        .ok_or_else(|| write_error(io::Error::other("a member is missing")))?;
    let pending = writer.finish().map_err(write_error)?;
    let archive = pending.as_file().metadata().map_err(write_error)?.len();
    pending.commit().map_err(write_error)?;
    Ok(Packed {
        members: files.len() as u64,
        plain: plain.into_inner(),
        archive,
    })
}

fn seal_file<'a>(
    number: usize,
    file: &'a PackedFile,
    plan: &SealPlan,
    sealer: &mut Sealer<'_>,
    queue: &Queue<'a, PendingFile>,
    output: &Path,
    progress: &dyn Progress,
) -> Result<u64, Error> {
    let source = &file.source;
    let mut content = Counted {
        source: source.open()?,
        progress,
    };
    let mut sink = queue.sink(
        number,
        Entry {
            name: &file.name,
            modified: source.modified,
            at_most: plan.at_most(source.size),
        },
    );
    let name = file.name.as_str();
    let name = if name.len() <= MAX_LITERAL_NAME {
        name
    } else {
        file.name.last_component()
    };
    let length = sealer
        .seal(&mut content, name, source.modified, &mut sink)
        .map_err(|error| match error {
            SealError::Read(e) => Error::from(SourceError::Io {
                path: source.path.clone(),
                source: e,
            }),
            SealError::Write(e) => Error::writing(output, e),
            other => Error::Seal {
                path: source.path.clone(),
                error: other,
            },
        })?;
    // Only a file that stayed as it was gets its turn in the archive.
    content.source.finish()?;
    sink.finish().map_err(|e| Error::writing(output, e))?;
    Ok(length)
}
