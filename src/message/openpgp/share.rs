//! Sharing: other recipients in front of the same sealed data.
//!
//! Only the packets in front of the encrypted data change. These are copied byte
//! for byte, and never decrypted here.

use std::io::{self, BufRead, Cursor, Read};

use sequoia_openpgp::Packet;
use sequoia_openpgp::packet::Tag;
use sequoia_openpgp::serialize::SerializeInto;

use super::beginning::begins_message;
use super::container::{Container, proves};
use super::front::{OpenPgpFront, RawFront, parse};
use super::packet::{Body, Header};
use crate::keys::{KeyHandle, MessageVersion, Recipient, Refusal};
use crate::message::copied::Copied;
use crate::message::fault::{MessageFault, OpenError};
use crate::message::format::Format;
use crate::message::front_limit::FrontLimit;
use crate::message::open::Source;
use crate::message::session::{ID, MessageId, MessageKey};
use crate::message::share::FrontKind;
use crate::message::sink::MessageSink;

/// The octets at the beginning of the encrypted data that identify a message,
/// with what precedes them: the header and the IV of GnuPG's packet.
const START: usize = 4 + 16 + ID;

/// The octets of the final tag.
const TAG: usize = 16;

/// An OpenPGP message whose recipients can be changed.
pub(crate) struct OpenPgpShared<'a> {
    packets: Vec<FrontPacket>,
    format: Format,
    /// The sealed data, from their header to the end of the source.
    sealed: io::Chain<Cursor<Vec<u8>>, Source<'a>>,
}

/// A packet in front of the sealed data, byte for byte.
struct FrontPacket {
    bytes: Vec<u8>,
    kind: FrontKind,
}

impl<'a> OpenPgpShared<'a> {
    /// Reads a message up to its sealed data.
    pub fn read(source: Source<'a>) -> Result<Self, OpenError> {
        let mut copied = Copied::new(source, Vec::new());
        let format = RawFront::read(&mut copied)?.container.format();
        let (source, octets) = copied.finish()?;
        let mut packets = Vec::new();
        let mut rest = octets.as_slice();
        loop {
            let before = rest;
            let header = Header::read(&mut rest)?.ok_or(MessageFault::Truncated)?;
            if matches!(header.tag, Tag::SEIP | Tag::AED) {
                let sealed = Cursor::new(before.to_vec()).chain(source);
                return Ok(Self {
                    packets,
                    format,
                    sealed,
                });
            }
            let mut body = Vec::new();
            let mut reader = Body::new(rest, header);
            reader.read_to_end(&mut body)?;
            rest = reader.into_inner();
            let length = before.len() - rest.len();
            let bytes = before.get(..length).unwrap_or_default().to_vec();
            let kind = kind(header.tag, &body, format);
            packets.push(FrontPacket { bytes, kind });
        }
    }

    /// Returns what precedes the sealed data, in its order.
    pub fn front(&self) -> Vec<&FrontKind> {
        self.packets.iter().map(|packet| &packet.kind).collect()
    }

    /// Returns the number of octets that precede the sealed data.
    pub fn front_length(&self) -> usize {
        self.packets.iter().map(|packet| packet.bytes.len()).sum()
    }

    /// Returns whether its front can be read.
    pub fn has_room(&self) -> bool {
        let (sealed, _) = self.sealed.get_ref();
        let packets = self.packets.iter().map(|packet| packet.bytes.as_slice());
        let front: Vec<&[u8]> = packets.chain([sealed.get_ref().as_slice()]).collect();
        let front = front.concat();
        FrontLimit::has_room(front.len()) && OpenPgpFront::read(front.as_slice()).is_ok()
    }

    fn version(&self) -> MessageVersion {
        match self.format {
            Format::Rfc9580 => MessageVersion::V2,
            _ => MessageVersion::V1,
        }
    }

    /// Refuses a recipient that can't read such a message.
    pub fn check(&self, recipient: &Recipient) -> Result<(), Refusal> {
        let version = self.version();
        match recipient.reads(version) {
            true => Ok(()),
            false => Err(Refusal::OtherVersion {
                subject: recipient.label().to_owned(),
                version: version.standard(),
            }),
        }
    }

    /// Returns the sealed data, from their header to the end of the source.
    pub fn into_sealed(self) -> impl BufRead + 'a {
        self.sealed
    }

    /// Returns what the message can be found by; `None` if it's too short.
    pub fn id(mut self) -> Result<Option<MessageId>, OpenError> {
        let header = Header::read(&mut self.sealed)?.ok_or(MessageFault::Truncated)?;
        let mut start = Vec::new();
        let body = Body::new(&mut self.sealed, header);
        body.take(START as u64).read_to_end(&mut start)?;
        let mut ends = Ends::default();
        ends.add(&start);
        Ok(ends.id(self.format))
    }

    /// Takes packets away.
    pub fn remove(&mut self, is_removed: impl Fn(&FrontKind) -> bool) {
        self.packets.retain(|packet| !is_removed(&packet.kind));
    }

    /// Adds a recipient behind the others.
    ///
    /// # Errors
    ///
    /// The session key can't be encrypted to it.
    pub fn add(
        &mut self,
        recipient: &Recipient,
        key: &MessageKey,
        hidden: bool,
    ) -> Result<(), String> {
        let bytes = recipient
            .wrap(key.cipher, &key.key, self.version(), hidden)
            .and_then(|pkesk| Packet::from(pkesk).to_vec())
            .map_err(|error| error.to_string())?;
        self.packets.push(FrontPacket {
            bytes,
            kind: FrontKind::Recipient(None),
        });
        Ok(())
    }

    /// Writes the message. Its sealed data are those that were read, and if
    /// version 2 or GnuPG's packet, the session key is proven by their final
    /// tag. Returns what the message can be found by.
    pub fn write_to(
        self,
        key: &MessageKey,
        mut sink: impl MessageSink,
    ) -> Result<MessageId, OpenError> {
        // What begins otherwise is taken for a text that may hold a message.
        let begins = |packet: &&FrontPacket| begins_message(&packet.bytes);
        let (first, others): (Vec<_>, Vec<_>) = self.packets.iter().partition(begins);
        for packet in first.into_iter().chain(others) {
            sink.write_all(&packet.bytes).map_err(OpenError::Write)?;
        }
        sink.begin_sealed();
        let mut copied = Copied::new(self.sealed, &mut sink);
        let header = Header::read(&mut copied)?.ok_or(MessageFault::Truncated)?;
        let mut body = Body::new(&mut copied, header);
        let mut ends = Ends::default();
        loop {
            let data = body.fill_buf()?;
            let length = data.len();
            if length == 0 {
                break;
            }
            ends.add(data);
            body.consume(length);
        }
        // What follows the message means nothing.
        loop {
            let length = copied.fill_buf()?.len();
            if length == 0 {
                break;
            }
            copied.consume(length);
        }
        copied.finish()?;
        let container = Container::read(ends.start.as_slice(), header.tag)?;
        if !proves(&container, key, ends.length, &ends.tag)? {
            return Err(MessageFault::Altered.into());
        }
        ends.id(self.format).ok_or(MessageFault::Truncated.into())
    }
}

/// Returns what a packet in front of the sealed data is. A PKESK of a version that
/// doesn't belong to them (RFC 9580, section 10.3.2.1) opens nothing.
fn kind(tag: Tag, body: &[u8], format: Format) -> FrontKind {
    let is_v2 = format == Format::Rfc9580;
    match tag {
        Tag::PKESK => match parse(Tag::PKESK, body) {
            Ok(Packet::PKESK(pkesk)) if (pkesk.version() == 6) == is_v2 => {
                FrontKind::Recipient(Some(KeyHandle::of(pkesk.recipient())))
            }
            Ok(Packet::PKESK(_)) => FrontKind::Nothing,
            _ => FrontKind::Recipient(None),
        },
        Tag::SKESK => FrontKind::Passphrase,
        _ => FrontKind::Nothing,
    }
}

/// The first and the last octets of a packet's body.
#[derive(Default)]
struct Ends {
    start: Vec<u8>,
    tag: [u8; TAG],
    /// The number of all octets.
    length: u64,
}

impl Ends {
    fn add(&mut self, data: &[u8]) {
        let missing = START.saturating_sub(self.start.len()).min(data.len());
        let (first, _) = data.split_at(missing);
        self.start.extend_from_slice(first);
        self.length += data.len() as u64;
        match data.last_chunk::<TAG>() {
            Some(tag) => self.tag = *tag,
            None => {
                self.tag.rotate_left(data.len());
                let (_, room) = self.tag.split_at_mut(TAG - data.len());
                room.copy_from_slice(data);
            }
        }
    }

    fn id(&self, format: Format) -> Option<MessageId> {
        // The version; or with cipher, mode and chunk size; and the IV.
        let before = match format {
            Format::Rfc9580 => 4,
            Format::LibrePgp => 4 + 15,
            _ => 1,
        };
        let id = self.start.get(before..)?.first_chunk::<ID>()?;
        Some(MessageId(*id))
    }
}
