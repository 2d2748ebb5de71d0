//! Noticing files in the spool.

use std::collections::HashSet;
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::fs::Stat;

use super::batch_id::BatchId;
use super::claim::{CLAIMS, directory};
use super::error::ServiceError;
use super::places::can_rename;
use super::report::Event;
use super::settling::Candidate;
use super::stamp::Stamp;
use super::tree::Tree;
use super::walk::{Entry, Found, look, walk};
use super::watches::{Notice, Watches};
use super::{OWN, POLL, RESCAN, Service};
use crate::files::cause;

/// The time for which files are unchanged that weren't renamed into the spool, if
/// the config asks for none.
const UNFINISHED: Duration = Duration::from_secs(10);

/// Why entries are passed over.
pub(super) const SPECIAL: &str = "not a regular file";
const MOUNT: &str = "another file system is mounted here";

/// The most directories that are walked at a time. If more have appeared, the whole spool
/// is looked at once instead.
const MOST_WALKS: usize = 8;

/// The least time between two looks at the whole spool. Whoever makes and moves
/// directories again and again doesn't keep the service from sealing.
const PAUSE: Duration = Duration::from_secs(1);

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

    /// Looks at the whole spool, and at the claims that aren't kept for a grace.
    pub(super) fn scan(&mut self) {
        self.left = 0;
        self.oldest = None;
        self.aside.begin_look();
        self.passed_over.begin_look();
        self.scan_below(Path::new(""));
        if self.is_recovered {
            self.scan_claims();
        }
        self.aside.end_look();
        if let Some(count) = self.passed_over.end_look() {
            self.observer.note(&Event::MorePassedOver { count });
        }
        self.last_scan = Instant::now();
        self.next_scan = self.last_scan
            + match self.is_polling {
                true => POLL,
                false => RESCAN,
            };
    }

    /// Looks at the whole spool soon.
    pub(super) fn scan_soon(&mut self) {
        self.next_scan = self.next_scan.min(self.last_scan + PAUSE);
    }

    /// Takes what the system has noticed.
    pub(super) fn take_notices(&mut self) {
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
        let mut directories = Vec::new();
        for notice in notices {
            let (directory, name, is_moved) = match notice {
                Notice::Overflow => {
                    self.observer.note(&Event::NoticesLost);
                    self.scan_soon();
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
                Some(Entry::Directory(path)) => directories.push(path),
                Some(Entry::Found(Found::File(path, stat))) => {
                    self.observe(Candidate::in_spool(&path), &stat, is_moved);
                }
                // The next look at the whole spool reports them.
                Some(Entry::Found(_)) | None => {}
            }
        }
        directories.sort_unstable();
        // Those below another one are walked with it.
        directories.dedup_by(|path, above| path.starts_with(above));
        if directories.len() > MOST_WALKS {
            self.scan_soon();
            return;
        }
        for path in directories {
            self.scan_below(&path);
        }
    }

    fn scan_below(&mut self, start: &Path) {
        let (root, filter) = (self.spool.root.clone(), self.filter.clone());
        let workers = self.workers.clone();
        walk(&root, start, Some(&filter), |found| {
            workers.pulse.beat();
            self.take_found(found);
        });
    }

    fn take_found(&mut self, found: Found<'_>) {
        match found {
            Found::Directory(path, _) => {
                if let Some(watches) = &mut self.watches
                    && let Err(error) = watches.add(path)
                    // What can't be read is reported for itself.
                    && !matches!(
                        error.kind(),
                        io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied
                    )
                {
                    self.poll_instead(&cause(&error));
                }
            }
            Found::File(path, stat) => {
                self.observe(Candidate::in_spool(&path), &stat, false);
            }
            Found::Special(path) => self.pass_over(&path, SPECIAL),
            Found::Mount(path) => self.pass_over(&path, MOUNT),
            Found::Unreadable(path, error) => self.pass_over(&path, &cause(&error)),
        }
    }

    /// Looks at the claims of batches that aren't kept for a grace: those that were set
    /// aside are tried again when they have changed.
    fn scan_claims(&mut self) {
        let kept: HashSet<BatchId> = self.waiting_ids().cloned().collect();
        let mut own = Tree::new(self.spool.own.clone());
        let names = own
            .open(Path::new(CLAIMS))
            .and_then(|claims| claims.names());
        // Nothing can be claimed then, which each batch reports.
        for name in names.unwrap_or_default() {
            let Some(id) = name.to_str().and_then(BatchId::parse) else {
                continue;
            };
            let is_kept = kept.contains(&id);
            if !is_kept || self.aside.len() > 0 {
                self.scan_claims_of(&id, is_kept, &mut own);
            }
        }
    }

    fn scan_claims_of(&mut self, id: &BatchId, is_kept: bool, own: &mut Tree) {
        let above = Path::new(OWN).join(directory(id));
        let batch = match own.open(&directory(id)) {
            Ok(batch) => batch,
            // It was let go meanwhile.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return,
            Err(error) => return self.pass_over(&above, &cause(&error)),
        };
        walk(&batch, Path::new(""), None, |found| match found {
            Found::Directory(..) => {}
            Found::File(path, stat) => {
                let file = Candidate::claimed(id, &path);
                match is_kept {
                    // Some of its files may have been set aside while others were sealed.
                    true => self.aside.note_found(&file),
                    false => self.observe(file, &stat, false),
                }
            }
            Found::Special(path) => self.pass_over(&above.join(path), SPECIAL),
            Found::Mount(path) => self.pass_over(&above.join(path), MOUNT),
            Found::Unreadable(path, error) => self.pass_over(&above.join(path), &cause(&error)),
        });
    }

    fn observe(&mut self, file: Candidate, stat: &Stat, is_moved: bool) {
        let stamp = Stamp::of(stat);
        if self.aside.leaves_alone(&file, &stamp) {
            return;
        }
        self.note_age(&file, stat);
        let settle = self.settle(is_moved);
        if !self.settling.observe(file, stamp, settle) {
            self.left += 1;
        }
    }

    /// Returns how long a file has to be unchanged.
    pub(super) fn settle(&self, is_moved: bool) -> Duration {
        match self.settings.settle {
            Duration::ZERO if !is_moved => UNFINISHED,
            settle => settle,
        }
    }

    /// Reports something that isn't a file, with its path below the spool.
    pub(super) fn pass_over(&mut self, path: &Path, reason: &str) {
        if self.passed_over.is_new(path, reason) {
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

#[cfg(test)]
mod tests {
    use std::fs;
    use std::num::NonZeroUsize;

    use super::{MOST_WALKS, PAUSE};
    use crate::service::Service;
    use crate::service::tests::{Silent, settings};

    #[test]
    fn many_new_directories_bring_the_next_look_forward() {
        let scene = tempfile::tempdir().unwrap();
        let settings = settings(scene.path());
        let (spool, made) = (settings.spool.clone(), scene.path().join("made"));
        fs::create_dir(&made).unwrap();
        let mut service = Service::open(settings, NonZeroUsize::MIN, &Silent).unwrap();
        service.watch();
        service.scan();
        let is_soon = |service: &Service<'_>| service.next_scan <= service.last_scan + PAUSE;
        assert!(!is_soon(&service));
        for number in 0..=MOST_WALKS {
            let [from, to] = [&made, &spool].map(|above| above.join(number.to_string()));
            fs::create_dir(&from).unwrap();
            fs::rename(from, to).unwrap();
        }
        service.take_notices();
        assert!(is_soon(&service));
    }
}
