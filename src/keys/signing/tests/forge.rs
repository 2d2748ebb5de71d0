//! CMS signatures that are put together by hand.

use openssl::hash::MessageDigest;
use openssl::pkey::{PKey, Private};
use openssl::sign::Signer;
use openssl::x509::X509;

use super::Desk;
use crate::der::{CONTEXT_0, INTEGER, NULL, OCTET_STRING, OID, SEQUENCE, SET, element};
use crate::keys::IssuerAndSerial;

/// Object identifiers without tag and length.
pub(super) const DATA: &[u8] = b"\x2A\x86\x48\x86\xF7\x0D\x01\x07\x01";
pub(super) const SIGNED_DATA: &[u8] = b"\x2A\x86\x48\x86\xF7\x0D\x01\x07\x02";
pub(super) const CONTENT_TYPE: &[u8] = b"\x2A\x86\x48\x86\xF7\x0D\x01\x09\x03";
pub(super) const MESSAGE_DIGEST: &[u8] = b"\x2A\x86\x48\x86\xF7\x0D\x01\x09\x04";
pub(super) const SIGNING_TIME: &[u8] = b"\x2A\x86\x48\x86\xF7\x0D\x01\x09\x05";
pub(super) const SHA256: &[u8] = b"\x60\x86\x48\x01\x65\x03\x04\x02\x01";
pub(super) const ECDSA_SHA256: &[u8] = b"\x2A\x86\x48\xCE\x3D\x04\x03\x02";

pub(super) fn attribute(kind: &[u8], values: &[&[u8]]) -> Vec<u8> {
    element(SEQUENCE, &[&element(OID, &[kind]), &element(SET, values)])
}

pub(super) fn content_type() -> Vec<u8> {
    attribute(CONTENT_TYPE, &[&element(OID, &[DATA])])
}

pub(super) fn digest_of(content: &[u8]) -> Vec<u8> {
    let digest = openssl::sha::sha256(content);
    attribute(MESSAGE_DIGEST, &[&element(OCTET_STRING, &[&digest])])
}

/// A signer of whatever is put together.
pub(super) struct Forge {
    pub(super) key: PKey<Private>,
    pub(super) certificate: X509,
}

impl Forge {
    pub(super) fn new(desk: &Desk, name: &str) -> Self {
        Self {
            key: PKey::private_key_from_pem(&desk.read(&format!("{name}.key"))).unwrap(),
            certificate: X509::from_pem(&desk.read(&format!("{name}.crt"))).unwrap(),
        }
    }

    /// Signs attributes (the whole SET), and puts them into a SignedData.
    pub(super) fn signs(&self, attributes: &[u8]) -> Vec<u8> {
        self.signs_with(attributes, &self.certificate)
    }

    /// Does the same with another certificate in the signature.
    pub(super) fn signs_with(&self, attributes: &[u8], certificate: &X509) -> Vec<u8> {
        let info = self.info(attributes, attributes);
        signed_data(&[info], &[certificate])
    }

    /// Signs `octets`, and claims to have signed these attributes.
    pub(super) fn info(&self, octets: &[u8], attributes: &[u8]) -> Vec<u8> {
        let mut signer = Signer::new(MessageDigest::sha256(), &self.key).unwrap();
        let signature = signer.sign_oneshot_to_vec(octets).unwrap();
        let tagged = match attributes {
            [] => Vec::new(),
            [_, rest @ ..] => [&[CONTEXT_0], rest].concat(),
        };
        let name = IssuerAndSerial::of(&self.certificate).unwrap();
        element(
            SEQUENCE,
            &[
                &element(INTEGER, &[&[1]]),
                &element(
                    SEQUENCE,
                    &[
                        name.issuer_der(),
                        &element(INTEGER, &[name.serial_octets()]),
                    ],
                ),
                &element(SEQUENCE, &[&element(OID, &[SHA256]), &element(NULL, &[])]),
                &tagged,
                &element(SEQUENCE, &[&element(OID, &[ECDSA_SHA256])]),
                &element(OCTET_STRING, &[&signature]),
            ],
        )
    }
}

pub(super) fn signed_data(infos: &[Vec<u8>], certificates: &[&X509]) -> Vec<u8> {
    let certificates: Vec<Vec<u8>> = certificates.iter().map(|c| c.to_der().unwrap()).collect();
    let data = element(
        SEQUENCE,
        &[
            &element(INTEGER, &[&[1]]),
            &element(SET, &[]),
            &element(SEQUENCE, &[&element(OID, &[DATA])]),
            &element(CONTEXT_0, &[&certificates.concat()]),
            &element(SET, &[&infos.concat()]),
        ],
    );
    let content = element(CONTEXT_0, &[&data]);
    element(SEQUENCE, &[&element(OID, &[SIGNED_DATA]), &content])
}
