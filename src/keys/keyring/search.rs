//! The parts that the searches for OpenPGP and for CMS share: which keys are
//! worth unlocking, the trials, and the error if none opens the message.

use std::cmp::Reverse;
use std::collections::HashSet;
use std::path::PathBuf;

use openpgp::types::PublicKeyAlgorithm;
use sequoia_openpgp as openpgp;

use super::trials::MessageTrials;
use super::{Fit, Identity, Keyring, NoIdentity, NotOpened, SecretKey, Trials};
use crate::keys::passphrase::Passphrases;
use crate::keys::{Fingerprint, KeyHandle, mapping};

/// A recipient of the message, which may be one of the keys.
pub(super) struct Candidate<'a, T> {
    pub handle: &'a KeyHandle,
    pub algorithm: PublicKeyAlgorithm,
    /// The fingerprints of the keys whose certificates it names, as far as the
    /// certificates are there.
    pub certified: Vec<Fingerprint>,
    /// What is sealed to it.
    pub sealed: T,
}

impl<T> Candidate<'_, T> {
    /// Returns how surely the recipient is this identity, as far as is known
    /// without unlocking it; `None` if it isn't.
    pub fn fit(&self, identity: &Identity) -> Option<Fit> {
        if !self.handle.names_a_certificate() {
            return identity.fit(self.handle, self.algorithm);
        }
        if identity.pk_algo().is_some_and(|own| own != self.algorithm) {
            return None;
        }
        match identity.fingerprint() {
            Some(own) => self.certified.contains(own).then_some(Fit::Named),
            // It may be the key of a certificate that is here without its key.
            // Its identifier is known once it's unlocked.
            None => {
                let is_identifier = matches!(self.handle, KeyHandle::SubjectKeyId(_));
                let is_possible =
                    is_identifier || !self.certified.is_empty() || identity.hides_certificates();
                is_possible.then_some(Fit::Unknown)
            }
        }
    }

    /// Returns how surely the recipient is this unlocked key of an identity;
    /// `None` if it names another one.
    fn fit_unlocked(
        &self,
        identity: &Identity,
        key: &SecretKey,
        fingerprint: &Fingerprint,
    ) -> Option<Fit> {
        if *self.handle == KeyHandle::Hidden {
            return Some(Fit::Hidden);
        }
        // A keystore's certificates show now.
        let is_certified = || {
            self.handle.names_a_certificate()
                && identity.certificates_within().iter().any(|certificate| {
                    certificate.is_named_by(self.handle) && certificate.fingerprint() == fingerprint
                })
        };
        let is_named = self.handle.names(fingerprint)
            || self.certified.contains(fingerprint)
            || has_identifier(key, self.handle)
            || is_certified();
        is_named.then_some(Fit::Named)
    }
}

/// The recipients that a key is tried on.
#[derive(Clone, Copy)]
pub(super) enum Tries<'a> {
    /// Those that it fits as surely as one of these says.
    Fitting(&'a [Fit]),
    /// Those that name another key, as far as can be told.
    Others,
}

impl Tries<'_> {
    fn include(self, fit: Option<Fit>) -> bool {
        match (self, fit) {
            (Self::Fitting(fits), Some(fit)) => fits.contains(&fit),
            (Self::Others, None) => true,
            (Self::Fitting(_), None) | (Self::Others, Some(_)) => false,
        }
    }
}

/// The outcome of a private key operation on what is sealed to a recipient.
pub(super) enum Attempt {
    /// The key opens the message.
    Opens,
    /// It doesn't.
    NoSessionKey,
}

/// The search for the identity that opens a message.
pub(super) struct Search<'a, T> {
    keyring: &'a Keyring,
    candidates: Vec<Candidate<'a, T>>,
    passphrases: &'a dyn Passphrases,
    trials: MessageTrials<'a>,
    /// The keys that were tried, each with the number of the recipient. Two
    /// files may hold the same key.
    tried: HashSet<(Fingerprint, usize)>,
    attempt: &'a mut dyn FnMut(&T, &SecretKey) -> Attempt,
    /// The first key that stays locked.
    still_locked: Option<NoIdentity>,
    /// Whether a key is named by a recipient to which no session key of the
    /// message is sealed.
    spoiled: bool,
    /// A key that is named, but of an unsupported kind.
    unsupported: Option<NoIdentity>,
    /// The file of a key that was unlocked for the certificate next to it, but
    /// isn't the certificate's.
    mistaken: Option<PathBuf>,
}

impl<'a, T> Search<'a, T> {
    pub fn new(
        keyring: &'a Keyring,
        candidates: Vec<Candidate<'a, T>>,
        passphrases: &'a dyn Passphrases,
        trials: &'a Trials,
        attempt: &'a mut dyn FnMut(&T, &SecretKey) -> Attempt,
    ) -> Self {
        Self {
            keyring,
            candidates,
            passphrases,
            trials: trials.for_message(keyring.identities.len()),
            tried: HashSet::new(),
            attempt,
            still_locked: None,
            spoiled: false,
            unsupported: None,
            mistaken: None,
        }
    }

    /// Returns the unlocked identities, those first that opened a message
    /// lately, and the locked ones.
    pub fn identities(&self) -> (Vec<&'a Identity>, Vec<&'a Identity>) {
        let identities = self.keyring.identities.iter();
        let (mut open, locked): (Vec<_>, Vec<_>) =
            identities.partition(|identity| identity.opened().is_some());
        open.sort_by_key(|identity| Reverse(identity.success().at()));
        (open, locked)
    }

    /// Returns whether an identity fits any recipient as surely as one of these
    /// says, as far as is known without unlocking it.
    pub fn may_fit(&self, identity: &Identity, fits: &[Fit]) -> bool {
        let mut found = self.candidates.iter().filter_map(|c| c.fit(identity));
        found.any(|fit| fits.contains(&fit))
    }

    /// Tries an identity, unlocking it if necessary. Returns whether it opens
    /// the message.
    pub fn open(&mut self, identity: &Identity, tries: Tries<'_>) -> Result<bool, NoIdentity> {
        if let Some(algorithm) = identity.unsupported() {
            if self.may_fit(identity, &[Fit::Named]) {
                self.unsupported
                    .get_or_insert_with(|| NoIdentity::Unsupported {
                        key: identity.source().to_owned(),
                        algorithm: algorithm.to_owned(),
                    });
            }
            return Ok(false);
        }
        let unlocked = match identity.opened() {
            Some(key) => Ok(key),
            None => self.keyring.ask_and_unlock(identity, self.passphrases),
        };
        let key = match unlocked {
            Ok(key) => key,
            Err(fault) => {
                self.still_locked.get_or_insert_with(|| NoIdentity::Locked {
                    key: identity.source().to_owned(),
                    fault,
                });
                return Ok(false);
            }
        };
        let fingerprint = Fingerprint::of(key.public().fingerprint());
        let is_mistaken = identity.is_presumed() && identity.fingerprint() != Some(&fingerprint);
        if is_mistaken && self.may_fit(identity, &[Fit::Named]) {
            self.mistaken
                .get_or_insert_with(|| identity.source().to_owned());
        }
        let success = identity.success();
        for (number, candidate) in from(&self.candidates, success.recipient()) {
            let fit = candidate.fit_unlocked(identity, &key, &fingerprint);
            if !tries.include(fit) || key.public().pk_algo() != candidate.algorithm {
                continue;
            }
            if !self.tried.insert((fingerprint.clone(), number)) {
                continue;
            }
            self.trials.next(fit == Some(Fit::Named))?;
            match (self.attempt)(&candidate.sealed, &key) {
                Attempt::Opens => {
                    self.trials.opened();
                    success.note(&self.keyring.clock, number);
                    return Ok(true);
                }
                Attempt::NoSessionKey if fit == Some(Fit::Named) => {
                    self.spoiled = true;
                }
                Attempt::NoSessionKey => {}
            }
        }
        Ok(false)
    }

    /// Returns why no identity opened the message.
    pub fn failure(self) -> NotOpened {
        if self.still_locked.is_none() && self.spoiled {
            return NotOpened::NoSessionKey;
        }
        let mistaken = self.mistaken;
        let mistaken = mistaken.map(|key| NoIdentity::OtherCertificate { key });
        let known = self.still_locked.or(self.unsupported).or(mistaken);
        known
            .unwrap_or_else(|| {
                let handles = self.candidates.iter().map(|c| c.handle.clone());
                self.keyring.none_fits(handles.collect())
            })
            .into()
    }
}

/// Returns whether a handle is the identifier of the key itself.
pub(super) fn has_identifier(key: &SecretKey, handle: &KeyHandle) -> bool {
    match handle {
        KeyHandle::SubjectKeyId(id) => mapping::subject_key_id(key.public()).as_ref() == Some(id),
        _ => false,
    }
}

/// Returns all of them with their numbers: from that number on, then those
/// before it.
fn from<T>(all: &[T], number: usize) -> impl Iterator<Item = (usize, &T)> {
    let first = if number < all.len() { number } else { 0 };
    let numbered = || all.iter().enumerate();
    numbered().skip(first).chain(numbered().take(first))
}
