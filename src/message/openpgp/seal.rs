//! Sealing: one file to one OpenPGP message.

use std::io::{self, Read, Write};
use std::time::{SystemTime, UNIX_EPOCH};

use flate2::write::DeflateEncoder;
use sequoia_openpgp::Packet;
use sequoia_openpgp::armor::{Kind, Writer};
use sequoia_openpgp::crypto::SessionKey;
use sequoia_openpgp::packet::Tag;
use sequoia_openpgp::serialize::SerializeInto;
use sequoia_openpgp::types::CompressionAlgorithm;
use thiserror::Error;

use super::compress::{self, Judge};
use super::encrypt::ContainerWriter;
use super::framing::{PART, PacketWriter};
use crate::cause::cause;
use crate::keys::{MessageVersion, RecipientError, Recipients};
use crate::message::text::Base64Writer;
use crate::options::{Compression, Format};

/// The key of AES-256, in bytes.
const SESSION_KEY: usize = 32;

/// The longest name that a literal packet holds, in bytes
/// ([RFC 9580, section 5.9](https://www.rfc-editor.org/rfc/rfc9580#section-5.9)).
pub const MAX_LITERAL_NAME: usize = 255;

/// How messages are sealed, decided once for all of them.
#[derive(Clone, Debug)]
pub struct SealPlan {
    recipients: Recipients,
    version: MessageVersion,
    compression: Compression,
    hidden: bool,
}

/// Whether a message is written as bytes or as text, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Armor {
    /// As bytes.
    Binary,
    /// As text between `-----BEGIN PGP MESSAGE-----` and its end
    /// ([RFC 9580, section 6](https://www.rfc-editor.org/rfc/rfc9580#section-6)).
    OpenPgp,
    /// As base64 and nothing else
    /// ([RFC 4648, section 4](https://www.rfc-editor.org/rfc/rfc4648#section-4)),
    /// with padding, in lines of 76 characters that each end in LF.
    Base64,
}

/// Why a message could not be sealed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SealError {
    /// The plaintext could not be read.
    #[error("{}", cause(.0))]
    Read(#[source] io::Error),
    /// The message could not be written.
    #[error("{}", cause(.0))]
    Write(#[source] io::Error),
    /// The session key could not be encrypted to a recipient.
    #[error("{label}: {reason}")]
    Recipient {
        /// Whose key it is.
        label: String,
        /// What went wrong.
        reason: String,
    },
}

impl SealPlan {
    /// Fixes the message version for the recipients. With `hidden`, messages
    /// don't tell whom they are sealed to.
    ///
    /// # Errors
    ///
    /// `format` asks for a version that a recipient can't read.
    pub fn new(
        recipients: Recipients,
        format: Format,
        compression: Compression,
        hidden: bool,
    ) -> Result<Self, RecipientError> {
        let version = recipients.message_version(match format {
            Format::Auto => None,
            Format::Rfc4880 => Some(MessageVersion::V1),
            Format::Rfc9580 => Some(MessageVersion::V2),
        })?;
        Ok(Self {
            recipients,
            version,
            compression,
            hidden,
        })
    }

    /// Whom it's sealed to.
    pub fn recipients(&self) -> &Recipients {
        &self.recipients
    }

    /// Which version of message is written.
    pub fn version(&self) -> MessageVersion {
        self.version
    }

    /// An upper estimate of a message's size in bytes, for a file of `length`
    /// bytes: 1/256 more, and 64 KiB plus 4 KiB for each recipient.
    pub fn at_most(&self, length: u64) -> u64 {
        let recipients = self.recipients.iter().count() as u64;
        length
            .saturating_add(length / 256)
            .saturating_add(64 * 1024 + 4096 * recipients)
    }

    /// A sealer, one for each thread.
    pub fn sealer(&self) -> Sealer<'_> {
        Sealer {
            plan: self,
            judge: Judge::new(self.compression),
            buffer: vec![0; PART],
        }
    }
}

/// Seals files one after the other.
pub struct Sealer<'a> {
    plan: &'a SealPlan,
    judge: Judge,
    buffer: Vec<u8>,
}

impl Sealer<'_> {
    /// Reads a file to its end and writes it as one message. The literal
    /// packet carries `name` (at most [`MAX_LITERAL_NAME`] bytes, else left
    /// empty) and `modified` (to the second; 0 where it is before 1970 or
    /// after 2106). Returns the plaintext's length in bytes.
    ///
    /// # Errors
    ///
    /// Reading or writing fails, or OpenSSL does.
    pub fn seal(
        &mut self,
        source: &mut dyn Read,
        name: &str,
        modified: SystemTime,
        mut sink: impl Write,
    ) -> Result<u64, SealError> {
        let session_key = SessionKey::new(SESSION_KEY)
            .map_err(|e| SealError::Write(io::Error::other(e.to_string())))?;
        for recipient in self.plan.recipients.iter() {
            let packet = recipient
                .wrap(&session_key, self.plan.version, self.plan.hidden)
                .and_then(|pkesk| Packet::from(pkesk).to_vec())
                .map_err(|e| SealError::Recipient {
                    label: recipient.label().to_owned(),
                    reason: e.to_string(),
                })?;
            sink.write_all(&packet).map_err(SealError::Write)?;
        }
        let container = ContainerWriter::new(sink, self.plan.version, &session_key)
            .map_err(SealError::Write)?;

        // The first part decides about compression.
        let first = fill(source, &mut self.buffer).map_err(SealError::Read)?;
        let head = self.buffer.get(..first).unwrap_or_default();
        if self.judge.worthwhile(head) {
            let mut packet = PacketWriter::new(container, Tag::CompressedData);
            packet
                .write_all(&[CompressionAlgorithm::Zip.into()])
                .map_err(SealError::Write)?;
            let deflate = DeflateEncoder::new(packet, compress::LEVEL);
            let (deflate, length) = self.literal(source, first, name, modified, deflate)?;
            deflate
                .finish()
                .and_then(PacketWriter::finish)
                .and_then(ContainerWriter::finish)
                .map_err(SealError::Write)?;
            Ok(length)
        } else {
            let (container, length) = self.literal(source, first, name, modified, container)?;
            container.finish().map_err(SealError::Write)?;
            Ok(length)
        }
    }

    /// The same, as text where `armor` says so.
    ///
    /// # Errors
    ///
    /// As for [`Sealer::seal`].
    pub fn seal_armored(
        &mut self,
        source: &mut dyn Read,
        name: &str,
        modified: SystemTime,
        armor: Armor,
        sink: &mut dyn Write,
    ) -> Result<u64, SealError> {
        match armor {
            Armor::Binary => self.seal(source, name, modified, sink),
            Armor::OpenPgp => {
                let mut text = Writer::new(sink, Kind::Message).map_err(SealError::Write)?;
                let length = self.seal(source, name, modified, &mut text)?;
                text.finalize().map_err(SealError::Write)?;
                Ok(length)
            }
            Armor::Base64 => {
                let mut text = Base64Writer::new(sink);
                let length = self.seal(source, name, modified, &mut text)?;
                text.finish().map_err(SealError::Write)?;
                Ok(length)
            }
        }
    }

    /// Writes the literal packet; the first `first` bytes of the content are
    /// in the buffer already.
    fn literal<W: Write>(
        &mut self,
        source: &mut dyn Read,
        first: usize,
        name: &str,
        modified: SystemTime,
        sink: W,
    ) -> Result<(W, u64), SealError> {
        let mut packet = PacketWriter::new(sink, Tag::Literal);
        packet
            .write_all(&literal_header(name, modified))
            .map_err(SealError::Write)?;
        let mut length = 0;
        let mut filled = first;
        while filled > 0 {
            let part = self.buffer.get(..filled).unwrap_or_default();
            packet.write_all(part).map_err(SealError::Write)?;
            length += filled as u64;
            filled = fill(source, &mut self.buffer).map_err(SealError::Read)?;
        }
        Ok((packet.finish().map_err(SealError::Write)?, length))
    }
}

impl Drop for Sealer<'_> {
    fn drop(&mut self) {
        zeroize::Zeroize::zeroize(&mut self.buffer);
    }
}

/// Format, name and date (RFC 9580, section 5.9).
fn literal_header(name: &str, modified: SystemTime) -> Vec<u8> {
    let name = if name.len() <= MAX_LITERAL_NAME {
        name
    } else {
        ""
    };
    let date = modified
        .duration_since(UNIX_EPOCH)
        .ok()
        .and_then(|since| u32::try_from(since.as_secs()).ok())
        .unwrap_or(0);
    let mut header = Vec::with_capacity(2 + name.len() + 4);
    header.push(b'b');
    header.push(name.len() as u8);
    header.extend_from_slice(name.as_bytes());
    header.extend_from_slice(&date.to_be_bytes());
    header
}

/// Reads until the buffer is full or the source at its end.
fn fill(source: &mut dyn Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while let Some(room) = buffer.get_mut(filled..).filter(|room| !room.is_empty()) {
        match source.read(room) {
            Ok(0) => break,
            Ok(n) => filled += n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(filled)
}
