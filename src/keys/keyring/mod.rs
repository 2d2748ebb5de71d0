//! The keyring: its identities, and the search for the one that opens a
//! message.

mod certificates;
mod cms_search;
mod fit;
mod identity;
mod intended;
mod key_file;
mod key_source;
mod leading_zeros;
mod locked;
mod no_identity;
mod openpgp_search;
mod search;
mod secret;
mod trials;

use std::collections::HashSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use crate::files::FileId;
use crate::keys::passphrase::Passphrases;
use crate::keys::{FileKind, Fingerprint, KeyHandle, Recipient, directory_walk};

pub(crate) use cms_search::OpenedBy;
pub use fit::Fit;
pub use identity::{Identity, KeyError, KeyFault, UnlockFault};
pub use key_source::Beside;
pub(in crate::keys) use key_source::CertificateFile;
pub(super) use leading_zeros::certs as openpgp_certs;
pub use no_identity::NoIdentity;
pub(crate) use no_identity::NotOpened;
pub(crate) use secret::SecretKey;
pub(crate) use trials::{MOST_HIDDEN, MessageTrials, Trials};

/// The depth to which a key directory is searched.
const MAX_DEPTH: usize = 8;

/// The identities that can open messages, from files and directories, old keys
/// included.
#[derive(Debug, Default)]
pub struct Keyring {
    identities: Vec<Identity>,
    /// Files of the directories that hold no key.
    searched: Vec<PathBuf>,
    skipped: Vec<KeyError>,
    /// Read when a message needs certificates, since most don't.
    certificates: OnceLock<Vec<Recipient>>,
    /// Held while a passphrase is asked for, so that there is one question at a
    /// time.
    asking: Mutex<()>,
    /// Counts the messages that were opened.
    clock: AtomicU64,
}

impl Keyring {
    /// Loads key files and searches key directories (8 levels deep, files of
    /// up to 1 MiB, in the order of their names). Files of a directory that
    /// yield no key are left out (see [`Keyring::skipped`]). A file named in
    /// `paths` may also be the certificate of a key.
    ///
    /// # Errors
    ///
    /// A path can't be read, a file named in `paths` yields no key, or there
    /// are certificates without any key.
    pub fn load(paths: &[impl AsRef<Path>]) -> Result<Self, KeyError> {
        let mut keyring = Self::default();
        // Under whatever names, a file counts once.
        let mut seen = HashSet::new();
        let mut is_new = |path: &Path| {
            let metadata = std::fs::metadata(path)?;
            Ok(seen.insert(FileId::of(path, &metadata)?))
        };
        let mut certificate = None;
        for path in paths.iter().map(AsRef::as_ref) {
            let is_directory = std::fs::metadata(path)
                .map_err(|e| unreadable(path, e))?
                .is_dir();
            if !is_directory {
                if !is_new(path).map_err(|e| unreadable(path, e))? {
                    continue;
                }
                match Identity::load(path) {
                    Ok(found) => keyring.identities.extend(found),
                    // It shows which messages are for one of the keys.
                    Err(KeyFault::NoPrivateKey(_)) if Recipient::load_any_age(path).is_ok() => {
                        certificate.get_or_insert_with(|| path.to_owned());
                        keyring.searched.push(path.to_owned());
                    }
                    Err(fault) => return Err(not_a_key(path, fault)),
                }
                continue;
            }
            for file in
                directory_walk::below(path, MAX_DEPTH).map_err(|(path, e)| unreadable(&path, e))?
            {
                // What can't be read is reported as a key that can't be.
                if matches!(is_new(&file), Ok(false)) {
                    continue;
                }
                match Identity::load(&file) {
                    Ok(found) => keyring.identities.extend(found),
                    Err(fault) => {
                        keyring.searched.push(file.clone());
                        keyring.skipped.push(KeyError { path: file, fault });
                    }
                }
            }
        }
        match certificate {
            Some(path) if keyring.identities.is_empty() => Err(not_a_key(
                &path,
                KeyFault::NoPrivateKey(Some(FileKind::Certificate)),
            )),
            _ => Ok(keyring),
        }
    }

    /// Returns the files of directories that yield no key, and why.
    pub fn skipped(&self) -> &[KeyError] {
        &self.skipped
    }

    /// Returns the identities, in the order in which they were found.
    #[doc(hidden)]
    pub fn identities(&self) -> &[Identity] {
        &self.identities
    }

    /// Returns the identity that a handle names, unlocked or not. For a handle
    /// of CMS, the certificate has to be next to the key.
    #[doc(hidden)]
    pub fn find(&self, handle: &KeyHandle) -> Option<&Identity> {
        let certified = self.fingerprints(handle);
        let is_named = |f| handle.names(f) || certified.contains(f);
        self.identities
            .iter()
            .find(|identity| identity.fingerprint().is_some_and(is_named))
    }

    /// Returns the unlocked key with that fingerprint as a recipient, if there is
    /// one.
    pub(crate) fn recipient(&self, fingerprint: &Fingerprint) -> Option<Recipient> {
        self.identities.iter().find_map(|identity| {
            let key = identity.opened()?;
            let is_it = Fingerprint::of(key.public().fingerprint()) == *fingerprint;
            is_it.then(|| Recipient::of_key(key.public(), identity.source()))
        })
    }

    /// Returns the secret key with that fingerprint, if there is one. An
    /// unlocked key comes before one that needs a passphrase, and a key that
    /// certainly has the fingerprint before one that may have it.
    ///
    /// # Errors
    ///
    /// The file of a key that stays locked and may be the right one.
    pub(crate) fn unlock(
        &self,
        fingerprint: &Fingerprint,
        passphrases: &dyn Passphrases,
    ) -> Result<Option<Arc<SecretKey>>, (&Path, UnlockFault)> {
        let is_it = |key: &SecretKey| Fingerprint::of(key.public().fingerprint()) == *fingerprint;
        let mut opened = self.identities.iter().filter_map(Identity::opened);
        if let Some(key) = opened.find(|key| is_it(key)) {
            return Ok(Some(key));
        }
        let mut still_locked = None;
        for known in [Some(fingerprint), None] {
            let candidates = self.identities.iter();
            for identity in candidates.filter(|identity| identity.fingerprint() == known) {
                match self.ask_and_unlock(identity, passphrases) {
                    Ok(key) if is_it(&key) => return Ok(Some(key)),
                    Ok(_) => {}
                    Err(fault) => {
                        still_locked.get_or_insert((identity.source(), fault));
                    }
                }
            }
        }
        still_locked.map_or(Ok(None), Err)
    }

    /// Unlocks a key, with one question at a time.
    fn ask_and_unlock(
        &self,
        identity: &Identity,
        passphrases: &dyn Passphrases,
    ) -> Result<Arc<SecretKey>, UnlockFault> {
        let _one_at_a_time = self.asking.lock().unwrap_or_else(PoisonError::into_inner);
        identity.unlock(passphrases)
    }

    /// Returns the error that none of the keys is for any of these recipients.
    #[doc(hidden)]
    pub fn none_fits(&self, mut handles: Vec<KeyHandle>) -> NoIdentity {
        // There may be as many failures as an archive has members.
        const SHOWN: usize = 4;
        let more = handles.len().saturating_sub(SHOWN);
        handles.truncate(SHOWN);
        handles.shrink_to_fit();
        let path = |key: &Identity| Box::from(key.source());
        let mut keys = self.identities.iter();
        let presumed = keys.find(|key| key.is_presumed() && key.opened().is_none());
        let uncertified = match handles.iter().any(KeyHandle::names_a_certificate) {
            true => self.uncertified(),
            false => None,
        };
        NoIdentity::NoneFits {
            handles,
            more,
            keys: self.identities.len(),
            presumed: presumed.map(path),
            uncertified: match presumed {
                Some(_) => None,
                None => uncertified.map(path),
            },
            tried: false,
        }
    }
}

fn unreadable(path: &Path, source: io::Error) -> KeyError {
    not_a_key(path, KeyFault::Unreadable(source))
}

fn not_a_key(path: &Path, fault: KeyFault) -> KeyError {
    let path = path.to_owned();
    KeyError { path, fault }
}
