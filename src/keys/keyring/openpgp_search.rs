//! The search for the key that a PKESK of an OpenPGP message is for.

use std::collections::HashSet;

use openpgp::crypto::SessionKey;
use openpgp::packet::PKESK;
use openpgp::types::SymmetricAlgorithm;
use sequoia_openpgp as openpgp;

use super::search::{Attempt, Candidate, Search, Tries};
use super::{Fit, Keyring, NoIdentity, NotOpened, SecretKey, Trials};
use crate::keys::KeyHandle;
use crate::keys::passphrase::Passphrases;

impl Keyring {
    /// Finds the session key of a message: the first one that `accept` accepts.
    /// A key that fits for certain is tried before one that may, an unlocked one
    /// before one that needs a passphrase, and one that opened a message lately
    /// before others. Equal PKESKs are tried once.
    pub(crate) fn open_session_key(
        &self,
        pkesks: &[PKESK],
        algorithm: Option<SymmetricAlgorithm>,
        passphrases: &dyn Passphrases,
        trials: &Trials,
        accept: &mut dyn FnMut(Option<SymmetricAlgorithm>, &SessionKey, &SecretKey) -> bool,
    ) -> Result<(), NotOpened> {
        let mut seen = HashSet::new();
        let different = pkesks.iter().filter(|pkesk| seen.insert(*pkesk));
        let named: Vec<(KeyHandle, &PKESK)> = different
            .map(|pkesk| (KeyHandle::of(pkesk.recipient()), pkesk))
            .collect();
        let candidates = named.iter().map(|(handle, pkesk)| Candidate {
            handle,
            algorithm: pkesk.pk_algo(),
            certified: Vec::new(),
            sealed: *pkesk,
        });
        let mut attempt = |pkesk: &&PKESK, key: &SecretKey| match pkesk
            .decrypt(&mut key.decryptor(), algorithm)
        {
            Some((algorithm, session_key)) if accept(algorithm, &session_key, key) => {
                Attempt::Opens
            }
            _ => Attempt::NoSessionKey,
        };
        let mut search = Search::new(
            self,
            candidates.collect(),
            passphrases,
            trials,
            &mut attempt,
        );
        if open_as(&mut search, Fit::Named)? {
            return Ok(());
        }
        let mut opens = open_as(&mut search, Fit::Hidden);
        let (_, locked) = search.identities();
        for identity in locked {
            if matches!(opens, Ok(true)) {
                return Ok(());
            }
            if !search.may_fit(identity, &[Fit::Unknown]) {
                continue;
            }
            // Hidden recipients that cost too many trials don't keep a key from
            // being tried that another recipient names.
            if search.open(identity, Tries::Fitting(&[Fit::Named]))? {
                return Ok(());
            }
            if opens.is_ok() {
                opens = search.open(identity, Tries::Fitting(&[Fit::Hidden]));
            }
        }
        match opens? {
            true => Ok(()),
            false => Err(search.failure()),
        }
    }
}

/// Tries all keys on the recipients that they fit as surely as this. Returns
/// whether one opens the message.
fn open_as<T>(search: &mut Search<'_, T>, fit: Fit) -> Result<bool, NoIdentity> {
    let fits = [fit];
    let tries = Tries::Fitting(&fits);
    let (open, locked) = search.identities();
    for identity in open {
        if search.open(identity, tries)? {
            return Ok(true);
        }
    }
    for identity in locked {
        if search.may_fit(identity, &fits) && search.open(identity, tries)? {
            return Ok(true);
        }
    }
    Ok(false)
}
