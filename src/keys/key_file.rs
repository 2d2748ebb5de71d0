//! Private key files: from bytes to identities.

use std::path::Path;
use std::sync::Arc;

use openpgp::Cert;
use openpgp::cert::CertParser;
use openpgp::packet::key::SecretKeyMaterial as KeyMaterial;
use openpgp::parse::Parse;
use openssl::pkey::PKey;
use sequoia_openpgp as openpgp;

use super::file::{self, Block, Bytes, Form};
use super::identity::{Identity, KeyFault, Locked, State};
use super::recipient::Recipient;
use super::secret::SecretKey;
use super::{certificate, openssl_reason};

/// The identities of a key file.
pub(super) fn identities(path: &Path) -> Result<Vec<Identity>, KeyFault> {
    let bytes = file::read(path).map_err(KeyFault::Unreadable)?;
    match file::form(&bytes) {
        Form::Pem => {
            let mut identities = Vec::new();
            for block in file::blocks(&bytes).filter(Block::is_private) {
                identities.extend(from_block(block, path, &bytes)?);
            }
            if identities.is_empty() {
                return Err(KeyFault::NoPrivateKey);
            }
            Ok(identities)
        }
        Form::Der => from_der(bytes, path).map(|identity| vec![identity]),
        Form::OpenPgp => from_openpgp(&bytes, path),
        Form::Unknown => Err(KeyFault::NoPrivateKey),
    }
}

fn from_block(block: Block<'_>, source: &Path, whole: &[u8]) -> Result<Vec<Identity>, KeyFault> {
    if block.label == "PGP PRIVATE KEY BLOCK" {
        return from_openpgp(block.text, source);
    }
    if block.is_locked() {
        let locked = Locked::Pem(Bytes::new(block.text.to_vec()));
        return Ok(vec![Identity::locked(
            source,
            locked,
            beside(source, whole),
        )]);
    }
    // The callback keeps OpenSSL from asking on the terminal itself.
    let key = PKey::private_key_from_pem_callback(block.text, |_| Ok(0))
        .map_err(|e| KeyFault::Unusable(openssl_reason(&e)))?;
    let key = SecretKey::from_openssl(&key).map_err(KeyFault::Unusable)?;
    Ok(vec![Identity::open(source, key)])
}

fn from_der(bytes: Bytes, source: &Path) -> Result<Identity, KeyFault> {
    if file::is_locked_pkcs8(&bytes) {
        let beside = beside(source, b"");
        return Ok(Identity::locked(source, Locked::Pkcs8Der(bytes), beside));
    }
    let key = PKey::private_key_from_der(&bytes).map_err(|_| KeyFault::NoPrivateKey)?;
    let key = SecretKey::from_openssl(&key).map_err(KeyFault::Unusable)?;
    Ok(Identity::open(source, key))
}

/// The certificate or public key that belongs to a locked key: in the same
/// file, or beside it under the same name with another ending.
fn beside(source: &Path, whole: &[u8]) -> Option<Recipient> {
    let within = file::blocks(whole).find(|block| !block.is_private());
    if let Some(block) = within {
        let found = certificate::recipients(block.text, source, None);
        return found.ok()?.into_iter().next();
    }
    ["crt", "pem", "cer", "der", "pub"]
        .iter()
        .map(|ending| source.with_extension(ending))
        .filter(|candidate| candidate != source)
        .find_map(|candidate| Recipient::load_any_age(&candidate).ok()?.into_iter().next())
}

fn from_openpgp(bytes: &[u8], source: &Path) -> Result<Vec<Identity>, KeyFault> {
    let certs = CertParser::from_bytes(bytes)
        .and_then(Iterator::collect::<openpgp::Result<Vec<Cert>>>)
        .map_err(|_| KeyFault::NoPrivateKey)?;
    let mut identities = Vec::new();
    for cert in &certs {
        let label = cert
            .userids()
            .next()
            .map(|uid| String::from_utf8_lossy(uid.userid().value()).into_owned());
        for key in cert.keys().secret() {
            let key = key.key().clone().role_into_unspecified();
            if !key.pk_algo().for_encryption() {
                continue;
            }
            let public = key.clone().take_secret().0;
            // A stub that GnuPG leaves for a key kept elsewhere has no secret.
            if let KeyMaterial::Encrypted(locked) = key.secret()
                && !locked.s2k().is_supported()
            {
                continue;
            }
            let state = if key.secret().is_encrypted() {
                State::Locked(Locked::OpenPgp(Box::new(key)))
            } else {
                let key = SecretKey::from_openpgp(key).map_err(KeyFault::Unusable)?;
                State::Open(Arc::new(key))
            };
            identities.push(Identity::openpgp(source, label.clone(), &public, state));
        }
    }
    if identities.is_empty() {
        return Err(KeyFault::NoPrivateKey);
    }
    Ok(identities)
}
