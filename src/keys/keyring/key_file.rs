//! Private key files: from bytes to identities.

use std::path::Path;
use std::sync::Arc;

use openpgp::Cert;
use openpgp::cert::CertParser;
use openpgp::packet::key::SecretKeyMaterial as KeyMaterial;
use openpgp::parse::Parse;
use openssl::pkey::PKey;
use sequoia_openpgp as openpgp;

use super::identity::{Identity, KeyFault, KeyState};
use super::key_source::KeySource;
use super::locked::Locked;
use super::secret::SecretKey;
use crate::keys::file_content::{self, Block, Bytes, Form};
use crate::keys::{forget_openssl_errors, openssl_reason};

impl Identity {
    /// Loads the identities of a key file: one for a PEM or DER key, and one
    /// for each encryption key of an OpenPGP key. Expired and revoked ones are
    /// included, since old messages must still open.
    ///
    /// # Errors
    ///
    /// The file holds no private key, or one that can't be used.
    pub fn load(path: &Path) -> Result<Vec<Self>, KeyFault> {
        identities(path)
    }
}

fn identities(path: &Path) -> Result<Vec<Identity>, KeyFault> {
    let (bytes, exposed) = file_content::read_key(path).map_err(KeyFault::Unreadable)?;
    match file_content::form(&bytes) {
        Form::Pem | Form::Unknown
            if file_content::is_cut_off(&bytes, &file_content::is_private) =>
        {
            let what = "the PEM block is incomplete: its END line is missing";
            Err(KeyFault::Unusable(what.into()))
        }
        Form::Pem => {
            let origin = Arc::new(KeySource::pem(path, exposed, &bytes));
            let mut identities = Vec::new();
            for block in file_content::blocks(&bytes).filter(Block::is_private) {
                identities.extend(from_block(block, &origin)?);
            }
            if identities.is_empty() {
                return Err(KeyFault::NoPrivateKey);
            }
            Ok(identities)
        }
        Form::Der => from_der(bytes, KeySource::bare(path, exposed)).map(|identity| vec![identity]),
        Form::OpenPgp => from_openpgp(&bytes, path, exposed),
        Form::Unknown => Err(KeyFault::NoPrivateKey),
    }
}

fn from_block(block: Block<'_>, origin: &Arc<KeySource>) -> Result<Vec<Identity>, KeyFault> {
    if block.label == "PGP PRIVATE KEY BLOCK" {
        return from_openpgp(block.text, &origin.path, origin.exposed);
    }
    if block.is_locked() {
        let locked = Locked::Pem(Bytes::new(block.text.to_vec()));
        return Ok(vec![Identity::locked(origin, locked)]);
    }
    forget_openssl_errors();
    // The callback keeps OpenSSL from asking on the terminal itself.
    let key = PKey::private_key_from_pem_callback(block.text, |_| Ok(0))
        .map_err(|e| KeyFault::Unusable(openssl_reason(&e)))?;
    let key = SecretKey::from_openssl(&key).map_err(KeyFault::Unusable)?;
    Ok(vec![Identity::open(origin, key)])
}

fn from_der(bytes: Bytes, origin: KeySource) -> Result<Identity, KeyFault> {
    let origin = Arc::new(origin);
    if file_content::is_locked_pkcs8(&bytes) {
        return Ok(Identity::locked(&origin, Locked::Pkcs8Der(bytes)));
    }
    let key = PKey::private_key_from_der(&bytes).map_err(|_| KeyFault::NoPrivateKey)?;
    let key = SecretKey::from_openssl(&key).map_err(KeyFault::Unusable)?;
    Ok(Identity::open(&origin, key))
}

fn from_openpgp(bytes: &[u8], path: &Path, exposed: bool) -> Result<Vec<Identity>, KeyFault> {
    let certs = CertParser::from_bytes(bytes)
        .and_then(Iterator::collect::<openpgp::Result<Vec<Cert>>>)
        .map_err(|_| KeyFault::NoPrivateKey)?;
    let mut identities = Vec::new();
    for cert in certs {
        let label = cert
            .userids()
            .next()
            .map(|uid| String::from_utf8_lossy(uid.userid().value()).into_owned());
        let mut keys = Vec::new();
        for key in cert.keys().secret() {
            let key = key.key().clone().role_into_unspecified();
            if !key.pk_algo().for_encryption() {
                continue;
            }
            let public = key.clone().take_secret().0;
            // For a key kept elsewhere, GnuPG leaves a stub without a secret.
            if let KeyMaterial::Encrypted(locked) = key.secret()
                && !locked.s2k().is_supported()
            {
                continue;
            }
            let state = if key.secret().is_encrypted() {
                KeyState::locked(Locked::OpenPgp(Box::new(key)))
            } else {
                let key = SecretKey::from_openpgp(key).map_err(KeyFault::Unusable)?;
                KeyState::Open(Arc::new(key))
            };
            keys.push((public, state));
        }
        let origin = Arc::new(KeySource::openpgp(path, exposed, cert));
        let found = keys
            .into_iter()
            .map(|(public, state)| Identity::openpgp(&origin, label.clone(), &public, state));
        identities.extend(found);
    }
    if identities.is_empty() {
        return Err(KeyFault::NoPrivateKey);
    }
    Ok(identities)
}
