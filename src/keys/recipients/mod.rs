//! The checked list of recipients: all of them or none.

mod certificate;
mod certificate_place;
mod openpgp_certificate;
mod outlook;
mod party;
mod recipient;
mod refusal;
mod requirements;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use self::party::usable;

pub(super) use certificate::recipients as of_content;
pub(super) use openpgp_certificate::{
    innermost, label as openpgp_label, lenient_policy, of_any_age as of_openpgp, weak_hash,
};
pub use outlook::Outlook;
pub use party::{Examined, Party, Pin};
pub use recipient::{CertificateKind, MessageVersion, Recipient};
pub use refusal::{RecipientError, Refusal};
pub use requirements::{MinRsaBits, Requirements};

/// A list of usable recipients, each key once; at least one.
#[derive(Clone, Debug)]
pub struct Recipients {
    list: Vec<Recipient>,
    notices: Arc<[RecipientNotice]>,
}

/// A notice about certificates that don't count.
#[derive(Debug)]
#[non_exhaustive]
pub enum RecipientNotice {
    /// The same key is listed again, and counts once.
    Duplicate {
        /// The file that adds nothing.
        source: PathBuf,
        /// The file that came first.
        first: PathBuf,
    },
    /// A certificate isn't valid at the time, but another one of its party is.
    LeftOut {
        /// The file.
        path: PathBuf,
        /// Why it isn't valid.
        refusal: Refusal,
    },
}

impl Recipients {
    /// Loads these certificates, which must all be usable now.
    ///
    /// # Errors
    ///
    /// The first certificate that can't be used, with the reason; or an empty
    /// list.
    pub fn from_files(paths: &[impl AsRef<Path>]) -> Result<Self, RecipientError> {
        let parties = paths
            .iter()
            .map(|path| Party::with_certificate(path.as_ref()));
        let parties: Vec<Party> = parties.collect();
        Self::load(&parties, &Requirements::listed(SystemTime::now()))
    }

    /// Loads the certificates of every party. A key that is listed more than
    /// once counts once. All valid certificates of a party count (see
    /// [`Recipients::notices`] for the others).
    ///
    /// # Errors
    ///
    /// The first certificate that can't be used, with the reason; a party
    /// without a valid one; or an empty list.
    pub fn load(parties: &[Party], requirements: &Requirements) -> Result<Self, RecipientError> {
        let mut list: Vec<Recipient> = Vec::new();
        let mut notices = Vec::new();
        for party in parties {
            let (recipients, left_out) = usable(party, party.examine(requirements)?)?;
            for (path, refusal) in left_out {
                notices.push(RecipientNotice::LeftOut { path, refusal });
            }
            for recipient in recipients {
                let known = list
                    .iter_mut()
                    .find(|known| known.fingerprint() == recipient.fingerprint());
                match known {
                    Some(known) => {
                        notices.push(RecipientNotice::Duplicate {
                            source: recipient.source().to_owned(),
                            first: known.source().to_owned(),
                        });
                        known.merge(recipient);
                    }
                    None => list.push(recipient),
                }
            }
        }
        if list.is_empty() {
            return Err(RecipientError::NoneGiven);
        }
        Ok(Self {
            list,
            notices: notices.into(),
        })
    }

    /// Takes these recipients, which have been checked.
    pub(crate) fn of(list: Vec<Recipient>) -> Self {
        Self {
            list,
            notices: Arc::default(),
        }
    }

    /// Returns the certificates that don't count, and why.
    pub fn notices(&self) -> &[RecipientNotice] {
        &self.notices
    }

    /// Returns the recipients, in the order in which they were listed.
    pub fn iter(&self) -> std::slice::Iter<'_, Recipient> {
        self.list.iter()
    }

    /// Returns the version that every recipient reads: `wanted`, or the newer
    /// one where possible.
    ///
    /// # Errors
    ///
    /// A recipient that can't read it is refused.
    pub(crate) fn message_version(
        &self,
        wanted: Option<MessageVersion>,
    ) -> Result<MessageVersion, RecipientError> {
        let older = self.iter().find(|r| !r.reads(MessageVersion::V2));
        let version = wanted.unwrap_or(match older {
            None => MessageVersion::V2,
            Some(_) => MessageVersion::V1,
        });
        let Some(recipient) = self.iter().find(|r| !r.reads(version)) else {
            return Ok(version);
        };
        let subject = recipient.label().to_owned();
        let refusal = match (wanted, older) {
            (None, Some(older)) => Refusal::NoCommonVersion {
                subject,
                other: older.label().to_owned(),
            },
            _ => Refusal::MessageVersion {
                subject,
                version: version.standard(),
            },
        };
        Err(refused(recipient.source(), refusal))
    }
}

fn refused(path: &Path, refusal: Refusal) -> RecipientError {
    RecipientError::Refused {
        path: path.to_owned(),
        refusal,
    }
}
