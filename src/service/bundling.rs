//! Archives of the outbox, made of sealed batches.

use std::collections::{BTreeMap, HashSet};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::batch_id::BatchId;
use super::claim::os;
use super::damaged::is_of_batch;
use super::error::ServiceError;
use super::faults::concerns_all;
use super::names::Names;
use super::report::Event;
use super::sealing::{SealedBatches, batches_in};
use super::{Bundle, Loader, Service};
use crate::archive::{Member, MemberName};
use crate::files::input;
use crate::timestamp::Timestamp;
use crate::{ArchiveFile, Error, Job, Sealed};

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

impl Service<'_> {
    /// Makes the archives that are due; or of everything that is ready.
    pub(super) fn bundle_due(
        &mut self,
        loader: &mut dyn Loader,
        all: bool,
    ) -> Result<(), ServiceError> {
        let path = self.bundles.path.clone();
        let fail = |error| ServiceError::io(&path, error);
        if !self.are_bundles_finished {
            for name in self.bundles.names().map_err(fail)? {
                self.bundle(&name, loader)?;
            }
            self.are_bundles_finished = true;
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
        let mut parts: Vec<(Names, Vec<BatchId>)> = Vec::new();
        for id in ids {
            let archive = self.sealed.archive(&id);
            let Some(Some(archive)) = self.unless_damaged(&id, archive)? else {
                // It isn't there any more.
                self.ready.remove(&id);
                continue;
            };
            let names = archive.members().map(|member| {
                let name = MemberName::parse(&member.shown_name());
                // One that can't be read is found when the archive is made.
                name.map(|name| name.collision_key()).unwrap_or_default()
            });
            let keys: Vec<String> = names.collect();
            match parts
                .iter_mut()
                .find_map(|(names, part)| names.add_all(&keys).then_some(part))
            {
                Some(part) => part.push(id),
                None => {
                    let mut names = Names::default();
                    names.add_all(&keys);
                    parts.push((names, vec![id]));
                }
            }
        }
        Ok(parts.into_iter().map(|(_, part)| part).collect())
    }

    /// Makes the archive of this name of the batches in its directory.
    fn bundle(&mut self, name: &str, loader: &mut dyn Loader) -> Result<(), ServiceError> {
        let path = self.bundles.path.join(name);
        let fail = |error| ServiceError::io(&path, error);
        let directory = self.bundles.directory.below(os(name)).map_err(fail)?;
        let ids = batches_in(&directory).map_err(fail)?;
        // They count for no other archive.
        for id in &ids {
            self.ready.remove(id);
        }
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
            Err(Error::Exists { .. }) if has_all(&output, &batches, self.workers)? => {
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
///
/// # Errors
///
/// It can't be looked at now: whether it has them isn't known.
fn has_all(path: &Path, batches: &[PathBuf], workers: NonZeroUsize) -> Result<bool, ServiceError> {
    let archive = match ArchiveFile::open(path) {
        Ok(archive) => archive,
        Err(error) => return not_sound(error),
    };
    let known: HashSet<(String, u64, u32)> = archive.members().map(identity).collect();
    for batch in batches {
        let batch = ArchiveFile::open(batch)?;
        if !batch
            .members()
            .map(identity)
            .all(|own| known.contains(&own))
        {
            return Ok(false);
        }
    }
    // Whoever made it may have been killed before it was flushed and read back.
    let opened = input::open(path).and_then(|file| file.sync_all());
    opened.map_err(|error| ServiceError::io(path, error))?;
    match Job::new().workers(workers).read_entries(path, None) {
        Ok(_) => Ok(true),
        Err(error) => not_sound(error),
    }
}

/// Passes on that an archive can't be read. One that isn't sound isn't the service's.
fn not_sound(error: Error) -> Result<bool, ServiceError> {
    match concerns_all(&error) {
        true => Err(error.into()),
        false => Ok(false),
    }
}

fn identity(member: &Member) -> (String, u64, u32) {
    let name = member.stored_name().into_owned();
    (name, member.size(), member.crc())
}

impl SealedBatches {
    /// Returns what is in the archive of a batch; `None` if it has none.
    pub fn ready(&self, id: &BatchId) -> Result<Option<Ready>, ServiceError> {
        Ok(self.archive(id)?.map(|archive| Ready::of(&archive)))
    }
}
