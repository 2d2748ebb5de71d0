//! Session keys, as GnuPG shows and takes them, and the identifiers of the
//! messages that they open.

use std::fmt::Write;

use sequoia_openpgp::crypto::SessionKey;
use sequoia_openpgp::types::SymmetricAlgorithm;
use zeroize::Zeroizing;

use crate::hex;

/// The length of a [`MessageId`] in bytes.
pub(crate) const ID: usize = 32;

/// The longest session key in bytes.
const LONGEST: usize = 32;

/// What finds a message again, whoever its recipients are: the salt of version
/// 2, or the first 32 octets of the encrypted data of the others. It proves
/// nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct MessageId(pub [u8; ID]);

impl MessageId {
    /// Returns 64 lower-case hexadecimal digits.
    pub fn to_hex(self) -> String {
        hex::lower(&self.0)
    }

    /// Reads 64 hexadecimal digits.
    pub fn from_hex(digits: &str) -> Option<Self> {
        let mut id = [0; ID];
        hex::read(digits, &mut id)?;
        Some(Self(id))
    }
}

/// The session key of one message, and the cipher that it is for.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct MessageKey {
    pub(super) cipher: SymmetricAlgorithm,
    pub(super) key: SessionKey,
}

impl MessageKey {
    pub(super) fn new(cipher: SymmetricAlgorithm, key: SessionKey) -> Self {
        Self { cipher, key }
    }

    /// Returns the key itself.
    pub(super) fn octets(&self) -> &[u8] {
        &self.key
    }

    /// Adds the form that `gpg --show-session-key` prints: the number of the
    /// cipher (RFC 9580, section 9.3), a colon, and the key in upper-case
    /// hexadecimal digits.
    pub fn push_text(&self, text: &mut String) {
        // Writing to a string does not fail.
        let _ = write!(text, "{}:", u8::from(self.cipher));
        hex::push_upper(&self.key, text);
    }

    /// Reads that form; `None` if it is malformed, or the key doesn't have the
    /// length that the cipher has.
    pub fn parse(text: &str) -> Option<Self> {
        let (number, digits) = text.split_once(':')?;
        let cipher = SymmetricAlgorithm::from(number.parse::<u8>().ok()?);
        let length = cipher.key_size().ok()?;
        let mut key = Zeroizing::new([0; LONGEST]);
        let key = key.get_mut(..length)?;
        hex::read(digits, key)?;
        Some(Self::new(cipher, SessionKey::from(&*key)))
    }
}

/// A [`MessageKey`] without memory of its own: the number of the cipher, and the
/// key, followed by zeros.
pub(crate) type PackedKey = [u8; 1 + LONGEST];

impl MessageKey {
    /// Returns the same in one piece, which the caller has to wipe.
    pub fn pack(&self) -> PackedKey {
        let mut packed = [0; 1 + LONGEST];
        let [cipher, room @ ..] = &mut packed;
        *cipher = self.cipher.into();
        for (place, octet) in room.iter_mut().zip(&*self.key) {
            *place = *octet;
        }
        packed
    }

    /// Reads it again; `None` if it holds no key.
    pub fn unpack(packed: &PackedKey) -> Option<Self> {
        let [cipher, key @ ..] = packed;
        let cipher = SymmetricAlgorithm::from(*cipher);
        let key = key.get(..cipher.key_size().ok()?)?;
        Some(Self::new(cipher, SessionKey::from(key)))
    }
}

/// What a message that has just been sealed can be found and opened by.
pub(crate) struct Session {
    pub id: MessageId,
    pub key: MessageKey,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_key_is_written_as_gnupg_prints_it() {
        let text = format!("9:{}", "6F0A".repeat(16));
        let key = MessageKey::parse(&text).expect("well-formed");
        assert_eq!(key.cipher, SymmetricAlgorithm::AES256);
        let mut written = String::new();
        key.push_text(&mut written);
        assert_eq!(written, text);
        assert!(MessageKey::unpack(&key.pack()) == Some(key));
        assert!(MessageKey::unpack(&[0; 33]).is_none());
    }

    #[test]
    fn a_session_key_of_another_length_than_its_ciphers_is_refused() {
        let digits = "6F".repeat(32);
        for wrong in [
            String::new(),
            "9".into(),
            format!("7:{digits}"),
            format!("9:{digits}00"),
            format!("256:{digits}"),
            format!("0:{digits}"),
            format!("9:{}", "6G".repeat(32)),
            format!("9:{}é", "6".repeat(62)),
        ] {
            assert!(MessageKey::parse(&wrong).is_none(), "{wrong}");
        }
    }
}
