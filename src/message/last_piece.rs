//! Writing one piece behind.

use std::io::{self, Write};

use zeroize::Zeroizing;

/// Writes to a sink, but each piece only when the next one comes.
pub(super) struct LastPiece<'a> {
    sink: &'a mut dyn Write,
    piece: Zeroizing<Vec<u8>>,
}

impl<'a> LastPiece<'a> {
    pub fn new(sink: &'a mut dyn Write) -> Self {
        Self {
            sink,
            piece: Zeroizing::default(),
        }
    }

    /// Writes the last piece.
    pub fn finish(self) -> io::Result<()> {
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
