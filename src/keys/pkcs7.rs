//! Bundles of certificates in PKCS#7 (`.p7b`, `.p7c`): signed data without
//! content and signatures
//! ([RFC 5652, section 5](https://www.rfc-editor.org/rfc/rfc5652#section-5)).

use openssl::pkcs7::{Pkcs7, Pkcs7Flags};
use openssl::stack::Stack;
use openssl::x509::X509;

use super::openssl_errors::forget_openssl_errors;

/// Signed data.
pub(super) struct Bundle {
    pub certificates: Vec<X509>,
    /// Whether somebody has signed something in it.
    pub is_signed: bool,
}

impl Bundle {
    /// Reads a bundle as DER or from a PEM block; `None` if it isn't one.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let bundle = match bytes.first() {
            Some(0x30) => Pkcs7::from_der(bytes),
            _ => Pkcs7::from_pem(bytes),
        };
        let bundle = bundle.ok();
        let signed = bundle.as_ref().and_then(|bundle| bundle.signed());
        let found = signed.map(|signed| {
            let certificates = signed.certificates();
            let certificates = certificates.map_or_else(Vec::new, |stack| {
                stack.iter().map(|found| found.to_owned()).collect()
            });
            let signers = |bundle: &Pkcs7| {
                let none = Stack::new()?;
                bundle.signers(&none, Pkcs7Flags::empty())
            };
            let signers = bundle.as_ref().map(signers);
            Self {
                certificates,
                is_signed: matches!(signers, Some(Ok(signers)) if !signers.is_empty()),
            }
        });
        forget_openssl_errors();
        found
    }
}
