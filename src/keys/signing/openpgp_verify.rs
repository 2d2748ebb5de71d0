//! Whether OpenPGP signatures hold.

use std::io::{self, Read};
use std::time::Duration;

use openpgp::crypto::hash::Context;
use openpgp::packet::Signature;
use openpgp::policy::{HashAlgoSecurity, Policy, StandardPolicy};
use openpgp::types::SignatureType;
use openpgp::{Cert, KeyHandle as Handle};
use sequoia_openpgp as openpgp;

use super::detached::for_each_piece;
use super::openpgp_read::{self, Found};
use super::signers::{CLOCK_SKEW, Signers};
use super::verdict::{SignatureFault, SignatureVerdict, Standing};
use super::{fitness, key_openpgp};
use crate::keys::forget_openssl_errors;
use crate::keys::mapping::PublicKey;
use crate::keys::recipients::{innermost, openpgp_label, weak_hash};

impl Signers {
    /// Judges each signature of an OpenPGP file over a content. It returns
    /// nothing for a file that holds anything else.
    ///
    /// # Errors
    ///
    /// The content can't be read.
    pub(crate) fn verify_openpgp(
        &self,
        signature: &[u8],
        content: &mut dyn Read,
    ) -> io::Result<Vec<SignatureVerdict>> {
        let found = openpgp_read::signatures(signature).unwrap_or_default();
        let mut contexts: Vec<Option<Context>> = found
            .iter()
            .map(|found| match found {
                Found::Signature(signature) if self.openpgp_cert(signature).is_some() => {
                    begin_hash(signature)
                }
                _ => None,
            })
            .collect();
        for_each_piece(content, &mut |octets| {
            for context in contexts.iter_mut().flatten() {
                context.update(octets);
            }
        })?;
        let verdicts = found
            .iter()
            .zip(contexts)
            .map(|(found, content)| match found {
                Found::Signature(signature) => {
                    let verdict = self.judge_openpgp(signature, content);
                    match signature.intended_recipients().next() {
                        Some(_) => of_message(verdict),
                        None => verdict,
                    }
                }
                Found::Other => SignatureVerdict {
                    signer: "an unknown signer".into(),
                    fingerprint: None,
                    handles: Vec::new(),
                    claimed: None,
                    standing: Standing::Unknown,
                },
            });
        Ok(verdicts.collect())
    }

    /// Returns the certificate of the named signer by whom an OpenPGP signature
    /// says it is made.
    pub(crate) fn openpgp_cert(&self, signature: &Signature) -> Option<&Cert> {
        self.candidates(signature).next().map(|(cert, _)| cert)
    }

    /// Judges an OpenPGP signature over a content that was hashed, after the
    /// salt of a version 6 signature: see [`begin_hash`]. One whose hash isn't
    /// supported has none, and doesn't hold.
    pub(crate) fn judge_openpgp(
        &self,
        signature: &Signature,
        content: Option<Context>,
    ) -> SignatureVerdict {
        self.judge_kind(SignatureType::Binary, signature, content)
    }

    /// Judges one of this kind, and no other, in the same way.
    pub(super) fn judge_kind(
        &self,
        kind: SignatureType,
        signature: &Signature,
        content: Option<Context>,
    ) -> SignatureVerdict {
        let claimed = signature.signature_creation_time();
        let mut best: Option<SignatureVerdict> = None;
        for (cert, key) in self.candidates(signature) {
            let checked = check_form(kind, signature)
                .and_then(|()| self.check(signature, cert, &key, content.as_ref()));
            let standing = match checked {
                Ok(()) => Standing::Holds,
                Err(fault) => Standing::Fails(fault),
            };
            let is_better = standing == Standing::Holds;
            if best.is_none() || is_better {
                best = Some(SignatureVerdict {
                    signer: openpgp_label(cert),
                    fingerprint: Some(cert.fingerprint().to_hex()),
                    handles: key_openpgp::handles(cert),
                    claimed,
                    standing,
                });
            }
        }
        best.unwrap_or_else(|| self.of_stranger(signature))
    }

    /// Returns the verdict on a signature by nobody whose certificate is at
    /// hand.
    fn of_stranger(&self, signature: &Signature) -> SignatureVerdict {
        let issuers = signature.get_issuers();
        let is_pinned = |issuer: &Handle| self.is_pinned(&issuer.to_hex());
        SignatureVerdict {
            signer: openpgp_read::issuer(signature),
            fingerprint: None,
            handles: Vec::new(),
            claimed: signature.signature_creation_time(),
            standing: match issuers.iter().any(is_pinned) {
                true => Standing::Fails(SignatureFault::NoCertificate),
                false => Standing::Unknown,
            },
        }
    }

    /// Returns the keys of named signers by which the signature says it is
    /// made. Key IDs may be those of several.
    fn candidates(&self, signature: &Signature) -> impl Iterator<Item = (&Cert, PublicKey)> {
        let issuers = signature.get_issuers();
        self.certs().iter().flat_map(move |cert| {
            let keys = cert.keys().map(|key| key.key());
            let issued: Vec<(&Cert, PublicKey)> = keys
                .filter(|key| {
                    issuers
                        .iter()
                        .any(|issuer| issuer.aliases(key.key_handle()))
                })
                .map(|key| (cert, key.clone().role_into_unspecified()))
                .collect();
            issued
        })
    }

    /// Checks that a key of a signer has signed the content, and was allowed
    /// to. The form of the signature is checked before.
    fn check(
        &self,
        signature: &Signature,
        cert: &Cert,
        key: &PublicKey,
        content: Option<&Context>,
    ) -> Result<(), SignatureFault> {
        let content = content.ok_or_else(|| {
            let hash = signature.hash_algo().to_string();
            SignatureFault::Algorithm(hash)
        })?;
        let verified = signature.verify_hash(key, content.clone());
        forget_openssl_errors();
        verified.map_err(|_| SignatureFault::Altered)?;

        let policy = StandardPolicy::new();
        let collisions = HashAlgoSecurity::CollisionResistance;
        let accepted = policy.signature(signature, collisions);
        accepted.map_err(|e| SignatureFault::Policy(innermost(&e)))?;
        let claimed = signature.signature_creation_time();
        let at = self.time_of(claimed)?;
        let lasts = signature.signature_validity_period();
        let end = claimed.zip(lasts.filter(|lasts| *lasts > Duration::ZERO));
        if let Some(end) = end.and_then(|(claimed, lasts)| claimed.checked_add(lasts))
            && end <= self.at()
        {
            return Err(SignatureFault::SignatureExpired(end));
        }
        // The rest of what sequoia checks.
        signature
            .signature_alive(self.at(), CLOCK_SKEW)
            .map_err(|e| SignatureFault::Policy(innermost(&e)))?;
        fitness::openpgp(cert, key, at)?;
        // Whoever has an old key can sign today and claim another time.
        fitness::not_revoked(cert, key, self.at())?;
        Ok(())
    }
}

/// A signature that was made inside of a message, for its recipients, says
/// nothing of anything else: they could take it out of there.
fn of_message(verdict: SignatureVerdict) -> SignatureVerdict {
    let fault = SignatureFault::Kind("a signature from inside of a message");
    match verdict.standing {
        Standing::Holds => SignatureVerdict {
            standing: Standing::Fails(fault),
            ..verdict
        },
        _ => verdict,
    }
}

/// Returns the hash of a signature's content, before its first octet; `None`
/// if it isn't supported.
pub(crate) fn begin_hash(signature: &Signature) -> Option<Context> {
    let mut context = signature
        .hash_algo()
        .context()
        .ok()?
        .for_signature(signature.version());
    if let Some(salt) = signature.salt() {
        context.update(salt);
    }
    Some(context)
}

fn check_form(kind: SignatureType, signature: &Signature) -> Result<(), SignatureFault> {
    if !matches!(signature.version(), 4 | 6) {
        return Err(SignatureFault::Kind("a signature of an old version"));
    }
    match signature.typ() {
        typ if typ == kind => {}
        SignatureType::Text => return Err(SignatureFault::Kind("a signature of a text")),
        _ => return Err(SignatureFault::Kind("not a signature of data")),
    }
    match weak_hash(signature.hash_algo()) {
        Some(hash) => Err(SignatureFault::WeakHash(hash.into())),
        None => Ok(()),
    }
}
