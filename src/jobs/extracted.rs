//! What became of the members that were extracted or searched.

use std::path::PathBuf;

use crate::archive::Member;
use crate::jobs::archive_file::{Members, member_error};
use crate::jobs::error::{Error, MemberCause};
use crate::jobs::signed_files::{Seen, SeenSigners, SignedFiles, Tally};
use crate::message::Opened;

/// The result of an extraction, or of a search: what opening the members has shown.
#[derive(Debug)]
#[non_exhaustive]
pub struct Extracted {
    archive: PathBuf,
    /// The number of members that were extracted.
    pub done: usize,
    /// The files that were never sealed, and so aren't members: passed over, or
    /// extracted as they are (see [`Job::with_other_files`](crate::Job::with_other_files)).
    pub other_files: Vec<String>,
    /// The number of members that were passed over since their files exist (see
    /// [`Job::skipping_existing`](crate::Job::skipping_existing)).
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
    /// the key's file (see [`Opener::trying_all_keys`](crate::message::Opener::trying_all_keys)).
    pub tried: Vec<(String, PathBuf)>,
    /// The extracted members that were sealed under another name, and that name
    /// (see [`Opener::accepting_renamed`](crate::message::Opener::accepting_renamed)).
    /// Not safe on a terminal.
    pub renamed: Vec<(String, String)>,
    /// The extracted members that aren't sealed with AES, and their cipher.
    pub old_ciphers: Vec<(String, String)>,
    /// The extracted members with white space or zeros behind their messages.
    pub padded: Vec<String>,
    /// Whose signatures the extracted files carry inside of their messages, if
    /// signatures were checked (see [`Opener::with_signers`](crate::message::Opener::with_signers)).
    pub signed: Vec<SignedFiles>,
    /// The number of extracted files with signatures that were not checked.
    pub unchecked_signatures: usize,
    /// The failures, in the archive's order.
    pub failures: Vec<Error>,
    /// The first directory whose new names could not be flushed to disk. The
    /// files in it are complete.
    pub(super) not_flushed: Option<Error>,
}

impl Extracted {
    /// Gathers what became of members.
    pub(super) fn of<'m>(
        members: &Members<'_>,
        outcomes: impl Iterator<Item = (&'m Member, Result<Outcome, Box<MemberCause>>)>,
    ) -> Self {
        let archive = members.archive;
        let mut extracted = Self {
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
            not_flushed: None,
        };
        let mut others = Vec::new();
        let mut tally = Tally::default();
        for (member, outcome) in outcomes {
            match outcome {
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
        extracted
    }

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

/// What became of a member.
pub(super) enum Outcome {
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
    pub fn of(mut opened: Opened, signers: &SeenSigners) -> Self {
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
