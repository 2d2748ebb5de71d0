//! Reading SignedData without content
//! ([RFC 5652, section 5](https://www.rfc-editor.org/rfc/rfc5652#section-5)).

use bcder::decode::{Constructed, SliceSource, Source};
use bcder::{Captured, Integer, Mode, Oid, Tag};
use openssl::x509::X509;

use super::MAX_SIGNATURES;
use crate::der::{Algorithm, Decoded, skip_any, take_any, take_octets, take_oid, take_opt_octets};
use crate::keys::{IssuerAndSerial, KeyHandle, SubjectKeyId, forget_openssl_errors};
use crate::oids;

/// The most certificates that count. The others are passed over.
const MAX_CERTIFICATES: usize = 64;

/// The signatures over a content that is somewhere else, and certificates.
pub(super) struct SignedData {
    /// The type of the content.
    pub content_type: Oid,
    /// Whether it holds a content of its own.
    pub is_enveloping: bool,
    /// Of the signers and their issuers, in any order; of strangers as well.
    pub certificates: Vec<X509>,
    pub signers: Vec<SignerInfo>,
}

/// One signature (RFC 5652, section 5.3).
pub(super) struct SignerInfo {
    /// The certificate that it names as the signer's.
    pub signer: KeyHandle,
    pub digest: Algorithm,
    /// With the tag that it has in a SignerInfo.
    pub attributes: Option<Captured>,
    pub algorithm: Algorithm,
    pub signature: Vec<u8>,
}

impl SignedData {
    /// Reads the whole of a file; `None` if it is anything else.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        if bytes.len() as u64 > super::MAX_SIGNATURE_FILE {
            return None;
        }
        let mut source = SliceSource::new(bytes);
        let found = Mode::Ber.decode(&mut source, |cons| {
            cons.take_sequence(|cons| {
                expect_oid(cons, &oids::SIGNED_DATA)?;
                cons.take_constructed_if(Tag::CTX_0, signed_data)
            })
        });
        forget_openssl_errors();
        found.ok().filter(|_| source.is_empty())
    }

    /// Returns the certificates that a handle names.
    pub fn named(&self, handle: &KeyHandle) -> impl Iterator<Item = &X509> {
        let certificates = self.certificates.iter();
        certificates.filter(move |certificate| names(handle, certificate))
    }
}

/// Returns whether a handle names a certificate, by issuer and serial number or
/// by its subject key identifier.
pub(super) fn names(handle: &KeyHandle, certificate: &X509) -> bool {
    match handle {
        KeyHandle::IssuerAndSerial(name) => {
            IssuerAndSerial::of(certificate).is_ok_and(|own| own.names(name))
        }
        KeyHandle::SubjectKeyId(id) => certificate
            .subject_key_id()
            .is_some_and(|own| SubjectKeyId::new(own.as_slice()) == *id),
        _ => false,
    }
}

fn expect_oid<S: Source>(cons: &mut Constructed<S>, expected: &bcder::ConstOid) -> Decoded<(), S> {
    match take_oid(cons)? == *expected {
        true => Ok(()),
        false => Err(cons.content_err("another kind of content")),
    }
}

fn signed_data<S: Source>(cons: &mut Constructed<S>) -> Decoded<SignedData, S> {
    cons.take_sequence(|cons| {
        cons.take_u8()?;
        // The algorithms of all signatures, which each of them repeats.
        cons.take_set(skip_all)?;
        let (content_type, is_enveloping) =
            cons.take_sequence(|cons| Ok((take_oid(cons)?, skip_any(cons)?)))?;
        let certificates = cons.take_opt_constructed_if(Tag::CTX_0, certificates)?;
        cons.take_opt_constructed_if(Tag::CTX_1, skip_all)?;
        let signers = cons.take_set(|cons| {
            let mut signers = Vec::new();
            while let Some(signer) = cons.take_opt_sequence(signer_info)? {
                if signers.len() >= MAX_SIGNATURES {
                    return Err(cons.content_err("too many signatures"));
                }
                signers.push(signer);
            }
            Ok(signers)
        })?;
        Ok(SignedData {
            content_type,
            is_enveloping,
            certificates: certificates.unwrap_or_default(),
            signers,
        })
    })
}

fn skip_all<S: Source>(cons: &mut Constructed<S>) -> Decoded<(), S> {
    while skip_any(cons)? {}
    Ok(())
}

/// Takes a CertificateSet (RFC 5652, section 10.2.3): X.509 certificates among
/// others, which have other tags.
fn certificates<S: Source>(cons: &mut Constructed<S>) -> Decoded<Vec<X509>, S> {
    let mut certificates = Vec::new();
    while let Some(element) = take_any(cons)? {
        if certificates.len() < MAX_CERTIFICATES {
            certificates.extend(X509::from_der(element.as_slice()));
        }
    }
    Ok(certificates)
}

fn signer_info<S: Source>(cons: &mut Constructed<S>) -> Decoded<SignerInfo, S> {
    cons.take_u8()?;
    let signer = match take_opt_octets(cons, Tag::CTX_0)? {
        Some(id) => KeyHandle::SubjectKeyId(SubjectKeyId::new(&id)),
        None => cons.take_sequence(|cons| {
            let issuer = take_any(cons)?;
            let issuer = issuer.ok_or_else(|| cons.content_err("no issuer"))?;
            let serial = Integer::take_from(cons)?;
            let name = IssuerAndSerial::new(issuer.as_slice(), serial.as_slice());
            Ok(KeyHandle::IssuerAndSerial(name))
        })?,
    };
    let digest = Algorithm::take_from(cons)?;
    let mut has_attributes = false;
    let attributes = cons.capture(|cons| {
        has_attributes = cons
            .take_opt_constructed_if(Tag::CTX_0, skip_all)?
            .is_some();
        Ok(())
    })?;
    let algorithm = Algorithm::take_from(cons)?;
    let signature = take_octets(cons, Tag::OCTET_STRING)?;
    cons.take_opt_constructed_if(Tag::CTX_1, skip_all)?;
    Ok(SignerInfo {
        signer,
        digest,
        attributes: has_attributes.then_some(attributes),
        algorithm,
        signature,
    })
}
