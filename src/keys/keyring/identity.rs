//! One secret key that can open messages; may be locked by a passphrase.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use openpgp::packet::Key;
use openpgp::packet::key::{SecretParts, UnspecifiedRole};
use openpgp::types::PublicKeyAlgorithm;
use openssl::error::ErrorStack;
use openssl::pkey::PKey;
use sequoia_openpgp as openpgp;
use thiserror::Error;

use crate::files::cause;

use super::key_source::{Beside, KeySource};
use super::secret::SecretKey;
use super::trials::Success;
use crate::keys::file_content::Bytes;
use crate::keys::mapping::{PublicKey, algorithm_name};
use crate::keys::passphrase::{LockedKey, Passphrase, Passphrases};
use crate::keys::{Fingerprint, Recipient, forget_openssl_errors, openssl_reason};

/// Why a file yields no identity.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum KeyFault {
    /// The file can't be read.
    #[error("{}", cause(.0))]
    Unreadable(io::Error),
    /// It holds no private key.
    #[error("it holds no private key")]
    NoPrivateKey,
    /// It holds a private key that can't be used.
    #[error("its private key can't be used: {0}")]
    Unusable(String),
}

/// A file that yields no identity.
#[derive(Debug, Error)]
#[error("{}: {fault}", .path.display())]
pub struct KeyError {
    /// The file.
    pub path: PathBuf,
    /// The cause.
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
    /// The passphrase can't be read.
    #[error("its passphrase can't be read: {0}")]
    Passphrase(String),
    /// The unlocked key can't be used.
    #[error("it can't be used: {0}")]
    Unusable(String),
}

/// One secret key, and where it came from.
pub struct Identity {
    origin: Arc<KeySource>,
    label: Option<String>,
    algorithm: Option<String>,
    fingerprint: Option<Fingerprint>,
    pk_algo: Option<PublicKeyAlgorithm>,
    presumed: bool,
    openpgp: bool,
    state: KeyState,
    success: Success,
}

/// Whether a passphrase locks the key in its file.
pub(super) enum KeyState {
    Open(Arc<SecretKey>),
    Locked {
        lock: Mutex<Lock>,
        /// Set once it is unlocked. Reading it waits for no other thread.
        opened: OnceLock<Arc<SecretKey>>,
    },
}

impl KeyState {
    pub fn locked(locked: Locked) -> Self {
        Self::Locked {
            lock: Mutex::new(Lock::Closed(locked)),
            opened: OnceLock::new(),
        }
    }
}

pub(super) enum Lock {
    Closed(Locked),
    /// It stays locked: the passphrase isn't asked for again.
    Refused(UnlockFault),
}

/// A locked key, as its file holds it.
pub(super) enum Locked {
    Pem(Bytes),
    Pkcs8Der(Bytes),
    OpenPgp(Box<Key<SecretParts, UnspecifiedRole>>),
}

impl Identity {
    /// Creates the identity of an unlocked PEM or DER key.
    pub(super) fn open(origin: &Arc<KeySource>, key: SecretKey) -> Self {
        let public = key.public().clone();
        Self::known(origin, &public, KeyState::Open(Arc::new(key)))
    }

    /// Creates the identity of a locked PEM or DER key, which doesn't show its
    /// fingerprint. It gets that of the certificate next to it, if there is
    /// one.
    pub(super) fn locked(origin: &Arc<KeySource>, locked: Locked) -> Self {
        let beside = origin.presumed();
        Self {
            origin: Arc::clone(origin),
            label: beside.as_ref().map(|r| r.label().to_owned()),
            algorithm: beside.as_ref().map(Recipient::algorithm),
            presumed: beside.is_some(),
            pk_algo: beside.as_ref().map(Recipient::pk_algo),
            fingerprint: beside.map(|r| r.fingerprint().clone()),
            openpgp: false,
            state: KeyState::locked(locked),
            success: Success::default(),
        }
    }

    /// Creates the identity of an OpenPGP key, locked or not, with its owner's
    /// user ID.
    pub(super) fn openpgp(
        origin: &Arc<KeySource>,
        label: Option<String>,
        public: &PublicKey,
        state: KeyState,
    ) -> Self {
        Self {
            label,
            openpgp: true,
            ..Self::known(origin, public, state)
        }
    }

    /// Creates the identity of a key whose public half is known, locked or not.
    fn known(origin: &Arc<KeySource>, public: &PublicKey, state: KeyState) -> Self {
        Self {
            origin: Arc::clone(origin),
            label: None,
            algorithm: Some(algorithm_name(public)),
            fingerprint: Some(Fingerprint::of(public.fingerprint())),
            pk_algo: Some(public.pk_algo()),
            presumed: false,
            openpgp: false,
            state,
            success: Success::default(),
        }
    }

    /// Returns the file it came from.
    pub fn source(&self) -> &Path {
        &self.origin.path
    }

    /// Returns whether every user of the machine can read or change the file,
    /// by its mode (on Unix; modes of special files don't count).
    pub fn is_exposed(&self) -> bool {
        self.origin.exposed
    }

    /// Returns the owner's name, if the file or the certificate next to it
    /// shows it.
    pub fn label(&self) -> Option<&str> {
        self.label.as_deref()
    }

    /// Returns algorithm and size, if known without unlocking the key.
    pub fn algorithm(&self) -> Option<&str> {
        self.algorithm.as_deref()
    }

    /// Returns the fingerprint by which messages name it. A locked PEM key
    /// doesn't show it; then it is that of the certificate next to the key, or
    /// unknown.
    pub fn fingerprint(&self) -> Option<&Fingerprint> {
        self.fingerprint.as_ref()
    }

    /// Returns whether the fingerprint is that of the certificate next to a
    /// locked key, and not known from the key itself.
    pub fn is_presumed(&self) -> bool {
        self.presumed
    }

    /// Returns the certificate next to the key, of any age: in the same file,
    /// or in a file of the same name with the ending `crt`, `pem`, `cer`,
    /// `der`, `pub` or `asc`. A key without a known fingerprint has none. Files
    /// are read anew with every call.
    pub fn certificate_beside(&self) -> Option<Beside> {
        self.origin.beside(self.fingerprint.as_ref()?)
    }

    /// Returns the certificates in its own file, of whichever owner.
    pub(super) fn certificates_within(&self) -> Vec<Recipient> {
        self.origin.within()
    }

    /// Returns whether a passphrase locks it in its file.
    pub fn is_locked(&self) -> bool {
        matches!(self.state, KeyState::Locked { .. })
    }

    /// Returns whether it is an OpenPGP key, rather than a PEM or DER one.
    pub fn is_openpgp(&self) -> bool {
        self.openpgp
    }

    /// Returns when it last opened a message.
    pub(super) fn success(&self) -> &Success {
        &self.success
    }

    /// Returns the algorithm of the PKESKs for it, if known.
    pub(crate) fn pk_algo(&self) -> Option<PublicKeyAlgorithm> {
        self.pk_algo
    }

    /// Returns the key if it is unlocked already or needs no passphrase.
    /// Doesn't wait for another thread that unlocks it.
    pub(crate) fn opened(&self) -> Option<Arc<SecretKey>> {
        match &self.state {
            KeyState::Open(key) => Some(Arc::clone(key)),
            KeyState::Locked { opened, .. } => opened.get().cloned(),
        }
    }

    /// Returns the key, unlocking it if necessary, at most once for each
    /// identity. Other threads wait meanwhile.
    pub(crate) fn unlock(
        &self,
        passphrases: &dyn Passphrases,
    ) -> Result<Arc<SecretKey>, UnlockFault> {
        let (lock, opened) = match &self.state {
            KeyState::Open(key) => return Ok(Arc::clone(key)),
            KeyState::Locked { lock, opened } => (lock, opened),
        };
        let mut lock = lock.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(key) = opened.get() {
            return Ok(Arc::clone(key));
        }
        let outcome = match &*lock {
            Lock::Refused(fault) => return Err(fault.clone()),
            Lock::Closed(locked) => self.try_passphrases(locked, passphrases),
        };
        match outcome {
            Ok(key) => Ok(Arc::clone(opened.get_or_init(|| Arc::new(key)))),
            Err(fault) => {
                *lock = Lock::Refused(fault.clone());
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
            source: self.source(),
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
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Identity")
            .field("source", &self.source())
            .field("fingerprint", &self.fingerprint)
            .field("locked", &self.is_locked())
            .finish_non_exhaustive()
    }
}

impl Locked {
    fn unlock(&self, passphrase: &Passphrase) -> Result<SecretKey, UnlockFault> {
        let phrase = passphrase.as_bytes();
        forget_openssl_errors();
        match self {
            Self::Pem(text) => {
                let key = PKey::private_key_from_pem_callback(text, |room| answer(phrase, room));
                SecretKey::from_openssl(&key.map_err(|e| openssl_fault(&e))?)
                    .map_err(UnlockFault::Unusable)
            }
            Self::Pkcs8Der(bytes) => {
                let key = PKey::private_key_from_pkcs8_callback(bytes, |room| answer(phrase, room));
                SecretKey::from_openssl(&key.map_err(|e| openssl_fault(&e))?)
                    .map_err(UnlockFault::Unusable)
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

/// OpenSSL's cipher library reports a cipher that it doesn't offer as
/// "unsupported". All other errors come from a wrong key, even if the decoder
/// calls the garbage that it got "unsupported".
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

#[cfg(test)]
mod tests {
    use super::*;

    /// By `openssl ec -aes128`, with the passphrase "right".
    const LOCKED: &[u8] = b"\
-----BEGIN EC PRIVATE KEY-----
Proc-Type: 4,ENCRYPTED
DEK-Info: AES-128-CBC,AA8E6EA51657018D77F282D702B67C1F

cYW5OImhheNW9hH9TzpuhRvoCd4ilPOiKmBoOfi40QSv9TwUXk/pTxzHmoCzqNnD
JvijUU4PIbPHyaF31Zo3vHde6IUMrEYLmxvLqJiIVcmjgsljGlByUNqqsYZkiTEd
hdGzlyvU+x5IQXnoKHCK5YDOQus/gCcbix6Ym7vl4uM=
-----END EC PRIVATE KEY-----
";

    /// With one wrong key in 256 the padding looks right and the content is
    /// garbage. For this key, these are always the same passphrases.
    #[test]
    fn a_wrong_passphrase_is_called_wrong_whatever_it_decrypts_to() {
        let locked = Locked::Pem(Bytes::new(LOCKED.to_vec()));
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

    /// Otherwise it would not be asked for again.
    #[test]
    fn a_wrong_passphrase_is_called_wrong_whatever_failed_before() {
        let locked = Locked::Pem(Bytes::new(LOCKED.to_vec()));
        // The error of OpenSSL for a digest that it doesn't offer.
        let unsupported = openssl::md::Md::fetch(None, "none", None).err().unwrap();
        assert!(matches!(
            openssl_fault(&unsupported),
            UnlockFault::Unusable(_)
        ));
        unsupported.put();
        assert_eq!(
            locked.unlock(&Passphrase::new(b"wrong".to_vec())).err(),
            Some(UnlockFault::WrongPassphrase)
        );
    }
}
