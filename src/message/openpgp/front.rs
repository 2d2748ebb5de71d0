//! The front of a message, before its sealed data.

use std::io::{BufRead, Read};

use openpgp::packet::{PKESK, Packet, Tag};
use openpgp::parse::Parse;
use sequoia_openpgp as openpgp;

use super::container::Container;
use super::packet::{Body, Header, skip_meaningless};
use super::skesk::Skesk;
use crate::keys::{KeyHandle, algorithm_label};
use crate::message::envelope::Envelope;
use crate::message::fault::{MessageFault, OpenError};
use crate::message::format::Format;

/// The limits of a message's PKESKs, in number and in bytes together: more than
/// anybody seals to, and little enough to be held in memory.
pub(super) const MAX_PKESKS: usize = 2000;
pub(super) const MAX_PKESK_BYTES: u64 = 4 * 1024 * 1024;

/// The limit of PKESKs of unknown kinds: recognising one as unknown takes
/// longer than reading a known one.
const MAX_UNKNOWN: usize = 64;

/// The limit of a message's SKESKs, each of which costs the time of a
/// passphrase's derivation, and the bytes that are read of each.
const MAX_SKESKS: usize = 8;
const MAX_SKESK_BYTES: u64 = 512;

/// The limit of markers and padding, of which nobody needs more than one.
const MAX_MEANINGLESS: usize = 64;

/// A message read up to its sealed data.
pub(in crate::message) struct OpenPgpFront<R> {
    pub(super) pkesks: Vec<PKESK>,
    /// The kinds of the PKESKs that sequoia doesn't know.
    pub(super) unknown: Vec<String>,
    pub(super) skesks: Vec<Skesk>,
    /// The number of PKESKs and SKESKs of versions that don't belong to the
    /// container (RFC 9580, section 10.3.2.1): they are not among the others.
    pub(super) strays: usize,
    pub(super) container: Container<Body<R>>,
}

impl<R: BufRead> OpenPgpFront<R> {
    /// Returns what it shows to everybody.
    pub fn envelope(&self) -> Envelope {
        let parameters = self.container.parameters();
        Envelope {
            recipients: self.recipients().collect(),
            algorithms: self.pkesks.iter().map(PKESK::pk_algo).collect(),
            unsupported: self.pkesks.iter().map(unsupported).collect(),
            others: self.unknown.clone(),
            passphrases: self.skesks.len(),
            format: self.container.format(),
            cipher: parameters.map(|p| format!("{} with {}", p.cipher, p.mode)),
        }
    }

    pub(super) fn recipients(&self) -> impl Iterator<Item = KeyHandle> {
        let pkesks = self.pkesks.iter();
        pkesks.map(|pkesk| KeyHandle::of(pkesk.recipient()))
    }
}

impl<R: BufRead> OpenPgpFront<R> {
    pub fn read(source: R) -> Result<Self, OpenError> {
        let RawFront {
            pkesks: bodies,
            mut skesks,
            container,
        } = RawFront::read(source)?;
        let mut pkesks = Vec::new();
        let mut unknown = Vec::new();
        for body in bodies {
            // A PKESK of a kind that sequoia doesn't know is for others.
            match parse(Tag::PKESK, &body) {
                Ok(Packet::PKESK(pkesk)) => pkesks.push(pkesk),
                _ if unknown.len() > MAX_UNKNOWN => return Err(too_many_recipients()),
                _ => unknown.push(unknown_kind(&body)),
            }
        }
        // RFC 9580, section 10.3.2.1: packets of other versions don't belong to
        // this container.
        let is_v2 = container.format() == Format::Rfc9580;
        let all = pkesks.len() + skesks.len();
        pkesks.retain(|pkesk| (pkesk.version() == 6) == is_v2);
        skesks.retain(|skesk| (skesk.version() == 6) == is_v2);
        Ok(Self {
            strays: all - pkesks.len() - skesks.len(),
            pkesks,
            unknown,
            skesks,
            container,
        })
    }
}

/// The same, with its recipients as they are: for whoever has the session key
/// already, they don't matter.
pub(in crate::message) struct RawFront<R> {
    /// The bodies of the PKESKs.
    pkesks: Vec<Vec<u8>>,
    skesks: Vec<Skesk>,
    pub(super) container: Container<Body<R>>,
}

impl<R: BufRead> RawFront<R> {
    /// Returns the recipients that can be read.
    pub(super) fn recipients(&self) -> Vec<KeyHandle> {
        let parsed = self.pkesks.iter().map(|body| parse(Tag::PKESK, body));
        let handles = parsed.filter_map(|packet| match packet {
            Ok(Packet::PKESK(pkesk)) => Some(KeyHandle::of(pkesk.recipient())),
            _ => None,
        });
        handles.collect()
    }

    pub fn read(mut source: R) -> Result<Self, OpenError> {
        let mut pkesks = Vec::new();
        let mut skesks = Vec::new();
        let mut room = MAX_PKESK_BYTES;
        let mut meaningless = 0;
        let mut first = true;
        while let Some(header) = Header::read(&mut source)? {
            match header.tag {
                Tag::PKESK => {
                    let mut body = Vec::new();
                    let mut reader = Body::new(&mut source, header).take(room + 1);
                    let read = reader.read_to_end(&mut body)? as u64;
                    if read > room || pkesks.len() >= MAX_PKESKS {
                        return Err(too_many_recipients());
                    }
                    room -= read;
                    pkesks.push(body);
                }
                Tag::SKESK => {
                    if skesks.len() >= MAX_SKESKS {
                        let what = "it is sealed with too many passphrases";
                        return Err(MessageFault::Malformed(what.into()).into());
                    }
                    let mut start = Vec::new();
                    let mut body = Body::new(&mut source, header);
                    body.by_ref()
                        .take(MAX_SKESK_BYTES)
                        .read_to_end(&mut start)?;
                    // A longer one is of an unknown kind.
                    body.skip()?;
                    skesks.push(Skesk::read(&start));
                }
                Tag::Marker | Tag::Padding => {
                    meaningless += 1;
                    if meaningless > MAX_MEANINGLESS {
                        let what = "it begins with too many markers";
                        return Err(MessageFault::Malformed(what.into()).into());
                    }
                    skip_meaningless(&mut source, header)?;
                }
                Tag::SEIP | Tag::AED => {
                    return Ok(Self {
                        pkesks,
                        skesks,
                        container: Container::read(Body::new(source, header), header.tag)?,
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

fn too_many_recipients() -> OpenError {
    MessageFault::Malformed("it has too many recipients".into()).into()
}

/// Returns the kind of key in a PKESK that sequoia doesn't know, by its
/// algorithm (RFC 9580, sections 5.1.1 and 5.1.2).
fn unknown_kind(body: &[u8]) -> String {
    let algorithm = match body {
        [3, rest @ ..] => rest.get(8),
        [6, length, rest @ ..] => rest.get(usize::from(*length)),
        _ => None,
    };
    match algorithm {
        // LibrePGP.
        Some(8) => "a Kyber key".into(),
        // draft-ietf-openpgp-pqc.
        Some(35) => "a key of ML-KEM-768 and X25519".into(),
        Some(36) => "a key of ML-KEM-1024 and X448".into(),
        Some(other) => format!("a key of algorithm {other}"),
        None => "a kind of key that is not known".into(),
    }
}

/// Returns the name of a PKESK's algorithm, if no key opens it.
fn unsupported(pkesk: &PKESK) -> Option<String> {
    let algorithm = pkesk.pk_algo();
    (!algorithm.is_supported()).then(|| algorithm_label(algorithm))
}

/// Returns the meaning of a packet where the sealed data should be.
fn unsealed(tag: Tag, first: bool) -> MessageFault {
    match tag {
        Tag::SED => MessageFault::NoIntegrityProtection,
        Tag::Literal | Tag::CompressedData | Tag::OnePassSig | Tag::Signature => {
            MessageFault::NotEncrypted
        }
        _ if first => MessageFault::NotAMessage,
        other => MessageFault::Malformed(format!("a {other} before the sealed data")),
    }
}

/// Reads one packet from its body, with sequoia's parser.
pub(super) fn parse(tag: Tag, body: &[u8]) -> openpgp::Result<Packet> {
    let mut bytes = vec![0xC0 | u8::from(tag), 0xFF];
    bytes.extend(u32::try_from(body.len())?.to_be_bytes());
    bytes.extend_from_slice(body);
    Packet::from_bytes(&bytes)
}
