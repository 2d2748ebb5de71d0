//! From the PKESKs and SKESKs before a container to the key that opens it.

use std::io::BufRead;

use sequoia_openpgp::crypto::SessionKey;
use sequoia_openpgp::packet::PKESK;

use super::front::OpenPgpFront;
use super::skesk::Skesk;
use crate::keys::{
    Fingerprint, KeyHandle, Keyring, MessageTrials, NoIdentity, Passphrase, Passphrases, Trials,
    UnlockFault,
};
use crate::message::attempt::Attempt;
use crate::message::fault::{MessageFault, OpenError};
use crate::message::message_passphrases::MessagePassphrases;

/// The passphrases that are tried on a message, with a margin for several SKESKs.
const MOST_PASSPHRASES: usize = 64;

impl<R: BufRead> OpenPgpFront<R> {
    /// Finds the session key with a key of the keyring, and unlocks the
    /// container with it.
    pub(super) fn unlock(
        &mut self,
        keyring: &Keyring,
        passphrases: &dyn Passphrases,
        trials: &Trials,
        attempt: Option<&Attempt>,
    ) -> Result<(SessionKey, Fingerprint), OpenError> {
        let Self {
            pkesks,
            unknown,
            container,
            ..
        } = self;
        if pkesks.is_empty() {
            let fault = match unknown.first() {
                None => MessageFault::Malformed("it names no recipient".into()),
                Some(kind) => MessageFault::Unsupported(kind.clone()),
            };
            return Err(fault.into());
        }
        // What fails without a key fails before one is used: else the sender
        // could find out by the error what the key has done.
        container.prepare()?;
        let mut unsupported = None;
        let mut fit = None;
        let found = keyring.open_session_key(
            pkesks,
            container.parameters().map(|p| p.cipher),
            passphrases,
            trials,
            &mut |cipher, session_key, key| match container.unlock(cipher, session_key) {
                Ok(true) if attempt.is_some_and(|attempt| !attempt.uses(session_key)) => false,
                Ok(true) => {
                    let opened_by = Fingerprint::of(key.public().fingerprint());
                    fit = Some((session_key.clone(), opened_by));
                    true
                }
                Ok(false) => false,
                Err(error) => {
                    unsupported.get_or_insert(error);
                    false
                }
            },
        );
        // The first chunk of other formats proves the session key.
        let may_fit = |pkesk: &&PKESK| {
            let handle = KeyHandle::of(pkesk.recipient());
            keyring.may_open(&handle, pkesk.pk_algo())
        };
        if let Some(attempt) = attempt
            && !container.format().is_chunked()
            && pkesks.iter().filter(may_fit).nth(1).is_some()
        {
            attempt.note_others();
        }
        match (found, fit) {
            (Ok(()), Some(fit)) => Ok(fit),
            (Ok(()), None) => Err(MessageFault::Altered.into()),
            (Err(error), _) => Err(unsupported.unwrap_or_else(|| error.into())),
        }
    }

    /// Unlocks the container with a passphrase. `no_key` says why no key opens
    /// the message.
    pub(super) fn unlock_by_passphrase(
        &mut self,
        known: &MessagePassphrases,
        passphrases: &dyn Passphrases,
        trials: &Trials,
        no_key: Option<OpenError>,
    ) -> Result<(), OpenError> {
        self.container.prepare()?;
        if let Some(bytes) = self.skesks.iter().filter_map(Skesk::memory).max() {
            passphrases.note_memory(bytes);
        }
        let mut trials = trials.for_message(MOST_PASSPHRASES);
        let mut unsupported = None;
        let opened = known.open(passphrases, |passphrase| {
            self.try_passphrase(passphrase, &mut trials, &mut unsupported)
        });
        match (opened?, no_key) {
            (Ok(()), _) => Ok(()),
            // A wrong passphrase yields a session key for any cipher.
            (Err(UnlockFault::WrongPassphrase), _) if unsupported.is_some() => {
                Err(unsupported.unwrap_or_else(|| MessageFault::Altered.into()))
            }
            (Err(UnlockFault::NoPassphrase), Some(no_key)) => Err(no_key),
            (Err(fault), _) => Err(NoIdentity::Passphrase(fault).into()),
        }
    }

    /// Tries a passphrase on all SKESKs. Returns whether one opens the message.
    fn try_passphrase(
        &mut self,
        passphrase: &Passphrase,
        trials: &mut MessageTrials<'_>,
        unsupported: &mut Option<OpenError>,
    ) -> Result<bool, OpenError> {
        for skesk in &self.skesks {
            trials.next(false)?;
            let outcome = match skesk.session_key(passphrase) {
                Ok(None) => continue,
                Ok(Some((cipher, session_key))) => self.container.unlock(cipher, &session_key),
                Err(error) => Err(error),
            };
            match outcome {
                Ok(true) => {
                    trials.opened();
                    return Ok(true);
                }
                Ok(false) => {}
                Err(error @ OpenError::Read(_)) => return Err(error),
                Err(error) => {
                    unsupported.get_or_insert(error);
                }
            }
        }
        Ok(false)
    }
}
