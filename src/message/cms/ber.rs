//! Reading BER from a source, one header at a time
//! ([X.690](https://www.itu.int/rec/T-REC-X.690), section 8.1). bcder can't do
//! that: it needs all of a value in memory.
//!
//! Nothing is reserved for a length, whatever it claims.

use std::io::{self, BufRead, ErrorKind};

use crate::der::MAX_NESTING;
pub(super) use crate::der::{CONSTRUCTED, INTEGER, OCTET_STRING, OID, SEQUENCE, SET};
use crate::message::fault::{MessageFault, internal};
use crate::message::text::padding;

/// Returns the identifier octet of a constructed element with context tag `n`.
pub(super) const fn context(n: u8) -> u8 {
    0xA0 | n
}

/// The limit of what is held in memory for one message's structure, in bytes:
/// more than anybody's recipients take.
const MAX_STRUCTURE: u64 = 4 * 1024 * 1024;

/// The header of an element: identifier and length octets.
#[derive(Clone, Copy, Debug)]
pub(super) struct Header {
    octets: [u8; MAX_HEADER],
    used: usize,
    /// `None` if it's indefinite: the end is marked.
    length: Option<u64>,
}

/// 4 identifier octets, 1 for the number of length octets, and 8 of these.
const MAX_HEADER: usize = 13;

impl Header {
    /// Returns the identifier octet. Numbers above 30 take more octets; they
    /// don't occur in CMS, and equal no constant here.
    pub fn tag(&self) -> u8 {
        let [tag, ..] = self.octets;
        tag
    }

    fn is_end_marker(&self) -> bool {
        self.tag() == 0 && self.length == Some(0)
    }

    fn octets(&self) -> io::Result<&[u8]> {
        let octets = self.octets.get(..self.used);
        octets.ok_or_else(|| internal("a header longer than any"))
    }
}

/// An element that is being read.
struct Frame {
    /// The position at which its content ends; `None` if the end is marked.
    end: Option<u64>,
    /// The end of the innermost enclosing element of known length.
    limit: Option<u64>,
}

/// Reads elements, and checks that each ends where its parent says.
pub(super) struct Reader<R> {
    source: R,
    position: u64,
    frames: Vec<Frame>,
    /// How much more of the structure may be held in memory.
    room: u64,
}

impl<R: BufRead> Reader<R> {
    pub fn new(source: R) -> Self {
        Self {
            source,
            position: 0,
            frames: Vec::new(),
            room: MAX_STRUCTURE,
        }
    }

    /// Returns the source, from where it was read to.
    pub fn into_source(self) -> R {
        self.source
    }

    /// Returns the number of octets that were read.
    pub fn position(&self) -> u64 {
        self.position
    }

    /// Returns the position at which the entered element ends, if its length is
    /// known.
    pub fn end(&self) -> Option<u64> {
        self.frames.last().and_then(|frame| frame.end)
    }

    /// Returns how many elements are entered and not yet left.
    pub fn depth(&self) -> usize {
        self.frames.len()
    }

    /// Returns the header of the next element; `None` at the end of the entered
    /// one, which it leaves.
    pub fn next(&mut self) -> io::Result<Option<Header>> {
        let end = self.frames.last().map(|frame| frame.end);
        if end.flatten() == Some(self.position) {
            self.frames.pop();
            return Ok(None);
        }
        let header = self.header()?;
        if header.is_end_marker() && end == Some(None) {
            self.frames.pop();
            return Ok(None);
        }
        if header.tag() == 0 {
            return Err(malformed("an end marker outside of any element"));
        }
        Ok(Some(header))
    }

    /// Returns the header of the next element, which must have that tag.
    pub fn expect(&mut self, tag: u8) -> io::Result<Header> {
        match self.next()? {
            Some(header) if header.tag() == tag => Ok(header),
            _ => Err(malformed(
                "an element is missing, or is not the expected one",
            )),
        }
    }

    /// Enters an element: the next header is that of its first part.
    pub fn enter(&mut self, header: Header) -> io::Result<()> {
        if header.tag() & CONSTRUCTED == 0 {
            return Err(malformed(
                "a primitive element instead of a constructed one",
            ));
        }
        let end = header.length.map(|length| self.position + length);
        self.frames.push(Frame {
            end,
            limit: end.or(self.limit()),
        });
        Ok(())
    }

    /// Leaves the entered element, which has to end here.
    pub fn leave(&mut self) -> io::Result<()> {
        match self.next()? {
            None => Ok(()),
            Some(_) => Err(malformed("an unexpected element")),
        }
    }

    /// Skips the content of an element.
    pub fn skip(&mut self, header: Header) -> io::Result<()> {
        self.walk(header, &mut |_| Ok(()))
    }

    /// Returns the whole element, with a length that bcder can read.
    pub fn collect(&mut self, header: Header) -> io::Result<Vec<u8>> {
        let mut content = Vec::new();
        let mut room = self.room;
        self.walk(header, &mut |octets| {
            let left = room.checked_sub(octets.len() as u64);
            room = left.ok_or_else(|| malformed("its recipients are too large"))?;
            content.extend_from_slice(octets);
            Ok(())
        })?;
        self.room = room;
        let length = u32::try_from(content.len()).map_err(io::Error::other)?;
        Ok([&[header.tag(), 0x84][..], &length.to_be_bytes(), &content].concat())
    }

    /// Checks that nothing but padding follows, and returns its length.
    pub fn finish(&mut self) -> io::Result<u64> {
        match self.fill()? {
            [] => Ok(0),
            _ => padding(&mut self.source),
        }
    }

    /// Returns at least one octet, and at most that many of the current
    /// element.
    pub fn available(&mut self, wanted: u64) -> io::Result<&[u8]> {
        let buffer = self.fill()?;
        if buffer.is_empty() {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        let limit = usize::try_from(wanted).unwrap_or(usize::MAX);
        Ok(buffer.get(..limit).unwrap_or(buffer))
    }

    pub fn consume(&mut self, amount: usize) {
        self.source.consume(amount);
        self.position += amount as u64;
    }

    /// Passes on the content of an element, with everything nested in it.
    fn walk(
        &mut self,
        header: Header,
        sink: &mut dyn FnMut(&[u8]) -> io::Result<()>,
    ) -> io::Result<()> {
        if let Some(length) = header.length {
            return self.pass(length, sink);
        }
        let depth = self.depth();
        self.enter(header)?;
        while self.depth() > depth {
            let Some(inner) = self.next()? else {
                if self.depth() > depth {
                    sink(&[0, 0])?;
                }
                continue;
            };
            sink(inner.octets()?)?;
            match inner.length {
                Some(length) => self.pass(length, sink)?,
                None if self.depth() - depth < MAX_NESTING => self.enter(inner)?,
                None => return Err(malformed("its elements are nested too deep")),
            }
        }
        Ok(())
    }

    fn pass(
        &mut self,
        mut length: u64,
        sink: &mut dyn FnMut(&[u8]) -> io::Result<()>,
    ) -> io::Result<()> {
        while length > 0 {
            let octets = self.available(length)?;
            sink(octets)?;
            let n = octets.len();
            self.consume(n);
            length -= n as u64;
        }
        Ok(())
    }

    fn header(&mut self) -> io::Result<Header> {
        let mut header = Header {
            octets: [0; MAX_HEADER],
            used: 0,
            length: None,
        };
        let tag = self.octet(&mut header)?;
        if tag & 0x1F == 0x1F {
            while self.octet(&mut header)? & 0x80 != 0 {
                if header.used >= 4 {
                    return Err(malformed("a tag that is too large"));
                }
            }
        }
        let first = self.octet(&mut header)?;
        header.length = match first {
            // Entering it fails unless it is constructed.
            0x80 => return Ok(header),
            0..=0x7F => Some(first.into()),
            0x81..=0x88 => {
                let mut length = 0;
                for _ in 0x80..first {
                    length = length << 8 | u64::from(self.octet(&mut header)?);
                }
                Some(length)
            }
            _ => return Err(malformed("an invalid length")),
        };
        let end = header
            .length
            .map_or(Some(0), |length| self.position.checked_add(length));
        let limit = self.limit().unwrap_or(u64::MAX);
        if end.is_none_or(|end| end > limit) {
            return Err(malformed("an element is longer than what it is part of"));
        }
        Ok(header)
    }

    fn octet(&mut self, header: &mut Header) -> io::Result<u8> {
        if self.limit() == Some(self.position) {
            return Err(malformed("an element is longer than what it is part of"));
        }
        let [octet, ..] = *self.available(1)? else {
            return Err(ErrorKind::UnexpectedEof.into());
        };
        self.consume(1);
        let place = header.octets.get_mut(header.used);
        *place.ok_or_else(|| internal("a header longer than any"))? = octet;
        header.used += 1;
        Ok(octet)
    }

    fn limit(&self) -> Option<u64> {
        self.frames.last().and_then(|frame| frame.limit)
    }

    /// Returns what the source has buffered; nothing at its end.
    fn fill(&mut self) -> io::Result<&[u8]> {
        loop {
            match self.source.fill_buf() {
                Ok([]) => return Ok(&[]),
                Ok(_) => break,
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
        // This time, it doesn't read.
        self.source.fill_buf()
    }
}

/// The content of an OCTET STRING of any length, in one piece or in segments,
/// which may have segments themselves.
pub(super) struct Octets {
    /// The reader's depth outside of the string.
    depth: usize,
    /// How much is left of the current piece.
    left: u64,
}

impl Octets {
    /// Starts after the header of the string, whatever its tag.
    pub fn begin<R: BufRead>(reader: &mut Reader<R>, header: Header) -> io::Result<Self> {
        let mut octets = Self {
            depth: reader.depth(),
            left: 0,
        };
        octets.piece(reader, header)?;
        Ok(octets)
    }

    /// Returns the number of octets, if it is stated before them.
    pub fn length<R: BufRead>(&self, reader: &Reader<R>) -> Option<u64> {
        (reader.depth() == self.depth).then_some(self.left)
    }

    /// Returns the next octets; none at the string's end.
    pub fn fill<'a, R: BufRead>(&mut self, reader: &'a mut Reader<R>) -> io::Result<&'a [u8]> {
        while self.left == 0 {
            if reader.depth() <= self.depth {
                return Ok(&[]);
            }
            match reader.next()? {
                Some(header) if header.tag() & !CONSTRUCTED == OCTET_STRING => {
                    self.piece(reader, header)?;
                }
                Some(_) => return Err(malformed("a segment that is not an OCTET STRING")),
                None => {}
            }
        }
        reader.available(self.left)
    }

    pub fn consume<R: BufRead>(&mut self, reader: &mut Reader<R>, amount: usize) -> io::Result<()> {
        reader.consume(amount);
        let left = self.left.checked_sub(amount as u64);
        self.left = left.ok_or_else(|| internal("more was taken than a segment has"))?;
        Ok(())
    }

    fn piece<R: BufRead>(&mut self, reader: &mut Reader<R>, header: Header) -> io::Result<()> {
        match header.length {
            Some(length) if header.tag() & CONSTRUCTED == 0 => self.left = length,
            _ if reader.depth() - self.depth < MAX_NESTING => reader.enter(header)?,
            _ => return Err(malformed("its segments are nested too deep")),
        }
        Ok(())
    }
}

pub(super) fn malformed(what: &str) -> io::Error {
    MessageFault::Malformed(what.into()).into()
}
