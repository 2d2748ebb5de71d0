//! Writing the encrypted container: SEIPD packets of both versions
//! ([RFC 9580, section 5.13](https://www.rfc-editor.org/rfc/rfc9580#section-5.13)).

use std::io::{self, Read, Write};

use openssl::cipher::Cipher;
use openssl::cipher_ctx::CipherCtx;
use openssl::rand::rand_bytes;
use openssl::sha::Sha1;
use sequoia_openpgp::crypto::SessionKey;
use sequoia_openpgp::packet::Tag;
use sequoia_openpgp::types::{AEADAlgorithm, SymmetricAlgorithm};

use super::framing::PacketWriter;
use super::schedule::{AeadPacket, ChunkCipher, Direction, IvSource, Parameters, SALT, TAG};
use crate::keys::MessageVersion;
use crate::message::session::{ID, MessageId};

/// How version 2 containers are written: in chunks of 2 to the power of 12 + 6
/// bytes, 256 KiB, each of which is authenticated and released at a time.
const PARAMETERS: Parameters = Parameters {
    packet: AeadPacket::Seipd2,
    cipher: SymmetricAlgorithm::AES256,
    mode: AEADAlgorithm::OCB,
    chunk_octet: 12,
};
const CHUNK: usize = 1 << 18;

/// The header of the packet with the modification detection code: tag 19,
/// 20 octets (RFC 9580, section 5.13.1).
pub(super) const MDC_HEADER: [u8; 2] = [0xD3, 0x14];

/// The block size of AES.
const BLOCK: usize = 16;

/// Encrypts its input and writes one SEIPD packet to its sink.
pub(super) enum ContainerWriter<W> {
    V1(Box<CfbWriter<W>>),
    V2(Box<AeadWriter<W>>),
}

impl<W: Write> ContainerWriter<W> {
    pub fn new(sink: W, version: MessageVersion, session_key: &SessionKey) -> io::Result<Self> {
        Ok(match version {
            MessageVersion::V1 => Self::V1(Box::new(CfbWriter::new(sink, session_key)?)),
            MessageVersion::V2 => Self::V2(Box::new(AeadWriter::new(sink, session_key)?)),
        })
    }

    /// Ends the packet with its authentication. Returns the sink, and what the
    /// message can be found by.
    pub fn finish(self) -> io::Result<(W, MessageId)> {
        match self {
            Self::V1(writer) => writer.finish(),
            Self::V2(writer) => writer.finish(),
        }
    }
}

impl<W: Write> Write for ContainerWriter<W> {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        match self {
            Self::V1(writer) => writer.write(data),
            Self::V2(writer) => writer.write(data),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Version 1: AES-256 in CFB mode with a modification detection code.
pub(super) struct CfbWriter<W> {
    packet: PacketWriter<W>,
    cipher: CipherCtx,
    hash: Sha1,
    encrypted: Vec<u8>,
    /// The first octets, as many as there is room for.
    id: MessageId,
    id_filled: usize,
}

impl<W: Write> CfbWriter<W> {
    fn new(sink: W, session_key: &SessionKey) -> io::Result<Self> {
        let mut packet = PacketWriter::new(sink, Tag::SEIP);
        packet.write_all(&[1])?;
        let mut cipher = CipherCtx::new()?;
        // RFC 9580, section 5.13.1: the IV is zero; instead a random block
        // comes first, with its last two octets repeated.
        cipher.encrypt_init(
            Some(Cipher::aes_256_cfb128()),
            Some(session_key),
            Some(&[0; BLOCK]),
        )?;
        let mut writer = Self {
            packet,
            cipher,
            hash: Sha1::new(),
            encrypted: Vec::new(),
            id: MessageId([0; ID]),
            id_filled: 0,
        };
        let mut prefix = [0; BLOCK + 2];
        rand_bytes(&mut prefix[..BLOCK])?;
        prefix.copy_within(BLOCK - 2..BLOCK, BLOCK);
        writer.write_all(&prefix)?;
        Ok(writer)
    }

    fn finish(mut self) -> io::Result<(W, MessageId)> {
        // The hash covers the header of its own packet too.
        self.hash.update(&MDC_HEADER);
        let code = self.hash.clone().finish();
        self.write_all(&[&MDC_HEADER[..], &code].concat())?;
        Ok((self.packet.finish()?, self.id))
    }
}

impl<W: Write> Write for CfbWriter<W> {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        self.hash.update(data);
        self.encrypted.clear();
        self.cipher.cipher_update_vec(data, &mut self.encrypted)?;
        if let Some(room) = self.id.0.get_mut(self.id_filled..) {
            self.id_filled += (&*self.encrypted).read(room)?;
        }
        self.packet.write_all(&self.encrypted)?;
        Ok(data.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Version 2: AES-256 in OCB mode, chunk by chunk.
pub(super) struct AeadWriter<W> {
    packet: PacketWriter<W>,
    cipher: ChunkCipher,
    chunk: Vec<u8>,
    id: MessageId,
}

impl<W: Write> AeadWriter<W> {
    fn new(sink: W, session_key: &SessionKey) -> io::Result<Self> {
        let mut salt = [0; SALT];
        rand_bytes(&mut salt)?;
        let mut packet = PacketWriter::new(sink, Tag::SEIP);
        let [_, header @ ..] = PARAMETERS.to_octets();
        packet.write_all(&header)?;
        packet.write_all(&salt)?;
        let id = MessageId(salt);
        let salt = IvSource::Salt(salt);
        Ok(Self {
            packet,
            cipher: ChunkCipher::new(PARAMETERS, &salt, session_key, Direction::Encrypt)?,
            chunk: Vec::new(),
            id,
        })
    }

    fn write_chunk(&mut self) -> io::Result<()> {
        let length = self.chunk.len();
        self.chunk.resize(length + TAG, 0);
        self.cipher.chunk(&mut self.chunk, length)?;
        self.packet.write_all(&self.chunk)?;
        self.chunk.clear();
        Ok(())
    }

    fn finish(mut self) -> io::Result<(W, MessageId)> {
        if !self.chunk.is_empty() {
            self.write_chunk()?;
        }
        let mut tag = [0; TAG];
        self.cipher.last(&mut tag)?;
        self.packet.write_all(&tag)?;
        Ok((self.packet.finish()?, self.id))
    }
}

impl<W: Write> Write for AeadWriter<W> {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        let mut rest = data;
        while let Some((now, later)) = rest.split_at_checked(CHUNK - self.chunk.len()) {
            self.chunk.reserve_exact(now.len() + TAG);
            self.chunk.extend_from_slice(now);
            self.write_chunk()?;
            rest = later;
        }
        self.chunk.extend_from_slice(rest);
        Ok(data.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
