//! Export of PEM keys and certificates to stock OpenPGP software, which then
//! opens messages without callseal.

mod self_certified;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use openpgp::crypto::Password;
use openpgp::serialize::SerializeInto;
use sequoia_openpgp as openpgp;
use thiserror::Error;
use zeroize::Zeroizing;

use crate::keys::keyring::SecretKey;
use crate::keys::passphrase::{LockedKey, NewPassphrase, Passphrase, Passphrases};
use crate::keys::{CertificateKind, Identity, KeyFault, Keyring, Recipient, Refusal, UnlockFault};

/// Why a key or certificate can't be exported.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ExportError {
    /// The file yields no key.
    #[error("{}: {fault}", .path.display())]
    Key {
        /// The file.
        path: PathBuf,
        /// The cause.
        fault: KeyFault,
    },
    /// The key stays locked.
    #[error("{}: {fault}", .path.display())]
    Locked {
        /// The file.
        path: PathBuf,
        /// Why it stays locked.
        fault: UnlockFault,
    },
    /// The file yields no certificate or public key.
    #[error("{}: {refusal}", .path.display())]
    Certificate {
        /// The file.
        path: PathBuf,
        /// The cause.
        refusal: Refusal,
    },
    /// The file is already an OpenPGP key.
    #[error("{}: it is already an OpenPGP key", .path.display())]
    OpenPgpKey {
        /// The file.
        path: PathBuf,
    },
    /// The file is already an OpenPGP certificate.
    #[error("{}: it is already an OpenPGP certificate", .path.display())]
    OpenPgpCertificate {
        /// The file.
        path: PathBuf,
    },
    /// The certificate's private key, which has to certify it, is missing.
    #[error("{}", not_at_hand(.path, *.keys, .only.as_deref()))]
    NotAtHand {
        /// The certificate's file.
        path: PathBuf,
        /// The number of keys in the keyring.
        keys: usize,
        /// The file of the only key, if there is one.
        only: Option<PathBuf>,
    },
}

fn not_at_hand(path: &Path, keys: usize, only: Option<&Path>) -> String {
    let path = path.display();
    match only {
        Some(key) => format!("{} is not the private key of {path}", key.display()),
        None => format!("{path}: none of your {keys} keys is its private key"),
    }
}

/// A PEM or DER private key, unlocked for export as an OpenPGP secret key.
pub struct SecretKeyExport {
    path: PathBuf,
    name: String,
    secret: Arc<SecretKey>,
    exposed: bool,
    passphrase: Option<Password>,
}

impl SecretKeyExport {
    /// Loads a key and unlocks it.
    ///
    /// # Errors
    ///
    /// The file holds no usable private key, or its passphrase isn't available.
    pub fn unlock(path: &Path, passphrases: &dyn Passphrases) -> Result<Self, ExportError> {
        let identities = Identity::load(path).map_err(|fault| key_error(path, fault))?;
        let identity = match identities.as_slice() {
            [identity] if !identity.is_openpgp() => identity,
            [identity, ..] if identity.is_openpgp() => {
                return Err(ExportError::OpenPgpKey {
                    path: path.to_owned(),
                });
            }
            _ => {
                let reason = "there are several in the file";
                return Err(key_error(path, KeyFault::Unusable(reason.into())));
            }
        };
        let heard = Overheard {
            passphrases,
            last: Mutex::new(None),
        };
        let secret = identity
            .unlock(&heard)
            .map_err(|fault| ExportError::Locked {
                path: path.to_owned(),
                fault,
            })?;
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        let passphrase = heard
            .last
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        Ok(Self {
            path: path.to_owned(),
            name: identity.label().unwrap_or(&stem).to_owned(),
            secret,
            exposed: identity.is_exposed(),
            passphrase: passphrase.map(|passphrase| passphrase.as_bytes().into()),
        })
    }

    /// Returns whether every user of the machine can read or change the key's
    /// file.
    pub fn is_exposed(&self) -> bool {
        self.exposed
    }

    /// Returns whether the exported key will be locked by a passphrase.
    pub fn is_locked(&self) -> bool {
        self.passphrase.is_some()
    }

    /// Locks the exported key with another passphrase. Otherwise it keeps the
    /// passphrase of the file, if that has one.
    pub fn lock_with(&mut self, passphrase: &NewPassphrase) {
        self.passphrase = Some(passphrase.as_bytes().into());
    }

    /// Returns the armored OpenPGP secret key, for GnuPG and other software to
    /// import. It has the fingerprint by which callseal's messages name the
    /// key.
    ///
    /// # Errors
    ///
    /// The key can't be an OpenPGP key, for example with three primes.
    pub fn armored(&self) -> Result<Zeroizing<Vec<u8>>, ExportError> {
        self_certified::certificate(&self.name, &self.secret, self.passphrase.as_ref(), None)
            .and_then(|cert| cert.as_tsk().armored().to_vec())
            .map(Zeroizing::new)
            .map_err(|e| unusable(&self.path, &e))
    }
}

impl std::fmt::Debug for SecretKeyExport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SecretKeyExport")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

/// Makes an armored OpenPGP certificate from an X.509 certificate or a public
/// key. Its own private key certifies it, and has to be in the keyring.
///
/// # Errors
///
/// The file holds no usable certificate, or the private key is missing or stays
/// locked.
pub fn export_certificate(
    path: &Path,
    keyring: &Keyring,
    passphrases: &dyn Passphrases,
) -> Result<Vec<u8>, ExportError> {
    let certificate_error = |refusal| ExportError::Certificate {
        path: path.to_owned(),
        refusal,
    };
    let recipients = Recipient::load_any_age(path).map_err(certificate_error)?;
    let recipient = match recipients.as_slice() {
        [recipient] if recipient.kind() != CertificateKind::OpenPgp => recipient,
        _ => {
            return Err(ExportError::OpenPgpCertificate {
                path: path.to_owned(),
            });
        }
    };
    let found = keyring.unlock(recipient.fingerprint(), passphrases);
    let secret = found
        .map_err(|(source, fault)| ExportError::Locked {
            path: source.to_owned(),
            fault,
        })?
        .ok_or_else(|| ExportError::NotAtHand {
            path: path.to_owned(),
            keys: keyring.identities().len(),
            only: match keyring.identities() {
                [only] => Some(only.source().to_owned()),
                _ => None,
            },
        })?;
    self_certified::certificate(recipient.label(), &secret, None, recipient.expires())
        .and_then(|cert| cert.armored().to_vec())
        .map_err(|e| unusable(path, &e))
}

fn key_error(path: &Path, fault: KeyFault) -> ExportError {
    ExportError::Key {
        path: path.to_owned(),
        fault,
    }
}

fn unusable(path: &Path, e: &openpgp::anyhow::Error) -> ExportError {
    key_error(path, KeyFault::Unusable(e.to_string()))
}

/// Remembers the passphrase that was given, so that the exported key can be
/// locked with it again.
struct Overheard<'a> {
    passphrases: &'a dyn Passphrases,
    last: Mutex<Option<Passphrase>>,
}

impl Passphrases for Overheard<'_> {
    fn ask(&self, key: LockedKey<'_>, attempt: usize) -> io::Result<Option<Passphrase>> {
        let answer = self.passphrases.ask(key, attempt)?;
        self.last
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone_from(&answer);
        Ok(answer)
    }
}
