//! Signatures inside of messages, which are over the content of a file.

use openpgp::KeyHandle as Handle;
use openpgp::crypto::hash::Context;
use openpgp::packet::Signature;
use openpgp::types::SignatureType;
use sequoia_openpgp as openpgp;

use super::{SignatureVerdict, Signers};

impl Signers {
    /// Returns whether an announced signature claims to be by a named signer
    /// whose certificate is known. For no other signature is the content hashed.
    pub(crate) fn announces(&self, issuer: &Handle) -> bool {
        let mut keys = self.certs().iter().flat_map(|cert| cert.keys());
        keys.any(|key| issuer.aliases(key.key().key_handle()))
    }

    /// Judges a signature over a text, whose lines were hashed with CR LF at
    /// their ends. It says nothing of line ends.
    pub(crate) fn judge_text(
        &self,
        signature: &Signature,
        content: Option<Context>,
    ) -> SignatureVerdict {
        self.judge_kind(SignatureType::Text, signature, content)
    }
}
