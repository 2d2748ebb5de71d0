//! Whether CMS signatures hold.

use std::io::{self, Read};
use std::time::SystemTime;

use openssl::error::ErrorStack;
use openssl::hash::{Hasher, MessageDigest};
use openssl::nid::Nid;
use openssl::x509::X509;

use super::cms_algorithm::Scheme;
use super::cms_attributes::SignedAttributes;
use super::cms_read::{SignedData, SignerInfo, names};
use super::detached::for_each_piece;
use super::signers::{Named, Signers};
use super::verdict::{SignatureFault, SignatureVerdict, Standing};
use super::{fitness, key_x509};
use crate::keys::trust::Distrust;
use crate::keys::{ChainFault, KeyHandle, x509};
use crate::oids;

impl Signers {
    /// Judges each signature of a CMS file over a content. It returns nothing
    /// for a file that isn't SignedData.
    ///
    /// # Errors
    ///
    /// The content can't be read.
    pub(crate) fn verify_cms(
        &self,
        signature: &[u8],
        content: &mut dyn Read,
    ) -> io::Result<Vec<SignatureVerdict>> {
        let Some(data) = SignedData::read(signature) else {
            return Ok(Vec::new());
        };
        let hashes = Hashes::of(content, &data.signers)?;
        let verdicts = data.signers.iter().map(|info| {
            Judge {
                signers: self,
                data: &data,
                info,
                hashes: &hashes,
            }
            .verdict()
        });
        Ok(verdicts.collect())
    }
}

/// The hashes of a content that its signatures need.
struct Hashes(Vec<(Nid, Vec<u8>)>);

impl Hashes {
    fn of(content: &mut dyn Read, signatures: &[SignerInfo]) -> io::Result<Self> {
        let mut hashers: Vec<(Nid, Hasher)> = Vec::new();
        for hash in [Nid::SHA256, Nid::SHA384, Nid::SHA512] {
            let needed = |info: &SignerInfo| info.digest.hash() == Some(hash);
            if signatures.iter().any(needed)
                && let Some(digest) = MessageDigest::from_nid(hash)
            {
                hashers.push((hash, Hasher::new(digest)?));
            }
        }
        let mut fault = None;
        for_each_piece(content, &mut |octets| {
            for (_, hasher) in &mut hashers {
                fault = hasher.update(octets).err().or(fault.take());
            }
        })?;
        let finished = hashers.into_iter().map(|(hash, mut hasher)| {
            let value = hasher.finish()?;
            Ok((hash, value.to_vec()))
        });
        let finished: Result<_, ErrorStack> = finished.collect();
        match fault {
            None => Ok(Self(finished?)),
            Some(fault) => Err(fault.into()),
        }
    }

    fn get(&self, hash: Nid) -> Option<&[u8]> {
        let found = self.0.iter().find(|(known, _)| *known == hash);
        found.map(|(_, value)| value.as_slice())
    }
}

/// A signature that is judged.
struct Judge<'a> {
    signers: &'a Signers,
    data: &'a SignedData,
    info: &'a SignerInfo,
    hashes: &'a Hashes,
}

impl Judge<'_> {
    /// Returns the best verdict on the signature by one of the named signers
    /// whom it names.
    fn verdict(&self) -> SignatureVerdict {
        let attributes = self.info.attributes.as_ref();
        let attributes = attributes
            .ok_or("it has no signed attributes")
            .and_then(|tagged| SignedAttributes::read(tagged.as_slice()));
        let claimed = attributes
            .as_ref()
            .ok()
            .and_then(|found| found.signing_time);

        let mut best: Option<SignatureVerdict> = None;
        for (certificate, named) in self.candidates() {
            let standing = match self.check(&certificate, &attributes) {
                Ok(()) => self.vouch(&certificate, named, claimed),
                Err(fault) => self.identify(&certificate, named, fault),
            };
            let verdict = SignatureVerdict {
                signer: x509::subject(&certificate),
                fingerprint: x509::fingerprint(&certificate).ok(),
                handles: handles(&certificate),
                claimed,
                standing,
            };
            let is_better = |best: &SignatureVerdict| rank(&verdict) > rank(best);
            if best.as_ref().is_none_or(is_better) {
                best = Some(verdict);
            }
        }
        best.unwrap_or_else(|| {
            let certificate = self.data.named(&self.info.signer).next();
            SignatureVerdict {
                signer: certificate
                    .map_or_else(|| self.info.signer.to_string(), |c| x509::subject(c)),
                fingerprint: certificate.and_then(|c| x509::fingerprint(c).ok()),
                handles: certificate.map(handles).unwrap_or_default(),
                claimed,
                standing: Standing::Unknown,
            }
        })
    }

    /// Returns the certificates that the signature names, and that are those of
    /// named signers: from their files, or those with it.
    fn candidates(&self) -> Vec<(X509, Named)> {
        let handle = &self.info.signer;
        let files = self.signers.x509().iter();
        let files = files.filter(|own| names(handle, own));
        let mut candidates: Vec<(X509, Named)> =
            files.map(|own| (own.clone(), Named::File)).collect();
        for certificate in self.data.named(handle) {
            let is_known = candidates
                .iter()
                .any(|(own, _)| x509::same(own, certificate));
            if let Some(named) = self.signers.names(certificate).filter(|_| !is_known) {
                candidates.push((certificate.clone(), named));
            }
        }
        candidates
    }

    /// Checks that the key of the certificate has signed this content.
    fn check(
        &self,
        certificate: &X509,
        attributes: &Result<SignedAttributes, &'static str>,
    ) -> Result<(), SignatureFault> {
        if self.data.is_enveloping {
            return Err(SignatureFault::Malformed("it holds a content of its own"));
        }
        let attributes = attributes.as_ref();
        let attributes = attributes.map_err(|what| SignatureFault::Malformed(what))?;
        if attributes.content_type != oids::DATA || self.data.content_type != oids::DATA {
            return Err(SignatureFault::Malformed(
                "it is for another type of content",
            ));
        }
        let scheme = Scheme::of(self.info)?;
        // What it is worth is another matter, but it has to be a key.
        fitness::x509_key(certificate).map_err(SignatureFault::from)?;
        let key = certificate
            .public_key()
            .map_err(|_| SignatureFault::Altered)?;
        if !scheme.verifies(&key, &attributes.octets, &self.info.signature)
            || self.hashes.get(scheme.hash) != Some(&attributes.message_digest)
        {
            return Err(SignatureFault::Altered);
        }
        Ok(())
    }

    /// Returns the standing of a signature over this content, by the key of the
    /// certificate.
    fn vouch(&self, certificate: &X509, named: Named, claimed: Option<SystemTime>) -> Standing {
        let judged = || {
            let at = self.signers.time_of(claimed)?;
            fitness::x509(certificate, at)?;
            Ok(at)
        };
        match judged() {
            Ok(at) => match self.trust(certificate, at) {
                None => Standing::Holds,
                Some(distrust) if named == Named::Subject && is_stranger(&distrust) => {
                    Standing::Unknown
                }
                Some(distrust) => Standing::Fails(fault(distrust)),
            },
            Err(fault) => self.identify(certificate, named, fault),
        }
    }

    /// Returns the standing of a signature with that fault: a certificate whose
    /// subject is a named signer's is another's, unless the CA vouches for it.
    fn identify(&self, certificate: &X509, named: Named, fault: SignatureFault) -> Standing {
        let distrust = || self.trust(certificate, self.signers.at());
        match named {
            Named::Subject if distrust().is_some_and(|why| is_stranger(&why)) => Standing::Unknown,
            _ => Standing::Fails(fault),
        }
    }

    /// Returns why the CAs, if there are any, don't vouch for a certificate.
    fn trust(&self, certificate: &X509, at: SystemTime) -> Option<Distrust> {
        let mut own = self.signers.chain_of(certificate);
        own.extend(self.data.certificates.iter().cloned());
        self.signers.distrust(certificate, &own, at)
    }
}

fn handles(certificate: &X509) -> Vec<KeyHandle> {
    let key = fitness::x509_key(certificate).ok();
    let handles = key.and_then(|key| key_x509::handles(certificate, &key).ok());
    handles.unwrap_or_default()
}

fn rank(verdict: &SignatureVerdict) -> u8 {
    match verdict.standing {
        Standing::Holds => 2,
        Standing::Fails(_) => 1,
        Standing::Unknown => 0,
    }
}

/// Returns whether anybody can make a certificate with that fault and any
/// subject.
fn is_stranger(distrust: &Distrust) -> bool {
    match distrust {
        Distrust::Expired { .. } | Distrust::NotYetValid { .. } | Distrust::Revoked { .. } => false,
        Distrust::Malformed(_) | Distrust::Issuer { .. } => true,
        Distrust::Chain(fault) => !matches!(
            fault,
            ChainFault::CaExpired { .. }
                | ChainFault::CaNotYetValid { .. }
                | ChainFault::CaRevoked { .. }
                | ChainFault::NoCrl { .. }
                | ChainFault::CrlExpired { .. }
                | ChainFault::CrlNotYetValid { .. }
                | ChainFault::BadCrl { .. }
        ),
    }
}

fn fault(distrust: Distrust) -> SignatureFault {
    match distrust {
        Distrust::Malformed(reason) => SignatureFault::Policy(reason),
        Distrust::Issuer { .. } => SignatureFault::Usage("it is the certificate of a CA"),
        Distrust::Expired { since } => SignatureFault::Expired { since },
        Distrust::NotYetValid { until } => SignatureFault::NotYetValid { until },
        Distrust::Revoked { since } => SignatureFault::Revoked { since },
        Distrust::Chain(fault) => SignatureFault::Chain(fault),
    }
}
