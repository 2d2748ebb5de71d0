//! Sealing: one file to one OpenPGP message.

use std::io::{self, Read, Write};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use flate2::write::DeflateEncoder;
use sequoia_openpgp::Packet;
use sequoia_openpgp::crypto::SessionKey;
use sequoia_openpgp::packet::Tag;
use sequoia_openpgp::serialize::SerializeInto;
use sequoia_openpgp::types::{CompressionAlgorithm, SymmetricAlgorithm};

use super::compress::{self, Judge};
use super::encrypt::ContainerWriter;
use super::framing::{PART, PacketWriter};
use super::sign::Signing;
use crate::keys::{MessageVersion, Recipients, SigningKey};
use crate::message::Compression;
use crate::message::SealError;
use crate::message::fault::internal;
use crate::message::io::fill;
use crate::message::session::{MessageKey, Session};
use crate::message::sink::MessageSink;

/// The beginning of the manifest of an archive.
const MANIFEST: &[u8] = b"# callseal-manifest ";

/// The key of AES-256, in bytes.
const SESSION_KEY: usize = 32;

/// The longest name that a literal packet holds, in bytes
/// ([RFC 9580, section 5.9](https://www.rfc-editor.org/rfc/rfc9580#section-5.9)).
pub const MAX_LITERAL_NAME: usize = 255;

/// How OpenPGP messages are sealed.
#[derive(Clone, Debug)]
pub(in crate::message) struct OpenPgpPlan {
    /// A version that all recipients read.
    pub version: MessageVersion,
    pub compression: Compression,
    /// Whether messages hide their recipients.
    pub hidden: bool,
    /// Whose signatures are inside.
    pub signers: Arc<[SigningKey]>,
}

/// Seals files one after the other.
pub(in crate::message) struct OpenPgpSealer<'a> {
    recipients: &'a Recipients,
    plan: &'a OpenPgpPlan,
    judge: Judge,
    buffer: Vec<u8>,
}

impl<'a> OpenPgpSealer<'a> {
    pub fn new(recipients: &'a Recipients, plan: &'a OpenPgpPlan) -> Self {
        Self {
            recipients,
            plan,
            judge: Judge::new(plan.compression),
            buffer: vec![0; PART],
        }
    }

    /// Reads a file to its end and writes it as one message. Returns the
    /// plaintext's length in bytes, and the message's session key.
    pub fn seal(
        &mut self,
        source: &mut dyn Read,
        name: &str,
        modified: SystemTime,
        mut sink: impl MessageSink,
    ) -> Result<(u64, Session), SealError> {
        let session_key = new_session_key().map_err(SealError::Write)?;
        let (version, hidden) = (self.plan.version, self.plan.hidden);
        write_pkesks(self.recipients, &session_key, version, hidden, &mut sink)?;
        sink.begin_sealed();
        let container = ContainerWriter::new(sink, self.plan.version, &session_key)
            .map_err(SealError::Write)?;

        // The first part decides about compression.
        let first = fill(source, &mut self.buffer).map_err(SealError::Read)?;
        let (head, _) = self.buffer.split_at_checked(first).ok_or_else(short)?;
        // A signature of it would serve for the archive that it lists.
        if !self.plan.signers.is_empty() && head.starts_with(MANIFEST) {
            return Err(SealError::SignedManifest);
        }
        let (length, id) = if self.judge.worthwhile(head) {
            let mut packet = PacketWriter::new(container, Tag::CompressedData);
            packet
                .write_all(&[CompressionAlgorithm::Zip.into()])
                .map_err(SealError::Write)?;
            let deflate = DeflateEncoder::new(packet, compress::LEVEL);
            let (deflate, length) = self.literal(source, first, name, modified, deflate)?;
            let (_, id) = deflate
                .finish()
                .and_then(PacketWriter::finish)
                .and_then(ContainerWriter::finish)
                .map_err(SealError::Write)?;
            (length, id)
        } else {
            let (container, length) = self.literal(source, first, name, modified, container)?;
            let (_, id) = container.finish().map_err(SealError::Write)?;
            (length, id)
        };
        let key = MessageKey::new(SymmetricAlgorithm::AES256, session_key);
        Ok((length, Session { id, key }))
    }

    /// Writes the literal packet, and its signatures around it. The first `first`
    /// bytes of the content are in the buffer already.
    fn literal<W: Write>(
        &mut self,
        source: &mut dyn Read,
        first: usize,
        name: &str,
        modified: SystemTime,
        mut sink: W,
    ) -> Result<(W, u64), SealError> {
        let mut signing = Signing::begin(&self.plan.signers, self.recipients)?;
        signing.write_announcements(&mut sink)?;
        let mut packet = PacketWriter::new(sink, Tag::Literal);
        packet
            .write_all(&literal_header(name, modified))
            .map_err(SealError::Write)?;
        let mut length = 0;
        let mut filled = first;
        while filled > 0 {
            let (part, _) = self.buffer.split_at_checked(filled).ok_or_else(short)?;
            packet.write_all(part).map_err(SealError::Write)?;
            signing.update(part);
            length += filled as u64;
            filled = fill(source, &mut self.buffer).map_err(SealError::Read)?;
        }
        let mut sink = packet.finish().map_err(SealError::Write)?;
        signing.write_signatures(&mut sink)?;
        Ok((sink, length))
    }
}

impl Drop for OpenPgpSealer<'_> {
    fn drop(&mut self) {
        zeroize::Zeroize::zeroize(&mut self.buffer);
    }
}

/// Returns the error for a part that is missing: it can't be left out.
fn short() -> SealError {
    SealError::Read(internal("more was read than there is room for"))
}

/// Makes the key of one message.
pub(super) fn new_session_key() -> io::Result<SessionKey> {
    SessionKey::new(SESSION_KEY).map_err(|e| io::Error::other(e.to_string()))
}

/// Writes the session key, encrypted to each recipient.
pub(super) fn write_pkesks(
    recipients: &Recipients,
    session_key: &SessionKey,
    version: MessageVersion,
    hidden: bool,
    sink: &mut impl Write,
) -> Result<(), SealError> {
    for recipient in recipients.iter() {
        let packet = recipient
            .wrap(SymmetricAlgorithm::AES256, session_key, version, hidden)
            .and_then(|pkesk| Packet::from(pkesk).to_vec())
            .map_err(|e| SealError::Recipient {
                label: recipient.label().to_owned(),
                reason: e.to_string(),
            })?;
        sink.write_all(&packet).map_err(SealError::Write)?;
    }
    Ok(())
}

/// Encodes format, name and date (RFC 9580, section 5.9).
pub(super) fn literal_header(name: &str, modified: SystemTime) -> Vec<u8> {
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
