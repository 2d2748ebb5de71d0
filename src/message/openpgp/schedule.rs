//! The keys and nonces of containers of chunks: SEIPD packets of version 2
//! ([RFC 9580, section 5.13.2](https://www.rfc-editor.org/rfc/rfc9580#section-5.13.2)),
//! and OCB packets
//! ([LibrePGP, section 5.16](https://datatracker.ietf.org/doc/html/draft-koch-librepgp-00#section-5.16)).

use std::io;

use hkdf::Hkdf;
use openssl::cipher::CipherRef;
use openssl::cipher_ctx::CipherCtx;
use sequoia_openpgp::crypto::SessionKey;
use sequoia_openpgp::crypto::mem::Protected;
use sequoia_openpgp::packet::Tag;
use sequoia_openpgp::types::{AEADAlgorithm, SymmetricAlgorithm};
use sha2::Sha256;
use zeroize::Zeroize;

use super::cipher::aead;
use crate::message::fault::{MessageFault, internal};

/// The length of an authentication tag, for OCB and GCM alike.
pub(super) const TAG: usize = 16;

/// The length of the salt.
pub(super) const SALT: usize = 32;

/// The largest chunk that readers must support: 4 MiB.
const MAX_CHUNK_OCTET: u8 = 16;

/// The kinds of packets that hold chunks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AeadPacket {
    /// SEIPD of version 2.
    Seipd2,
    /// GnuPG's OCB packet: tag 20, version 1. It's only read.
    Ocb,
}

/// What the nonces of a container are made from, which follows its parameters.
pub(super) enum IvSource {
    /// HKDF yields key and IV from it (SEIPD of version 2).
    Salt([u8; SALT]),
    /// The IV itself; the session key is the key (OCB packets).
    Iv(Vec<u8>),
}

/// The parameters of a container before its salt or IV.
#[derive(Clone, Copy, Debug)]
pub(super) struct Parameters {
    pub packet: AeadPacket,
    pub cipher: SymmetricAlgorithm,
    pub mode: AEADAlgorithm,
    /// Chunks are 2 to the power of this plus 6 bytes.
    pub chunk_octet: u8,
}

impl Parameters {
    /// Returns the packet's tag octet, without its length, and the four octets
    /// that begin its body, version included.
    pub fn to_octets(self) -> [u8; 5] {
        let (tag, version) = match self.packet {
            AeadPacket::Seipd2 => (Tag::SEIP, 2),
            AeadPacket::Ocb => (Tag::AED, 1),
        };
        let (cipher, mode) = (self.cipher.into(), self.mode.into());
        [
            0xC0 | u8::from(tag),
            version,
            cipher,
            mode,
            self.chunk_octet,
        ]
    }

    /// Returns the length of a nonce, in bytes.
    pub fn nonce_size(self) -> Result<usize, MessageFault> {
        let size = self.mode.nonce_size();
        size.map_err(|_| MessageFault::Unsupported(format!("{} with {}", self.cipher, self.mode)))
    }

    /// Returns the size of a chunk's plaintext in bytes.
    pub fn chunk_size(self) -> Result<usize, MessageFault> {
        if self.chunk_octet > MAX_CHUNK_OCTET {
            let what = "chunks of more than 4 MiB";
            return Err(match self.packet {
                AeadPacket::Seipd2 => MessageFault::Malformed(what.into()),
                // GnuPG's option --chunk-size makes them.
                AeadPacket::Ocb => MessageFault::Unsupported(what.into()),
            });
        }
        Ok(1 << (self.chunk_octet + 6))
    }
}

/// Encryption or decryption, chunk by chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    Encrypt,
    Decrypt,
}

/// A cipher context that steps from chunk to chunk.
pub(super) struct ChunkCipher {
    context: CipherCtx,
    direction: Direction,
    parameters: Parameters,
    /// The last eight octets of each nonce are these and the chunk's number, by
    /// exclusive or.
    iv: Vec<u8>,
    index: u64,
    octets: u64,
}

impl ChunkCipher {
    /// Derives key and IV from the session key, by HKDF with SHA-256 where there
    /// is a salt.
    pub fn new(
        parameters: Parameters,
        iv: &IvSource,
        session_key: &SessionKey,
        direction: Direction,
    ) -> io::Result<Self> {
        let cipher = aead(parameters.cipher, parameters.mode).map_err(io::Error::other)?;
        let nonce_size = parameters.nonce_size().map_err(io::Error::other)?;
        let (key, iv) = match iv {
            IvSource::Salt(salt) => {
                let mut derived = Protected::from(vec![0; cipher.key_length() + nonce_size - 8]);
                hkdf(
                    session_key,
                    Some(salt),
                    &parameters.to_octets(),
                    &mut derived,
                )?;
                let (key, iv) = derived.split_at(cipher.key_length());
                (Protected::from(key), [iv, &[0; 8]].concat())
            }
            IvSource::Iv(iv) => (Protected::from(&**session_key), iv.clone()),
        };
        let mut context = CipherCtx::new()?;
        begin(&mut context, direction, Some(cipher), None, None)?;
        context.set_iv_length(nonce_size)?;
        begin(&mut context, direction, None, Some(&key), None)?;
        Ok(Self {
            context,
            direction,
            parameters,
            iv,
            index: 0,
            octets: 0,
        })
    }

    /// Encrypts or decrypts the first `length` bytes of `chunk` in place. The
    /// tag is in the [`TAG`] bytes after them: it's written there on
    /// encryption, and checked on decryption (which fails if it is wrong).
    pub fn chunk(&mut self, chunk: &mut [u8], length: usize) -> io::Result<()> {
        self.step()?;
        let outside = || io::Error::from(io::ErrorKind::InvalidInput);
        let mut tag = [0; TAG];
        let behind = chunk.get(length..length + TAG).ok_or_else(outside)?;
        tag.copy_from_slice(behind);
        if self.direction == Direction::Decrypt {
            self.context.set_tag(&tag)?;
        }
        // OpenSSL uses the room of the tag as its block of slack.
        let done = self.context.cipher_update_inplace(chunk, length)?;
        let rest = chunk.get_mut(done..).ok_or_else(outside)?;
        self.context.cipher_final(rest)?;
        if self.direction == Direction::Encrypt {
            let behind = chunk.get_mut(length..length + TAG).ok_or_else(outside)?;
            self.context.tag(behind)?;
        }
        self.octets += length as u64;
        Ok(())
    }

    /// Passes over chunks, which have that many octets of plaintext.
    pub fn pass_over(&mut self, chunks: u64, octets: u64) {
        self.index += chunks;
        self.octets += octets;
    }

    /// Makes or checks the final tag, which covers the total length and so
    /// reveals truncation.
    pub fn last(&mut self, tag: &mut [u8; TAG]) -> io::Result<()> {
        let octets = self.octets.to_be_bytes();
        self.step()?;
        if self.direction == Direction::Decrypt {
            self.context.set_tag(tag)?;
        }
        self.context.cipher_update(&octets, None)?;
        self.context.cipher_final(&mut [0; TAG])?;
        if self.direction == Direction::Encrypt {
            self.context.tag(tag)?;
        }
        Ok(())
    }

    /// Sets the next chunk's nonce and associated data.
    fn step(&mut self) -> io::Result<()> {
        let index = self.index.to_be_bytes();
        // Using a nonce twice would reveal the content of both chunks.
        let mut nonce = self.iv.clone();
        let counter = nonce.last_chunk_mut::<8>();
        let counter = counter.ok_or_else(|| internal("a nonce without a counter"))?;
        for (octet, number) in counter.iter_mut().zip(index) {
            *octet ^= number;
        }
        begin(&mut self.context, self.direction, None, None, Some(&nonce))?;
        self.context
            .cipher_update(&self.parameters.to_octets(), None)?;
        if self.parameters.packet == AeadPacket::Ocb {
            self.context.cipher_update(&index, None)?;
        }
        self.index += 1;
        Ok(())
    }
}

/// Derives octets from a key, by HKDF with SHA-256
/// ([RFC 5869](https://www.rfc-editor.org/rfc/rfc5869)). OpenSSL takes longer to
/// set that up than to decrypt a call file.
pub(super) fn hkdf(
    key: &[u8],
    salt: Option<&[u8]>,
    info: &[u8],
    derived: &mut [u8],
) -> io::Result<()> {
    let (mut pseudorandom, hkdf) = Hkdf::<Sha256>::extract(salt, key);
    pseudorandom.as_mut_slice().zeroize();
    hkdf.expand(info, derived)
        .map_err(|_| internal("a key that is longer than HKDF makes any"))
}

fn begin(
    context: &mut CipherCtx,
    direction: Direction,
    cipher: Option<&CipherRef>,
    key: Option<&[u8]>,
    nonce: Option<&[u8]>,
) -> io::Result<()> {
    match direction {
        Direction::Encrypt => context.encrypt_init(cipher, key, nonce)?,
        Direction::Decrypt => context.decrypt_init(cipher, key, nonce)?,
    }
    Ok(())
}
