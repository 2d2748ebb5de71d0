//! Copying the messages, and checking them on the way.

use std::io::{self, BufReader, Read, Seek, Write};
use std::path::Path;

use super::fault::BundleFault;
use super::input::{Item, ItemName, Sealed, fold};
use super::names::{Digests, Names};
use super::{Bundled, MessagePlace};
use crate::archive::{ArchiveWriter, Ending, Member};
use crate::jobs::archive_file::{ArchiveFile, expands, open_cause};
use crate::jobs::error::{Error, MemberCause};
use crate::jobs::job::Job;
use crate::jobs::new_entry::EntryWriter;
use crate::jobs::progress::Counted;
use crate::jobs::tail::Tail;
use crate::jobs::written_entry::{EntryHasher, EntryHashes};
use crate::keys::{KeyHandle, Recipients};
use crate::message::{
    Armor, Envelope, Format, Inflated, Limits, MessageFault, MessageSink, OpenError, WholeMessage,
    form_of,
};
use crate::sources::{Source, SourceError};
use crate::workers::work_on;

/// The bytes that are copied at a time.
const BUFFER: usize = 256 * 1024;

/// The largest message that is read into memory, in bytes.
const SMALL: u64 = 1024 * 1024;

/// The most bytes of messages that are in memory together.
const IN_MEMORY: u64 = 16 * 1024 * 1024;

/// An archive while messages are copied into it.
pub(super) struct Copying<'a> {
    job: &'a Job<'a>,
    recipients: Option<&'a Recipients>,
    output: &'a Path,
    tail: Tail,
    limits: Limits,
    members: usize,
    sealed: u64,
    formats: Vec<Format>,
}

impl<'a> Copying<'a> {
    pub fn new(
        job: &'a Job<'a>,
        recipients: Option<&'a Recipients>,
        output: &'a Path,
        tail: Tail,
    ) -> Self {
        Self {
            job,
            recipients,
            output,
            tail,
            limits: Limits::default(),
            members: 0,
            sealed: 0,
            formats: Vec::new(),
        }
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
            let mut rest = items;
            while let Some(((input, item), others)) = rest.split_first() {
                let (small, larger) = rest.split_at(small_ones(rest));
                if small.is_empty() {
                    let name = item.name()?;
                    again.add(*input, &name.stored);
                    archive = self.large(archive, *item, name)?;
                    rest = others;
                } else {
                    self.small(&mut archive, small, &mut again)?;
                    rest = larger;
                }
            }
            Ok(archive)
        })?;
        names.compare(from, &again)?;
        Ok(archive)
    }

    /// Copies messages that fit into memory together: they are read and checked by
    /// all workers, and written in their order.
    fn small<W: Write + Seek>(
        &mut self,
        archive: &mut ArchiveWriter<W>,
        items: &[(usize, Item<'_>)],
        again: &mut Digests,
    ) -> Result<(), Error> {
        let read = |(): &mut (), _, (_, item): &(usize, Item<'_>)| {
            Some(self.read(*item).map_err(Box::new))
        };
        let copies = work_on(items, self.job.workers, || (), read);
        for ((input, item), copy) in items.iter().zip(copies) {
            let Copy {
                name,
                format,
                octets,
                crc,
                hashes,
            } = copy.map_err(|error| *error)?;
            again.add(*input, &name.stored);
            archive
                .add_stored(&name.stored, item.modified(), &octets, crc)
                .map_err(|error| Error::writing(self.output, error))?;
            self.note(&name.stored, *item, format, &hashes)?;
        }
        Ok(())
    }

    /// Reads a message into memory, and checks it.
    fn read(&self, item: Item<'_>) -> Result<Copy, Error> {
        let name = item.name()?;
        let mut sink = InMemory {
            octets: Vec::with_capacity(usize::try_from(item.size()).unwrap_or_default()),
            hasher: self.tail.hasher(),
        };
        let envelope = self.copy_item(item, &mut sink)?;
        self.check(item, &name, &envelope)?;
        Ok(Copy {
            name,
            format: envelope.format,
            crc: crc32fast::hash(&sink.octets),
            octets: sink.octets,
            hashes: sink.hasher.finish(),
        })
    }

    /// Copies a message of any size.
    fn large<W: Write + Seek>(
        &mut self,
        archive: ArchiveWriter<W>,
        item: Item<'_>,
        name: ItemName,
    ) -> Result<ArchiveWriter<W>, Error> {
        let write_error = |error| Error::writing(self.output, error);
        let stored = name.stored.clone();
        let hasher = self.tail.hasher();
        let entry = EntryWriter::begin(archive, stored, item.modified(), item.size(), hasher);
        let mut entry = entry.map_err(write_error)?;
        let envelope = self.copy_item(item, &mut entry)?;
        self.check(item, &name, &envelope)?;
        let new = entry.end().map_err(write_error)?;
        self.note(&new.stored, item, envelope.format, &new.hashes)?;
        Ok(new.archive)
    }

    /// Checks what a message shows to everybody.
    fn check(&self, item: Item<'_>, name: &ItemName, envelope: &Envelope) -> Result<(), Error> {
        if Ending::from(envelope.format) != name.ending {
            return Err(item.error(BundleFault::OtherEnding(envelope.format)));
        }
        self.job.refuse_signers_among(&envelope.recipients)?;
        match self.recipients {
            Some(recipients) => compare(envelope, recipients).map_err(|fault| item.error(fault)),
            None => Ok(()),
        }
    }

    /// Notes a message that is in the archive.
    fn note(
        &mut self,
        stored: &str,
        item: Item<'_>,
        format: Format,
        hashes: &EntryHashes,
    ) -> Result<(), Error> {
        let noted = self.tail.note(stored, item.modified(), hashes);
        noted.map_err(|error| Error::writing(self.output, error))?;
        self.members += 1;
        self.sealed = self.sealed.saturating_add(item.size());
        if !self.formats.contains(&format) {
            self.formats.push(format);
        }
        self.job.progress.member();
        Ok(())
    }

    fn copy_item(&self, item: Item<'_>, sink: &mut impl MessageSink) -> Result<Envelope, Error> {
        match item {
            Item::File(file) => self.file(file, item, sink),
            Item::Member(archive, member) => self.member(archive, member, item, sink),
        }
    }

    fn file(
        &self,
        file: &Source,
        item: Item<'_>,
        sink: &mut impl MessageSink,
    ) -> Result<Envelope, Error> {
        let mut source = file.open()?;
        let copied = self.copy(&mut source, file.size(), sink);
        let envelope = copied.map_err(|error| match error {
            OpenError::Write(error) => Error::writing(self.output, error),
            OpenError::Read(error) => {
                let path = file.path().to_owned();
                SourceError::Io { path, error }.into()
            }
            error => item.error(cause(error, || file.open().ok())),
        })?;
        source.finish()?;
        Ok(envelope)
    }

    fn member(
        &self,
        archive: &ArchiveFile,
        member: &Member,
        item: Item<'_>,
        sink: &mut impl MessageSink,
    ) -> Result<Envelope, Error> {
        let source = archive.read(member).map_err(|cause| item.error(cause))?;
        let source = Inflated::new(source, expands(member), &self.limits);
        self.copy(source, member.size(), sink)
            .map_err(|error| match error {
                OpenError::Write(error) => Error::writing(self.output, error),
                OpenError::Fault(_) => match archive.read_all(member) {
                    // What is wrong with it comes from that.
                    Err(damage) => item.error(damage),
                    Ok(()) => item.error(cause(error, || archive.read(member).ok())),
                },
                error => item.error(open_cause(error)),
            })
    }

    /// Copies a message of this size to its end. Returns what it shows to
    /// everybody.
    fn copy(
        &self,
        source: impl Read + Send + Sync,
        size: u64,
        sink: &mut impl MessageSink,
    ) -> Result<Envelope, OpenError> {
        let source = Counted {
            source,
            progress: self.job.progress,
        };
        // Most messages are small.
        let capacity = usize::try_from(size).map_or(BUFFER, |size| size.clamp(1, BUFFER));
        let message = WholeMessage::read(BufReader::with_capacity(capacity, source))?;
        let envelope = message.envelope().clone();
        if !envelope.format.is_authenticated() {
            return Err(MessageFault::NoIntegrityProtection.into());
        }
        message.copy_to(sink)?;
        Ok(envelope)
    }

    pub fn finish(self, left_out: Vec<MessagePlace>) -> (Tail, Bundled) {
        let bundled = Bundled {
            members: self.members,
            sealed: self.sealed,
            formats: self.formats,
            left_out,
            archive: 0,
        };
        (self.tail, bundled)
    }
}

/// A message that was read into memory.
struct Copy {
    name: ItemName,
    format: Format,
    octets: Vec<u8>,
    crc: u32,
    hashes: EntryHashes,
}

/// The sink of a message that is read into memory.
struct InMemory {
    octets: Vec<u8>,
    hasher: EntryHasher,
}

impl Write for InMemory {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        self.hasher.update(data);
        self.octets.write(data)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MessageSink for InMemory {
    fn begin_sealed(&mut self) {
        self.hasher.begin_sealed();
    }
}

/// Returns the number of messages at the start that are read into memory together.
fn small_ones(items: &[(usize, Item<'_>)]) -> usize {
    let mut sum: u64 = 0;
    let fits = |(_, item): &&(usize, Item<'_>)| {
        sum = sum.saturating_add(item.size());
        item.size() <= SMALL && sum <= IN_MEMORY
    };
    items.iter().take_while(fits).count()
}

/// Returns why something isn't a message in octets. `again` reads it once more.
fn cause<R: Read>(error: OpenError, again: impl FnOnce() -> Option<R>) -> MemberCause {
    let is_unknown = matches!(error, OpenError::Fault(MessageFault::NotAMessage));
    let form = is_unknown.then(again).flatten().map(form_of);
    match form {
        Some(Ok(form)) if form.armor != Armor::Binary => BundleFault::Text.into(),
        _ => open_cause(error),
    }
}

/// Refuses a message that isn't sealed to exactly these recipients.
pub(in crate::jobs) fn compare(
    envelope: &Envelope,
    recipients: &Recipients,
) -> Result<(), BundleFault> {
    let handles = || envelope.recipients.iter();
    if handles().any(|handle| *handle == KeyHandle::Hidden) {
        return Err(BundleFault::HiddenRecipient);
    }
    let missing = recipients
        .iter()
        .find(|recipient| !handles().any(|handle| recipient.is_named_by(handle)));
    let is_expected = |handle: &&KeyHandle| {
        let mut recipients = recipients.iter();
        recipients.any(|recipient| recipient.is_named_by(handle))
    };
    let unexpected = handles().find(|handle| !is_expected(handle));
    let unexpected = unexpected.map(KeyHandle::to_string);
    let unexpected = unexpected.or_else(|| envelope.others.first().cloned());
    if missing.is_some() || unexpected.is_some() {
        return Err(BundleFault::OtherRecipients {
            missing: missing.map(|recipient| recipient.label().to_owned()),
            unexpected,
        });
    }
    match envelope.passphrases {
        0 => Ok(()),
        _ => Err(BundleFault::Passphrase),
    }
}
