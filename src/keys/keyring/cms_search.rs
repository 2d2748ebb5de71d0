//! The search for the key that a recipient of a CMS message is.

use std::path::PathBuf;

use openpgp::types::PublicKeyAlgorithm;
use sequoia_openpgp as openpgp;

use super::search::{Attempt, Candidate, Search, Tries};
use super::{Fit, Keyring, NoIdentity, NotOpened, SecretKey, Trials};
use crate::keys::KeyHandle;
use crate::keys::passphrase::Passphrases;

/// How a key was found that opened a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum OpenedBy {
    /// The message names its certificate.
    Named,
    /// The key was tried without being named. This is its file.
    Tried(PathBuf),
}

impl Keyring {
    /// Finds the key of a recipient of a CMS message: the first one with which
    /// `opens` succeeds on the recipient. Unlocked keys come first, and among
    /// them those that opened a message lately. A key that no handle names is
    /// tried only if `try_all` says so.
    pub(crate) fn open_named<T>(
        &self,
        recipients: &[(KeyHandle, PublicKeyAlgorithm, T)],
        passphrases: &dyn Passphrases,
        try_all: bool,
        trials: &Trials,
        opens: &mut dyn FnMut(&T, &SecretKey) -> bool,
    ) -> Result<OpenedBy, NotOpened> {
        let candidates = recipients
            .iter()
            .map(|(handle, algorithm, sealed)| Candidate {
                handle,
                algorithm: *algorithm,
                certified: self.fingerprints(handle),
                sealed,
            });
        let mut attempt = |sealed: &&T, key: &SecretKey| match opens(sealed, key) {
            true => Attempt::Opens,
            false => Attempt::NoSessionKey,
        };
        let mut search = Search::new(
            self,
            candidates.collect(),
            passphrases,
            trials,
            &mut attempt,
        );
        let (open, locked) = search.identities();
        let identities = || open.iter().chain(&locked);
        let named = Tries::Fitting(&[Fit::Named]);
        let may_be_named = |search: &Search<'_, _>, identity| {
            search.may_fit(identity, &[Fit::Named, Fit::Unknown])
        };
        for identity in identities() {
            if may_be_named(&search, identity) && search.open(identity, named)? {
                return Ok(OpenedBy::Named);
            }
        }
        if try_all {
            for identity in identities() {
                // The certificate next to a locked key may be another key's.
                if !may_be_named(&search, identity) && search.open(identity, named)? {
                    return Ok(OpenedBy::Named);
                }
                if search.open(identity, Tries::Others)? {
                    return Ok(OpenedBy::Tried(identity.source().to_owned()));
                }
            }
        }
        let mut failure = search.failure();
        if let NotOpened::NoIdentity(NoIdentity::NoneFits { tried, .. }) = &mut failure {
            *tried = try_all;
        }
        Err(failure)
    }
}
