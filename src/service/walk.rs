//! Finding the files below a directory.

use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::Stat;

use super::OWN;
use super::stamp::{is_directory, is_file};
use super::tree::Tree;
use crate::output::Directory;
use crate::sources::Filter;

/// The most directories that are below each other. Deeper ones are reported.
const DEPTH: usize = 128;

/// Something that was found.
pub(super) enum Found<'a> {
    /// A regular file.
    File(PathBuf, Stat),
    /// A directory that is entered now.
    Directory(&'a Path, &'a Directory),
    /// Neither a file nor a directory.
    Special(PathBuf),
    /// A directory of another file system, which isn't entered.
    Mount(PathBuf),
    /// Something that can't be read.
    Unreadable(PathBuf, io::Error),
}

/// Reports what is below `start`, a path below `root`: the directories before what
/// is in them.
///
/// What the filter excludes isn't reported, and neither are the service's own
/// files. What is gone meanwhile is passed over. It takes little memory, however much
/// there is.
pub(super) fn walk(
    root: &Arc<Directory>,
    start: &Path,
    filter: Option<&Filter>,
    mut on: impl FnMut(Found<'_>),
) {
    let device = root.own_stat().map(|stat| stat.st_dev).ok();
    let mut tree = Tree::new(root.clone());
    match tree.open(start) {
        Ok(directory) => Walk { device, filter }.enter(start, &directory, &mut on),
        Err(error) => unopened(start, error, &mut on),
    }
}

struct Walk<'f> {
    /// The device of the root.
    device: Option<u64>,
    filter: Option<&'f Filter>,
}

impl Walk<'_> {
    fn enter(&self, path: &Path, directory: &Directory, on: &mut dyn FnMut(Found<'_>)) {
        let device = directory.own_stat().map(|stat| stat.st_dev).ok();
        if device.is_none() || device != self.device {
            on(Found::Mount(path.to_owned()));
            return;
        }
        if path.components().count() > DEPTH {
            let error = io::Error::other(format!("it is more than {DEPTH} directories deep"));
            on(Found::Unreadable(path.to_owned(), error));
            return;
        }
        on(Found::Directory(path, directory));
        let read = directory.each_name(|name| {
            if path.as_os_str().is_empty() && name == OWN {
                return;
            }
            match look(directory, path, name, self.filter) {
                Some(Entry::Directory(below)) => match directory.below(name) {
                    Ok(directory) => self.enter(&below, &directory, on),
                    Err(error) => unopened(&below, error, on),
                },
                Some(Entry::Found(found)) => on(found),
                None => {}
            }
        });
        if let Err(error) = read {
            on(Found::Unreadable(path.to_owned(), error));
        }
    }
}

fn unopened(path: &Path, error: io::Error, on: &mut dyn FnMut(Found<'_>)) {
    if error.kind() != io::ErrorKind::NotFound {
        on(Found::Unreadable(path.to_owned(), error));
    }
}

/// An entry of a directory.
pub(super) enum Entry<'a> {
    /// A directory, to be walked.
    Directory(PathBuf),
    Found(Found<'a>),
}

/// Returns what has this name; `None` if nothing has it, or the filter excludes it.
pub(super) fn look<'a>(
    directory: &Directory,
    path: &Path,
    name: &OsStr,
    filter: Option<&Filter>,
) -> Option<Entry<'a>> {
    let path = path.join(name);
    if filter.is_some_and(|filter| filter.excludes_tree_of(&path)) {
        return None;
    }
    let stat = match directory.stat(name) {
        Ok(stat) => stat,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
        Err(error) => return Some(Entry::Found(Found::Unreadable(path, error))),
    };
    if is_directory(&stat) {
        return Some(Entry::Directory(path));
    }
    if filter.is_some_and(|filter| !filter.includes(&path)) {
        return None;
    }
    Some(Entry::Found(match is_file(&stat) {
        true => Found::File(path, stat),
        false => Found::Special(path),
    }))
}
