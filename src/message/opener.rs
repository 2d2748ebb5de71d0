//! What opens messages: keys, passphrases and limits.

use std::sync::Arc;

use super::attempt::Attempt;
use super::limits::Limits;
use super::message_passphrases::MessagePassphrases;
use super::signatures::Verifier;
use crate::keys::{Fingerprint, Keyring, NoPassphrases, Passphrases, Recipient, Signers};

/// The keys, passphrases and limits for opening messages.
#[derive(Clone)]
pub struct Opener<'a> {
    pub(super) keyring: &'a Keyring,
    pub(super) passphrases: &'a dyn Passphrases,
    /// Those that have opened messages.
    pub(super) message_passphrases: Arc<MessagePassphrases>,
    pub(super) limits: Limits,
    pub(super) try_all_keys: bool,
    pub(super) attempt: Option<&'a Attempt>,
    pub(super) verifier: Option<Arc<Verifier>>,
    accept_renamed: bool,
    ignore_index: bool,
}

impl<'a> Opener<'a> {
    /// Opens with the keys that a message names, and if an OpenPGP message
    /// hides its recipients, with those that may fit. Locked keys stay locked,
    /// and the limits are the default ones.
    pub fn new(keyring: &'a Keyring) -> Self {
        Self {
            keyring,
            passphrases: &NoPassphrases,
            message_passphrases: Arc::default(),
            limits: Limits::default(),
            try_all_keys: false,
            attempt: None,
            verifier: None,
            accept_renamed: false,
            ignore_index: false,
        }
    }

    /// Unlocks keys with these passphrases, and messages that are sealed with
    /// one.
    #[must_use]
    pub fn with_passphrases(self, passphrases: &'a dyn Passphrases) -> Self {
        Self {
            passphrases,
            ..self
        }
    }

    /// Counts what is opened against these limits.
    #[must_use]
    pub fn with_limits(self, limits: &Limits) -> Self {
        Self {
            limits: limits.clone(),
            ..self
        }
    }

    /// Tries the keys also on CMS messages that name none of their
    /// certificates: for a key whose certificate is lost. A key is accepted
    /// only if what it decrypts is a content-encryption key of the right length
    /// in the right padding; by chance that happens once in some 30 million
    /// tries. [`OpenMessage::tried_key`](super::OpenMessage::tried_key) shows it.
    #[must_use]
    pub fn trying_all_keys(self) -> Self {
        Self {
            try_all_keys: true,
            ..self
        }
    }

    /// Accepts members of archives also under other names than they were sealed
    /// under. [`Opened::sealed_as`](super::Opened::sealed_as) shows it.
    #[must_use]
    pub fn accepting_renamed(self) -> Self {
        Self {
            accept_renamed: true,
            ..self
        }
    }

    /// Opens only messages with a valid OpenPGP signature by one of these signers
    /// inside of what is encrypted, over the content. A signature that says for
    /// whom it was made must have been made for the owner of the key that opens
    /// the message. [`Opened::signatures`](super::Opened::signatures) shows
    /// what came of it. Without signers, signatures are passed over.
    #[must_use]
    pub fn with_signers(self, signers: Option<Signers>) -> Self {
        Self {
            verifier: signers.map(|signers| Arc::new(Verifier::new(signers))),
            ..self
        }
    }

    /// Opens messages whether they are signed or not: indexes and grants are
    /// never signed inside.
    #[doc(hidden)]
    #[must_use]
    pub fn without_signers(&self) -> Self {
        Self {
            verifier: None,
            ..self.clone()
        }
    }

    /// Opens members of archives by their own recipients, as if the archive had
    /// no index.
    #[must_use]
    pub fn ignoring_index(self) -> Self {
        Self {
            ignore_index: true,
            ..self
        }
    }

    /// Returns whether indexes are ignored.
    pub(crate) fn ignores_index(&self) -> bool {
        self.ignore_index
    }

    /// Opens one message with a certain one of the session keys that seem to
    /// fit.
    pub(super) fn attempting<'b>(&self, attempt: &'b Attempt) -> Opener<'b>
    where
        'a: 'b,
    {
        Opener {
            attempt: Some(attempt),
            ..self.clone()
        }
    }

    /// Returns whether another session key may fit the message that was begun
    /// with it.
    pub(crate) fn has_other_attempt(&self) -> bool {
        self.attempt.is_some_and(Attempt::has_others)
    }

    /// Returns whether members may have other names than they were sealed
    /// under.
    pub(crate) fn accepts_renamed(&self) -> bool {
        self.accept_renamed
    }

    /// Returns an unlocked key of the keyring as a recipient.
    pub(crate) fn own_recipient(&self, key: &Fingerprint) -> Option<Recipient> {
        self.keyring.recipient(key)
    }

    /// Returns the limits on the expansion of messages.
    pub(crate) fn limits(&self) -> &Limits {
        &self.limits
    }
}
