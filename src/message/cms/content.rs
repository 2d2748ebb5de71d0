//! Decrypting the content
//! ([RFC 5652, section 6.3](https://www.rfc-editor.org/rfc/rfc5652#section-6.3);
//! [RFC 5083](https://www.rfc-editor.org/rfc/rfc5083)).

use std::io::{self, BufRead, Read};

use openssl::cipher_ctx::CipherCtx;
use openssl::error::ErrorStack;
use zeroize::Zeroizing;

use super::ber::{Octets, Reader, malformed};
use super::cipher::{MAX_BLOCK, Parameters};
use super::end::End;
use super::recipient_info::ContentKey;
use crate::message::fault::{MessageFault, internal};
use crate::message::open::Padding;

/// The amount that is decrypted at a time, in bytes.
const PIECE: u64 = 64 * 1024;

/// The decrypted content of a message. Its end is reported only when the
/// padding or the tag is right, the structure is complete and nothing follows
/// it. Until then, what was read is unverified.
pub(super) struct Plaintext<R> {
    /// `None` after the end, and after an error.
    decryption: Option<Decryption<R>>,
    ended: bool,
    /// Decrypted content; the part from `start` to `end` is still to be read.
    plain: Zeroizing<Vec<u8>>,
    start: usize,
    end: usize,
}

struct Decryption<R> {
    reader: Reader<R>,
    content: Octets,
    cipher: CipherCtx,
    /// The size of the encrypted content, in bytes.
    total: u64,
    block: u64,
    tag: Option<usize>,
    /// The amount that is decrypted at a time, in bytes.
    piece: usize,
    padding: Padding,
}

impl<R: BufRead> Plaintext<R> {
    /// Starts after the header of the content.
    pub fn new(
        reader: Reader<R>,
        content: Octets,
        parameters: &Parameters,
        key: &ContentKey,
        padding: Padding,
    ) -> io::Result<Self> {
        let cipher = cipher(parameters, key)?;
        // Short contents need little, and all of it gets wiped.
        let length = content.length(&reader).unwrap_or(PIECE);
        let piece = length.clamp(1, PIECE) as usize;
        Ok(Self {
            decryption: Some(Decryption {
                reader,
                content,
                block: cipher.block_size() as u64,
                cipher,
                total: 0,
                tag: parameters.tag,
                piece,
                padding,
            }),
            ended: false,
            // The last block of a piece comes with the next one, and OpenSSL
            // needs room for one more than it writes.
            plain: Zeroizing::new(vec![0; piece + 2 * MAX_BLOCK]),
            start: 0,
            end: 0,
        })
    }
}

fn cipher(parameters: &Parameters, key: &ContentKey) -> io::Result<CipherCtx> {
    let Parameters { cipher, iv, tag } = parameters;
    // OpenSSL's bindings panic if there are fewer octets.
    if key.octets().len() != cipher.key_length() {
        return Err(malformed("its key is for another cipher"));
    }
    let mut context = CipherCtx::new()?;
    context.decrypt_init(Some(cipher.openssl()), None, None)?;
    if tag.is_some() {
        context.set_iv_length(iv.len())?;
    }
    context.decrypt_init(None, Some(key.octets()), Some(iv))?;
    Ok(context)
}

impl<R: BufRead> Decryption<R> {
    /// Decrypts a piece. Returns its length and whether it's the last one.
    fn piece(&mut self, plain: &mut [u8]) -> io::Result<(usize, bool)> {
        let mut filled = 0;
        while filled < self.piece {
            let octets = self.content.fill(&mut self.reader)?;
            let room = self.piece - filled;
            let octets = octets.get(..room).unwrap_or(octets);
            let (_, free) = plain
                .split_at_mut_checked(filled)
                .ok_or_else(|| internal("more was decrypted than there is room for"))?;
            if octets.is_empty() {
                return Ok((filled + self.finish(free)?, true));
            }
            let n = octets.len();
            filled += self.cipher.cipher_update(octets, Some(free))?;
            self.content.consume(&mut self.reader, n)?;
            self.total += n as u64;
        }
        Ok((filled, false))
    }

    /// Reads what follows the content, and checks that the content is complete.
    /// Returns the length of the last block.
    fn finish(&mut self, last: &mut [u8]) -> io::Result<usize> {
        // EncryptedContentInfo ends with its content.
        self.reader.leave()?;
        if self.tag.is_none() && (self.total == 0 || !self.total.is_multiple_of(self.block)) {
            return Err(MessageFault::Truncated.into());
        }
        let end = End::read(&mut self.reader, self.tag)?;
        if let Some(tag) = end.tag {
            self.cipher.set_tag(&tag)?;
        }
        self.padding.note(end.padding);
        // OpenSSL checks every octet of the padding.
        let altered = |_: ErrorStack| MessageFault::Altered;
        Ok(self.cipher.cipher_final(last).map_err(altered)?)
    }
}

impl<R: BufRead> BufRead for Plaintext<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        while self.start >= self.end && !self.ended {
            // After an error, nothing more can be read.
            let mut decryption = self.decryption.take().ok_or(MessageFault::Altered)?;
            (self.end, self.ended) = decryption.piece(&mut self.plain)?;
            self.start = 0;
            self.decryption = Some(decryption);
        }
        let unread = self.plain.get(self.start..self.end);
        unread.ok_or_else(|| internal("more was taken than was decrypted"))
    }

    fn consume(&mut self, amount: usize) {
        self.start += amount;
    }
}

impl<R: BufRead> Read for Plaintext<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.fill_buf()?.read(buffer)?;
        self.consume(n);
        Ok(n)
    }
}
