//! The signatures around a file in a message
//! ([RFC 9580, section 10.3](https://www.rfc-editor.org/rfc/rfc9580#section-10.3)),
//! inside of what is encrypted: announced in front of it and made behind it, or
//! as old software has them, made in front of it.

use std::io::Read;
use std::sync::Arc;

use openpgp::packet::{OnePassSig, Packet, Signature, Tag};
use openpgp::types::SignatureType;
use sequoia_openpgp as openpgp;

use super::front::parse;
use super::judged::kind_fault;
use super::signed_hashes::{HashOf, Hashes, TooMany};
use crate::keys::{Fingerprint, KeyHandle, MAX_SIGNATURES, SignatureFault};
use crate::message::fault::{MessageFault, OpenError};
use crate::message::signatures::{SignaturesFound, Verifier};

/// The limit of a signature packet, in bytes: room for two areas of the size
/// that their lengths allow.
const MAX_PACKET: u64 = 128 * 1024;

/// The signatures of one message.
#[derive(Default)]
pub(super) struct Signatures {
    check: Option<Box<Check>>,
    passed_over: u64,
}

/// What signatures are checked against, and what is known of them so far.
pub(super) struct Check {
    pub verifier: Arc<Verifier>,
    /// What they may call those for whom they are made.
    pub intended: Arc<[Fingerprint]>,
    /// The recipients of the message.
    pub recipients: Vec<KeyHandle>,
    /// Those that are announced and whose packet has yet to come, the first one
    /// announced first.
    announced: Vec<Announced>,
    pub found: Vec<Found>,
    pub hashes: Hashes,
    /// Whether signatures of text count, and not those of octets.
    pub is_text: bool,
    /// The number of those that came in front of the content.
    before: usize,
}

/// An announced signature.
enum Announced {
    Known {
        packet: OnePassSig,
        /// Whether it is over the content, rather than over other signatures.
        is_over_content: bool,
    },
    /// Of a version that isn't supported.
    Unknown,
}

/// A signature that came.
pub(super) struct Found {
    /// Its packet, if its version is supported.
    pub signature: Option<Signature>,
    /// Why it can't hold, whatever the content is.
    pub fault: Option<SignatureFault>,
}

impl Signatures {
    /// Passes over all signatures.
    pub fn unchecked() -> Self {
        Self::default()
    }

    /// Checks all signatures.
    pub fn checked(
        verifier: Arc<Verifier>,
        intended: Arc<[Fingerprint]>,
        recipients: Vec<KeyHandle>,
    ) -> Self {
        Self {
            check: Some(Box::new(Check {
                verifier,
                intended,
                recipients,
                announced: Vec::new(),
                found: Vec::new(),
                hashes: Hashes::default(),
                is_text: false,
                before: 0,
            })),
            passed_over: 0,
        }
    }

    /// Returns whether they are checked.
    pub fn are_checked(&self) -> bool {
        self.check.is_some()
    }

    /// Takes a packet in front of the content. Returns whether it was read.
    pub fn before(&mut self, tag: Tag, body: &mut impl Read) -> Result<bool, OpenError> {
        let Some(check) = &mut self.check else {
            self.passed_over += u64::from(tag == Tag::Signature);
            return Ok(false);
        };
        check.before += 1;
        if check.before > MAX_SIGNATURES {
            return Err(malformed("there are more than 64 of them"));
        }
        match (tag, read(tag, body)?) {
            (Tag::OnePassSig, packet) => check.announce(packet),
            (_, Some(Packet::Signature(signature))) => check.found.push(Found {
                signature: Some(signature),
                fault: None,
            }),
            _ => check.found.push(Found::UNKNOWN),
        }
        Ok(true)
    }

    /// Takes a packet behind the content, or behind the compressed data that it
    /// is in. Of the announced signatures, the first `outside` are not
    /// expected yet. Returns whether it was read.
    pub fn after(
        &mut self,
        tag: Tag,
        body: &mut impl Read,
        outside: usize,
    ) -> Result<bool, OpenError> {
        let Some(check) = &mut self.check else {
            self.passed_over += u64::from(tag == Tag::Signature);
            return Ok(false);
        };
        if tag != Tag::Signature {
            return Err(malformed("one is announced behind the file"));
        }
        // The last one that was announced comes first.
        let announced = match check.announced.len() > outside {
            true => check.announced.pop(),
            false => None,
        };
        let announced = announced.ok_or_else(|| malformed("one comes that was not announced"))?;
        let found = match (read(tag, body)?, announced) {
            (
                Some(Packet::Signature(signature)),
                Announced::Known {
                    packet,
                    is_over_content,
                },
            ) => Found {
                fault: match is_over_content {
                    true => difference(&packet, &signature),
                    false => Some(SignatureFault::Kind("a signature over other signatures")),
                },
                signature: Some(signature),
            },
            (Some(Packet::Signature(signature)), Announced::Unknown) => Found {
                signature: Some(signature),
                fault: Some(OTHER),
            },
            _ => Found::UNKNOWN,
        };
        check.found.push(found);
        Ok(true)
    }

    /// Returns the number of announced signatures that have yet to come.
    pub fn outstanding(&self) -> usize {
        self.check.as_ref().map_or(0, |check| check.announced.len())
    }

    /// Checks that no more than `outside` of them have yet to come.
    pub fn expect_outstanding(&self, outside: usize) -> Result<(), OpenError> {
        match self.outstanding() > outside {
            true => Err(malformed("one that was announced is missing")),
            false => Ok(()),
        }
    }

    /// Begins the content, which may be marked as text. Returns whether it is to be
    /// written as text, with other line ends.
    pub fn begin(&mut self, is_text: bool) -> Result<bool, OpenError> {
        match &mut self.check {
            Some(check) => check.begin(is_text),
            None => Ok(is_text),
        }
    }

    /// Takes the next piece of the content.
    pub fn update(&mut self, piece: &[u8]) {
        if let Some(check) = &mut self.check {
            check.hashes.update(piece);
        }
    }

    /// Judges all of them.
    pub fn judge(self) -> Result<SignaturesFound, MessageFault> {
        let Some(check) = self.check else {
            return Ok(SignaturesFound {
                verdicts: Vec::new(),
                unchecked: self.passed_over,
            });
        };
        Ok(SignaturesFound {
            verdicts: check.verdicts()?,
            unchecked: 0,
        })
    }
}

impl Check {
    fn announce(&mut self, packet: Option<Packet>) {
        // RFC 9580, section 5.4: unless it is the last one over the content, the
        // next one is over the same.
        let covers_signatures = self.announced.last().is_some_and(Announced::is_last);
        if covers_signatures {
            for announced in &mut self.announced {
                if let Announced::Known {
                    is_over_content, ..
                } = announced
                {
                    *is_over_content = false;
                }
            }
        }
        self.announced.push(match packet {
            Some(Packet::OnePassSig(packet)) => Announced::Known {
                packet,
                is_over_content: true,
            },
            _ => Announced::Unknown,
        });
    }

    fn begin(&mut self, is_text: bool) -> Result<bool, OpenError> {
        let signers = &self.verifier.signers;
        let announced = self.announced.iter();
        let announced = announced.filter_map(|announced| match announced {
            Announced::Known {
                packet,
                is_over_content: true,
            } if signers.announces(&packet.issuer()) => Some(hash_of(packet)),
            _ => None,
        });
        let made = self.found.iter();
        let made = made.filter_map(|found| found.signature.as_ref());
        let made = made.filter(|signature| signers.openpgp_cert(signature).is_some());
        let needed: Vec<HashOf> = announced.chain(made.map(HashOf::signature)).collect();
        // What is written is what is signed, and the mark as text isn't signed:
        // octets stay as they are.
        let is_of_text = |of: &HashOf| of.typ == SignatureType::Text;
        self.is_text = is_text && needed.iter().any(is_of_text);
        let is_counted = |of: &&HashOf| kind_fault(of.typ, self.is_text).is_none();
        for of in needed.iter().filter(is_counted) {
            let added = self.hashes.add(of);
            added.map_err(|TooMany| malformed("they need more than 16 different hashes"))?;
        }
        Ok(self.is_text)
    }
}

impl Found {
    const UNKNOWN: Self = Self {
        signature: None,
        fault: None,
    };
}

impl Announced {
    fn is_last(&self) -> bool {
        match self {
            Self::Known { packet, .. } => packet.last(),
            Self::Unknown => false,
        }
    }
}

/// The fault of a signature that is another one than was announced.
const OTHER: SignatureFault = SignatureFault::Malformed("it is another one than was announced");

/// Returns the fault of a signature that differs from its announcement.
fn difference(announced: &OnePassSig, signature: &Signature) -> Option<SignatureFault> {
    let is_same = hash_of(announced) == HashOf::signature(signature)
        && announced.pk_algo() == signature.pk_algo();
    (!is_same).then_some(OTHER)
}

/// Returns the hash that an announced signature needs.
fn hash_of(announced: &OnePassSig) -> HashOf {
    HashOf {
        algorithm: announced.hash_algo(),
        typ: announced.typ(),
        salt: announced.salt().map(<[u8]>::to_vec),
        is_v6: announced.version() == 6,
    }
}

/// Reads a packet; `None` if it's of a version that isn't supported.
fn read(tag: Tag, body: &mut impl Read) -> Result<Option<Packet>, OpenError> {
    let mut octets = Vec::new();
    body.take(MAX_PACKET + 1).read_to_end(&mut octets)?;
    if octets.len() as u64 > MAX_PACKET {
        return Err(malformed("one is larger than 128 KiB"));
    }
    Ok(match parse(tag, &octets) {
        Ok(packet @ (Packet::OnePassSig(_) | Packet::Signature(_))) => Some(packet),
        _ => None,
    })
}

fn malformed(what: &'static str) -> OpenError {
    MessageFault::Signatures(what).into()
}
