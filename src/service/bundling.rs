//! Archives of the outbox, made of sealed batches.

use std::collections::BTreeMap;
use std::time::SystemTime;

use super::batch_id::BatchId;
use super::error::ServiceError;
use super::making::Making;
use super::names::Names;
use super::sealing::SealedBatches;
use super::{Bundle, Loader, Service};
use crate::ArchiveFile;
use crate::archive::MemberName;
use crate::output::Directory;
use crate::timestamp::Timestamp;

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
    /// Makes the archives that are due, one at a time, beside the service if it has several
    /// workers. If all are due, this makes archives of everything that is ready, and waits
    /// for them.
    pub(super) fn bundle_due(
        &mut self,
        loader: &mut dyn Loader,
        all: bool,
    ) -> Result<(), ServiceError> {
        loop {
            let is_over = |making: &mut Making| all || making.is_over();
            if let Some(making) = self.making.take_if(is_over) {
                self.end_making(making)?;
                self.note_archives_made();
            }
            // Archives need the keys that sign. What can't be loaded is tried again before
            // calls are sealed.
            let has_keys = self.is_loaded || self.settings.bundle == Bundle::None;
            if self.making.is_some() || !has_keys {
                return Ok(());
            }
            self.making = self.next_making(loader, all)?;
            if self.making.is_none() {
                return Ok(());
            }
        }
    }

    /// Begins the next archive, if there is one to be made.
    fn next_making(
        &mut self,
        loader: &mut dyn Loader,
        all: bool,
    ) -> Result<Option<Making>, ServiceError> {
        if self.to_make.is_none() {
            let names = self.bundles.names();
            let names = names.map_err(|error| ServiceError::io(&self.bundles.path, error))?;
            self.to_make = Some(names.into());
        }
        if let Some(making) = self.next_archive(loader)? {
            return Ok(Some(making));
        }
        if self.settings.bundle == Bundle::None {
            return self.next_messages();
        }
        let sealed = self.sealed.directory().clone();
        for (day, ids) in self.due(all) {
            for ids in self.divide(ids)? {
                self.move_to_new(&day, &sealed, &ids)?;
            }
        }
        self.next_archive(loader)
    }

    /// Begins the first of the archives that are to be made.
    fn next_archive(&mut self, loader: &mut dyn Loader) -> Result<Option<Making>, ServiceError> {
        while let Some(name) = self.to_make.iter().flatten().next().cloned() {
            match self.begin_archive(&name, loader)? {
                None => self.is_made(),
                making => return Ok(making),
            }
        }
        Ok(None)
    }

    /// Begins to put the messages of the first batch into the outbox.
    fn next_messages(&mut self) -> Result<Option<Making>, ServiceError> {
        while let Some(id) = self.ready.keys().next().cloned() {
            if let Some(making) = self.begin_messages(&id)? {
                return Ok(Some(making));
            }
        }
        Ok(None)
    }

    /// Notes that the first of the archives that are to be made needs nothing any more.
    pub(super) fn is_made(&mut self) {
        if let Some(names) = &mut self.to_make {
            names.pop_front();
        }
    }

    /// Moves batches to the directory of a new archive, which is to be made.
    pub(super) fn move_to_new(
        &mut self,
        day: &str,
        from: &Directory,
        ids: &[BatchId],
    ) -> Result<(), ServiceError> {
        let service = &self.settings.name;
        let name = self.bundles.take_name(&self.outbox, service, day);
        let fail = |error| ServiceError::io(&self.bundles.path, error);
        let name = name.map_err(fail)?;
        // Those that have been moved go into it, whatever fails.
        let moved = self.bundles.move_batches(&name, from, ids);
        if let Some(names) = &mut self.to_make {
            names.push_back(name);
        }
        moved.map_err(fail)
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
            Bundle::None => Vec::new(),
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
}

impl SealedBatches {
    /// Returns what is in the archive of a batch; `None` if it has none.
    pub fn ready(&self, id: &BatchId) -> Result<Option<Ready>, ServiceError> {
        Ok(self.archive(id)?.map(|archive| Ready::of(&archive)))
    }
}
