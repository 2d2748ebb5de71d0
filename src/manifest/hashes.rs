//! The hashes of one entry.

use std::io::{self, Write};

use openssl::sha::Sha256;

use crate::message::MessageSink;

/// The octets that are hashed at a time. They are hashed twice, and should still
/// be in the processor's first cache then.
const PIECE: usize = 16 * 1024;

/// The SHA-256 of an entry, and that of its sealed data if it is a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Hashes {
    pub entry: [u8; 32],
    pub sealed: Option<[u8; 32]>,
}

/// Hashes an entry while it's written.
#[derive(Clone)]
pub(crate) struct Hasher {
    entry: Sha256,
    sealed: Option<Sha256>,
}

impl Hasher {
    pub fn new() -> Self {
        Self {
            entry: Sha256::new(),
            sealed: None,
        }
    }

    pub fn update(&mut self, octets: &[u8]) {
        for piece in octets.chunks(PIECE) {
            self.entry.update(piece);
            if let Some(sealed) = &mut self.sealed {
                sealed.update(piece);
            }
        }
    }

    pub fn finish(self) -> Hashes {
        Hashes {
            entry: self.entry.finish(),
            sealed: self.sealed.map(Sha256::finish),
        }
    }
}

impl Write for Hasher {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.update(octets);
        Ok(octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MessageSink for Hasher {
    fn begin_sealed(&mut self) {
        self.sealed = Some(Sha256::new());
    }
}
