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
        let own = self.own_certificates(&data);
        let mut checks = 0;
        let verdicts = data.signers.iter().map(|info| {
            Judge {
                signers: self,
                data: &data,
                own: &own,
                info,
                hashes: &hashes,
            }
            .verdict(&mut checks)
        });
        Ok(verdicts.collect())
    }

    /// Returns the certificates of named signers that the signatures name: from the
    /// signers' files, and those that come with the signatures.
    ///
    /// The CAs are asked once for each of them, and before any signature is checked:
    /// anybody can make certificates with a signer's subject.
    fn own_certificates(&self, data: &SignedData) -> Vec<Own> {
        let mut found: Vec<Own> = Vec::new();
        let files = self.x509().iter().map(|own| (own, Named::File));
        let others = data.certificates.iter();
        let others = others.filter_map(|other| Some((other, self.names(other)?)));
        for (certificate, named) in files.chain(others) {
            let is_named = |info: &SignerInfo| names(&info.signer, certificate);
            let is_known = |own: &Own| x509::same(&own.certificate, certificate);
            if found.iter().any(is_known) || !data.signers.iter().any(is_named) {
                continue;
            }
            let distrust = self.distrust_of(certificate, data, self.at());
            if named == Named::Subject && distrust.as_ref().is_some_and(is_stranger) {
                continue;
            }
            found.push(Own {
                certificate: certificate.clone(),
                named,
                distrust,
            });
        }
        found
    }

    /// Returns why the CAs, if there are any, don't vouch for a certificate that
    /// comes with others.
    fn distrust_of(
        &self,
        certificate: &X509,
        data: &SignedData,
        at: SystemTime,
    ) -> Option<Distrust> {
        let mut others = self.chain_of(certificate);
        others.extend(data.certificates.iter().cloned());
        self.distrust(certificate, &others, at)
    }
}

/// The most times that a key is tried on a signature of one file. A signer's CA may
/// have issued many certificates with one key identifier.
const MOST_CHECKS: usize = 256;

/// The certificate of a named signer.
struct Own {
    certificate: X509,
    named: Named,
    /// Why the CAs don't vouch for it at the time of verification.
    distrust: Option<Distrust>,
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
    own: &'a [Own],
    info: &'a SignerInfo,
    hashes: &'a Hashes,
}

impl Judge<'_> {
    /// Returns the best verdict on the signature by one of the named signers
    /// whom it names. Counts the checks of the whole file.
    fn verdict(&self, checks: &mut usize) -> SignatureVerdict {
        let attributes = self.info.attributes.as_ref();
        let attributes = attributes
            .ok_or("it has no signed attributes")
            .and_then(|tagged| SignedAttributes::read(tagged.as_slice()));
        let claimed = attributes
            .as_ref()
            .ok()
            .and_then(|found| found.signing_time);

        let mut best: Option<SignatureVerdict> = None;
        let is_named = |own: &&Own| names(&self.info.signer, &own.certificate);
        for own in self.own.iter().filter(is_named) {
            let certificate = &own.certificate;
            *checks += 1;
            let checked = match *checks > MOST_CHECKS {
                true => Err(SignatureFault::Malformed("it is one of too many")),
                false => self.check(certificate, &attributes),
            };
            let standing = match checked {
                Ok(()) => self.vouch(own, claimed),
                Err(fault) => Standing::Fails(fault),
            };
            let verdict = SignatureVerdict {
                signer: x509::subject(certificate),
                fingerprint: x509::fingerprint(certificate).ok(),
                handles: handles(certificate),
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
    fn vouch(&self, own: &Own, claimed: Option<SystemTime>) -> Standing {
        let judged = || {
            let at = self.signers.time_of(claimed)?;
            fitness::x509(&own.certificate, at)?;
            Ok(at)
        };
        let distrust = match judged() {
            Err(fault) => return Standing::Fails(fault),
            Ok(at) if at == self.signers.at() => own.distrust.clone(),
            Ok(at) => self.signers.distrust_of(&own.certificate, self.data, at),
        };
        match distrust {
            None => Standing::Holds,
            Some(distrust) if own.named == Named::Subject && is_stranger(&distrust) => {
                Standing::Unknown
            }
            Some(distrust) => Standing::Fails(fault(distrust)),
        }
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
