//! The envelope: what a message shows to everybody.

use std::io::Read;

use sequoia_openpgp::types::PublicKeyAlgorithm;

use super::fault::OpenError;
use super::format::Format;
use super::front_limit::FrontLimit;
use super::{cms, openpgp, text};
use crate::keys::{Fit, Identity, KeyHandle, Keyring};

/// How much is read at a time: room for several recipients, in bytes.
const BUFFER: usize = 4 * 1024;

/// Whom a message is sealed to, and how.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Envelope {
    /// Whom the message is sealed to, in the message's order.
    pub recipients: Vec<KeyHandle>,
    /// Of what algorithm their keys are, in the same order.
    pub(super) algorithms: Vec<PublicKeyAlgorithm>,
    /// How many passphrases open it as well.
    pub passphrases: usize,
    /// What kind of message it is.
    pub format: Format,
    /// Cipher and mode, where a key isn't needed to tell (RFC 9580 and CMS),
    /// such as `AES-256 with OCB`.
    pub cipher: Option<String>,
}

impl Envelope {
    /// Reads a message, as bytes or as text, up to its sealed data.
    ///
    /// # Errors
    ///
    /// It is no encrypted message, or an OpenPGP message without integrity
    /// protection.
    pub fn read(source: impl Read + Send + Sync) -> Result<Self, OpenError> {
        let (_limit, source) = FrontLimit::new(source);
        let mut source = text::binary(source, BUFFER)?;
        Ok(match cms::starts(source.fill_buf()?) {
            true => cms::CmsFront::read(source)?.envelope(),
            false => openpgp::OpenPgpFront::read(source)?.envelope(),
        })
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
