//! Writing SignedData without content
//! ([RFC 5652, section 5](https://www.rfc-editor.org/rfc/rfc5652#section-5)).
//! Its size is that of the certificates, so it is made in memory.

use std::time::SystemTime;

use bcder::ConstOid;
use bcder::encode::PrimitiveContent;
use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::pkey::{Id, PKeyRef, Private};
use openssl::sign::Signer;
use openssl::x509::{X509, X509Ref};

use crate::der::{CONTEXT_0, INTEGER, NULL, OCTET_STRING, SEQUENCE, SET, der, element, set_of};
use crate::keys::IssuerAndSerial;
use crate::oids;

use super::cms_time;

/// A signer of a content.
pub(super) struct CmsSigner<'a> {
    pub key: &'a PKeyRef<Private>,
    pub certificate: &'a X509Ref,
    pub chain: &'a [X509],
}

impl CmsSigner<'_> {
    /// Signs the content with this SHA-256, at that time. Returns a SignerInfo
    /// (RFC 5652, section 5.3).
    pub fn sign(&self, digest: &[u8], at: SystemTime) -> Result<Vec<u8>, ErrorStack> {
        let attributes = set_of(vec![
            attribute(oids::CONTENT_TYPE, &oid(oids::DATA)),
            attribute(oids::SIGNING_TIME, &cms_time::encoded(at)),
            attribute(oids::MESSAGE_DIGEST, &element(OCTET_STRING, &[digest])),
        ]);
        let signature =
            Signer::new(MessageDigest::sha256(), self.key)?.sign_oneshot_to_vec(&attributes)?;
        // What is signed has the tag of a SET (RFC 5652, section 5.4).
        let tagged = [&[CONTEXT_0], attributes.get(1..).unwrap_or_default()].concat();
        let name = IssuerAndSerial::of(self.certificate)?;
        let serial = element(INTEGER, &[name.serial_octets()]);
        let algorithm = match self.key.id() {
            // RFC 3370, section 3.2.
            Id::RSA => [oid(oids::RSA_ENCRYPTION), element(NULL, &[])].concat(),
            // RFC 5753, section 7.1.3.
            _ => oid(oids::ECDSA_SHA256),
        };
        Ok(element(
            SEQUENCE,
            &[
                &element(INTEGER, &[&[1]]),
                &element(SEQUENCE, &[name.issuer_der(), &serial]),
                &sha256(),
                &tagged,
                &element(SEQUENCE, &[&algorithm]),
                &element(OCTET_STRING, &[&signature]),
            ],
        ))
    }

    /// Returns its certificate and those of its issuers.
    pub fn certificates(&self) -> Result<Vec<Vec<u8>>, ErrorStack> {
        let issuers = self.chain.iter().map(|issuer| issuer.to_der());
        [self.certificate.to_der()]
            .into_iter()
            .chain(issuers)
            .collect()
    }
}

/// Returns a ContentInfo with these SignerInfos, and the certificates of the
/// signers.
pub(super) fn signed_data(infos: Vec<Vec<u8>>, mut certificates: Vec<Vec<u8>>) -> Vec<u8> {
    certificates.sort();
    certificates.dedup();
    let data = element(
        SEQUENCE,
        &[
            &element(INTEGER, &[&[1]]),
            &element(SET, &[&sha256()]),
            &element(SEQUENCE, &[&oid(oids::DATA)]),
            &element(CONTEXT_0, &[&certificates.concat()]),
            &set_of(infos),
        ],
    );
    let content = element(CONTEXT_0, &[&data]);
    element(SEQUENCE, &[&oid(oids::SIGNED_DATA), &content])
}

fn oid(oid: ConstOid) -> Vec<u8> {
    der(oid.encode())
}

/// Returns an attribute with one value (RFC 5652, section 5.3).
fn attribute(kind: ConstOid, value: &[u8]) -> Vec<u8> {
    element(SEQUENCE, &[&oid(kind), &element(SET, &[value])])
}

/// Returns the identifier of SHA-256, without parameters (RFC 5754, section 2).
fn sha256() -> Vec<u8> {
    element(SEQUENCE, &[&oid(oids::SHA256)])
}
