//! Signatures inside of messages: whose count, and what came of them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use crate::keys::{Fingerprint, Keyring, SignatureVerdict, Signers};

/// The signers whose signatures count, for all messages of a job.
#[derive(Debug)]
pub(super) struct Verifier {
    pub signers: Signers,
    /// What signatures may call those for whom they are made, by the key that
    /// opens their messages.
    intended: Mutex<BTreeMap<Option<Fingerprint>, Arc<[Fingerprint]>>>,
}

impl Verifier {
    pub fn new(signers: Signers) -> Self {
        Self {
            signers,
            intended: Mutex::default(),
        }
    }

    /// Returns the fingerprints by which a signature may name the owner of the
    /// key that has opened a message; if that isn't known, the owners of all
    /// keys that were given.
    pub fn intended(&self, keyring: &Keyring, key: Option<&Fingerprint>) -> Arc<[Fingerprint]> {
        // It is intact after any panic: each change is one insertion.
        let known = self.intended.lock();
        let mut known = known.unwrap_or_else(PoisonError::into_inner);
        let found = known
            .entry(key.cloned())
            .or_insert_with(|| keyring.intended_as(key).into());
        Arc::clone(found)
    }
}

/// What came of the signatures of a message, known once it has been read to its
/// end.
#[derive(Clone, Debug, Default)]
pub(super) struct SignatureNotes(Arc<OnceLock<SignaturesFound>>);

/// The signatures of a message.
#[derive(Clone, Debug, Default)]
pub(super) struct SignaturesFound {
    /// Those that were judged: at least one holds, and none fails.
    pub verdicts: Vec<SignatureVerdict>,
    /// The number of those that were passed over.
    pub unchecked: u64,
}

impl SignatureNotes {
    pub fn note(&self, found: SignaturesFound) {
        // A message ends once.
        let _ = self.0.set(found);
    }

    pub fn found(&self) -> SignaturesFound {
        self.0.get().cloned().unwrap_or_default()
    }
}
