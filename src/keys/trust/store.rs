//! The store of OpenSSL's verifier.

use std::time::SystemTime;

use openssl::error::ErrorStack;
use openssl::ssl::SslFiletype;
use openssl::x509::store::{X509Lookup, X509Store, X509StoreBuilder};
use openssl::x509::verify::{X509VerifyFlags, X509VerifyParam};
use openssl::x509::{X509, X509PurposeId};

use crate::keys::file_content::Form;
use crate::keys::openssl_reason;
use crate::timestamp::unix_seconds;

use super::bundle::{CrlFile, trust_error};
use super::{TrustError, TrustFault};

/// OpenSSL's security level 2: 112 bits. It rules out MD5 and SHA-1 in
/// signatures, and RSA keys of CAs below 2,048 bits.
const SECURITY_LEVEL: i32 = 2;

/// Builds the store: trust anchors, CRLs if there are any, and the time.
///
/// It gets only the roots of a bundle. From an intermediate in the store
/// OpenSSL would go on only to others in the store, and not to one in the
/// recipient's file.
pub(super) fn store(
    roots: &[X509],
    crls: &[CrlFile],
    at: SystemTime,
    purpose: Option<X509PurposeId>,
) -> Result<X509Store, TrustError> {
    let openssl_fault = |e: ErrorStack| TrustFault::Malformed(openssl_reason(&e));
    let nowhere = |e| trust_error("the CA bundle".as_ref(), openssl_fault(e));
    let mut builder = X509StoreBuilder::new().map_err(nowhere)?;
    for root in roots {
        builder.add_cert(root.clone()).map_err(nowhere)?;
    }
    let mut parameters = X509VerifyParam::new().map_err(nowhere)?;
    parameters.set_time(unix_seconds(at));
    parameters.set_auth_level(SECURITY_LEVEL);
    if let Some(purpose) = purpose {
        parameters.set_purpose(purpose).map_err(nowhere)?;
    }
    if !crls.is_empty() {
        // Extended: a CA may sign its CRL with another of its keys, as it does
        // when it has a new one.
        let all = X509VerifyFlags::CRL_CHECK
            | X509VerifyFlags::CRL_CHECK_ALL
            | X509VerifyFlags::EXTENDED_CRL_SUPPORT;
        parameters.set_flags(all).map_err(nowhere)?;
    }
    builder.set_param(&parameters).map_err(nowhere)?;
    let lookup = builder.add_lookup(X509Lookup::file()).map_err(nowhere)?;
    for file in crls.iter().filter(|file| !file.lists.is_empty()) {
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
        // OpenSSL has its own rules for where a block begins.
        if usize::try_from(loaded) != Ok(file.lists.len()) {
            let what = "OpenSSL does not find all of its blocks; is one of them indented?";
            return Err(fault(TrustFault::Malformed(what.into())));
        }
    }
    Ok(builder.build())
}
