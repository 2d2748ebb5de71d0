//! CA bundles and CRLs, as files and directories.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use openssl::x509::{X509, X509Crl, X509PurposeId};
use thiserror::Error;

use crate::files::cause;
use crate::keys::file_content::{self, Block, Form};
use crate::keys::{directory_walk, openssl_reason, x509};

use super::Verifier;

/// The size limit of CRL files: 64 MiB. Those of public CAs have some MiB.
const MAX_CRL_FILE: u64 = 64 << 20;

/// Why a CA bundle can't be used. Nothing is sealed then.
#[derive(Debug, Error)]
#[error("{}: {fault}", .path.display())]
pub struct TrustError {
    /// The file or directory.
    pub path: PathBuf,
    /// The cause.
    pub fault: TrustFault,
}

/// A fault of a file of CA certificates or CRLs.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TrustFault {
    /// It can't be read.
    #[error("{}", cause(.0))]
    Unreadable(io::Error),
    /// It holds no certificate.
    #[error("it holds no CA certificate")]
    NoCertificate,
    /// It holds no CRL.
    #[error("it holds no certificate revocation list")]
    NoCrl,
    /// A block in it can't be decoded.
    #[error("it can't be decoded: {0}")]
    Malformed(String),
    /// OpenSSL accepts only file names in UTF-8.
    #[error("the name of a file with certificate revocation lists must be UTF-8")]
    Name,
}

/// The certificates of CAs, roots and intermediates in any order, and their
/// certificate revocation lists.
#[derive(Clone, Debug)]
pub struct CaBundle {
    pub(super) certificates: Vec<X509>,
    pub(super) crls: Vec<CrlFile>,
}

/// A file of CRLs. OpenSSL reads them from the file itself.
#[derive(Clone)]
pub(super) struct CrlFile {
    pub path: PathBuf,
    pub form: Form,
    pub lists: Vec<Arc<X509Crl>>,
}

impl std::fmt::Debug for CrlFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("CrlFile").field(&self.path).finish()
    }
}

impl CaBundle {
    /// Loads CA certificates and, if there are any, CRLs. Each path is a file
    /// (PEM with any number of blocks, or DER) or a directory of such files.
    /// Files of a directory that hold neither are passed over. With CRLs,
    /// every CA of a chain must have one.
    ///
    /// # Errors
    ///
    /// The first path that can't be read, yields nothing or is broken.
    pub fn load(ca_files: &[PathBuf], crl_files: &[PathBuf]) -> Result<Self, TrustError> {
        let mut certificates = Vec::new();
        for path in ca_files {
            let found = below(path, &read_certificates)?;
            if found.iter().all(Vec::is_empty) {
                return Err(trust_error(path, TrustFault::NoCertificate));
            }
            certificates.extend(found.into_iter().flatten());
        }
        let mut crls = Vec::new();
        for path in crl_files {
            let found = below(path, &read_crls)?;
            if found.iter().all(|file| file.lists.is_empty()) {
                return Err(trust_error(path, TrustFault::NoCrl));
            }
            for file in found {
                // Its name promises a CRL, but it is something else, such as a
                // page that a server sent.
                if file.lists.is_empty() && is_called_crl(&file.path) {
                    return Err(trust_error(&file.path, TrustFault::NoCrl));
                }
                crls.push(file);
            }
        }
        Ok(Self { certificates, crls })
    }

    /// Returns a verifier that decides whether certificates chain to these CAs
    /// at a time.
    pub(crate) fn verifier(&self, at: SystemTime) -> Result<Verifier, TrustError> {
        Verifier::new(self, at, None)
    }

    /// Returns a verifier that decides the same about certificates for
    /// signatures: no CA may be one for other things alone.
    pub(crate) fn verifier_of_signers(&self, at: SystemTime) -> Result<Verifier, TrustError> {
        Verifier::new(self, at, Some(X509PurposeId::SMIME_SIGN))
    }
}

fn is_called_crl(file: &Path) -> bool {
    file.extension()
        .is_some_and(|ending| ending.eq_ignore_ascii_case("crl"))
}

/// Reads a file, or each file of a directory.
fn below<T>(
    path: &Path,
    read: &dyn Fn(&Path) -> Result<T, TrustFault>,
) -> Result<Vec<T>, TrustError> {
    let unreadable =
        |(path, e): (PathBuf, io::Error)| trust_error(&path, TrustFault::Unreadable(e));
    let is_directory = std::fs::metadata(path)
        .map_err(|e| unreadable((path.to_owned(), e)))?
        .is_dir();
    let paths = if is_directory {
        let mut found = directory_walk::below(path, 1).map_err(unreadable)?;
        found.retain(|file| !directory_walk::is_hidden(file));
        found
    } else {
        vec![path.to_owned()]
    };
    let found = paths
        .iter()
        .map(|path| read(path).map_err(|fault| trust_error(path, fault)));
    found.collect()
}

fn read_certificates(path: &Path) -> Result<Vec<X509>, TrustFault> {
    let bytes = file_content::read(path).map_err(TrustFault::Unreadable)?;
    refuse_cut_off(&bytes, &file_content::is_x509)?;
    match file_content::form(&bytes) {
        Form::Pem => file_content::blocks(&bytes)
            .filter(Block::is_x509)
            .map(|block| x509::from_block(block).map_err(malformed))
            .collect(),
        Form::Der => Ok(X509::from_der(&bytes).into_iter().collect()),
        Form::OpenPgp | Form::Unknown => Ok(Vec::new()),
    }
}

fn read_crls(path: &Path) -> Result<CrlFile, TrustFault> {
    let bytes = file_content::read_up_to(path, MAX_CRL_FILE).map_err(TrustFault::Unreadable)?;
    let is_crl = |label: &str| label == "X509 CRL";
    refuse_cut_off(&bytes, &is_crl)?;
    let form = file_content::form(&bytes);
    let lists = match form {
        Form::Pem => file_content::blocks(&bytes)
            .filter(|block| is_crl(block.label))
            .map(|block| {
                X509Crl::from_pem(block.text)
                    .map(Arc::new)
                    .map_err(malformed)
            })
            .collect::<Result<_, _>>()?,
        Form::Der => X509Crl::from_der(&bytes)
            .map(Arc::new)
            .into_iter()
            .collect(),
        Form::OpenPgp | Form::Unknown => Vec::new(),
    };
    Ok(CrlFile {
        path: path.to_owned(),
        form,
        lists,
    })
}

fn refuse_cut_off(bytes: &[u8], kind: &dyn Fn(&str) -> bool) -> Result<(), TrustFault> {
    if file_content::is_cut_off(bytes, kind) {
        let what = "a block of it has no end; is the file cut off?";
        return Err(TrustFault::Malformed(what.into()));
    }
    Ok(())
}

fn malformed(e: openssl::error::ErrorStack) -> TrustFault {
    TrustFault::Malformed(openssl_reason(&e))
}

pub(super) fn trust_error(path: &Path, fault: TrustFault) -> TrustError {
    TrustError {
        path: path.to_owned(),
        fault,
    }
}
