//! Reading, as all parts of the room do it.

use std::io::{self, BufRead, Read};

use super::fault::internal;

/// The amount of a message that is read at a time, in bytes.
pub(super) const BUFFER: usize = 64 * 1024;

/// Implements `read` with `fill_buf` and `consume`.
pub(super) fn read_buffered(source: &mut impl BufRead, buffer: &mut [u8]) -> io::Result<usize> {
    let n = source.fill_buf()?.read(buffer)?;
    source.consume(n);
    Ok(n)
}

/// Reads to the end, and returns the number of octets until there.
pub(super) fn skip_to_end(source: &mut impl BufRead) -> io::Result<u64> {
    let mut length = 0;
    loop {
        let n = source.fill_buf()?.len();
        if n == 0 {
            return Ok(length);
        }
        source.consume(n);
        length += n as u64;
    }
}

/// Reads until the buffer is full or the source ends.
pub(super) fn fill(source: &mut dyn Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    loop {
        let (_, room) = buffer
            .split_at_mut_checked(filled)
            .ok_or_else(|| internal("more was read than there is room for"))?;
        match source.read(room) {
            // There is no more, or no more room.
            Ok(0) => return Ok(filled),
            Ok(n) => filled += n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
}
