//! One secret key that can open messages; may be locked by a passphrase.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, TryLockError};

use openpgp::Cert;
use openpgp::cert::CertParser;
use openpgp::packet::Key;
use openpgp::packet::key::{SecretKeyMaterial as KeyMaterial, SecretParts, UnspecifiedRole};
use openpgp::parse::Parse;
use openpgp::types::PublicKeyAlgorithm;
use openssl::error::ErrorStack;
use openssl::pkey::{PKey, Private};
use sequoia_openpgp as openpgp;
use thiserror::Error;

use crate::cause::cause;

use super::file::{self, Block, Bytes, Form};
use super::passphrase::{LockedKey, Passphrase, Passphrases};
use super::recipient::{Recipient, algorithm_name};
use super::secret::SecretKey;
use super::{Fingerprint, certificate, openssl_reason};

/// Why a file yields no identity.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum KeyFault {
    /// The file can't be read.
    #[error("{}", cause(.0))]
    Unreadable(#[source] io::Error),
    /// There is no private key in it.
    #[error("it holds no private key")]
    NoPrivateKey,
    /// There is one, but of no use here.
    #[error("its private key can't be used: {0}")]
    Unusable(String),
}

/// A file that yields no identity.
#[derive(Debug, Error)]
#[error("{}: {fault}", .path.display())]
pub struct KeyError {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it.
    pub fault: KeyFault,
}

/// Why a locked key stays locked.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum UnlockFault {
    /// No passphrase was given.
    #[error("it is locked, and no passphrase was given")]
    NoPassphrase,
    /// The passphrase is wrong.
    #[error("the passphrase is wrong")]
    WrongPassphrase,
    /// The passphrase could not be had.
    #[error("its passphrase can't be read: {0}")]
    Passphrase(String),
    /// Unlocked, it is of no use here.
    #[error("it can't be used: {0}")]
    Unusable(String),
}

/// One secret key, with where it came from.
pub struct Identity {
    source: PathBuf,
    label: Option<String>,
    algorithm: Option<String>,
    fingerprint: Option<Fingerprint>,
    pk_algo: Option<PublicKeyAlgorithm>,
    presumed: bool,
    locked: bool,
    openpgp: bool,
    state: Mutex<State>,
}

enum State {
    Locked(Locked),
    Open(Arc<SecretKey>),
    Refused(UnlockFault),
}

enum Locked {
    Pem(Bytes),
    Pkcs8Der(Bytes),
    OpenPgp(Box<Key<SecretParts, UnspecifiedRole>>),
}

impl Identity {
    /// The identities of a key file: one for a PEM or DER key, for an OpenPGP
    /// key one for each of its encryption keys, expired and revoked ones
    /// included, since old messages must still open.
    ///
    /// # Errors
    ///
    /// The file holds no private key, or one that is of no use here.
    pub fn load(path: &Path) -> Result<Vec<Self>, KeyFault> {
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

    fn open(source: &Path, key: SecretKey) -> Self {
        Self {
            source: source.to_owned(),
            label: None,
            algorithm: Some(algorithm_name(key.public())),
            fingerprint: Some(key.public().fingerprint().into()),
            pk_algo: Some(key.public().pk_algo()),
            presumed: false,
            locked: false,
            openpgp: false,
            state: Mutex::new(State::Open(Arc::new(key))),
        }
    }

    /// A locked key whose file doesn't tell its fingerprint: that of the
    /// certificate beside it stands in, where there is one.
    fn locked(source: &Path, locked: Locked, beside: Option<Recipient>) -> Self {
        Self {
            source: source.to_owned(),
            label: beside.as_ref().map(|r| r.label().to_owned()),
            algorithm: beside.as_ref().map(Recipient::algorithm),
            presumed: beside.is_some(),
            pk_algo: beside.as_ref().map(Recipient::pk_algo),
            fingerprint: beside.map(|r| r.fingerprint().clone()),
            locked: true,
            openpgp: false,
            state: Mutex::new(State::Locked(locked)),
        }
    }

    /// The file it came from.
    pub fn source(&self) -> &Path {
        &self.source
    }

    /// Whose key it is, where the file or the certificate beside it tells.
    pub fn label(&self) -> Option<&str> {
        self.label.as_deref()
    }

    /// Algorithm and size, where known without unlocking the key.
    pub fn algorithm(&self) -> Option<&str> {
        self.algorithm.as_deref()
    }

    /// The fingerprint by which messages name it. A locked PEM key doesn't
    /// tell; it is then taken from the certificate beside it, or unknown.
    pub fn fingerprint(&self) -> Option<&Fingerprint> {
        self.fingerprint.as_ref()
    }

    /// Whether the fingerprint is that of the certificate beside a locked key,
    /// and not known from the key itself.
    pub fn is_presumed(&self) -> bool {
        self.presumed
    }

    /// Whether a passphrase locks it in its file.
    pub fn is_locked(&self) -> bool {
        self.locked
    }

    /// Whether it is an OpenPGP key, rather than a PEM or DER one.
    pub fn is_openpgp(&self) -> bool {
        self.openpgp
    }

    /// The algorithm that PKESKs for it have, where that is known.
    pub(crate) fn pk_algo(&self) -> Option<PublicKeyAlgorithm> {
        self.pk_algo
    }

    /// The key, if it is open already or needs no passphrase; without waiting
    /// for another thread that unlocks it.
    pub(crate) fn opened(&self) -> Option<Arc<SecretKey>> {
        let state = match self.state.try_lock() {
            Ok(state) => state,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return None,
        };
        match &*state {
            State::Open(key) => Some(Arc::clone(key)),
            State::Locked(_) | State::Refused(_) => None,
        }
    }

    /// The key, unlocked if need be: at most once for each identity, however
    /// often it's asked for. Other threads wait meanwhile.
    pub(crate) fn unlock(
        &self,
        passphrases: &dyn Passphrases,
    ) -> Result<Arc<SecretKey>, UnlockFault> {
        let mut state = self.state();
        let outcome = match &*state {
            State::Open(key) => return Ok(Arc::clone(key)),
            State::Refused(fault) => return Err(fault.clone()),
            State::Locked(locked) => self.try_passphrases(locked, passphrases),
        };
        match outcome {
            Ok(key) => {
                let key = Arc::new(key);
                *state = State::Open(Arc::clone(&key));
                Ok(key)
            }
            Err(fault) => {
                *state = State::Refused(fault.clone());
                Err(fault)
            }
        }
    }

    fn try_passphrases(
        &self,
        locked: &Locked,
        passphrases: &dyn Passphrases,
    ) -> Result<SecretKey, UnlockFault> {
        let request = LockedKey {
            source: &self.source,
            label: self.label(),
        };
        let mut fault = UnlockFault::NoPassphrase;
        for attempt in 1.. {
            let answer = passphrases
                .ask(request, attempt)
                .map_err(|e| UnlockFault::Passphrase(e.to_string()))?;
            let Some(passphrase) = answer else { break };
            match locked.unlock(&passphrase) {
                Err(wrong @ UnlockFault::WrongPassphrase) => fault = wrong,
                other => return other,
            }
        }
        Err(fault)
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Identity")
            .field("source", &self.source)
            .field("fingerprint", &self.fingerprint)
            .field("locked", &self.locked)
            .finish_non_exhaustive()
    }
}

impl Locked {
    fn unlock(&self, passphrase: &Passphrase) -> Result<SecretKey, UnlockFault> {
        let phrase = passphrase.as_bytes();
        match self {
            Self::Pem(text) => {
                let key = PKey::private_key_from_pem_callback(text, |room| answer(phrase, room));
                openssl_key(&key.map_err(|e| openssl_fault(&e))?).map_err(UnlockFault::Unusable)
            }
            Self::Pkcs8Der(bytes) => {
                let key = PKey::private_key_from_pkcs8_callback(bytes, |room| answer(phrase, room));
                openssl_key(&key.map_err(|e| openssl_fault(&e))?).map_err(UnlockFault::Unusable)
            }
            Self::OpenPgp(key) => {
                let key = Key::clone(key)
                    .decrypt_secret(&phrase.into())
                    .map_err(|_| UnlockFault::WrongPassphrase)?;
                SecretKey::from_openpgp(key).map_err(UnlockFault::Unusable)
            }
        }
    }
}

/// Hands a passphrase to OpenSSL, which has room for 1,024 bytes. (The calls
/// that take it as an argument would panic on a NUL byte in it.)
fn answer(passphrase: &[u8], room: &mut [u8]) -> Result<usize, ErrorStack> {
    match room.get_mut(..passphrase.len()) {
        Some(room) => {
            room.copy_from_slice(passphrase);
            Ok(passphrase.len())
        }
        None => Ok(0),
    }
}

/// OpenSSL's cipher library says "unsupported" of a cipher it doesn't offer.
/// Everything else comes from a wrong key, also where the decoder says so: of
/// the garbage that it got.
fn openssl_fault(e: &ErrorStack) -> UnlockFault {
    let is_unsupported_cipher = |error: &openssl::error::Error| {
        error.library() == Some("digital envelope routines")
            && error.reason() == Some("unsupported")
    };
    if e.errors().iter().any(is_unsupported_cipher) {
        UnlockFault::Unusable(openssl_reason(e))
    } else {
        UnlockFault::WrongPassphrase
    }
}

fn openssl_key(key: &PKey<Private>) -> Result<SecretKey, String> {
    SecretKey::from_openssl(key)
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
    let key = openssl_key(&key).map_err(KeyFault::Unusable)?;
    Ok(vec![Identity::open(source, key)])
}

fn from_der(bytes: Bytes, source: &Path) -> Result<Identity, KeyFault> {
    if file::is_locked_pkcs8(&bytes) {
        let beside = beside(source, b"");
        return Ok(Identity::locked(source, Locked::Pkcs8Der(bytes), beside));
    }
    let key = PKey::private_key_from_der(&bytes).map_err(|_| KeyFault::NoPrivateKey)?;
    let key = openssl_key(&key).map_err(KeyFault::Unusable)?;
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
            let mut identity = if key.secret().is_encrypted() {
                Identity::locked(source, Locked::OpenPgp(Box::new(key)), None)
            } else {
                let key = SecretKey::from_openpgp(key).map_err(KeyFault::Unusable)?;
                Identity::open(source, key)
            };
            identity.pk_algo = Some(public.pk_algo());
            identity.openpgp = true;
            identity.presumed = false;
            identity.label.clone_from(&label);
            identity.algorithm = Some(algorithm_name(&public));
            identity.fingerprint = Some(public.fingerprint().into());
            identities.push(identity);
        }
    }
    if identities.is_empty() {
        return Err(KeyFault::NoPrivateKey);
    }
    Ok(identities)
}

#[cfg(test)]
mod tests {
    use super::*;
    use openssl::ec::{EcGroup, EcKey};
    use openssl::nid::Nid;
    use openssl::symm::Cipher;

    /// One wrong key in 256 leaves a padding that looks right, and garbage.
    #[test]
    fn a_wrong_passphrase_is_called_wrong_whatever_it_decrypts_to() {
        let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
        let key = EcKey::generate(&group).unwrap();
        let text = key
            .private_key_to_pem_passphrase(Cipher::aes_128_cbc(), b"right")
            .unwrap();
        let locked = Locked::Pem(Bytes::new(text));
        for i in 0..4000 {
            let wrong = Passphrase::new(format!("wrong {i}").into_bytes());
            assert_eq!(
                locked.unlock(&wrong).err(),
                Some(UnlockFault::WrongPassphrase),
                "{i}"
            );
        }
        assert!(locked.unlock(&Passphrase::new(b"right".to_vec())).is_ok());
    }
}
