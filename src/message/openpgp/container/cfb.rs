//! SEIPD packets of version 1: CFB with a modification detection code
//! ([RFC 9580, section 5.13.1](https://www.rfc-editor.org/rfc/rfc9580#section-5.13.1)).

use std::io::{self, BufRead, Read};

use openssl::cipher_ctx::CipherCtx;
use openssl::sha::Sha1;
use sequoia_openpgp::crypto::SessionKey;
use sequoia_openpgp::types::SymmetricAlgorithm;
use zeroize::Zeroizing;

use super::locked;
use crate::message::fault::{MessageFault, OpenError, internal};
use crate::message::io::skip_to_end;
use crate::message::openpgp::cipher::CfbCipher;
use crate::message::openpgp::encrypt::MDC_HEADER;

/// The largest block of a cipher, in bytes.
const MAX_BLOCK: usize = 16;

/// The modification detection code with its header, at the container's end.
const MDC: usize = MDC_HEADER.len() + 20;

/// A container of version 1.
pub(in crate::message::openpgp) struct Cfb<R> {
    /// The first encrypted octets. They begin with a random block and its last
    /// two octets repeated. How long a block is depends on the cipher, which
    /// the session key comes with.
    start_encrypted: Vec<u8>,
    source: R,
    key: Option<(CipherCtx, Sha1, SymmetricAlgorithm)>,
    /// Decrypted content, to be read from `start` on. The last [`MDC`] bytes
    /// are held back: at the container's end they are its code.
    plain: Zeroizing<Vec<u8>>,
    start: usize,
    hashed: usize,
    ended: bool,
}

impl<R: BufRead> Cfb<R> {
    pub fn read(mut source: R) -> io::Result<Self> {
        let mut start_encrypted = Vec::with_capacity(MAX_BLOCK + 2);
        source
            .by_ref()
            .take(MAX_BLOCK as u64 + 2)
            .read_to_end(&mut start_encrypted)?;
        Ok(Self {
            start_encrypted,
            source,
            key: None,
            plain: Zeroizing::default(),
            start: 0,
            hashed: 0,
            ended: false,
        })
    }

    /// Checks that it is as long as the shortest container.
    pub fn prepare(&self) -> Result<(), OpenError> {
        match self.start_encrypted.len() < MAX_BLOCK + 2 {
            true => Err(MessageFault::Truncated.into()),
            false => Ok(()),
        }
    }

    pub fn cipher(&self) -> Option<SymmetricAlgorithm> {
        self.key.as_ref().map(|(_, _, cipher)| *cipher)
    }

    pub fn unlock(
        &mut self,
        cipher: Option<SymmetricAlgorithm>,
        session_key: &SessionKey,
    ) -> Result<bool, OpenError> {
        let algorithm = cipher
            .ok_or_else(|| MessageFault::Malformed("a session key without a cipher".into()))?;
        // A wrong passphrase yields any cipher.
        if algorithm.key_size().ok() != Some(session_key.len()) {
            return Ok(false);
        }
        // The sender may learn from this error that the key yielded a session
        // key. One that chance yields has a right checksum once in 65,536 times.
        let cipher = CfbCipher::of(algorithm)?;
        let mut context = cipher.decryption(session_key)?;
        let mut start = Zeroizing::new(Vec::with_capacity(2 * MAX_BLOCK + 2));
        context
            .cipher_update_vec(&self.start_encrypted, &mut start)
            .map_err(io::Error::from)?;
        let block = cipher.block_size();
        let (prefix, plain) = start
            .split_at_checked(block + 2)
            .ok_or(MessageFault::Truncated)?;
        if prefix.get(block - 2..block) != prefix.get(block..) {
            return Ok(false);
        }
        let mut hash = Sha1::new();
        hash.update(prefix);
        self.plain = Zeroizing::new(plain.to_vec());
        self.key = Some((context, hash, algorithm));
        Ok(true)
    }

    /// Reads to the end. Its shortest content is empty, and has a code.
    pub fn pass_over(mut self) -> Result<R, OpenError> {
        let rest = skip_to_end(&mut self.source)?;
        match self.start_encrypted.len() as u64 + rest < (MAX_BLOCK + 2 + MDC) as u64 {
            true => Err(MessageFault::Truncated.into()),
            false => Ok(self.source),
        }
    }

    pub fn into_inner(self) -> R {
        self.source
    }

    pub fn consume(&mut self, amount: usize) {
        self.start += amount;
    }

    pub fn fill_buf(&mut self) -> io::Result<&[u8]> {
        let (cipher, hash, _) = self.key.as_mut().ok_or_else(locked)?;
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
