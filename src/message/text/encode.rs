//! From octets to base64.

use std::io::{self, Write};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

/// The number of lines that are encoded at a time, at most.
const LINES: usize = 840;

/// Writes octets as base64
/// ([RFC 4648, section 4](https://www.rfc-editor.org/rfc/rfc4648#section-4))
/// with padding, in lines that each end in LF.
pub(in crate::message) struct Base64Writer<W> {
    sink: W,
    /// The number of octets in a line: a multiple of three.
    line: usize,
    /// Octets of an incomplete line, between calls.
    octets: Vec<u8>,
    text: String,
}

impl<W: Write> Base64Writer<W> {
    pub fn new(sink: W, line: usize) -> Self {
        Self {
            sink,
            line,
            octets: Vec::new(),
            text: String::new(),
        }
    }

    /// Writes the last line, and returns the sink.
    pub fn finish(mut self) -> io::Result<W> {
        self.write_lines(self.octets.len())?;
        Ok(self.sink)
    }

    /// Writes that many of the octets, in lines.
    fn write_lines(&mut self, octets: usize) -> io::Result<()> {
        self.text.clear();
        for line in self.octets.drain(..octets).as_slice().chunks(self.line) {
            BASE64_STANDARD.encode_string(line, &mut self.text);
            self.text.push('\n');
        }
        self.sink.write_all(self.text.as_bytes())
    }
}

impl<W: Write> Write for Base64Writer<W> {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        let data = data.get(..LINES * self.line).unwrap_or(data);
        self.octets.extend_from_slice(data);
        self.write_lines(self.octets.len() / self.line * self.line)?;
        Ok(data.len())
    }

    /// Returns an incomplete line waits for its rest.
    fn flush(&mut self) -> io::Result<()> {
        self.sink.flush()
    }
}
