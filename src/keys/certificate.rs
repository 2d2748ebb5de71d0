//! Certificate and public key files: from bytes to recipients.

use std::path::Path;
use std::time::SystemTime;

use openssl::pkey::{PKey, Public};
use openssl::rsa::Rsa;
use openssl::x509::X509;

use super::file::{self, Block, Form};
use super::mapping;
use super::recipient::{CertificateKind, Recipient};
use super::refusal::Refusal;
use super::{openpgp_certificate, openssl_reason, x509};

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
            // The first certificate or key is the recipient; X.509
            // certificates that follow are its chain. An OpenPGP certificate
            // has none: another one would be another recipient.
            let mut blocks = file::blocks(bytes).filter(|block| block.label != "EC PARAMETERS");
            let block = blocks.next().ok_or(Refusal::NotACertificate)?;
            match blocks.filter(Block::is_openpgp).count() {
                0 => from_block(block, source, at),
                more => Err(Refusal::SeveralCertificates(more + 1)),
            }
        }
        Form::Der => Ok(vec![from_der(bytes, source, at)?]),
        Form::OpenPgp => openpgp_certificate::recipients(bytes, source, at),
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
        "CERTIFICATE" | "X509 CERTIFICATE" => {
            from_x509(&X509::from_pem(block.text).map_err(malformed)?, source, at)?
        }
        "TRUSTED CERTIFICATE" => from_x509(&trusted(block).map_err(malformed)?, source, at)?,
        "PUBLIC KEY" => bare(PKey::public_key_from_pem(block.text).map_err(malformed)?)?,
        "RSA PUBLIC KEY" => {
            let rsa = Rsa::public_key_from_pem_pkcs1(block.text).map_err(malformed)?;
            bare(PKey::from_rsa(rsa).map_err(malformed)?)?
        }
        "PGP PUBLIC KEY BLOCK" => return openpgp_certificate::recipients(block.text, source, at),
        "CERTIFICATE REQUEST" | "NEW CERTIFICATE REQUEST" => return Err(Refusal::SigningRequest),
        _ => return Err(Refusal::NotACertificate),
    };
    Ok(vec![recipient])
}

/// A certificate as `openssl x509 -trustout` writes it: OpenSSL's own settings
/// of trust follow it in the block, and are of no concern here.
fn trusted(block: Block<'_>) -> Result<X509, openssl::error::ErrorStack> {
    let text = String::from_utf8_lossy(block.text);
    X509::from_pem(text.replace(block.label, "CERTIFICATE").as_bytes())
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
