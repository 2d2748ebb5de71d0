//! Opening: one OpenPGP message to one file.

use std::io::{self, BufRead, BufReader, Read};
use std::time::{Duration, UNIX_EPOCH};

use bzip2::bufread::BzDecoder;
use flate2::bufread::{DeflateDecoder, ZlibDecoder};
use sequoia_openpgp::crypto::SessionKey;
use sequoia_openpgp::packet::Tag;
use sequoia_openpgp::types::CompressionAlgorithm;

use super::cipher;
use super::container::Container;
use super::front::{OpenPgpFront, RawFront};
use super::native_lines::NativeLines;
use super::packet::{Body, Header, Length, read_array, read_u8, skip_meaningless};
use crate::keys::Fingerprint;
use crate::message::fault::{MessageFault, OpenError};
use crate::message::io::{BUFFER, read_buffered};
use crate::message::limits::Limits;
use crate::message::open::{LiteralHeader, OpenMessage, Padding, Source};
use crate::message::opener::Opener;
use crate::message::session::MessageKey;
use crate::message::text::padding;

type Plaintext<'a> = Container<Body<Source<'a>>>;
type Inflated<'a> = BufReader<Inflate<Body<Plaintext<'a>>>>;

/// Unlocks a key for a message, if necessary, and reads it up to its content.
pub(in crate::message) fn begin<'a>(
    mut front: OpenPgpFront<Source<'a>>,
    opener: &Opener<'_>,
) -> Result<OpenMessage<'a>, OpenError> {
    let opened_by = unlock(&mut front, opener)?;
    let cipher = front.container.cipher();
    let message = read(front.container, &opener.limits)?;
    Ok(match (opened_by, cipher) {
        (Some((session_key, key)), Some(cipher)) => {
            message.opened_by(MessageKey::new(cipher, session_key), Some(key))
        }
        _ => message,
    })
}

/// Unlocks a message by its session key, and reads it up to its content. `None`
/// if the session key doesn't fit.
pub(in crate::message) fn begin_with<'a>(
    front: RawFront<Source<'a>>,
    key: &MessageKey,
    limits: &Limits,
) -> Result<Option<OpenMessage<'a>>, OpenError> {
    let mut container = front.container;
    container.prepare()?;
    let is_cipher = |own| own == key.cipher;
    if !container.cipher().is_none_or(is_cipher) || !container.unlock(Some(key.cipher), &key.key)? {
        return Ok(None);
    }
    let message = read(container, limits)?;
    Ok(Some(message.opened_by(key.clone(), None)))
}

/// Reads an unlocked message up to its content.
fn read<'a>(mut plaintext: Plaintext<'a>, limits: &Limits) -> Result<OpenMessage<'a>, OpenError> {
    let format = plaintext.format();
    let cipher = plaintext.cipher();
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
            let literal = literal_header(&mut body)?;
            (
                literal,
                Content::Compressed(body.into(), Meter::new(limits)),
            )
        }
        _ => {
            let mut body = Body::new(plaintext, header);
            let mut literal = literal_header(&mut body)?;
            // Text may have other line ends.
            if let Length::Last(left) = body.left()
                && !literal.is_text
            {
                literal.header.length = Some(left);
            }
            (literal, Content::Plain(body.into()))
        }
    };
    let is_text = literal.is_text;
    let padding = Padding::default();
    let body = LiteralBody {
        content,
        padding: padding.clone(),
    };
    let plaintext: Box<dyn BufRead + 'a> = match is_text {
        true => Box::new(NativeLines::new(body)),
        false => Box::new(body),
    };
    let old_cipher = cipher.filter(|cipher| cipher::is_old(*cipher));
    let old_cipher = old_cipher.map(|cipher| cipher.to_string());
    let message = OpenMessage::new(format, literal.header, plaintext, padding);
    Ok(message.by_old_cipher(old_cipher))
}

/// Unlocks the container with a key, else with a passphrase. Returns the session
/// key, and whose key it was opened with.
fn unlock(
    front: &mut OpenPgpFront<Source<'_>>,
    opener: &Opener<'_>,
) -> Result<Option<(SessionKey, Fingerprint)>, OpenError> {
    let trials = opener.limits.trials();
    let no_key = match front.pkesks.is_empty() && !front.skesks.is_empty() {
        true => None,
        false => match front.unlock(opener.keyring, opener.passphrases, trials, opener.attempt) {
            Ok(opened_by) => return Ok(Some(opened_by)),
            Err(error) if front.skesks.is_empty() => return Err(error),
            Err(error) => Some(error),
        },
    };
    front.unlock_by_passphrase(
        &opener.message_passphrases,
        opener.passphrases,
        trials,
        no_key,
    )?;
    Ok(None)
}

/// The content of the literal packet. Its end is reported only when the whole
/// message has been read, and all of it is authentic.
struct LiteralBody<'a> {
    content: Content<'a>,
    padding: Padding,
}

enum Content<'a> {
    Plain(Box<Body<Plaintext<'a>>>),
    Compressed(Box<Body<Inflated<'a>>>, Meter),
    /// Read to its authentic end.
    Ended,
    /// There was an error: it never ends.
    Failed,
}

impl LiteralBody<'_> {
    /// Reads on after the content.
    fn end(&mut self) -> Result<(), OpenError> {
        let length = match std::mem::replace(&mut self.content, Content::Failed) {
            Content::Plain(body) => finish(body.into_inner())?,
            Content::Compressed(body, _) => {
                let mut inflated = body.into_inner();
                expect_end(&mut inflated)?;
                let mut compressed = inflated.into_inner().into_inner();
                if !compressed.fill_buf()?.is_empty() {
                    let what = "data after the compressed data";
                    return Err(MessageFault::Malformed(what.into()).into());
                }
                finish(compressed.into_inner())?
            }
            Content::Ended => {
                self.content = Content::Ended;
                return Ok(());
            }
            Content::Failed => return Err(MessageFault::Altered.into()),
        };
        self.padding.note(length);
        self.content = Content::Ended;
        Ok(())
    }
}

impl BufRead for LiteralBody<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        let is_empty = match &mut self.content {
            Content::Plain(body) => body.fill_buf()?.is_empty(),
            Content::Compressed(body, meter) => {
                let data = body.fill_buf()?;
                meter.charge(data.len())?;
                data.is_empty()
            }
            Content::Ended | Content::Failed => true,
        };
        if is_empty {
            self.end()?;
        }
        match &mut self.content {
            Content::Plain(body) => body.fill_buf(),
            Content::Compressed(body, _) => body.fill_buf(),
            Content::Ended | Content::Failed => Ok(&[]),
        }
    }

    fn consume(&mut self, amount: usize) {
        match &mut self.content {
            Content::Plain(body) => body.consume(amount),
            Content::Compressed(body, meter) => {
                body.consume(amount);
                match meter.waiting.checked_sub(amount) {
                    Some(waiting) => meter.waiting = waiting,
                    // Only what was offered was counted.
                    None => self.content = Content::Failed,
                }
            }
            Content::Ended | Content::Failed => {}
        }
    }
}

impl Read for LiteralBody<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        read_buffered(self, buffer)
    }
}

/// Counts what comes out of a compressed packet.
struct Meter {
    limits: Limits,
    so_far: u64,
    /// The part of what has been counted that has not been consumed yet.
    waiting: usize,
}

impl Meter {
    fn new(limits: &Limits) -> Self {
        Self {
            limits: limits.clone(),
            so_far: 0,
            waiting: 0,
        }
    }

    fn charge(&mut self, available: usize) -> Result<(), MessageFault> {
        // Returned bytes stay until they are consumed.
        let more = available.saturating_sub(self.waiting) as u64;
        self.limits.spend(self.so_far, more)?;
        self.so_far += more;
        self.waiting = available;
        Ok(())
    }
}

/// Finds the packet that holds the file. Signatures around it are skipped:
/// without their makers' certificates they prove nothing, and the container's
/// integrity doesn't depend on them.
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

/// Reads the container to its end, which authenticates it, and checks that the
/// message ends with it. Returns the length of the padding behind.
fn finish(mut plaintext: Plaintext<'_>) -> Result<u64, OpenError> {
    expect_end(&mut plaintext)?;
    let mut body = plaintext.into_inner();
    // Both versions of containers read their packet to its end.
    if !body.fill_buf()?.is_empty() {
        return Err(MessageFault::Altered.into());
    }
    let mut source = body.into_inner();
    // RFC 9580, section 4.2: bit 7 of a packet's first octet is always set.
    while source
        .fill_buf()?
        .first()
        .is_some_and(|octet| octet & 0x80 != 0)
    {
        let Some(header) = Header::read(&mut source)? else {
            break;
        };
        match header.tag {
            Tag::Marker | Tag::Padding => skip_meaningless(&mut source, header)?,
            Tag::PKESK | Tag::SKESK | Tag::SEIP | Tag::SED | Tag::AED => {
                return Err(MessageFault::SecondMessage("OpenPGP packets").into());
            }
            tag => return Err(unexpected(tag)),
        }
    }
    Ok(padding(&mut source)?)
}

/// The header of a literal packet, and the kind of its content.
pub(super) struct Literal {
    pub header: LiteralHeader,
    /// Whether the content is text whose lines end with CR LF.
    is_text: bool,
}

/// Reads format, name and date.
pub(super) fn literal_header(body: &mut impl BufRead) -> Result<Literal, OpenError> {
    let [format, length] = read_array(body)?;
    let mut name = vec![0; length.into()];
    body.read_exact(&mut name)?;
    let date = u32::from_be_bytes(read_array(body)?);
    Ok(Literal {
        header: LiteralHeader {
            name,
            modified: (date != 0).then(|| UNIX_EPOCH + Duration::from_secs(date.into())),
            length: None,
        },
        is_text: matches!(format, b't' | b'u'),
    })
}

/// The algorithms of compressed packets
/// ([RFC 9580, section 9.4](https://www.rfc-editor.org/rfc/rfc9580#section-9.4)).
enum Inflate<R> {
    None(R),
    Zip(DeflateDecoder<R>),
    Zlib(ZlibDecoder<R>),
    Bzip2(BzDecoder<R>),
}

fn inflate<R: BufRead>(mut body: R) -> Result<BufReader<Inflate<R>>, OpenError> {
    let inflate = match CompressionAlgorithm::from(read_u8(&mut body)?) {
        CompressionAlgorithm::Uncompressed => Inflate::None(body),
        CompressionAlgorithm::Zip => Inflate::Zip(DeflateDecoder::new(body)),
        CompressionAlgorithm::Zlib => Inflate::Zlib(ZlibDecoder::new(body)),
        CompressionAlgorithm::BZip2 => Inflate::Bzip2(BzDecoder::new(body)),
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
