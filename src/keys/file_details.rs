//! Details of files that hold neither a key nor a certificate for callseal, so
//! that people see whose they are.

use std::path::Path;

use openpgp::Packet;
use openpgp::packet::Signature;
use openpgp::parse::{PacketParser, PacketParserResult, Parse};
use openssl::pkey::{PKey, Public};
use openssl::x509::{X509Crl, X509Req};
use sequoia_openpgp as openpgp;

use super::{FileKind, UnusableKey, file_content, mapping, openssl_errors, ssh, x509};
use crate::timestamp::Timestamp;

/// A name and its value.
type Detail = (&'static str, String);

impl FileKind {
    /// Returns what a file of this kind says about itself: names and values.
    /// There are none for the kinds whose keys or certificates can be used.
    #[doc(hidden)]
    pub fn details(self, path: &Path) -> Vec<Detail> {
        let Ok(bytes) = file_content::read(path) else {
            return Vec::new();
        };
        let details = match self {
            Self::SigningRequest => of_request(&bytes),
            Self::Crl => of_crl(&bytes),
            Self::Revocation => of_revocation(&bytes),
            Self::DisabledRevocation => {
                disabled_revocation(&bytes).and_then(|signature| of_signature(&signature))
            }
            Self::PuttyKey => of_putty_key(&bytes),
            _ => None,
        };
        openssl_errors::forget_openssl_errors();
        details.unwrap_or_default()
    }
}

fn of_request(bytes: &[u8]) -> Option<Vec<Detail>> {
    let request = X509Req::from_der(bytes).or_else(|_| X509Req::from_pem(bytes));
    let request = request.ok()?;
    let mut details = vec![("subject", x509::name(request.subject_name()))];
    details.extend(request.public_key().iter().flat_map(of_key));
    Some(details)
}

/// Returns algorithm and fingerprint, as those of a certificate over the key.
fn of_key(key: &PKey<Public>) -> Vec<Detail> {
    match mapping::public_key(key) {
        Ok(key) => vec![
            ("algorithm", mapping::algorithm_name(&key)),
            ("fingerprint", key.fingerprint().to_hex()),
        ],
        Err(UnusableKey::Algorithm(kind)) => vec![("algorithm", format!("{kind}, not supported"))],
        Err(fault) => vec![("key", format!("it {fault}"))],
    }
}

fn of_crl(bytes: &[u8]) -> Option<Vec<Detail>> {
    let crl = X509Crl::from_der(bytes).or_else(|_| X509Crl::from_pem(bytes));
    let crl = crl.ok()?;
    let mut details = vec![("issuer", x509::name(crl.issuer_name()))];
    let times = [
        ("updated", Some(crl.last_update())),
        ("next update", crl.next_update()),
    ];
    details.extend(times.into_iter().filter_map(|(name, time)| {
        let time = x509::moment(time?).ok()?;
        Some((name, Timestamp(time).to_string()))
    }));
    let revoked = crl.get_revoked().map_or(0, |revoked| revoked.len());
    details.push(("revoked certificates", revoked.to_string()));
    Some(details)
}

/// Returns the signature that revokes a certificate, if a file begins with it.
pub(super) fn revocation(bytes: &[u8]) -> Option<Signature> {
    let Ok(PacketParserResult::Some(parser)) = PacketParser::from_bytes(bytes) else {
        return None;
    };
    match parser.next() {
        Ok((Packet::Signature(signature), _)) => {
            let is_revocation = signature.typ() == openpgp::types::SignatureType::KeyRevocation;
            is_revocation.then_some(signature)
        }
        _ => None,
    }
}

/// Returns the revocation in a file of GnuPG's, which has a colon before the
/// block so that nobody imports it by mistake.
pub(super) fn disabled_revocation(bytes: &[u8]) -> Option<Signature> {
    let colon = file_content::find_line(bytes, b":-----BEGIN PGP PUBLIC KEY BLOCK-----")?;
    revocation(bytes.get(colon + 1..)?)
}

fn of_revocation(bytes: &[u8]) -> Option<Vec<Detail>> {
    of_signature(&revocation(bytes)?)
}

fn of_signature(signature: &Signature) -> Option<Vec<Detail>> {
    let issuers = signature.get_issuers();
    let mut details: Vec<Detail> = issuers
        .first()
        .map(|issuer| ("certificate", issuer.to_hex()))
        .into_iter()
        .collect();
    if let Some(time) = signature.signature_creation_time() {
        details.push(("made", Timestamp(time).to_string()));
    }
    if let Some((reason, text)) = signature.reason_for_revocation() {
        let text = String::from_utf8_lossy(text);
        let reason = match text.trim() {
            "" => reason.to_string(),
            text => format!("{reason}: {text}"),
        };
        details.push(("reason", x509::shortened(reason)));
    }
    Some(details)
}

/// Reads the head of PuTTY's key file: lines `Name: value`, the public key among
/// them.
fn of_putty_key(bytes: &[u8]) -> Option<Vec<Detail>> {
    // Not of the private part: it would be copied.
    let private = file_content::find_line(bytes, b"Private-Lines:");
    let (bytes, _) = bytes.split_at(private.unwrap_or(bytes.len()));
    let text = String::from_utf8_lossy(bytes);
    let value = |name: &str| {
        let mut lines = text.lines().map(|line| line.split_once(": "));
        let found = lines.find_map(|field| field.filter(|(field, _)| *field == name));
        found.map(|(_, value)| value.trim().to_owned())
    };
    let mut details = Vec::new();
    let comment = value("Comment").filter(|comment| !comment.is_empty());
    details.extend(comment.map(|comment| ("comment", x509::shortened(comment))));
    let length: usize = value("Public-Lines")?.parse().ok()?;
    let mut lines = text.lines();
    lines.find(|line| line.starts_with("Public-Lines: "));
    let public: String = lines.take(length).collect();
    match ssh::public_key_from_base64(&public) {
        Ok(key) => details.extend(of_key(&key)),
        Err(UnusableKey::Algorithm(kind)) => {
            details.push(("algorithm", format!("{kind}, not supported")));
        }
        Err(fault) => details.push(("key", format!("it {fault}"))),
    }
    details.extend(value("Encryption").map(|cipher| match cipher.as_str() {
        "none" => ("passphrase", "not locked by a passphrase".into()),
        cipher => {
            let cipher = x509::shortened(cipher.to_owned());
            ("passphrase", format!("locked by a passphrase ({cipher})"))
        }
    }));
    Some(details)
}
