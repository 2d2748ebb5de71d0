//! How surely a key opens a message, judged by the message's envelope.

use openpgp::types::PublicKeyAlgorithm;
use sequoia_openpgp as openpgp;

use crate::keys::{Identity, KeyHandle};

/// How surely a key opens a message, the surest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fit {
    /// A recipient's handle names it.
    Named,
    /// A recipient is hidden, and its key has the same algorithm.
    Hidden,
    /// The key's fingerprint is unknown while it's locked.
    Unknown,
}

impl Identity {
    /// Returns how surely this is the key of a recipient; `None` if it isn't.
    pub(crate) fn fit(&self, handle: &KeyHandle, algorithm: PublicKeyAlgorithm) -> Option<Fit> {
        if self.pk_algo().is_some_and(|own| own != algorithm) {
            return None;
        }
        match self.fingerprint() {
            None => Some(Fit::Unknown),
            Some(fingerprint) if handle.names(fingerprint) => Some(Fit::Named),
            Some(_) => (*handle == KeyHandle::Hidden).then_some(Fit::Hidden),
        }
    }
}
