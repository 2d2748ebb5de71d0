//! Containers of chunks, each with its own tag: SEIPD packets of version 2
//! ([RFC 9580, section 5.13.2](https://www.rfc-editor.org/rfc/rfc9580#section-5.13.2)),
//! and GnuPG's OCB packets.

use std::io::{self, BufRead, Read};

use sequoia_openpgp::crypto::SessionKey;
use sequoia_openpgp::types::SymmetricAlgorithm;
use zeroize::Zeroizing;

use super::locked;
use crate::message::fault::{MessageFault, OpenError, internal};
use crate::message::io::skip_to_end;
use crate::message::openpgp::cipher::aead;
use crate::message::openpgp::schedule::{
    AeadPacket, ChunkCipher, Direction, IvSource, Parameters, TAG,
};
use crate::message::session::MessageKey;

/// A container of chunks.
pub(in crate::message::openpgp) struct Chunked<R> {
    parameters: Parameters,
    chunk_size: usize,
    iv: IvSource,
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

impl<R: BufRead> Chunked<R> {
    /// Takes a source that continues with the first chunk.
    pub fn new(source: R, parameters: Parameters, iv: IvSource) -> Result<Self, OpenError> {
        Ok(Self {
            parameters,
            chunk_size: parameters.chunk_size()?,
            iv,
            source,
            key: None,
            ahead: Vec::new(),
            plain: Zeroizing::default(),
            start: 0,
            ended: false,
        })
    }

    pub fn parameters(&self) -> Parameters {
        self.parameters
    }

    /// Reads the first chunk.
    pub fn prepare(&mut self) -> Result<(), OpenError> {
        aead(self.parameters.cipher, self.parameters.mode)?;
        self.fill_ahead()?;
        match self.ahead.len() {
            // A chunk has a tag of its own.
            TAG => Ok(()),
            length if length < 2 * TAG => Err(MessageFault::Truncated.into()),
            _ => Ok(()),
        }
    }

    /// The cipher that comes with the session key counts only if the container
    /// doesn't belong to a session key without one.
    pub fn unlock(
        &mut self,
        cipher: Option<SymmetricAlgorithm>,
        session_key: &SessionKey,
    ) -> Result<bool, OpenError> {
        let own = self.parameters.cipher;
        let is_other =
            self.parameters.packet == AeadPacket::Ocb && cipher.is_some_and(|cipher| cipher != own);
        let size = own.key_size().ok();
        if is_other || size.is_some_and(|size| size != session_key.len()) {
            return Ok(false);
        }
        let mut cipher =
            ChunkCipher::new(self.parameters, &self.iv, session_key, Direction::Decrypt)?;
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

    /// Returns whether the final tag of a packet of this length proves a session
    /// key. It needs nothing else of the encrypted data.
    pub fn proves(
        &self,
        key: &MessageKey,
        length: u64,
        tag: &[u8; TAG],
    ) -> Result<bool, OpenError> {
        let header = 4 + match &self.iv {
            IvSource::Salt(salt) => salt.len(),
            IvSource::Iv(iv) => iv.len(),
        };
        let chunks_length = length
            .checked_sub((header + TAG) as u64)
            .ok_or(MessageFault::Truncated)?;
        if self.parameters.cipher.key_size().ok() != Some(key.key.len()) {
            return Ok(false);
        }
        let chunks = chunks_length.div_ceil((self.chunk_size + TAG) as u64);
        let octets = chunks_length
            .checked_sub(chunks.saturating_mul(TAG as u64))
            .ok_or(MessageFault::Truncated)?;
        let mut cipher = ChunkCipher::new(self.parameters, &self.iv, &key.key, Direction::Decrypt)?;
        cipher.pass_over(chunks, octets);
        Ok(cipher.last(&mut tag.clone()).is_ok())
    }

    /// Reads to the end, before any chunk was read. Each chunk has a tag, and the
    /// last of them something in it.
    pub fn pass_over(mut self) -> Result<R, OpenError> {
        aead(self.parameters.cipher, self.parameters.mode)?;
        let length = skip_to_end(&mut self.source)?;
        let chunks = length.checked_sub(TAG as u64);
        let last = chunks.map(|chunks| chunks % (self.chunk_size + TAG) as u64);
        match last.is_some_and(|last| last == 0 || last > TAG as u64) {
            true => Ok(self.source),
            false => Err(MessageFault::Truncated.into()),
        }
    }

    pub fn into_inner(self) -> R {
        self.source
    }

    pub fn consume(&mut self, amount: usize) {
        self.start += amount;
    }

    pub fn fill_buf(&mut self) -> io::Result<&[u8]> {
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
