//! What messages are written to.

use std::io::{self, Write};

/// What a message is written to: it learns where the sealed data begin.
///
/// They are the SEIPD packet of an OpenPGP message, and what follows the
/// RecipientInfos of a CMS message with authenticated content. Other recipients
/// leave them as they are.
pub(crate) trait MessageSink: Write {
    /// What precedes the sealed data has been written.
    fn begin_sealed(&mut self);
}

impl<S: MessageSink + ?Sized> MessageSink for &mut S {
    fn begin_sealed(&mut self) {
        (**self).begin_sealed();
    }
}

/// A writer to which it makes no difference.
pub(super) struct Plain<W>(pub W);

impl<W: Write> Write for Plain<W> {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        self.0.write(data)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl<W: Write> MessageSink for Plain<W> {
    fn begin_sealed(&mut self) {}
}

impl MessageSink for io::Sink {
    fn begin_sealed(&mut self) {}
}
