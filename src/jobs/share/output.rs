//! Writing a shared archive.

use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;

use super::change::Change;
use super::{BUFFER, Planned};
use crate::archive::{ArchiveWriter, Member};
use crate::index::{self, IndexWriter, Listed};
use crate::jobs::archive_file::{ArchiveFile, member_error, open_cause};
use crate::jobs::error::{Error, MemberCause};
use crate::jobs::job::Job;
use crate::jobs::new_entry::{EntryWriter, NewEntry, copy_entry, stored_name};
use crate::jobs::same_bytes::{Again, changed};
use crate::jobs::tail::{Kept, Tail};
use crate::jobs::written_entry::EntryHasher;
use crate::keys::{Recipient, Recipients};
use crate::message::{
    Format, MessageFault, OpenError, OpenMessage, SealOptions, SealPlan, Session, SharedMessage,
};
use crate::output::{Access, PendingFile, directory_of};
use crate::read_ahead::reading_ahead;

/// The size in bytes from which a member is worth a thread that reads ahead.
const LARGE: u64 = 1024 * 1024;

/// A shared archive before it is written.
pub(super) struct Output<'a> {
    pub job: &'a Job<'a>,
    pub archive: &'a ArchiveFile,
    pub change: &'a Change,
    /// Who can read the index.
    pub readers: Vec<Recipient>,
    pub planned: &'a [Planned<'a>],
    /// Whether the other entries of the archive are copied.
    pub keeps_others: bool,
}

/// What was written.
#[derive(Default)]
pub(super) struct Written {
    /// The size of the archive in bytes.
    pub size: u64,
    /// The number of members in its index.
    pub listed: Option<usize>,
    /// The members whose old checksum was wrong.
    pub damaged: Vec<String>,
}

impl Output<'_> {
    /// Returns the number of members that the index lists; `None` if it isn't
    /// worth while, or nobody may read it.
    pub fn listed(&self) -> Option<usize> {
        let listed = self.planned.iter().filter(|planned| planned.is_listed);
        let listed = listed.count();
        (self.job.has_index && !self.readers.is_empty() && listed > 1).then_some(listed)
    }

    /// Writes the archive, in the place of the one that it is made from or to a
    /// new file. Some entries may be kept of that one.
    pub fn write(
        &self,
        path: &Path,
        in_place: bool,
        kept: Vec<Kept<'_>>,
    ) -> Result<Written, Error> {
        let write_error = |error| Error::writing(path, error);
        let pending = match in_place {
            true => PendingFile::replacing(path, self.archive.archive.source()),
            false => PendingFile::create(path, Access::Shared, self.job.overwrite),
        };
        let mut archive = ArchiveWriter::new(pending.map_err(write_error)?);
        let listed = self.listed();
        let index = match listed {
            Some(members) => self.index(members, path)?,
            None => None,
        };
        let tail = Tail::new(index).signed_by(self.job.signing, &directory_of(path));
        let mut tail = tail.map_err(write_error)?;
        let mut written = Written {
            listed,
            ..Written::default()
        };
        let mut planned = self.planned.iter().peekable();
        for entry in self.archive.entries() {
            let is_it = |planned: &&Planned<'_>| planned.member.offset() == entry.offset();
            if let Some(planned) = planned.next_if(is_it) {
                let (new, session) = self.member(archive, planned, path, &mut written, &tail)?;
                archive = new.archive;
                tail.note(&new.stored, entry.modified(), &new.hashes)
                    .map_err(write_error)?;
                if let Some(index) = tail.index.as_mut().filter(|_| planned.is_listed)
                    && let Some(session) = session
                {
                    let listed = Listed {
                        size: planned.proof.size,
                        modified: planned.proof.modified,
                        session,
                    };
                    let name = planned.proof.name.as_str();
                    index
                        .push(&new.stored, name, &listed)
                        .map_err(write_error)?;
                }
                self.job.progress.member();
            } else if self.keeps_others {
                let new = copy_entry(archive, self.archive, entry, path, tail.hasher())?;
                archive = new.archive;
                // The time of the index is that of the newest member.
                let modified = std::time::SystemTime::UNIX_EPOCH;
                tail.note(&new.stored, modified, &new.hashes)
                    .map_err(write_error)?;
            }
        }
        let (archive, _) = tail.write(archive, self.job.signing, kept, path)?;
        let pending = archive.finish().map_err(write_error)?;
        let size = pending.as_file().metadata().map_err(write_error)?.len();
        pending.commit().map_err(write_error)?;
        Ok(Written { size, ..written })
    }

    /// Begins the index. It has a fresh session key: who could read the old one
    /// can't read this one by that.
    fn index(&self, members: usize, path: &Path) -> Result<Option<IndexWriter>, Error> {
        let mut listed = self.planned.iter().filter(|planned| planned.is_listed);
        let is_v2 = listed.all(|planned| planned.proof.format == Format::Rfc9580);
        // The members' recipients are hidden in the index as well.
        let hides = |planned: &Planned<'_>| {
            let difference = &planned.difference;
            difference.anonymous > 0 && !difference.anonymous_go
        };
        let options = SealOptions {
            format: Some(match is_v2 {
                true => Format::Rfc9580,
                false => Format::Rfc4880,
            }),
            hidden_recipients: self.planned.iter().any(hides),
            ..SealOptions::default()
        };
        let plan = SealPlan::new(Recipients::of(self.readers.clone()), options)?;
        let mut members_planned = self.planned.iter().map(|planned| planned.member);
        let hides_names = members_planned.any(Member::hides_name);
        let directory = directory_of(path);
        IndexWriter::new(&plan, index::NAME, members as u64, hides_names, &directory)
            .map_err(|error| Error::sealing(path, path, error))
    }

    /// Writes a member with other recipients. Returns its session, if it has an
    /// identifier.
    fn member<W: Write + io::Seek>(
        &self,
        archive: ArchiveWriter<W>,
        planned: &Planned<'_>,
        path: &Path,
        written: &mut Written,
        tail: &Tail,
    ) -> Result<(NewEntry<W>, Option<Session>), Error> {
        let member = planned.member;
        let fail = |cause| member_error(member, cause);
        let (source, checksum) = self.archive.read_leniently(member).map_err(fail)?;
        let source = self.archive.checked(member, source).map_err(fail)?;
        let check = source.check();
        let source = Again::new(source, planned.proof.seen);
        let hasher = tail.hasher();
        let (new, session) = match self.job.workers.get() > 1 && member.size() >= LARGE {
            true => reading_ahead(source, |source| {
                self.shared(archive, planned, source, path, hasher)
            }),
            false => {
                let source = BufReader::with_capacity(BUFFER, source);
                self.shared(archive, planned, source, path, hasher)
            }
        }?;
        check
            .finish()
            .map_err(|error| fail(open_cause(error.into())))?;
        // All of the others was opened before.
        if !checksum.is_right() && planned.proof.format.is_chunked() {
            self.check_all(planned).map_err(fail)?;
        }
        if !checksum.is_right() {
            written.damaged.push(planned.proof.name.as_str().to_owned());
        }
        Ok((new, session))
    }

    fn shared<W: Write + io::Seek>(
        &self,
        archive: ArchiveWriter<W>,
        planned: &Planned<'_>,
        source: impl BufRead + Send + Sync,
        path: &Path,
        hasher: EntryHasher,
    ) -> Result<(NewEntry<W>, Option<Session>), Error> {
        let Planned {
            member,
            proof,
            difference,
            ..
        } = planned;
        let fail = |cause| member_error(member, cause);
        let write_error = |error| Error::writing(path, error);
        let message = SharedMessage::open(source).map_err(open_cause);
        let mut message = message.map_err(fail)?;
        // Its recipients were found when it was read before.
        let found = self.change.of_member(self.archive, &message, proof);
        if !found.is_ok_and(|found| found == *difference) {
            return Err(fail(open_cause(changed().into())));
        }
        let key = proof.key().map_err(fail)?;
        self.change
            .apply(&mut message, difference, &key)
            .map_err(fail)?;
        let at_most = member.size().saturating_add(message.front_length() as u64);
        let stored = stored_name(member).map_err(fail)?;
        let entry = EntryWriter::begin(archive, stored, member.modified(), at_most, hasher);
        let mut entry = entry.map_err(write_error)?;
        let id = message
            .write_to(&key, &mut entry)
            .map_err(|error| match error {
                OpenError::Write(error) => write_error(error),
                error => fail(open_cause(error)),
            })?;
        let new = entry.end().map_err(write_error)?;
        Ok((new, id.map(|id| Session { id, key })))
    }

    /// Opens a member whose checksum is wrong, to its end. If it's authentic,
    /// only what preceded its sealed data was damaged.
    fn check_all(&self, planned: &Planned<'_>) -> Result<(), MemberCause> {
        let key = planned.proof.key()?;
        let source = self.archive.read_leniently(planned.member)?.0;
        let limits = crate::message::Limits::default();
        let message = OpenMessage::begin_with(source, &key, &limits).map_err(open_cause)?;
        let altered = || open_cause(MessageFault::Altered.into());
        let message = message.ok_or_else(altered)?;
        message
            .copy_to(&mut io::sink())
            .map(drop)
            .map_err(open_cause)
    }
}
