//! Noticing files in the spool.

use std::path::Path;
use std::time::{Duration, Instant};

use rustix::fs::Stat;

use super::error::ServiceError;
use super::places::can_rename;
use super::report::Event;
use super::settling::Candidate;
use super::stamp::Stamp;
use super::tree::Tree;
use super::walk::{Entry, Found, look, walk};
use super::watches::{Notice, Watches};
use super::{OWN, Service};
use crate::files::cause;

/// The time for which files are unchanged that weren't renamed into the spool, if
/// the config asks for none.
const UNFINISHED: Duration = Duration::from_secs(10);

/// The number of entries that aren't files after which their reports are repeated.
const REPORTED: usize = 10_000;

/// The most files that are waited for. Others are found by a later look.
const MOST: usize = 250_000;

impl Service<'_> {
    /// Checks all directories of the spool before anything is done.
    pub(super) fn check_directories(&self) -> Result<(), ServiceError> {
        let mut refusal = None;
        let path_of = |path: &Path| self.spool.path.join(path);
        walk(
            &self.spool.root,
            Path::new(""),
            Some(&self.filter),
            |found| {
                if refusal.is_some() {
                    return;
                }
                refusal = match found {
                    Found::Directory(path, directory) => match can_rename(directory) {
                        Ok(true) => None,
                        Ok(false) => Some(ServiceError::NoRename {
                            path: path_of(path),
                        }),
                        Err(error) => Some(ServiceError::io(&path_of(path), error)),
                    },
                    Found::Mount(path) => Some(ServiceError::Mount {
                        path: path_of(&path),
                    }),
                    _ => None,
                };
            },
        );
        refusal.map_or(Ok(()), Err)
    }

    /// Begins to be notified of new files.
    pub(super) fn watch(&mut self) {
        match Watches::new(&self.spool.path) {
            Ok(watches) => self.watches = Some(watches),
            Err(error) => self.poll_instead(&cause(&error)),
        }
    }

    /// Looks at the whole spool.
    pub(super) fn scan(&mut self, now: Instant) {
        self.aside.begin_look();
        self.scan_below(Path::new(""), now);
        self.aside.end_look();
    }

    /// Takes what the system has noticed.
    pub(super) fn take_notices(&mut self, now: Instant) {
        let Some(watches) = &mut self.watches else {
            return;
        };
        let notices = match watches.take() {
            Ok(notices) => notices,
            Err(error) => {
                self.watches = None;
                self.poll_instead(&cause(&error));
                return;
            }
        };
        let mut tree = Tree::new(self.spool.root.clone());
        for notice in notices {
            let (directory, name, is_moved) = match notice {
                Notice::Overflow => {
                    self.observer.note(&Event::NoticesLost);
                    self.next_scan = now;
                    continue;
                }
                Notice::Appeared { directory, name } => (directory, name, false),
                Notice::MovedIn { directory, name } => (directory, name, true),
            };
            if directory.as_os_str().is_empty() && name == OWN {
                continue;
            }
            // Whatever isn't there any more needs nothing.
            let Ok(opened) = tree.open(&directory) else {
                continue;
            };
            match look(&opened, &directory, &name, Some(&self.filter)) {
                Some(Entry::Directory(path)) => self.scan_below(&path, now),
                Some(Entry::Found(Found::File(path, stat))) => {
                    self.observe(&path, &stat, now, is_moved);
                }
                // The next look at the whole spool reports them.
                Some(Entry::Found(_)) | None => {}
            }
        }
    }

    fn scan_below(&mut self, start: &Path, now: Instant) {
        let root = self.spool.root.clone();
        let mut files = Vec::new();
        let mut others = Vec::new();
        let mut watches = self.watches.take();
        let mut failed = None;
        let room = MOST.saturating_sub(self.settling.len());
        walk(&root, start, Some(&self.filter), |found| match found {
            Found::Directory(path, _) => {
                if let Some(watches) = &mut watches
                    && let Err(error) = watches.add(path)
                    && error.kind() != std::io::ErrorKind::NotFound
                {
                    failed = Some(cause(&error));
                }
            }
            Found::File(path, stat) => {
                if files.len() < room {
                    files.push((path, stat));
                }
            }
            Found::Special(path) => others.push((path, "not a regular file".to_owned())),
            Found::Mount(path) => {
                others.push((path, "another file system is mounted here".to_owned()));
            }
            Found::Unreadable(path, error) => others.push((path, cause(&error))),
        });
        self.watches = watches;
        if let Some(reason) = failed {
            self.poll_instead(&reason);
        }
        for (path, stat) in files {
            self.observe(&path, &stat, now, false);
        }
        for (path, reason) in others {
            self.pass_over(&path, &reason);
        }
    }

    fn observe(&mut self, path: &Path, stat: &Stat, now: Instant, is_moved: bool) {
        let file = Candidate::in_spool(path);
        let stamp = Stamp::of(stat);
        if self.aside.leaves_alone(&file, &stamp) {
            return;
        }
        let settle = self.settle(is_moved);
        self.settling.observe(file, stamp, now, settle);
    }

    /// Returns how long a file has to be unchanged.
    pub(super) fn settle(&self, is_moved: bool) -> Duration {
        match self.settings.settle {
            Duration::ZERO if !is_moved => UNFINISHED,
            settle => settle,
        }
    }

    fn pass_over(&mut self, path: &Path, reason: &str) {
        let file = Candidate::in_spool(path);
        if self.passed_over.len() >= REPORTED {
            self.passed_over.clear();
        }
        if self.passed_over.insert(file) {
            self.observer.note(&Event::PassedOver {
                path: &self.spool.path.join(path),
                reason,
            });
        }
    }

    fn poll_instead(&mut self, reason: &str) {
        if !std::mem::replace(&mut self.is_polling, true) {
            self.observer.note(&Event::Polling { reason });
        }
    }
}
