//! The envelope: what a message shows to everybody.

use std::io::{BufRead, BufReader, Cursor, Read};

use openpgp::armor::{Kind, Reader, ReaderMode};
use openpgp::packet::{PKESK, Packet, Tag};
use openpgp::parse::Parse;
use openpgp::types::PublicKeyAlgorithm;
use sequoia_openpgp as openpgp;

use super::decrypt::Container;
use super::packet::{Body, Header};
use crate::keys::{Fit, Identity, KeyHandle, MessageVersion};
use crate::message::fault::{MessageFault, OpenError};

/// How much is read of a message at a time, in bytes.
pub(super) const BUFFER: usize = 64 * 1024;

/// How much is read for the envelope alone: room for several recipients.
const ENVELOPE: usize = 4 * 1024;

/// A message may have this many PKESKs, and they this many bytes together:
/// more than anybody seals to, and little enough to be held in memory.
const MAX_PKESKS: usize = 2000;
const MAX_PKESK_BYTES: u64 = 4 * 1024 * 1024;

/// The PKESKs in front of the sealed data, and how that is sealed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Envelope {
    /// Whom the message is sealed to, in the message's order.
    pub recipients: Vec<KeyHandle>,
    /// Of what algorithm their keys are, in the same order.
    algorithms: Vec<PublicKeyAlgorithm>,
    /// How many passphrases open it as well.
    pub passphrases: usize,
    /// Which version of message it is.
    pub version: MessageVersion,
    /// Cipher and mode, where a key isn't needed to tell (version 2), such as
    /// `AES-256 with OCB`.
    pub cipher: Option<String>,
}

impl Envelope {
    /// Reads a message, armored or binary, up to its sealed data.
    ///
    /// # Errors
    ///
    /// It is no encrypted message with integrity protection.
    pub fn read(source: impl Read + Send + Sync) -> Result<Self, OpenError> {
        let front = Front::read(dearmored(source, ENVELOPE)?)?;
        Ok(Self {
            recipients: front
                .pkesks
                .iter()
                .map(|pkesk| pkesk.recipient().into())
                .collect(),
            algorithms: front.pkesks.iter().map(PKESK::pk_algo).collect(),
            passphrases: front.passphrases,
            version: front.container.version(),
            cipher: front
                .container
                .parameters()
                .map(|p| format!("{} with {}", p.cipher, p.mode)),
        })
    }

    /// How surely a key opens the message; `None` if it's known not to.
    pub fn fit(&self, identity: &Identity) -> Option<Fit> {
        self.recipients
            .iter()
            .zip(&self.algorithms)
            .filter_map(|(handle, algorithm)| identity.fit(handle, *algorithm))
            .min()
    }
}

/// A message read up to its sealed data.
pub(super) struct Front<R> {
    pub pkesks: Vec<PKESK>,
    pub passphrases: usize,
    pub container: Container<Body<R>>,
}

impl<R: BufRead> Front<R> {
    pub fn read(mut source: R) -> Result<Self, OpenError> {
        let mut pkesks = Vec::new();
        let mut passphrases = 0;
        let mut room = MAX_PKESK_BYTES;
        let mut first = true;
        while let Some(header) = Header::read(&mut source)? {
            match header.tag {
                Tag::PKESK => {
                    let mut body = Vec::new();
                    let mut reader = Body::new(&mut source, header).take(room + 1);
                    let read = reader.read_to_end(&mut body)? as u64;
                    if read > room || pkesks.len() >= MAX_PKESKS {
                        let what = "it has too many recipients";
                        return Err(MessageFault::Malformed(what.into()).into());
                    }
                    room -= read;
                    // One of a kind that sequoia doesn't know is for others.
                    if let Ok(Packet::PKESK(pkesk)) = parse(Tag::PKESK, &body) {
                        pkesks.push(pkesk);
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

/// What a packet means that stands where the sealed data should.
fn unsealed(tag: Tag, first: bool) -> MessageFault {
    match tag {
        Tag::SED => MessageFault::NoIntegrityProtection,
        Tag::AED => MessageFault::Unsupported("a draft of authenticated encryption".into()),
        Tag::Literal | Tag::CompressedData | Tag::OnePassSig | Tag::Signature => {
            MessageFault::NotEncrypted
        }
        _ if first => MessageFault::NotAMessage,
        other => MessageFault::Malformed(format!("a {other} in front of the sealed data")),
    }
}

/// One packet from its body, by sequoia's parser.
fn parse(tag: Tag, body: &[u8]) -> openpgp::Result<Packet> {
    let mut bytes = vec![0xC0 | u8::from(tag), 0xFF];
    bytes.extend(u32::try_from(body.len())?.to_be_bytes());
    bytes.extend_from_slice(body);
    Packet::from_bytes(&bytes)
}

/// The message without its armor, if it has one, read that many bytes at a
/// time.
pub(super) fn dearmored<'a>(
    source: impl Read + Send + Sync + 'a,
    buffer: usize,
) -> Result<Box<dyn BufRead + Send + Sync + 'a>, OpenError> {
    let mut source = BufReader::with_capacity(buffer, source);
    // RFC 9580, section 4.2: bit 7 of a packet's first octet is always set.
    let first = source.fill_buf()?.first().copied();
    if first.is_some_and(|octet| octet & 0x80 != 0) {
        return Ok(Box::new(source));
    }
    // From a pipe, the text before the armor may come some time before it.
    let mut start = Vec::new();
    source
        .by_ref()
        .take(BUFFER as u64)
        .read_to_end(&mut start)?;
    const ARMOR: &[u8] = b"-----BEGIN PGP MESSAGE-----";
    if !start.windows(ARMOR.len()).any(|window| window == ARMOR) {
        return Err(MessageFault::NotAMessage.into());
    }
    let mode = ReaderMode::Tolerant(Some(Kind::Message));
    let armor = Reader::from_reader(Cursor::new(start).chain(source), mode);
    Ok(Box::new(BufReader::with_capacity(buffer, armor)))
}
