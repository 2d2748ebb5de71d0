//! Opening: one OpenPGP message to one file.

use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use flate2::bufread::{DeflateDecoder, ZlibDecoder};
use sequoia_openpgp::packet::Tag;
use sequoia_openpgp::types::CompressionAlgorithm;

use super::decrypt::Container;
use super::envelope::{BUFFER, Front, dearmored};
use super::packet::{Body, Header, read_array, read_u8};
use crate::keys::{Keyring, MessageVersion, NoIdentity, Passphrases};
use crate::message::expansion::Expansion;
use crate::message::fault::{MessageFault, OpenError};

/// Plaintext of a version 1 message that waits in memory for its
/// authentication, in bytes; more of it waits in an unnamed temporary file.
const SPOOL: usize = 8 * 1024 * 1024;

/// What the literal packet says of the file
/// ([RFC 9580, section 5.9](https://www.rfc-editor.org/rfc/rfc9580#section-5.9)).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LiteralHeader {
    /// The file's name, as bytes; empty where there is none.
    pub name: Vec<u8>,
    /// When the file was last changed, if the message tells.
    pub modified: Option<SystemTime>,
}

type Source<'a> = Box<dyn BufRead + Send + Sync + 'a>;
type Plaintext<'a> = Container<Body<Source<'a>>>;
type Inflated<'a> = BufReader<Inflate<Body<Plaintext<'a>>>>;

/// A message whose session key has been found, before its content is read.
///
/// In a version 2 message the literal header is authentic already; in one of
/// version 1 nothing is before [`OpenMessage::copy_to`] has returned.
pub struct OpenMessage<'a> {
    version: MessageVersion,
    literal: LiteralHeader,
    content: Content<'a>,
}

enum Content<'a> {
    Plain(Box<Body<Plaintext<'a>>>),
    Compressed(Box<Body<Inflated<'a>>>),
}

impl<'a> OpenMessage<'a> {
    /// Reads a message, armored or binary, up to its content and unlocks a
    /// key for it, if need be.
    ///
    /// # Errors
    ///
    /// No identity opens it, or it is not an encrypted message with integrity
    /// protection around one file.
    pub fn begin(
        source: impl Read + Send + Sync + 'a,
        keyring: &Keyring,
        passphrases: &dyn Passphrases,
    ) -> Result<Self, OpenError> {
        let front = Front::read(dearmored(source, BUFFER)?)?;
        let mut container = front.container;
        let version = container.version();
        if front.pkesks.is_empty() {
            return Err(match front.passphrases {
                0 => MessageFault::Malformed("it names no recipient".into()).into(),
                _ => NoIdentity::PassphraseOnly.into(),
            });
        }
        // A session key that came out of a PKESK whole, yet doesn't fit the
        // data, means that the data was altered: not that the key is wrong.
        let mut misfit = None;
        let found = keyring.open_session_key(
            &front.pkesks,
            container.parameters().map(|p| p.cipher),
            passphrases,
            &mut |cipher, session_key| match container.unlock(cipher, session_key) {
                Ok(true) => true,
                Ok(false) => {
                    misfit.get_or_insert(OpenError::Fault(MessageFault::Altered));
                    false
                }
                Err(error) => {
                    misfit.get_or_insert(error);
                    false
                }
            },
        );
        if let Err(no_identity) = found {
            return Err(misfit.unwrap_or(no_identity.into()));
        }

        let mut plaintext = container;
        let header = next_content(&mut plaintext)?;
        let (literal, content) = match header.tag {
            Tag::CompressedData => {
                let mut inflated = inflate(Body::new(plaintext, header))?;
                let header = next_content(&mut inflated)?;
                if header.tag != Tag::Literal {
                    let what = "compressed data inside of compressed data";
                    return Err(MessageFault::Malformed(what.into()).into());
                }
                let mut body = Body::new(inflated, header);
                (literal_header(&mut body)?, Content::Compressed(body.into()))
            }
            _ => {
                let mut body = Body::new(plaintext, header);
                (literal_header(&mut body)?, Content::Plain(body.into()))
            }
        };
        Ok(Self {
            version,
            literal,
            content,
        })
    }

    /// The literal header.
    pub fn literal(&self) -> &LiteralHeader {
        &self.literal
    }

    /// Which version of message it is.
    pub fn version(&self) -> MessageVersion {
        self.version
    }

    /// Writes the plaintext to `sink` and returns its length in bytes. Only
    /// when this returns `Ok` is all of it authentic: until then it must not
    /// be published.
    ///
    /// # Errors
    ///
    /// The message was altered or truncated, expands beyond what `expansion`
    /// allows, or reading or writing fails.
    pub fn copy_to(self, sink: &mut dyn Write, expansion: &Expansion) -> Result<u64, OpenError> {
        match self.content {
            Content::Plain(mut body) => {
                let length = copy(&mut body, sink, |_, _| Ok(()))?;
                finish(body.into_inner())?;
                Ok(length)
            }
            Content::Compressed(mut body) => {
                let length = copy(&mut body, sink, |so_far, more| {
                    expansion.spend(so_far, more)
                })?;
                let mut inflated = body.into_inner();
                expect_end(&mut inflated)?;
                let mut compressed = inflated.into_inner().into_inner();
                if !compressed.fill_buf()?.is_empty() {
                    let what = "data behind the compressed data";
                    return Err(MessageFault::Malformed(what.into()).into());
                }
                finish(compressed.into_inner())?;
                Ok(length)
            }
        }
    }

    /// Writes the plaintext to a pipe: nothing of it before it is authentic.
    /// Version 2 messages stream chunk by chunk; a later chunk may turn out to
    /// be altered, so that a failure means that what was written is only the
    /// start. Version 1 messages are held back to their end, in memory up to
    /// 8 MiB, else in an unnamed temporary file.
    ///
    /// # Errors
    ///
    /// As for [`OpenMessage::copy_to`].
    pub fn stream_to(self, sink: &mut dyn Write, expansion: &Expansion) -> Result<u64, OpenError> {
        if self.version == MessageVersion::V2 {
            return self.copy_to(sink, expansion);
        }
        let mut spool = tempfile::spooled_tempfile(SPOOL);
        let length = self.copy_to(&mut spool, expansion)?;
        spool
            .seek(SeekFrom::Start(0))
            .and_then(|_| io::copy(&mut spool, sink))
            .map_err(OpenError::Write)?;
        Ok(length)
    }
}

/// Finds the packet that holds the file. Signatures around it are passed
/// over: without their makers' certificates they prove nothing, and the
/// container's integrity doesn't rest on them.
fn next_content(source: &mut impl BufRead) -> Result<Header, OpenError> {
    while let Some(header) = Header::read(source)? {
        match header.tag {
            Tag::Literal | Tag::CompressedData => return Ok(header),
            tag if is_passed_over(tag) => Body::new(&mut *source, header).skip()?,
            tag => return Err(unexpected(tag)),
        }
    }
    Err(MessageFault::Malformed("there is no file in it".into()).into())
}

/// Reads to the source's end, past signatures and padding.
fn expect_end(source: &mut impl BufRead) -> Result<(), OpenError> {
    while let Some(header) = Header::read(source)? {
        if !is_passed_over(header.tag) {
            return Err(unexpected(header.tag));
        }
        Body::new(&mut *source, header).skip()?;
    }
    Ok(())
}

fn is_passed_over(tag: Tag) -> bool {
    matches!(
        tag,
        Tag::OnePassSig | Tag::Signature | Tag::Marker | Tag::Padding
    )
}

fn unexpected(tag: Tag) -> OpenError {
    MessageFault::Malformed(format!("an unexpected {tag}")).into()
}

/// Reads the container to its end, which authenticates it, and makes sure
/// that the message ends with it.
fn finish(mut plaintext: Plaintext<'_>) -> Result<(), OpenError> {
    expect_end(&mut plaintext)?;
    let mut body = plaintext.into_inner();
    // Both versions of container read their packet to its end.
    if !body.fill_buf()?.is_empty() {
        return Err(MessageFault::Altered.into());
    }
    let mut source = body.into_inner();
    while let Some(header) = Header::read(&mut source)? {
        match header.tag {
            Tag::Marker | Tag::Padding => Body::new(&mut source, header).skip()?,
            tag => return Err(unexpected(tag)),
        }
    }
    Ok(())
}

/// Reads format, name and date.
fn literal_header(body: &mut impl BufRead) -> Result<LiteralHeader, OpenError> {
    let [_format, length] = read_array(body)?;
    let mut name = vec![0; length.into()];
    body.read_exact(&mut name)?;
    let date = u32::from_be_bytes(read_array(body)?);
    Ok(LiteralHeader {
        name,
        modified: (date != 0).then(|| UNIX_EPOCH + Duration::from_secs(date.into())),
    })
}

fn copy(
    source: &mut impl BufRead,
    sink: &mut dyn Write,
    mut spend: impl FnMut(u64, u64) -> Result<(), MessageFault>,
) -> Result<u64, OpenError> {
    let mut length = 0;
    loop {
        let data = source.fill_buf()?;
        let n = data.len();
        if n == 0 {
            return Ok(length);
        }
        spend(length, n as u64)?;
        sink.write_all(data).map_err(OpenError::Write)?;
        source.consume(n);
        length += n as u64;
    }
}

/// The algorithms of compressed packets
/// ([RFC 9580, section 9.4](https://www.rfc-editor.org/rfc/rfc9580#section-9.4)).
enum Inflate<R> {
    None(R),
    Zip(DeflateDecoder<R>),
    Zlib(ZlibDecoder<R>),
}

fn inflate<R: BufRead>(mut body: R) -> Result<BufReader<Inflate<R>>, OpenError> {
    let inflate = match CompressionAlgorithm::from(read_u8(&mut body)?) {
        CompressionAlgorithm::Uncompressed => Inflate::None(body),
        CompressionAlgorithm::Zip => Inflate::Zip(DeflateDecoder::new(body)),
        CompressionAlgorithm::Zlib => Inflate::Zlib(ZlibDecoder::new(body)),
        other => return Err(MessageFault::Unsupported(format!("compression by {other}")).into()),
    };
    Ok(BufReader::with_capacity(BUFFER, inflate))
}

impl<R> Inflate<R> {
    fn into_inner(self) -> R {
        match self {
            Self::None(source) => source,
            Self::Zip(decoder) => decoder.into_inner(),
            Self::Zlib(decoder) => decoder.into_inner(),
        }
    }
}

impl<R: BufRead> Read for Inflate<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::None(source) => source.read(buffer),
            Self::Zip(decoder) => decoder.read(buffer),
            Self::Zlib(decoder) => decoder.read(buffer),
        }
    }
}
