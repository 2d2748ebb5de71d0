//! Sharing: other recipients in front of the same sealed data.
//!
//! Only the packets in front of the encrypted data change. These are copied byte
//! for byte, and never decrypted here.

use std::io::{self, BufRead, Cursor, Read, Write};

use sequoia_openpgp::Packet;
use sequoia_openpgp::armor::{Kind, Writer};
use sequoia_openpgp::packet::Tag;
use sequoia_openpgp::serialize::SerializeInto;

use super::container::{Container, proves};
use super::front::{RawFront, parse};
use super::packet::{Body, Header};
use crate::keys::{KeyHandle, MessageVersion, Recipient};
use crate::message::fault::{MessageFault, OpenError, internal};
use crate::message::format::Format;
use crate::message::front_limit::FrontLimit;
use crate::message::io::read_buffered;
use crate::message::open::Source;
use crate::message::seal::{Armor, BASE64_LINE};
use crate::message::session::{ID, MessageId, MessageKey};
use crate::message::text::{self, Base64Writer};

/// The octets at the beginning of the encrypted data that identify a message,
/// with what precedes them: the header and the IV of GnuPG's packet.
const START: usize = 4 + 16 + ID;

/// The bytes that are copied at a time.
const BUFFER: usize = 256 * 1024;

/// The octets of the final tag.
const TAG: usize = 16;

/// A message whose recipients can be changed.
pub(crate) struct SharedMessage<'a> {
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

/// The meaning of a packet in front of the sealed data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum FrontKind {
    /// A recipient; its handle is `None` if it isn't known how it names it.
    Recipient(Option<KeyHandle>),
    Passphrase,
    /// What opens nothing: a marker, padding, or a PKESK of another version.
    Nothing,
}

impl<'a> SharedMessage<'a> {
    /// Reads an OpenPGP message, as bytes or as text, up to its sealed data.
    pub fn open(source: impl Read + Send + Sync + 'a) -> Result<Self, OpenError> {
        let (limit, source) = FrontLimit::new(source);
        let message = Self::read(text::binary(source, BUFFER)?)?;
        limit.lift();
        Ok(message)
    }

    fn read(source: Source<'a>) -> Result<Self, OpenError> {
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
    pub fn front(&self) -> impl Iterator<Item = &FrontKind> {
        self.packets.iter().map(|packet| &packet.kind)
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
        let version = match self.format {
            Format::Rfc9580 => MessageVersion::V2,
            _ => MessageVersion::V1,
        };
        let bytes = recipient
            .wrap(key.cipher, &key.key, version, hidden)
            .and_then(|pkesk| Packet::from(pkesk).to_vec())
            .map_err(|error| error.to_string())?;
        self.packets.push(FrontPacket {
            bytes,
            kind: FrontKind::Recipient(None),
        });
        Ok(())
    }

    /// Writes the message in a form, as [`write_to`](Self::write_to) does.
    pub fn write_as(
        self,
        armor: Armor,
        key: &MessageKey,
        sink: impl Write + Send + Sync,
    ) -> Result<MessageId, OpenError> {
        match armor {
            Armor::Binary => self.write_to(key, sink),
            Armor::Ascii => {
                let mut text = Writer::new(sink, Kind::Message).map_err(OpenError::Write)?;
                let id = self.write_to(key, &mut text)?;
                text.finalize().map_err(OpenError::Write)?;
                Ok(id)
            }
            Armor::Base64 => {
                let mut text = Base64Writer::new(sink, BASE64_LINE);
                let id = self.write_to(key, &mut text)?;
                text.finish().map_err(OpenError::Write)?;
                Ok(id)
            }
        }
    }

    /// Writes the message. Its sealed data are those that were read, and if
    /// version 2 or GnuPG's packet, the session key is proven by their final
    /// tag. Returns what the message can be found by.
    pub fn write_to(self, key: &MessageKey, mut sink: impl Write) -> Result<MessageId, OpenError> {
        for packet in &self.packets {
            sink.write_all(&packet.bytes).map_err(OpenError::Write)?;
        }
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

/// Copies what is consumed to a sink.
struct Copied<R, W> {
    source: R,
    sink: W,
    error: Option<io::Error>,
}

impl<R: BufRead, W: Write> Copied<R, W> {
    fn new(source: R, sink: W) -> Self {
        Self {
            source,
            sink,
            error: None,
        }
    }

    /// Returns source and sink, or the first error of writing.
    fn finish(self) -> Result<(R, W), OpenError> {
        match self.error {
            Some(error) => Err(OpenError::Write(error)),
            None => Ok((self.source, self.sink)),
        }
    }

    fn copy(&mut self, amount: usize) -> io::Result<()> {
        let data = self.source.fill_buf()?;
        let data = data.get(..amount);
        let data = data.ok_or_else(|| internal("more was taken than was read"))?;
        self.sink.write_all(data)
    }
}

impl<R: BufRead, W: Write> BufRead for Copied<R, W> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.source.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        if self.error.is_none() {
            self.error = self.copy(amount).err();
        }
        self.source.consume(amount);
    }
}

impl<R: BufRead, W: Write> Read for Copied<R, W> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        read_buffered(self, buffer)
    }
}
