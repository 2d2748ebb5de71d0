//! Input files, opened so that nothing waits for ever.
//!
//! Every input file is opened here, except for those that are packed (see
//! [`sources`](crate::sources)). So no FIFO is waited for, and if the process
//! [remembers](crate::files::record::remember) its inputs, none of them is ever
//! an output.

use std::fs::{self, File, Metadata};
use std::io;
use std::path::Path;

use crate::files::FileId;
use crate::files::record;

/// A file that is neither a regular file nor a directory, nor open already.
#[derive(Debug, thiserror::Error)]
#[error("not a regular file")]
struct NotAFile;

/// Opens an input file.
///
/// A descriptor that is open already, named below `/dev/fd` (as shells do it
/// for `<(…)`) or as `/dev/stdin`, may also be a pipe or a terminal; and
/// `/dev/null` is an empty file.
///
/// # Errors
///
/// - [`IsADirectory`](io::ErrorKind::IsADirectory): it is a directory.
/// - [`InvalidInput`](io::ErrorKind::InvalidInput): it is a FIFO, a socket or
///   a device. These may never have a byte or an end.
/// - Any other error of opening it.
pub fn open(path: &Path) -> io::Result<File> {
    // It is checked before it's opened, since opening alone may wait for ever
    // or affect a device; and then again, as it may have been replaced.
    check(path, &fs::metadata(path)?)?;
    let file = open_at_once(path)?;
    let metadata = file.metadata()?;
    check(path, &metadata)?;
    if metadata.is_file() {
        record::note_read(FileId::of(path, &metadata)?);
    } else {
        let_wait(&file)?;
    }
    Ok(file)
}

/// Notes that standard input is read: the file behind it, if any, is an input
/// like others.
pub fn note_stdin() {
    #[cfg(unix)]
    if let Ok(stat) = rustix::fs::fstat(io::stdin()) {
        record::note_read(FileId::of_stat(&stat));
    }
}

/// Notes that a file is read which was opened elsewhere: an input like others.
pub fn note(file: &File) {
    #[cfg(unix)]
    if file.metadata().is_ok_and(|metadata| metadata.is_file())
        && let Ok(stat) = rustix::fs::fstat(file)
    {
        record::note_read(FileId::of_stat(&stat));
    }
    #[cfg(not(unix))]
    let _ = file;
}

/// Returns whether two paths lead to the same file.
pub fn is_same_file(a: &Path, b: &Path) -> bool {
    let id = |path| FileId::of(path, &fs::metadata(path)?);
    matches!((id(a), id(b)), (Ok(a), Ok(b)) if a == b)
}

/// Returns whether [`open`] refused a FIFO, a socket or a device.
pub fn is_not_a_file(error: &io::Error) -> bool {
    error.get_ref().is_some_and(|inner| inner.is::<NotAFile>())
}

fn check(path: &Path, metadata: &Metadata) -> io::Result<()> {
    if metadata.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    if metadata.is_file() || is_open_already(path) || path == Path::new("/dev/null") {
        return Ok(());
    }
    Err(io::Error::new(io::ErrorKind::InvalidInput, NotAFile))
}

/// Returns whether the path is that of a descriptor: its file was opened by the
/// caller, and is there to be read.
pub(crate) fn is_open_already(path: &Path) -> bool {
    let is_descriptor = |path: &Path| {
        let directory = path.parent().and_then(|parent| parent.canonicalize().ok());
        directory.is_some_and(|directory| {
            directory == Path::new("/dev/fd")
                || directory.starts_with("/proc") && directory.ends_with("fd")
        })
    };
    // /dev/stdin is a link to one.
    is_descriptor(path) || fs::read_link(path).is_ok_and(|target| is_descriptor(&target))
}

#[cfg(unix)]
fn open_at_once(path: &Path) -> io::Result<File> {
    use rustix::fs::{Mode, OFlags, open};
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
    let opened = rustix::io::retry_on_intr(|| open(path, flags, Mode::empty()))?;
    Ok(opened.into())
}

#[cfg(not(unix))]
fn open_at_once(path: &Path) -> io::Result<File> {
    File::options().read(true).open(path)
}

/// Makes reading from it wait until there is something.
#[cfg(unix)]
fn let_wait(file: &File) -> io::Result<()> {
    use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
    Ok(fcntl_setfl(file, fcntl_getfl(file)? - OFlags::NONBLOCK)?)
}

#[cfg(not(unix))]
fn let_wait(_file: &File) -> io::Result<()> {
    Ok(())
}
