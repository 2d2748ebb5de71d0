//! What is noted of an entry while it's written.

use crate::manifest::{Hasher, Hashes};
use crate::message::MessageSink;
use std::io::{self, Write};

/// Hashes an entry while it's written, in the ways that are needed.
#[derive(Clone, Default)]
pub(crate) struct EntryHasher {
    /// For the manifest.
    pub manifest: Option<Hasher>,
    /// For reading back.
    pub digest: Option<blake3::Hasher>,
}

/// The hashes of an entry that were needed.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct EntryHashes {
    pub manifest: Option<Hashes>,
    pub digest: Option<blake3::Hash>,
}

impl EntryHasher {
    pub fn update(&mut self, octets: &[u8]) {
        self.update_manifest(octets);
        self.update_digest(octets);
    }

    /// Hashes octets for the manifest alone.
    pub fn update_manifest(&mut self, octets: &[u8]) {
        if let Some(manifest) = &mut self.manifest {
            manifest.update(octets);
        }
    }

    /// Hashes octets for reading back alone: this takes less time for many of them.
    pub fn update_digest(&mut self, octets: &[u8]) {
        if let Some(digest) = &mut self.digest {
            digest.update(octets);
        }
    }

    pub fn finish(self) -> EntryHashes {
        EntryHashes {
            manifest: self.manifest.map(Hasher::finish),
            digest: self.digest.map(|digest| digest.finalize()),
        }
    }
}

impl Write for EntryHasher {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.update(octets);
        Ok(octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MessageSink for EntryHasher {
    fn begin_sealed(&mut self) {
        if let Some(manifest) = &mut self.manifest {
            manifest.begin_sealed();
        }
    }
}
