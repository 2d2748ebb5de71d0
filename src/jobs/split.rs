//! Publishing the messages of an archive as single files.

use std::collections::BTreeSet;
use std::fs::{self, DirBuilder};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use super::archive_file::{ArchiveFile, member_error, open_cause};
use super::disk::forget;
use super::error::Error;
use super::job::Job;
use super::new_entry::stored_name;
use crate::archive::{Member, without_ending};
use crate::files::input;
use crate::message::OpenError;
use crate::output::{Access, Directory, Overwrite, PendingFile};

/// The bytes that are copied at a time.
const BUFFER: usize = 256 * 1024;

/// The bytes that are compared first: different messages differ there.
const FIRST: usize = 4 * 1024;

/// The most names that are tried for a message.
const NAMES: u32 = 10_000;

/// A message of an archive that has a file of its own.
#[derive(Debug)]
pub(crate) struct Published {
    pub path: PathBuf,
    pub size: u64,
    /// Whether it wasn't there before.
    pub is_new: bool,
    /// Why it doesn't have its own name.
    pub fallback: Option<Fallback>,
}

/// Why a message has another name than its own.
#[derive(Debug)]
pub(crate) struct Fallback {
    /// The name that it would have.
    pub stored: String,
    /// Why that can't be used.
    pub error: Error,
}

impl Job<'_> {
    /// Writes each message of an archive to a file of its own below a directory, by
    /// its stored name. If that is taken by another message, a number is added.
    ///
    /// A message whose name can't be that of a file there is called by its number, in
    /// the directory `fallback`: a name keeps no other message back. `is_of_all` says
    /// of which errors another name is no remedy.
    ///
    /// Returns what is there and flushed, also if a later message has failed.
    pub(crate) fn split(
        &self,
        archive: &ArchiveFile,
        directory: &Path,
        fallback: &str,
        is_of_all: impl Fn(&Error) -> bool,
    ) -> (Vec<Published>, Result<(), Error>) {
        let mut published = Vec::new();
        let mut outcome = Ok(());
        for (place, member) in archive.members().enumerate() {
            let numbered = format!("{fallback}/{:04}", place + 1);
            match publish_or_fall_back(archive, member, directory, &numbered, &is_of_all) {
                Ok(done) => published.push(done),
                Err(error) => {
                    outcome = Err(error);
                    break;
                }
            }
        }
        if let Err(error) = flush(directory, &published) {
            // A flush that failed is never repeated: they are written anew.
            for Published { path, .. } in published.iter().filter(|new| new.is_new) {
                let _ = fs::remove_file(path);
            }
            return (Vec::new(), Err(error));
        }
        (published, outcome)
    }
}

/// Writes a message under its own name, or under another one if it can't have that.
fn publish_or_fall_back(
    archive: &ArchiveFile,
    member: &Member,
    directory: &Path,
    fallback: &str,
    is_of_all: impl Fn(&Error) -> bool,
) -> Result<Published, Error> {
    let stored = stored_name(member).map_err(|cause| member_error(member, cause))?;
    match publish_as_free(archive, member, &stored, directory) {
        Err(error) if !matches!(error, Error::Member { .. }) && !is_of_all(&error) => {
            let (_, ending) = plain(&stored);
            let short = format!("{fallback}{ending}");
            let done = publish_as_free(archive, member, &short, directory)?;
            let fallback = Some(Fallback { stored, error });
            Ok(Published { fallback, ..done })
        }
        other => other,
    }
}

/// Writes a message under the first name that is free, unless that was done before.
fn publish_as_free(
    archive: &ArchiveFile,
    member: &Member,
    stored: &str,
    directory: &Path,
) -> Result<Published, Error> {
    for number in 1..NAMES {
        let path = directory.join(numbered(stored, number));
        let is_new = match publish(archive, member, &path) {
            Err(Error::Exists { .. }) if !is_copy(archive, member, &path)? => continue,
            Err(Error::Exists { .. }) => false,
            other => other.map(|()| true)?,
        };
        return Ok(Published {
            path,
            size: member.size(),
            is_new,
            fallback: None,
        });
    }
    let path = directory.join(stored);
    Err(Error::Exists { path })
}

/// Flushes all directories on the way to what was published.
fn flush(root: &Path, published: &[Published]) -> Result<(), Error> {
    let mut directories = BTreeSet::new();
    for Published { path, .. } in published {
        let above = path.ancestors().skip(1);
        directories.extend(above.take_while(|above| above.starts_with(root)));
    }
    for path in directories {
        let flushed = Directory::open(path).and_then(|directory| directory.flush_surely());
        flushed.map_err(|error| Error::writing(path, error))?;
    }
    Ok(())
}

fn publish(archive: &ArchiveFile, member: &Member, path: &Path) -> Result<(), Error> {
    let write_error = |error| Error::writing(path, error);
    if let Some(directory) = path.parent() {
        let made = DirBuilder::new().recursive(true).create(directory);
        // What is in the way of a directory isn't another message.
        made.map_err(|error| Error::reading(directory, error))?;
        // One that can't be read can't be flushed.
        let readable = fs::read_dir(directory).map(drop);
        readable.map_err(|error| Error::reading(directory, error))?;
    }
    let mut file =
        PendingFile::create(path, Access::Shared, Overwrite::Refuse).map_err(write_error)?;
    file.set_modified(member.modified());
    let mut source = open(archive, member)?;
    let mut buffer = vec![0; BUFFER];
    loop {
        let piece = read(&mut source, member, &mut buffer)?;
        if piece.is_empty() {
            break;
        }
        file.write_all(piece).map_err(write_error)?;
    }
    let committed = file.commit().map_err(write_error);
    let is_there = matches!(committed, Ok(()) | Err(Error::NotFlushed { .. }));
    let checked = committed.and_then(|()| match is_copy(archive, member, path)? {
        true => Ok(()),
        false => Err(write_error(io::Error::other(
            "what is read back is not what was written",
        ))),
    });
    if is_there && checked.is_err() {
        // What can't be trusted isn't kept.
        let _ = fs::remove_file(path);
    }
    checked
}

/// Returns whether a file has the same bytes as a message.
fn is_copy(archive: &ArchiveFile, member: &Member, path: &Path) -> Result<bool, Error> {
    let fail = |error| Error::reading(path, error);
    let mut file = input::open(path).map_err(fail)?;
    if file.metadata().map_err(fail)?.len() != member.size() {
        return Ok(false);
    }
    forget(&file);
    let mut source = open(archive, member)?;
    let mut own = vec![0; FIRST];
    let mut other = vec![0; FIRST];
    loop {
        let own_piece = read(&mut source, member, &mut own)?;
        if own_piece.is_empty() {
            return Ok(true);
        }
        let (other_piece, _) = other.split_at_mut(own_piece.len());
        match file.read_exact(other_piece) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(false),
            other => other.map_err(fail)?,
        }
        if own_piece != other_piece {
            return Ok(false);
        }
        own.resize(BUFFER, 0);
        other.resize(BUFFER, 0);
    }
}

fn open<'a>(archive: &'a ArchiveFile, member: &Member) -> Result<impl Read + 'a, Error> {
    let opened = archive.read(member);
    opened.map_err(|cause| member_error(member, cause))
}

/// Reads the next piece of a message; an empty one at its end.
fn read<'b>(
    source: &mut impl Read,
    member: &Member,
    buffer: &'b mut [u8],
) -> Result<&'b [u8], Error> {
    let read = source
        .read(buffer)
        .map_err(|error| member_error(member, open_cause(OpenError::Read(error))))?;
    Ok(buffer.split_at(read).0)
}

/// Returns the name of the sealed file, and the ending of its message.
fn plain(stored: &str) -> (&str, &str) {
    let name = without_ending(stored).unwrap_or(stored);
    (name, stored.get(name.len()..).unwrap_or_default())
}

/// Adds a number to the name of the sealed file: `a-2.wav.pgp`.
fn numbered(stored: &str, number: u32) -> String {
    if number == 1 {
        return stored.to_owned();
    }
    let (name, ending) = plain(stored);
    let last = name.rfind('/').map_or(0, |slash| slash + 1);
    let dot = name.get(last + 1..).and_then(|rest| rest.rfind('.'));
    let (stem, extension) = match dot {
        Some(dot) => name.split_at(last + 1 + dot),
        None => (name, ""),
    };
    format!("{stem}-{number}{extension}{ending}")
}

#[cfg(test)]
mod tests {
    use super::numbered;

    #[test]
    fn a_number_comes_before_the_ending_of_the_sealed_file() {
        for (stored, second) in [
            ("a/b.wav.pgp", "a/b-2.wav.pgp"),
            ("a.b/c.pgp", "a.b/c-2.pgp"),
            (".hidden.p7m", ".hidden-2.p7m"),
            ("b.pgp", "b-2.pgp"),
        ] {
            assert_eq!(numbered(stored, 1), stored);
            assert_eq!(numbered(stored, 2), second);
        }
    }
}
