//! The search for the keys that the handles of CMS messages name, by the X.509
//! certificates next to the keys.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use openpgp::types::PublicKeyAlgorithm;
use sequoia_openpgp as openpgp;

use super::trials::MessageTrials;
use super::{Fit, Identity, Keyring, NoIdentity, SecretKey, Trials, from};
use crate::keys::passphrase::Passphrases;
use crate::keys::{Fingerprint, KeyHandle, Recipient, directory_walk, mapping};

/// How a key was found that opened a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum OpenedBy {
    /// The message names its certificate.
    Named,
    /// The key was tried without being named. This is its file.
    Tried(PathBuf),
}

impl Keyring {
    /// Reads the certificates next to the keys now, before anything may replace
    /// them. Otherwise the first CMS message does.
    pub fn read_certificates(&self) {
        self.certificates();
    }

    /// Returns how surely the identity is the key of a recipient; `None` if it
    /// isn't.
    pub(crate) fn fit(
        &self,
        identity: &Identity,
        handle: &KeyHandle,
        algorithm: PublicKeyAlgorithm,
    ) -> Option<Fit> {
        if !handle.names_a_certificate() {
            return identity.fit(handle, algorithm);
        }
        if identity.pk_algo().is_some_and(|own| own != algorithm) {
            return None;
        }
        fit(identity, handle, &self.fingerprints(handle))
    }

    /// Finds the key of a recipient of a CMS message: the first one with which
    /// `attempt` succeeds on the recipient. Unlocked keys come first, and among
    /// them those that opened a message lately. A key that no handle names is
    /// tried only if `try_all` says so.
    pub(crate) fn open_named<T>(
        &self,
        recipients: &[(KeyHandle, PublicKeyAlgorithm, T)],
        passphrases: &dyn Passphrases,
        try_all: bool,
        trials: &Trials,
        attempt: &mut dyn FnMut(&T, &SecretKey) -> bool,
    ) -> Result<OpenedBy, NoIdentity> {
        let mut search = Search {
            keyring: self,
            recipients: recipients
                .iter()
                .map(|(handle, algorithm, what)| Named {
                    handle,
                    algorithm: *algorithm,
                    fingerprints: self.fingerprints(handle),
                    what,
                })
                .collect(),
            passphrases,
            attempt,
            trials: trials.for_message(self.identities.len()),
            still_locked: None,
            spoiled: None,
        };
        let (mut open, locked): (Vec<_>, Vec<_>) = self
            .identities
            .iter()
            .partition(|identity| identity.opened().is_some());
        open.sort_by_key(|identity| Reverse(identity.success().at()));
        for identity in open.iter().chain(&locked) {
            if search.may_be_named(identity) && search.open(identity, true)? {
                return Ok(OpenedBy::Named);
            }
        }
        if try_all {
            for identity in open.iter().chain(&locked) {
                if search.open(identity, false)? {
                    return Ok(OpenedBy::Tried(identity.source().to_owned()));
                }
            }
        }
        let spoiled = search.spoiled.map(|key| NoIdentity::NoSessionKey { key });
        Err(search.still_locked.or(spoiled).unwrap_or_else(|| {
            let handles = recipients.iter().map(|(handle, ..)| handle.clone());
            let mut none = self.none_fits(handles.collect());
            if let NoIdentity::NoneFits { tried, .. } = &mut none {
                *tried = try_all;
            }
            none
        }))
    }

    /// Returns the fingerprints of the keys whose certificates a handle names,
    /// as far as the certificates are there.
    pub(super) fn fingerprints(&self, handle: &KeyHandle) -> Vec<Fingerprint> {
        let mut named: Vec<Fingerprint> = self
            .certificates()
            .iter()
            .filter(|certificate| certificate.is_named_by(handle))
            .map(|certificate| certificate.fingerprint().clone())
            .collect();
        // A key without its certificate still has an identifier.
        let opened = self.identities.iter().filter_map(Identity::opened);
        named.extend(
            opened
                .filter(|key| has_identifier(key, handle))
                .map(|key| key.public().fingerprint().into()),
        );
        named
    }

    /// Returns a key whose certificate is missing.
    pub(super) fn uncertified(&self) -> Option<&Identity> {
        self.identities.iter().find(|identity| {
            let own = identity.fingerprint();
            let mut certificates = self.certificates().iter();
            !certificates.any(|certificate| Some(certificate.fingerprint()) == own)
        })
    }

    /// Returns the X.509 certificates in the key files, in the files next to
    /// them that are named like certificates, and in the directories that were
    /// searched for keys. They are read once.
    fn certificates(&self) -> &[Recipient] {
        self.certificates.get_or_init(|| {
            let within = self
                .identities
                .iter()
                .flat_map(Identity::certificates_within);
            let mut certificates: Vec<Recipient> = within.collect();
            let mut candidates: BTreeSet<PathBuf> = self.searched.iter().cloned().collect();
            let directories: BTreeSet<&Path> = self
                .identities
                .iter()
                .filter_map(|identity| identity.source().parent())
                .collect();
            for directory in directories {
                let directory = match directory.as_os_str().is_empty() {
                    true => Path::new("."),
                    false => directory,
                };
                // A directory that can't be read adds nothing.
                let beside = directory_walk::below(directory, 1).unwrap_or_default();
                candidates.extend(
                    beside
                        .into_iter()
                        .filter(|f| directory_walk::is_certificate(f)),
                );
            }
            let loaded = candidates
                .iter()
                .filter_map(|f| Recipient::load_any_age(f).ok());
            certificates.extend(loaded.flatten());
            certificates.retain(|certificate| !certificate.issuers_and_serials().is_empty());
            certificates
        })
    }
}

/// A recipient of a CMS message.
struct Named<'a, T> {
    handle: &'a KeyHandle,
    algorithm: PublicKeyAlgorithm,
    /// The fingerprints of the keys that it names, as far as their certificates
    /// are there.
    fingerprints: Vec<Fingerprint>,
    /// The recipient itself.
    what: &'a T,
}

/// The search for the key of a CMS message.
struct Search<'a, T> {
    keyring: &'a Keyring,
    recipients: Vec<Named<'a, T>>,
    passphrases: &'a dyn Passphrases,
    attempt: &'a mut dyn FnMut(&T, &SecretKey) -> bool,
    trials: MessageTrials<'a>,
    /// The first key that stays locked.
    still_locked: Option<NoIdentity>,
    /// The file of a key that is named by a recipient which doesn't open.
    spoiled: Option<PathBuf>,
}

impl<T> Search<'_, T> {
    /// Returns whether the identity is worth unlocking, as far as is known.
    fn may_be_named(&self, identity: &Identity) -> bool {
        let mut recipients = self.recipients.iter();
        recipients.any(|named| fit(identity, named.handle, &named.fingerprints).is_some())
    }

    /// Tries a key, unlocking it if necessary, on the recipients that name it,
    /// or on all of them.
    fn open(&mut self, identity: &Identity, named_only: bool) -> Result<bool, NoIdentity> {
        let key = match self.keyring.ask_and_unlock(identity, self.passphrases) {
            Ok(key) => key,
            Err(fault) => {
                self.still_locked.get_or_insert_with(|| NoIdentity::Locked {
                    key: identity.source().to_owned(),
                    fault,
                });
                return Ok(false);
            }
        };
        let fingerprint = Fingerprint::from(key.public().fingerprint());
        let success = identity.success();
        for (number, named) in from(&self.recipients, success.recipient()) {
            let is_named =
                named.fingerprints.contains(&fingerprint) || has_identifier(&key, named.handle);
            if key.public().pk_algo() != named.algorithm || (named_only && !is_named) {
                continue;
            }
            self.trials.next()?;
            if (self.attempt)(named.what, &key) {
                self.trials.opened();
                success.note(&self.keyring.clock, number);
                return Ok(true);
            }
            if is_named {
                self.spoiled
                    .get_or_insert_with(|| identity.source().to_owned());
            }
        }
        Ok(false)
    }
}

/// Returns how surely a handle names an identity. `named` are the fingerprints
/// that the handle stands for.
fn fit(identity: &Identity, handle: &KeyHandle, named: &[Fingerprint]) -> Option<Fit> {
    match identity.fingerprint() {
        Some(fingerprint) => named.contains(fingerprint).then_some(Fit::Named),
        // It may be the key of a certificate that is here without its key. Its
        // identifier is known once it's unlocked.
        None => (!named.is_empty() || matches!(handle, KeyHandle::SubjectKeyId(_)))
            .then_some(Fit::Unknown),
    }
}

/// Returns whether a handle is the identifier of the key itself.
fn has_identifier(key: &SecretKey, handle: &KeyHandle) -> bool {
    match handle {
        KeyHandle::SubjectKeyId(id) => mapping::subject_key_id(key.public()).as_ref() == Some(id),
        _ => false,
    }
}
