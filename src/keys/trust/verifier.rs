//! OpenSSL's verifier, set up for one bundle and one time.

use std::cmp::Reverse;
use std::sync::Arc;
use std::time::SystemTime;

use openssl::asn1::Asn1OctetStringRef;
use openssl::error::ErrorStack;
use openssl::nid::Nid;
use openssl::stack::Stack;
use openssl::x509::store::X509Store;
use openssl::x509::{CrlStatus, X509, X509Crl, X509NameRef, X509PurposeId, X509Ref};
use openssl::x509::{X509StoreContext, X509VerifyResult};
use openssl_sys as ffi;

use crate::keys::{forget_openssl_errors, openssl_reason, x509};

use super::crls;
use super::store::store;
use super::verdict::{self, Verdict};
use super::{CaBundle, ChainFault, Distrust, TrustError};

/// The CAs that a certificate chains to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chain {
    /// From its issuer to the root; empty for a certificate that is itself
    /// one of the bundle's roots.
    pub issuers: Vec<ChainLink>,
    /// The time at which the first of the consulted CRLs is out of date.
    pub crls_expire: Option<SystemTime>,
}

/// One CA of a chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChainLink {
    /// The CA's name.
    pub subject: String,
    /// The end of its certificate's validity, where it has one.
    pub expires: Option<SystemTime>,
}

/// Decides whether certificates chain to the CAs of a bundle at one time.
pub(crate) struct Verifier {
    at: SystemTime,
    store: X509Store,
    without_crls: X509Store,
    roots: Vec<X509>,
    intermediates: Vec<X509>,
    crls: Vec<Arc<X509Crl>>,
    /// What certificates have to be for.
    purpose: Option<X509PurposeId>,
    /// Asked first about revocation, if this one is for a later time.
    today: Option<Arc<Verifier>>,
}

/// The path that OpenSSL found.
struct Path {
    error: X509VerifyResult,
    /// The certificate at which the chain broke.
    at_fault: Option<X509>,
    /// From the leaf up.
    certificates: Vec<X509>,
}

impl std::fmt::Debug for Verifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Verifier").finish_non_exhaustive()
    }
}

impl Verifier {
    pub(super) fn new(
        bundle: &CaBundle,
        at: SystemTime,
        purpose: Option<X509PurposeId>,
    ) -> Result<Self, TrustError> {
        let all = bundle.certificates.iter().cloned();
        let (roots, intermediates): (Vec<_>, Vec<_>) = all.partition(|ca| is_root(ca));
        let lists = bundle.crls.iter().flat_map(|file| &file.lists);
        Ok(Self {
            at,
            store: store(&roots, &bundle.crls, at, purpose)?,
            without_crls: store(&roots, &[], at, purpose)?,
            crls: lists.map(Arc::clone).collect(),
            roots,
            intermediates,
            purpose,
            today: None,
        })
    }

    /// Returns the certificates of the CAs, roots and intermediates.
    pub fn authorities(&self) -> impl Iterator<Item = &X509> {
        self.roots.iter().chain(&self.intermediates)
    }

    /// Returns a verifier for a later time. The CRLs of that time are assumed
    /// to revoke what the present ones do.
    pub fn later(self: &Arc<Self>, at: SystemTime) -> Result<Self, TrustError> {
        Ok(Self {
            at,
            store: store(&self.roots, &[], at, self.purpose)?,
            without_crls: store(&self.roots, &[], at, self.purpose)?,
            roots: self.roots.clone(),
            intermediates: self.intermediates.clone(),
            crls: Vec::new(),
            purpose: self.purpose,
            today: Some(Arc::clone(self.today.as_ref().unwrap_or(self))),
        })
    }

    /// Follows the chain from a certificate to a root of the bundle, through
    /// the intermediates of the bundle and those in the certificate's `own`
    /// file.
    pub fn verify(&self, certificate: &X509, own: &[X509]) -> Result<Chain, Distrust> {
        let today = self.today.as_ref();
        match today.map(|today| today.verify(certificate, own)) {
            Some(Err(distrust)) if distrust.is_about_revocation() => return Err(distrust),
            _ => {}
        }
        // A certificate that is trusted for itself has no CA to revoke it, and
        // its owner usually has no CRL.
        let is_root = self.roots.iter().any(|root| x509::same(root, certificate));
        let store = if is_root && self.crls_of(certificate.subject_name()).is_empty() {
            &self.without_crls
        } else {
            &self.store
        };
        let mut intermediates: Vec<&X509> = own.iter().chain(&self.intermediates).collect();
        let mut first = None;
        loop {
            let path = follow(store, certificate, &intermediates)?;
            let Some(at_fault) = path.at_fault else {
                // OpenSSL doesn't check the signature of a root, which proves
                // nothing. In a recipient it shows how the certificate was
                // made.
                refuse_weak_signature(certificate)?;
                self.refuse_issuer(certificate)?;
                let of_today = today.map_or(self, |today| &**today);
                return Ok(Chain {
                    issuers: links(&path.certificates)?,
                    crls_expire: of_today.refuse_revoked(&path.certificates)?,
                });
            };
            let distrust = first
                .take()
                .unwrap_or_else(|| self.distrust(path.error, certificate, &at_fault));
            // OpenSSL follows one way only. If a CA has several certificates,
            // cross-signed or renewed, another one may lead to a root.
            let before = intermediates.len();
            if is_dead_end(path.error) {
                intermediates.retain(|ca| !x509::same(ca, &at_fault));
            }
            if intermediates.len() == before {
                return Err(distrust);
            }
            first = Some(distrust);
        }
    }

    /// Refuses the certificate of a CA of the bundle: it was listed by mistake,
    /// and would be sealed to instead of a recipient.
    fn refuse_issuer(&self, certificate: &X509) -> Result<(), Distrust> {
        match self
            .intermediates
            .iter()
            .find(|other| x509::has_issued(certificate, other))
        {
            Some(other) => Err(Distrust::Issuer {
                issued: x509::subject(other),
            }),
            None => Ok(()),
        }
    }

    fn distrust(&self, error: X509VerifyResult, leaf: &X509, at_fault: &X509) -> Distrust {
        let issuer = at_fault.issuer_name();
        let mut cas = self.roots.iter().chain(&self.intermediates);
        let verdict = Verdict {
            error,
            at: self.at,
            leaf,
            at_fault,
            crls: self.crls_of(issuer),
            knows_issuer_by_name: cas.any(|ca| x509::same_name(ca.subject_name(), issuer)),
        };
        verdict.distrust()
    }

    /// Refuses what the newest CRLs of an issuer revoke. If several are
    /// current, OpenSSL consults one, which may be an older one.
    ///
    /// Returns the time at which the first of the issuers has no current CRL
    /// left.
    fn refuse_revoked(&self, chain: &[X509]) -> Result<Option<SystemTime>, Distrust> {
        let Some(leaf) = chain.first() else {
            return Ok(None);
        };
        let issuers = chain.iter().skip(1).chain(chain.last());
        let mut expire: Option<SystemTime> = None;
        for (certificate, issuer) in chain.iter().zip(issuers) {
            let key = issuer.public_key();
            let key = key.map_err(|e| Distrust::Malformed(openssl_reason(&e)))?;
            let named = self.crls_of(issuer.subject_name());
            let mut own = named.clone();
            // An error means another kind of key.
            own.retain(|crl| crl.verify(&key).unwrap_or(false));
            forget_openssl_errors();
            let newest = own.first().map(|crl| crls::issued(crl));
            let serial = certificate.serial_number();
            let revokes = |crl: &&X509Crl| {
                Some(crls::issued(crl)) == newest
                    && matches!(crl.get_by_serial(serial), CrlStatus::Revoked(_))
            };
            if let Some(crl) = own.iter().copied().find(revokes) {
                return Err(verdict::revoked(leaf, certificate, crl));
            }
            // Without one by this key, OpenSSL has found one by another key of
            // the CA.
            let used = if own.is_empty() { &named } else { &own };
            let end = crls::end(used, self.at);
            expire = [expire, end].into_iter().flatten().min();
        }
        Ok(expire)
    }

    /// Returns the CRLs of an issuer, the newest first.
    fn crls_of(&self, issuer: &X509NameRef) -> Vec<&X509Crl> {
        let lists = self.crls.iter().map(Arc::as_ref);
        let mut lists: Vec<&X509Crl> = lists
            .filter(|crl: &&X509Crl| x509::same_name(crl.issuer_name(), issuer))
            .collect();
        lists.sort_by_key(|crl| Reverse(crls::issued(crl)));
        lists
    }
}

/// Returns the CAs of a chain.
fn links(chain: &[X509]) -> Result<Vec<ChainLink>, Distrust> {
    let issuers = chain.iter().skip(1).map(|ca| {
        let (_, expires) = x509::validity(ca).map_err(|e| Distrust::Malformed(e.to_string()))?;
        Ok(ChainLink {
            subject: x509::subject(ca),
            expires,
        })
    });
    issuers.collect()
}

/// Returns whether a certificate is self-signed, by OpenSSL's measure: it's
/// issued under its own name, and doesn't name another key.
fn is_root(certificate: &X509Ref) -> bool {
    let key = |id: Option<&Asn1OctetStringRef>| id.map(|id| id.as_slice().to_vec());
    let (own, issuer) = (
        key(certificate.subject_key_id()),
        key(certificate.authority_key_id()),
    );
    x509::same_name(certificate.subject_name(), certificate.issuer_name())
        && (own.is_none() || issuer.is_none() || own == issuer)
}

/// Returns whether a way ends at a CA certificate that another one may replace.
fn is_dead_end(error: X509VerifyResult) -> bool {
    matches!(
        error.as_raw(),
        ffi::X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT
            | ffi::X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY
            | ffi::X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN
            | ffi::X509_V_ERR_CERT_HAS_EXPIRED
            | ffi::X509_V_ERR_CERT_NOT_YET_VALID
    )
}

/// Makes OpenSSL follow one way through these intermediates.
fn follow(
    store: &X509Store,
    certificate: &X509,
    intermediates: &[&X509],
) -> Result<Path, Distrust> {
    let malformed = |e: ErrorStack| Distrust::Malformed(openssl_reason(&e));
    let mut untrusted = Stack::new().map_err(malformed)?;
    for &intermediate in intermediates {
        untrusted.push(intermediate.clone()).map_err(malformed)?;
    }
    let mut context = X509StoreContext::new().map_err(malformed)?;
    let path = context.init(store, certificate, &untrusted, |context| {
        let is_valid = context.verify_cert()?;
        let chain = context.chain().into_iter().flatten();
        let at_fault = context.current_cert().map(ToOwned::to_owned);
        Ok(Path {
            error: context.error(),
            at_fault: (!is_valid).then(|| at_fault.unwrap_or_else(|| certificate.clone())),
            certificates: chain.map(ToOwned::to_owned).collect(),
        })
    });
    // Remaining OpenSSL errors would be reported as the cause of a later error.
    drop(ErrorStack::get());
    path.map_err(malformed)
}

/// Refuses a signature with MD5, SHA-1 or another hash of their time. (If the
/// algorithm alone doesn't show the hash, as for PSS, it passes.)
fn refuse_weak_signature(certificate: &X509Ref) -> Result<(), Distrust> {
    const STRONG: [Nid; 9] = [
        Nid::UNDEF,
        Nid::SHA224,
        Nid::SHA256,
        Nid::SHA384,
        Nid::SHA512,
        Nid::SHA3_224,
        Nid::SHA3_256,
        Nid::SHA3_384,
        Nid::SHA3_512,
    ];
    let algorithm = certificate.signature_algorithm().object().nid();
    let found = algorithm.signature_algorithms();
    if found.is_none_or(|found| STRONG.contains(&found.digest)) {
        return Ok(());
    }
    Err(Distrust::Chain(ChainFault::WeakSignature {
        certificate: x509::subject(certificate),
        algorithm: x509::signature_algorithm(certificate),
    }))
}
