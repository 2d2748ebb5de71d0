//! Signing keys with an X.509 certificate.

use std::path::Path;
use std::time::SystemTime;

use openssl::pkey::{PKey, Private};
use openssl::x509::X509;

use super::fitness;
use super::key::{Operation, SigningKey, SigningKeyFault};
use crate::keys::file_content::Bytes;
use crate::keys::keyring::CertificateFile;
use crate::keys::mapping::{self, PublicKey};
use crate::keys::{
    Fingerprint, Identity, IssuerAndSerial, KeyFault, KeyHandle, Passphrases, SubjectKeyId,
    openssl_reason, x509,
};

/// The most certificates of a chain: nobody's is longer.
const MAX_CHAIN: usize = 16;

/// A signer's certificate, and those of its issuers as far as they are in the
/// same file.
struct Certified {
    certificate: X509,
    chain: Vec<X509>,
    public: PublicKey,
}

/// Loads the key in the content of a file, and its certificate.
pub(super) fn load(
    bytes: Bytes,
    path: &Path,
    exposed: bool,
    passphrases: &dyn Passphrases,
    at: SystemTime,
) -> Result<SigningKey, SigningKeyFault> {
    let mut identities = Identity::of_content(bytes, path, exposed)?;
    let (Some(identity), several) = (identities.pop(), identities.len()) else {
        return Err(KeyFault::NoPrivateKey(None).into());
    };
    if several > 0 {
        return Err(SigningKeyFault::SeveralKeys(several + 1));
    }
    // Obstacles are found before the passphrase is asked for.
    if !identity.hides_certificates() {
        let (found, missing) = readable(identity.x509_files());
        if found.iter().all(Vec::is_empty) {
            return Err(missing);
        }
    }
    let secret = identity.unlock(passphrases)?;
    let unusable = |e| SigningKeyFault::from(KeyFault::Unusable(e));
    let key = secret.openssl().map_err(|e| unusable(openssl_reason(&e)))?;
    let key = key.ok_or_else(|| unusable("it makes no CMS signatures".into()))?;
    let Certified {
        certificate,
        chain,
        public,
    } = certified(&key, identity.x509_files(), at)?;

    let malformed = |e| SigningKeyFault::Malformed(openssl_reason(&e));
    Ok(SigningKey {
        source: path.to_owned(),
        label: x509::subject(&certificate),
        fingerprint: x509::fingerprint(&certificate).map_err(malformed)?,
        exposed,
        handles: handles(&certificate, &public).map_err(malformed)?,
        operation: Operation::X509 {
            key,
            certificate,
            chain,
        },
    })
}

/// Returns how messages may name the key of a certificate.
pub(super) fn handles(
    certificate: &X509,
    public: &PublicKey,
) -> Result<Vec<KeyHandle>, openssl::error::ErrorStack> {
    let own = certificate.subject_key_id();
    let own = own.map(|id| SubjectKeyId::new(id.as_slice()));
    let fingerprint = Fingerprint::of(public.fingerprint());
    let identifiers = own.into_iter().chain(mapping::subject_key_id(public));
    let mut handles = vec![
        KeyHandle::Fingerprint(fingerprint),
        KeyHandle::IssuerAndSerial(IssuerAndSerial::of(certificate)?),
    ];
    handles.extend(identifiers.map(KeyHandle::SubjectKeyId));
    Ok(handles)
}

/// Returns the certificates of each file that can be read; and the fault if the
/// right one isn't among them.
fn readable(files: Vec<CertificateFile>) -> (Vec<Vec<X509>>, SigningKeyFault) {
    let mut missing = SigningKeyFault::NoCertificate;
    let mut found = Vec::new();
    for CertificateFile { path, certificates } in files {
        match (certificates, &missing) {
            (Ok(certificates), _) => found.push(certificates),
            (Err(error), SigningKeyFault::NoCertificate) => {
                missing = SigningKeyFault::UnreadCertificate { path, error };
            }
            (Err(_), _) => {}
        }
    }
    (found, missing)
}

/// Returns the first certificate that is for this key and fit to sign.
fn certified(
    key: &PKey<Private>,
    files: Vec<CertificateFile>,
    at: SystemTime,
) -> Result<Certified, SigningKeyFault> {
    let (files, missing) = readable(files);
    let is_own = |certificate: &&X509| {
        let public = certificate.public_key();
        public.is_ok_and(|public| public.public_eq(key))
    };
    let mut fault = None;
    for file in &files {
        for certificate in file.iter().filter(is_own) {
            match fitness::x509(certificate, at) {
                Ok(public) => {
                    return Ok(Certified {
                        certificate: certificate.clone(),
                        chain: issuers(certificate, file),
                        public,
                    });
                }
                Err(unfit) => {
                    fault.get_or_insert(unfit.of_key(x509::subject(certificate)));
                }
            }
        }
    }
    let other = || {
        let other = files.iter().flatten().next()?;
        let subject = x509::subject(other);
        Some(SigningKeyFault::OtherCertificate { subject })
    };
    Err(match (fault, missing) {
        (Some(fault), _) => fault,
        (None, SigningKeyFault::NoCertificate) => other().unwrap_or(SigningKeyFault::NoCertificate),
        (None, missing) => missing,
    })
}

/// Returns the issuers of a certificate that are in its file, without the root:
/// a verifier has it, or doesn't trust it.
fn issuers(certificate: &X509, file: &[X509]) -> Vec<X509> {
    let mut chain: Vec<X509> = Vec::new();
    while chain.len() < MAX_CHAIN {
        let last = chain.last().unwrap_or(certificate);
        let issuer = file.iter().find(|ca| x509::has_issued(ca, last));
        let is_known = |ca: &&X509| !chain.iter().any(|known| x509::same(known, ca));
        let is_root = |ca: &X509| x509::same_name(ca.subject_name(), ca.issuer_name());
        match issuer.filter(|ca| !is_root(ca)).filter(is_known) {
            Some(issuer) => {
                let issuer = issuer.clone();
                chain.push(issuer);
            }
            None => break,
        }
    }
    chain
}
