//! Reading the encrypted container: SEIPD packets of both versions
//! ([RFC 9580, section 5.13](https://www.rfc-editor.org/rfc/rfc9580#section-5.13)),
//! and GnuPG's OCB packet.
//!
//! A container is first read without a key, as far as is needed to try session
//! keys on it. Once one fits, it reads as plaintext.

mod cfb;
mod chunked;

use std::io::{self, BufRead, Read};

use sequoia_openpgp::crypto::SessionKey;
use sequoia_openpgp::packet::Tag;
use sequoia_openpgp::types::{AEADAlgorithm, SymmetricAlgorithm};

use self::cfb::Cfb;
use self::chunked::Chunked;
use super::packet::{read_array, read_u8};
use super::schedule::{AeadPacket, IvSource, Parameters, TAG};
use crate::message::fault::{MessageFault, OpenError};
use crate::message::format::Format;
use crate::message::io::read_buffered;
use crate::message::session::MessageKey;

/// A container, locked until a session key fits. It reads as plaintext, or as
/// an error if it was altered or truncated. Its end is reported only when all
/// of it is authentic.
pub(super) enum Container<R> {
    /// SEIPD of version 1.
    Cfb(Cfb<R>),
    /// SEIPD of version 2, or an OCB packet.
    Chunked(Chunked<R>),
}

impl<R: BufRead> Container<R> {
    /// Reads the container's own header. The packet has this tag.
    pub fn read(mut source: R, tag: Tag) -> Result<Self, OpenError> {
        let version = read_u8(&mut source)?;
        let packet = match (tag, version) {
            (Tag::SEIP, 1) => return Ok(Self::Cfb(Cfb::read(source)?)),
            (Tag::SEIP, 2) => AeadPacket::Seipd2,
            (Tag::AED, 1) => AeadPacket::Ocb,
            (_, version) => {
                let what = format!("encrypted data of version {version}");
                return Err(MessageFault::Unsupported(what).into());
            }
        };
        let [cipher, mode, chunk_octet] = read_array(&mut source)?;
        let parameters = Parameters {
            packet,
            cipher: SymmetricAlgorithm::from(cipher),
            mode: AEADAlgorithm::from(mode),
            chunk_octet,
        };
        let iv = match packet {
            AeadPacket::Seipd2 => IvSource::Salt(read_array(&mut source)?),
            AeadPacket::Ocb => {
                let length = parameters.nonce_size()?;
                let mut iv = vec![0; length];
                source.read_exact(&mut iv)?;
                IvSource::Iv(iv)
            }
        };
        Ok(Self::Chunked(Chunked::new(source, parameters, iv)?))
    }

    /// Returns the format of its message.
    pub fn format(&self) -> Format {
        match self {
            Self::Cfb(_) => Format::Rfc4880,
            Self::Chunked(chunked) => match chunked.parameters().packet {
                AeadPacket::Seipd2 => Format::Rfc9580,
                AeadPacket::Ocb => Format::LibrePgp,
            },
        }
    }

    /// Returns the cipher and mode, if the container shows them.
    pub fn parameters(&self) -> Option<Parameters> {
        match self {
            Self::Cfb(_) => None,
            Self::Chunked(chunked) => Some(chunked.parameters()),
        }
    }

    /// Returns the cipher, if the container shows it or is unlocked.
    pub fn cipher(&self) -> Option<SymmetricAlgorithm> {
        match self {
            Self::Cfb(cfb) => cfb.cipher(),
            Self::Chunked(chunked) => Some(chunked.parameters().cipher),
        }
    }

    /// Reads as far as is needed to try session keys.
    ///
    /// # Errors
    ///
    /// No session key opens it: it is truncated, or its cipher isn't supported.
    pub fn prepare(&mut self) -> Result<(), OpenError> {
        match self {
            Self::Cfb(cfb) => cfb.prepare(),
            Self::Chunked(chunked) => chunked.prepare(),
        }
    }

    /// Unlocks the container, if its start shows that the session key fits: the
    /// whole first chunk is authentic then, or in version 1 two octets are
    /// right.
    pub fn unlock(
        &mut self,
        cipher: Option<SymmetricAlgorithm>,
        session_key: &SessionKey,
    ) -> Result<bool, OpenError> {
        match self {
            Self::Cfb(cfb) => cfb.unlock(cipher, session_key),
            Self::Chunked(chunked) => chunked.unlock(cipher, session_key),
        }
    }

    /// Reads a locked container to its end, and checks that sealed data can have
    /// its length. Returns the source, at its end.
    ///
    /// # Errors
    ///
    /// No session key opens it: it is truncated, or its cipher isn't supported.
    pub fn pass_over(self) -> Result<R, OpenError> {
        match self {
            Self::Cfb(cfb) => cfb.pass_over(),
            Self::Chunked(chunked) => chunked.pass_over(),
        }
    }

    /// Returns the source at its current position.
    pub fn into_inner(self) -> R {
        match self {
            Self::Cfb(cfb) => cfb.into_inner(),
            Self::Chunked(chunked) => chunked.into_inner(),
        }
    }
}

/// Returns whether a session key is proven by the final tag of a container whose
/// header has been read, and whose packet has this length with its header, in
/// octets. No tag says anything of version 1: `true`.
pub(super) fn proves<R: BufRead>(
    container: &Container<R>,
    key: &MessageKey,
    length: u64,
    tag: &[u8; TAG],
) -> Result<bool, OpenError> {
    match container {
        Container::Cfb(_) => Ok(true),
        Container::Chunked(chunked) => chunked.proves(key, length, tag),
    }
}

impl<R: BufRead> BufRead for Container<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        match self {
            Self::Cfb(cfb) => cfb.fill_buf(),
            Self::Chunked(chunked) => chunked.fill_buf(),
        }
    }

    fn consume(&mut self, amount: usize) {
        match self {
            Self::Cfb(cfb) => cfb.consume(amount),
            Self::Chunked(chunked) => chunked.consume(amount),
        }
    }
}

impl<R: BufRead> Read for Container<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        read_buffered(self, buffer)
    }
}

/// Returns the error for reading while locked, or after an error.
fn locked() -> io::Error {
    MessageFault::Altered.into()
}
