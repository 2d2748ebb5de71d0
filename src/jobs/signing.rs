//! Who may sign an archive.

use super::archive_file::{ArchiveFile, member_error};
use super::error::{Error, MemberCause};
use super::job::Job;
use crate::keys::{Fingerprint, KeyHandle, Recipient, SigningKey};
use crate::manifest::unfit_name;
use crate::message::Limits;

impl Job<'_> {
    /// Refuses a key that is to sign and belongs to a recipient: a server would
    /// hold a key that opens, and whoever makes it open something could make it
    /// sign.
    pub(super) fn refuse_signing_recipients<'r>(
        &self,
        recipients: impl IntoIterator<Item = &'r Recipient>,
    ) -> Result<(), Error> {
        for recipient in recipients {
            let is_it = |key: &&SigningKey| key.is_recipient(recipient);
            if let Some(key) = self.signing.iter().find(is_it) {
                return Err(Error::SignerIsRecipient {
                    signer: key.source().to_owned(),
                    label: recipient.label().to_owned(),
                });
            }
        }
        Ok(())
    }

    /// Refuses a key that is to sign and that has opened what it would sign, as a
    /// recipient whose name is hidden.
    pub(super) fn refuse_signing_key<'f>(
        &self,
        opened_by: impl IntoIterator<Item = &'f Fingerprint>,
    ) -> Result<(), Error> {
        for fingerprint in opened_by {
            let handle = KeyHandle::Fingerprint(fingerprint.clone());
            if let Some(key) = self.signing.iter().find(|key| key.is_named_by(&handle)) {
                return Err(Error::SignerIsRecipient {
                    signer: key.source().to_owned(),
                    label: key.label().to_owned(),
                });
            }
        }
        Ok(())
    }

    /// Refuses to sign what can't be signed: an archive with entries that its
    /// manifest can't list, or whose recipient would sign.
    pub(super) fn check_signable(&self, archive: &ArchiveFile) -> Result<(), Error> {
        if self.signing.is_empty() {
            return Ok(());
        }
        for entry in archive.entries().chain(archive.index_entry()) {
            let fail = |cause: MemberCause| Err(member_error(entry, cause));
            if let Some(fault) = entry.fault() {
                return fail(fault.into());
            }
            if entry.is_directory() {
                return fail(MemberCause::NotSignable("it is a directory"));
            }
            if let Some(what) = unfit_name(&entry.stored_name()) {
                return fail(MemberCause::NotSignable(what));
            }
            let Ok(envelope) = archive.envelope(entry, &Limits::default()) else {
                continue;
            };
            self.refuse_signers_among(&envelope.recipients)?;
        }
        Ok(())
    }

    /// Refuses a key that is to sign and that a message names as a recipient.
    pub(super) fn refuse_signers_among(&self, recipients: &[KeyHandle]) -> Result<(), Error> {
        let opens = |key: &&SigningKey| recipients.iter().any(|handle| key.is_named_by(handle));
        match self.signing.iter().find(opens) {
            None => Ok(()),
            Some(key) => Err(Error::SignerIsRecipient {
                signer: key.source().to_owned(),
                label: key.label().to_owned(),
            }),
        }
    }
}
