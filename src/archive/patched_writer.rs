//! Buffered output that can be patched afterwards.

use std::io::{self, Seek, SeekFrom, Write};

/// The number of bytes that are collected for the inner writer: some hundred
/// headers, or one write of a member's data.
const CAPACITY: usize = 64 * 1024;

/// A writer with a buffer: small writes are collected, large ones pass through.
///
/// After an error it stays broken: the inner writer's content is unknown, and
/// an archive must not be completed with a hole in it.
pub(super) struct PatchedWriter<W> {
    inner: W,
    buffer: Vec<u8>,
    /// The number of bytes that the inner writer has.
    flushed: u64,
    broken: bool,
}

impl<W: Write + Seek> PatchedWriter<W> {
    /// Wraps `inner`, which must be at its position 0.
    pub fn new(inner: W) -> Self {
        Self {
            inner,
            buffer: Vec::with_capacity(CAPACITY),
            flushed: 0,
            broken: false,
        }
    }

    /// Returns the number of bytes written so far.
    pub fn position(&self) -> u64 {
        self.flushed.saturating_add(self.buffer.len() as u64)
    }

    /// Makes every further operation fail.
    pub fn break_off(&mut self) {
        self.broken = true;
    }

    pub fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.unless_broken(|sink| {
            let room = CAPACITY.saturating_sub(sink.buffer.len());
            if bytes.len() > room {
                sink.flush_buffer()?;
            }
            if bytes.len() < CAPACITY {
                sink.buffer.extend_from_slice(bytes);
                return Ok(());
            }
            sink.inner.write_all(bytes)?;
            sink.flushed = sink.flushed.saturating_add(bytes.len() as u64);
            Ok(())
        })
    }

    /// Replaces what was written at `offset` by as many other bytes.
    ///
    /// Bytes that were written by one call are either all in the buffer or all
    /// written through, and so is a patch that covers them.
    pub fn patch(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.unless_broken(|sink| {
            if let Some(buffered) = offset.checked_sub(sink.flushed) {
                // A short member is still in the buffer: no system call.
                let target = usize::try_from(buffered)
                    .ok()
                    .and_then(|start| sink.buffer.get_mut(start..)?.get_mut(..bytes.len()))
                    .ok_or_else(|| io::Error::other("a patch beyond the end of the archive"))?;
                target.copy_from_slice(bytes);
                return Ok(());
            }
            sink.inner.seek(SeekFrom::Start(offset))?;
            sink.inner.write_all(bytes)?;
            sink.inner.seek(SeekFrom::Start(sink.flushed))?;
            Ok(())
        })
    }

    pub fn flush(&mut self) -> io::Result<()> {
        self.unless_broken(|sink| {
            sink.flush_buffer()?;
            sink.inner.flush()
        })
    }

    pub fn into_inner(mut self) -> io::Result<W> {
        self.flush()?;
        Ok(self.inner)
    }

    fn flush_buffer(&mut self) -> io::Result<()> {
        self.inner.write_all(&self.buffer)?;
        self.flushed = self.position();
        self.buffer.clear();
        Ok(())
    }

    fn unless_broken(
        &mut self,
        operation: impl FnOnce(&mut Self) -> io::Result<()>,
    ) -> io::Result<()> {
        if self.broken {
            return Err(io::Error::other("an earlier write to the archive failed"));
        }
        let result = operation(self);
        self.broken = result.is_err();
        result
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    #[test]
    fn a_patch_reaches_the_buffer_and_the_inner_writer() {
        let mut sink = PatchedWriter::new(Cursor::new(Vec::new()));
        sink.write_all(b"first").expect("room");
        sink.write_all(&vec![7; CAPACITY]).expect("room");
        sink.write_all(b"last").expect("room");
        sink.patch(0, b"FIRST").expect("below the buffer");
        sink.patch(5 + CAPACITY as u64, b"LAST")
            .expect("in the buffer");
        sink.write_all(b"!").expect("room");
        let bytes = sink.into_inner().expect("room").into_inner();
        assert_eq!(bytes.get(..6), Some(&b"FIRST\x07"[..]));
        assert_eq!(bytes.get(CAPACITY + 4..), Some(&b"\x07LAST!"[..]));
    }

    #[test]
    fn small_writes_reach_the_inner_writer_together() {
        struct Counting(u32);
        impl Write for Counting {
            fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
                self.0 += 1;
                Ok(buf.len())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        impl Seek for Counting {
            fn seek(&mut self, _: SeekFrom) -> io::Result<u64> {
                panic!("nothing to patch")
            }
        }
        let mut sink = PatchedWriter::new(Counting(0));
        for _ in 0..1000 {
            sink.write_all(b"a small header").expect("room");
        }
        assert_eq!(sink.into_inner().expect("room").0, 1);
    }

    #[test]
    fn after_an_error_nothing_more_is_written() {
        let mut room_for_ten = [0; 10];
        let mut sink = PatchedWriter::new(Cursor::new(&mut room_for_ten[..]));
        sink.write_all(&[1; 11]).expect("buffered");
        sink.flush().expect_err("no room");
        sink.write_all(b"").expect_err("broken");
        sink.patch(0, b"a").expect_err("broken");
        assert!(sink.into_inner().is_err());
    }
}
