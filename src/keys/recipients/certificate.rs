//! Certificate and public key files: from bytes to recipients.

use std::path::Path;

use openssl::error::ErrorStack;
use openssl::pkey::{PKey, Public};
use openssl::rsa::Rsa;
use openssl::x509::X509;

use super::openpgp_certificate;
use super::recipient::{CertificateKind, Recipient};
use super::refusal::Refusal;
use super::requirements::Requirements;
use crate::files::BYTE_ORDER_MARK;
use crate::keys::file_content::{self, Block, Form};
use crate::keys::mapping::{self, PublicKey, UnusableKey};
use crate::keys::pkcs7::Bundle;
use crate::keys::trust::Verifier;
use crate::keys::{FileKind, openssl_reason, ssh, x509};

impl Recipient {
    /// Loads all recipients of a certificate or public key file: one, or for an
    /// OpenPGP certificate one for each of its encryption keys that is valid
    /// then, whether flagged for storage or for transport. (Its owner may have
    /// only one of them.)
    ///
    /// # Errors
    ///
    /// A file that doesn't meet the requirements is refused, with the reason.
    pub fn load(path: &Path, requirements: &Requirements) -> Result<Vec<Self>, Refusal> {
        let bytes = file_content::read(path).map_err(Refusal::Unreadable)?;
        recipients(&bytes, path, Some(requirements))
    }

    /// Loads as [`Recipient::load`] does, but without regard to validity
    /// periods: to recognise the recipients of existing messages.
    ///
    /// # Errors
    ///
    /// A file that isn't a certificate or public key is refused.
    pub fn load_any_age(path: &Path) -> Result<Vec<Self>, Refusal> {
        let bytes = file_content::read(path).map_err(Refusal::Unreadable)?;
        recipients(&bytes, path, None)
    }
}

/// Returns the recipients in the content of a file: those that meet the
/// requirements, or without requirements all of them, whatever their age.
pub(crate) fn recipients(
    bytes: &[u8],
    source: &Path,
    requirements: Option<&Requirements>,
) -> Result<Vec<Recipient>, Refusal> {
    let file = CertificateFile {
        source,
        requirements,
        bytes,
    };
    let kind = FileKind::of(bytes);
    match kind {
        Some(FileKind::SshPublicKey) => return file.ssh().map(|recipient| vec![recipient]),
        Some(FileKind::CertificateBundle) => return file.bundle().map(|recipient| vec![recipient]),
        // Others are named by what they look like to the parsers.
        Some(
            FileKind::Empty
            | FileKind::Utf16
            | FileKind::Crl
            | FileKind::Revocation
            | FileKind::DisabledRevocation
            | FileKind::PuttyKey
            | FileKind::Pkcs12
            | FileKind::JavaKeystore
            | FileKind::Jceks
            | FileKind::SignedCms
            | FileKind::ZipArchive
            | FileKind::OtherArchive,
        ) => return Err(Refusal::NotACertificate(kind)),
        _ => {}
    }
    let outcome = match file_content::form(bytes) {
        Form::Pem => file.pem(),
        Form::Der => file.der().map(|recipient| vec![recipient]),
        Form::OpenPgp => openpgp_certificate::recipients(bytes, source, requirements),
        Form::Unknown if file_content::is_cut_off(bytes, &file_content::is_private) => {
            Err(Refusal::PrivateKey)
        }
        Form::Unknown if file_content::is_cut_off(bytes, &is_of_keys) => Err(Refusal::Incomplete),
        Form::Unknown => Err(Refusal::NotACertificate(None)),
    };
    outcome.map_err(|refusal| match refusal {
        Refusal::NotACertificate(None) => Refusal::NotACertificate(kind),
        other => other,
    })
}

/// Returns whether blocks with this label hold a certificate or key.
fn is_of_keys(label: &str) -> bool {
    ["CERTIFICATE", "CERTIFICATE REQUEST", "KEY", "KEY BLOCK"]
        .iter()
        .any(|end| label.ends_with(end))
}

struct CertificateFile<'a> {
    source: &'a Path,
    requirements: Option<&'a Requirements>,
    bytes: &'a [u8],
}

impl CertificateFile<'_> {
    fn pem(&self) -> Result<Vec<Recipient>, Refusal> {
        if file_content::blocks(self.bytes).any(|block| block.is_private()) {
            return Err(Refusal::PrivateKey);
        }
        // The first certificate or key is the recipient, and X.509 certificates
        // that follow are its chain. Any other one would be another recipient.
        let mut blocks =
            file_content::blocks(self.bytes).filter(|block| block.label != "EC PARAMETERS");
        let block = blocks.next().ok_or(Refusal::NotACertificate(None))?;
        let others = blocks.clone().filter(|other| match block.is_openpgp() {
            true => other.is_public(),
            // A PKCS#7 block is a bundle of certificates.
            false => other.is_openpgp() || matches!(other.label, "PKCS7" | "CMS"),
        });
        match others.count() {
            0 => {}
            more => return Err(Refusal::SeveralCertificates(more + 1)),
        }
        let recipient = match block.label {
            _ if block.is_x509() => {
                let certificate = x509::from_block(block).map_err(malformed)?;
                let chain = self.certificates(blocks.clone())?;
                self.refuse_successor(&certificate, &chain)?;
                self.refuse_issuer(&certificate, &chain)?;
                self.refuse_stranger(&certificate, &chain)?;
                // A key that can't be decoded is refused below.
                if let Ok(key) = certificate.public_key() {
                    self.refuse_other_keys(&key, blocks)?;
                }
                self.certificate(&certificate, &chain)?
            }
            "PUBLIC KEY" | "RSA PUBLIC KEY" => {
                let key = public_key(block).map_err(malformed)?;
                // `openssl x509 -pubkey` writes the key's certificate after it.
                if let Some((own, chain)) = self.certificates(blocks.clone())?.split_first() {
                    if !own.public_key().is_ok_and(|own| own.public_eq(&key)) {
                        return Err(Refusal::SeveralCertificates(2));
                    }
                    self.refuse_stranger(own, chain)?;
                }
                self.refuse_other_keys(&key, blocks)?;
                self.public_key(&key)?
            }
            "PGP PUBLIC KEY BLOCK" => {
                return openpgp_certificate::recipients(block.text, self.source, self.requirements);
            }
            "PKCS7" | "CMS" => self.bundle()?,
            _ => return Err(Refusal::NotACertificate(None)),
        };
        Ok(vec![recipient])
    }

    /// Returns the recipient of a PKCS#7 bundle: its only certificate that
    /// issued none of the others, which are its chain.
    fn bundle(&self) -> Result<Recipient, Refusal> {
        let not_found = || Refusal::NotACertificate(FileKind::of(self.bytes));
        let bundle = Bundle::read(self.bytes).ok_or_else(not_found)?;
        let certificates = bundle.certificates;
        let is_issuer = |ca: &X509| {
            let mut others = certificates.iter().filter(|other| !x509::same(ca, other));
            others.any(|other| x509::has_issued(ca, other))
        };
        let (issuers, own): (Vec<&X509>, Vec<&X509>) = certificates
            .iter()
            .partition(|certificate| is_issuer(certificate));
        let [certificate] = own[..] else {
            return Err(match own.len() {
                0 => not_found(),
                several => Refusal::SeveralCertificates(several),
            });
        };
        let chain: Vec<X509> = issuers.into_iter().cloned().collect();
        self.refuse_stranger(certificate, &chain)?;
        self.certificate(certificate, &chain)
    }

    fn ssh(&self) -> Result<Recipient, Refusal> {
        let text = self.bytes.strip_prefix(BYTE_ORDER_MARK);
        let text = text.unwrap_or(self.bytes);
        match ssh::count_public_keys(text) {
            0 | 1 => {}
            several => return Err(Refusal::SeveralCertificates(several)),
        }
        let key = ssh::public_key(text);
        let key = key.map_err(|fault| Refusal::Key {
            subject: None,
            fault,
        })?;
        self.public_key(&key)
    }

    /// Returns the X.509 certificates among blocks: all of them if they have to
    /// be reliable, else those that can be decoded.
    fn certificates<'b>(
        &self,
        blocks: impl Iterator<Item = Block<'b>>,
    ) -> Result<Vec<X509>, Refusal> {
        let certificates = blocks.filter(Block::is_x509).map(x509::from_block);
        match self.requirements {
            Some(_) => certificates.collect::<Result<_, _>>().map_err(malformed),
            None => Ok(certificates.filter_map(Result::ok).collect()),
        }
    }

    /// Refuses a file in which a renewed certificate follows the first one: it
    /// is meant to be used, and would be left out silently.
    fn refuse_successor(&self, certificate: &X509, chain: &[X509]) -> Result<(), Refusal> {
        let succeeds = |other: &&X509| {
            x509::same_name(other.subject_name(), certificate.subject_name())
                && !same_key(certificate, other)
        };
        match chain.iter().filter(succeeds).count() {
            more if more > 0 && self.requirements.is_some() => {
                Err(Refusal::SeveralCertificates(more + 1))
            }
            _ => Ok(()),
        }
    }

    /// Refuses a file in which the CA's certificate comes first.
    fn refuse_issuer(&self, certificate: &X509, chain: &[X509]) -> Result<(), Refusal> {
        match chain
            .iter()
            .find(|other| x509::has_issued(certificate, other))
        {
            Some(other) if self.requirements.is_some() => Err(Refusal::Issuer {
                subject: x509::subject(certificate),
                issued: x509::subject(other),
            }),
            _ => Ok(()),
        }
    }

    /// Refuses a file with a certificate that is neither the recipient's nor
    /// has the name of an issuer of its chain. The chain may be in any order,
    /// with several ways to a root, and the CA bundle may have a part of it.
    fn refuse_stranger(&self, certificate: &X509, chain: &[X509]) -> Result<(), Refusal> {
        let Some(requirements) = self.requirements else {
            return Ok(());
        };
        let bundle = requirements.ca().map(Verifier::authorities);
        let mut known: Vec<&X509> = bundle.into_iter().flatten().collect();
        known.push(certificate);
        let mut rest: Vec<&X509> = chain.iter().collect();
        loop {
            let is_issuer = |other: &&X509| {
                let name = other.subject_name();
                known
                    .iter()
                    .any(|known| x509::same_name(name, known.issuer_name()))
                    || same_key(certificate, other)
            };
            let (found, left): (Vec<&X509>, Vec<&X509>) = rest.into_iter().partition(is_issuer);
            match (found.as_slice(), left.first()) {
                (_, None) => return Ok(()),
                ([], Some(other)) => {
                    return Err(Refusal::NotIssuer {
                        subject: x509::subject(certificate),
                        other: x509::subject(other),
                    });
                }
                _ => {}
            }
            known.extend(found);
            rest = left;
        }
    }

    /// Refuses a file in which the public key of another one follows.
    fn refuse_other_keys<'b>(
        &self,
        key: &PKey<Public>,
        blocks: impl Iterator<Item = Block<'b>>,
    ) -> Result<(), Refusal> {
        let keys = blocks.filter(|block| block.label.ends_with("PUBLIC KEY"));
        let is_other = |block: &Block<'_>| !public_key(*block).is_ok_and(|k| k.public_eq(key));
        match keys.filter(is_other).count() {
            more if more > 0 && self.requirements.is_some() => {
                Err(Refusal::SeveralCertificates(more + 1))
            }
            _ => Ok(()),
        }
    }

    fn der(&self) -> Result<Recipient, Refusal> {
        if let Ok(certificate) = X509::from_der(self.bytes) {
            let length = certificate.to_der().map_err(malformed)?.len();
            let rest = self.bytes.get(length..).unwrap_or_default();
            if self.requirements.is_some() && !rest.trim_ascii().is_empty() {
                return Err(Refusal::Malformed(
                    "something follows the certificate".into(),
                ));
            }
            return self.certificate(&certificate, &[]);
        }
        if let Ok(key) = PKey::public_key_from_der(self.bytes) {
            return self.public_key(&key);
        }
        if let Ok(key) = Rsa::public_key_from_der_pkcs1(self.bytes).and_then(PKey::from_rsa) {
            return self.public_key(&key);
        }
        Err(if file_content::is_private_der(self.bytes) {
            Refusal::PrivateKey
        } else {
            Refusal::NotACertificate(None)
        })
    }

    /// Returns the recipient of an X.509 certificate, with the `chain` that its
    /// file holds.
    fn certificate(&self, certificate: &X509, chain: &[X509]) -> Result<Recipient, Refusal> {
        let subject = x509::subject(certificate);
        let (not_before, not_after) =
            x509::validity(certificate).map_err(|e| Refusal::Malformed(e.to_string()))?;
        // This comes first: an old certificate that is too weak by now is
        // reported as old.
        if let Some(requirements) = self.requirements {
            if requirements.at() < not_before {
                return Err(Refusal::NotYetValid {
                    subject,
                    until: not_before,
                });
            }
            if let Some(since) = not_after.filter(|end| *end < requirements.at()) {
                return Err(Refusal::Expired { subject, since });
            }
        }
        let public = certificate.public_key().map_err(|e| Refusal::Key {
            subject: Some(subject.clone()),
            fault: UnusableKey::Malformed(openssl_reason(&e)),
        })?;
        let key = self.key(&public, Some(&subject))?;
        let chain = match self.requirements {
            Some(requirements) => {
                if let Some(needed) = x509::missing_key_usage(certificate, public.id()) {
                    return Err(Refusal::KeyUsage { subject, needed });
                }
                let ca = requirements.ca();
                let verified = ca.map(|ca| ca.verify(certificate, chain)).transpose();
                verified.map_err(|distrust| Refusal::distrusted(subject.clone(), distrust))?
            }
            None => None,
        };
        let fingerprint = x509::fingerprint(certificate).map_err(malformed)?;
        Recipient::new(key, self.source, CertificateKind::X509, subject)
            .expiring(not_after)
            .chaining(chain)
            .of_certificate(fingerprint)
            .of_x509(certificate)
            .map_err(malformed)
    }

    fn public_key(&self, key: &PKey<Public>) -> Result<Recipient, Refusal> {
        let name = self.source.file_name().unwrap_or_default();
        let label = name.to_string_lossy().into_owned();
        let key = self.key(key, None)?;
        if self
            .requirements
            .is_some_and(|requirements| requirements.ca().is_some())
        {
            return Err(Refusal::BareKey);
        }
        let kind = CertificateKind::PublicKey;
        Ok(Recipient::new(key, self.source, kind, label))
    }

    fn key(&self, key: &PKey<Public>, subject: Option<&String>) -> Result<PublicKey, Refusal> {
        let key = mapping::public_key(key).and_then(|key| {
            if let Some(requirements) = self.requirements {
                requirements.check_strength(&key)?;
            }
            Ok(key)
        });
        key.map_err(|fault| Refusal::Key {
            subject: subject.cloned(),
            fault: match self.requirements {
                Some(requirements) => requirements.restate(fault),
                None => fault,
            },
        })
    }
}

/// Returns whether two certificates are over one key, as far as it can be
/// decoded.
fn same_key(one: &X509, other: &X509) -> bool {
    let keys = one.public_key().ok().zip(other.public_key().ok());
    keys.is_some_and(|(one, other)| one.public_eq(&other))
}

/// Returns the public key in a PEM block.
fn public_key(block: Block<'_>) -> Result<PKey<Public>, ErrorStack> {
    match block.label {
        "RSA PUBLIC KEY" => PKey::from_rsa(Rsa::public_key_from_pem_pkcs1(block.text)?),
        _ => PKey::public_key_from_pem(block.text),
    }
}

fn malformed(e: ErrorStack) -> Refusal {
    Refusal::Malformed(openssl_reason(&e))
}
