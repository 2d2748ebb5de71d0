//! The file of a signer's certificate.

use std::path::Path;

use openpgp::Cert;
use openpgp::cert::CertParser;
use openpgp::parse::Parse;
use openssl::x509::X509;
use sequoia_openpgp as openpgp;

use super::SignerError;
use crate::keys::file_content;
use crate::keys::{CertificateKind, FileKind, Refusal, recipients, x509};

/// What a file of a signer holds.
pub(super) enum CertificateFile {
    /// A certificate, and those of its issuers that follow.
    X509(X509, Vec<X509>),
    OpenPgp(Box<Cert>),
}

/// Loads the certificate in a file, of any age.
pub(super) fn load(path: &Path) -> Result<CertificateFile, SignerError> {
    let refused = |refusal| SignerError::Refused {
        path: path.to_owned(),
        refusal,
    };
    let bytes = file_content::read(path).map_err(|e| refused(Refusal::Unreadable(e)))?;
    // It names other kinds of files, and private keys.
    let found = recipients::of_content(&bytes, path, None).map_err(refused)?;
    let kinds = || found.iter().map(|recipient| recipient.kind());
    if kinds().any(|kind| kind == CertificateKind::PublicKey) {
        return Err(SignerError::BareKey {
            path: path.to_owned(),
        });
    }
    let not_one = || refused(Refusal::NotACertificate(FileKind::of(&bytes)));
    if kinds().any(|kind| kind == CertificateKind::X509) {
        let mut certificates = x509::in_file(&bytes).into_iter();
        let own = certificates.next().ok_or_else(not_one)?;
        let chain: Vec<X509> = certificates.collect();
        refuse_stranger(&own, &chain).map_err(refused)?;
        return Ok(CertificateFile::X509(own, chain));
    }
    let certs = CertParser::from_bytes(&bytes).and_then(Iterator::collect);
    let certs: Vec<Cert> = certs.map_err(|_| not_one())?;
    let cert = certs.into_iter().next().ok_or_else(not_one)?;
    Ok(CertificateFile::OpenPgp(Box::new(cert)))
}

/// Refuses a file with a certificate that has not the name of an issuer of the
/// first one's chain: it'd be left out silently.
fn refuse_stranger(own: &X509, chain: &[X509]) -> Result<(), Refusal> {
    let is_issuer = |other: &X509| {
        let mut below = chain.iter().filter(|below| !x509::same(below, other));
        let issued = |below: &X509| x509::same_name(other.subject_name(), below.issuer_name());
        issued(own) || below.any(issued)
    };
    match chain.iter().find(|other| !is_issuer(other)) {
        Some(other) => Err(Refusal::NotIssuer {
            subject: x509::subject(own),
            other: x509::subject(other),
        }),
        None => Ok(()),
    }
}
