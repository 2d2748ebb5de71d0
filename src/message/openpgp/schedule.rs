//! The keys and nonces of a version 2 message
//! ([RFC 9580, section 5.13.2](https://www.rfc-editor.org/rfc/rfc9580#section-5.13.2)).

use std::io;

use openssl::cipher::{Cipher, CipherRef};
use openssl::cipher_ctx::CipherCtx;
use openssl::md::Md;
use openssl::pkey::Id;
use openssl::pkey_ctx::PkeyCtx;
use sequoia_openpgp::crypto::SessionKey;
use sequoia_openpgp::crypto::mem::Protected;
use sequoia_openpgp::packet::Tag;
use sequoia_openpgp::types::{AEADAlgorithm, SymmetricAlgorithm};

use crate::message::fault::{MessageFault, internal};

/// The length of an authentication tag, for OCB and GCM alike.
pub(super) const TAG: usize = 16;

/// The length of the salt.
pub(super) const SALT: usize = 32;

/// The largest chunk that readers must support: 4 MiB.
const MAX_CHUNK_OCTET: u8 = 16;

/// The parameters of a version 2 container before its salt.
#[derive(Clone, Copy, Debug)]
pub(super) struct Parameters {
    pub cipher: SymmetricAlgorithm,
    pub mode: AEADAlgorithm,
    /// Chunks are 2 to the power of this plus 6 bytes.
    pub chunk_octet: u8,
}

impl Parameters {
    /// Returns the four octets after the packet header, version included.
    pub fn to_octets(self) -> [u8; 4] {
        [2, self.cipher.into(), self.mode.into(), self.chunk_octet]
    }

    /// Returns the size of a chunk's plaintext in bytes.
    pub fn chunk_size(self) -> Result<usize, MessageFault> {
        if self.chunk_octet > MAX_CHUNK_OCTET {
            return Err(MessageFault::Malformed("chunks of more than 4 MiB".into()));
        }
        Ok(1 << (self.chunk_octet + 6))
    }

    fn cipher(self) -> Result<&'static CipherRef, MessageFault> {
        use AEADAlgorithm::{GCM, OCB};
        use SymmetricAlgorithm::{AES128, AES192, AES256};
        Ok(match (self.cipher, self.mode) {
            (AES128, OCB) => Cipher::aes_128_ocb(),
            (AES192, OCB) => Cipher::aes_192_ocb(),
            (AES256, OCB) => Cipher::aes_256_ocb(),
            (AES128, GCM) => Cipher::aes_128_gcm(),
            (AES192, GCM) => Cipher::aes_192_gcm(),
            (AES256, GCM) => Cipher::aes_256_gcm(),
            (cipher, mode) => {
                return Err(MessageFault::Unsupported(format!("{cipher} with {mode}")));
            }
        })
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
    /// The parameters after the packet's tag octet: every chunk's associated
    /// data.
    associated: [u8; 5],
    /// The last eight octets count the chunks.
    nonce: Vec<u8>,
    index: u64,
    octets: u64,
}

impl ChunkCipher {
    /// Derives key and nonce from the session key, by HKDF with SHA-256.
    pub fn new(
        parameters: Parameters,
        salt: &[u8; SALT],
        session_key: &SessionKey,
        direction: Direction,
    ) -> io::Result<Self> {
        let cipher = parameters.cipher().map_err(io::Error::other)?;
        let nonce_length = parameters.mode.nonce_size().map_err(io::Error::other)?;
        let [version, algorithm, mode, chunk] = parameters.to_octets();
        let associated = [0xC0 | u8::from(Tag::SEIP), version, algorithm, mode, chunk];

        let mut derived = Protected::from(vec![0; cipher.key_length() + nonce_length - 8]);
        let mut hkdf = PkeyCtx::new_id(Id::HKDF)?;
        hkdf.derive_init()?;
        hkdf.set_hkdf_md(Md::sha256())?;
        hkdf.set_hkdf_salt(salt)?;
        hkdf.set_hkdf_key(session_key)?;
        hkdf.add_hkdf_info(&associated)?;
        hkdf.derive(Some(&mut derived))?;
        let (key, iv) = derived.split_at(cipher.key_length());
        let nonce = [iv, &[0; 8]].concat();

        let mut context = CipherCtx::new()?;
        begin(&mut context, direction, Some(cipher), None, None)?;
        context.set_iv_length(nonce_length)?;
        begin(&mut context, direction, None, Some(key), None)?;
        Ok(Self {
            context,
            direction,
            associated,
            nonce,
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
        // Using a nonce twice would reveal the content of both chunks.
        let counter = self.nonce.last_chunk_mut::<8>();
        *counter.ok_or_else(|| internal("a nonce without a counter"))? = self.index.to_be_bytes();
        begin(
            &mut self.context,
            self.direction,
            None,
            None,
            Some(&self.nonce),
        )?;
        self.context.cipher_update(&self.associated, None)?;
        self.index += 1;
        Ok(())
    }
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
