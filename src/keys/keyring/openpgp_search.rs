//! The search for the key that a PKESK of an OpenPGP message is for.

use std::collections::HashSet;

use openpgp::crypto::SessionKey;
use openpgp::packet::PKESK;
use openpgp::types::SymmetricAlgorithm;
use sequoia_openpgp as openpgp;

use super::search::{Attempt, Candidate, Search, Tries};
use super::{Fit, Keyring, NoIdentity, SecretKey, Trials};
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
        accept: &mut dyn FnMut(Option<SymmetricAlgorithm>, &SessionKey) -> bool,
    ) -> Result<(), NoIdentity> {
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
            Some((algorithm, session_key)) if accept(algorithm, &session_key) => Attempt::Opens,
            Some(_) => Attempt::OpensNothing,
            None => Attempt::NoSessionKey,
        };
        let mut search = Search::new(
            self,
            candidates.collect(),
            passphrases,
            trials,
            &mut attempt,
        );
        let (open, locked) = search.identities();
        for fit in [Fit::Named, Fit::Hidden] {
            let fits = [fit];
            let tries = Tries::Fitting(&fits);
            for identity in &open {
                if search.open(identity, tries)? {
                    return Ok(());
                }
            }
            for identity in &locked {
                if search.may_fit(identity, &fits) && search.open(identity, tries)? {
                    return Ok(());
                }
            }
        }
        let any = Tries::Fitting(&[Fit::Named, Fit::Hidden]);
        for identity in &locked {
            if search.may_fit(identity, &[Fit::Unknown]) && search.open(identity, any)? {
                return Ok(());
            }
        }
        Err(search.failure())
    }
}
