//! The recipients to add and to remove, and the effect on one message.

use std::path::Path;

use super::Refused;
use super::proof::Proof;
use crate::archive::Member;
use crate::jobs::archive_file::ArchiveFile;
use crate::jobs::error::{Error, MemberCause};
use crate::keys::{Fingerprint, KeyHandle, Recipient, Recipients};
use crate::message::{FrontKind, MessageKey, SharedMessage};

/// The number of recipients, and the size of a front in bytes, that are far below
/// the limits of readers.
const FEW: usize = 500;
const SMALL: usize = 512 * 1024;

/// The recipients to add and to remove.
#[derive(Clone, Debug, Default)]
pub struct Change {
    added: Option<Recipients>,
    removed: Vec<Removed>,
}

/// Somebody who is taken out.
#[derive(Clone, Debug)]
struct Removed {
    /// What was given for it: a certificate or a fingerprint.
    given: String,
    /// The keys, of which a certificate may have several.
    keys: Vec<KeyHandle>,
}

impl Removed {
    fn is(&self, handle: &KeyHandle) -> bool {
        self.keys.iter().any(|key| same_key(key, handle))
    }
}

impl Change {
    /// Lets these recipients in. Those who are recipients already get new
    /// packets.
    #[must_use]
    pub fn adding(self, recipients: Recipients) -> Self {
        Self {
            added: Some(recipients),
            ..self
        }
    }

    /// Takes out whoever a message names by one of these: keys, or for CMS
    /// certificates. `given` is how errors name them.
    #[must_use]
    pub fn removing(mut self, given: impl Into<String>, keys: Vec<KeyHandle>) -> Self {
        let given = given.into();
        self.removed.push(Removed { given, keys });
        self
    }

    /// Returns those who are let in.
    pub(super) fn recipients(&self) -> impl Iterator<Item = &Recipient> {
        self.added.iter().flat_map(Recipients::iter)
    }

    /// Returns whether the key with that fingerprint is taken out.
    pub(super) fn removes_key(&self, key: &Fingerprint) -> bool {
        let full = KeyHandle::Fingerprint(key.clone());
        let is_it = |handle: &KeyHandle| *handle == full || handle.names(key);
        self.removed
            .iter()
            .any(|removed| removed.keys.iter().any(is_it))
    }

    fn removes(&self, handle: &KeyHandle) -> bool {
        self.removed.iter().any(|removed| removed.is(handle))
    }

    /// Refuses to take somebody out of a CMS message who is given by a key: it
    /// names certificates.
    fn check_certificates(&self, message: &SharedMessage<'_>) -> Result<(), MemberCause> {
        let is_certificate = |key: &KeyHandle| matches!(key, KeyHandle::IssuerAndSerial(_));
        let mut keys = self.removed.iter();
        let key = keys.find(|removed| !removed.keys.iter().any(is_certificate));
        match (message, key) {
            (SharedMessage::Cms(_), Some(key)) => Err(MemberCause::NamesCertificates {
                given: key.given.clone(),
            }),
            _ => Ok(()),
        }
    }

    /// Returns whether new packets replace the packet that has this handle. Two certificates
    /// can have the same serial number or key identifier. So a handle that names a
    /// certificate doesn't prove whose key it is, and its entry stays.
    fn replaces(&self, handle: &KeyHandle) -> bool {
        !handle.names_a_certificate() && self.recipients().any(|r| r.is_named_by(handle))
    }

    /// Returns what it means for a member.
    pub(super) fn of(
        &self,
        archive: &ArchiveFile,
        member: &Member,
        proof: &Proof,
    ) -> Result<Difference, Refused> {
        let (mut message, _) = archive.shared_message(member)?;
        let difference = self.of_member(archive, &message, proof)?;
        // Of few recipients it's certain that there is room for them.
        let recipients = message.front().len() + self.recipients().count();
        if recipients > FEW || message.front_length() > SMALL {
            self.apply(&mut message, &difference, &proof.key()?)?;
        }
        Ok(difference)
    }

    /// Returns what it means for a member's message.
    pub(super) fn of_member(
        &self,
        archive: &ArchiveFile,
        message: &SharedMessage<'_>,
        proof: &Proof,
    ) -> Result<Difference, Refused> {
        let opened_by = proof.opened_by.clone().or_else(|| archive.index_key());
        self.of_message(message, opened_by.as_ref(), proof.opened_as.as_ref())
    }

    /// Returns what it means for a message that this key has opened, which a CMS
    /// message names like that.
    pub(super) fn of_message(
        &self,
        message: &SharedMessage<'_>,
        opened_by: Option<&Fingerprint>,
        opened_as: Option<&KeyHandle>,
    ) -> Result<Difference, Refused> {
        for recipient in self.recipients() {
            message.check(recipient).map_err(Refused::Recipient)?;
        }
        self.check_certificates(message)?;
        // Nobody takes himself out by not being named.
        let has_own = |key: &Fingerprint| {
            self.recipients().any(|added| added.fingerprint() == key) || self.removes_key(key)
        };
        let mut difference = Difference {
            added: self.recipients().map(|r| r.fingerprint().clone()).collect(),
            ..Difference::default()
        };
        for kind in message.front() {
            match kind {
                FrontKind::Recipient(Some(KeyHandle::Hidden)) | FrontKind::Recipient(None) => {
                    difference.anonymous += 1;
                }
                FrontKind::Recipient(Some(handle)) => {
                    if self.replaces(handle) {
                        let named = self.recipients().filter(|r| r.is_named_by(handle));
                        let named: Vec<_> = named.map(Recipient::fingerprint).collect();
                        let is_new = |key: &Fingerprint| !named.contains(&key);
                        let (new, renewed) = difference.added.drain(..).partition(is_new);
                        difference.added = new;
                        difference.renewed.extend::<Vec<Fingerprint>>(renewed);
                    } else if self.removes(handle) {
                        let is_own = opened_as == Some(handle);
                        if is_own && !opened_by.is_some_and(has_own) {
                            return Err(MemberCause::SameName.into());
                        }
                        difference.removed.push(handle.clone());
                    } else {
                        difference.kept.push(handle.clone());
                    }
                }
                FrontKind::Passphrase => difference.passphrases += 1,
                FrontKind::Nothing => {}
            }
        }
        let cannot_tell = difference.anonymous + difference.passphrases > 0;
        if matches!(message, SharedMessage::Cms(_)) {
            let is_missed = |removed: &&Removed| !difference.removed.iter().any(|h| removed.is(h));
            let missed = self.removed.iter().filter(is_missed);
            difference.missed = missed.map(|removed| removed.given.clone()).collect();
        }
        if !self.removed.is_empty() && cannot_tell {
            // If everybody who stays is named now, all others can go.
            let is_named = |handle: &KeyHandle| self.recipients().any(|r| r.is_named_by(handle));
            let all_are_replaced = self.added.is_some()
                && difference.kept.iter().all(is_named)
                && opened_by.is_none_or(has_own);
            if !all_are_replaced {
                return Err(MemberCause::HiddenRecipients.into());
            }
            difference.kept.clear();
            difference.missed.clear();
            difference.anonymous_go = true;
        }
        let stay = difference.added.len() + difference.renewed.len() + difference.kept.len();
        let others = match difference.anonymous_go {
            true => 0,
            false => difference.anonymous + difference.passphrases,
        };
        if stay + others == 0 {
            return Err(MemberCause::NobodyLeft.into());
        }
        Ok(difference)
    }

    /// Applies it to a message.
    pub(super) fn apply(
        &self,
        message: &mut SharedMessage<'_>,
        difference: &Difference,
        key: &MessageKey,
    ) -> Result<(), MemberCause> {
        let hides = difference.anonymous > 0 && !difference.anonymous_go;
        message.remove(|kind| match kind {
            FrontKind::Nothing => false,
            _ if difference.anonymous_go => true,
            FrontKind::Recipient(Some(handle)) => self.replaces(handle) || self.removes(handle),
            FrontKind::Recipient(None) | FrontKind::Passphrase => false,
        });
        for recipient in self.recipients() {
            message
                .add(recipient, key, hides)
                .map_err(|reason| MemberCause::NotSealedTo {
                    recipient: recipient.label().to_owned(),
                    reason,
                })?;
        }
        // What nobody could read must not replace what everybody reads.
        match message.has_room() {
            true => Ok(()),
            false => Err(MemberCause::TooManyRecipients),
        }
    }

    /// Refuses the removal of somebody who is no recipient of any member.
    pub(super) fn check_removed<'a>(
        &self,
        differences: impl IntoIterator<Item = &'a Difference> + Clone,
        path: &Path,
    ) -> Result<(), Error> {
        for removed in &self.removed {
            let is_removed = |difference: &Difference| {
                difference.anonymous_go || difference.removed.iter().any(|h| removed.is(h))
            };
            if !differences.clone().into_iter().any(is_removed) {
                return Err(Error::NotARecipient {
                    archive: path.to_owned(),
                    given: removed.given.clone(),
                });
            }
        }
        Ok(())
    }
}

/// Returns whether two handles name one key, or one certificate: version 3
/// packets have key IDs alone.
fn same_key(one: &KeyHandle, other: &KeyHandle) -> bool {
    one == other
        || match (one, other) {
            (KeyHandle::Fingerprint(key), handle) | (handle, KeyHandle::Fingerprint(key)) => {
                handle.names(key)
            }
            (KeyHandle::IssuerAndSerial(one), KeyHandle::IssuerAndSerial(other)) => {
                one.names(other)
            }
            _ => false,
        }
}

/// What becomes of the recipients of one message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Difference {
    /// The keys that are let in.
    pub added: Vec<Fingerprint>,
    /// The keys that were recipients, and are named again.
    pub renewed: Vec<Fingerprint>,
    /// The other recipients that stay.
    pub kept: Vec<KeyHandle>,
    /// The recipients that are taken out.
    pub removed: Vec<KeyHandle>,
    /// Those who were to be taken out of a CMS message, and whom it doesn't name.
    /// It may name another certificate of theirs.
    pub missed: Vec<String>,
    /// The number of recipients that are hidden, or of unknown kinds.
    pub anonymous: usize,
    /// The number of passphrases.
    pub passphrases: usize,
    /// Whether these are taken out.
    pub anonymous_go: bool,
}

impl Difference {
    /// Returns whether a key is a recipient afterwards, as far as is certain.
    pub(super) fn has(&self, reader: &Recipient, proof: &Proof) -> bool {
        let key = reader.fingerprint();
        let is_named = self.added.contains(key)
            || self.renewed.contains(key)
            || self.kept.iter().any(|handle| handle.names(key));
        is_named
            || self.anonymous > 0 && !self.anonymous_go && proof.opened_by.as_ref() == Some(key)
    }
}
