//! Sharing one message that is in no archive.

use std::io::{self, BufReader, Seek};
use std::path::Path;

use super::proof::{may_be_a_field, no_key};
use super::{BUFFER, Change, Refused, ShareTarget, Shared, SharedMember};
use crate::files::input;
use crate::index::is_sealed_list;
use crate::jobs::error::{Error, ErrorKind, MemberCause};
use crate::jobs::evidence::KeptSignatures;
use crate::jobs::job::Job;
use crate::jobs::same_bytes::{Again, Notes, Noting};
use crate::message::{
    Envelope, OpenError, OpenMessage, Opener, SharedMessage, form_of, with_proven_key,
};
use crate::output::{Access, PendingFile};

impl Job<'_> {
    /// Changes who can open one message, as [`share`](Self::share) does it with
    /// the members of an archive. A message that is text stays text, and one in a
    /// mail becomes binary. A file with other text in it isn't replaced.
    ///
    /// # Errors
    ///
    /// The message doesn't open, its recipients can't be changed, or it can't be
    /// written. Nothing is written then.
    #[doc(hidden)]
    pub fn share_message(
        &self,
        path: &Path,
        opener: &Opener<'_>,
        change: &Change,
        target: ShareTarget<'_>,
    ) -> Result<Shared, Error> {
        let open_error = |error| Error::Open {
            path: path.to_owned(),
            error,
        };
        let member_error = |cause| Error::Member {
            member: path.display().to_string(),
            cause,
        };
        // All is read from one file, whatever its path leads to meanwhile.
        let file = input::open(path).map_err(|error| Error::reading(path, error))?;
        let open = || {
            let again = file.try_clone().and_then(|mut file| {
                file.rewind()?;
                Ok(file)
            });
            again.map_err(|error| Error::reading(path, error))
        };
        // As for the members of an archive, before a key is used.
        match Envelope::read(open()?) {
            Ok(envelope) if !envelope.format.is_authenticated() => {
                return Err(member_error(no_key(envelope.format)));
            }
            Err(error) if ErrorKind::from(&error) == ErrorKind::Io => {
                return Err(open_error(error));
            }
            _ => {}
        }
        let is_fault = |error: &Error| {
            let is_fault = |error| matches!(error, &OpenError::Fault(_));
            matches!(error, Error::Open { error, .. } if is_fault(error))
        };
        let proven = with_proven_key(opener, is_fault, |opener| {
            let (source, notes) = Noting::new(open()?, true);
            let message = OpenMessage::begin(source, opener).map_err(open_error)?;
            if is_sealed_list(message.name()) {
                return Err(member_error(MemberCause::SealedIndex));
            }
            if may_be_a_field(&message) {
                let what = "it may be a field of a document";
                return Err(member_error(MemberCause::NotShareable(what)));
            }
            let format = message.format();
            let key = message.key().cloned();
            let key = key.ok_or_else(|| member_error(no_key(format)))?;
            let opened_by = message.key_fingerprint().cloned();
            let opened_as = message.own_handle().cloned();
            if !format.is_chunked() {
                message.copy_to(&mut io::sink()).map_err(open_error)?;
            }
            let seen = notes.as_ref().map(Notes::seen);
            Ok::<_, Error>((key, format, opened_by, opened_as, seen))
        })?;
        let (key, format, opened_by, opened_as, seen) = proven;
        // All of these read on from the same place of the file.
        let form = form_of(open()?).map_err(|error| Error::reading(path, error))?;
        if target.is_in_place() && !form.is_whole {
            return Err(Error::NotReplaced(path.to_owned()));
        }
        let source = BufReader::with_capacity(BUFFER, Again::new(open()?, seen));
        let mut message = SharedMessage::open(source).map_err(open_error)?;
        let difference = change
            .of_message(&message, opened_by.as_ref(), opened_as.as_ref())
            .map_err(|refused| match refused {
                Refused::Member(cause) => member_error(cause),
                Refused::Recipient(error) => error.into(),
            })?;
        change.check_removed([&difference], path)?;
        change
            .apply(&mut message, &difference, &key)
            .map_err(member_error)?;
        let shared = |size| Shared {
            members: vec![SharedMember {
                name: path.display().to_string(),
                format,
                difference,
            }],
            listed: None,
            archive: size,
            damaged: Vec::new(),
            cut: match form.is_whole {
                true => Vec::new(),
                false => vec![path.display().to_string()],
            },
            index_error: None,
            old_signatures: KeptSignatures::None,
        };
        let (output, pending) = match target {
            ShareTarget::Nowhere { .. } => return Ok(shared(0)),
            ShareTarget::InPlace => (path, PendingFile::replacing(path, &file)),
            ShareTarget::File(output) => (
                output,
                PendingFile::create(output, Access::Shared, self.overwrite),
            ),
        };
        let write_error = |error| Error::writing(output, error);
        let mut pending = pending.map_err(write_error)?;
        message
            .write_as(form.armor, &key, &mut pending)
            .map_err(|error| match error {
                OpenError::Write(error) => write_error(error),
                error => open_error(error),
            })?;
        let size = pending.as_file().metadata().map_err(write_error)?.len();
        pending.commit().map_err(write_error)?;
        Ok(shared(size))
    }
}
