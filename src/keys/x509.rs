//! The reading of X.509 certificates.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use openssl::asn1::{Asn1Time, Asn1TimeRef};
use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{Id, PKey, Public};
use openssl::x509::{X509, X509ExtendedKeyUsage, X509KeyUsage, X509NameRef, X509Ref};
use thiserror::Error;

use crate::hex;
use crate::keys::file_content::{self, Block, Form};
use crate::keys::forget_openssl_errors;
use crate::timestamp::unix_seconds;

/// Returns the certificate in a PEM block.
pub(crate) fn from_block(block: Block<'_>) -> Result<X509, ErrorStack> {
    if block.label != "TRUSTED CERTIFICATE" {
        return X509::from_pem(block.text);
    }
    // `openssl x509 -trustout` writes OpenSSL's own settings of trust after the
    // certificate in the block. They don't matter here.
    let text = String::from_utf8_lossy(block.text);
    X509::from_pem(text.replace(block.label, "CERTIFICATE").as_bytes())
}

/// Returns the certificates in the content of a file, as far as they can be
/// decoded.
pub(crate) fn in_file(bytes: &[u8]) -> Vec<X509> {
    let found = match file_content::form(bytes) {
        Form::Pem => file_content::blocks(bytes)
            .filter(Block::is_x509)
            .filter_map(|block| from_block(block).ok())
            .collect(),
        Form::Der => X509::from_der(bytes).into_iter().collect(),
        Form::OpenPgp | Form::Unknown => Vec::new(),
    };
    forget_openssl_errors();
    found
}

/// The end of a certificate without one, 9999-12-31 23:59:59, in seconds since
/// 1970.
const NO_END: i64 = 253_402_300_799;

/// The length at which names are cut off, in characters: they are for people.
const MAX_NAME: usize = 100;

/// Returns the subject of a certificate: the common name, else the whole
/// subject.
pub(crate) fn subject(certificate: &X509Ref) -> String {
    name(certificate.subject_name())
}

/// Returns a distinguished name as text: its common name, else all of it.
pub(crate) fn name(name: &X509NameRef) -> String {
    let text = |nid| {
        name.entries_by_nid(nid)
            .next()
            .and_then(|entry| entry.data().to_string().ok())
            .filter(|text| !text.trim().is_empty())
    };
    let name = text(Nid::COMMONNAME).unwrap_or_else(|| {
        let parts: Vec<String> = name
            .entries()
            .filter_map(|entry| {
                let key = entry.object().nid().short_name().ok()?;
                let value = entry.data().to_string().ok()?;
                Some(format!("{key}={value}"))
            })
            .collect();
        if parts.is_empty() {
            "certificate without a subject".into()
        } else {
            parts.join(", ")
        }
    });
    shortened(name)
}

/// Returns the name, or its beginning if it's very long.
pub(crate) fn shortened(name: String) -> String {
    match name.char_indices().nth(MAX_NAME) {
        Some((end, _)) => format!("{}…", name.get(..end).unwrap_or_default()),
        None => name,
    }
}

/// The validity period of a certificate isn't one that RFC 5280 allows.
#[derive(Debug, Error)]
#[error("its validity is not a date that RFC 5280 allows")]
pub(crate) struct Undated;

/// Returns the first and the last moment of a certificate's validity, which may
/// have no end (RFC 5280, section 4.1.2.5).
pub(crate) fn validity(certificate: &X509Ref) -> Result<(SystemTime, Option<SystemTime>), Undated> {
    let from = moment(certificate.not_before()).map_err(|_| Undated)?;
    let to = moment(certificate.not_after()).map_err(|_| Undated)?;
    Ok((from, Some(to).filter(|to| unix_seconds(*to) < NO_END)))
}

/// Returns whether two certificates are one and the same.
pub(crate) fn same(a: &X509Ref, b: &X509Ref) -> bool {
    a.to_der().is_ok_and(|a| b.to_der().is_ok_and(|b| a == b))
}

/// Returns whether a CA's certificate belongs to the key that signed another
/// one.
pub(crate) fn has_issued(ca: &X509Ref, other: &X509Ref) -> bool {
    let signed = |key: PKey<Public>| other.verify(&key).unwrap_or(false);
    same_name(ca.subject_name(), other.issuer_name())
        && !same_name(ca.subject_name(), other.subject_name())
        && ca.public_key().is_ok_and(signed)
}

/// Returns whether two distinguished names are the same.
pub(crate) fn same_name(a: &X509NameRef, b: &X509NameRef) -> bool {
    a.try_cmp(b).is_ok_and(|order| order.is_eq())
}

/// Returns the algorithm of a certificate's signature, such as
/// `ecdsa-with-SHA256`.
pub(crate) fn signature_algorithm(certificate: &X509Ref) -> String {
    let algorithm = certificate.signature_algorithm();
    algorithm.object().to_string()
}

/// Returns the usage that a certificate's keyUsage, if it has one, doesn't
/// allow, though a recipient's key has it (RFC 5280, section 4.2.1.3): RSA
/// enciphers keys, an EC key agrees on them.
pub(crate) fn missing_key_usage(certificate: &X509Ref, key: Id) -> Option<&'static str> {
    let (needed, name) = match key {
        Id::EC => (X509KeyUsage::KEY_AGREEMENT, "keyAgreement"),
        _ => (X509KeyUsage::KEY_ENCIPHERMENT, "keyEncipherment"),
    };
    let allowed = certificate.key_usage()?;
    (!allowed.contains(needed)).then_some(name)
}

/// Returns why a certificate isn't for signatures, if it isn't: what its
/// keyUsage (RFC 5280, section 4.2.1.3) or its extendedKeyUsage (section
/// 4.2.1.12) lacks. It is what OpenSSL requires of signers of CMS.
pub(crate) fn unfit_for_signatures(certificate: &X509Ref) -> Option<&'static str> {
    let signs = X509KeyUsage::DIGITAL_SIGNATURE | X509KeyUsage::NON_REPUDIATION;
    let mails = X509ExtendedKeyUsage::SMIME | X509ExtendedKeyUsage::ANYEKU;
    let usage = certificate.key_usage();
    let purpose = certificate.extended_key_usage();
    if usage.is_some_and(|usage| !usage.intersects(signs)) {
        Some("its keyUsage lacks digitalSignature")
    } else if purpose.is_some_and(|purpose| !purpose.intersects(mails)) {
        Some("its extendedKeyUsage lacks emailProtection")
    } else {
        None
    }
}

/// Returns the SHA-256 of a certificate, in upper-case hexadecimal digits.
pub(crate) fn fingerprint(certificate: &X509Ref) -> Result<String, ErrorStack> {
    let digest = certificate.digest(MessageDigest::sha256())?;
    Ok(hex::upper(&digest))
}

/// Converts a point in time of a certificate or CRL.
pub(crate) fn moment(t: &Asn1TimeRef) -> Result<SystemTime, ErrorStack> {
    let epoch = Asn1Time::from_unix(0)?;
    let since = epoch.diff(t)?;
    let seconds = i64::from(since.days) * 86_400 + i64::from(since.secs);
    let distance = Duration::from_secs(seconds.unsigned_abs());
    let shifted = if seconds < 0 {
        UNIX_EPOCH.checked_sub(distance)
    } else {
        UNIX_EPOCH.checked_add(distance)
    };
    Ok(shifted.unwrap_or(UNIX_EPOCH))
}

#[cfg(test)]
mod tests {
    use super::shortened;

    #[test]
    fn a_very_long_name_is_cut_off() {
        assert_eq!(shortened("Köln".into()), "Köln");
        assert_eq!(shortened("é".repeat(100)), "é".repeat(100));
        assert_eq!(shortened("é".repeat(101)), format!("{}…", "é".repeat(100)));
    }
}
