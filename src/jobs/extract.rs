//! Extracting: the members of an archive to files, or one of them to a pipe.

use std::io::{Read, Write};
use std::path::Path;

use crate::archive::{Member, MemberFault, MemberName};
use crate::jobs::archive_file::{ArchiveFile, Members, member_error, open_cause};
use crate::jobs::error::{Error, MemberCause};
use crate::jobs::extracted::{Extracted, Outcome};
use crate::jobs::extracted_files::ExtractedFiles;
use crate::jobs::job::Job;
use crate::jobs::opening::Begun;
use crate::jobs::places::Places;
use crate::jobs::progress::NoProgress;
use crate::jobs::signed_files::SeenSigners;
use crate::message::{OpenError, Opened, Opener, with_proven_key};
use crate::output::TargetDir;
use crate::workers::work_on;

/// The bytes that are copied at a time.
const BUFFER: usize = 64 * 1024;

impl Job<'_> {
    /// Extracts members below the directory `target`. A member that fails
    /// leaves nothing behind and doesn't stop the others.
    ///
    /// # Errors
    ///
    /// The target directory itself can't be used. The faults of single members
    /// are in [`Extracted`].
    pub fn extract(
        &self,
        members: &Members<'_>,
        opener: &Opener<'_>,
        target: impl AsRef<Path>,
    ) -> Result<Extracted, Error> {
        let target = target.as_ref();
        let directory = TargetDir::create(target).map_err(|error| Error::reading(target, error))?;
        let Members { archive, list, .. } = members;
        members.use_index(opener);
        self.progress.begin(list.len() as u64, members.total_size());
        let mut places = Places::of(list);
        if !self.other_files {
            places.leave_out(list, &|member| archive.was_never_sealed(member));
        }
        let extraction = Extraction {
            archive,
            directory: &directory,
            files: ExtractedFiles::new(&directory, self.overwrite),
            opener,
            places: &places,
            signers: SeenSigners::default(),
            job: self,
        };
        let extract = |(): &mut (), _, member: &&Member| {
            let name = places.name(member);
            let outcome = name.and_then(|name| match extraction.files.full() {
                None => extraction.member(member, name),
                // The others would fail in the same way.
                Some(error) => Err(MemberCause::Write {
                    path: target.join(name.as_str()),
                    error,
                }),
            });
            self.progress.member();
            Some(outcome.map_err(Box::new))
        };
        let outcomes = work_on(list, self.workers, || (), extract);
        let mut late = extraction.files.finish();
        let flushed = directory.finish();
        let flushed = flushed.err();
        let outcomes = list.iter().zip(outcomes).map(|(&member, outcome)| {
            let failed = late.remove(&member.offset());
            (member, failed.map_or(outcome, |cause| Err(Box::new(cause))))
        });
        let mut extracted = Extracted::of(members, outcomes);
        extracted.not_flushed = flushed.map(|(path, error)| Error::NotFlushed { path, error });
        Ok(extracted)
    }
}

/// The state that the members of one extraction share.
struct Extraction<'a> {
    archive: &'a ArchiveFile,
    directory: &'a TargetDir,
    files: ExtractedFiles<'a>,
    opener: &'a Opener<'a>,
    places: &'a Places<'a>,
    signers: SeenSigners,
    job: &'a Job<'a>,
}

impl Extraction<'_> {
    fn member(&self, member: &Member, name: &MemberName) -> Result<Outcome, MemberCause> {
        if self.skips(name)? {
            return Ok(Outcome::Skipped);
        }
        let opened = with_proven_key(self.opener, MemberCause::is_of_message, |opener| {
            self.open(member, name, opener)
        });
        match opened.map_err(|cause| self.archive.as_signed(member, cause)) {
            Err(cause) if self.job.other_files && self.archive.is_other(member, &cause) => {
                self.copy(member, name).map(|()| Outcome::Copied)
            }
            opened => opened,
        }
    }

    /// Returns whether the file of a member is there already, and is passed
    /// over.
    fn skips(&self, name: &MemberName) -> Result<bool, MemberCause> {
        if !self.job.skip_existing {
            return Ok(false);
        }
        let place = self.directory.place(name.as_str())?;
        let entry = place.path().symlink_metadata();
        Ok(entry.is_ok_and(|entry| entry.is_file()))
    }

    fn open(
        &self,
        member: &Member,
        name: &MemberName,
        opener: &Opener<'_>,
    ) -> Result<Outcome, MemberCause> {
        let Begun {
            message,
            own_name,
            check,
        } = self
            .archive
            .begin(member, name, opener, self.job.progress)?;
        if let Some(own_name) = &own_name {
            self.places.claim(own_name, member)?;
            if self.skips(own_name)? {
                return Ok(Outcome::Skipped);
            }
        }
        let modified = message.modified();
        let name = own_name.as_ref().unwrap_or(name);
        let opened = self.files.write(member, name.as_str(), |pending| {
            let opened = message.copy_to(pending)?;
            check.finish()?;
            pending.set_modified(modified.unwrap_or_else(|| member.modified()));
            Ok(opened)
        })?;
        Ok(Outcome::of(opened, &self.signers))
    }

    /// Copies a file that was never sealed. Only the archive's checksum shows
    /// damage.
    fn copy(&self, member: &Member, name: &MemberName) -> Result<(), MemberCause> {
        let mut content = self.archive.read(member)?;
        self.files.write(member, name.as_str(), |pending| {
            let mut piece = vec![0; BUFFER];
            loop {
                let length = content.read(&mut piece)?;
                let (read, _) = piece.split_at(length);
                if read.is_empty() {
                    break;
                }
                pending.write_all(read).map_err(OpenError::Write)?;
            }
            pending.set_modified(member.modified());
            Ok(())
        })
    }
}

impl ArchiveFile {
    /// Writes one member's plaintext to a pipe, and nothing of it before it is
    /// authentic (see [`stream_to`](crate::message::OpenMessage::stream_to),
    /// also for the directory `temporary`).
    ///
    /// # Errors
    ///
    /// The member can't be opened, or the pipe can't be written to.
    pub fn cat(
        &self,
        member: &Member,
        sink: &mut dyn Write,
        opener: &Opener<'_>,
        temporary: impl AsRef<Path>,
    ) -> Result<Opened, Error> {
        let fail = |cause| member_error(member, cause);
        let name = member
            .name()
            .map_err(|fault| fail(MemberFault::Name(fault).into()))?;
        // A message that may have several session keys isn't written before its
        // end.
        with_proven_key(opener, MemberCause::is_of_message, |opener| {
            let begun = self.begin(member, name, opener, &NoProgress)?;
            let (message, check) = begun.chosen_by_number(opener)?;
            // Whether it is what was signed is known only at its end.
            let written = match self.expected() {
                Some(_) => message.hold_until(|| check.finish(), sink, &temporary),
                None => message.stream_to(sink, &temporary),
            };
            written.map_err(open_cause)
        })
        .map_err(|cause| fail(self.as_signed(member, cause)))
    }
}
