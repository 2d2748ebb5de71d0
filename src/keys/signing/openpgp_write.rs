//! Writing detached OpenPGP signatures
//! ([RFC 9580, section 10.4](https://www.rfc-editor.org/rfc/rfc9580#section-10.4)).

use std::time::SystemTime;

use openpgp::Packet;
use openpgp::crypto::KeyPair;
use openpgp::crypto::hash::Context;
use openpgp::packet::signature::SignatureBuilder;
use openpgp::serialize::SerializeInto;
use openpgp::types::{HashAlgorithm, SignatureType};
use sequoia_openpgp as openpgp;

/// It is no weaker than any key, as version 6 requires.
const HASH: HashAlgorithm = HashAlgorithm::SHA512;

/// A signature that is being made over a content.
pub(super) struct OpenPgpSigning {
    builder: SignatureBuilder,
    pair: KeyPair,
    content: Context,
}

impl OpenPgpSigning {
    /// Begins a signature of version 4 or 6, whichever the key has.
    pub fn begin(pair: KeyPair, at: SystemTime) -> openpgp::Result<Self> {
        let builder = SignatureBuilder::new(SignatureType::Binary)
            .set_hash_algo(HASH)
            .set_signature_creation_time(at)?
            .pre_sign(&pair)?;
        let mut content = HASH.context()?.for_signature(pair.public().version());
        if let Some(salt) = builder.prefix_salt() {
            content.update(salt);
        }
        Ok(Self {
            builder,
            pair,
            content,
        })
    }

    /// Takes the next octets of the content.
    pub fn update(&mut self, octets: &[u8]) {
        self.content.update(octets);
    }

    /// Returns the signature as a packet.
    pub fn finish(mut self) -> openpgp::Result<Vec<u8>> {
        let signature = self.builder.sign_hash(&mut self.pair, self.content)?;
        Packet::from(signature).to_vec()
    }
}
