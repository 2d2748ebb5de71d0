//! Grants: a few members of an archive, for somebody who is no recipient.

use std::io::{self, BufReader};
use std::path::{Path, PathBuf};

use super::not_shared;
use super::proof::{Believed, Proof};
use crate::archive::Member;
use crate::files::input;
use crate::index::{GRANT_NAME, Grant, Index, IndexFault, IndexWriter, Listed};
use crate::jobs::archive_file::{ArchiveFile, Members, member_error, open_cause};
use crate::jobs::error::{Error, ErrorKind, MemberCause};
use crate::jobs::job::Job;
use crate::jobs::same_bytes::Again;
use crate::keys::Recipients;
use crate::message::{
    Format, OpenError, OpenMessage, Opener, SealOptions, SealPlan, Session, SharedMessage,
    with_proven_key,
};
use crate::output::{Access, PendingFile, directory_of};
use crate::workers::work_on;

impl Job<'_> {
    /// Writes a grant to `output`: sealed to these recipients, it opens these
    /// members of the archive and no others. The archive stays as it is. Returns
    /// the names of the members, and why the index of the archive could not be
    /// used, if it is damaged.
    ///
    /// # Errors
    ///
    /// [`Error::NotShared`] with the failure of each member; or the grant can't
    /// be written. Nothing is written then.
    #[doc(hidden)]
    pub fn grant(
        &self,
        members: &Members<'_>,
        opener: &Opener<'_>,
        recipients: Recipients,
        output: &Path,
    ) -> Result<(Vec<String>, Option<Error>), Error> {
        let Members { archive, list, .. } = members;
        members.use_index(opener);
        self.progress.begin(list.len() as u64, members.total_size());
        let prove = |(): &mut (), _, member: &&Member| {
            let proven = refuse_cms(archive, member)
                .and_then(|()| Proof::of(archive, member, opener, Believed::default()))
                .and_then(|proof| Ok((session(archive, member, &proof)?, proof)));
            self.progress.member();
            Some(proven.map_err(Box::new))
        };
        let mut failures = members.index_errors();
        let is_of_index = |error: &mut Error| matches!(error, Error::Index { .. });
        let index_error = failures.extract_if(.., is_of_index).next();
        let mut proven = Vec::new();
        for (member, proof) in list.iter().zip(work_on(list, self.workers, || (), prove)) {
            match proof {
                Ok((session, proof)) => proven.push((*member, session, proof)),
                Err(cause) => failures.push(member_error(member, *cause)),
            }
        }
        if let Some(worst) = failures.iter().map(Error::kind).max() {
            return Err(not_shared(members, worst, failures, true));
        }
        let is_v1 = |(_, _, proof): &(_, _, Proof)| proof.format == Format::Rfc4880;
        let plan = plan(recipients, proven.iter().all(is_v1))?;
        let hides_names = proven.iter().any(|(member, ..)| member.hides_name());
        let write_error = |error| Error::writing(output, error);
        let seal_error = |error| Error::sealing(output, output, error);
        let mut pending =
            PendingFile::create(output, Access::Shared, self.overwrite).map_err(write_error)?;
        let members = proven.len() as u64;
        let directory = directory_of(output);
        let grant = IndexWriter::new(&plan, GRANT_NAME, members, hides_names, &directory);
        let Some(mut grant) = grant.map_err(seal_error)? else {
            return Err(write_error(io::Error::other("a grant is no CMS message")));
        };
        let mut names = Vec::with_capacity(proven.len());
        for (member, session, proof) in proven {
            let listed = Listed {
                size: proof.size,
                modified: proof.modified,
                session,
            };
            let name = proof.name.as_str();
            grant
                .push(&member.stored_name(), name, &listed)
                .map_err(write_error)?;
            names.push(name.to_owned());
        }
        let (mut sealed, _) = grant.finish().map_err(write_error)?;
        io::copy(&mut sealed, &mut pending).map_err(write_error)?;
        pending.commit().map_err(write_error)?;
        Ok((names, index_error))
    }
}

/// Refuses a member that is a CMS message. Others are judged when they are opened.
fn refuse_cms(archive: &ArchiveFile, member: &Member) -> Result<(), MemberCause> {
    match archive.shared_message(member) {
        Ok((SharedMessage::Cms(_), _)) => Err(MemberCause::NotGrantable),
        _ => Ok(()),
    }
}

/// Reads a member to its end, whose session key is proven by that, or was proven by
/// the same bytes.
fn session(archive: &ArchiveFile, member: &Member, proof: &Proof) -> Result<Session, MemberCause> {
    let key = proof.key()?;
    let (source, _) = archive.read_leniently(member)?;
    let source = BufReader::new(Again::new(source, proof.seen));
    let message = SharedMessage::open(source).map_err(open_cause)?;
    let id = message.write_to(&key, io::sink()).map_err(open_cause)?;
    let id = id.ok_or(MemberCause::NotGrantable)?;
    Ok(Session { id, key })
}

/// Messages of version 1 can be opened with GnuPG alone, and so can their grant.
fn plan(recipients: Recipients, is_v1: bool) -> Result<SealPlan, Error> {
    let options = |format| SealOptions {
        format,
        ..SealOptions::default()
    };
    if is_v1 && let Ok(plan) = SealPlan::new(recipients.clone(), options(Some(Format::Rfc4880))) {
        return Ok(plan);
    }
    Ok(SealPlan::new(recipients, options(None))?)
}

impl ArchiveFile {
    /// Opens a grant with a key, and uses it in place of the index: members that
    /// it grants open by it, and no others are [tried](Members::granted).
    ///
    /// # Errors
    ///
    /// The grant can't be read or doesn't open, is no grant, or belongs to
    /// another archive.
    #[doc(hidden)]
    pub fn use_grant(&mut self, grant: &Path, opener: &Opener<'_>) -> Result<(), Error> {
        let path = || PathBuf::from(grant);
        let file = || input::open(grant).map_err(|error| Error::reading(grant, error));
        // A failure to open the file is reported as such.
        drop(file()?);
        let read = with_proven_key(opener, IndexFault::is_of_message, |opener| {
            let file = file().map_err(|error| OpenError::Read(io::Error::other(error)))?;
            // Its sender need not have signed the calls.
            Grant::read(OpenMessage::begin(file, &opener.without_signers())?)
        });
        let mut unread = None;
        let index = read.and_then(|grant| {
            let members = self.members().filter_map(|member| {
                let message = self.shared_message(member);
                match message.and_then(|(message, _)| message.id().map_err(open_cause)) {
                    Ok(id) => Some((member, id?)),
                    Err(cause) => {
                        unread = unread.take().or_else(|| self.unread(cause));
                        None
                    }
                }
            });
            grant.index_of(members)
        });
        let misses = |index: &Index| !index.missing.is_empty();
        if let Ok(found) = &index
            && found.as_ref().is_none_or(misses)
            && let Some(error) = unread
        {
            return Err(error);
        }
        match index {
            Ok(Some(index)) => {
                self.index.replace_by_grant(index);
                Ok(())
            }
            Ok(None) => Err(Error::OtherArchive {
                grant: path(),
                archive: self.path().to_owned(),
            }),
            Err(IndexFault::Open(error)) => Err(Error::Open {
                path: path(),
                error,
            }),
            Err(fault) => Err(Error::Grant {
                grant: path(),
                fault: match fault {
                    IndexFault::OtherFile(name) => {
                        format!("it was sealed as {name:?}, not as a grant")
                    }
                    fault => fault.to_string(),
                },
            }),
        }
    }

    /// Returns the error that the archive can't be read, if that is the cause.
    fn unread(&self, cause: MemberCause) -> Option<Error> {
        if cause.kind() != ErrorKind::Io {
            return None;
        }
        let path = self.path().to_owned();
        match cause {
            MemberCause::Bytes(error) => Some(Error::Archive { path, error }),
            MemberCause::Open(error) => Some(Error::Open { path, error }),
            _ => None,
        }
    }
}
