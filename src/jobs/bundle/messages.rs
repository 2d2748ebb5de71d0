//! Reading the messages, and checking what they show to everybody.

use std::io::{self, BufReader, Read, Write};
use std::path::Path;

use super::fault::BundleFault;
use super::input::{Item, ItemName};
use crate::archive::{Ending, Member};
use crate::jobs::archive_file::{ArchiveFile, expands, open_cause};
use crate::jobs::error::{Error, MemberCause};
use crate::jobs::job::Job;
use crate::jobs::progress::Counted;
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

/// How messages are read. All workers use it.
pub(super) struct Messages<'a> {
    pub job: &'a Job<'a>,
    pub recipients: Option<&'a Recipients>,
    pub output: &'a Path,
    pub limits: Limits,
    /// What hashes each message, as far as that is needed.
    pub hasher: EntryHasher,
}

/// A message that was read into memory.
pub(super) struct Copy {
    pub name: ItemName,
    pub format: Format,
    pub octets: Vec<u8>,
    pub crc: u32,
    pub hashes: EntryHashes,
}

/// The sink of a message that is read into memory.
struct InMemory {
    octets: Vec<u8>,
    hasher: EntryHasher,
}

impl Write for InMemory {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        self.hasher.update_manifest(data);
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

impl Messages<'_> {
    /// Reads messages into memory with all workers, and checks them.
    pub fn read_all(&self, items: &[(usize, Item<'_>)]) -> Vec<Result<Copy, Box<Error>>> {
        let read = |(): &mut (), _, (_, item): &(usize, Item<'_>)| {
            Some(self.read(*item).map_err(Box::new))
        };
        work_on(items, self.job.workers, || (), read)
    }

    /// Reads a message into memory, and checks it.
    fn read(&self, item: Item<'_>) -> Result<Copy, Error> {
        let name = item.name()?;
        let mut sink = InMemory {
            octets: Vec::with_capacity(usize::try_from(item.size()).unwrap_or_default()),
            hasher: self.hasher.clone(),
        };
        let envelope = self.copy_item(item, &mut sink)?;
        self.check(item, &name, &envelope)?;
        sink.hasher.update_digest(&sink.octets);
        Ok(Copy {
            name,
            format: envelope.format,
            crc: crc32fast::hash(&sink.octets),
            octets: sink.octets,
            hashes: sink.hasher.finish(),
        })
    }

    /// Checks what a message shows to everybody.
    pub fn check(&self, item: Item<'_>, name: &ItemName, envelope: &Envelope) -> Result<(), Error> {
        if Ending::from(envelope.format) != name.ending {
            return Err(item.error(BundleFault::OtherEnding(envelope.format)));
        }
        self.job.refuse_signers_among(&envelope.recipients)?;
        match self.recipients {
            Some(recipients) => compare(envelope, recipients).map_err(|fault| item.error(fault)),
            None => Ok(()),
        }
    }

    pub fn copy_item(
        &self,
        item: Item<'_>,
        sink: &mut impl MessageSink,
    ) -> Result<Envelope, Error> {
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
