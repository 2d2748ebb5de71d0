//! What a service reports.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::batch_id::BatchId;
use super::error::ServiceError;
use super::state::State;
use crate::keys::Recipients;
use crate::message::{MessageId, SealPlan};
use crate::sources::Source;

/// Something that happened in a service.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// The whole spool was looked through, and what changes in it is noticed.
    Watching,
    /// A file was sealed: it is durable in the outbox.
    SealedCall(&'a SealedCall<'a>),
    /// Files were sealed: they are durable in the outbox.
    Sealed {
        /// The number of files.
        files: usize,
        /// Their size in bytes.
        bytes: u64,
        /// The archive of the batch.
        archive: &'a Path,
    },
    /// Sealed files were removed or moved.
    Released {
        /// The number of files.
        files: u64,
        /// Their size in bytes.
        bytes: u64,
    },
    /// A file was changed after it was sealed. It will be sealed anew.
    ChangedSince {
        /// The file.
        path: &'a Path,
    },
    /// A file was written to at the moment when it was removed or moved: what was
    /// written then isn't sealed.
    WrittenAtTheEnd {
        /// The file.
        path: &'a Path,
    },
    /// The archive of a batch was removed before its files were. They are sealed anew.
    ArchiveGone {
        /// The archive.
        archive: &'a Path,
    },
    /// The archive of a batch was changed before its files were removed. They are sealed
    /// anew.
    ArchiveChanged {
        /// The archive.
        archive: &'a Path,
    },
    /// The files of a batch are gone, but that couldn't be flushed. It's bundled after a
    /// restart.
    Unflushed {
        /// The archive.
        archive: &'a Path,
    },
    /// The archive of a batch is damaged, and was put aside. The others go on without
    /// it.
    Damaged {
        /// Where it is now.
        archive: &'a Path,
        /// The cause.
        error: &'a ServiceError,
    },
    /// The archive of a batch was damaged, and is whole again. Its calls are bundled.
    WholeAgain {
        /// The archive.
        archive: &'a Path,
    },
    /// The archive of a batch was damaged, and is whole again, but another one has its
    /// place. Both stay.
    WholeTwice {
        /// The archive.
        archive: &'a Path,
        /// The other one.
        other: &'a Path,
    },
    /// A message is complete in the outbox.
    Published {
        /// The name of its batch.
        batch: &'a str,
        /// The message.
        path: &'a Path,
        /// Its size in bytes.
        bytes: u64,
    },
    /// A message has another name in the outbox than its own, which can't be that of a
    /// file there. The sealed name is the true one.
    OtherName {
        /// The message.
        path: &'a Path,
        /// Its own name.
        name: &'a str,
        /// Why that can't be used.
        error: &'a ServiceError,
    },
    /// An archive is complete in the outbox.
    Bundled {
        /// The archive.
        archive: &'a Path,
        /// The number of its members.
        members: u64,
        /// Its size in bytes.
        bytes: u64,
    },
    /// The calls of a batch are in an archive that is complete in the outbox.
    InArchive {
        /// The name of the batch.
        batch: &'a str,
        /// The archive.
        archive: &'a Path,
    },
    /// A file can't be sealed now. It is tried again.
    Deferred {
        /// The file.
        path: &'a Path,
        /// The cause.
        reason: &'a str,
    },
    /// A file can't be sealed, and is left alone until it changes.
    SetAside {
        /// The file.
        path: &'a Path,
        /// The cause.
        reason: &'a str,
    },
    /// An entry of the spool is not a regular file.
    PassedOver {
        /// Its path.
        path: &'a Path,
        /// The cause.
        reason: &'a str,
    },
    /// The number of entries that aren't files and aren't named has changed.
    MorePassedOver {
        /// The number.
        count: u64,
    },
    /// Calls can't be sealed or let go, or an archive can't be made.
    Trouble {
        /// What can't be done.
        work: Work,
        /// The cause.
        error: &'a ServiceError,
        /// The time until the next try; `None` if the next service makes it.
        again_in: Option<Duration>,
    },
    /// The trouble is over.
    Recovered(Work),
    /// There are more directories than the system watches: they are looked through
    /// from time to time.
    Polling {
        /// The cause.
        reason: &'a str,
    },
    /// The system has lost notices. The whole spool is looked through.
    NoticesLost,
    /// It has tried to take over the present config, as it was told to.
    Reloaded,
    /// How the service does has changed.
    State(&'a State),
    /// A change of the config takes effect only after a restart.
    NeedsRestart {
        /// The setting.
        setting: &'static str,
    },
}

/// What may be in trouble.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// Sealing calls, and letting them go.
    Sealing,
    /// Making archives, or messages in the outbox.
    Archives,
}

/// A file that was sealed.
#[derive(Debug)]
pub struct SealedCall<'a> {
    /// The spool.
    pub(super) service: &'a Path,
    pub(super) file: &'a Source,
    pub(super) message: Option<MessageId>,
    pub(super) batch: &'a BatchId,
    pub(super) plan: &'a SealPlan,
}

impl SealedCall<'_> {
    /// Returns its path in the spool.
    pub fn path(&self) -> PathBuf {
        self.service.join(self.file.name())
    }

    /// Returns its size in bytes.
    pub fn bytes(&self) -> u64 {
        self.file.size()
    }

    /// Returns what finds its message again: the `id` that an index has. A CMS message has
    /// none.
    pub fn message(&self) -> Option<String> {
        self.message.map(MessageId::to_hex)
    }

    /// Returns the name of its batch.
    pub fn batch(&self) -> &str {
        self.batch.as_str()
    }

    /// Returns the recipients.
    pub fn recipients(&self) -> &Recipients {
        self.plan.recipients()
    }
}

/// Takes the reports of a service, from its thread.
pub trait Observer: Sync {
    /// Something has happened.
    fn note(&self, event: &Event<'_>);
}
