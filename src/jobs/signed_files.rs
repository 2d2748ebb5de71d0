//! Whose signatures extracted files carry.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use crate::keys::SignatureVerdict;

/// One signer, and the extracted files with their signature inside.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SignedFiles {
    /// The signer, as in [`SignatureVerdict`]. Not safe on a terminal.
    pub signer: String,
    /// The fingerprint of the signer's certificate, if it's known.
    pub fingerprint: Option<String>,
    /// Whether the signatures hold and are by a named signer; others are not
    /// checked.
    pub holds: bool,
    /// The number of files.
    pub files: usize,
    /// The earliest time that the signatures claim.
    pub first: Option<SystemTime>,
    /// The latest time that they claim.
    pub last: Option<SystemTime>,
}

/// A signer, of whom there is one for many files.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct SeenSigner {
    holds: bool,
    signer: String,
    fingerprint: Option<String>,
}

/// A signature over one file.
#[derive(Debug)]
pub(super) struct Seen {
    signer: Arc<SeenSigner>,
    claimed: Option<SystemTime>,
}

/// The signers that were seen so far.
#[derive(Debug, Default)]
pub(super) struct SeenSigners(Mutex<BTreeSet<Arc<SeenSigner>>>);

impl SeenSigners {
    /// Returns the same signatures with less memory: there may be a million.
    pub fn shortened(&self, verdicts: Vec<SignatureVerdict>) -> Vec<Seen> {
        if verdicts.is_empty() {
            return Vec::new();
        }
        // It is intact after any panic: each change is one insertion.
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let shorten = |verdict: SignatureVerdict| {
            let holds = verdict.holds();
            let signer = SeenSigner {
                holds,
                signer: verdict.signer,
                fingerprint: verdict.fingerprint,
            };
            let signer = match known.get(&signer) {
                Some(signer) => Arc::clone(signer),
                None => {
                    let signer = Arc::new(signer);
                    known.insert(Arc::clone(&signer));
                    signer
                }
            };
            Seen {
                signer,
                claimed: verdict.claimed,
            }
        };
        verdicts.into_iter().map(shorten).collect()
    }
}

/// Counts the files of each signer.
#[derive(Debug, Default)]
pub(super) struct Tally(BTreeMap<Arc<SeenSigner>, SignedFiles>);

impl Tally {
    /// Adds one file.
    pub fn add(&mut self, seen: Vec<Seen>) {
        let mut counted = BTreeSet::new();
        for Seen { signer, claimed } in seen {
            let of_signer = self
                .0
                .entry(Arc::clone(&signer))
                .or_insert_with(|| SignedFiles {
                    signer: signer.signer.clone(),
                    fingerprint: signer.fingerprint.clone(),
                    holds: signer.holds,
                    files: 0,
                    first: None,
                    last: None,
                });
            if counted.insert(signer) {
                of_signer.files += 1;
            }
            let first = of_signer.first.into_iter().chain(claimed).min();
            of_signer.first = first;
            of_signer.last = of_signer.last.max(claimed);
        }
    }

    /// Returns the named signers, then the others.
    pub fn into_list(self) -> Vec<SignedFiles> {
        let (named, others): (Vec<_>, Vec<_>) =
            self.0.into_values().partition(|signed| signed.holds);
        named.into_iter().chain(others).collect()
    }
}
