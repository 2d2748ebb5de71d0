//! Converting: sealing the members of an archive, of any format and for any
//! recipients, anew into another archive.

use std::cell::Cell;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::archive::{Member, MemberFault, MemberName};
use crate::index::Listed;
use crate::jobs::archive_file::{ArchiveFile, Members, member_error, open_cause};
use crate::jobs::error::{Error, ErrorKind, MemberCause};
use crate::jobs::hashed::Hashed;
use crate::jobs::job::Job;
use crate::jobs::layout::Layout;
use crate::jobs::opening::Begun;
use crate::jobs::pack::{Content, NextMember, Queue, first, write_archive};
use crate::jobs::places::Places;
use crate::jobs::progress::{NoProgress, Progress};
use crate::message::name_binding::literal_name;
use crate::message::{
    Format, OpenError, Opener, SealError, SealPlan, SealedFile, Sealer, with_proven_key,
};
use crate::output::PendingFile;

/// The largest factor by which compressed OpenPGP messages expand, rounded up:
/// bzip2 holds 900,000 octets in some 40, and 255 equal ones in five of them.
const MAX_EXPANSION: u64 = 2 << 20;

/// The result of a conversion.
#[derive(Debug)]
#[non_exhaustive]
pub struct Converted {
    /// The members, in the archive's order.
    pub members: Vec<ConvertedMember>,
    /// The size of the new archive in bytes.
    pub archive: u64,
    /// Why the index of the old archive could not be used, if it has one that is
    /// damaged.
    pub index_error: Option<Error>,
}

/// A member that has been sealed anew, with the evidence that its content is
/// unchanged.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ConvertedMember {
    /// Its path, as it is extracted.
    pub name: String,
    /// The SHA-256 of its content.
    pub sha256: [u8; 32],
    /// The length of its content in bytes.
    pub plain: u64,
    /// When the file was last changed, as both archives state it.
    pub modified: SystemTime,
    /// The format that it had.
    pub format: Format,
    /// The file of the key that opened it without being named in it.
    pub tried_key: Option<PathBuf>,
    /// The name that it was sealed under before, if that was another one (see
    /// [`Opener::accepting_renamed`]). Not safe on a terminal.
    pub sealed_as: Option<String>,
    /// The cipher that it had, if that was not AES (OpenPGP).
    pub old_cipher: Option<String>,
}

impl Job<'_> {
    /// Opens members and seals each anew into a new archive at `output`. No
    /// plaintext is written anywhere. Names and times stay as they would be on
    /// extraction.
    ///
    /// The archive exists when this returns `Ok`, complete and flushed to disk;
    /// otherwise nothing does.
    ///
    /// # Errors
    ///
    /// A fault of the output, or [`Error::NotConverted`] with that of each of
    /// the members that can't be converted.
    pub fn convert(
        &self,
        members: &Members<'_>,
        opener: &Opener<'_>,
        plan: &SealPlan,
        output: impl AsRef<Path>,
    ) -> Result<Converted, Error> {
        let output = output.as_ref();
        let Members { archive, list, .. } = members;
        self.refuse_signing_recipients(plan.recipients().iter())?;
        self.progress.begin(list.len() as u64, members.total_size());
        members.use_index(opener);
        let mut index_errors = members.index_errors();
        let removed = index_errors.len() - usize::from(archive.index_error().is_some());
        if removed > 0 {
            return Err(Error::NotConverted {
                archive: archive.path().to_owned(),
                failed: removed,
                total: list.len() + removed,
                worst: ErrorKind::Integrity,
                failures: index_errors,
            });
        }
        let places = Places::of(list);
        let layout = self.layout().of(list.len());
        let content = |&member| MemberContent {
            archive,
            member,
            places: &places,
            opener,
            plan,
            output,
            layout,
            progress: self.progress,
        };
        let written = write_archive(list, content, plan, output, layout, self);
        let written = written.map_err(|failures| {
            let is_of_member = |error: &&Error| matches!(error, Error::Member { .. });
            let failed = failures.iter().filter(is_of_member).count();
            match failures.iter().map(Error::kind).max() {
                Some(worst) if failed > 0 => Error::NotConverted {
                    archive: archive.path().to_owned(),
                    failed,
                    total: list.len(),
                    worst,
                    failures,
                },
                _ => first(failures, output),
            }
        })?;
        Ok(Converted {
            members: written.reports,
            archive: written.size,
            index_error: index_errors.pop(),
        })
    }
}

/// A member on its way into the new archive.
struct MemberContent<'a> {
    archive: &'a ArchiveFile,
    member: &'a Member,
    places: &'a Places<'a>,
    opener: &'a Opener<'a>,
    plan: &'a SealPlan,
    output: &'a Path,
    layout: Layout,
    progress: &'a dyn Progress,
}

impl MemberContent<'_> {
    fn name(&self) -> Result<&MemberName, Error> {
        let name = self.places.name(self.member);
        let name = name.and_then(|name| self.check_name(name).map(|()| name));
        name.map_err(|cause| member_error(self.member, cause))
    }

    /// Refuses a name that the new archive can't hold.
    fn check_name(&self, name: &MemberName) -> Result<(), MemberCause> {
        match self.layout.fault(name) {
            None => Ok(()),
            Some(fault) => Err(MemberCause::Archive(MemberFault::Name(fault))),
        }
    }

    fn begin<'b>(
        &'b self,
        name: &MemberName,
        opener: &Opener<'_>,
        progress: &'b dyn Progress,
    ) -> Result<Begun<'b>, Error> {
        let message = self.archive.begin(self.member, name, opener, progress);
        message.map_err(|cause| member_error(self.member, cause))
    }

    /// Returns an upper estimate of the length of the content, in bytes.
    fn at_most(&self, format: Format) -> u64 {
        let size = self.member.size();
        match format {
            Format::Cms | Format::CmsGcm => size,
            _ => size.saturating_mul(MAX_EXPANSION),
        }
    }

    fn seal_anew(
        &self,
        number: usize,
        name: &MemberName,
        begun: Begun<'_>,
        sealer: &mut Sealer<'_>,
        queue: &Queue<PendingFile>,
    ) -> Result<ConvertedMember, Error> {
        let Begun {
            message,
            own_name,
            check,
        } = begun;
        let name = match &own_name {
            Some(own_name) => {
                let claimed = self.places.claim(own_name, self.member);
                let claimed = claimed.and_then(|()| self.check_name(own_name));
                claimed.map_err(|cause| member_error(self.member, cause))?;
                own_name
            }
            None => name,
        };
        let name = name.clone();
        let modified = message.modified().unwrap_or_else(|| self.member.modified());
        let format = message.format();
        let tried_key = message.tried_key().map(Into::into);
        let sealed_as = message.sealed_as().map(Into::into);
        let old_cipher = message.old_cipher().map(Into::into);
        let mut sink = queue.sink(
            number,
            NextMember {
                name: name.clone(),
                modified,
                at_most: self.plan.at_most(self.at_most(format)),
            },
        );
        let mut content = Hashed::new(message.into_plaintext());
        let write_error = |e| Error::writing(self.output, e);
        let file = SealedFile {
            name: &literal_name(name.as_str()),
            modified,
            length: None,
        };
        let (plain, session) =
            sealer
                .seal_member(&mut content, &file, &mut sink)
                .map_err(|error| match error {
                    SealError::Read(e) => self.open_error(e.into()),
                    SealError::Write(e) => write_error(e),
                    error => Error::Seal {
                        path: name.as_str().into(),
                        error,
                    },
                })?;
        let listed = session.map(|session| Listed {
            size: plain,
            modified,
            session,
        });
        let (_, hash) = content.finish();
        check
            .finish()
            .map_err(|error| self.open_error(error.into()))?;
        sink.finish(listed).map_err(write_error)?;
        Ok(ConvertedMember {
            name: name.as_str().to_owned(),
            sha256: hash.finish(),
            plain,
            modified,
            format,
            tried_key,
            sealed_as,
            old_cipher,
        })
    }

    fn open_error(&self, error: OpenError) -> Error {
        member_error(self.member, open_cause(error))
    }
}

impl Content for MemberContent<'_> {
    type Done = ConvertedMember;

    fn seal(
        &self,
        number: usize,
        sealer: &mut Sealer<'_>,
        queue: &Queue<PendingFile>,
    ) -> Result<Option<ConvertedMember>, Error> {
        let name = self.name()?;
        // What has begun to be sealed can't be taken back.
        let is_proven = Cell::new(false);
        let is_fault = |error: &Error| {
            let is_of_message =
                matches!(error, Error::Member { cause, .. } if cause.is_of_message());
            is_of_message && !is_proven.get()
        };
        with_proven_key(self.opener, is_fault, |opener| {
            let begun = self.begin(name, opener, self.progress)?;
            if opener.has_other_attempt() {
                let limits = opener.limits().unspent();
                let again = opener.clone().with_limits(&limits);
                let Begun { message, .. } = self.begin(name, &again, &NoProgress)?;
                let read = message.copy_to(&mut io::sink());
                read.map_err(|error| self.open_error(error))?;
            }
            is_proven.set(true);
            self.seal_anew(number, name, begun, sealer, queue)
        })
        .map(Some)
        .map_err(|error| match error {
            Error::Member { member, cause } => Error::Member {
                member,
                cause: self.archive.as_signed(self.member, cause),
            },
            error => error,
        })
    }

    fn check(&self) -> Result<(), Error> {
        // The expansion that a failed archive has used doesn't count.
        let limits = self.opener.limits().unspent();
        let name = self.name()?;
        let opener = self.opener.clone().with_limits(&limits);
        let is_fault =
            |error: &Error| matches!(error, Error::Member { cause, .. } if cause.is_of_message());
        with_proven_key(&opener, is_fault, |opener| {
            let Begun { message, .. } = self.begin(name, opener, &NoProgress)?;
            let opened = message.copy_to(&mut io::sink());
            opened.map(drop).map_err(|error| self.open_error(error))
        })
    }
}
