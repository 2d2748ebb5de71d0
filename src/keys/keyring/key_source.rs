//! The file that a private key came from, and the certificate that lies with
//! it: in the same file, or beside it under the same name.

use std::path::{Path, PathBuf};

use openpgp::Cert;
use sequoia_openpgp as openpgp;

use crate::keys::file_content::{self, Block};
use crate::keys::{CertificateKind, Fingerprint, Recipient, directory_walk, recipients};

/// The certificate or public key that lies with a private key, whatever its
/// age.
#[derive(Clone, Debug)]
pub enum Beside {
    /// It is the key's own.
    Own(Recipient),
    /// It stands where the key's own would, and belongs to another key.
    Other(Recipient),
}

/// The file that a private key came from.
pub(super) struct KeySource {
    pub path: PathBuf,
    /// Whether every user of the machine can read or change it.
    pub exposed: bool,
    within: Within,
}

/// What a key's file has of certificates. Kept, since not every file can be
/// read twice; read when somebody asks, since most never do.
enum Within {
    Nothing,
    /// PEM blocks that aren't private.
    Pem(Vec<u8>),
    /// The public half of an OpenPGP key.
    OpenPgp(Box<Cert>),
}

impl KeySource {
    /// A file with nothing in it but the key.
    pub fn bare(path: &Path, exposed: bool) -> Self {
        Self {
            path: path.to_owned(),
            exposed,
            within: Within::Nothing,
        }
    }

    /// A PEM file.
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

    /// An OpenPGP key, whose own certificate it always holds.
    pub fn openpgp(path: &Path, exposed: bool, cert: Cert) -> Self {
        let public = cert.strip_secret_key_material();
        Self {
            within: Within::OpenPgp(Box::new(public)),
            ..Self::bare(path, exposed)
        }
    }

    /// The certificate that lies with the key which has that fingerprint.
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

    /// The certificate that is taken for that of a locked PEM or DER key.
    /// An OpenPGP certificate isn't: most are over keys of their own.
    pub fn presumed(&self) -> Option<Recipient> {
        self.certificates()
            .find(|certificate| certificate.kind() != CertificateKind::OpenPgp)
    }

    /// Those in the key's own file, then those beside it.
    fn certificates(&self) -> impl Iterator<Item = Recipient> {
        let beside = directory_walk::CERTIFICATE_ENDINGS
            .iter()
            .map(|ending| self.path.with_extension(ending))
            // Special files are left alone: opening a FIFO would wait for ever.
            .filter(|path| *path != self.path && path.is_file())
            .filter_map(|path| Recipient::load_any_age(&path).ok())
            .flatten();
        self.within().into_iter().chain(beside)
    }

    /// Those in the key's own file.
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
