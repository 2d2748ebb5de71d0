//! The keyring: its identities, and the search for the one that opens a
//! message.

mod cms_search;
mod fit;
mod identity;
mod key_file;
mod key_source;
mod secret;
mod trials;

use std::cmp::Reverse;
use std::collections::{BTreeSet, HashSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use openpgp::crypto::SessionKey;
use openpgp::packet::PKESK;
use openpgp::types::SymmetricAlgorithm;
use sequoia_openpgp as openpgp;
use thiserror::Error;

use crate::keys::passphrase::Passphrases;
use crate::keys::{Fingerprint, KeyHandle, Recipient, directory_walk};

pub(crate) use cms_search::OpenedBy;
pub use fit::Fit;
pub use identity::{Identity, KeyError, KeyFault, UnlockFault};
pub use key_source::Beside;
pub(crate) use secret::SecretKey;
pub(crate) use trials::Trials;

use trials::MessageTrials;

/// The depth to which a key directory is searched.
const MAX_DEPTH: usize = 8;

/// Why no identity of the keyring opens a message.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum NoIdentity {
    /// The message is not sealed to any of the keys.
    #[error("{}", none_fits(.handles, *.more, *.keys, .uncertified.as_deref(), *.tried))]
    NoneFits {
        /// The first four recipients of the message.
        handles: Vec<KeyHandle>,
        /// The number of further recipients.
        more: usize,
        /// The number of keys in the keyring.
        keys: usize,
        /// A locked key that was judged by the certificate next to it. It may
        /// fit, if that certificate belongs to another key.
        presumed: Option<Box<Path>>,
        /// A key without a certificate. It may fit, since the message names
        /// certificates.
        uncertified: Option<Box<Path>>,
        /// Whether every key was tried.
        tried: bool,
    },
    /// The key that fits, or may fit, stays locked.
    #[error("{}: {fault}", .key.display())]
    Locked {
        /// The key's file.
        key: PathBuf,
        /// Why it stays locked.
        fault: UnlockFault,
    },
    /// The message was sealed with a passphrase alone.
    #[error("it is sealed with a passphrase and not to a key")]
    PassphraseOnly,
    /// A key fits, but what is sealed to it holds no session key: it was
    /// altered, or was never valid.
    #[error("{}: it fits, but what is sealed to it holds no session key", .key.display())]
    NoSessionKey {
        /// The key's file.
        key: PathBuf,
    },
    /// Too many of the recipients may be any key.
    #[error(
        "gave up after {most} private key operations: too many of the recipients may be one of your keys"
    )]
    TooManyTrials {
        /// The trials that one message may cost.
        most: usize,
    },
    /// The job has spent the trials that all of its messages together may cost
    /// in vain.
    #[error("gave up: too many keys were tried in vain, on this message and those before it")]
    TrialsUsedUp,
}

fn none_fits(
    handles: &[KeyHandle],
    more: usize,
    keys: usize,
    uncertified: Option<&Path>,
    tried: bool,
) -> String {
    let names: Vec<String> = handles.iter().map(ToString::to_string).collect();
    let more = if more > 0 {
        format!(" and {more} more")
    } else {
        String::new()
    };
    let names = names.join(", ");
    let sealed = format!("it is sealed to {names}{more}");
    match (uncertified, tried, keys) {
        (Some(key), false, 1) => format!(
            "{}: can't match this key without its certificate; {sealed}",
            key.display()
        ),
        (_, true, 1) => format!("your key doesn't open it; {sealed}"),
        (_, true, n) => format!("none of your {n} keys opens it; {sealed}"),
        (_, _, 1) => format!("your key is not for it; {sealed}"),
        (_, _, n) => format!("none of your {n} keys is for it; {sealed}"),
    }
}

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
        let mut seen = BTreeSet::new();
        let mut certificate = None;
        for path in paths.iter().map(AsRef::as_ref) {
            let is_directory = std::fs::metadata(path)
                .map_err(|e| unreadable(path, e))?
                .is_dir();
            if !is_directory {
                if !seen.insert(path.to_owned()) {
                    continue;
                }
                match Identity::load(path) {
                    Ok(found) => keyring.identities.extend(found),
                    // It shows which messages are for one of the keys.
                    Err(KeyFault::NoPrivateKey) if Recipient::load_any_age(path).is_ok() => {
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
                if !seen.insert(file.clone()) {
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
            Some(path) if keyring.identities.is_empty() => {
                Err(not_a_key(&path, KeyFault::NoPrivateKey))
            }
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
        let certified = match handle.names_a_certificate() {
            true => self.fingerprints(handle),
            false => Vec::new(),
        };
        let is_named = |f| handle.names(f) || certified.contains(f);
        self.identities
            .iter()
            .find(|identity| identity.fingerprint().is_some_and(is_named))
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
        let is_it = |key: &SecretKey| Fingerprint::from(key.public().fingerprint()) == *fingerprint;
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

    /// Finds the session key of a message: the first one that `accept` accepts.
    /// An unlocked key is tried before one that needs a passphrase, one that
    /// fits for certain before one that may, and one that opened a message
    /// lately before others. Equal PKESKs are tried once.
    pub(crate) fn open_session_key(
        &self,
        pkesks: &[PKESK],
        algorithm: Option<SymmetricAlgorithm>,
        passphrases: &dyn Passphrases,
        trials: &Trials,
        accept: &mut dyn FnMut(Option<SymmetricAlgorithm>, &SessionKey) -> bool,
    ) -> Result<(), NoIdentity> {
        let mut seen = HashSet::new();
        let different = pkesks.iter().filter(|pkesk| seen.insert(*pkesk));
        let mut search = Search {
            clock: &self.clock,
            pkesks: different
                .map(|pkesk| (KeyHandle::from(pkesk.recipient()), pkesk))
                .collect(),
            algorithm,
            trials: trials.for_message(self.identities.len()),
            spoiled: None,
            accept,
        };
        let mut locked = Vec::new();
        let mut open = Vec::new();
        for identity in &self.identities {
            match identity.opened() {
                Some(key) => open.push((identity, key)),
                None => locked.push(identity),
            }
        }
        open.sort_by_key(|(identity, _)| Reverse(identity.success().at()));
        for fit in [Fit::Named, Fit::Hidden] {
            for (identity, key) in &open {
                if search.open(identity, key, fit)? {
                    return Ok(());
                }
            }
        }
        let mut still_locked = None;
        for fit in [Fit::Named, Fit::Hidden, Fit::Unknown] {
            for identity in &locked {
                if !search.may_fit(identity, fit) {
                    continue;
                }
                match self.ask_and_unlock(identity, passphrases) {
                    Ok(key) if search.open(identity, &key, fit)? => return Ok(()),
                    Ok(_) => {}
                    Err(fault) => {
                        still_locked.get_or_insert(NoIdentity::Locked {
                            key: identity.source().to_owned(),
                            fault,
                        });
                    }
                }
            }
        }
        let spoiled = search.spoiled.map(|key| NoIdentity::NoSessionKey { key });
        Err(still_locked.or(spoiled).unwrap_or_else(|| {
            let handles = search.pkesks.into_iter().map(|(handle, _)| handle);
            self.none_fits(handles.collect())
        }))
    }

    /// Returns the error that none of the keys is for any of these recipients.
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

struct Search<'a> {
    clock: &'a AtomicU64,
    pkesks: Vec<(KeyHandle, &'a PKESK)>,
    algorithm: Option<SymmetricAlgorithm>,
    trials: MessageTrials<'a>,
    /// The file of a key that is named by a PKESK which doesn't decrypt.
    spoiled: Option<PathBuf>,
    accept: &'a mut dyn FnMut(Option<SymmetricAlgorithm>, &SessionKey) -> bool,
}

impl Search<'_> {
    /// Returns whether the identity is worth unlocking, as far as is known.
    fn may_fit(&self, identity: &Identity, fit: Fit) -> bool {
        self.pkesks
            .iter()
            .any(|(handle, pkesk)| identity.fit(handle, pkesk.pk_algo()) == Some(fit))
    }

    /// Tries a key on the PKESKs that it may fit.
    fn open(&mut self, identity: &Identity, key: &SecretKey, fit: Fit) -> Result<bool, NoIdentity> {
        let fingerprint = Fingerprint::from(key.public().fingerprint());
        for (number, (handle, pkesk)) in from(&self.pkesks, identity.success().recipient()) {
            let named = handle.names(&fingerprint);
            let fits = match fit {
                Fit::Named => named,
                Fit::Hidden => *handle == KeyHandle::Hidden,
                Fit::Unknown => named || *handle == KeyHandle::Hidden,
            };
            if !fits || pkesk.pk_algo() != key.public().pk_algo() {
                continue;
            }
            self.trials.next()?;
            match pkesk.decrypt(&mut key.decryptor(), self.algorithm) {
                Some((algorithm, session_key)) if (self.accept)(algorithm, &session_key) => {
                    self.trials.opened();
                    identity.success().note(self.clock, number);
                    return Ok(true);
                }
                None if named => {
                    self.spoiled.get_or_insert(identity.source().to_owned());
                }
                _ => {}
            }
        }
        Ok(false)
    }
}

/// Returns all of them with their numbers: from that number on, then those
/// before it.
fn from<T>(all: &[T], number: usize) -> impl Iterator<Item = (usize, &T)> {
    let first = if number < all.len() { number } else { 0 };
    let numbered = || all.iter().enumerate();
    numbered().skip(first).chain(numbered().take(first))
}

fn unreadable(path: &Path, source: io::Error) -> KeyError {
    not_a_key(path, KeyFault::Unreadable(source))
}

fn not_a_key(path: &Path, fault: KeyFault) -> KeyError {
    let path = path.to_owned();
    KeyError { path, fault }
}
