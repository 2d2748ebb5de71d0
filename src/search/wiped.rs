//! Memory for plaintext, which leaves no copies behind as it grows.

use std::fmt;

use zeroize::Zeroizing;

/// Bytes that are wiped when they are dropped, and when they move to more memory.
#[derive(Default)]
pub(super) struct Wiped(Zeroizing<Vec<u8>>);

impl Wiped {
    /// Returns a copy.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Zeroizing::new(bytes.to_vec()))
    }

    pub fn push(&mut self, bytes: &[u8]) {
        let needed = self.0.len() + bytes.len();
        if needed > self.0.capacity() {
            let mut larger = Zeroizing::new(Vec::with_capacity(needed.max(2 * self.0.capacity())));
            larger.extend_from_slice(&self.0);
            self.0 = larger;
        }
        self.0.extend_from_slice(bytes);
    }

    /// Takes everything out, and keeps the memory unless that is much.
    pub fn clear(&mut self) {
        const KEPT: usize = 1 << 20;
        match self.0.capacity() > KEPT {
            true => *self = Self::default(),
            false => self.0.clear(),
        }
    }

    /// Returns how much memory it has, in bytes.
    pub fn capacity(&self) -> usize {
        self.0.capacity()
    }

    pub fn as_slice(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Wiped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.0.len())
    }
}
