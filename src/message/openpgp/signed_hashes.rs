//! The hashes of the content that signatures are about, taken while it is read.

use openpgp::crypto::hash::Context;
use openpgp::packet::Signature;
use openpgp::types::{HashAlgorithm, SignatureType};
use sequoia_openpgp as openpgp;
use zeroize::Zeroizing;

use super::canonical_lines::CanonicalLines;

/// The most hashes that are taken of one content. Most messages need one; each
/// signature of version 6 needs its own.
const MOST: usize = 16;

/// What one hash is of: signatures for which it's the same share a hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct HashOf {
    pub algorithm: HashAlgorithm,
    pub typ: SignatureType,
    /// What comes before the content in version 6.
    pub salt: Option<Vec<u8>>,
    pub is_v6: bool,
}

impl HashOf {
    /// Returns what a signature needs.
    pub fn signature(signature: &Signature) -> Self {
        Self {
            algorithm: signature.hash_algo(),
            typ: signature.typ(),
            salt: match signature {
                Signature::V6(signature) => Some(signature.salt().to_vec()),
                _ => None,
            },
            is_v6: signature.version() == 6,
        }
    }

    fn begin(&self) -> Option<Context> {
        let hash = self.algorithm.context().ok()?;
        let mut hash = hash.for_signature(if self.is_v6 { 6 } else { 4 });
        hash.update(self.salt.as_deref().unwrap_or_default());
        Some(hash)
    }

    fn is_of_text(&self) -> bool {
        self.typ == SignatureType::Text
    }
}

/// The hashes of one content.
#[derive(Default)]
pub(super) struct Hashes {
    list: Vec<(HashOf, Context)>,
    lines: CanonicalLines,
}

/// There would be too many of them.
#[derive(Debug)]
pub(super) struct TooMany;

impl Hashes {
    /// Begins a hash, if it isn't taken already and its algorithm is supported.
    pub fn add(&mut self, of: &HashOf) -> Result<(), TooMany> {
        if self.get(of).is_some() {
            return Ok(());
        }
        let Some(hash) = of.begin() else {
            return Ok(());
        };
        if self.list.len() >= MOST {
            return Err(TooMany);
        }
        self.list.push((of.clone(), hash));
        Ok(())
    }

    /// Returns a hash as it is now; `None` if its algorithm isn't supported.
    pub fn get(&self, of: &HashOf) -> Option<Context> {
        let mut list = self.list.iter();
        let found = list.find(|(known, _)| known == of);
        found.map(|(_, hash)| hash.clone())
    }

    /// Adds the next piece of the content to all of them.
    pub fn update(&mut self, piece: &[u8]) {
        let Self { list, lines } = self;
        let mut canonical: Option<Zeroizing<Vec<u8>>> = None;
        for (of, hash) in list {
            if !of.is_of_text() {
                hash.update(piece);
                continue;
            }
            let canonical = canonical.get_or_insert_with(|| {
                let mut canonical = Zeroizing::new(Vec::with_capacity(2 * piece.len()));
                lines.push(piece, |octets| canonical.extend_from_slice(octets));
                canonical
            });
            hash.update(canonical);
        }
    }
}
