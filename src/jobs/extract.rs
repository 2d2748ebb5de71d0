//! Extracting: the members of an archive to files, or one of them to a pipe.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use crate::archive::{Member, MemberFault, MemberName};
use crate::jobs::archive_file::{ArchiveFile, Members, member_error, open_cause};
use crate::jobs::error::{Error, MemberCause};
use crate::jobs::extracted_files::ExtractedFiles;
use crate::jobs::job::Job;
use crate::jobs::opening::Begun;
use crate::jobs::places::Places;
use crate::jobs::progress::NoProgress;
use crate::jobs::signed_files::{Seen, SeenSigners, SignedFiles, Tally};
use crate::message::{OpenError, Opened, Opener, with_proven_key};
use crate::output::TargetDir;
use crate::workers::work_on;

/// The bytes that are copied at a time.
const BUFFER: usize = 64 * 1024;

/// The result of an extraction.
#[derive(Debug)]
#[non_exhaustive]
pub struct Extracted {
    archive: PathBuf,
    /// The number of members that were extracted.
    pub done: usize,
    /// The files that were never sealed, and so aren't members: passed over, or
    /// extracted as they are (see [`Job::with_other_files`]).
    pub other_files: Vec<String>,
    /// The number of members that were passed over since their files exist (see
    /// [`Job::skipping_existing`]).
    pub skipped: usize,
    /// The number of other files that were copied.
    copied: usize,
    /// The number of bytes of their plaintext.
    pub plain: u64,
    /// The extracted members whose messages aren't
    /// [authenticated](crate::message::Format::is_authenticated), in the
    /// archive's order.
    pub not_authenticated: Vec<String>,
    /// The extracted members that a key opened without being named in them, and
    /// the key's file (see [`Opener::trying_all_keys`]).
    pub tried: Vec<(String, PathBuf)>,
    /// The extracted members that were sealed under another name, and that name
    /// (see [`Opener::accepting_renamed`]). Not safe on a terminal.
    pub renamed: Vec<(String, String)>,
    /// The extracted members that aren't sealed with AES, and their cipher.
    pub old_ciphers: Vec<(String, String)>,
    /// The extracted members with white space or zeros behind their messages.
    pub padded: Vec<String>,
    /// Whose signatures the extracted files carry inside of their messages, if
    /// signatures were checked (see [`Opener::with_signers`]).
    pub signed: Vec<SignedFiles>,
    /// The number of extracted files with signatures that were not checked.
    pub unchecked_signatures: usize,
    /// The failures, in the archive's order.
    pub failures: Vec<Error>,
    /// The first directory whose new names could not be flushed to disk. The
    /// files in it are complete.
    not_flushed: Option<Error>,
}

impl Extracted {
    fn add(&mut self, member: &Member, outcome: Outcome, tally: &mut Tally) {
        let name = || member.shown_name().into_owned();
        let opened = match outcome {
            Outcome::Plain { length, is_signed } => {
                self.done += 1;
                self.plain = self.plain.saturating_add(length);
                self.unchecked_signatures += usize::from(is_signed);
                return;
            }
            Outcome::Signed(signed) => {
                let (length, seen) = *signed;
                self.done += 1;
                self.plain = self.plain.saturating_add(length);
                tally.add(seen);
                return;
            }
            Outcome::Opened(opened) => {
                let (opened, seen) = *opened;
                tally.add(seen);
                opened
            }
            Outcome::Skipped => {
                self.skipped += 1;
                return;
            }
            Outcome::Copied => {
                self.copied += 1;
                self.other_files.push(name());
                return;
            }
        };
        self.done += 1;
        self.plain = self.plain.saturating_add(opened.length);
        if !opened.format.is_authenticated() {
            self.not_authenticated.push(name());
        }
        self.unchecked_signatures += usize::from(opened.unchecked_signatures > 0);
        self.tried.extend(opened.tried_key.map(|key| (name(), key)));
        let sealed_as = opened.sealed_as;
        self.renamed
            .extend(sealed_as.map(|sealed| (name(), sealed)));
        if opened.padding > 0 {
            self.padded.push(name());
        }
        let old_cipher = opened.old_cipher;
        self.old_ciphers
            .extend(old_cipher.map(|cipher| (name(), cipher)));
    }

    /// Returns the failures of single members, and that of the job as a whole.
    /// The latter is the only failure if there is just one member;
    /// [`Error::Partial`] if several members failed, or one of several; without
    /// failures the error of flushing the files to disk; or `None`.
    pub fn outcome(self) -> (Vec<Error>, Option<Error>) {
        let mut failures = self.failures;
        let is_of_member = |error: &&Error| !matches!(error, Error::Index { .. });
        let of_members = || failures.iter().filter(is_of_member);
        let Some(worst) = of_members().map(Error::kind).max() else {
            // All members are there, if the index could not be used.
            let Some(of_index) = failures.pop() else {
                return (failures, self.not_flushed);
            };
            failures.extend(self.not_flushed);
            return (failures, Some(of_index));
        };
        let failed = of_members().count();
        let done = self.done + self.skipped + self.copied;
        let total = done + failed;
        if done == 0 && total == 1 && failures.len() == 1 {
            let only = failures.pop();
            failures.extend(self.not_flushed);
            return (failures, only);
        }
        failures.extend(self.not_flushed);
        let partial = Error::Partial {
            archive: self.archive,
            failed,
            total,
            worst,
        };
        (failures, Some(partial))
    }
}

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
        let mut extracted = Extracted {
            archive: archive.path().to_owned(),
            done: 0,
            other_files: Vec::new(),
            skipped: 0,
            copied: 0,
            plain: 0,
            not_authenticated: Vec::new(),
            tried: Vec::new(),
            renamed: Vec::new(),
            old_ciphers: Vec::new(),
            padded: Vec::new(),
            signed: Vec::new(),
            unchecked_signatures: 0,
            failures: members.index_errors(),
            not_flushed: flushed
                .err()
                .map(|(path, error)| Error::NotFlushed { path, error }),
        };
        let mut others = Vec::new();
        let mut tally = Tally::default();
        for (member, outcome) in list.iter().zip(outcomes) {
            let failed = late.remove(&member.offset());
            match failed.map_or(outcome, |cause| Err(Box::new(cause))) {
                Ok(outcome) => extracted.add(member, outcome, &mut tally),
                Err(cause) if archive.is_other(member, &cause) && !members.is_meant(member) => {
                    others.push((member, cause));
                }
                Err(cause) => extracted.failures.push(member_error(member, *cause)),
            }
        }
        extracted.signed = tally.into_list();
        // If nothing at all is sealed, it isn't the archive that was meant.
        let is_sealed = extracted.done + extracted.skipped + extracted.failures.len() > 0;
        for (member, cause) in others {
            match is_sealed {
                true => extracted.other_files.push(member.shown_name().into_owned()),
                false => extracted.failures.push(member_error(member, *cause)),
            }
        }
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

/// What became of a member.
enum Outcome {
    Opened(Box<(Opened, Vec<Seen>)>),
    /// It was opened to that many bytes, and there is nothing else to say but
    /// whether it has signatures that were not checked.
    Plain {
        length: u64,
        is_signed: bool,
    },
    /// It was opened to that many bytes, and has these signatures.
    Signed(Box<(u64, Vec<Seen>)>),
    /// Its file exists.
    Skipped,
    /// It was never sealed, and was copied as it is.
    Copied,
}

impl Outcome {
    /// Takes as little memory as it can: there may be a million.
    fn of(mut opened: Opened, signers: &SeenSigners) -> Self {
        let seen = signers.shortened(std::mem::take(&mut opened.signatures));
        let length = opened.length;
        let is_plain = opened.format.is_authenticated()
            && opened.padding == 0
            && opened.tried_key.is_none()
            && opened.sealed_as.is_none()
            && opened.old_cipher.is_none();
        match (is_plain, seen.is_empty()) {
            (true, true) => Self::Plain {
                length,
                is_signed: opened.unchecked_signatures > 0,
            },
            (true, false) => Self::Signed(Box::new((length, seen))),
            (false, _) => Self::Opened(Box::new((opened, seen))),
        }
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
