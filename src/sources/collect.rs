//! The walk through the inputs.

use std::fs::{self, Metadata};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use walkdir::WalkDir;

use super::error::{SourceError, special};
use super::file::{Place, Source, Stamp};
use super::filter::Filter;
use super::name::{member_name, member_path};
use super::output::{OutputEntry, is_sealed_archive};
use crate::output::is_claim;

/// The options of collecting files.
#[derive(Debug, Clone, Default)]
pub struct SourceOptions {
    /// Follow symbolic links, and pack their targets.
    pub follow_links: bool,
    /// Pack only files that match one of these patterns; without patterns, all.
    ///
    /// A pattern without `/` matches the file name, in any directory; one with
    /// `/` the whole member path. `*` and `?` stay within a component, `**`
    /// crosses directories, `[…]` and `{…,…}` work as in a shell. Case matters.
    pub include: Vec<String>,
    /// Leave out files and directories that match one of these patterns, even
    /// if they are included or named.
    pub exclude: Vec<String>,
    /// The output of this run. If a walk finds the archive of an earlier run
    /// there, it leaves it out. Anything else there is refused, and so is an
    /// input that names it.
    pub output: Option<PathBuf>,
    /// Leave out files that were written to after this time. Something may still
    /// be writing to them.
    pub unchanged_since: Option<SystemTime>,
    /// Return no files, rather than an error, if there are none.
    pub may_be_empty: bool,
}

/// The files to pack, and notices for the user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sources {
    /// The files, sorted by their member paths.
    pub files: Vec<Source>,
    /// The files that were left out or renamed.
    pub notices: Vec<SourceNotice>,
}

/// A notice for the user that is not an error.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SourceNotice {
    /// A pattern of the include or exclude list that matches nothing. It may be
    /// mistyped.
    Unmatched {
        /// The pattern as it was given.
        pattern: String,
        /// Whether it is of the include list.
        included: bool,
    },
    /// A symbolic link that was left out.
    Link {
        /// The link.
        path: PathBuf,
    },
    /// A special file that was left out.
    Special {
        /// Its path.
        path: PathBuf,
        /// Its kind.
        kind: &'static str,
    },
    /// The files of a run that removes what it has packed, which it has claimed and
    /// neither removed nor put back. They were left out.
    Claimed {
        /// Their directory, which has a name of its own.
        path: PathBuf,
    },
    /// Files that were written to after the time that was given. They were left out.
    Young {
        /// Their number.
        files: usize,
    },
    /// The archive of an earlier run at the place of the output, left out.
    Output {
        /// Its path, as an input.
        path: PathBuf,
    },
    /// An input starts with `/` or `../`, which its member paths drop.
    Renamed {
        /// The input.
        path: PathBuf,
        /// Its member path; empty if it stands for the root of the archive.
        name: PathBuf,
    },
}

impl Sources {
    /// Finds the files of `inputs` (files, and directories with everything in
    /// them), sorted by the bytes of their member paths.
    ///
    /// A file that is named twice is found twice. The notices name every input with
    /// another member path, once for everything in it, and everything that a walk
    /// leaves out for a reason other than the patterns.
    ///
    /// Make the output after this: otherwise its temporary file in a walked
    /// directory would be found.
    ///
    /// # Errors
    ///
    /// Any [`SourceError`] except [`NulInFileList`](SourceError::NulInFileList).
    /// The first one ends the walk.
    pub fn collect(
        inputs: &[impl AsRef<Path>],
        options: &SourceOptions,
    ) -> Result<Self, SourceError> {
        let mut walk = Walk {
            filter: Filter::new(&options.include, &options.exclude)?,
            output: options.output.as_deref().and_then(OutputEntry::locate),
            follow_links: options.follow_links,
            unchanged_since: options.unchanged_since,
            young: 0,
            found: Sources {
                files: Vec::new(),
                notices: Vec::new(),
            },
        };
        for input in inputs {
            walk.input(input.as_ref())?;
        }
        let mut found = walk.found;
        if walk.young > 0 {
            let files = walk.young;
            found.notices.push(SourceNotice::Young { files });
        }
        let unmatched = walk.filter.unmatched().into_iter();
        let notices =
            unmatched.map(|(pattern, included)| SourceNotice::Unmatched { pattern, included });
        found.notices.extend(notices);
        if !options.may_be_empty {
            found.refuse_nothing(options)?;
        }
        found
            .files
            .sort_by(|one, other| one.name().cmp(other.name()));
        Ok(found)
    }

    /// Refuses to go on without any file.
    ///
    /// # Errors
    ///
    /// [`SourceError::Nothing`] if these options have left none.
    #[doc(hidden)]
    pub fn refuse_nothing(&self, options: &SourceOptions) -> Result<(), SourceError> {
        if !self.files.is_empty() {
            return Ok(());
        }
        let young = self.notices.iter().find_map(|notice| match notice {
            SourceNotice::Young { files } => Some(*files),
            _ => None,
        });
        Err(SourceError::Nothing {
            filtered: !options.include.is_empty() || !options.exclude.is_empty(),
            young: young.unwrap_or_default(),
        })
    }
}

struct Walk {
    filter: Filter,
    output: Option<OutputEntry>,
    follow_links: bool,
    unchanged_since: Option<SystemTime>,
    young: usize,
    found: Sources,
}

impl Walk {
    fn input(&mut self, input: &Path) -> Result<(), SourceError> {
        // Without its final slash "link/" is the link, and not its target.
        let path: PathBuf = input.components().collect();
        let found = if self.follow_links {
            fs::metadata(&path)
        } else {
            fs::symlink_metadata(&path)
        };
        let found = found.map_err(|error| SourceError::io(&path, error))?;
        let (member, dropped) = member_path(&path);
        if self.filter.excludes_tree_of(&member) {
            return Ok(());
        }
        if self.is_output(&path, &found) || self.is_output_file(&found) {
            return Err(SourceError::IsOutput { path });
        }
        if found.is_symlink() {
            return Err(SourceError::Link { path });
        }
        if !found.is_dir() && !found.is_file() {
            let kind = special(found.file_type());
            return Err(SourceError::Special { path, kind });
        }
        if dropped {
            self.found.notices.push(SourceNotice::Renamed {
                path: path.clone(),
                name: member.clone(),
            });
        }
        if found.is_dir() {
            self.directory(&path, &member)
        } else if self.filter.includes(&member) {
            self.file(path, &member, &found)
        } else {
            Ok(())
        }
    }

    fn directory(&mut self, root: &Path, root_member: &Path) -> Result<(), SourceError> {
        let mut entries = WalkDir::new(root)
            .min_depth(1)
            .follow_links(self.follow_links)
            .follow_root_links(false)
            .into_iter();
        let member_of = |path: &Path| match path.strip_prefix(root) {
            Ok(below) => root_member.join(below),
            // This doesn't happen for paths from a walk of `root`.
            Err(_) => path.to_path_buf(),
        };
        while let Some(entry) = entries.next() {
            let entry = match entry {
                Ok(entry) => entry,
                // A dangling or looping link doesn't matter if it is excluded.
                Err(error)
                    if error
                        .path()
                        .is_some_and(|path| self.filter.excludes(&member_of(path))) =>
                {
                    continue;
                }
                Err(error) => return Err(walk_error(root, error)),
            };
            // Whatever the patterns are: nobody else knows of them.
            if entry.file_type().is_dir() && is_claim(entry.path()) {
                entries.skip_current_dir();
                let path = entry.into_path();
                self.found.notices.push(SourceNotice::Claimed { path });
                continue;
            }
            let member = member_of(entry.path());
            if self.filter.excludes(&member) {
                if entry.file_type().is_dir() {
                    entries.skip_current_dir();
                }
                continue;
            }
            let kind = entry.file_type();
            // A link or special file that is not on the include list is
            // reported nevertheless: nobody knows what is behind it.
            if kind.is_dir() || kind.is_file() && !self.filter.includes(&member) {
                continue;
            }
            let found = entry
                .metadata()
                .map_err(|error| walk_error(entry.path(), error))?;
            self.entry(entry.into_path(), &member, &found)?;
        }
        Ok(())
    }

    /// Collects or leaves out an entry that a walk has found.
    fn entry(&mut self, path: PathBuf, member: &Path, found: &Metadata) -> Result<(), SourceError> {
        if self.is_output(&path, found) {
            if !found.is_file() || !is_sealed_archive(&path) {
                return Err(SourceError::WouldReplace { path });
            }
            self.found.notices.push(SourceNotice::Output { path });
        } else if found.is_file() {
            return self.file(path, member, found);
        } else if found.is_symlink() {
            self.found.notices.push(SourceNotice::Link { path });
        } else if found.is_dir() {
            // It was something else when the walk listed it, so its files have
            // not been listed.
            return Err(SourceError::ChangedWhileRead { path });
        } else {
            let kind = special(found.file_type());
            self.found
                .notices
                .push(SourceNotice::Special { path, kind });
        }
        Ok(())
    }

    fn file(&mut self, path: PathBuf, member: &Path, found: &Metadata) -> Result<(), SourceError> {
        let modified = found
            .modified()
            .map_err(|error| SourceError::io(&path, error))?;
        if self.unchanged_since.is_some_and(|then| modified > then) {
            self.young += 1;
            return Ok(());
        }
        let Some(name) = member_name(member) else {
            return Err(SourceError::NotUtf8 { path });
        };
        self.found.files.push(Source {
            place: Place::new(path, name),
            size: found.len(),
            modified,
            stamp: Stamp::of(found),
            follow_links: self.follow_links,
        });
        Ok(())
    }

    fn is_output_file(&self, found: &Metadata) -> bool {
        self.output
            .as_ref()
            .is_some_and(|output| output.is_file(found))
    }

    fn is_output(&self, path: &Path, found: &Metadata) -> bool {
        self.output
            .as_ref()
            .is_some_and(|output| output.is(path, found))
    }
}

/// Converts a walk's error. `below` is the walk's directory, for an error that
/// doesn't name one.
fn walk_error(below: &Path, error: walkdir::Error) -> SourceError {
    let path = error.path().unwrap_or(below).to_path_buf();
    match error.into_io_error() {
        Some(source) => SourceError::io(&path, source),
        // There is only one other kind.
        None => SourceError::Loop { path },
    }
}
