//! Certificate and public key files: from bytes to recipients.

use std::path::Path;
use std::time::SystemTime;

use openpgp::cert::{Cert, CertParser, Preferences};
use openpgp::parse::Parse;
use openpgp::policy::StandardPolicy;
use openpgp::types::RevocationStatus;
use openssl::pkey::{PKey, Public};
use openssl::rsa::Rsa;
use openssl::x509::X509;
use sequoia_openpgp as openpgp;

use super::file::{self, Block, Form};
use super::mapping;
use super::recipient::{CertificateKind, Recipient};
use super::refusal::Refusal;
use super::{openssl_reason, x509};

/// The recipients in the content of a file; as valid at the time `at`, or of
/// any age.
pub(crate) fn recipients(
    bytes: &[u8],
    source: &Path,
    at: Option<SystemTime>,
) -> Result<Vec<Recipient>, Refusal> {
    match file::form(bytes) {
        Form::Pem => {
            if file::blocks(bytes).any(|block| block.is_private()) {
                return Err(Refusal::PrivateKey);
            }
            // The first block is the recipient; what follows is its chain.
            let block = file::blocks(bytes).next().ok_or(Refusal::NotACertificate)?;
            from_block(block, source, at)
        }
        Form::Der => Ok(vec![from_der(bytes, source, at)?]),
        Form::OpenPgp => from_openpgp(bytes, source, at),
        Form::Unknown => Err(Refusal::NotACertificate),
    }
}

fn from_block(
    block: Block<'_>,
    source: &Path,
    at: Option<SystemTime>,
) -> Result<Vec<Recipient>, Refusal> {
    let malformed = |e: openssl::error::ErrorStack| Refusal::Malformed(openssl_reason(&e));
    let bare = |key: PKey<Public>| from_public_key(&key, source);
    let recipient = match block.label {
        "CERTIFICATE" | "X509 CERTIFICATE" | "TRUSTED CERTIFICATE" => {
            from_x509(&X509::from_pem(block.text).map_err(malformed)?, source, at)?
        }
        "PUBLIC KEY" => bare(PKey::public_key_from_pem(block.text).map_err(malformed)?)?,
        "RSA PUBLIC KEY" => {
            let rsa = Rsa::public_key_from_pem_pkcs1(block.text).map_err(malformed)?;
            bare(PKey::from_rsa(rsa).map_err(malformed)?)?
        }
        "PGP PUBLIC KEY BLOCK" => return from_openpgp(block.text, source, at),
        "CERTIFICATE REQUEST" | "NEW CERTIFICATE REQUEST" => return Err(Refusal::SigningRequest),
        _ => return Err(Refusal::NotACertificate),
    };
    Ok(vec![recipient])
}

fn from_der(bytes: &[u8], source: &Path, at: Option<SystemTime>) -> Result<Recipient, Refusal> {
    if let Ok(certificate) = X509::from_der(bytes) {
        return from_x509(&certificate, source, at);
    }
    if let Ok(key) = PKey::public_key_from_der(bytes) {
        return from_public_key(&key, source);
    }
    if let Ok(key) = Rsa::public_key_from_der_pkcs1(bytes).and_then(PKey::from_rsa) {
        return from_public_key(&key, source);
    }
    Err(if file::is_private_der(bytes) {
        Refusal::PrivateKey
    } else {
        Refusal::NotACertificate
    })
}

fn from_x509(
    certificate: &X509,
    source: &Path,
    at: Option<SystemTime>,
) -> Result<Recipient, Refusal> {
    let subject = x509::subject(certificate);
    let (not_before, not_after) = x509::validity(certificate)?;
    if let Some(at) = at {
        if at < not_before {
            return Err(Refusal::NotYetValid {
                subject,
                until: not_before,
            });
        }
        if at > not_after {
            return Err(Refusal::Expired {
                subject,
                since: not_after,
            });
        }
    }
    let public = certificate
        .public_key()
        .map_err(|e| Refusal::Malformed(openssl_reason(&e)))?;
    let key = mapping::public_key(&public)?;
    Ok(Recipient::new(key, source, CertificateKind::X509, subject).expiring(Some(not_after)))
}

fn from_public_key(key: &PKey<Public>, source: &Path) -> Result<Recipient, Refusal> {
    let label = source
        .file_name()
        .map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let key = mapping::public_key(key)?;
    Ok(Recipient::new(
        key,
        source,
        CertificateKind::PublicKey,
        label,
    ))
}

fn from_openpgp(
    bytes: &[u8],
    source: &Path,
    at: Option<SystemTime>,
) -> Result<Vec<Recipient>, Refusal> {
    let malformed = |e: openpgp::anyhow::Error| Refusal::Malformed(e.to_string());
    let certs = CertParser::from_bytes(bytes)
        .and_then(Iterator::collect::<openpgp::Result<Vec<Cert>>>)
        .map_err(malformed)?;
    let [cert] = certs.as_slice() else {
        return Err(if certs.is_empty() {
            Refusal::NotACertificate
        } else {
            Refusal::SeveralCertificates(certs.len())
        });
    };
    if cert.is_tsk() {
        return Err(Refusal::PrivateKey);
    }
    match at {
        Some(at) => openpgp_valid_at(cert, source, at),
        None => Ok(cert
            .keys()
            .filter(|key| key.key().pk_algo().for_encryption())
            .map(|key| {
                let key = key.key().clone().role_into_unspecified();
                Recipient::new(key, source, CertificateKind::OpenPgp, openpgp_label(cert))
            })
            .collect()),
    }
}

fn openpgp_valid_at(cert: &Cert, source: &Path, at: SystemTime) -> Result<Vec<Recipient>, Refusal> {
    let policy = StandardPolicy::new();
    let subject = openpgp_label(cert);
    let valid = cert.with_policy(&policy, at).map_err(|e| Refusal::Policy {
        subject: subject.clone(),
        reason: innermost(&e),
    })?;
    if matches!(valid.revocation_status(), RevocationStatus::Revoked(_)) {
        return Err(Refusal::Revoked { subject });
    }
    let primary = valid.primary_key();
    if let Some(since) = primary.key_expiration_time().filter(|end| *end <= at) {
        return Err(Refusal::Expired { subject, since });
    }
    if let Err(e) = valid.alive() {
        return Err(Refusal::Policy {
            subject,
            reason: innermost(&e),
        });
    }
    let features = valid.features();
    let mut recipients = Vec::new();
    let mut latest_expiry = None;
    for key in valid
        .keys()
        .revoked(false)
        .for_storage_encryption()
        .for_transport_encryption()
    {
        if key.alive().is_err() {
            latest_expiry = latest_expiry.max(key.key_expiration_time());
            continue;
        }
        // A key that is valid but can't be used is refused rather than left
        // out: its owner may hold no other.
        let public = key.key().clone().role_into_unspecified();
        if !public.pk_algo().is_supported() || !public.pk_algo().for_encryption() {
            return Err(Refusal::Algorithm(public.pk_algo().to_string()));
        }
        mapping::check_strength(&public)?;
        let expires = match (key.key_expiration_time(), primary.key_expiration_time()) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        let recipient = Recipient::new(public, source, CertificateKind::OpenPgp, subject.clone())
            .expiring(expires)
            .with_features(features.as_ref());
        recipients.push(recipient);
    }
    match (recipients.is_empty(), latest_expiry) {
        (false, _) => Ok(recipients),
        (true, Some(since)) => Err(Refusal::Expired { subject, since }),
        (true, None) => Err(Refusal::NoEncryptionKey { subject }),
    }
}

fn openpgp_label(cert: &Cert) -> String {
    cert.userids().next().map_or_else(
        || cert.fingerprint().to_hex(),
        |uid| String::from_utf8_lossy(uid.userid().value()).into_owned(),
    )
}

/// The innermost cause of sequoia's error chain: the outer ones repeat it.
fn innermost(e: &openpgp::anyhow::Error) -> String {
    e.root_cause().to_string()
}
