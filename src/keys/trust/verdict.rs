//! The errors of OpenSSL's verifier, in callseal's words.

use std::time::SystemTime;

use openssl::x509::{CrlStatus, X509Crl, X509Ref, X509VerifyResult};
use openssl_sys as ffi;

use crate::keys::x509;

use super::{ChainFault, Distrust, crls};

/// An error of the verifier, with its circumstances.
pub(super) struct Verdict<'a> {
    pub error: X509VerifyResult,
    /// The time for which it was verified.
    pub at: SystemTime,
    /// The certificate that was verified.
    pub leaf: &'a X509Ref,
    /// The certificate of its chain at which the error was found.
    pub at_fault: &'a X509Ref,
    /// The CRLs of the issuer of the one at fault, the newest first.
    pub crls: Vec<&'a X509Crl>,
    /// Whether a certificate of the bundle has the name of that issuer.
    pub knows_issuer_by_name: bool,
}

impl Verdict<'_> {
    pub fn distrust(&self) -> Distrust {
        distrust(self.leaf, self.at_fault, self.fault())
    }

    /// Returns the fault as if it were that of a CA.
    fn fault(&self) -> ChainFault {
        let ca = x509::subject(self.at_fault);
        let issuer = x509::name(self.at_fault.issuer_name());
        match self.error.as_raw() {
            ffi::X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT => ChainFault::SelfSigned,
            ffi::X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN => ChainFault::UnknownRoot { root: ca },
            ffi::X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT
            | ffi::X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY
            | ffi::X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE
                if self.knows_issuer_by_name =>
            {
                ChainFault::OtherIssuer {
                    certificate: ca,
                    issuer,
                }
            }
            ffi::X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT
            | ffi::X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY
            | ffi::X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE => ChainFault::UnknownIssuer {
                certificate: ca,
                issuer,
            },
            ffi::X509_V_ERR_CERT_HAS_EXPIRED => match x509::validity(self.at_fault) {
                Ok((_, Some(since))) => ChainFault::CaExpired { ca, since },
                _ => self.other(),
            },
            ffi::X509_V_ERR_CERT_NOT_YET_VALID => match x509::validity(self.at_fault) {
                Ok((until, _)) => ChainFault::CaNotYetValid { ca, until },
                Err(_) => self.other(),
            },
            ffi::X509_V_ERR_CERT_SIGNATURE_FAILURE
            | ffi::X509_V_ERR_UNABLE_TO_DECRYPT_CERT_SIGNATURE
            | ffi::X509_V_ERR_UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY => ChainFault::BadSignature {
                certificate: ca,
                issuer,
            },
            ffi::X509_V_ERR_CA_MD_TOO_WEAK => ChainFault::WeakSignature {
                certificate: ca,
                algorithm: x509::signature_algorithm(self.at_fault),
            },
            ffi::X509_V_ERR_CA_KEY_TOO_SMALL => ChainFault::WeakCaKey { ca },
            ffi::X509_V_ERR_INVALID_CA | ffi::X509_V_ERR_KEYUSAGE_NO_CERTSIGN => {
                ChainFault::NotACa { issuer: ca }
            }
            ffi::X509_V_ERR_PATH_LENGTH_EXCEEDED => ChainFault::PathTooLong { ca },
            ffi::X509_V_ERR_CERT_REVOKED => ChainFault::CaRevoked {
                ca,
                since: self
                    .crls
                    .iter()
                    .find_map(|crl| revoked_since(crl, self.at_fault)),
            },
            ffi::X509_V_ERR_UNABLE_TO_GET_CRL => match self.crls.first() {
                None => ChainFault::NoCrl { ca: issuer },
                Some(_) => ChainFault::BadCrl {
                    ca: issuer,
                    reason: "it is signed with another key, or is for other certificates".into(),
                },
            },
            ffi::X509_V_ERR_CRL_HAS_EXPIRED => {
                let expired = self.crls.iter().filter_map(|crl| crls::expires(crl));
                match expired.filter(|since| *since <= self.at).max() {
                    Some(since) => ChainFault::CrlExpired { ca: issuer, since },
                    None => self.bad_crl(),
                }
            }
            ffi::X509_V_ERR_CRL_NOT_YET_VALID => {
                let issued = self.crls.iter().filter_map(|crl| crls::issued(crl));
                match issued.filter(|until| *until > self.at).min() {
                    Some(until) => ChainFault::CrlNotYetValid { ca: issuer, until },
                    None => self.bad_crl(),
                }
            }
            ffi::X509_V_ERR_UNABLE_TO_DECRYPT_CRL_SIGNATURE
            | ffi::X509_V_ERR_CRL_SIGNATURE_FAILURE
            | ffi::X509_V_ERR_UNABLE_TO_GET_CRL_ISSUER
            | ffi::X509_V_ERR_KEYUSAGE_NO_CRL_SIGN
            | ffi::X509_V_ERR_UNHANDLED_CRITICAL_CRL_EXTENSION
            | ffi::X509_V_ERR_DIFFERENT_CRL_SCOPE
            | ffi::X509_V_ERR_CRL_PATH_VALIDATION_ERROR
            | ffi::X509_V_ERR_ERROR_IN_CRL_LAST_UPDATE_FIELD
            | ffi::X509_V_ERR_ERROR_IN_CRL_NEXT_UPDATE_FIELD => self.bad_crl(),
            _ => self.other(),
        }
    }

    fn bad_crl(&self) -> ChainFault {
        ChainFault::BadCrl {
            ca: x509::name(self.at_fault.issuer_name()),
            reason: self.error.error_string().to_owned(),
        }
    }

    fn other(&self) -> ChainFault {
        ChainFault::Other {
            certificate: x509::subject(self.at_fault),
            reason: self.error.error_string().to_owned(),
        }
    }
}

/// Returns why a leaf isn't trusted whose chain has a certificate that a CRL
/// revokes.
pub(super) fn revoked(leaf: &X509Ref, certificate: &X509Ref, crl: &X509Crl) -> Distrust {
    let fault = ChainFault::CaRevoked {
        ca: x509::subject(certificate),
        since: revoked_since(crl, certificate),
    };
    distrust(leaf, certificate, fault)
}

/// Returns why a leaf isn't trusted, for a fault that was found as if at a CA's
/// certificate.
fn distrust(leaf: &X509Ref, at_fault: &X509Ref, fault: ChainFault) -> Distrust {
    let is_leaf = x509::same(leaf, at_fault);
    match fault {
        ChainFault::CaExpired { since, .. } if is_leaf => Distrust::Expired { since },
        ChainFault::CaNotYetValid { until, .. } if is_leaf => Distrust::NotYetValid { until },
        ChainFault::CaRevoked { since, .. } if is_leaf => Distrust::Revoked { since },
        fault => Distrust::Chain(fault),
    }
}

fn revoked_since(crl: &X509Crl, certificate: &X509Ref) -> Option<SystemTime> {
    match crl.get_by_serial(certificate.serial_number()) {
        CrlStatus::Revoked(entry) | CrlStatus::RemoveFromCrl(entry) => {
            x509::moment(entry.revocation_date()).ok()
        }
        CrlStatus::NotRevoked => None,
    }
}
