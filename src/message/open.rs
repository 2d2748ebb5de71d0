//! Opening: one message to one file.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use zeroize::Zeroizing;

use super::fault::OpenError;
use super::format::Format;
use super::front_limit::FrontLimit;
use super::io::BUFFER;
use super::limits::Limits;
use super::opener::Opener;
use super::session::MessageKey;
use super::spool::Spool;
use super::{cms, openpgp, text};
use crate::keys::{Fingerprint, KeyHandle};

/// The bytes of a message.
pub(super) type Source<'a> = Box<dyn BufRead + Send + Sync + 'a>;

/// The information of a message about the file in it: in OpenPGP's literal
/// packet
/// ([RFC 9580, section 5.9](https://www.rfc-editor.org/rfc/rfc9580#section-5.9));
/// CMS has none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct LiteralHeader {
    /// The file's name, as bytes; empty without a name.
    pub name: Vec<u8>,
    /// When the file was last changed, if the message says so.
    pub modified: Option<SystemTime>,
    /// The length of the content in bytes, if it is stated.
    pub length: Option<u64>,
}

/// The number of octets behind a message that mean nothing, known once it has
/// been read to its end.
#[derive(Clone, Debug, Default)]
pub(super) struct Padding(Arc<AtomicU64>);

impl Padding {
    pub fn note(&self, length: u64) {
        self.0.store(length, Ordering::Relaxed);
    }

    fn length(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// A file that was opened from a message.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Opened {
    /// Its length in bytes.
    pub length: u64,
    /// The kind of message. It decides whether the content is certainly what
    /// was sealed: see [`Format::is_authenticated`].
    pub format: Format,
    /// The file of the key that opened it without being named in it (see
    /// [`Opener::trying_all_keys`]).
    pub tried_key: Option<PathBuf>,
    /// The name that was sealed with the member of an archive, if the member
    /// has another one (see [`Opener::accepting_renamed`]). Not safe on a
    /// terminal.
    pub sealed_as: Option<String>,
    /// The cipher of an OpenPGP message, if it's not AES.
    pub old_cipher: Option<String>,
    /// The number of bytes behind the message that mean nothing, and were passed
    /// over: white space and zeros.
    pub padding: u64,
}

/// A message whose session key has been found, before its content is read.
///
/// In an RFC 9580 message the literal header is authentic already. In others
/// nothing is authentic before the content has been read to its end; in one
/// whose [format](Format::is_authenticated) isn't authenticated nothing ever
/// is.
pub struct OpenMessage<'a> {
    format: Format,
    literal: LiteralHeader,
    tried_key: Option<PathBuf>,
    sealed_as: Option<String>,
    key: Option<MessageKey>,
    opened_by: Option<Fingerprint>,
    opened_as: Option<KeyHandle>,
    old_cipher: Option<String>,
    padding: Padding,
    plaintext: Box<dyn BufRead + 'a>,
}

impl<'a> OpenMessage<'a> {
    /// Reads a message, as bytes or as text, up to its content, and unlocks a
    /// key for it if necessary.
    ///
    /// # Errors
    ///
    /// No identity opens it; or it is not an encrypted message of one file, or
    /// is an OpenPGP message without integrity protection.
    pub fn begin(
        source: impl Read + Send + Sync + 'a,
        opener: &Opener<'_>,
    ) -> Result<Self, OpenError> {
        let source = BufReader::with_capacity(BUFFER, source);
        let (limit, source) = FrontLimit::new(source);
        let mut source = text::binary(source)?;
        if cms::starts(source.fill_buf()?) {
            let front = cms::CmsFront::read(source)?;
            limit.lift();
            cms::begin(front, opener)
        } else {
            let front = openpgp::OpenPgpFront::read(source)?;
            limit.lift();
            openpgp::begin(front, opener)
        }
    }

    /// Opens a message by its session key. `None` if the session key doesn't fit.
    ///
    /// # Errors
    ///
    /// It is not an encrypted message of one file.
    pub(crate) fn begin_with(
        source: impl Read + Send + Sync + 'a,
        key: &MessageKey,
        limits: &Limits,
    ) -> Result<Option<Self>, OpenError> {
        let source = BufReader::with_capacity(BUFFER, source);
        let (limit, source) = FrontLimit::new(source);
        let mut source = text::binary(source)?;
        if cms::starts(source.fill_buf()?) {
            return Ok(None);
        }
        let front = openpgp::RawFront::read(source)?;
        limit.lift();
        openpgp::begin_with(front, key, limits)
    }

    /// Creates a message whose plaintext reads to its end only if it is intact.
    pub(super) fn new(
        format: Format,
        literal: LiteralHeader,
        plaintext: Box<dyn BufRead + 'a>,
        padding: Padding,
    ) -> Self {
        Self {
            format,
            literal,
            tried_key: None,
            sealed_as: None,
            key: None,
            opened_by: None,
            opened_as: None,
            old_cipher: None,
            padding,
            plaintext,
        }
    }

    pub(super) fn by_trying(self, key: Option<PathBuf>) -> Self {
        Self {
            tried_key: key,
            ..self
        }
    }

    pub(super) fn by_old_cipher(self, cipher: Option<String>) -> Self {
        Self {
            old_cipher: cipher,
            ..self
        }
    }

    /// Records the session key, and the key that it was sealed to.
    pub(super) fn opened_by(self, key: MessageKey, opened_by: Option<Fingerprint>) -> Self {
        Self {
            key: Some(key),
            opened_by,
            ..self
        }
    }

    /// Records how a CMS message names the key that opened it.
    pub(super) fn opened_as(self, handle: KeyHandle) -> Self {
        Self {
            opened_as: Some(handle),
            ..self
        }
    }

    /// Returns how a CMS message names the key that has opened it.
    pub(crate) fn own_handle(&self) -> Option<&KeyHandle> {
        self.opened_as.as_ref()
    }

    /// Returns the session key, if the message is authenticated and wasn't opened
    /// with a passphrase.
    pub(crate) fn key(&self) -> Option<&MessageKey> {
        self.key.as_ref()
    }

    /// Returns the length of the content in bytes, if the literal packet states
    /// it.
    pub(crate) fn stated_length(&self) -> Option<u64> {
        self.literal.length
    }

    /// Returns the fingerprint of the key that has opened it.
    pub(crate) fn key_fingerprint(&self) -> Option<&Fingerprint> {
        self.opened_by.as_ref()
    }

    /// Records that it is a member that was sealed under another name.
    pub(crate) fn renamed_from(self, sealed_as: String) -> Self {
        Self {
            sealed_as: Some(sealed_as),
            ..self
        }
    }

    /// Returns the name that was sealed with the member of an archive, if the
    /// member has another one.
    pub fn sealed_as(&self) -> Option<&str> {
        self.sealed_as.as_deref()
    }

    /// Returns the cipher of an OpenPGP message, if it's not AES.
    pub fn old_cipher(&self) -> Option<&str> {
        self.old_cipher.as_deref()
    }

    /// Returns the sealed name of the file, as bytes; it is empty if there is
    /// none.
    pub fn name(&self) -> &[u8] {
        &self.literal.name
    }

    /// Returns when the file was last changed, if the message says so.
    pub fn modified(&self) -> Option<SystemTime> {
        self.literal.modified
    }

    /// Returns the kind of message.
    pub fn format(&self) -> Format {
        self.format
    }

    /// Returns the file of the key that opened it without being named in it
    /// (see [`Opener::trying_all_keys`]).
    pub fn tried_key(&self) -> Option<&Path> {
        self.tried_key.as_deref()
    }

    /// Returns the plaintext, to be read. All of it is authentic only when its
    /// end has been read without an error: until then it must not be published.
    /// Its errors can be converted to [`OpenError`].
    pub fn into_plaintext(self) -> Box<dyn BufRead + 'a> {
        self.plaintext
    }

    /// Writes the plaintext to `sink`. All of it is authentic only when this
    /// returns `Ok`: until then it must not be published.
    ///
    /// # Errors
    ///
    /// The message was altered or truncated, expands beyond what the opener
    /// allows, or reading or writing fails.
    pub fn copy_to(self, sink: &mut dyn Write) -> Result<Opened, OpenError> {
        let mut plaintext = self.plaintext;
        let mut length = 0;
        loop {
            let data = plaintext.fill_buf()?;
            let n = data.len();
            if n == 0 {
                return Ok(Opened {
                    length,
                    format: self.format,
                    tried_key: self.tried_key,
                    sealed_as: self.sealed_as,
                    old_cipher: self.old_cipher,
                    padding: self.padding.length(),
                });
            }
            sink.write_all(data).map_err(OpenError::Write)?;
            plaintext.consume(n);
            length += n as u64;
        }
    }

    /// Writes the plaintext to a pipe, and nothing of it before it is
    /// authentic. Messages of RFC 9580 and LibrePGP stream chunk by chunk, the
    /// last one when the message has ended as it should; a later chunk may turn
    /// out to be altered, so after a failure only the start has been written.
    /// Others are held back to their end, in memory up to 8 MiB, else in an
    /// unnamed file in the directory `temporary`.
    ///
    /// # Errors
    ///
    /// As for [`OpenMessage::copy_to`]; and the temporary file can't be made or
    /// written.
    pub fn stream_to(
        self,
        sink: &mut dyn Write,
        temporary: impl AsRef<Path>,
    ) -> Result<Opened, OpenError> {
        if self.format.is_chunked() {
            let mut last = LastPiece::new(sink);
            let opened = self.copy_to(&mut last)?;
            last.finish().map_err(OpenError::Write)?;
            return Ok(opened);
        }
        self.hold_to_end(sink, temporary)
    }

    /// Writes the plaintext to a pipe, and nothing of it before its end: whatever
    /// the format.
    ///
    /// # Errors
    ///
    /// As for [`OpenMessage::stream_to`].
    pub(crate) fn hold_to_end(
        self,
        sink: &mut dyn Write,
        temporary: impl AsRef<Path>,
    ) -> Result<Opened, OpenError> {
        let mut spool = Spool::new(temporary.as_ref());
        let opened = self.copy_to(&mut spool).map_err(|error| match error {
            OpenError::Write(source) => spool.error(source),
            other => other,
        })?;
        spool.copy_to(sink)?;
        Ok(opened)
    }
}

/// Writes to a sink, but each piece only when the next one comes.
struct LastPiece<'a> {
    sink: &'a mut dyn Write,
    piece: Zeroizing<Vec<u8>>,
}

impl<'a> LastPiece<'a> {
    fn new(sink: &'a mut dyn Write) -> Self {
        Self {
            sink,
            piece: Zeroizing::default(),
        }
    }

    /// Writes the last piece.
    fn finish(self) -> io::Result<()> {
        self.sink.write_all(&self.piece)
    }
}

impl Write for LastPiece<'_> {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        self.sink.write_all(&self.piece)?;
        self.piece.clear();
        self.piece.extend_from_slice(piece);
        Ok(piece.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.sink.flush()
    }
}
