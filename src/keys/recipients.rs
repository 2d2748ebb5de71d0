//! The checked list of recipients: all of them or none.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::recipient::{MessageVersion, Recipient};
use super::refusal::{RecipientError, Refusal};

/// Recipients that can all be used, each key once; at least one.
#[derive(Clone, Debug)]
pub struct Recipients {
    list: Vec<Recipient>,
}

/// The same key listed again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DuplicateRecipient {
    /// The file that adds nothing.
    pub source: PathBuf,
    /// The file that came first.
    pub first: PathBuf,
}

impl Recipients {
    /// Loads every listed certificate, as valid at the time `at`. A key that
    /// is listed more than once counts once, and `duplicate` hears of it.
    ///
    /// # Errors
    ///
    /// The first file that can't be used, with the reason; or an empty list.
    pub fn load(
        paths: &[PathBuf],
        at: SystemTime,
        duplicate: &mut dyn FnMut(DuplicateRecipient),
    ) -> Result<Self, RecipientError> {
        let mut list: Vec<Recipient> = Vec::new();
        for path in paths {
            let found = Recipient::load(path, at).map_err(|refusal| refused(path, refusal))?;
            for recipient in found {
                let known = list
                    .iter()
                    .find(|known| known.fingerprint() == recipient.fingerprint());
                match known {
                    Some(known) => duplicate(DuplicateRecipient {
                        source: path.clone(),
                        first: known.source().to_owned(),
                    }),
                    None => list.push(recipient),
                }
            }
        }
        if list.is_empty() {
            return Err(RecipientError::NoneGiven);
        }
        Ok(Self { list })
    }

    /// The recipients, in the order in which they were listed.
    pub fn iter(&self) -> std::slice::Iter<'_, Recipient> {
        self.list.iter()
    }

    /// The version that every recipient reads: the newer one where possible,
    /// or `wanted`.
    ///
    /// # Errors
    ///
    /// A recipient that can't read it is refused.
    pub fn message_version(
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
