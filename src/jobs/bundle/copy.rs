//! Copying the messages into an archive.

use std::io::{Seek, Write};

use super::input::{Item, ItemName, Sealed, fold};
use super::messages::{Copy, Messages};
use super::names::{Digests, Names};
use super::{Bundled, MessagePlace};
use crate::archive::ArchiveWriter;
use crate::jobs::error::Error;
use crate::jobs::new_entry::EntryWriter;
use crate::jobs::tail::Tail;
use crate::jobs::written_entry::EntryHashes;
use crate::message::Format;
use crate::workers::beside;

/// The largest message that is read into memory, in bytes.
const SMALL: u64 = 1024 * 1024;

/// The most bytes of messages that are read into memory together. While they are
/// written, as many are read.
const TOGETHER: u64 = 8 * 1024 * 1024;

/// An archive while messages are copied into it.
pub(super) struct Copying<'a> {
    messages: Messages<'a>,
    written: Written,
}

/// What was written into the archive.
struct Written {
    tail: Tail,
    members: usize,
    sealed: u64,
    formats: Vec<Format>,
}

/// A message, with the number of its input.
type Numbered<'a> = (usize, Item<'a>);

impl<'a> Copying<'a> {
    pub fn new(messages: Messages<'a>, tail: Tail) -> Self {
        let written = Written {
            tail,
            members: 0,
            sealed: 0,
            formats: Vec::new(),
        };
        Self { messages, written }
    }

    /// Copies all messages.
    pub fn all<W: Write + Seek>(
        &mut self,
        archive: ArchiveWriter<W>,
        from: &[Sealed<'_>],
        names: &Names,
    ) -> Result<ArchiveWriter<W>, Error> {
        let mut again = names.again();
        let ignore = |_| {};
        let archive = fold(from, archive, ignore, |mut archive, items| {
            let is_small = |(_, item): &Numbered<'_>| item.size() <= SMALL;
            for items in items.chunk_by(|one, next| is_small(one) && is_small(next)) {
                archive = match items {
                    [(input, item)] if item.size() > SMALL => {
                        let name = item.name()?;
                        again.add(*input, &name.stored);
                        self.large(archive, *item, name)?
                    }
                    small => self.small(archive, small, &mut again)?,
                };
            }
            Ok(archive)
        })?;
        names.compare(from, &again)?;
        Ok(archive)
    }

    /// Copies messages that fit into memory, some at a time. While these are written in
    /// their order, all workers read and check the next ones.
    fn small<W: Write + Seek>(
        &mut self,
        archive: ArchiveWriter<W>,
        items: &[Numbered<'_>],
        again: &mut Digests,
    ) -> Result<ArchiveWriter<W>, Error> {
        let Self { messages, written } = self;
        let mut archive = archive;
        let mut parts = Parts(items);
        let mut part = parts.next().unwrap_or_default();
        let mut copies = messages.read_all(part);
        while !part.is_empty() {
            let next = parts.next().unwrap_or_default();
            let write = || {
                for ((input, item), copy) in part.iter().zip(copies) {
                    let copy = copy.map_err(|error| *error)?;
                    again.add(*input, &copy.name.stored);
                    written.add(&mut archive, *item, &copy, messages)?;
                }
                Ok(())
            };
            let read = || messages.read_all(next);
            let (read, outcome) = beside(messages.job.workers, read, write);
            let outcome: Result<(), Error> = outcome;
            outcome?;
            (part, copies) = (next, read);
        }
        Ok(archive)
    }

    /// Copies a message of any size.
    fn large<W: Write + Seek>(
        &mut self,
        archive: ArchiveWriter<W>,
        item: Item<'_>,
        name: ItemName,
    ) -> Result<ArchiveWriter<W>, Error> {
        let Self { messages, written } = self;
        let write_error = |error| Error::writing(messages.output, error);
        let stored = name.stored.clone();
        let hasher = messages.hasher.clone();
        let entry = EntryWriter::begin(archive, stored, item.modified(), item.size(), hasher);
        let mut entry = entry.map_err(write_error)?;
        let envelope = messages.copy_item(item, &mut entry)?;
        messages.check(item, &name, &envelope)?;
        let new = entry.end().map_err(write_error)?;
        written.note(&new.stored, item, envelope.format, &new.hashes, messages)?;
        Ok(new.archive)
    }

    pub fn finish(self, left_out: Vec<MessagePlace>) -> (Tail, Bundled) {
        let Written {
            tail,
            members,
            sealed,
            formats,
        } = self.written;
        let bundled = Bundled {
            members,
            sealed,
            formats,
            left_out,
            archive: 0,
        };
        (tail, bundled)
    }
}

impl Written {
    /// Writes a message that was read.
    fn add<W: Write + Seek>(
        &mut self,
        archive: &mut ArchiveWriter<W>,
        item: Item<'_>,
        copy: &Copy,
        messages: &Messages<'_>,
    ) -> Result<(), Error> {
        let stored = &copy.name.stored;
        archive
            .add_stored(stored, item.modified(), &copy.octets, copy.crc)
            .map_err(|error| Error::writing(messages.output, error))?;
        self.note(stored, item, copy.format, &copy.hashes, messages)
    }

    /// Notes a message that is in the archive.
    fn note(
        &mut self,
        stored: &str,
        item: Item<'_>,
        format: Format,
        hashes: &EntryHashes,
        messages: &Messages<'_>,
    ) -> Result<(), Error> {
        let noted = self.tail.note(stored, item.modified(), hashes);
        noted.map_err(|error| Error::writing(messages.output, error))?;
        self.members += 1;
        self.sealed = self.sealed.saturating_add(item.size());
        if !self.formats.contains(&format) {
            self.formats.push(format);
        }
        messages.job.progress.member();
        Ok(())
    }
}

/// Messages in parts that fit into memory.
struct Parts<'s, 'a>(&'s [Numbered<'a>]);

impl<'s, 'a> Iterator for Parts<'s, 'a> {
    type Item = &'s [Numbered<'a>];

    fn next(&mut self) -> Option<Self::Item> {
        let mut sum: u64 = 0;
        let fits = |(_, item): &&Numbered<'_>| {
            sum = sum.saturating_add(item.size());
            sum <= TOGETHER
        };
        let count = self.0.iter().take_while(fits).count();
        let (part, rest) = self.0.split_at(count);
        self.0 = rest;
        (!part.is_empty()).then_some(part)
    }
}
