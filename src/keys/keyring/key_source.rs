//! The file of a private key, and the certificate next to it: in the same file,
//! or in one of the same name.

use std::path::{Path, PathBuf};

use openpgp::Cert;
use sequoia_openpgp as openpgp;

use crate::keys::file_content::{self, Block};
use crate::keys::{CertificateKind, Fingerprint, Recipient, directory_walk, recipients};

/// The certificate or public key next to a private key, of any age.
#[derive(Clone, Debug)]
pub enum Beside {
    /// It belongs to the key.
    Own(Recipient),
    /// It is where the key's certificate would be, and belongs to another key.
    Other(Recipient),
}

/// The file of a private key.
pub(super) struct KeySource {
    pub path: PathBuf,
    /// Whether every user of the machine can read or change it.
    pub exposed: bool,
    within: Within,
}

/// The certificates in a key's file. They are kept, since not every file can be
/// read twice, and parsed on demand, since most are never needed.
enum Within {
    Nothing,
    /// PEM blocks that aren't private.
    Pem(Vec<u8>),
    /// The public half of an OpenPGP key.
    OpenPgp(Box<Cert>),
}

impl KeySource {
    /// Creates the source of a file that holds only the key.
    pub fn bare(path: &Path, exposed: bool) -> Self {
        Self {
            path: path.to_owned(),
            exposed,
            within: Within::Nothing,
        }
    }

    /// Creates the source of a PEM file.
    pub fn pem(path: &Path, exposed: bool, bytes: &[u8]) -> Self {
        let mut public = Vec::new();
        for block in file_content::blocks(bytes).filter(|block| !block.is_private()) {
            public.extend_from_slice(block.text);
            public.push(b'\n');
        }
        Self {
            within: Within::Pem(public),
            ..Self::bare(path, exposed)
        }
    }

    /// Creates the source of an OpenPGP key, which always holds its own
    /// certificate.
    pub fn openpgp(path: &Path, exposed: bool, cert: Cert) -> Self {
        let public = cert.strip_secret_key_material();
        Self {
            within: Within::OpenPgp(Box::new(public)),
            ..Self::bare(path, exposed)
        }
    }

    /// Returns the certificate next to the key with that fingerprint.
    pub fn beside(&self, fingerprint: &Fingerprint) -> Option<Beside> {
        let mut other = None;
        for certificate in self.certificates() {
            if certificate.fingerprint() == fingerprint {
                return Some(Beside::Own(certificate));
            }
            other.get_or_insert(certificate);
        }
        other.map(Beside::Other)
    }

    /// Returns the certificate that a locked PEM or DER key presumably belongs
    /// to. OpenPGP certificates don't count: most are over other keys.
    pub fn presumed(&self) -> Option<Recipient> {
        self.certificates()
            .find(|certificate| certificate.kind() != CertificateKind::OpenPgp)
    }

    /// Returns those in the key's own file, then those next to it.
    fn certificates(&self) -> impl Iterator<Item = Recipient> {
        let beside = directory_walk::CERTIFICATE_ENDINGS
            .iter()
            .map(|ending| self.path.with_extension(ending))
            // Special files are skipped: opening a FIFO would block for ever.
            .filter(|path| *path != self.path && path.is_file())
            .filter_map(|path| Recipient::load_any_age(&path).ok())
            .flatten();
        self.within().into_iter().chain(beside)
    }

    /// Returns those in the key's own file.
    pub fn within(&self) -> Vec<Recipient> {
        match &self.within {
            Within::Nothing => Vec::new(),
            Within::Pem(text) => file_content::blocks(text)
                .filter_map(|Block { text, .. }| {
                    recipients::of_content(text, &self.path, None).ok()
                })
                .flatten()
                .collect(),
            Within::OpenPgp(cert) => recipients::of_openpgp(cert, &self.path),
        }
    }
}
