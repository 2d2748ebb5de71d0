//! The front of a message, before its sealed data.

use std::io::{BufRead, Read};

use openpgp::packet::{PKESK, Packet, Tag};
use openpgp::parse::Parse;
use sequoia_openpgp as openpgp;

use super::decrypt::Container;
use super::packet::{Body, Header};
use crate::keys::KeyHandle;
use crate::keys::MessageVersion;
use crate::message::envelope::Envelope;
use crate::message::fault::{MessageFault, OpenError};

/// The limits of a message's PKESKs, in number and in bytes together: more than
/// anybody seals to, and little enough to be held in memory.
pub(super) const MAX_PKESKS: usize = 2000;
pub(super) const MAX_PKESK_BYTES: u64 = 4 * 1024 * 1024;

/// The limit of PKESKs of unknown kinds: recognising one as unknown takes
/// longer than reading a known one.
const MAX_UNKNOWN: usize = 64;

/// A message read up to its sealed data.
pub(in crate::message) struct OpenPgpFront<R> {
    pub(super) pkesks: Vec<PKESK>,
    pub(super) passphrases: usize,
    pub(super) container: Container<Body<R>>,
}

impl<R: BufRead> OpenPgpFront<R> {
    /// Returns what it shows to everybody.
    pub fn envelope(&self) -> Envelope {
        let parameters = self.container.parameters();
        Envelope {
            recipients: self.recipients().collect(),
            algorithms: self.pkesks.iter().map(PKESK::pk_algo).collect(),
            passphrases: self.passphrases,
            format: self.container.version().into(),
            cipher: parameters.map(|p| format!("{} with {}", p.cipher, p.mode)),
        }
    }

    fn recipients(&self) -> impl Iterator<Item = KeyHandle> {
        let pkesks = self.pkesks.iter();
        pkesks.map(|pkesk| KeyHandle::of(pkesk.recipient()))
    }
}

impl<R: BufRead> OpenPgpFront<R> {
    pub fn read(mut source: R) -> Result<Self, OpenError> {
        let mut pkesks = Vec::new();
        let mut unknown = 0;
        let mut passphrases = 0;
        let mut room = MAX_PKESK_BYTES;
        let mut first = true;
        while let Some(header) = Header::read(&mut source)? {
            match header.tag {
                Tag::PKESK => {
                    let mut body = Vec::new();
                    let mut reader = Body::new(&mut source, header).take(room + 1);
                    let read = reader.read_to_end(&mut body)? as u64;
                    if read > room || pkesks.len() >= MAX_PKESKS || unknown > MAX_UNKNOWN {
                        let what = "it has too many recipients";
                        return Err(MessageFault::Malformed(what.into()).into());
                    }
                    room -= read;
                    // A PKESK of a kind that sequoia doesn't know is for
                    // others.
                    match parse(Tag::PKESK, &body) {
                        Ok(Packet::PKESK(pkesk)) => pkesks.push(pkesk),
                        _ => unknown += 1,
                    }
                }
                Tag::SKESK => {
                    passphrases += 1;
                    Body::new(&mut source, header).skip()?;
                }
                Tag::Marker | Tag::Padding => Body::new(&mut source, header).skip()?,
                Tag::SEIP => {
                    let container = Container::read(Body::new(source, header))?;
                    // RFC 9580, section 10.3.2.1: PKESKs of the other version
                    // don't belong to this container.
                    let aligned = match container.version() {
                        MessageVersion::V1 => 3,
                        MessageVersion::V2 => 6,
                    };
                    pkesks.retain(|pkesk| pkesk.version() == aligned);
                    return Ok(Self {
                        pkesks,
                        passphrases,
                        container,
                    });
                }
                tag => return Err(unsealed(tag, first).into()),
            }
            first = false;
        }
        Err(if first {
            MessageFault::NotAMessage.into()
        } else {
            MessageFault::Truncated.into()
        })
    }
}

/// Returns the meaning of a packet where the sealed data should be.
fn unsealed(tag: Tag, first: bool) -> MessageFault {
    match tag {
        Tag::SED => MessageFault::NoIntegrityProtection,
        Tag::AED => MessageFault::Unsupported("a draft of authenticated encryption".into()),
        Tag::Literal | Tag::CompressedData | Tag::OnePassSig | Tag::Signature => {
            MessageFault::NotEncrypted
        }
        _ if first => MessageFault::NotAMessage,
        other => MessageFault::Malformed(format!("a {other} before the sealed data")),
    }
}

/// Reads one packet from its body, with sequoia's parser.
fn parse(tag: Tag, body: &[u8]) -> openpgp::Result<Packet> {
    let mut bytes = vec![0xC0 | u8::from(tag), 0xFF];
    bytes.extend(u32::try_from(body.len())?.to_be_bytes());
    bytes.extend_from_slice(body);
    Packet::from_bytes(&bytes)
}
