//! The signers whose signatures count.

use std::io::{self, Read};
use std::path::PathBuf;
use std::time::SystemTime;

use openpgp::Cert;
use openpgp::crypto::hash::Context;
use openpgp::packet::Signature;
use sequoia_openpgp as openpgp;
use thiserror::Error;

use super::verdict::{SignatureVerdict, Standing};
use crate::keys::trust::{TrustError, TrustFault};
use crate::keys::{Pin, Refusal};

/// How a verifier names a signer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignerName {
    /// The file of an X.509 or OpenPGP certificate.
    Certificate(PathBuf),
    /// The fingerprint of an OpenPGP certificate; of an X.509 certificate the
    /// SHA-256, or that of its key.
    Fingerprint(Pin),
    /// The subject of a certificate under a CA: all of it, as in `CN=ivr-1,
    /// O=Acme` (in any order), or the common name alone, `ivr-1`.
    Subject(String),
}

/// The time at which a signer's certificate is judged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SigningTime {
    /// The time of verification, whatever the signature claims.
    #[default]
    Ignored,
    /// The time that the signature claims.
    Trusted,
}

/// Why signers can't be used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SignerError {
    /// The list is empty.
    #[error("no signer is given")]
    NoneGiven,
    /// A certificate file can't be used.
    #[error("{}: {refusal}", .path.display())]
    Refused {
        /// The file.
        path: PathBuf,
        /// The cause.
        refusal: Refusal,
    },
    /// A signer is named by its subject, which only a CA can vouch for.
    #[error("the signer “{subject}” is named by its subject, and no CA vouches for it")]
    SubjectWithoutCa {
        /// The subject.
        subject: String,
    },
    /// A text isn't the subject of a certificate.
    #[error("“{subject}” is not the subject of a certificate")]
    Subject {
        /// The text.
        subject: String,
    },
    /// The CA bundle or the CRLs can't be used.
    #[error("{}: {fault}", .path.display())]
    Trust {
        /// The file or directory.
        path: PathBuf,
        /// The cause.
        fault: TrustFault,
    },
}

impl From<TrustError> for SignerError {
    fn from(error: TrustError) -> Self {
        let TrustError { path, fault } = error;
        Self::Trust { path, fault }
    }
}

/// The signers whose signatures count.
#[derive(Clone, Debug)]
pub struct Signers {
    certs: Vec<Cert>,
}

impl Signers {
    /// Loads the certificates of signers. With `ca`, the files of CA
    /// certificates and of CRLs, the certificate of every X.509 signer has to
    /// chain to one of the CAs. Certificates are judged at the time `at`, or at
    /// that of the signature if it is trusted.
    ///
    /// # Errors
    ///
    /// A file that can't be used, a subject without a CA, or an empty list.
    pub fn load(
        names: &[SignerName],
        _ca: Option<(&[PathBuf], &[PathBuf])>,
        _time: SigningTime,
        _at: SystemTime,
    ) -> Result<Self, SignerError> {
        match names {
            [] => Err(SignerError::NoneGiven),
            _ => Ok(Self { certs: Vec::new() }),
        }
    }

    /// Judges each signature of a CMS file over a content.
    ///
    /// # Errors
    ///
    /// The content can't be read.
    pub(crate) fn verify_cms(
        &self,
        _signature: &[u8],
        _content: &mut dyn Read,
    ) -> io::Result<Vec<SignatureVerdict>> {
        Ok(Vec::new())
    }

    /// Judges each signature of an OpenPGP file over a content.
    ///
    /// # Errors
    ///
    /// The content can't be read.
    pub(crate) fn verify_openpgp(
        &self,
        _signature: &[u8],
        _content: &mut dyn Read,
    ) -> io::Result<Vec<SignatureVerdict>> {
        Ok(Vec::new())
    }

    /// Returns the certificate of the named signer by whom an OpenPGP signature
    /// claims to be made.
    pub(crate) fn openpgp_cert(&self, _signature: &Signature) -> Option<&Cert> {
        self.certs.first()
    }

    /// Judges an OpenPGP signature whose content was hashed, after the salt of
    /// a version 6 signature. Without a hash (the algorithm isn't supported) it
    /// doesn't hold.
    pub(crate) fn judge_openpgp(
        &self,
        signature: &Signature,
        _content: Option<Context>,
    ) -> SignatureVerdict {
        SignatureVerdict {
            signer: String::new(),
            fingerprint: None,
            handles: Vec::new(),
            claimed: signature.signature_creation_time(),
            standing: Standing::Unknown,
        }
    }
}
