//! The envelope: the part of a message that everybody can read.

use std::io::{BufReader, Read};

use sequoia_openpgp::types::PublicKeyAlgorithm;

use super::fault::OpenError;
use super::format::Format;
use super::front_limit::FrontLimit;
use super::{cms, openpgp, text};
use crate::keys::{Fit, Identity, KeyHandle, Keyring};

/// The amount that is read at a time, in bytes: room for several recipients.
const BUFFER: usize = 4 * 1024;

/// The recipients of a message, and how it is sealed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Envelope {
    /// The recipients, in the message's order.
    pub recipients: Vec<KeyHandle>,
    /// The algorithms of their keys, in the same order.
    pub(super) algorithms: Vec<PublicKeyAlgorithm>,
    /// What isn't supported of them, in the same order.
    pub(super) unsupported: Vec<Option<String>>,
    /// Recipients that have no name, or are of kinds that aren't known, each
    /// described by its kind. No key opens the message for them here.
    pub others: Vec<String>,
    /// The number of passphrases that also open it.
    pub passphrases: usize,
    /// The kind of message.
    pub format: Format,
    /// Cipher and mode, such as `AES-256 with OCB`, if they show without a key
    /// (RFC 9580 and CMS).
    pub cipher: Option<String>,
}

impl Envelope {
    /// Reads a message, as bytes or as text, up to its sealed data.
    ///
    /// # Errors
    ///
    /// It is not an encrypted message, or an OpenPGP message without integrity
    /// protection.
    pub fn read(source: impl Read + Send + Sync) -> Result<Self, OpenError> {
        let source = BufReader::with_capacity(BUFFER, source);
        let (_limit, source) = FrontLimit::new(source);
        let mut source = text::binary(source)?;
        Ok(match cms::starts(source.fill_buf()?) {
            true => cms::CmsFront::read(source)?.envelope(),
            false => openpgp::OpenPgpFront::read(source)?.envelope(),
        })
    }

    /// Returns the recipients, each with what isn't supported of it: its
    /// algorithm, or how the session key is sealed to it.
    pub fn recipients(&self) -> impl Iterator<Item = (&KeyHandle, Option<&str>)> {
        let unsupported = self.unsupported.iter().map(Option::as_deref);
        self.recipients.iter().zip(unsupported)
    }

    /// Returns how surely a key of the keyring opens the message; `None` if
    /// it's known not to.
    pub fn fit(&self, identity: &Identity, keyring: &Keyring) -> Option<Fit> {
        self.recipients
            .iter()
            .zip(&self.algorithms)
            .filter_map(|(handle, algorithm)| keyring.fit(identity, handle, *algorithm))
            .min()
    }
}
