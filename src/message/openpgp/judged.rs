//! Whether the signatures around a file hold, once all of it has been read.

use openpgp::packet::Signature;
use openpgp::types::SignatureType;
use sequoia_openpgp as openpgp;

use super::signed::Check;
use super::signed_hashes::HashOf;
use crate::keys::{Fingerprint, KeyHandle, SignatureFault, SignatureVerdict, Standing};
use crate::message::fault::MessageFault;

/// The most names that an error lists.
const SHOWN: usize = 4;

impl Check {
    /// Judges all signatures: one of a named signer has to hold, and none may
    /// fail.
    pub fn verdicts(&self) -> Result<Vec<SignatureVerdict>, MessageFault> {
        let mut verdicts = Vec::new();
        for found in &self.found {
            let Some(signature) = &found.signature else {
                verdicts.push(SignatureVerdict {
                    signer: "an unknown signer".into(),
                    fingerprint: None,
                    handles: Vec::new(),
                    claimed: None,
                    standing: Standing::Unknown,
                });
                continue;
            };
            let fault = kind_fault(signature.typ(), self.is_text).or(found.fault.clone());
            let mut verdict = self.judge(signature, fault);
            if verdict.holds() && !self.is_for_us(signature) {
                let signer = verdict.signer;
                return Err(MessageFault::Forwarded { signer });
            }
            // They have served their purpose.
            verdict.handles = Vec::new();
            match verdict.standing {
                Standing::Fails(fault) => {
                    let signer = verdict.signer;
                    return Err(MessageFault::Signature { signer, fault });
                }
                _ => verdicts.push(verdict),
            }
        }
        match verdicts.iter().any(SignatureVerdict::holds) {
            true => Ok(verdicts),
            false => {
                let more = verdicts.len().saturating_sub(SHOWN);
                let by = verdicts.into_iter().take(SHOWN);
                let by = by.map(|verdict| verdict.signer).collect();
                Err(MessageFault::NotSigned { by, more })
            }
        }
    }

    /// Judges a signature by itself. `fault` is one that it has anyway.
    fn judge(&self, signature: &Signature, fault: Option<SignatureFault>) -> SignatureVerdict {
        let of = HashOf::signature(signature);
        let hash = self.hashes.get(&of);
        let signers = &self.verifier.signers;
        let hash = hash.filter(|_| fault.is_none());
        let mut verdict = match self.is_text {
            true => signers.judge_text(signature, hash),
            false => signers.judge_openpgp(signature, hash),
        };
        if let Some(fault) = fault
            && verdict.standing != Standing::Unknown
        {
            verdict.standing = Standing::Fails(fault);
        }
        let is_issuer = |recipient: &KeyHandle| {
            let mut issuers = signature.get_issuers().into_iter();
            issuers.any(|issuer| is_same(&KeyHandle::of(Some(issuer)), recipient))
        };
        if verdict.holds() && self.recipients.iter().any(is_issuer) {
            let fault = SignatureFault::Usage("the key that signs opens the message as well");
            verdict.standing = Standing::Fails(fault);
        }
        verdict
    }

    /// Returns whether a signature was made for the owner of the key that opens
    /// the message, or for whoever it may be (RFC 9580, section 5.2.3.36).
    fn is_for_us(&self, signature: &Signature) -> bool {
        let mut intended = signature.intended_recipients().peekable();
        intended.peek().is_none()
            || intended.any(|fingerprint| {
                self.intended
                    .contains(&Fingerprint::of(fingerprint.clone()))
            })
    }
}

/// Returns the fault of signatures of a kind that doesn't count, for a file that is
/// written as text or not. A signature of text says nothing of line ends; one of
/// octets is for a file that is written as it is.
pub(super) fn kind_fault(typ: SignatureType, is_text: bool) -> Option<SignatureFault> {
    match (typ, is_text) {
        (SignatureType::Binary, false) | (SignatureType::Text, true) => None,
        (SignatureType::Binary, true) => Some(SignatureFault::Kind(
            "a signature of octets beside one of text",
        )),
        (SignatureType::Text, false) => Some(SignatureFault::Kind(
            "a signature of text over a file that is not marked as text",
        )),
        _ => Some(SignatureFault::Kind("no signature over a file")),
    }
}

/// Returns whether two handles name one key.
fn is_same(issuer: &KeyHandle, recipient: &KeyHandle) -> bool {
    match (issuer, recipient) {
        (KeyHandle::Fingerprint(issuer), recipient) => recipient.names(issuer),
        (issuer, KeyHandle::Fingerprint(recipient)) => issuer.names(recipient),
        (issuer, recipient) => issuer == recipient && *issuer != KeyHandle::Hidden,
    }
}
