//! PEM ([RFC 7468](https://www.rfc-editor.org/rfc/rfc7468)).

use std::io::{self, Write};

use super::Base64Writer;

/// The octets in a line: 64 characters (RFC 7468, section 2).
const LINE: usize = 48;

/// Writes its input as PEM to its sink.
pub(in crate::message) struct PemWriter<W> {
    label: &'static str,
    base64: Base64Writer<W>,
}

impl<W: Write> PemWriter<W> {
    /// Begins the text with its label.
    pub fn new(mut sink: W, label: &'static str) -> io::Result<Self> {
        writeln!(sink, "-----BEGIN {label}-----")?;
        Ok(Self {
            label,
            base64: Base64Writer::new(sink, LINE),
        })
    }

    /// Ends the text.
    pub fn finish(self) -> io::Result<()> {
        let mut sink = self.base64.finish()?;
        writeln!(sink, "-----END {}-----", self.label)
    }
}

impl<W: Write> Write for PemWriter<W> {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        self.base64.write(data)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.base64.flush()
    }
}
