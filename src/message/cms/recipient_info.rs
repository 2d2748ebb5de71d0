//! RecipientInfos: the recipients of the content's key, and how it is sealed to
//! them
//! ([RFC 5652, section 6.2](https://www.rfc-editor.org/rfc/rfc5652#section-6.2)).

use std::sync::Arc;

use bcder::decode::{Constructed, Source};
use bcder::{Tag, encode};
use sequoia_openpgp::crypto::SessionKey;
use sequoia_openpgp::types::PublicKeyAlgorithm;
use zeroize::Zeroizing;

use super::algorithm::{
    Algorithm, Decoded, decode, skip_any, take_any, take_octets, take_oid, take_opt_octets,
};
use super::cipher::ContentCipher;
use super::key_agreement::KeyAgreement;
use super::key_transport::KeyTransport;
use crate::der::{Encoded, der};
use crate::keys::{IssuerAndSerial, KeyHandle, SecretKey, SubjectKeyId};
use crate::message::fault::MessageFault;

/// The limit of a message's recipients: more than anybody seals to.
pub(super) const MAX_RECIPIENTS: usize = 2000;

/// The limit of serial numbers and subject key identifiers, in octets: they
/// have about 20, or as many as a hash.
const MAX_IDENTIFIER: usize = 64;

/// The limit of an issuer's name, in octets: no CA has a longer one. It is kept
/// for each member of an archive.
const MAX_ISSUER: usize = 4 * 1024;

/// The key of a message's content. Wiped after use.
#[derive(Clone)]
pub(super) struct ContentKey(SessionKey);

impl ContentKey {
    /// Takes a key that was opened for a cipher, if it has that cipher's key
    /// length.
    pub fn new(octets: Zeroizing<Vec<u8>>, cipher: ContentCipher) -> Option<Self> {
        (octets.len() == cipher.key_length()).then(|| Self(SessionKey::from(octets.as_slice())))
    }

    pub fn octets(&self) -> &[u8] {
        &self.0
    }

    pub fn session_key(&self) -> &SessionKey {
        &self.0
    }
}

/// One recipient, as a message names it.
#[derive(PartialEq, Eq, Hash)]
pub(super) struct RecipientInfo {
    handle: KeyHandle,
    sealing: Sealing,
    encrypted_key: Vec<u8>,
}

/// How the content's key is sealed.
#[derive(PartialEq, Eq, Hash)]
enum Sealing {
    Transport(Result<KeyTransport, String>),
    /// One agreement for all the recipients that share it.
    Agreement(Arc<Result<KeyAgreement, String>>),
    /// A key encapsulation mechanism, by its name.
    Encapsulation(String),
}

impl RecipientInfo {
    /// Returns the name of the recipient's certificate in the message.
    pub fn handle(&self) -> &KeyHandle {
        &self.handle
    }

    /// Returns the algorithm of the recipient's key.
    pub fn algorithm(&self) -> PublicKeyAlgorithm {
        match self.sealing {
            Sealing::Transport(_) => PublicKeyAlgorithm::RSAEncryptSign,
            Sealing::Agreement(_) => PublicKeyAlgorithm::ECDH,
            // No key here has it.
            Sealing::Encapsulation(_) => PublicKeyAlgorithm::Unknown(0),
        }
    }

    /// Returns what it takes to open it, if that isn't supported here: then no
    /// key opens it.
    pub fn unsupported(&self) -> Option<&str> {
        match &self.sealing {
            Sealing::Transport(how) => how.as_ref().err(),
            Sealing::Agreement(how) => how.as_ref().as_ref().err(),
            Sealing::Encapsulation(name) => Some(name),
        }
        .map(String::as_str)
    }

    /// Returns the content's key, if what is sealed to `key` holds one for that
    /// cipher.
    pub fn open(&self, key: &SecretKey, cipher: ContentCipher) -> Option<ContentKey> {
        let (encrypted, length) = (&self.encrypted_key, cipher.key_length());
        let octets = match &self.sealing {
            Sealing::Transport(how) => how.as_ref().ok()?.open(key.rsa()?, encrypted, length),
            Sealing::Agreement(how) => {
                let how = how.as_ref().as_ref().ok()?;
                how.open(key.ec()?, encrypted, length)
            }
            Sealing::Encapsulation(_) => None,
        };
        ContentKey::new(octets?, cipher)
    }

    /// Reads a KeyTransRecipientInfo (RFC 5652, section 6.2.1).
    pub fn transport(element: &[u8]) -> Result<Self, MessageFault> {
        decode(element, "a recipient", |cons| {
            cons.take_sequence(|cons| {
                skip_version(cons)?;
                let handle = match take_opt_octets(cons, Tag::CTX_0)? {
                    Some(id) => subject_key_id(cons, &id)?,
                    None => issuer_and_serial(cons)?,
                };
                let how = KeyTransport::new(&Algorithm::take_from(cons)?);
                Ok(Self {
                    handle,
                    sealing: Sealing::Transport(how),
                    encrypted_key: take_octets(cons, Tag::OCTET_STRING)?,
                })
            })
        })
    }

    /// Reads a KeyAgreeRecipientInfo (RFC 5652, section 6.2.2), which can be
    /// for any number of recipients.
    pub fn agreement(element: &[u8]) -> Result<Vec<Self>, MessageFault> {
        decode(element, "a recipient", |cons| {
            cons.take_constructed_if(Tag::CTX_1, |cons| {
                skip_version(cons)?;
                let how = Arc::new(KeyAgreement::take_from(cons)?);
                cons.take_sequence(|cons| {
                    let mut recipients = Vec::new();
                    while let Some(next) = cons.take_opt_sequence(|cons| {
                        Ok(Self {
                            handle: recipient_identifier(cons)?,
                            sealing: Sealing::Agreement(Arc::clone(&how)),
                            encrypted_key: take_octets(cons, Tag::OCTET_STRING)?,
                        })
                    })? {
                        recipients.push(next);
                        if recipients.len() > MAX_RECIPIENTS {
                            return Err(cons.content_err("too many recipients"));
                        }
                    }
                    Ok(recipients)
                })
            })
        })
    }
}

impl RecipientInfo {
    /// Reads a KEMRecipientInfo
    /// ([RFC 9629, section 3](https://www.rfc-editor.org/rfc/rfc9629#section-3)),
    /// which is a kind of OtherRecipientInfo; `None` if it's another kind.
    pub fn encapsulation(element: &[u8]) -> Result<Option<Self>, MessageFault> {
        const KEM_RECIPIENT: &str = "1.2.840.113549.1.9.16.13.3";
        decode(element, "a recipient", |cons| {
            cons.take_constructed_if(Tag::CTX_4, |cons| {
                if take_oid(cons)?.to_string() != KEM_RECIPIENT {
                    while skip_any(cons)? {}
                    return Ok(None);
                }
                cons.take_sequence(|cons| {
                    skip_version(cons)?;
                    let handle = match take_opt_octets(cons, Tag::CTX_0)? {
                        Some(id) => subject_key_id(cons, &id)?,
                        None => issuer_and_serial(cons)?,
                    };
                    let mechanism = Algorithm::take_from(cons)?.dotted();
                    while skip_any(cons)? {}
                    let name = match mechanism.as_str() {
                        "2.16.840.1.101.3.4.4.1" => "ML-KEM-512".into(),
                        "2.16.840.1.101.3.4.4.2" => "ML-KEM-768".into(),
                        "2.16.840.1.101.3.4.4.3" => "ML-KEM-1024".into(),
                        other => format!("key encapsulation by {other}"),
                    };
                    Ok(Some(Self {
                        handle,
                        sealing: Sealing::Encapsulation(name),
                        encrypted_key: Vec::new(),
                    }))
                })
            })
        })
    }
}

/// A KeyAgreeRecipientInfo in pieces, each as it is encoded.
pub(super) struct AgreementParts {
    /// What its recipients share.
    shared: Vec<u8>,
    /// The RecipientEncryptedKey of each.
    pub keys: Vec<Vec<u8>>,
}

impl AgreementParts {
    /// Takes an element apart.
    pub fn read(element: &[u8]) -> Result<Self, MessageFault> {
        decode(element, "a recipient", |cons| {
            cons.take_constructed_if(Tag::CTX_1, |cons| {
                let mut parts = elements(cons)?;
                let keys = parts.pop().unwrap_or_default();
                Ok((parts.concat(), keys))
            })
        })
        .and_then(|(shared, keys)| {
            let keys = decode(&keys, "a recipient", |cons| cons.take_sequence(elements))?;
            Ok(Self { shared, keys })
        })
    }

    /// Returns the element with the keys that are left.
    pub fn encode(&self) -> Vec<u8> {
        let keys = self.keys.concat();
        der(encode::sequence_as(
            Tag::CTX_1,
            (Encoded(&self.shared), encode::sequence(Encoded(&keys))),
        ))
    }
}

/// Returns all elements that follow, as they are encoded.
fn elements<S: Source>(cons: &mut Constructed<S>) -> Decoded<Vec<Vec<u8>>, S> {
    let mut elements = Vec::new();
    while let Some(element) = take_any(cons)? {
        elements.push(element.as_slice().to_vec());
    }
    Ok(elements)
}

/// Skips the version, which follows from the rest.
fn skip_version<S: Source>(cons: &mut Constructed<S>) -> Decoded<(), S> {
    cons.take_u8().map(drop)
}

/// Reads a KeyAgreeRecipientIdentifier.
fn recipient_identifier<S: Source>(cons: &mut Constructed<S>) -> Decoded<KeyHandle, S> {
    let id = cons.take_opt_constructed_if(Tag::CTX_0, |cons| {
        let id = take_octets(cons, Tag::OCTET_STRING)?;
        // The date of the key, and any other additions.
        while skip_any(cons)? {}
        Ok(id)
    })?;
    match id {
        Some(id) => subject_key_id(cons, &id),
        None => issuer_and_serial(cons),
    }
}

fn subject_key_id<S: Source>(cons: &Constructed<S>, id: &[u8]) -> Decoded<KeyHandle, S> {
    if id.len() > MAX_IDENTIFIER {
        return Err(cons.content_err("a very long key identifier"));
    }
    Ok(KeyHandle::SubjectKeyId(SubjectKeyId::new(id)))
}

/// Reads an IssuerAndSerialNumber (RFC 5652, section 10.2.4).
fn issuer_and_serial<S: Source>(cons: &mut Constructed<S>) -> Decoded<KeyHandle, S> {
    cons.take_sequence(|cons| {
        let issuer = take_any(cons)?.ok_or_else(|| cons.content_err("no issuer"))?;
        if issuer.as_slice().len() > MAX_ISSUER {
            return Err(cons.content_err("a very long name of an issuer"));
        }
        let serial = cons.take_primitive_if(Tag::INTEGER, |integer| integer.take_all())?;
        if serial.is_empty() || serial.len() > MAX_IDENTIFIER {
            return Err(cons.content_err("an invalid serial number"));
        }
        let certificate = IssuerAndSerial::new(issuer.as_slice(), &serial);
        Ok(KeyHandle::IssuerAndSerial(certificate))
    })
}
