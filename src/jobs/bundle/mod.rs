//! Bundling: messages that are sealed already to one archive, without any key
//! that opens them.

mod copy;
mod fault;
mod input;
pub(in crate::jobs) mod messages;
mod names;

use std::io;
use std::path::Path;

use self::copy::Copying;
pub use self::fault::{BundleFault, MessagePlace};
pub use self::input::Sealed;
use self::messages::Messages;
use self::names::Names;
use super::error::Error;
use super::job::Job;
use super::tail::Tail;
use crate::archive::ArchiveWriter;
use crate::keys::Recipients;
use crate::message::{Format, Limits};
use crate::output::{Access, PendingFile, Place, directory_of};
use crate::sources::SourceError;

/// The result of bundling.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Bundled {
    /// The number of members.
    pub members: usize,
    /// The size of all messages together, in bytes.
    pub sealed: u64,
    /// The formats of the messages, each once.
    pub formats: Vec<Format>,
    /// The entries of archives that were not taken over: their indexes, manifests
    /// and the like.
    pub left_out: Vec<MessagePlace>,
    /// The size of the archive in bytes; 0 if none was to be written.
    pub archive: u64,
}

impl Job<'_> {
    /// Puts messages that are sealed already into a new archive at `output`, byte
    /// for byte, in the order of the inputs, with the names and times that they
    /// have. No key opens anything. The archive is signed if the job has keys that
    /// sign, and it has no index: that would need the session keys.
    ///
    /// All of a message's structure is checked that shows without a key, and that
    /// it's authenticated. The name that is sealed in it isn't known. If
    /// recipients are given, each message must be sealed to all of them, and to
    /// nobody else.
    ///
    /// Members whose names are hidden keep their numbers: two archives of them
    /// can't be in one.
    ///
    /// Archives are opened one after another, twice. A member takes some 25 bytes
    /// of memory, and messages of up to 1 MiB are read into up to 16 MiB. The archive exists when this returns `Ok`, complete and flushed
    /// to disk; otherwise nothing does.
    ///
    /// # Errors
    ///
    /// The first fault: an archive leaves nothing out.
    #[doc(hidden)]
    pub fn bundle(
        &self,
        from: &[Sealed<'_>],
        recipients: Option<&Recipients>,
        output: impl AsRef<Path>,
    ) -> Result<Bundled, Error> {
        let output = output.as_ref();
        let place = Place::at(output);
        let place = place.map_err(|error| Error::writing(output, error))?;
        self.bundle_at(from, recipients, place)
    }

    /// Does the same in a place that is held open.
    pub(crate) fn bundle_at(
        &self,
        from: &[Sealed<'_>],
        recipients: Option<&Recipients>,
        place: Place,
    ) -> Result<Bundled, Error> {
        let output = &place.path().to_owned();
        let write_error = |error| Error::writing(output, error);
        let names = self.names(from, recipients)?;
        let pending = PendingFile::create_at(place, Access::Shared, self.overwrite);
        let archive = ArchiveWriter::new(pending.map_err(write_error)?);
        let tail = Tail::new(None).signed_by(self.signing, &directory_of(output));
        let tail = tail.map(|tail| tail.reading_back(self.is_read_back));
        let tail = tail.map_err(write_error)?;
        let messages = self.messages(recipients, output, &tail);
        let mut copying = Copying::new(messages, tail);
        let archive = copying.all(archive, from, &names)?;
        let (tail, bundled) = copying.finish(names.left_out);
        let (archive, entries) = tail.write(archive, self.signing, Vec::new(), output)?;
        let pending = archive.finish().map_err(write_error)?;
        let archive = pending.as_file().metadata().map_err(write_error)?.len();
        if let Some(entries) = entries {
            // What appears is checked already.
            pending.as_file().sync_all().map_err(write_error)?;
            self.read_back_file(pending.as_file(), output, &entries, None)?;
        }
        pending.commit().map_err(write_error)?;
        Ok(Bundled { archive, ..bundled })
    }

    /// Checks all that [`bundle`](Self::bundle) checks, and writes nothing.
    ///
    /// # Errors
    ///
    /// The first fault.
    #[doc(hidden)]
    pub fn check_bundle(
        &self,
        from: &[Sealed<'_>],
        recipients: Option<&Recipients>,
    ) -> Result<Bundled, Error> {
        let names = self.names(from, recipients)?;
        let tail = Tail::new(None);
        let messages = self.messages(recipients, Path::new(""), &tail);
        let mut copying = Copying::new(messages, tail);
        copying.all(ArchiveWriter::new(io::empty()), from, &names)?;
        Ok(copying.finish(names.left_out).1)
    }

    fn messages<'a>(
        &'a self,
        recipients: Option<&'a Recipients>,
        output: &'a Path,
        tail: &Tail,
    ) -> Messages<'a> {
        Messages {
            job: self,
            recipients,
            output,
            limits: Limits::default(),
            hasher: tail.hasher(),
        }
    }

    /// Checks what shows before any message is read.
    fn names(&self, from: &[Sealed<'_>], recipients: Option<&Recipients>) -> Result<Names, Error> {
        self.refuse_signing_recipients(recipients.into_iter().flat_map(Recipients::iter))?;
        let names = Names::of(from)?;
        if names.members == 0 {
            return Err(SourceError::Nothing {
                filtered: false,
                young: 0,
            }
            .into());
        }
        self.progress.begin(names.members as u64, names.bytes);
        Ok(names)
    }
}
