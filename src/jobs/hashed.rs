//! The SHA-256 of what is read.

use std::io::{self, Read};

use openssl::sha::Sha256;

/// Hashes what is read from it.
pub(super) struct Hashed<R> {
    pub source: R,
    hash: Sha256,
}

impl<R> Hashed<R> {
    pub fn new(source: R) -> Self {
        Self {
            source,
            hash: Sha256::new(),
        }
    }

    /// Returns the source, and the hash of what has been read.
    pub fn finish(self) -> (R, [u8; 32]) {
        (self.source, self.hash.finish())
    }
}

impl<R: Read> Read for Hashed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.source.read(buffer)?;
        let (read, _) = buffer
            .split_at_checked(length)
            .ok_or_else(|| io::Error::other("more was read than there is room for"))?;
        self.hash.update(read);
        Ok(length)
    }
}
