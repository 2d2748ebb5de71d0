//! The directories of the archives that are being made.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use super::OWN;
use super::batch_id::BatchId;
use super::claim::os;
use super::error::ServiceError;
use super::places::Place;
use crate::output::Directory;

/// Where they are, in the outbox's own directory.
pub(super) const BUNDLES: &str = "bundles";

/// The width of the number in an archive's name.
const DIGITS: usize = 4;

/// The length of the day in it: `2026-11-28`.
const DAY: usize = 10;

/// The number of days whose last directory stays.
const DAYS: usize = 7;

/// The archives that are being made.
///
/// Each has a directory of its name, to which the batches are moved that go into it.
/// The directory of the last one of a day stays, empty: no number is used twice, even
/// if somebody takes the archives away. Clocks are set back, too: those of some days
/// stay.
#[derive(Debug)]
pub(super) struct Bundles {
    pub path: PathBuf,
    pub directory: Arc<Directory>,
}

impl Bundles {
    pub fn open(outbox: &Place) -> Result<Self, ServiceError> {
        Ok(Self {
            path: outbox.path.join(OWN).join(BUNDLES),
            directory: outbox.below(BUNDLES)?,
        })
    }

    /// Returns the names of all archives that have a directory.
    pub fn names(&self) -> io::Result<Vec<String>> {
        let mut found = Vec::new();
        for name in self.directory.names()? {
            found.extend(name.into_string().ok());
        }
        found.sort();
        Ok(found)
    }

    /// Takes a name that no archive of this day has had, and makes its directory.
    pub fn take_name(&self, outbox: &Place, service: &str, day: &str) -> io::Result<String> {
        let start = format!("{service}-{day}");
        let number_of = |name: &str| {
            let name = ArchiveName::parse(name)?;
            (name.start == start).then_some(name.number)
        };
        let mut last = 0;
        for name in self.names()? {
            last = last.max(number_of(&name).unwrap_or(0));
        }
        for name in outbox.root.names()? {
            last = last.max(name.to_str().and_then(number_of).unwrap_or(0));
        }
        loop {
            last += 1;
            let name = format!("{start}-{last:0DIGITS$}.zip");
            match self.directory.make(os(&name)) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                other => {
                    other.and_then(|()| self.directory.flush())?;
                    return Ok(name);
                }
            }
        }
    }

    /// Moves batches to the directory of an archive.
    pub fn move_batches(&self, name: &str, from: &Directory, ids: &[BatchId]) -> io::Result<()> {
        let directory = self.directory.below(os(name))?;
        for id in ids {
            let archive = id.archive();
            match from.rename_into(os(&archive), &directory, os(&archive)) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                other => other?,
            }
        }
        directory.flush()?;
        from.flush()
    }

    /// Removes the batches that are in an archive, by their names, and the directories of
    /// earlier archives.
    pub fn finish<'a>(
        &self,
        name: &str,
        batches: impl Iterator<Item = &'a OsStr>,
    ) -> io::Result<()> {
        let directory = self.directory.below(os(name))?;
        for batch in batches {
            match directory.remove(batch) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                other => other?,
            }
        }
        directory.flush()?;
        let names = self.names()?;
        for other in outdated(name, &names) {
            // One that still has batches stays.
            let _ = self.directory.remove_directory(os(other));
        }
        self.directory.flush()
    }
}

/// The parts of an archive's name.
#[derive(Clone, Copy)]
struct ArchiveName<'a> {
    /// The service and the day.
    start: &'a str,
    day: &'a str,
    number: u64,
}

impl<'a> ArchiveName<'a> {
    fn parse(name: &'a str) -> Option<Self> {
        let (start, number) = name.strip_suffix(".zip")?.rsplit_once('-')?;
        Some(Self {
            start,
            day: start.get(start.len().checked_sub(DAY)?..)?,
            // No number that somebody may have put there is too large to go on from.
            number: number.parse::<u32>().ok()?.into(),
        })
    }
}

/// Returns those of the directories that are of no use when an archive is finished: a
/// later one of the same day is there, or several later days.
fn outdated<'a>(finished: &str, names: &'a [String]) -> Vec<&'a str> {
    let Some(finished) = ArchiveName::parse(finished) else {
        return Vec::new();
    };
    let known = |name: &'a String| Some((name.as_str(), ArchiveName::parse(name)?));
    let known = names.iter().filter_map(known);
    let days: BTreeSet<&str> = known.clone().map(|(_, other)| other.day).collect();
    let first_kept = days.into_iter().rev().nth(DAYS - 1);
    let is_outdated = |other: &ArchiveName<'_>| {
        let is_old = first_kept.is_some_and(|first| other.day < first);
        is_old && other.day != finished.day
            || other.start == finished.start && other.number < finished.number
    };
    known
        .filter(|(_, other)| is_outdated(other))
        .map(|(name, _)| name)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::outdated;

    fn after(finished: &str, names: &[&str]) -> Vec<String> {
        let names: Vec<String> = names.iter().map(|name| format!("a-b-{name}.zip")).collect();
        let outdated = outdated(&format!("a-b-{finished}.zip"), &names);
        outdated.into_iter().map(str::to_owned).collect()
    }

    #[test]
    fn the_directory_with_the_largest_number_of_a_day_stays() {
        let names = ["2026-11-28-9999", "2026-11-28-10000", "2026-11-29-0001"];
        let none: [&str; 0] = [];
        assert_eq!(after("2026-11-28-9999", &names), none);
        assert_eq!(
            after("2026-11-28-10000", &names),
            ["a-b-2026-11-28-9999.zip"]
        );
    }

    #[test]
    fn the_directories_of_seven_days_stay_even_if_the_clock_is_wrong() {
        let mut names = vec![
            "2026-11-20-0001",
            "2026-11-21-0003",
            "2026-11-22-0001",
            "2026-11-23-0001",
            "2026-11-24-0001",
            "2026-11-25-0001",
            "2026-11-26-0001",
            "2026-11-27-0001",
        ];
        assert_eq!(
            after("2026-11-27-0001", &names),
            ["a-b-2026-11-20-0001.zip"]
        );
        names.push("2101-01-01-0001");
        assert_eq!(
            after("2101-01-01-0001", &names),
            ["a-b-2026-11-20-0001.zip", "a-b-2026-11-21-0003.zip"]
        );
        // The day of the archive itself stays, whatever the clock says.
        assert_eq!(
            after("2026-11-20-0001", &names),
            ["a-b-2026-11-21-0003.zip"]
        );
    }
}
