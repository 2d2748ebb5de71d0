//! Packing: files to one archive.

mod queue;
mod workers;

use std::collections::{HashMap, HashSet};
use std::io;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use crate::archive::MemberName;
use crate::jobs::error::Error;
use crate::jobs::progress::{Counted, Progress};
use crate::message::name_binding::literal_name;
use crate::message::{SealError, SealPlan, SealedFile, Sealer};
use crate::output::{Overwrite, PendingFile};
use crate::sources::{Source, SourceError};
pub(crate) use queue::{NextMember, Queue};
pub(crate) use workers::{Content, write_archive};

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
    progress.begin(files.len() as u64, total_size(files));
    let contents: Vec<FileContent<'_>> = files
        .iter()
        .map(|file| FileContent {
            file,
            plan,
            output,
            progress,
        })
        .collect();
    let written = write_archive(&contents, plan, output, overwrite, jobs, progress);
    let written = written.map_err(|failures| first(failures, output))?;
    Ok(Packed {
        members: files.len() as u64,
        plain: written.members.into_iter().fold(0, u64::saturating_add),
        archive: written.size,
    })
}

/// Nothing is left out of an archive: the first failure is that of all.
fn first(failures: Vec<Error>, output: &Path) -> Error {
    let missing = || Error::writing(output, io::Error::other("a member is missing"));
    failures.into_iter().next().unwrap_or_else(missing)
}

/// A file on its way into the archive.
struct FileContent<'a> {
    file: &'a PackedFile,
    plan: &'a SealPlan,
    output: &'a Path,
    progress: &'a dyn Progress,
}

impl Content for FileContent<'_> {
    /// The length of its plaintext in bytes.
    type Done = u64;

    fn seal<'a>(
        &'a self,
        number: usize,
        sealer: &mut Sealer<'_>,
        queue: &Queue<'a, PendingFile>,
    ) -> Result<u64, Error> {
        let source = &self.file.source;
        let write_error = |e| Error::writing(self.output, e);
        let mut content = Counted {
            source: source.open()?,
            progress: self.progress,
        };
        let mut sink = queue.sink(
            number,
            NextMember {
                name: &self.file.name,
                modified: source.modified,
                at_most: self.plan.at_most(source.size),
            },
        );
        let file = SealedFile {
            name: &literal_name(self.file.name.as_str()),
            modified: source.modified,
            length: Some(source.size),
        };
        let length = sealer
            .seal(&mut content, &file, &mut sink)
            .map_err(|error| match error {
                SealError::Read(e) => Error::from(SourceError::Io {
                    path: source.path.clone(),
                    error: e,
                }),
                SealError::OtherLength => Error::from(SourceError::ChangedWhileRead {
                    path: source.path.clone(),
                }),
                SealError::Write(e) => write_error(e),
                other => Error::Seal {
                    path: source.path.clone(),
                    error: other,
                },
            })?;
        // Only a file that stayed as it was gets its turn in the archive.
        content.source.finish()?;
        sink.finish().map_err(write_error)?;
        Ok(length)
    }

    fn check(&self) -> Result<(), Error> {
        Ok(())
    }
}
