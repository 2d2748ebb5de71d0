//! The signers whose signatures count.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use openpgp::Cert;
use openssl::x509::X509;
use sequoia_openpgp as openpgp;
use thiserror::Error;

use super::certificate_file::{self, CertificateFile};
use super::subject::SubjectName;
use super::verdict::SignatureFault;
use crate::keys::trust::{CaBundle, Distrust, TrustError, TrustFault, Verifier};
use crate::keys::{Pin, Refusal, x509};

/// How far the clock of a signer may be ahead.
pub(super) const CLOCK_SKEW: Duration = Duration::from_secs(24 * 60 * 60);

/// How a verifier names a signer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignerName {
    /// The file of an X.509 or OpenPGP certificate.
    Certificate(PathBuf),
    /// The fingerprint of a certificate: of an X.509 certificate the SHA-256.
    /// An OpenPGP signature doesn't hold its certificate, so that the file has
    /// to be named as well.
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
    /// The time that the signature claims. What is revoked by now doesn't
    /// count, whenever it was revoked.
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
    #[error("{}: {}", .path.display(), refused(.refusal))]
    Refused {
        /// The file.
        path: PathBuf,
        /// The cause.
        refusal: Refusal,
    },
    /// A public key has no certificate around it, by which signatures name
    /// their signers.
    #[error("{}: it is a public key without a certificate, and signers need one", .path.display())]
    BareKey {
        /// The file.
        path: PathBuf,
    },
    /// A fingerprint of 40 digits is that of an OpenPGP certificate, which
    /// was not given.
    #[error(
        "the signer {fingerprint} is named by an OpenPGP fingerprint, and its certificate is not given"
    )]
    NoCertificate {
        /// The fingerprint.
        fingerprint: String,
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

/// Returns why a file isn't that of a signer.
fn refused(refusal: &Refusal) -> String {
    match refusal {
        Refusal::PrivateKey => {
            "it holds a private key, but a signer is named by a certificate".into()
        }
        Refusal::SeveralCertificates(several) => {
            format!("it holds {several} certificates, but a signer is named by one")
        }
        Refusal::NotIssuer { subject, other } => format!(
            "it holds the certificates “{subject}” and “{other}”, but a signer's file holds one certificate and the CAs that issued it"
        ),
        other => other.to_string(),
    }
}

impl From<TrustError> for SignerError {
    fn from(error: TrustError) -> Self {
        let TrustError { path, fault } = error;
        Self::Trust { path, fault }
    }
}

/// How the certificate of a signature is a named signer's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Named {
    File,
    Fingerprint,
    /// If a CA vouches for it.
    Subject,
}

/// The signers whose signatures count.
#[derive(Clone, Debug)]
pub struct Signers(Arc<Loaded>);

#[derive(Debug)]
struct Loaded {
    /// Those of signers, from their files.
    x509: Vec<X509>,
    /// Those that follow each of them.
    chains: Vec<Vec<X509>>,
    openpgp: Vec<Cert>,
    pins: Vec<String>,
    subjects: Vec<SubjectName>,
    ca: Option<Arc<Verifier>>,
    time: SigningTime,
    at: SystemTime,
}

impl Signers {
    /// Loads the certificates of signers. With `ca`, the files of CA
    /// certificates and of CRLs, the certificate of every X.509 signer has to
    /// chain to one of the CAs. Certificates are judged at the time `at`, or at
    /// that of the signature if it is trusted.
    ///
    /// # Errors
    ///
    /// A file that can't be used, a subject without a CA, an OpenPGP
    /// fingerprint without a certificate, or an empty list. Certificates that
    /// have expired are loaded: it's their signatures that don't hold.
    pub fn load(
        names: &[SignerName],
        ca: Option<(&[PathBuf], &[PathBuf])>,
        time: SigningTime,
        at: SystemTime,
    ) -> Result<Self, SignerError> {
        if names.is_empty() {
            return Err(SignerError::NoneGiven);
        }
        let ca = match ca {
            Some((ca_files, crl_files)) => {
                let bundle = CaBundle::load(ca_files, crl_files)?;
                Some(Arc::new(bundle.verifier_of_signers(at)?))
            }
            None => None,
        };
        let mut loaded = Loaded {
            x509: Vec::new(),
            chains: Vec::new(),
            openpgp: Vec::new(),
            pins: Vec::new(),
            subjects: Vec::new(),
            ca,
            time,
            at,
        };
        for name in names {
            match name {
                SignerName::Certificate(path) => match certificate_file::load(path)? {
                    CertificateFile::X509(certificate, chain) => {
                        loaded.x509.push(certificate);
                        loaded.chains.push(chain);
                    }
                    CertificateFile::OpenPgp(cert) => loaded.openpgp.push(*cert),
                },
                SignerName::Fingerprint(pin) => loaded.pins.push(pin.to_string()),
                SignerName::Subject(subject) if loaded.ca.is_none() => {
                    let subject = subject.clone();
                    return Err(SignerError::SubjectWithoutCa { subject });
                }
                SignerName::Subject(subject) => loaded.subjects.push(SubjectName::read(subject)?),
            }
        }
        let is_missing = |pin: &&String| {
            let is_it = |cert: &Cert| cert.fingerprint().to_hex() == **pin;
            pin.len() == OPENPGP_DIGITS && !loaded.openpgp.iter().any(is_it)
        };
        match loaded.pins.iter().find(is_missing) {
            Some(fingerprint) => Err(SignerError::NoCertificate {
                fingerprint: fingerprint.clone(),
            }),
            None => Ok(Self(Arc::new(loaded))),
        }
    }

    /// Returns whether these are the same ones, loaded at once.
    pub(crate) fn are_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// Returns whether any of them has an OpenPGP certificate: signatures inside of
    /// messages are of that kind.
    pub fn may_sign_messages(&self) -> bool {
        !self.0.openpgp.is_empty()
    }

    /// Returns the X.509 certificates that are named by file.
    pub(super) fn x509(&self) -> &[X509] {
        &self.0.x509
    }

    /// Returns the OpenPGP certificates.
    pub(super) fn certs(&self) -> &[Cert] {
        &self.0.openpgp
    }

    /// Returns the time of verification.
    pub(super) fn at(&self) -> SystemTime {
        self.0.at
    }

    /// Returns whether the certificates are judged at the time that a signature
    /// claims.
    pub(super) fn trusts_time(&self) -> bool {
        self.0.time == SigningTime::Trusted
    }

    /// Returns whether this is the fingerprint of a named signer.
    pub(super) fn is_pinned(&self, fingerprint: &str) -> bool {
        self.0.pins.iter().any(|pin| pin == fingerprint)
    }

    /// Returns how a certificate that comes with a signature is a named
    /// signer's.
    pub(super) fn names(&self, certificate: &X509) -> Option<Named> {
        let mut subjects = self.0.subjects.iter();
        if x509::fingerprint(certificate).is_ok_and(|digits| self.is_pinned(&digits)) {
            Some(Named::Fingerprint)
        } else if subjects.any(|subject| subject.fits(certificate.subject_name())) {
            Some(Named::Subject)
        } else {
            None
        }
    }

    /// Returns the certificates that follow a named one in its file.
    pub(super) fn chain_of(&self, certificate: &X509) -> Vec<X509> {
        let files = self.0.x509.iter().zip(&self.0.chains);
        let mut own = files.filter(|(own, _)| x509::same(own, certificate));
        own.next()
            .map(|(_, chain)| chain.clone())
            .unwrap_or_default()
    }

    /// Returns the time at which a certificate is judged whose signature claims
    /// this time.
    pub(super) fn time_of(
        &self,
        claimed: Option<SystemTime>,
    ) -> Result<SystemTime, SignatureFault> {
        let latest = self.0.at.checked_add(CLOCK_SKEW);
        match (claimed, self.0.time) {
            (Some(claimed), _) if latest.is_some_and(|latest| claimed > latest) => {
                Err(SignatureFault::InTheFuture(claimed))
            }
            (_, SigningTime::Ignored) => Ok(self.0.at),
            (Some(claimed), SigningTime::Trusted) => Ok(claimed.min(self.0.at)),
            (None, SigningTime::Trusted) => Err(SignatureFault::NoTime),
        }
    }

    /// Returns why the CAs, if there are any, don't vouch for a certificate at a
    /// time, by way of some others.
    pub(super) fn distrust(
        &self,
        certificate: &X509,
        others: &[X509],
        at: SystemTime,
    ) -> Option<Distrust> {
        let ca = self.0.ca.as_ref()?;
        if at == self.0.at {
            return ca.verify(certificate, others).err();
        }
        // As for a later time: what is revoked now counts, and nothing else.
        match ca.later(at) {
            Ok(then) => then.verify(certificate, others).err(),
            Err(error) => Some(Distrust::Malformed(error.to_string())),
        }
    }
}

/// The number of digits of a version 4 fingerprint.
const OPENPGP_DIGITS: usize = 40;
