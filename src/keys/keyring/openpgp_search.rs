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
    /// An unlocked key is tried before one that needs a passphrase, one that
    /// fits for certain before one that may, and one that opened a message
    /// lately before others. Equal PKESKs are tried once.
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
            for identity in &open {
                if search.open(identity, Tries::Fitting(&[fit]))? {
                    return Ok(());
                }
            }
        }
        for (presumed, fits) in [
            (Fit::Named, &[Fit::Named][..]),
            (Fit::Hidden, &[Fit::Hidden]),
            (Fit::Unknown, &[Fit::Named, Fit::Hidden]),
        ] {
            for identity in &locked {
                if search.may_fit(identity, &[presumed])
                    && search.open(identity, Tries::Fitting(fits))?
                {
                    return Ok(());
                }
            }
        }
        Err(search.failure())
    }
}
