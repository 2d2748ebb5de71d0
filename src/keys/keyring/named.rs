//! Which keys the handles of CMS messages name: those whose X.509 certificates
//! lie beside them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use openpgp::types::PublicKeyAlgorithm;
use sequoia_openpgp as openpgp;

use super::{Fit, Identity, Keyring, MAX_TRIALS, NoIdentity, SecretKey};
use crate::keys::passphrase::Passphrases;
use crate::keys::{Fingerprint, KeyHandle, Recipient, files, mapping};

/// A key that opened something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum OpenedBy {
    /// The message names its certificate.
    Named,
    /// It was tried, without being named: the key's file.
    Tried(PathBuf),
}

impl Keyring {
    /// How surely the identity is the key of a recipient; `None` if it isn't.
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
        let named = self.fingerprints(handle);
        match identity.fingerprint() {
            Some(fingerprint) => named.contains(fingerprint).then_some(Fit::Named),
            // It may be the key of a certificate that lies here without its
            // key; and its identifier shows once it's unlocked.
            None => (!named.is_empty() || matches!(handle, KeyHandle::SubjectKeyId(_)))
                .then_some(Fit::Unknown),
        }
    }

    /// Finds the key of one of the recipients of a CMS message: the first one
    /// with which `attempt` succeeds on the recipient of that number. Keys that
    /// lie open come first. A key that no handle names is tried only if
    /// `try_all` says so.
    pub(crate) fn open_named(
        &self,
        recipients: &[(KeyHandle, PublicKeyAlgorithm)],
        passphrases: &dyn Passphrases,
        try_all: bool,
        attempt: &mut dyn FnMut(usize, &SecretKey) -> bool,
    ) -> Result<OpenedBy, NoIdentity> {
        let mut still_locked = None;
        let mut spoiled = None;
        for is_locked in [false, true] {
            for (number, (handle, algorithm)) in recipients.iter().enumerate() {
                for (identity, key) in self.holders(handle, is_locked, passphrases, &mut |locked| {
                    still_locked.get_or_insert(locked);
                }) {
                    if key.public().pk_algo() != *algorithm {
                        continue;
                    }
                    if attempt(number, &key) {
                        return Ok(OpenedBy::Named);
                    }
                    spoiled.get_or_insert_with(|| identity.source().to_owned());
                }
            }
        }
        if try_all {
            let mut trials = 0;
            for identity in &self.identities {
                let key = match self.ask_and_unlock(identity, passphrases) {
                    Ok(key) => key,
                    Err(fault) => {
                        still_locked.get_or_insert(NoIdentity::Locked {
                            key: identity.source().to_owned(),
                            fault,
                        });
                        continue;
                    }
                };
                for (number, (_, algorithm)) in recipients.iter().enumerate() {
                    if key.public().pk_algo() != *algorithm {
                        continue;
                    }
                    trials += 1;
                    if trials > MAX_TRIALS {
                        return Err(NoIdentity::TooManyTrials);
                    }
                    if attempt(number, &key) {
                        return Ok(OpenedBy::Tried(identity.source().to_owned()));
                    }
                }
            }
        }
        let spoiled = spoiled.map(|key| NoIdentity::NoSessionKey { key });
        Err(still_locked.or(spoiled).unwrap_or_else(|| {
            let handles = recipients.iter().map(|(handle, _)| handle.clone());
            self.none_fits(handles.collect())
        }))
    }

    /// The keys that a handle names: those that lie open, or with `is_locked`
    /// the others, unlocked. One that stays locked is reported.
    fn holders<'a>(
        &'a self,
        handle: &KeyHandle,
        is_locked: bool,
        passphrases: &dyn Passphrases,
        locked: &mut dyn FnMut(NoIdentity),
    ) -> Vec<(&'a Identity, Arc<SecretKey>)> {
        let named = self.fingerprints(handle);
        let mut holders = Vec::new();
        for identity in &self.identities {
            let opened = identity.opened();
            if opened.is_none() != is_locked {
                continue;
            }
            let key = match opened {
                Some(key) => key,
                None if self.may_hold(identity, handle, &named) => {
                    match self.ask_and_unlock(identity, passphrases) {
                        Ok(key) => key,
                        Err(fault) => {
                            locked(NoIdentity::Locked {
                                key: identity.source().to_owned(),
                                fault,
                            });
                            continue;
                        }
                    }
                }
                None => continue,
            };
            if is_named(&key, handle, &named) {
                holders.push((identity, key));
            }
        }
        holders
    }

    /// Whether it is worth to unlock the identity, as far as that shows.
    fn may_hold(&self, identity: &Identity, handle: &KeyHandle, named: &[Fingerprint]) -> bool {
        match identity.fingerprint() {
            Some(fingerprint) => named.contains(fingerprint),
            None => !named.is_empty() || matches!(handle, KeyHandle::SubjectKeyId(_)),
        }
    }

    /// The fingerprints of the keys whose certificates a handle names, as far
    /// as they are at hand.
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

    /// The X.509 certificates in the key files, in the files beside them that
    /// are called like certificates, and in the directories that were searched
    /// for keys. Read once.
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
                // A directory that can't be read holds nothing for us.
                let beside = files::below(directory, 1).unwrap_or_default();
                candidates.extend(beside.into_iter().filter(|f| files::is_certificate(f)));
            }
            let loaded = candidates
                .iter()
                .filter_map(|f| Recipient::load_any_age(f).ok());
            certificates.extend(loaded.flatten());
            certificates.retain(|certificate| certificate.issuer_and_serial().is_some());
            certificates
        })
    }
}

fn is_named(key: &SecretKey, handle: &KeyHandle, named: &[Fingerprint]) -> bool {
    named.contains(&key.public().fingerprint().into()) || has_identifier(key, handle)
}

fn has_identifier(key: &SecretKey, handle: &KeyHandle) -> bool {
    match handle {
        KeyHandle::SubjectKeyId(id) => mapping::subject_key_id(key.public()).as_ref() == Some(id),
        _ => false,
    }
}
