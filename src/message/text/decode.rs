//! From base64 to octets.

use std::io::{self, BufRead, Read};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use crate::message::fault::MessageFault;
use crate::message::openpgp::read_buffered;

/// How many characters are decoded at a time, at most.
const CHARACTERS: usize = 64 * 1024;

/// The octets of a base64 text, with white space anywhere in it. An error that
/// holds a [`MessageFault`] says that the text ends early, or is not base64
/// to its end.
pub(super) struct Decoded<R> {
    source: R,
    /// The line that ends the text; where there is none, the source's end does.
    end_line: Option<&'static [u8]>,
    /// What is read but not decoded: less than four characters, between calls.
    characters: Vec<u8>,
    /// What is decoded; from `start` on still to be read.
    octets: Vec<u8>,
    start: usize,
    state: State,
}

enum State {
    /// More may come.
    Open,
    /// Padding has come, so that nothing may follow.
    Padded,
    /// The end has been reached, and is as it must be.
    Ended,
    /// Nothing more can be read, once what is decoded has been.
    Broken(MessageFault),
}

impl<R: BufRead> Decoded<R> {
    pub fn new(source: R, end_line: Option<&'static [u8]>) -> Self {
        Self {
            source,
            end_line,
            characters: Vec::new(),
            octets: Vec::new(),
            start: 0,
            state: State::Open,
        }
    }

    /// Decodes what the source has at hand.
    fn refill(&mut self) -> io::Result<()> {
        let at_hand = self.source.fill_buf()?;
        let text = at_hand.get(..CHARACTERS).unwrap_or(at_hand);
        let line = self.end_line.and(text.iter().position(|c| *c == b'-'));
        let ends = line.is_some() || at_hand.is_empty();
        let text = text.get(..line.unwrap_or(text.len())).unwrap_or_default();
        let characters = text.iter().filter(|c| !c.is_ascii_whitespace());
        self.characters.extend(characters);
        let read = text.len();
        self.source.consume(read);

        let mut outcome = self.decode();
        if outcome.is_ok() && ends {
            let is_whole = self.read_end_line()?;
            outcome = self.finish(is_whole);
        }
        if let Err(fault) = outcome {
            self.state = State::Broken(fault);
        }
        Ok(())
    }

    /// Decodes all that comes in fours.
    fn decode(&mut self) -> Result<(), MessageFault> {
        self.octets.clear();
        self.start = 0;
        let (fours, _) = self.characters.as_chunks::<4>();
        let fours = fours.as_flattened();
        let Some(last) = fours.last() else {
            return Ok(());
        };
        if matches!(self.state, State::Padded) {
            return Err(MessageFault::Altered);
        }
        if *last == b'=' {
            self.state = State::Padded;
        }
        if BASE64_STANDARD.decode_vec(fours, &mut self.octets).is_err() {
            self.octets.clear();
            return Err(MessageFault::Altered);
        }
        let decoded = fours.len();
        self.characters.drain(..decoded);
        Ok(())
    }

    /// Reads the end line, if there has to be one, and tells whether it's there.
    /// What follows it is of no concern, but has to be read: at the end of a
    /// member, its checksum is all that tells of damage to unauthenticated
    /// content.
    fn read_end_line(&mut self) -> io::Result<bool> {
        let expected = self.end_line.unwrap_or_default();
        let mut found = Vec::with_capacity(expected.len());
        self.source
            .by_ref()
            .take(expected.len() as u64)
            .read_to_end(&mut found)?;
        io::copy(&mut self.source, &mut io::sink())?;
        Ok(found == expected)
    }

    fn finish(&mut self, is_whole: bool) -> Result<(), MessageFault> {
        let is_known = |c: &u8| c.is_ascii_alphanumeric() || b"+/=".contains(c);
        match (&self.state, self.characters.as_slice()) {
            (_, []) if is_whole => {
                self.state = State::Ended;
                Ok(())
            }
            (State::Open, left) if left.iter().all(is_known) => Err(MessageFault::Truncated),
            (_, []) => Err(MessageFault::Truncated),
            _ => Err(MessageFault::Altered),
        }
    }
}

impl<R: BufRead> BufRead for Decoded<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        while self.start >= self.octets.len() {
            match &self.state {
                State::Open | State::Padded => self.refill()?,
                State::Ended => break,
                State::Broken(fault) => return Err(fault.clone().into()),
            }
        }
        Ok(self.octets.get(self.start..).unwrap_or_default())
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
