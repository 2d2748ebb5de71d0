//! Positioned reads, which several threads may share.

use std::fs::File;
use std::io;
use std::sync::Arc;

/// A source that is read at offsets, without its own position.
pub trait ReadAt: Send + Sync {
    /// Reads up to `buf.len()` bytes from `offset` bytes after the start, and
    /// returns their number; zero at or after the end.
    ///
    /// # Errors
    ///
    /// Any error of the source.
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize>;

    /// Returns the length of the source in bytes.
    ///
    /// # Errors
    ///
    /// Any error of the source.
    fn size(&self) -> io::Result<u64>;
}

impl ReadAt for File {
    #[cfg(unix)]
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        std::os::unix::fs::FileExt::read_at(self, buf, offset)
    }

    #[cfg(windows)]
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        std::os::windows::fs::FileExt::seek_read(self, buf, offset)
    }

    fn size(&self) -> io::Result<u64> {
        Ok(self.metadata()?.len())
    }
}

impl ReadAt for [u8] {
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        let rest = usize::try_from(offset)
            .ok()
            .and_then(|offset| self.get(offset..))
            .unwrap_or_default();
        io::Read::read(&mut &*rest, buf)
    }

    fn size(&self) -> io::Result<u64> {
        Ok(self.len() as u64)
    }
}

impl ReadAt for Vec<u8> {
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        self.as_slice().read_at(buf, offset)
    }

    fn size(&self) -> io::Result<u64> {
        self.as_slice().size()
    }
}

impl<T: ReadAt + ?Sized> ReadAt for &T {
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        (**self).read_at(buf, offset)
    }

    fn size(&self) -> io::Result<u64> {
        (**self).size()
    }
}

impl<T: ReadAt + ?Sized> ReadAt for Arc<T> {
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        (**self).read_at(buf, offset)
    }

    fn size(&self) -> io::Result<u64> {
        (**self).size()
    }
}

/// Reads at least one byte into `buf`, which must not be empty, and at most as
/// many as it holds.
///
/// The caller stays within the source's size, so an early end means that the
/// source shrank.
pub(super) fn read_some_at(source: &impl ReadAt, buf: &mut [u8], offset: u64) -> io::Result<usize> {
    loop {
        match source.read_at(buf, offset) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(read) if read > buf.len() => return Err(too_much()),
            Ok(read) => return Ok(read),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// Fills `buf`.
pub(super) fn read_exact_at(
    source: &impl ReadAt,
    mut buf: &mut [u8],
    mut offset: u64,
) -> io::Result<()> {
    while !buf.is_empty() {
        let read = read_some_at(source, buf, offset)?;
        (_, buf) = buf.split_at_mut_checked(read).ok_or_else(too_much)?;
        offset = offset.saturating_add(read as u64);
    }
    Ok(())
}

/// Returns the error for a source that claims to have read more than there is
/// room for.
fn too_much() -> io::Error {
    io::Error::other("the source read more than it was asked for")
}
