//! From the PKESKs before a container to the key that opens it.

use std::io::BufRead;

use sequoia_openpgp::crypto::SessionKey;

use super::decrypt::Container;
use super::front::OpenPgpFront;
use super::packet::Body;
use crate::keys::{Keyring, NoIdentity, Passphrases, Trials};
use crate::message::fault::{MessageFault, OpenError};

impl<R: BufRead> OpenPgpFront<R> {
    /// Finds the session key, and unlocks the container with it.
    pub(super) fn unlock(
        self,
        keyring: &Keyring,
        passphrases: &dyn Passphrases,
        trials: &Trials,
    ) -> Result<(Container<Body<R>>, SessionKey), OpenError> {
        let mut container = self.container;
        if self.pkesks.is_empty() {
            return Err(match self.passphrases {
                0 => MessageFault::Malformed("it names no recipient".into()).into(),
                _ => NoIdentity::PassphraseOnly.into(),
            });
        }
        // If a session key came whole out of a PKESK but doesn't fit the data,
        // the data was altered: the key isn't wrong.
        let mut misfit = None;
        let mut fit = None;
        let found = keyring.open_session_key(
            &self.pkesks,
            container.parameters().map(|p| p.cipher),
            passphrases,
            trials,
            &mut |cipher, session_key| match container.unlock(cipher, session_key) {
                Ok(true) => {
                    fit = Some(session_key.clone());
                    true
                }
                Ok(false) => {
                    misfit.get_or_insert(OpenError::Fault(MessageFault::Altered));
                    false
                }
                Err(error) => {
                    misfit.get_or_insert(error);
                    false
                }
            },
        );
        match (found, fit) {
            (Ok(()), Some(session_key)) => Ok((container, session_key)),
            (Err(no_identity), _) => Err(misfit.unwrap_or(no_identity.into())),
            (Ok(()), None) => Err(MessageFault::Altered.into()),
        }
    }
}
