//! OpenSSL's verifier, set up for one bundle and one time.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use openssl::asn1::Asn1OctetStringRef;
use openssl::error::ErrorStack;
use openssl::nid::Nid;
use openssl::ssl::SslFiletype;
use openssl::stack::Stack;
use openssl::x509::store::{X509Lookup, X509Store, X509StoreBuilder};
use openssl::x509::verify::{X509VerifyFlags, X509VerifyParam};
use openssl::x509::{X509, X509Crl, X509NameRef, X509Ref, X509StoreContext, X509VerifyResult};
use openssl_sys as ffi;

use crate::keys::file::Form;
use crate::keys::{Refusal, openssl_reason, x509};

use super::bundle::{CrlFile, trust_error};
use super::verdict::Verdict;
use super::{CaBundle, ChainFault, TrustError, TrustFault};

/// OpenSSL's security level 2: 112 bits. It rules out MD5 and SHA-1 in
/// signatures, and RSA keys of CAs below 2,048 bits.
const SECURITY_LEVEL: i32 = 2;

/// The CAs that a certificate led to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chain {
    /// From its issuer to the root; empty for a certificate that is itself
    /// one of the bundle's roots.
    pub issuers: Vec<ChainLink>,
    /// When the first of the CRLs that were consulted is out of date.
    pub crls_expire: Option<SystemTime>,
}

/// One CA of a chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChainLink {
    /// The CA's name.
    pub subject: String,
    /// The end of its certificate's validity.
    pub expires: SystemTime,
}

/// Decides whether certificates chain to the CAs of a bundle at one time.
pub(crate) struct Verifier {
    store: X509Store,
    without_crls: X509Store,
    roots: Vec<X509>,
    intermediates: Vec<X509>,
    crls: Vec<Arc<X509Crl>>,
}

/// Where OpenSSL got to.
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
    pub(super) fn new(bundle: &CaBundle, at: SystemTime) -> Result<Self, TrustError> {
        let all = bundle.certificates.iter().cloned();
        let (roots, intermediates): (Vec<_>, Vec<_>) = all.partition(|ca| is_root(ca));
        let lists = bundle.crls.iter().flat_map(|file| &file.lists);
        Ok(Self {
            store: store(&roots, &bundle.crls, at)?,
            without_crls: store(&roots, &[], at)?,
            crls: lists.map(Arc::clone).collect(),
            roots,
            intermediates,
        })
    }

    /// Follows the chain from a certificate to a root of the bundle, through
    /// the intermediates of the bundle and those in the certificate's `own`
    /// file.
    pub fn verify(&self, certificate: &X509, own: &[X509]) -> Result<Chain, Refusal> {
        // A certificate that is trusted for itself has no CA to revoke it, and
        // its owner no CRL, as a rule.
        let is_root = self.roots.iter().any(|root| x509::same(root, certificate));
        let store = match self.crl(certificate.subject_name()) {
            None if is_root => &self.without_crls,
            _ => &self.store,
        };
        let mut intermediates: Vec<&X509> = own.iter().chain(&self.intermediates).collect();
        let mut refusal = None;
        loop {
            let path = follow(store, certificate, &intermediates)?;
            let Some(at_fault) = path.at_fault else {
                // OpenSSL has no eye on the signature of a root: it proves
                // nothing. In a recipient it stands for how the certificate
                // was made.
                refuse_weak_signature(certificate)?;
                return self.chain(&path.certificates);
            };
            let first = refusal
                .take()
                .unwrap_or_else(|| self.refusal(path.error, certificate, &at_fault));
            // OpenSSL follows one way only. Of several certificates of a CA,
            // cross-signed or renewed, another one may lead to a root.
            let before = intermediates.len();
            if is_dead_end(path.error) {
                intermediates.retain(|ca| !x509::same(ca, &at_fault));
            }
            if intermediates.len() == before {
                return Err(first);
            }
            refusal = Some(first);
        }
    }

    fn refusal(&self, error: X509VerifyResult, leaf: &X509, at_fault: &X509) -> Refusal {
        let issuer = at_fault.issuer_name();
        let mut cas = self.roots.iter().chain(&self.intermediates);
        let verdict = Verdict {
            error,
            leaf,
            at_fault,
            crl: self.crl(issuer),
            knows_issuer_by_name: cas.any(|ca| same_name(ca.subject_name(), issuer)),
        };
        verdict.refusal()
    }

    fn chain(&self, chain: &[X509]) -> Result<Chain, Refusal> {
        let issuers = chain.iter().skip(1).map(|ca| {
            Ok(ChainLink {
                subject: x509::subject(ca),
                expires: x509::validity(ca)?.1,
            })
        });
        let consulted = chain
            .iter()
            .filter_map(|certificate| self.crl(certificate.issuer_name()));
        let due = consulted.filter_map(|crl| x509::moment(crl.next_update()?).ok());
        Ok(Chain {
            issuers: issuers.collect::<Result<_, Refusal>>()?,
            crls_expire: due.min(),
        })
    }

    /// The newest CRL of an issuer.
    fn crl(&self, issuer: &X509NameRef) -> Option<&X509Crl> {
        let lists = self.crls.iter();
        let lists = lists.filter(|crl| same_name(crl.issuer_name(), issuer));
        let newest = lists.max_by_key(|crl| x509::moment(crl.last_update()).ok());
        newest.map(Arc::as_ref)
    }
}

/// Whether a certificate is self-signed, by OpenSSL's measure: it's issued
/// under its own name, and not by another key as far as it says.
fn is_root(certificate: &X509Ref) -> bool {
    let key = |id: Option<&Asn1OctetStringRef>| id.map(|id| id.as_slice().to_vec());
    let (own, issuer) = (
        key(certificate.subject_key_id()),
        key(certificate.authority_key_id()),
    );
    same_name(certificate.subject_name(), certificate.issuer_name())
        && (own.is_none() || issuer.is_none() || own == issuer)
}

/// Whether a way ends at a CA certificate that another one may stand in for.
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

fn same_name(a: &X509NameRef, b: &X509NameRef) -> bool {
    a.try_cmp(b).is_ok_and(|order| order.is_eq())
}

/// What OpenSSL goes by: trust anchors, CRLs if there are any, and the time.
///
/// Of a bundle's certificates it gets the roots alone: from an intermediate of
/// the store it would go on to others of the store only, and not to one in the
/// recipient's file.
fn store(roots: &[X509], crls: &[CrlFile], at: SystemTime) -> Result<X509Store, TrustError> {
    let openssl_fault = |e: ErrorStack| TrustFault::Malformed(openssl_reason(&e));
    let nowhere = |e| trust_error("the CA bundle".as_ref(), openssl_fault(e));
    let mut builder = X509StoreBuilder::new().map_err(nowhere)?;
    for root in roots {
        builder.add_cert(root.clone()).map_err(nowhere)?;
    }
    let mut parameters = X509VerifyParam::new().map_err(nowhere)?;
    parameters.set_time(unix_time(at));
    parameters.set_auth_level(SECURITY_LEVEL);
    if !crls.is_empty() {
        // Extended: a CA may sign its CRL with another key of its own, as it
        // does when it has a new one.
        let all = X509VerifyFlags::CRL_CHECK
            | X509VerifyFlags::CRL_CHECK_ALL
            | X509VerifyFlags::EXTENDED_CRL_SUPPORT;
        parameters.set_flags(all).map_err(nowhere)?;
    }
    builder.set_param(&parameters).map_err(nowhere)?;
    let lookup = builder.add_lookup(X509Lookup::file()).map_err(nowhere)?;
    for file in crls {
        let fault = |fault| trust_error(&file.path, fault);
        // The crate panics on a name that can't be a C string.
        let name = file.path.to_str().filter(|name| !name.contains('\0'));
        let name = name.ok_or_else(|| fault(TrustFault::Name))?;
        let file_type = match file.form {
            Form::Der => SslFiletype::ASN1,
            _ => SslFiletype::PEM,
        };
        let loaded = lookup.load_crl_file(name, file_type);
        let loaded = loaded.map_err(|e| fault(openssl_fault(e)))?;
        // It has a mind of its own about what begins a block.
        if usize::try_from(loaded) != Ok(file.lists.len()) {
            let what = "OpenSSL does not find all of its blocks; is one of them indented?";
            return Err(fault(TrustFault::Malformed(what.into())));
        }
    }
    Ok(builder.build())
}

/// Has OpenSSL follow one way through these intermediates.
fn follow(store: &X509Store, certificate: &X509, intermediates: &[&X509]) -> Result<Path, Refusal> {
    let malformed = |e: ErrorStack| Refusal::Malformed(openssl_reason(&e));
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
    // What else OpenSSL has to say would be taken for the cause of an error
    // that comes later.
    drop(ErrorStack::get());
    path.map_err(malformed)
}

fn refuse_weak_signature(certificate: &X509Ref) -> Result<(), Refusal> {
    let algorithm = certificate.signature_algorithm().object().nid();
    let digest = algorithm.signature_algorithms().map(|found| found.digest);
    if !matches!(digest, Some(Nid::MD5 | Nid::SHA1)) {
        return Ok(());
    }
    let subject = x509::subject(certificate);
    Err(Refusal::Untrusted {
        fault: ChainFault::WeakSignature {
            certificate: subject.clone(),
            algorithm: x509::signature_algorithm(certificate),
        },
        subject,
    })
}

/// Seconds since 1970, as OpenSSL takes them.
fn unix_time(at: SystemTime) -> i64 {
    let seconds = |d: std::time::Duration| i64::try_from(d.as_secs()).unwrap_or(i64::MAX);
    match at.duration_since(UNIX_EPOCH) {
        Ok(after) => seconds(after),
        Err(before) => -seconds(before.duration()),
    }
}
