//! Packet framing for bodies whose length isn't known in advance.

use std::io::{self, Write};

use sequoia_openpgp::packet::Tag;

/// The size of all parts of a body except the last: 2 to the power of
/// [`PART_EXPONENT`] bytes, 256 KiB. (RFC 9580, section 4.2.1.4, requires
/// powers of two, and at least 512 bytes in the first.)
pub(super) const PART: usize = 1 << PART_EXPONENT;
const PART_EXPONENT: u8 = 18;

/// Writes one packet. A body shorter than [`PART`] gets a definite length, a
/// longer one is written in parts.
pub(super) struct PacketWriter<W> {
    sink: W,
    tag: Option<u8>,
    pending: Vec<u8>,
}

impl<W: Write> PacketWriter<W> {
    /// Writes nothing before there is a whole part, or the end.
    pub fn new(sink: W, tag: Tag) -> Self {
        Self {
            sink,
            // RFC 9580, section 4.2: bits 7 and 6 set make it the OpenPGP format.
            tag: Some(0xC0 | u8::from(tag)),
            pending: Vec::new(),
        }
    }

    /// Ends the packet and returns the sink.
    pub fn finish(self) -> io::Result<W> {
        self.finish_with(&[])
    }

    /// Ends the packet with less than a part more, of which no copy is kept.
    pub fn finish_with(mut self, last: &[u8]) -> io::Result<W> {
        let mut header = Vec::with_capacity(6);
        header.extend(self.tag);
        push_length(&mut header, self.pending.len() + last.len());
        self.sink.write_all(&header)?;
        self.sink.write_all(&self.pending)?;
        self.sink.write_all(last)?;
        Ok(self.sink)
    }
}

impl<W: Write> Write for PacketWriter<W> {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        let mut rest = data;
        // Large writes pass through; only pending bytes are copied.
        while let Some((now, later)) = rest.split_at_checked(PART - self.pending.len()) {
            let mut header = Vec::with_capacity(2);
            header.extend(self.tag.take());
            header.push(0xE0 | PART_EXPONENT);
            self.sink.write_all(&header)?;
            self.sink.write_all(&self.pending)?;
            self.sink.write_all(now)?;
            self.pending.clear();
            rest = later;
        }
        self.pending.extend_from_slice(rest);
        Ok(data.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.sink.flush()
    }
}

/// Writes a definite body length in one, two or five octets (RFC 9580, section
/// 4.2.1.1 to 4.2.1.3).
fn push_length(header: &mut Vec<u8>, length: usize) {
    match length {
        0..=191 => header.push(length as u8),
        192..=8383 => {
            let rest = length - 192;
            header.extend([(rest >> 8) as u8 + 192, rest as u8]);
        }
        // Below two parts, so that it fits four octets.
        _ => {
            header.push(0xFF);
            header.extend((length as u32).to_be_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use sequoia_openpgp::Packet;
    use sequoia_openpgp::parse::Parse;

    fn body_as_parsed(length: usize, write_size: usize) -> Vec<u8> {
        // A literal packet: format, no name, date 0, then the body.
        let mut writer = PacketWriter::new(Vec::new(), Tag::Literal);
        writer.write_all(b"b\0\0\0\0\0").unwrap();
        for part in content(length).chunks(write_size) {
            writer.write_all(part).unwrap();
        }
        match Packet::from_bytes(&writer.finish().unwrap()).unwrap() {
            Packet::Literal(literal) => literal.body().to_vec(),
            other => panic!("{other:?}"),
        }
    }

    fn content(length: usize) -> Vec<u8> {
        (0..length).map(|i| (i * 7 + i / 256) as u8).collect()
    }

    #[test]
    fn bodies_around_every_length_form_are_framed() {
        for length in [
            0,
            1,
            185,
            186,
            8377,
            8378,
            PART - 7,
            PART - 6,
            PART - 5,
            3 * PART,
        ] {
            assert_eq!(body_as_parsed(length, 1 << 16), content(length), "{length}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn any_body_in_writes_of_any_size_is_framed(length in 0..3 * PART, write_size in 1..2 * PART) {
            prop_assert!(body_as_parsed(length, write_size.max(997)) == content(length));
        }
    }
}
