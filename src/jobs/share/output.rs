//! Writing a shared archive.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::Path;

use super::change::Change;
use super::{BUFFER, Planned};
use crate::archive::{ArchiveWriter, Member, MemberFault, NameReading, without_ending};
use crate::index::{self, IndexWriter, Listed};
use crate::jobs::archive_file::{ArchiveFile, member_error, open_cause};
use crate::jobs::error::{Error, MemberCause};
use crate::jobs::job::Job;
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
    /// new file.
    pub fn write(&self, path: &Path, in_place: bool) -> Result<Written, Error> {
        let write_error = |error| Error::writing(path, error);
        let pending = match in_place {
            true => PendingFile::replacing(path, self.archive.archive.source()),
            false => PendingFile::create(path, Access::Shared, self.job.overwrite),
        };
        let mut archive = ArchiveWriter::new(pending.map_err(write_error)?);
        let listed = self.listed();
        let mut index = match listed {
            Some(members) => self.index(members, path)?,
            None => None,
        };
        let mut newest = std::time::SystemTime::UNIX_EPOCH;
        let mut written = Written {
            listed,
            ..Written::default()
        };
        let mut planned = self.planned.iter().peekable();
        for entry in self.archive.entries() {
            let is_it = |planned: &&Planned<'_>| planned.member.offset() == entry.offset();
            if let Some(planned) = planned.next_if(is_it) {
                newest = newest.max(entry.modified());
                let (writer, session) = self.member(archive, planned, path, &mut written)?;
                archive = writer;
                if let Some(index) = index.as_mut().filter(|_| planned.is_listed)
                    && let Some(session) = session
                {
                    let listed = Listed {
                        size: planned.proof.size,
                        modified: planned.proof.modified,
                        session,
                    };
                    let stored = stored_name(entry).map_err(|c| member_error(entry, c))?;
                    let name = planned.proof.name.as_str();
                    index.push(&stored, name, &listed).map_err(write_error)?;
                }
                self.job.progress.member();
            } else if self.keeps_others {
                archive = self.copy(archive, entry, path)?;
            }
        }
        if let Some(index) = index {
            let (mut index, length) = index.finish().map_err(write_error)?;
            let entry = archive.begin_stored(index::ENTRY, newest, length);
            let mut entry = entry.map_err(write_error)?;
            io::copy(&mut index, &mut entry).map_err(write_error)?;
            archive = entry.end().map_err(write_error)?;
        }
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
    ) -> Result<(ArchiveWriter<W>, Option<Session>), Error> {
        let member = planned.member;
        let fail = |cause| member_error(member, cause);
        let (source, checksum) = self.archive.read_leniently(member).map_err(fail)?;
        let (archive, session) = match self.job.workers.get() > 1 && member.size() >= LARGE {
            true => reading_ahead(source, |source| self.shared(archive, planned, source, path)),
            false => self.shared(
                archive,
                planned,
                BufReader::with_capacity(BUFFER, source),
                path,
            ),
        }?;
        // All of a CMS message was opened before.
        if !checksum.is_right() && session.is_some() {
            self.check_all(planned).map_err(fail)?;
        }
        if !checksum.is_right() {
            written.damaged.push(planned.proof.name.as_str().to_owned());
        }
        Ok((archive, session))
    }

    fn shared<W: Write + io::Seek>(
        &self,
        archive: ArchiveWriter<W>,
        planned: &Planned<'_>,
        source: impl BufRead + Send + Sync,
        path: &Path,
    ) -> Result<(ArchiveWriter<W>, Option<Session>), Error> {
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
        let key = proof.key().map_err(fail)?;
        self.change
            .apply(&mut message, difference, &key)
            .map_err(fail)?;
        let at_most = member.size().saturating_add(message.front_length() as u64);
        let stored = stored_name(member).map_err(fail)?;
        let entry = archive.begin_stored(&stored, member.modified(), at_most);
        let mut entry = entry.map_err(write_error)?;
        let id = message
            .write_to(&key, &mut entry)
            .map_err(|error| match error {
                OpenError::Write(error) => write_error(error),
                error => fail(open_cause(error)),
            })?;
        let archive = entry.end().map_err(write_error)?;
        Ok((archive, id.map(|id| Session { id, key })))
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

    /// Copies an entry as it is.
    fn copy<W: Write + io::Seek>(
        &self,
        archive: ArchiveWriter<W>,
        entry: &Member,
        path: &Path,
    ) -> Result<ArchiveWriter<W>, Error> {
        let fail = |cause| member_error(entry, cause);
        let write_error = |error| Error::writing(path, error);
        let stored = stored_name(entry).map_err(fail)?;
        let copied = archive.begin_stored(&stored, entry.modified(), entry.size());
        let mut copied = copied.map_err(write_error)?;
        let mut source = self.archive.read(entry).map_err(fail)?;
        let mut buffer = vec![0; BUFFER];
        loop {
            let read = source
                .read(&mut buffer)
                .map_err(|error| fail(open_cause(OpenError::Read(error))))?;
            let (piece, _) = buffer.split_at(read);
            if piece.is_empty() {
                return copied.end().map_err(write_error);
            }
            copied.write_all(piece).map_err(write_error)?;
        }
    }
}

/// Returns the name that an entry gets in the new archive: the one that it has,
/// unless that can be read in several ways.
fn stored_name(entry: &Member) -> Result<String, MemberCause> {
    if let Some(fault) = entry.fault() {
        return Err(fault.into());
    }
    let stored = entry.stored_name();
    let is_plain = matches!(entry.name_reading(), None | Some(NameReading::Hidden));
    if is_plain {
        return Ok(stored.into_owned());
    }
    let name = entry.name().map_err(MemberFault::Name)?;
    let ending = match without_ending(&stored) {
        Some(path) => stored.get(path.len()..).unwrap_or_default(),
        None if entry.is_directory() => "/",
        None => "",
    };
    Ok(format!("{name}{ending}"))
}
