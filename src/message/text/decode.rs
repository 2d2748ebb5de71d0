//! From base64 to octets.

use std::io::{self, BufRead, Read};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use super::block::Block;
use super::second::{block_in, second};
use super::{HEAD, is_base64};
use crate::message::fault::{MessageFault, internal};
use crate::message::io::read_buffered;

/// The number of characters that are decoded at a time, at most.
const CHARACTERS: usize = 64 * 1024;

/// The number of characters in the checksum of armor, without the equals sign
/// before them.
const CHECKSUM: usize = 4;

/// The octets of a base64 text, with white space anywhere in it. An error that
/// holds a [`MessageFault`] says that the text ends early, is not base64 to its
/// end, or is followed by a second message.
pub(super) struct Decoded<R> {
    source: R,
    /// The block whose end ends the text; without one, the source's end does.
    block: Option<Block>,
    /// Characters that are read but not decoded, between calls: less than four,
    /// or what follows the padding.
    characters: Vec<u8>,
    /// Decoded octets, to be read from `start` on.
    octets: Vec<u8>,
    start: usize,
    /// Whether all base64 has been read, but not what follows it.
    is_at_end: bool,
    state: DecodeState,
}

enum DecodeState {
    /// More may come.
    Open,
    /// Padding or the checksum has come: no more base64 may follow.
    Padded,
    /// The end has been reached, and is right.
    Ended,
    /// Nothing more can be read after what is decoded.
    Broken(MessageFault),
}

impl<R: BufRead> Decoded<R> {
    pub fn new(source: R, block: Option<Block>) -> Self {
        Self {
            source,
            block,
            characters: Vec::new(),
            octets: Vec::new(),
            start: 0,
            is_at_end: false,
            state: DecodeState::Open,
        }
    }

    /// Decodes what the source has buffered. What follows the base64 is read
    /// once all octets are: it may be long.
    fn refill(&mut self) -> io::Result<()> {
        if self.is_at_end {
            self.octets.clear();
            self.start = 0;
            if let Err(fault) = self.end()? {
                self.state = DecodeState::Broken(fault);
            }
            return Ok(());
        }
        let at_hand = self.source.fill_buf()?;
        let text = at_hand.get(..CHARACTERS).unwrap_or(at_hand);
        let mut ends = at_hand.is_empty();
        let mut second_block = None;
        let read = match &self.block {
            None => {
                second_block = block_in(text);
                let characters = text.iter().filter(|c| !c.is_ascii_whitespace());
                self.characters.extend(characters);
                text.len()
            }
            Some(block) => {
                let line = text.iter().position(|c| *c == b'-');
                ends |= line.is_some();
                let (text, _) = text.split_at(line.unwrap_or(text.len()));
                let characters = text.iter().filter(|c| !block.is_blank(**c));
                self.characters.extend(characters);
                text.len()
            }
        };
        self.source.consume(read);

        let outcome = match second_block {
            Some(what) => Err(MessageFault::SecondMessage(what)),
            None => self.decode().and_then(|()| self.check_surplus(ends)),
        };
        match outcome {
            Ok(()) => self.is_at_end = ends,
            Err(fault) => self.state = DecodeState::Broken(fault),
        }
        Ok(())
    }

    /// Decodes all complete groups of four.
    fn decode(&mut self) -> Result<(), MessageFault> {
        self.octets.clear();
        self.start = 0;
        if !matches!(self.state, DecodeState::Open) {
            return Ok(());
        }
        let (fours, _) = self.characters.as_chunks::<4>();
        let mut whole = fours
            .iter()
            .take_while(|four| !four.contains(&b'='))
            .count();
        match fours.get(whole) {
            None => {}
            // Padding doesn't begin there, but the checksum of armor does.
            Some([b'=', ..]) => self.state = DecodeState::Padded,
            Some(_) => {
                whole += 1;
                self.state = DecodeState::Padded;
            }
        }
        let (fours, _) = fours.split_at(whole);
        let decoded = fours.as_flattened().len();
        let outcome = BASE64_STANDARD.decode_vec(fours.as_flattened(), &mut self.octets);
        self.characters.drain(..decoded);
        outcome.map_err(|_| {
            self.octets.clear();
            MessageFault::Altered
        })
    }

    /// Checks what follows the padding: the checksum of armor, or something
    /// that is not allowed. RFC 9580, section 6.1, forbids refusing a message
    /// for its checksum; the message has better ones.
    fn check_surplus(&self, is_all: bool) -> Result<(), MessageFault> {
        if !matches!(self.state, DecodeState::Padded) {
            return Ok(());
        }
        match (self.characters.as_slice(), &self.block) {
            ([], _) => Ok(()),
            ([b'=', checksum @ ..], Some(block)) if block.may_have_checksum() => {
                match checksum.len() <= CHECKSUM {
                    true => Ok(()),
                    false => Err(MessageFault::Altered),
                }
            }
            // It isn't known yet.
            (few, None) if few.len() < HEAD && !is_all => Ok(()),
            (more, None) if is_base64(more) => Err(MessageFault::SecondMessage("base64")),
            _ => Err(MessageFault::Altered),
        }
    }

    /// Reads the end line, if one is required, and what follows it.
    fn end(&mut self) -> io::Result<Result<(), MessageFault>> {
        let Some(block) = &self.block else {
            return Ok(self.finish(true));
        };
        let expected = block.end();
        let mut found = Vec::with_capacity(expected.len());
        self.source
            .by_ref()
            .take(expected.len() as u64)
            .read_to_end(&mut found)?;
        // A line of a mail may begin like the one that ends a part.
        let goes_on = |next: &u8| !next.is_ascii_whitespace() && *next != b'-';
        let is_longer = self.source.fill_buf()?.first().is_some_and(goes_on);
        let is_end = found == expected && !(is_longer && block.is_of_mail());
        if let Err(fault) = self.finish(is_end) {
            return Ok(Err(fault));
        }
        Ok(second(&mut self.source)?.map_or(Ok(()), Err))
    }

    fn finish(&mut self, is_whole: bool) -> Result<(), MessageFault> {
        let is_known = |c: &u8| c.is_ascii_alphanumeric() || b"+/=".contains(c);
        let may_have_checksum = self.block.as_ref().is_some_and(Block::may_have_checksum);
        let left = match self.characters.as_slice() {
            [b'=', ..] if may_have_checksum => &[],
            left => left,
        };
        match (&self.state, left) {
            (_, []) if is_whole => {
                self.state = DecodeState::Ended;
                Ok(())
            }
            (DecodeState::Open, left) if left.iter().all(is_known) => Err(MessageFault::Truncated),
            (_, []) => Err(MessageFault::Truncated),
            _ => Err(MessageFault::Altered),
        }
    }
}

impl<R: BufRead> BufRead for Decoded<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        while self.start >= self.octets.len() {
            match &self.state {
                DecodeState::Open | DecodeState::Padded => self.refill()?,
                DecodeState::Ended => return Ok(&[]),
                DecodeState::Broken(fault) => return Err(fault.clone().into()),
            }
        }
        let unread = self.octets.get(self.start..);
        unread.ok_or_else(|| internal("more was decoded than there is"))
    }

    fn consume(&mut self, amount: usize) {
        self.start += amount;
    }
}

impl<R: BufRead> Read for Decoded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        read_buffered(self, buffer)
    }
}
