//! The content of the file in a message, while it is read.

use std::io::{self, BufRead, BufReader, Read};

use super::container::Container;
use super::inflate::Inflate;
use super::open::{container, expect_end, finish, proven};
use super::packet::Body;
use super::signed::Signatures;
use crate::message::fault::{MessageFault, OpenError};
use crate::message::io::read_buffered;
use crate::message::limits::Limits;
use crate::message::open::{Padding, Source};
use crate::message::signatures::SignatureNotes;

pub(super) type Plaintext<'a> = Container<Body<Source<'a>>>;
pub(super) type Inflated<'a> = BufReader<Inflate<Body<Plaintext<'a>>>>;

/// The content of the literal packet. Its end is reported only when the whole
/// message has been read, all of it is authentic, and its signatures hold if
/// they are checked.
pub(super) struct LiteralBody<'a> {
    content: Content<'a>,
    signatures: Signatures,
    padding: Padding,
    notes: SignatureNotes,
}

pub(super) enum Content<'a> {
    Plain(Box<Body<Plaintext<'a>>>),
    Compressed {
        body: Box<Body<Inflated<'a>>>,
        meter: Meter,
        /// The number of signatures that were announced outside of what is
        /// compressed.
        outside: usize,
    },
    /// Read to its authentic end.
    Ended,
    /// There was an error: it never ends.
    Failed,
}

impl Content<'_> {
    /// Returns the error of a content that can't be read on.
    pub fn failed(self, error: OpenError) -> OpenError {
        match self {
            Self::Plain(body) => proven(body.into_inner(), error),
            Self::Compressed { body, .. } => proven(container(body.into_inner()), error),
            Self::Ended | Self::Failed => error,
        }
    }

    /// Returns the number of octets that can be read at once.
    fn available(&mut self) -> io::Result<usize> {
        match self {
            Self::Plain(body) => Ok(body.fill_buf()?.len()),
            Self::Compressed { body, meter, .. } => {
                let available = body.fill_buf()?.len();
                meter.charge(available)?;
                Ok(available)
            }
            Self::Ended | Self::Failed => Ok(0),
        }
    }
}

impl<'a> LiteralBody<'a> {
    pub fn new(content: Content<'a>, signatures: Signatures) -> Self {
        Self {
            content,
            signatures,
            padding: Padding::default(),
            notes: SignatureNotes::default(),
        }
    }

    /// Returns where the padding behind the message will be noted.
    pub fn padding(&self) -> Padding {
        self.padding.clone()
    }

    /// Returns where its signatures will be noted.
    pub fn notes(&self) -> SignatureNotes {
        self.notes.clone()
    }

    /// Reads on after the content.
    fn end(&mut self) -> Result<(), OpenError> {
        let signatures = &mut self.signatures;
        let length = match std::mem::replace(&mut self.content, Content::Failed) {
            Content::Plain(body) => finish(body.into_inner(), signatures)?,
            Content::Compressed { body, outside, .. } => {
                let mut inflated = body.into_inner();
                if let Err(error) = expect_end(&mut inflated, signatures, outside) {
                    return Err(proven(container(inflated), error));
                }
                let mut compressed = inflated.into_inner().into_inner();
                if !compressed.fill_buf()?.is_empty() {
                    let what = "data after the compressed data";
                    let error = MessageFault::Malformed(what.into()).into();
                    return Err(proven(compressed.into_inner(), error));
                }
                finish(compressed.into_inner(), signatures)?
            }
            Content::Ended => {
                self.content = Content::Ended;
                return Ok(());
            }
            Content::Failed => return Err(MessageFault::Altered.into()),
        };
        // All of it is authentic now. Before, its faults say nothing about its
        // sender.
        self.notes.note(std::mem::take(signatures).judge()?);
        self.padding.note(length);
        self.content = Content::Ended;
        Ok(())
    }

    /// Adds content that is about to be consumed to what was signed.
    fn note_signed(&mut self, amount: usize) -> io::Result<()> {
        let data = match &mut self.content {
            Content::Plain(body) => body.fill_buf()?,
            Content::Compressed { body, .. } => body.fill_buf()?,
            Content::Ended | Content::Failed => return Ok(()),
        };
        // What was not offered can't be consumed either.
        self.signatures.update(data.get(..amount).unwrap_or(data));
        Ok(())
    }
}

impl BufRead for LiteralBody<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        match self.content.available() {
            Ok(0) => self.end()?,
            Ok(_) => {}
            Err(error) => {
                let content = std::mem::replace(&mut self.content, Content::Failed);
                return Err(content.failed(error.into()).into());
            }
        }
        match &mut self.content {
            Content::Plain(body) => body.fill_buf(),
            Content::Compressed { body, .. } => body.fill_buf(),
            Content::Ended | Content::Failed => Ok(&[]),
        }
    }

    fn consume(&mut self, amount: usize) {
        if self.signatures.are_checked() && self.note_signed(amount).is_err() {
            self.content = Content::Failed;
        }
        match &mut self.content {
            Content::Plain(body) => body.consume(amount),
            Content::Compressed { body, meter, .. } => {
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
pub(super) struct Meter {
    limits: Limits,
    so_far: u64,
    /// The part of what has been counted that has not been consumed yet.
    waiting: usize,
}

impl Meter {
    pub fn new(limits: &Limits) -> Self {
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
