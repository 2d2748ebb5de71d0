//! Archives of the outbox, made of sealed batches.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use super::batch_id::BatchId;
use super::claim::os;
use super::damaged::is_of_batch;
use super::error::ServiceError;
use super::names::Names;
use super::places::Place;
use super::report::Event;
use super::sealing::{SealedBatches, batches_in};
use super::{Bundle, Loader, OWN, Service};
use crate::archive::MemberName;
use crate::files::input;
use crate::output::Directory;
use crate::timestamp::Timestamp;
use crate::{ArchiveFile, Error, Job, Sealed};

/// The directory of the archives that are being made, in the outbox's own directory.
const BUNDLES: &str = "bundles";

/// The width of the number in an archive's name.
const DIGITS: usize = 4;

/// A batch that has no claims any more.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ready {
    pub members: u64,
    pub bytes: u64,
}

impl Ready {
    pub fn of(archive: &ArchiveFile) -> Self {
        let (mut members, mut bytes) = (0, 0_u64);
        for member in archive.members() {
            members += 1;
            bytes = bytes.saturating_add(member.size());
        }
        Self { members, bytes }
    }
}

/// The archives that are being made.
///
/// Each has a directory of its name, to which the batches are moved that go into it.
/// The directory of the last one stays, empty: no number is used twice, even if
/// somebody takes the archives away.
#[derive(Debug)]
pub(super) struct Bundles {
    path: PathBuf,
    directory: Arc<Directory>,
}

impl Bundles {
    pub fn open(outbox: &Place) -> Result<Self, ServiceError> {
        Ok(Self {
            path: outbox.path.join(OWN).join(BUNDLES),
            directory: outbox.below(BUNDLES)?,
        })
    }

    /// Returns the names of all archives that have a directory.
    fn names(&self) -> io::Result<Vec<String>> {
        let mut found = Vec::new();
        for name in self.directory.names()? {
            found.extend(name.into_string().ok());
        }
        found.sort();
        Ok(found)
    }

    /// Returns the batches that go into an archive, in their order.
    fn batches(&self, name: &str) -> io::Result<Vec<BatchId>> {
        batches_in(&self.directory.below(os(name))?)
    }

    /// Takes a name that no archive of this day has had, and makes its directory.
    fn take_name(&self, outbox: &Place, service: &str, day: &str) -> io::Result<String> {
        let start = format!("{service}-{day}-");
        let number_of = |name: &str| {
            let number = name.strip_prefix(&start)?.strip_suffix(".zip")?;
            number.parse::<u32>().ok()
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
            let name = format!("{start}{last:0DIGITS$}.zip");
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
    fn move_batches(&self, name: &str, from: &Directory, ids: &[BatchId]) -> io::Result<()> {
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

    /// Removes the batches that are in an archive, and the directories of earlier
    /// archives.
    fn finish(&self, name: &str) -> io::Result<()> {
        let directory = self.directory.below(os(name))?;
        for id in self.batches(name)? {
            directory.remove(os(&id.archive()))?;
        }
        directory.flush()?;
        // The last one of each day stays: clocks are set back, too.
        let start = name.rsplit_once('-').map_or(name, |(day, _)| day);
        for other in self.names()? {
            if other.starts_with(start) && other.as_str() < name {
                // One that still has batches stays.
                let _ = self.directory.remove_directory(os(&other));
            }
        }
        self.directory.flush()
    }
}

impl Service<'_> {
    /// Makes the archives that are due; or of everything that is ready.
    pub(super) fn bundle_due(
        &mut self,
        loader: &mut dyn Loader,
        all: bool,
    ) -> Result<(), ServiceError> {
        let unfinished = self.bundles.names();
        let path = self.bundles.path.clone();
        let fail = |error| ServiceError::io(&path, error);
        if !std::mem::replace(&mut self.are_bundles_finished, true) {
            for name in unfinished.map_err(fail)? {
                let finished = self.bundle(&name, loader);
                self.are_bundles_finished &= finished.is_ok();
                finished?;
            }
        }
        for (day, ids) in self.due(all) {
            if self.settings.bundle == Bundle::None {
                self.publish(&ids)?;
                continue;
            }
            for ids in self.divide(ids)? {
                let service = &self.settings.name;
                let name = self.bundles.take_name(&self.outbox, service, &day);
                let name = name.map_err(fail)?;
                let moved = self
                    .bundles
                    .move_batches(&name, self.sealed.directory(), &ids);
                self.are_bundles_finished = false;
                moved.map_err(fail)?;
                for id in &ids {
                    self.ready.remove(id);
                }
                self.bundle(&name, loader)?;
                self.are_bundles_finished = true;
            }
        }
        Ok(())
    }

    /// Returns the batches that are due, by the archive that they go into: its day,
    /// and the batches.
    fn due(&self, all: bool) -> Vec<(String, Vec<BatchId>)> {
        let now = Timestamp(SystemTime::now()).to_string();
        let by_time = |part: fn(&BatchId) -> &str| {
            let mut groups: BTreeMap<&str, Vec<BatchId>> = BTreeMap::new();
            for id in self.ready.keys() {
                groups.entry(part(id)).or_default().push(id.clone());
            }
            let is_over = |time: &str| {
                let is_waited_for = |id| part(id) == time;
                !now.starts_with(time) && !self.waiting_ids().any(is_waited_for)
            };
            groups.retain(|time, _| all || is_over(time));
            let groups = groups.into_values();
            groups.filter_map(|ids| Some((ids.last()?.day().to_owned(), ids)))
        };
        match self.settings.bundle {
            Bundle::Daily => by_time(BatchId::day).collect(),
            Bundle::Hourly => by_time(BatchId::hour).collect(),
            Bundle::None => self.when_enough(true, |_| 1, 1),
            Bundle::Size(bytes) => self.when_enough(all, |ready| ready.bytes, bytes),
            Bundle::Count(members) => self.when_enough(all, |ready| ready.members, members),
        }
    }

    /// Returns groups of batches that have enough of something together; and of the
    /// rest, if all are due.
    fn when_enough(
        &self,
        all: bool,
        measure: impl Fn(&Ready) -> u64,
        enough: u64,
    ) -> Vec<(String, Vec<BatchId>)> {
        let mut groups = Vec::new();
        let (mut group, mut sum): (Vec<BatchId>, u64) = (Vec::new(), 0);
        let mut rest = self.ready.iter().peekable();
        while let Some((id, ready)) = rest.next() {
            group.push(id.clone());
            sum = sum.saturating_add(measure(ready));
            if sum >= enough || all && rest.peek().is_none() {
                groups.push((id.day().to_owned(), std::mem::take(&mut group)));
                sum = 0;
            }
        }
        groups
    }

    /// Divides batches, so that the names of each part can be in one archive.
    fn divide(&mut self, ids: Vec<BatchId>) -> Result<Vec<Vec<BatchId>>, ServiceError> {
        let mut parts = Vec::new();
        let mut rest = ids;
        while !rest.is_empty() {
            let mut names = Names::default();
            let (mut part, mut later) = (Vec::new(), Vec::new());
            for id in rest {
                let archive = self.sealed.archive(&id);
                let Some(Some(archive)) = self.unless_damaged(&id, archive)? else {
                    continue;
                };
                let fits = archive.members().all(|member| {
                    let name = MemberName::parse(&member.shown_name());
                    name.is_ok_and(|name| names.add(&name))
                });
                // The names of one batch fit each other.
                match fits || part.is_empty() {
                    true => part.push(id),
                    false => later.push(id),
                }
            }
            parts.push(part);
            rest = later;
        }
        parts.retain(|part| !part.is_empty());
        Ok(parts)
    }

    /// Makes the archive of this name of the batches in its directory.
    fn bundle(&mut self, name: &str, loader: &mut dyn Loader) -> Result<(), ServiceError> {
        let path = self.bundles.path.join(name);
        let fail = |error| ServiceError::io(&path, error);
        let directory = self.bundles.directory.below(os(name)).map_err(fail)?;
        let ids = batches_in(&directory).map_err(fail)?;
        match self.bundle_batches(name, &ids, loader) {
            // The others don't wait for those that are damaged.
            Err(ServiceError::Job(error))
                if is_of_batch(&error, &path) && self.put_damaged_aside(&directory, &ids)? =>
            {
                self.bundle(name, loader)
            }
            other => other,
        }
    }

    fn bundle_batches(
        &mut self,
        name: &str,
        ids: &[BatchId],
        loader: &mut dyn Loader,
    ) -> Result<(), ServiceError> {
        if ids.is_empty() {
            return Ok(());
        }
        let path = self.bundles.path.join(name);
        let fail = |error| ServiceError::io(&path, error);
        let batches: Vec<PathBuf> = ids.iter().map(|id| path.join(id.archive())).collect();
        let output = self.outbox.path.join(name);
        let sealed: Vec<Sealed> = batches.iter().cloned().map(Sealed::Archive).collect();
        let loaded = loader.load()?;
        let job = Job::new()
            .workers(self.workers)
            .signing(&loaded.signing)
            .removing();
        match job.bundle(&sealed, None, &output) {
            Ok(bundled) => self.observer.note(&Event::Bundled {
                archive: &output,
                members: bundled.members as u64,
                bytes: bundled.archive,
            }),
            // It was made before the last service ended.
            Err(Error::Exists { .. }) if has_all(&output, &batches)? => {
                self.outbox.root.flush().map_err(fail)?;
            }
            // Somebody else has put it there.
            Err(Error::Exists { .. }) => return self.bundle_under_another_name(name, ids, loader),
            // A flush that failed is never repeated: it's written anew.
            Err(error @ (Error::NotFlushed { .. } | Error::NotReadBack { .. })) => {
                let _ = self.outbox.root.remove(os(name));
                return Err(error.into());
            }
            Err(error) => return Err(error.into()),
        }
        self.bundles.finish(name).map_err(fail)
    }

    fn bundle_under_another_name(
        &mut self,
        name: &str,
        ids: &[BatchId],
        loader: &mut dyn Loader,
    ) -> Result<(), ServiceError> {
        let path = self.bundles.path.join(name);
        let fail = |error| ServiceError::io(&path, error);
        let day = ids.last().map(BatchId::day).unwrap_or_default();
        let service = &self.settings.name;
        let other = self
            .bundles
            .take_name(&self.outbox, service, day)
            .map_err(fail)?;
        let from = self.bundles.directory.below(os(name)).map_err(fail)?;
        self.bundles
            .move_batches(&other, &from, ids)
            .map_err(fail)?;
        self.bundle(&other, loader)
    }
}

/// Returns whether an archive has all messages of others.
fn has_all(path: &Path, batches: &[PathBuf]) -> Result<bool, ServiceError> {
    // What isn't a sound archive isn't one of the service's.
    let Ok(archive) = ArchiveFile::open(path) else {
        return Ok(false);
    };
    let known: std::collections::HashSet<(String, u64, u32)> = archive
        .members()
        .map(|member| {
            (
                member.stored_name().into_owned(),
                member.size(),
                member.crc(),
            )
        })
        .collect();
    for batch in batches {
        let batch = ArchiveFile::open(batch)?;
        let is_known = |member: &crate::archive::Member| {
            let own = (
                member.stored_name().into_owned(),
                member.size(),
                member.crc(),
            );
            known.contains(&own)
        };
        if !batch.members().all(is_known) {
            return Ok(false);
        }
    }
    // Whoever made it may have been killed before it was flushed and read back.
    let opened = input::open(path).and_then(|file| file.sync_all());
    opened.map_err(|error| ServiceError::io(path, error))?;
    Ok(Job::new().read_entries(path, None).is_ok())
}

impl SealedBatches {
    /// Returns what is in the archive of a batch; `None` if it has none.
    pub fn ready(&self, id: &BatchId) -> Result<Option<Ready>, ServiceError> {
        Ok(self.archive(id)?.map(|archive| Ready::of(&archive)))
    }
}
