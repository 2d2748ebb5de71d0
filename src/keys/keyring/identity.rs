//! One secret key that can open messages; may be locked by a passphrase.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use openpgp::types::PublicKeyAlgorithm;
use sequoia_openpgp as openpgp;
use thiserror::Error;

use crate::files::cause;

use super::key_source::{Beside, CertificateFile, KeySource};
use super::locked::Locked;
use super::secret::SecretKey;
use super::trials::Success;
use crate::keys::mapping::{self, PublicKey, algorithm_name};
use crate::keys::passphrase::{LockedKey, Passphrase, Passphrases};
use crate::keys::{FileKind, Fingerprint, Recipient};

/// Why a file yields no identity.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum KeyFault {
    /// The file can't be read.
    #[error("{}", cause(.0))]
    Unreadable(io::Error),
    /// It holds no private key.
    #[error("{}", no_private_key(*.0))]
    NoPrivateKey(Option<FileKind>),
    /// It is damaged, or of an unknown kind.
    #[error("it is damaged: {0}")]
    Damaged(&'static str),
    /// Its passphrase goes through more rounds than can be waited for.
    #[error("its passphrase goes through too many rounds")]
    TooManyRounds,
    /// It is the stub of an OpenPGP key whose secret is elsewhere.
    #[error("its private key is not in this file: it is on a smart card, or offline")]
    Elsewhere,
    /// It holds a PEM block that was cut off.
    #[error("the PEM block is incomplete: its END line is missing")]
    Incomplete,
    /// It holds a private key that can't be used.
    #[error("its private key can't be used: {0}")]
    Unusable(String),
}

fn no_private_key(kind: Option<FileKind>) -> String {
    match kind {
        Some(FileKind::Empty) => "the file is empty".into(),
        Some(FileKind::PuttyKey | FileKind::Jceks) => {
            let name = kind.map_or("", FileKind::name);
            format!("it is {name}, which is not supported")
        }
        Some(kind) => format!("it is {}, not a private key", kind.name()),
        None => "it holds no private key".into(),
    }
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
    /// It is locked in a way that isn't supported, whose name this is.
    #[error("it is locked with {0}, which is not supported")]
    Lock(String),
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
    unsupported: Option<String>,
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
        Self::locked_with(origin, locked, origin.presumed())
    }

    /// Creates the identity of a locked key, with the certificate that a
    /// keystore has for it.
    pub(super) fn locked_with(
        origin: &Arc<KeySource>,
        locked: Locked,
        beside: Option<Recipient>,
    ) -> Self {
        Self {
            origin: Arc::clone(origin),
            label: beside.as_ref().map(|r| r.label().to_owned()),
            algorithm: beside.as_ref().map(Recipient::algorithm),
            presumed: beside.is_some(),
            pk_algo: beside.as_ref().map(Recipient::pk_algo),
            unsupported: None,
            fingerprint: beside.map(|r| r.fingerprint().clone()),
            openpgp: false,
            state: KeyState::locked(locked),
            success: Success::default(),
        }
    }

    /// Creates the identity of a locked key that shows its public half.
    pub(super) fn locked_but_known(
        origin: &Arc<KeySource>,
        locked: Locked,
        public: &PublicKey,
    ) -> Self {
        Self::known(origin, public, KeyState::locked(locked))
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
            unsupported: mapping::unsupported(public),
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

    /// Returns the certificates in its own file and in those next to it, of
    /// whichever owner.
    pub(super) fn all_certificates(&self) -> impl Iterator<Item = Recipient> {
        self.origin.certificates()
    }

    /// Returns the X.509 certificates in its own file, then those of each file
    /// next to it. Those of a keystore show once it is unlocked.
    pub(in crate::keys) fn x509_files(&self) -> Vec<CertificateFile> {
        self.origin.x509_files()
    }

    /// Returns whether it is in a PKCS#12 keystore.
    pub(super) fn is_in_keystore(&self) -> bool {
        self.origin.is_pkcs12()
    }

    /// Returns whether its file may hold certificates that don't show before it
    /// is unlocked.
    pub(in crate::keys) fn hides_certificates(&self) -> bool {
        self.origin.hides_certificates()
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

    /// Returns the name of its algorithm if nothing can be opened with it here.
    pub(super) fn unsupported(&self) -> Option<&str> {
        self.unsupported.as_deref()
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
        // Windows and Java make keystores without a passphrase, which are locked
        // with an empty one.
        let empty = locked.may_have_empty_passphrase();
        let empty = empty.then(|| Passphrase::new(Vec::new()));
        for known in self.origin.passphrase().into_iter().chain(empty) {
            if let Ok(key) = locked.unlock(&known) {
                self.origin.note(known);
                return Ok(key);
            }
        }
        if let Some(bytes) = locked.memory() {
            passphrases.note_memory(bytes);
        }
        let mut fault = UnlockFault::NoPassphrase;
        for attempt in 1.. {
            let answer = passphrases
                .ask(request, attempt)
                .map_err(|e| UnlockFault::Passphrase(e.to_string()))?;
            let Some(passphrase) = answer else { break };
            match locked.unlock(&passphrase) {
                Err(wrong @ UnlockFault::WrongPassphrase) => fault = wrong,
                Err(other) => return Err(other),
                Ok(key) => {
                    self.origin.note(passphrase);
                    return Ok(key);
                }
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
