//! Private key files: from bytes to identities.

use std::path::Path;
use std::sync::Arc;

use openpgp::Cert;
use openpgp::packet::key::SecretKeyMaterial as KeyMaterial;
use openssl::pkey::PKey;
use sequoia_openpgp as openpgp;

use super::identity::{Identity, KeyFault, KeyState};
use super::key_source::KeySource;
use super::leading_zeros;
use super::locked::Locked;
use super::secret::SecretKey;
use crate::keys::file_content::{self, Block, Bytes, Form};
use crate::keys::kdf_cost::is_affordable;
use crate::keys::mapping::PublicKey;
use crate::keys::pkcs12::{KeyBag, Keystore};
use crate::keys::ssh::{self, OpenSshKey};
use crate::keys::{FileKind, forget_openssl_errors, jks, mapping, openssl_reason, recipients};

impl Identity {
    /// Loads the identities of a key file: one for a PEM or DER key, and one
    /// for each encryption key of an OpenPGP key. Expired and revoked ones are
    /// included, since old messages must still open.
    ///
    /// # Errors
    ///
    /// The file holds no private key, or one that can't be used.
    pub fn load(path: &Path) -> Result<Vec<Self>, KeyFault> {
        let (bytes, exposed) = file_content::read_key(path).map_err(KeyFault::Unreadable)?;
        Self::of_content(bytes, path, exposed)
    }

    /// Loads those in the content of a key file.
    pub(in crate::keys) fn of_content(
        bytes: Bytes,
        path: &Path,
        exposed: bool,
    ) -> Result<Vec<Self>, KeyFault> {
        identities(bytes, path, exposed)
    }

    /// Loads the private keys of an OpenPGP certificate that are `wanted`.
    pub(in crate::keys) fn of_cert(
        cert: Cert,
        path: &Path,
        exposed: bool,
        wanted: &dyn Fn(&PublicKey) -> bool,
    ) -> Result<Vec<Self>, KeyFault> {
        from_certs(vec![cert], path, exposed, wanted)
    }
}

fn identities(bytes: Bytes, path: &Path, exposed: bool) -> Result<Vec<Identity>, KeyFault> {
    let kind = FileKind::of(&bytes);
    match kind {
        Some(FileKind::Pkcs12) => return from_pkcs12(bytes, path, exposed),
        Some(FileKind::JavaKeystore) => return from_jks(&bytes, path, exposed),
        _ => {}
    }
    let no_key = || KeyFault::NoPrivateKey(kind.filter(|kind| *kind != FileKind::PrivateKey));
    match file_content::form(&bytes) {
        Form::Pem | Form::Unknown
            if file_content::is_cut_off(&bytes, &file_content::is_private) =>
        {
            Err(KeyFault::Incomplete)
        }
        Form::Pem => {
            let origin = Arc::new(KeySource::pem(path, exposed, &bytes));
            let mut identities = Vec::new();
            for block in file_content::blocks(&bytes).filter(Block::is_private) {
                identities.extend(from_block(block, &origin)?);
            }
            if identities.is_empty() {
                return Err(no_key());
            }
            Ok(identities)
        }
        Form::Der => match from_der(bytes, KeySource::bare(path, exposed))? {
            Some(identity) => Ok(vec![identity]),
            None => Err(no_key()),
        },
        Form::OpenPgp => match from_openpgp(&bytes, path, exposed) {
            Err(KeyFault::NoPrivateKey(_)) => Err(no_key()),
            other => other,
        },
        Form::Unknown => Err(no_key()),
    }
}

fn from_pkcs12(bytes: Bytes, path: &Path, exposed: bool) -> Result<Vec<Identity>, KeyFault> {
    let keystore = Keystore::read(&bytes).ok_or(KeyFault::Damaged("its keystore can't be read"))?;
    if !keystore.is_affordable {
        return Err(KeyFault::TooManyRounds);
    }
    let origin = Arc::new(KeySource::pkcs12(path, exposed, bytes.clone()));
    let mut identities = Vec::new();
    for key in keystore.keys {
        identities.push(match key {
            KeyBag::Open(key) => {
                let key = PKey::private_key_from_der(&key);
                let key = key.map_err(|e| KeyFault::Unusable(openssl_reason(&e)))?;
                Identity::open(
                    &origin,
                    SecretKey::from_openssl(&key).map_err(KeyFault::Unusable)?,
                )
            }
            KeyBag::Shrouded(key) => Identity::locked(&origin, Locked::Pkcs12(key)),
        });
    }
    if identities.is_empty() && keystore.has_encrypted_parts {
        identities.push(Identity::locked(&origin, Locked::Pkcs12Keystore(bytes)));
    }
    match identities.is_empty() {
        true => Err(KeyFault::NoPrivateKey(None)),
        false => Ok(identities),
    }
}

fn from_jks(bytes: &[u8], path: &Path, exposed: bool) -> Result<Vec<Identity>, KeyFault> {
    let keys = jks::keys(bytes).ok_or(KeyFault::Damaged("its keystore can't be read"))?;
    let chains = keys.iter().flat_map(|key| key.chain.iter().cloned());
    let origin = Arc::new(KeySource::jks(path, exposed, chains.collect()));
    let identities: Vec<Identity> = keys
        .into_iter()
        .map(|key| {
            let certificate = key.chain.first();
            let certificate =
                certificate.and_then(|der| recipients::of_content(der, path, None).ok());
            let certificate = certificate.and_then(|found| found.into_iter().next());
            Identity::locked_with(&origin, Locked::Jks(key.locked), certificate)
        })
        .collect();
    match identities.is_empty() {
        true => Err(KeyFault::NoPrivateKey(None)),
        false => Ok(identities),
    }
}

fn from_openssh(text: &[u8], origin: &Arc<KeySource>) -> Result<Identity, KeyFault> {
    let key = OpenSshKey::read(text).map_err(KeyFault::Damaged)?;
    if !key.is_affordable() {
        return Err(KeyFault::TooManyRounds);
    }
    let fault = |fault| KeyFault::Unusable(format!("it {fault}"));
    if !key.is_locked() {
        let key = key.open().map_err(fault)?;
        let key = SecretKey::from_openssl(&key).map_err(KeyFault::Unusable)?;
        return Ok(Identity::open(origin, key));
    }
    let public = key.public().and_then(|key| mapping::public_key(&key));
    let public = public.map_err(fault)?;
    let locked = Locked::OpenSsh(Box::new(key));
    Ok(Identity::locked_but_known(origin, locked, &public))
}

fn from_block(block: Block<'_>, origin: &Arc<KeySource>) -> Result<Vec<Identity>, KeyFault> {
    if block.label == "PGP PRIVATE KEY BLOCK" {
        return from_openpgp(block.text, &origin.path, origin.exposed);
    }
    if block.label == ssh::PRIVATE_LABEL {
        return from_openssh(block.text, origin).map(|identity| vec![identity]);
    }
    if block.is_locked() {
        // The older form of PEM has no rounds.
        let der =
            (block.label == "ENCRYPTED PRIVATE KEY").then(|| file_content::base64(block.text));
        if der.flatten().is_some_and(|der| !is_affordable(&der)) {
            return Err(KeyFault::TooManyRounds);
        }
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

/// Returns `None` if it isn't a private key.
fn from_der(bytes: Bytes, origin: KeySource) -> Result<Option<Identity>, KeyFault> {
    let origin = Arc::new(origin);
    if file_content::is_locked_pkcs8(&bytes) {
        if !is_affordable(&bytes) {
            return Err(KeyFault::TooManyRounds);
        }
        return Ok(Some(Identity::locked(&origin, Locked::Pkcs8Der(bytes))));
    }
    let Ok(key) = PKey::private_key_from_der(&bytes) else {
        forget_openssl_errors();
        return Ok(None);
    };
    let key = SecretKey::from_openssl(&key).map_err(KeyFault::Unusable)?;
    Ok(Some(Identity::open(&origin, key)))
}

fn from_openpgp(bytes: &[u8], path: &Path, exposed: bool) -> Result<Vec<Identity>, KeyFault> {
    let certs = leading_zeros::certs(bytes).map_err(|_| KeyFault::NoPrivateKey(None))?;
    from_certs(certs, path, exposed, &|key| key.pk_algo().for_encryption())
}

fn from_certs(
    certs: Vec<Cert>,
    path: &Path,
    exposed: bool,
    wanted: &dyn Fn(&PublicKey) -> bool,
) -> Result<Vec<Identity>, KeyFault> {
    let mut identities = Vec::new();
    let mut is_elsewhere = false;
    for cert in certs {
        let label = cert
            .userids()
            .next()
            .map(|uid| String::from_utf8_lossy(uid.userid().value()).into_owned());
        let mut keys = Vec::new();
        for key in cert.keys().secret() {
            // It knows whether it is a primary key or a subkey, which the lock of
            // an AEAD mode covers (RFC 9580, section 3.7.2.1).
            let key = key.key().clone();
            let public = key.clone().take_secret().0;
            if !wanted(&public) {
                continue;
            }
            // For a key kept elsewhere, GnuPG leaves a stub without a secret.
            if let KeyMaterial::Encrypted(locked) = key.secret()
                && !locked.s2k().is_supported()
            {
                is_elsewhere = true;
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
    match (identities.is_empty(), is_elsewhere) {
        (false, _) => Ok(identities),
        (true, true) => Err(KeyFault::Elsewhere),
        (true, false) => Err(KeyFault::NoPrivateKey(None)),
    }
}
