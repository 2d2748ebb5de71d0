//! Reading packets: headers, and bodies of every kind of length
//! ([RFC 9580, section 4.2](https://www.rfc-editor.org/rfc/rfc9580#section-4.2)).

use std::io::{self, BufRead, Read};

use sequoia_openpgp::packet::Tag;

use crate::message::fault::{MessageFault, OpenError, internal};
use crate::message::io::{read_buffered, skip_to_end};

/// The header of one packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub tag: Tag,
    pub length: Length,
}

/// The rest of a packet's body, or of its current part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Length {
    /// That many octets, then the end.
    Last(u64),
    /// That many octets, then another length.
    Part(u64),
    /// Everything to the end of the source (legacy format only).
    Indeterminate,
    /// More was consumed than was there.
    Overrun,
}

impl Header {
    /// Reads the next header; `None` at the end of the source.
    pub fn read(source: &mut impl BufRead) -> Result<Option<Self>, OpenError> {
        if source.fill_buf()?.is_empty() {
            return Ok(None);
        }
        let octet = read_u8(source)?;
        if octet & 0x80 == 0 {
            return Err(MessageFault::NotAMessage.into());
        }
        let (tag, length) = if octet & 0x40 != 0 {
            (octet & 0x3F, read_length(source)?)
        } else {
            // RFC 9580, section 4.2.2: the legacy format.
            let length = match octet & 0x03 {
                0 => Length::Last(read_u8(source)?.into()),
                1 => Length::Last(u16::from_be_bytes(read_array(source)?).into()),
                2 => Length::Last(u32::from_be_bytes(read_array(source)?).into()),
                _ => Length::Indeterminate,
            };
            ((octet >> 2) & 0x0F, length)
        };
        Ok(Some(Self {
            tag: Tag::from(tag),
            length,
        }))
    }
}

/// Reads the length octets of the OpenPGP format (RFC 9580, section 4.2.1).
fn read_length(source: &mut impl BufRead) -> io::Result<Length> {
    Ok(match read_u8(source)? {
        one @ 0..=191 => Length::Last(one.into()),
        two @ 192..=223 => {
            let high = u64::from(two) - 192;
            Length::Last((high << 8) + u64::from(read_u8(source)?) + 192)
        }
        part @ 224..=254 => Length::Part(1 << (part & 0x1F)),
        255 => Length::Last(u32::from_be_bytes(read_array(source)?).into()),
    })
}

pub(super) fn read_u8(source: &mut impl Read) -> io::Result<u8> {
    read_array(source).map(|[octet]| octet)
}

pub(super) fn read_array<const N: usize>(source: &mut impl Read) -> io::Result<[u8; N]> {
    let mut array = [0; N];
    source.read_exact(&mut array)?;
    Ok(array)
}

/// The body of one packet: reads to its end and not beyond. A source that
/// ends before the body does is an `UnexpectedEof`.
#[derive(Debug)]
pub(super) struct Body<R> {
    source: R,
    left: Length,
}

impl<R: BufRead> Body<R> {
    pub fn new(source: R, header: Header) -> Self {
        Self {
            source,
            left: header.length,
        }
    }

    /// Returns what is left of it.
    pub fn left(&self) -> Length {
        self.left
    }

    /// Returns the source at its current position.
    pub fn into_inner(self) -> R {
        self.source
    }

    /// Skips to the end of the body.
    pub fn skip(mut self) -> io::Result<()> {
        skip_to_end(&mut self).map(drop)
    }
}

impl<R: BufRead> BufRead for Body<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        while self.left == Length::Part(0) {
            self.left = read_length(&mut self.source)?;
        }
        let limit = match self.left {
            Length::Last(0) => return Ok(&[]),
            Length::Last(left) | Length::Part(left) => usize::try_from(left).unwrap_or(usize::MAX),
            Length::Indeterminate => return self.source.fill_buf(),
            Length::Overrun => return Err(internal("more was taken than a packet has")),
        };
        let buffer = self.source.fill_buf()?;
        if buffer.is_empty() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(buffer.get(..limit).unwrap_or(buffer))
    }

    fn consume(&mut self, amount: usize) {
        self.source.consume(amount);
        if let Length::Last(left) | Length::Part(left) = &mut self.left {
            match left.checked_sub(amount as u64) {
                Some(less) => *left = less,
                None => self.left = Length::Overrun,
            }
        }
    }
}

impl<R: BufRead> Read for Body<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        read_buffered(self, buffer)
    }
}

/// Skips a packet that means nothing: a marker, which holds `PGP`, or padding
/// (RFC 9580, sections 5.8 and 5.14). Anything could hide in others.
pub(super) fn skip_meaningless(source: &mut impl BufRead, header: Header) -> Result<(), OpenError> {
    let mut body = Body::new(source, header);
    let is_right = match header.tag {
        Tag::Marker => {
            let mut marker = Vec::new();
            body.by_ref().take(4).read_to_end(&mut marker)?;
            marker == b"PGP"
        }
        _ => header.length != Length::Indeterminate,
    };
    if !is_right {
        let what = format!("an invalid {}", header.tag);
        return Err(MessageFault::Malformed(what).into());
    }
    Ok(body.skip()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn body(mut packet: &[u8]) -> Result<Vec<u8>, OpenError> {
        let header = Header::read(&mut packet)?.unwrap();
        let mut content = Vec::new();
        Body::new(packet, header).read_to_end(&mut content)?;
        Ok(content)
    }

    #[test]
    fn bodies_of_every_kind_of_length_are_read() {
        let long = [7; 300];
        for (header, content) in [
            (&b"\xCB\x03"[..], &b"abc"[..]),
            (b"\xCB\x00", b""),
            (b"\xCB\xC0\x6C", &long),
            (b"\xCB\xFF\0\0\0\x03", b"abc"),
            (b"\xAC\x03", b"abc"),
            (b"\xAD\0\x03", b"abc"),
            (b"\xAE\0\0\0\x03", b"abc"),
            (b"\xAF", b"abc"),
        ] {
            let packet = [header, content].concat();
            assert_eq!(body(&packet).unwrap(), content);
        }
        assert_eq!(body(b"\xCB\xE1ab\xE0c\x02dexyz").unwrap(), b"abcde");
    }

    #[test]
    fn a_body_that_ends_early_is_truncated() {
        for packet in [
            &b"\xCB\x03ab"[..],
            b"\xCB\xE1ab",
            b"\xCB\xE1a",
            b"\xCB\xFF\0",
        ] {
            assert!(matches!(
                body(packet),
                Err(OpenError::Fault(MessageFault::Truncated))
            ));
        }
    }

    #[test]
    fn nothing_but_a_packet_starts_with_a_set_bit() {
        assert!(matches!(
            Header::read(&mut &b"PK"[..]),
            Err(OpenError::Fault(MessageFault::NotAMessage))
        ));
        assert!(matches!(Header::read(&mut &b""[..]), Ok(None)));
    }

    proptest! {
        #[test]
        fn no_input_makes_it_panic(input: Vec<u8>) {
            let _ = body(&[&b"\xD2"[..], &input].concat());
        }
    }
}
