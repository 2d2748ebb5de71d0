//! `--move`: what becomes of the files that were packed.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::{Path, PathBuf};

use callseal::ErrorKind;
use callseal::files::cause;
use callseal::output::put_back;
use callseal::sources::{Removal, Source, SourceNotice};
use serde::Serialize;

use crate::cli::facts::PathFact;
use crate::cli::suspects::Suspect;
use crate::cli::ui::{SHOWN, Ui, count};

/// Puts back the files that killed runs have claimed, where a walk has found them.
/// Returns those that have their places again.
pub fn put_back_claimed(notices: &[SourceNotice], ui: &Ui) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for notice in notices {
        let SourceNotice::Claimed { path } = notice else {
            continue;
        };
        match put_back(path) {
            Ok(done) => {
                for (file, error) in done.refused {
                    let (file, cause) = (file.display(), cause(&error));
                    ui.warning(&format!("{file}: it can't be put back: {cause}"));
                }
                files.extend(done.files);
            }
            Err(error) => {
                let (path, cause) = (path.display(), cause(&error));
                ui.warning(&format!("{path}: what is in it can't be put back: {cause}"));
            }
        }
    }
    let lines = files.iter().map(|file| {
        let file = file.display();
        format!("{file}: put back; a run that was killed had claimed it")
    });
    warn(lines, files.len(), ui);
    files
}

/// The files that stay after they were packed, by their numbers, and why.
#[derive(Default)]
pub struct Stays(BTreeMap<usize, String>);

impl Stays {
    /// Finds the files that this run has read as certificates, keys or config. It must
    /// look before anything reads the files to pack in the same way.
    pub fn of_inputs(files: &[Source]) -> Self {
        let inputs = files.iter().enumerate().filter(|(_, file)| file.is_input());
        let stays = inputs.map(|(number, _)| (number, "this run reads it, so it stays".into()));
        Self(stays.collect())
    }

    /// Adds the private keys: without its key, an archive is lost.
    pub fn add_keys(&mut self, files: &[Source], suspects: &[Suspect]) {
        let keys = suspects.iter().filter(|suspect| suspect.holds_key());
        let keys: HashSet<&Path> = keys.map(Suspect::path).collect();
        for (number, file) in files.iter().enumerate() {
            if keys.contains(file.path()) {
                let why = || "it may be the key that opens the archive, so it stays".into();
                self.0.entry(number).or_insert_with(why);
            }
        }
    }

    /// Adds what could not be removed.
    pub fn add_removal(&mut self, removal: &Removal) {
        for file in &removal.not_removed {
            self.0.insert(file.number, file.cause.to_string());
        }
    }

    /// Returns the numbers of the files.
    pub fn numbers(&self) -> BTreeSet<usize> {
        self.0.keys().copied().collect()
    }

    /// Returns what they mean for the exit status.
    pub fn kind(&self) -> Option<ErrorKind> {
        (!self.0.is_empty()).then_some(ErrorKind::Partial)
    }

    pub fn warn(&self, files: &[Source], ui: &Ui) {
        let lines = self.0.iter().filter_map(|(number, why)| {
            let file = files.get(*number)?;
            Some(format!("{}: {why}", file.path().display()))
        });
        warn(lines, self.0.len(), ui);
    }

    /// Returns the paths of the files that were moved.
    pub fn others<'a>(&'a self, files: &'a [Source]) -> impl Iterator<Item = PathFact<'a>> {
        let others = files.iter().enumerate();
        let others = others.filter(|(number, _)| !self.0.contains_key(number));
        others.map(|(_, file)| PathFact(file.path()))
    }

    pub fn facts<'a>(&'a self, files: &'a [Source]) -> impl Iterator<Item = StayFacts<'a>> {
        self.0.iter().filter_map(|(number, why)| {
            let path = PathFact(files.get(*number)?.path());
            Some(StayFacts { path, why })
        })
    }

    /// Returns the end of the summary, with this verb.
    pub fn summary(&self, files: &[Source], removed: &str) -> String {
        match (files.len(), self.0.len()) {
            (1, 0) => format!(", and {removed} it"),
            (_, 0) => format!(", and {removed} them"),
            (all, stay) => {
                let others = all.saturating_sub(stay);
                format!(", and {removed} {others} of them")
            }
        }
    }
}

/// Returns what a removal means for the exit status besides the files that stay.
pub fn kind(removal: &Removal) -> Option<ErrorKind> {
    (!removal.not_flushed.is_empty()).then_some(ErrorKind::Partial)
}

/// Returns the directories that could not be flushed.
pub fn unflushed(removal: &Removal) -> impl Iterator<Item = PathFact<'_>> {
    let directories = removal.not_flushed.iter();
    directories.map(|(path, _)| PathFact(path))
}

/// Warns of directories that could not be flushed.
pub fn warn_of_unflushed(removal: &Removal, ui: &Ui) {
    let lines = removal.not_flushed.iter().map(|(directory, error)| {
        let (directory, cause) = (directory.display(), cause(error));
        format!(
            "{directory}: what was removed from it may be there again after a power failure: {cause}"
        )
    });
    warn(lines, removal.not_flushed.len(), ui);
}

/// Shows the first of these lines, or all of them on demand.
fn warn(lines: impl Iterator<Item = String>, all: usize, ui: &Ui) {
    let most = if ui.is_verbose() { usize::MAX } else { SHOWN };
    lines.take(most).for_each(|line| ui.warning(&line));
    if let Some(more @ 1..) = all.checked_sub(most) {
        let more = count(more as u64, "more file");
        ui.warning(&format!("{more} like these; -v or --json lists them all"));
    }
}

/// The facts of a file that stays.
#[derive(Serialize)]
pub struct StayFacts<'a> {
    path: PathFact<'a>,
    why: &'a str,
}
