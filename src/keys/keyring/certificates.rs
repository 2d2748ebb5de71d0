//! The X.509 certificates next to the keys. Handles of CMS messages name
//! certificates, not keys.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use openpgp::types::PublicKeyAlgorithm;
use sequoia_openpgp as openpgp;

use super::search::{Candidate, has_identifier};
use super::{Fit, Identity, Keyring};
use crate::keys::{Fingerprint, KeyHandle, Recipient, directory_walk};

impl Keyring {
    /// Reads the certificates next to the keys now, before anything may replace
    /// them. Otherwise the first CMS message does.
    #[doc(hidden)]
    pub fn read_certificates(&self) {
        self.certificates();
    }

    /// Returns how surely the identity is the key of a recipient; `None` if it
    /// isn't.
    pub(crate) fn fit(
        &self,
        identity: &Identity,
        handle: &KeyHandle,
        algorithm: PublicKeyAlgorithm,
    ) -> Option<Fit> {
        let candidate = Candidate {
            handle,
            algorithm,
            certified: self.fingerprints(handle),
            sealed: (),
        };
        candidate.fit(identity)
    }

    /// Returns whether any identity may be the key of a recipient.
    pub(crate) fn may_open(&self, handle: &KeyHandle, algorithm: PublicKeyAlgorithm) -> bool {
        let mut identities = self.identities().iter();
        identities.any(|identity| self.fit(identity, handle, algorithm).is_some())
    }

    /// Returns the fingerprints of the keys whose certificates a handle names,
    /// as far as the certificates are there.
    pub(super) fn fingerprints(&self, handle: &KeyHandle) -> Vec<Fingerprint> {
        if !handle.names_a_certificate() {
            return Vec::new();
        }
        let mut named: Vec<Fingerprint> = self
            .certificates()
            .iter()
            .filter(|certificate| certificate.is_named_by(handle))
            .map(|certificate| certificate.fingerprint().clone())
            .collect();
        // Keystores may have been opened since.
        let keystores = self.identities.iter().filter(|key| key.is_in_keystore());
        let opened = keystores.flat_map(Identity::certificates_within);
        named.extend(
            opened
                .filter(|certificate| certificate.is_named_by(handle))
                .map(|certificate| certificate.fingerprint().clone()),
        );
        // A key without its certificate still has an identifier.
        let opened = self.identities.iter().filter_map(Identity::opened);
        named.extend(
            opened
                .filter(|key| has_identifier(key, handle))
                .map(|key| Fingerprint::of(key.public().fingerprint())),
        );
        named
    }

    /// Returns a key whose certificate is missing.
    pub(super) fn uncertified(&self) -> Option<&Identity> {
        self.identities.iter().find(|identity| {
            let own = identity.fingerprint();
            let mut certificates = self.certificates().iter();
            !certificates.any(|certificate| Some(certificate.fingerprint()) == own)
        })
    }

    /// Returns the X.509 certificates in the key files, in the files next to
    /// them that are named like certificates, and in the directories that were
    /// searched for keys. They are read once.
    fn certificates(&self) -> &[Recipient] {
        self.certificates.get_or_init(|| {
            let within = self
                .identities
                .iter()
                .flat_map(Identity::certificates_within);
            let mut certificates: Vec<Recipient> = within.collect();
            let mut candidates: BTreeSet<PathBuf> = self.searched.iter().cloned().collect();
            let directories: BTreeSet<&Path> = self
                .identities
                .iter()
                .filter_map(|identity| identity.source().parent())
                .collect();
            for directory in directories {
                let directory = match directory.as_os_str().is_empty() {
                    true => Path::new("."),
                    false => directory,
                };
                // A directory that can't be read adds nothing.
                let beside = directory_walk::below(directory, 1).unwrap_or_default();
                candidates.extend(
                    beside
                        .into_iter()
                        .filter(|f| directory_walk::is_certificate(f)),
                );
            }
            let loaded = candidates
                .iter()
                .filter_map(|f| Recipient::load_any_age(f).ok());
            certificates.extend(loaded.flatten());
            certificates.retain(|certificate| !certificate.issuers_and_serials().is_empty());
            certificates
        })
    }
}
