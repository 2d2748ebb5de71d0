//! One secret key that can open messages; may be locked by a passphrase.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, TryLockError};

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
    origin: Arc<KeySource>,
    label: Option<String>,
    algorithm: Option<String>,
    fingerprint: Option<Fingerprint>,
    pk_algo: Option<PublicKeyAlgorithm>,
    presumed: bool,
    locked: bool,
    openpgp: bool,
    state: Mutex<LockState>,
    success: Success,
}

/// How far the key is at hand.
pub(super) enum LockState {
    Locked(Locked),
    Open(Arc<SecretKey>),
    /// It stays locked: nobody is asked again.
    Refused(UnlockFault),
}

/// A locked key, as its file has it.
pub(super) enum Locked {
    Pem(Bytes),
    Pkcs8Der(Bytes),
    OpenPgp(Box<Key<SecretParts, UnspecifiedRole>>),
}

impl Identity {
    /// A PEM or DER key that no passphrase locks.
    pub(super) fn open(origin: &Arc<KeySource>, key: SecretKey) -> Self {
        let public = key.public().clone();
        Self::known(origin, &public, LockState::Open(Arc::new(key)))
    }

    /// A locked PEM or DER key, which doesn't tell its fingerprint: that of
    /// the certificate beside it stands in, where there is one.
    pub(super) fn locked(origin: &Arc<KeySource>, locked: Locked) -> Self {
        let beside = origin.presumed();
        Self {
            origin: Arc::clone(origin),
            label: beside.as_ref().map(|r| r.label().to_owned()),
            algorithm: beside.as_ref().map(Recipient::algorithm),
            presumed: beside.is_some(),
            pk_algo: beside.as_ref().map(Recipient::pk_algo),
            fingerprint: beside.map(|r| r.fingerprint().clone()),
            locked: true,
            openpgp: false,
            state: Mutex::new(LockState::Locked(locked)),
            success: Success::default(),
        }
    }

    /// An OpenPGP key, locked or not, with its owner's user ID.
    pub(super) fn openpgp(
        origin: &Arc<KeySource>,
        label: Option<String>,
        public: &PublicKey,
        state: LockState,
    ) -> Self {
        Self {
            label,
            openpgp: true,
            ..Self::known(origin, public, state)
        }
    }

    /// A key whose public half shows, locked or not.
    fn known(origin: &Arc<KeySource>, public: &PublicKey, state: LockState) -> Self {
        Self {
            origin: Arc::clone(origin),
            label: None,
            algorithm: Some(algorithm_name(public)),
            fingerprint: Some(public.fingerprint().into()),
            pk_algo: Some(public.pk_algo()),
            presumed: false,
            locked: matches!(state, LockState::Locked(_)),
            openpgp: false,
            state: Mutex::new(state),
            success: Success::default(),
        }
    }

    /// The file it came from.
    pub fn source(&self) -> &Path {
        &self.origin.path
    }

    /// Whether every user of the machine can read or change the file, by its
    /// mode (on Unix; what is no regular file has no mode that counts).
    pub fn is_exposed(&self) -> bool {
        self.origin.exposed
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

    /// The certificate that lies with it, of any age: in the same file, or
    /// beside it under the same name with the ending `crt`, `pem`, `cer`,
    /// `der`, `pub` or `asc`. None is told of a key without a known
    /// fingerprint. Files are read anew with every call.
    pub fn certificate_beside(&self) -> Option<Beside> {
        self.origin.beside(self.fingerprint.as_ref()?)
    }

    /// The certificates in its own file, whosever they are.
    pub(super) fn certificates_within(&self) -> Vec<Recipient> {
        self.origin.within()
    }

    /// Whether a passphrase locks it in its file.
    pub fn is_locked(&self) -> bool {
        self.locked
    }

    /// Whether it is an OpenPGP key, rather than a PEM or DER one.
    pub fn is_openpgp(&self) -> bool {
        self.openpgp
    }

    /// What it last opened.
    pub(super) fn success(&self) -> &Success {
        &self.success
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
            LockState::Open(key) => Some(Arc::clone(key)),
            LockState::Locked(_) | LockState::Refused(_) => None,
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
            LockState::Open(key) => return Ok(Arc::clone(key)),
            LockState::Refused(fault) => return Err(fault.clone()),
            LockState::Locked(locked) => self.try_passphrases(locked, passphrases),
        };
        match outcome {
            Ok(key) => {
                let key = Arc::new(key);
                *state = LockState::Open(Arc::clone(&key));
                Ok(key)
            }
            Err(fault) => {
                *state = LockState::Refused(fault.clone());
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

    fn state(&self) -> std::sync::MutexGuard<'_, LockState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Identity")
            .field("source", &self.source())
            .field("fingerprint", &self.fingerprint)
            .field("locked", &self.locked)
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

    /// One wrong key in 256 leaves a padding that looks right, and garbage. Of
    /// this key and these passphrases, always the same ones do.
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

    /// It would not be asked for again.
    #[test]
    fn a_wrong_passphrase_is_called_wrong_whatever_failed_before() {
        let locked = Locked::Pem(Bytes::new(LOCKED.to_vec()));
        // What OpenSSL says of a digest that it doesn't offer.
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
