//! The file of a private key, and the certificate next to it: in the same file,
//! or in one of the same name.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::{io, iter};

use openpgp::Cert;
use openssl::x509::X509;
use sequoia_openpgp as openpgp;

use crate::keys::file_content::{self, Block, Bytes};
use crate::keys::passphrase::Passphrase;
use crate::keys::{
    CertificateKind, Fingerprint, Recipient, directory_walk, pkcs12, recipients, x509,
};

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
    /// A passphrase that has opened something in it: most files have one for
    /// all that they hold.
    passphrase: Mutex<Option<Passphrase>>,
}

/// A file that may hold the X.509 certificate of a key.
pub(in crate::keys) struct CertificateFile {
    pub path: PathBuf,
    pub certificates: io::Result<Vec<X509>>,
}

/// The certificates in a key's file. They are kept, since not every file can be
/// read twice, and parsed on demand, since most are never needed.
enum Within {
    Nothing,
    /// PEM blocks that aren't private.
    Pem(Vec<u8>),
    /// The public half of an OpenPGP key.
    OpenPgp(Box<Cert>),
    /// Certificates as DER.
    X509(Vec<Vec<u8>>),
    /// A PKCS#12 keystore, whose certificates show once it's opened.
    Pkcs12 {
        keystore: Bytes,
        opened: OnceLock<Vec<X509>>,
    },
}

impl KeySource {
    /// Creates the source of a file that holds only the key.
    pub fn bare(path: &Path, exposed: bool) -> Self {
        Self {
            path: path.to_owned(),
            exposed,
            within: Within::Nothing,
            passphrase: Mutex::default(),
        }
    }

    /// Creates the source of a Java keystore, with all of its certificates.
    pub fn jks(path: &Path, exposed: bool, certificates: Vec<Vec<u8>>) -> Self {
        Self {
            within: Within::X509(certificates),
            ..Self::bare(path, exposed)
        }
    }

    /// Creates the source of a PKCS#12 keystore.
    pub fn pkcs12(path: &Path, exposed: bool, keystore: Bytes) -> Self {
        let opened = OnceLock::new();
        Self {
            within: Within::Pkcs12 { keystore, opened },
            ..Self::bare(path, exposed)
        }
    }

    /// Returns a passphrase that has opened something in the file.
    pub fn passphrase(&self) -> Option<Passphrase> {
        let known = self.passphrase.lock();
        known.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Notes such a passphrase, and opens the certificates that it locks.
    pub fn note(&self, passphrase: Passphrase) {
        if let Within::Pkcs12 { keystore, opened } = &self.within {
            opened.get_or_init(|| {
                let found = pkcs12::open(keystore, passphrase.as_bytes());
                found.map_or_else(Vec::new, |found| found.certificates)
            });
        }
        let known = self.passphrase.lock();
        *known.unwrap_or_else(PoisonError::into_inner) = Some(passphrase);
    }

    pub fn is_pkcs12(&self) -> bool {
        matches!(self.within, Within::Pkcs12 { .. })
    }

    /// Returns whether it may hold certificates that don't show yet.
    pub fn hides_certificates(&self) -> bool {
        match &self.within {
            Within::Pkcs12 { opened, .. } => opened.get().is_none(),
            _ => false,
        }
    }

    fn recipients(&self, certificates: impl Iterator<Item = X509>) -> Vec<Recipient> {
        certificates
            .filter_map(|certificate| certificate.to_der().ok())
            .filter_map(|der| recipients::of_content(&der, &self.path, None).ok())
            .flatten()
            .collect()
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
    pub fn certificates(&self) -> impl Iterator<Item = Recipient> {
        let beside = self
            .files_beside()
            .filter_map(|path| Recipient::load_any_age(&path).ok())
            .flatten();
        self.within().into_iter().chain(beside)
    }

    /// Returns the X.509 certificates in the key's own file, then those of each
    /// file next to it.
    pub fn x509_files(&self) -> Vec<CertificateFile> {
        let beside = self.files_beside().map(|path| CertificateFile {
            certificates: file_content::read(&path).map(|bytes| x509::in_file(&bytes)),
            path,
        });
        let own = CertificateFile {
            path: self.path.clone(),
            certificates: Ok(self.x509_within()),
        };
        iter::once(own).chain(beside).collect()
    }

    fn x509_within(&self) -> Vec<X509> {
        match &self.within {
            Within::Nothing | Within::OpenPgp(_) => Vec::new(),
            Within::Pem(text) => x509::in_file(text),
            Within::X509(certificates) => {
                let certificates = certificates.iter();
                certificates
                    .filter_map(|der| X509::from_der(der).ok())
                    .collect()
            }
            Within::Pkcs12 { opened, .. } => opened.get().cloned().unwrap_or_default(),
        }
    }

    /// Returns the files next to the key that may hold its certificate.
    fn files_beside(&self) -> impl Iterator<Item = PathBuf> {
        directory_walk::CERTIFICATE_ENDINGS
            .iter()
            .map(|ending| self.path.with_extension(ending))
            .filter(|path| *path != self.path && may_be_file(path))
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
            Within::X509(_) | Within::Pkcs12 { .. } => {
                self.recipients(self.x509_within().into_iter())
            }
        }
    }
}

/// Returns whether a path is that of a file, or of something that can't be looked at:
/// reading it will say why.
fn may_be_file(path: &Path) -> bool {
    match std::fs::metadata(path) {
        // Special files are skipped: opening a FIFO would block for ever.
        Ok(found) => found.is_file(),
        Err(error) => !matches!(
            error.kind(),
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
        ),
    }
}
