//! Hashes of what is read.

use std::io::{self, Read};

use openssl::sha::Sha256;

/// Hashes what is read from it.
pub(super) struct Hashed<R, H = Sha256> {
    pub source: R,
    hash: H,
}

/// A hash, or several of the same bytes.
pub(super) trait Absorb {
    fn absorb(&mut self, octets: &[u8]);
}

impl Absorb for Sha256 {
    fn absorb(&mut self, octets: &[u8]) {
        self.update(octets);
    }
}

impl Absorb for blake3::Hasher {
    fn absorb(&mut self, octets: &[u8]) {
        self.update(octets);
    }
}

impl<H: Absorb> Absorb for Option<H> {
    fn absorb(&mut self, octets: &[u8]) {
        if let Some(hash) = self {
            hash.absorb(octets);
        }
    }
}

impl<H: Absorb, I: Absorb> Absorb for (H, I) {
    fn absorb(&mut self, octets: &[u8]) {
        self.0.absorb(octets);
        self.1.absorb(octets);
    }
}

impl<R> Hashed<R> {
    /// Takes the SHA-256 of what is read.
    pub fn new(source: R) -> Self {
        Self::with(source, Sha256::new())
    }
}

impl<R, H: Absorb> Hashed<R, H> {
    /// Takes other hashes of what is read.
    pub fn with(source: R, hash: H) -> Self {
        Self { source, hash }
    }

    /// Returns the source, and the hash of what has been read.
    pub fn finish(self) -> (R, H) {
        (self.source, self.hash)
    }
}

impl<R: Read, H: Absorb> Read for Hashed<R, H> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.source.read(buffer)?;
        let (read, _) = buffer
            .split_at_checked(length)
            .ok_or_else(|| io::Error::other("more was read than there is room for"))?;
        self.hash.absorb(read);
        Ok(length)
    }
}
