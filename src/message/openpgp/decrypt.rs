//! Reading the encrypted container: SEIPD packets of both versions
//! ([RFC 9580, section 5.13](https://www.rfc-editor.org/rfc/rfc9580#section-5.13)).
//!
//! A container is first read without a key, as far as is needed to try session
//! keys on it. Once one fits, it reads as plaintext.

use std::io::{self, BufRead, Read};

use openssl::cipher::{Cipher, CipherRef};
use openssl::cipher_ctx::CipherCtx;
use openssl::sha::Sha1;
use sequoia_openpgp::crypto::SessionKey;
use sequoia_openpgp::types::{AEADAlgorithm, SymmetricAlgorithm};
use zeroize::Zeroizing;

use super::encrypt::MDC_HEADER;
use super::packet::{read_array, read_u8};
use super::schedule::{ChunkCipher, Direction, Parameters, SALT, TAG};
use crate::keys::MessageVersion;
use crate::message::fault::{MessageFault, OpenError, internal};
use crate::message::io::read_buffered;

/// AES' block size: only ciphers with this size are read.
const BLOCK: usize = 16;

/// The modification detection code with its header, at a version 1
/// container's end.
const MDC: usize = MDC_HEADER.len() + 20;

/// A container, locked until a session key fits. It reads as plaintext, or as
/// an error if it was altered or truncated. Its end is reported only when all
/// of it is authentic.
pub(super) enum Container<R> {
    V1(Cfb<R>),
    V2(Aead<R>),
}

impl<R: BufRead> Container<R> {
    /// Reads the container's own header.
    pub fn read(mut source: R) -> Result<Self, OpenError> {
        match read_u8(&mut source)? {
            1 => Ok(Self::V1(Cfb {
                prefix: read_array(&mut source)?,
                source,
                key: None,
                plain: Zeroizing::default(),
                start: 0,
                hashed: 0,
                ended: false,
            })),
            2 => {
                let [cipher, mode, chunk_octet] = read_array(&mut source)?;
                let parameters = Parameters {
                    cipher: SymmetricAlgorithm::from(cipher),
                    mode: AEADAlgorithm::from(mode),
                    chunk_octet,
                };
                Ok(Self::V2(Aead {
                    parameters,
                    chunk_size: parameters.chunk_size()?,
                    salt: read_array(&mut source)?,
                    source,
                    key: None,
                    ahead: Vec::new(),
                    plain: Zeroizing::default(),
                    start: 0,
                    ended: false,
                }))
            }
            version => {
                let what = format!("encrypted data of version {version}");
                Err(MessageFault::Unsupported(what).into())
            }
        }
    }

    /// Returns its version.
    pub fn version(&self) -> MessageVersion {
        match self {
            Self::V1(_) => MessageVersion::V1,
            Self::V2(_) => MessageVersion::V2,
        }
    }

    /// Returns the cipher and mode, if the container shows them.
    pub fn parameters(&self) -> Option<Parameters> {
        match self {
            Self::V1(_) => None,
            Self::V2(aead) => Some(aead.parameters),
        }
    }

    /// Unlocks the container, if its start shows that the session key fits: for
    /// version 2 the whole first chunk is authentic then, for version 1 two
    /// octets are right.
    pub fn unlock(
        &mut self,
        cipher: Option<SymmetricAlgorithm>,
        session_key: &SessionKey,
    ) -> Result<bool, OpenError> {
        match self {
            Self::V1(cfb) => cfb.unlock(cipher, session_key),
            Self::V2(aead) => aead.unlock(session_key),
        }
    }

    /// Returns the source at its current position.
    pub fn into_inner(self) -> R {
        match self {
            Self::V1(cfb) => cfb.source,
            Self::V2(aead) => aead.source,
        }
    }
}

impl<R: BufRead> BufRead for Container<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        match self {
            Self::V1(cfb) => cfb.fill_buf(),
            Self::V2(aead) => aead.fill_buf(),
        }
    }

    fn consume(&mut self, amount: usize) {
        match self {
            Self::V1(cfb) => cfb.start += amount,
            Self::V2(aead) => aead.start += amount,
        }
    }
}

impl<R: BufRead> Read for Container<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        read_buffered(self, buffer)
    }
}

/// Version 1: CFB with a modification detection code.
pub(super) struct Cfb<R> {
    /// The encrypted random block with its two repeated octets.
    prefix: [u8; BLOCK + 2],
    source: R,
    key: Option<(CipherCtx, Sha1)>,
    /// Decrypted content, to be read from `start` on. The last [`MDC`] bytes
    /// are held back: at the container's end they are its code.
    plain: Zeroizing<Vec<u8>>,
    start: usize,
    hashed: usize,
    ended: bool,
}

impl<R: BufRead> Cfb<R> {
    fn unlock(
        &mut self,
        cipher: Option<SymmetricAlgorithm>,
        session_key: &SessionKey,
    ) -> Result<bool, OpenError> {
        let cipher = cfb_cipher(cipher)?;
        if session_key.len() != cipher.key_length() {
            return Ok(false);
        }
        let mut context = CipherCtx::new().map_err(io::Error::from)?;
        let mut start = Vec::with_capacity(2 * BLOCK + 2);
        context
            .decrypt_init(Some(cipher), Some(session_key), Some(&[0; BLOCK]))
            .and_then(|()| context.cipher_update_vec(&self.prefix, &mut start))
            .map_err(io::Error::from)?;
        if start.get(BLOCK - 2..BLOCK) != start.get(BLOCK..) {
            return Ok(false);
        }
        let mut hash = Sha1::new();
        hash.update(&start);
        self.key = Some((context, hash));
        Ok(true)
    }

    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        let (cipher, hash) = self.key.as_mut().ok_or_else(locked)?;
        while !self.ended && self.plain.len() <= self.start + MDC {
            self.plain.drain(..self.start);
            (self.start, self.hashed) = (0, 0);
            let encrypted = self.source.fill_buf()?;
            let n = encrypted.len();
            if n > 0 {
                cipher.cipher_update_vec(encrypted, &mut self.plain)?;
                self.source.consume(n);
                if let Some(released) = self.plain.len().checked_sub(MDC) {
                    let unhashed = self.plain.get(self.hashed..released);
                    hash.update(unhashed.ok_or_else(|| internal("more was hashed than there is"))?);
                    self.hashed = released;
                }
                continue;
            }
            let Some((header, code)) = self
                .plain
                .split_at_checked(MDC_HEADER.len())
                .filter(|(header, code)| header.len() + code.len() == MDC)
            else {
                return Err(MessageFault::Truncated.into());
            };
            hash.update(header);
            if header != MDC_HEADER || hash.clone().finish() != code {
                return Err(MessageFault::Altered.into());
            }
            self.plain.clear();
            self.ended = true;
        }
        if self.ended {
            return Ok(&[]);
        }
        let unread = self.plain.split_last_chunk::<MDC>();
        let unread = unread.and_then(|(released, _)| released.get(self.start..));
        unread.ok_or_else(|| internal("more was taken than was decrypted"))
    }
}

fn cfb_cipher(cipher: Option<SymmetricAlgorithm>) -> Result<&'static CipherRef, MessageFault> {
    match cipher {
        Some(SymmetricAlgorithm::AES128) => Ok(Cipher::aes_128_cfb128()),
        Some(SymmetricAlgorithm::AES192) => Ok(Cipher::aes_192_cfb128()),
        Some(SymmetricAlgorithm::AES256) => Ok(Cipher::aes_256_cfb128()),
        Some(other) => Err(MessageFault::Unsupported(other.to_string())),
        None => Err(MessageFault::Malformed(
            "a session key without a cipher".into(),
        )),
    }
}

/// Version 2: chunks, each with its own tag.
pub(super) struct Aead<R> {
    parameters: Parameters,
    chunk_size: usize,
    salt: [u8; SALT],
    source: R,
    key: Option<ChunkCipher>,
    /// Encrypted octets: up to a chunk with its tag and one more tag, as the
    /// container's last [`TAG`] octets are its final tag.
    ahead: Vec<u8>,
    /// One authentic chunk, to be read from `start` on.
    plain: Zeroizing<Vec<u8>>,
    start: usize,
    ended: bool,
}

impl<R: BufRead> Aead<R> {
    fn unlock(&mut self, session_key: &SessionKey) -> Result<bool, OpenError> {
        let expected = self.parameters.cipher.key_size().ok();
        if expected.is_some_and(|size| size != session_key.len()) {
            return Ok(false);
        }
        let mut cipher =
            ChunkCipher::new(self.parameters, &self.salt, session_key, Direction::Decrypt)?;
        self.fill_ahead()?;
        let encrypted = self.ahead.clone();
        match self.next_chunk(&mut cipher) {
            Ok(()) => {
                self.key = Some(cipher);
                Ok(true)
            }
            Err(MessageFault::Altered) => {
                self.ahead = encrypted;
                Ok(false)
            }
            Err(fault) => Err(fault.into()),
        }
    }

    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        let mut cipher = self.key.take().ok_or_else(locked)?;
        while !self.ended && self.start >= self.plain.len() {
            self.fill_ahead()?;
            self.next_chunk(&mut cipher).map_err(io::Error::from)?;
        }
        self.key = Some(cipher);
        let unread = self.plain.get(self.start..);
        unread.ok_or_else(|| internal("more was taken than was decrypted"))
    }

    fn fill_ahead(&mut self) -> io::Result<()> {
        let wanted = self.full().checked_sub(self.ahead.len());
        let wanted = wanted.ok_or_else(|| internal("more was read than a chunk has"))?;
        self.source
            .by_ref()
            .take(wanted as u64)
            .read_to_end(&mut self.ahead)?;
        Ok(())
    }

    fn full(&self) -> usize {
        self.chunk_size + 2 * TAG
    }

    /// Decrypts the next chunk. At the container's end, checks the final tag
    /// with it, before anything of the last chunk is released.
    fn next_chunk(&mut self, cipher: &mut ChunkCipher) -> Result<(), MessageFault> {
        let last = self.ahead.len() < self.full();
        let length = self
            .ahead
            .len()
            .checked_sub(TAG)
            .ok_or(MessageFault::Truncated)?;
        let altered = |_: io::Error| MessageFault::Altered;
        self.start = 0;
        self.plain.clear();
        self.plain.extend(self.ahead.drain(..length));
        if length > 0 {
            let content = length.checked_sub(TAG).ok_or(MessageFault::Truncated)?;
            let outcome = cipher.chunk(&mut self.plain, content).map_err(altered);
            self.plain
                .truncate(if outcome.is_ok() { content } else { 0 });
            outcome?;
        }
        if last {
            let mut tag = [0; TAG];
            tag.copy_from_slice(self.ahead.get(..TAG).ok_or(MessageFault::Truncated)?);
            if cipher.last(&mut tag).is_err() {
                self.plain.clear();
                return Err(MessageFault::Altered);
            }
            self.ended = true;
        }
        Ok(())
    }
}

/// Returns the error for reading while locked, or after an error.
fn locked() -> io::Error {
    MessageFault::Altered.into()
}
