//! Compressed packets.

use std::io::{self, BufRead, BufReader, Read};

use bzip2::bufread::BzDecoder;
use flate2::bufread::{DeflateDecoder, ZlibDecoder};
use sequoia_openpgp::types::CompressionAlgorithm;

use super::packet::read_u8;
use crate::message::fault::{MessageFault, OpenError};
use crate::message::io::BUFFER;

/// The algorithms of compressed packets
/// ([RFC 9580, section 9.4](https://www.rfc-editor.org/rfc/rfc9580#section-9.4)).
pub(super) enum Inflate<R> {
    None(R),
    Zip(DeflateDecoder<R>),
    Zlib(ZlibDecoder<R>),
    Bzip2(BzDecoder<R>),
}

/// Reads the algorithm of a compressed packet, which precedes what is compressed.
///
/// # Errors
///
/// It isn't supported.
pub(super) fn algorithm(body: &mut impl BufRead) -> Result<CompressionAlgorithm, OpenError> {
    use CompressionAlgorithm::{BZip2, Uncompressed, Zip, Zlib};
    match CompressionAlgorithm::from(read_u8(body)?) {
        supported @ (Uncompressed | Zip | Zlib | BZip2) => Ok(supported),
        other => Err(MessageFault::Unsupported(format!("compression by {other}")).into()),
    }
}

/// Reads what a supported algorithm has compressed.
pub(super) fn inflate<R: BufRead>(
    body: R,
    algorithm: CompressionAlgorithm,
) -> BufReader<Inflate<R>> {
    let inflate = match algorithm {
        CompressionAlgorithm::Zip => Inflate::Zip(DeflateDecoder::new(body)),
        CompressionAlgorithm::Zlib => Inflate::Zlib(ZlibDecoder::new(body)),
        CompressionAlgorithm::BZip2 => Inflate::Bzip2(BzDecoder::new(body)),
        _ => Inflate::None(body),
    };
    BufReader::with_capacity(BUFFER, inflate)
}

impl<R> Inflate<R> {
    pub fn into_inner(self) -> R {
        match self {
            Self::None(source) => source,
            Self::Zip(decoder) => decoder.into_inner(),
            Self::Zlib(decoder) => decoder.into_inner(),
            Self::Bzip2(decoder) => decoder.into_inner(),
        }
    }
}

impl<R: BufRead> Read for Inflate<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::None(source) => source.read(buffer),
            Self::Zip(decoder) => decoder.read(buffer),
            Self::Zlib(decoder) => decoder.read(buffer),
            Self::Bzip2(decoder) => decoder.read(buffer),
        }
    }
}
